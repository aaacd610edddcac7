// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random matmul operations that obey the shape and bound rules of a geometry,
// and random memories for them to work on.

#pragma once

#include "sim/functional/Matmul.h"

#include <algorithm>
#include <random>

namespace tilework::sim {

class RandomMatmul {
public:
  RandomMatmul(const Geometry &geometry, uint64_t seed)
      : geometry(geometry), random(seed) {}

  uint32_t below(uint32_t bound) {
    return bound ? static_cast<uint32_t>(random() % bound) : 0;
  }
  uint64_t bits() { return random(); }

  /// bf16 of every kind: mostly ordinary, some huge, tiny, zero, subnormal,
  /// infinite or NaN; `plain` gives ordinary ones alone.
  void fill(OnChipMemories &memories, bool plain) {
    for (size_t i = 0; i + 1 < memories.scratchpad.size(); i += 2) {
      uint16_t x = bf16(plain);
      memories.scratchpad[i] = static_cast<uint8_t>(x);
      memories.scratchpad[i + 1] = static_cast<uint8_t>(x >> 8);
    }
    for (uint32_t &word : memories.accumulator)
      word = uint32_t(bf16(plain)) << 16 | (random() & 0xffff);
  }

  /// `maxRows`, `maxColumns`, `maxDepth` bound the extents; they shrink until
  /// the operands fit.
  MatmulOperation operation(uint32_t maxRows, uint32_t maxColumns,
                            uint32_t maxDepth) {
    MatmulOperation op;
    while (!draw(op, maxRows, maxColumns, maxDepth)) {
    }
    return op;
  }

private:
  uint16_t bf16(bool plain) {
    uint64_t x = random();
    uint32_t kind = plain ? 15 : (x >> 32) & 127, sign = (x >> 15 & 1) << 15,
             fraction = x & 127;
    switch (kind) {
    case 0:
      return static_cast<uint16_t>(sign);
    case 1:
      return static_cast<uint16_t>(sign | fraction); // subnormal or zero
    case 2:
      return static_cast<uint16_t>((x >> 40 & 7)
                                       ? sign | 126 << 7 | fraction
                                       : sign | 0x7f80 | (x >> 43 & 1));
    case 3:
    case 4:
      return static_cast<uint16_t>(sign | (240 + (x >> 40) % 15) << 7 |
                                   fraction); // huge
    case 5:
    case 6:
    case 7:
      return static_cast<uint16_t>(sign | (1 + (x >> 40) % 80) << 7 |
                                   fraction); // products are flushed
    default:
      return static_cast<uint16_t>(sign | (118 + (x >> 40) % 14) << 7 |
                                   fraction);
    }
  }

  uint32_t extent(uint32_t most) {
    switch (below(8)) {
    case 0:
      return below(3);
    case 1:
      return most;
    default:
      return 1 + below(most);
    }
  }

  /// Places a scratchpad tile of `rows` rows of `bytes` bytes.
  bool place(TileAddress &tile, uint32_t rows, uint32_t bytes, uint32_t align,
             bool unitStride) {
    const uint32_t rowBytes = geometry.rowBytes(),
                   total = geometry.scratchpadRows;
    tile.stride = static_cast<int32_t>(unitStride ? 1
                                       : below(4) ? 1
                                                  : below(4));
    uint32_t blocks = bytes ? (bytes - 1) / rowBytes + 1 : 1;
    uint32_t height = rows ? (rows - 1) * tile.stride + 1 : 1;
    tile.first = 0;
    if (bytes < rowBytes && below(2))
      tile.first = below((rowBytes - bytes) / 2 + 1) * 2;
    uint32_t gap = below(3) * align;
    tile.blockStride =
        static_cast<int32_t>(((height + align - 1) / align) * align + gap);
    if (tile.first)
      tile.blockStride = static_cast<int32_t>(below(4) * align);
    uint32_t span = (tile.first ? 0 : (blocks - 1) * tile.blockStride) +
                    ((height + align - 1) / align) * align;
    if (span > total)
      return false;
    tile.row = below((total - span) / align + 1) * align;
    return true;
  }

  bool draw(MatmulOperation &op, uint32_t maxRows, uint32_t maxColumns,
            uint32_t maxDepth) {
    op = MatmulOperation();
    op.rows = extent(maxRows);
    op.columns = extent(maxColumns);
    op.depth = extent(maxDepth);
    op.weightsByColumn = below(2);
    op.type = below(3) == 0 ? isa::MatmulType::int8 : isa::MatmulType::bf16;
    op.accumulate = below(2);
    const uint32_t depthBytes = op.depth * (op.isInt8() ? 1 : 2);
    if (!place(op.activations, op.rows, depthBytes, 1, false))
      return false;
    bool placed =
        op.weightsByColumn
            ? place(op.weights, op.columns, depthBytes, geometry.weightRows,
                    true)
            : place(op.weights, op.isInt8() ? (op.depth + 1) / 2 : op.depth,
                    op.columns * 2, geometry.weightRows, true);
    if (!placed)
      return false;
    op.sums.inAccumulator = true;
    op.sums.stride = static_cast<int32_t>(1 + (below(4) == 0));
    uint32_t blocks = op.columns ? (op.columns - 1) / geometry.columns + 1 : 1;
    uint32_t height = op.rows ? (op.rows - 1) * op.sums.stride + 1 : 1;
    op.sums.blockStride = static_cast<int32_t>(height + below(3));
    uint32_t span = (blocks - 1) * op.sums.blockStride + height;
    if (span > geometry.accumulatorRows)
      return false;
    op.sums.row = below(geometry.accumulatorRows - span + 1);
    return true;
  }

  const Geometry geometry;
  std::mt19937_64 random;
};

} // namespace tilework::sim
