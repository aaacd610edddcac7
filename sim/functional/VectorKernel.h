// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of a block of rows of one chunk on dense arrays. Vector.cpp
// walks the tiles and calls it; there is a scalar form and one for each SIMD
// instruction set of the host.

#pragma once

#include "sim/machine/Operation.h"

#include <cstddef>
#include <cstdint>

namespace tilework::sim {

/// rows × lanes elements, dense. Null pointers belong to stages that are
/// absent.
struct VectorBlock {
  const VectorOperation *operation = nullptr;
  size_t rows = 0;
  size_t lanes = 0;                  ///< of the unit: a power of two
  size_t valid = 0;                  ///< lanes below are elements of the tile
  uint32_t *x = nullptr;             ///< in: the source; out: the result
  const uint32_t *element = nullptr; ///< rows × lanes
  const uint32_t *columns[3] = {};   ///< lanes each, by their numbers
  const uint32_t *multiply0 = nullptr, *add1 = nullptr,
                 *multiply1 = nullptr; ///< rows each: row statistics
  uint32_t *scratch = nullptr;         ///< rows × lanes
  uint32_t *tree = nullptr;        ///< out, rows: maximum or sum of each row
  uint32_t *treeSquares = nullptr; ///< out, rows: sum of squares
};

/// All values are fp32 bits. What a kernel takes may hold NaNs of any payload
/// but no subnormals; what it gives has the one NaN.
struct VectorKernel {
  /// `type` is a number of isa::VectorType with a place in memory; subnormals
  /// become zeros.
  void (*convertIn)(isa::VectorType type, const uint8_t *source,
                    uint32_t *result, size_t count);
  void (*convertOut)(isa::VectorType type, const uint32_t *source,
                     uint8_t *result, size_t count);
  /// All stages and the trees of the reduction.
  void (*run)(const VectorBlock &block);
  /// statistic = statistic + tree, or the larger one.
  void (*combine)(bool maximum, uint32_t *statistic, const uint32_t *tree,
                  size_t count);
};

const VectorKernel &scalarVectorKernel();
/// Only inside a FlushScope of a host that flushes after rounding.
const VectorKernel &simdVectorKernel();

} // namespace tilework::sim
