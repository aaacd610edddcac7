// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes and names of host tensors.

#include "runtime/Tensor.h"

#include "dialects/target/Sha256.h"

namespace tilework {

Tensor Tensor::own(ElementType type, std::vector<int64_t> shape,
                   std::vector<uint8_t> values) {
  auto bytes = std::make_shared<std::vector<uint8_t>>(std::move(values));
  Tensor tensor;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.data = bytes->data();
  tensor.bytes = bytes->size();
  tensor.owner = bytes;
  return tensor;
}

uint64_t tensorBytes(ElementType type, const std::vector<int64_t> &shape) {
  uint64_t bytes = elementBytes(type);
  for (int64_t dimension : shape)
    bytes *= static_cast<uint64_t>(dimension);
  return bytes;
}

std::string describe(ElementType type, const std::vector<int64_t> &shape) {
  std::string text = elementTypeName(type);
  text += '[';
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ']';
}

std::string digestOf(const TensorMap &tensors) {
  target::Sha256 hash;
  for (const auto &[name, tensor] : tensors) {
    hash.update(name);
    hash.update(describe(tensor.type, tensor.shape));
    hash.update(tensor.data, tensor.bytes);
  }
  return hash.finish();
}

} // namespace tilework
