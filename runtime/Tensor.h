// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dense row-major tensor on the host, as callers give and get them.

#pragma once

#include "dialects/isa/Image.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tilework {

/// Bytes are borrowed from a caller or owned by `owner`; copying shares them.
struct Tensor {
  ElementType type = ElementType::Float;
  std::vector<int64_t> shape;
  const uint8_t *data = nullptr;
  uint64_t bytes = 0;
  std::shared_ptr<const void> owner;

  /// A tensor that owns `values`, which must have the bytes of the shape.
  static Tensor own(ElementType type, std::vector<int64_t> shape,
                    std::vector<uint8_t> values);
};

using TensorMap = std::map<std::string, Tensor>;

/// Product of the shape times the element size.
uint64_t tensorBytes(ElementType type, const std::vector<int64_t> &shape);
/// "float32[1, 128, 384]".
std::string describe(ElementType type, const std::vector<int64_t> &shape);
/// SHA-256 over names, types, shapes and bytes, in hex.
std::string digestOf(const TensorMap &tensors);

} // namespace tilework
