// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies of tile rows, as the DMA and the accumulator's users make them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tilework::sim {

/// `rows` rows of `count` bytes, in order; strides in bytes.
struct RowCopy {
  void *to;
  ptrdiff_t toStride;
  const void *from;
  ptrdiff_t fromStride;
  size_t rows, count;
};

/// kCount: the bytes of a row, or 0 for `copy.count`.
template <size_t kCount> void copyRowsOf(const RowCopy &copy) {
  auto *to = static_cast<uint8_t *>(copy.to);
  const auto *from = static_cast<const uint8_t *>(copy.from);
  for (size_t m = 0; m < copy.rows; ++m) {
    std::memcpy(to, from, kCount ? kCount : copy.count);
    to += copy.toStride;
    from += copy.fromStride;
  }
}

/// Rows are short: a copy of a size that the compiler knows is a few
/// instructions, any other one is a call.
inline void copyRows(const RowCopy &copy) {
  const auto dense = static_cast<ptrdiff_t>(copy.count);
  if (copy.toStride == dense && copy.fromStride == dense) {
    std::memcpy(copy.to, copy.from, copy.rows * copy.count);
    return;
  }
  switch (copy.count) {
  case 16:
    return copyRowsOf<16>(copy);
  case 32:
    return copyRowsOf<32>(copy);
  case 64:
    return copyRowsOf<64>(copy);
  case 128:
    return copyRowsOf<128>(copy);
  default:
    return copyRowsOf<0>(copy);
  }
}

} // namespace tilework::sim
