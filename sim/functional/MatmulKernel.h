// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loops of matmul, compiled for every SIMD target of the host's
// architecture and chosen at run time. Matmul.cpp cuts an instruction into the
// panels that these functions take.

#pragma once

#include "sim/functional/Matmul.h"

#include <cstddef>
#include <cstdint>

namespace tilework::sim {

/// Exponents of the values of an operand that are not zero, biased, and of a
/// subnormal 0; `smallest` > `largest` when all are zero.
struct ExponentRange {
  uint32_t smallest = 255, largest = 0;
  void include(const ExponentRange &other) {
    smallest = smallest < other.smallest ? smallest : other.smallest;
    largest = largest > other.largest ? largest : other.largest;
  }
};

/// `rows` rows of activations times a panel of weights, a whole number of
/// array blocks deep but for the last one.
struct MatmulPanel {
  const float *activations; ///< [rows][activationStride]
  size_t activationStride;
  const float *weights; ///< [depth][width], width = matmulPanelWidth()
  size_t rows, depth;
  size_t block; ///< products that are summed before the sum is added to `sums`
  bool padded;  ///< the last block is followed by products of +0
  bool last;    ///< sums are final: NaNs become the one NaN
  bool int8;    ///< operands are integers, sums are int32
  bool fused;
  bool explicitFlush;
  uint32_t *sums; ///< [rows][width] as bits, added to: kNoSum is neutral
};

/// What a sum of fp32 begins with when nothing is added to: −0 + x = x, for +0
/// and −0 too.
constexpr uint32_t kNoSum = 0x80000000u;

/// Columns of a panel: a multiple of 8.
size_t matmulPanelWidth();
/// Called inside a FlushScope unless explicitFlush.
void matmulPanel(const MatmulPanel &panel);

/// A block of values, row by row: `rows` × `count` from `src`, with distances
/// of rows in bytes (src) and values (dst).
struct WidenBlock {
  const uint8_t *src;
  size_t srcStride;
  float *dst;
  size_t dstStride;
  size_t rows, count;
};

/// dst = the bf16 at src; the range takes in what was seen.
void widenBf16(const WidenBlock &block, ExponentRange &range);
/// dst = the int8 at src.
void widenInt8(const WidenBlock &block);
/// A row of src holds `count` pairs of int8: the first of each pair goes to an
/// even row of dst, the second to the next. `rows` counts rows of dst; of an
/// odd number the last second is dropped.
void widenInt8Pairs(const WidenBlock &block);
/// dst[c][r] = src[r][c] for a block of fp32 values; strides in values.
void transpose(const float *src, size_t srcStride, size_t rows, size_t columns,
               float *dst, size_t dstStride);

} // namespace tilework::sim
