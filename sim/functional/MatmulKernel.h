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
  bool overwrite; ///< the first block overwrites `sums`
  bool last;      ///< sums are final: NaNs become the one NaN
  bool int8;      ///< operands are integers, sums are int32
  bool fused;
  bool explicitFlush;
  uint32_t *sums; ///< [rows][width] as bits
};

/// Columns of a panel: a multiple of 8.
size_t matmulPanelWidth();
/// Called inside a FlushScope unless explicitFlush.
void matmulPanel(const MatmulPanel &panel);

/// dst[i] = the bf16 at src[i], i < count; the range takes in what was seen.
void widenBf16(const uint8_t *src, size_t count, float *dst,
               ExponentRange &range);
/// dst[i] = the int8 at src[i].
void widenInt8(const uint8_t *src, size_t count, float *dst);
/// even[i], odd[i] = the int8 at src[2i] and src[2i + 1].
void widenInt8Pairs(const uint8_t *src, size_t count, float *even, float *odd);

} // namespace tilework::sim
