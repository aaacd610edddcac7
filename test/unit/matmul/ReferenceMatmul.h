// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// matmul as dialects/isa/RationaleISA.md states it, one product at a time with
// the scalar arithmetic: what the SIMD kernel is compared with.

#pragma once

#include "sim/functional/Float.h"
#include "sim/functional/Matmul.h"

#include <algorithm>

namespace tilework::sim {

/// Element `index` of row m of a scratchpad tile, as its bits.
inline uint32_t tileElement(const TileAddress &tile, const Geometry &geometry,
                            const OnChipMemories &memories, uint32_t m,
                            uint32_t index, uint32_t bytes) {
  uint64_t byte = uint64_t(index) * bytes,
           row = tile.row + uint64_t(m) * tile.stride;
  if (tile.first) {
    byte += tile.first;
  } else {
    row += byte / geometry.rowBytes() * tile.blockStride;
    byte %= geometry.rowBytes();
  }
  const uint8_t *at = &memories.scratchpad[row * geometry.rowBytes() + byte];
  return bytes == 1 ? static_cast<uint32_t>(static_cast<int8_t>(*at))
                    : at[0] | at[1] << 8;
}

inline void referenceMatmul(const MatmulOperation &op, const Geometry &geometry,
                            OnChipMemories &memories) {
  const uint32_t block = geometry.rows * (op.isInt8() ? 2 : 1),
                 bytes = op.isInt8() ? 1 : 2;
  auto weight = [&](uint32_t k, uint32_t n) {
    if (op.weightsByColumn)
      return tileElement(op.weights, geometry, memories, n, k, bytes);
    if (!op.isInt8())
      return tileElement(op.weights, geometry, memories, k, n, 2);
    uint32_t pair = tileElement(op.weights, geometry, memories, k / 2, n, 2);
    return static_cast<uint32_t>(static_cast<int8_t>(k % 2 ? pair >> 8 : pair));
  };
  for (uint32_t n = 0; n < op.columns; ++n)
    for (uint32_t k0 = 0; k0 < op.depth; k0 += block)
      for (uint32_t m = 0; m < op.rows; ++m) {
        uint32_t partial = 0;
        for (uint32_t k = k0; k < k0 + block; ++k) {
          bool inside = k < op.depth;
          uint32_t a = inside ? tileElement(op.activations, geometry, memories,
                                            m, k, bytes)
                              : 0;
          uint32_t w = inside ? weight(k, n) : 0;
          if (op.isInt8())
            partial += a * w;
          else
            partial = addF32(partial, multiplyBf16(static_cast<uint16_t>(a),
                                                   static_cast<uint16_t>(w)));
        }
        uint32_t row = op.sums.row +
                       n / geometry.columns * op.sums.blockStride +
                       m * op.sums.stride;
        uint32_t &sum = memories.accumulator[uint64_t(row) * geometry.columns +
                                             n % geometry.columns];
        bool overwrite = k0 == 0 && !op.accumulate;
        sum = overwrite     ? partial
              : op.isInt8() ? sum + partial
                            : addF32(sum, partial);
      }
}

} // namespace tilework::sim
