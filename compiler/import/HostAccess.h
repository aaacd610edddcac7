// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strided reading of host tensors and their limit of size, private to their
// implementation.

#ifndef TILEWORK_COMPILER_IMPORT_HOSTACCESS_H
#define TILEWORK_COMPILER_IMPORT_HOSTACCESS_H

#include "compiler/import/HostTensor.h"

namespace tilework {

/// Throws HostTensorTooLarge for a tensor that stores more elements than a host
/// tensor may.
inline void checkSize(const std::vector<int64_t> &stored) {
  std::optional<int64_t> count = elementCount(stored);
  if (!count || *count > HostTensor::kMaxElements)
    throw HostTensorTooLarge(count);
}

/// Reads elements as T, which is int64_t or double according to the tensor.
template <typename T> struct HostAccess {
  static const std::vector<T> &data(const HostTensor &tensor) {
    if constexpr (std::is_same_v<T, double>)
      return *tensor.floats;
    else
      return *tensor.ints;
  }

  /// The elements at the indices of `shape`, row-major. `shape` is that of the
  /// tensor with some dimensions cut to 1.
  static std::vector<T> read(const HostTensor &tensor,
                             const std::vector<int64_t> &shape) {
    int64_t count = elementCount(shape).value_or(0);
    std::vector<T> values(count);
    if (count == 0)
      return values;
    const T *source = data(tensor).data() + tensor.offset;
    size_t rank = shape.size();
    if (rank == 0) {
      values[0] = *source;
      return values;
    }
    std::vector<int64_t> index(rank, 0);
    int64_t inner = shape[rank - 1], step = tensor.strides[rank - 1];
    int64_t position = 0;
    for (int64_t done = 0; done < count;) {
      for (int64_t i = 0; i < inner; ++i)
        values[done++] = source[position + i * step];
      for (size_t d = rank - 1; d-- > 0;) {
        position += tensor.strides[d];
        if (++index[d] < shape[d])
          break;
        position -= tensor.strides[d] * shape[d];
        index[d] = 0;
      }
    }
    return values;
  }

  /// A tensor of `shape` whose stored elements are those of `stored`, a shape
  /// with broadcast dimensions cut to 1.
  static HostTensor make(onnx::DataType type, const std::vector<int64_t> &shape,
                         const std::vector<int64_t> &stored,
                         std::vector<T> values) {
    HostTensor tensor;
    if constexpr (std::is_same_v<T, double>)
      tensor = HostTensor::fromFloats(type, stored, std::move(values));
    else
      tensor = HostTensor::fromInts(type, stored, std::move(values));
    return tensor.broadcastTo(shape);
  }

  static int64_t stride(const HostTensor &tensor, size_t dim) {
    return tensor.strides[dim];
  }
  static T at(const HostTensor &tensor, const std::vector<int64_t> &index) {
    int64_t position = tensor.offset;
    for (size_t i = 0; i < index.size(); ++i)
      position += index[i] * tensor.strides[i];
    return data(tensor)[position];
  }
};

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_HOSTACCESS_H
