// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products a second of the functional matmul on one core of this host, by
// shape, type and SIMD target (the argument: that target alone).

#include "sim/functional/Matmul.h"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <hwy/highway.h>
#include <random>

using namespace tilework::sim;

namespace {

double billionsPerSecond(const Geometry &geometry, OnChipMemories &memories,
                         MatmulOperation op) {
  const uint32_t rowBytes = geometry.rowBytes(), element = op.isInt8() ? 1 : 2;
  const uint32_t depthBlocks = (op.depth * element + rowBytes - 1) / rowBytes;
  op.activations = {false, 0, 1, static_cast<int32_t>(op.rows), 0};
  op.weights = {
      false, (op.rows * depthBlocks + 3) / 4 * 4, 1,
      static_cast<int32_t>(op.weightsByColumn ? op.columns : op.depth), 0};
  op.sums = {true, 0, 1, static_cast<int32_t>(op.rows), 0};
  executeMatmul(op, geometry, memories);
  double best = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::clock_t start = std::clock();
    uint64_t products = 0;
    double seconds;
    do {
      executeMatmul(op, geometry, memories);
      products += uint64_t(op.rows) * op.columns * op.depth;
      seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    } while (seconds < 0.1);
    best = std::max(best, products / seconds * 1e-9);
  }
  return best;
}

} // namespace

int main(int argc, char **argv) {
  Geometry geometry;
  geometry.scratchpadRows = geometry.scratchpadBanks * 8192;
  geometry.accumulatorRows = geometry.accumulatorBanks * 4096;
  OnChipMemories memories(geometry);
  std::mt19937 random(1);
  for (size_t i = 0; i < memories.scratchpad.size(); i += 2) {
    uint16_t x =
        static_cast<uint16_t>((random() & 0x80ff) | (120 + random() % 8) << 7);
    memories.scratchpad[i] = static_cast<uint8_t>(x);
    memories.scratchpad[i + 1] = static_cast<uint8_t>(x >> 8);
  }
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (argc > 1 && std::strcmp(argv[1], hwy::TargetName(target)) != 0)
      continue;
    hwy::SetSupportedTargetsForTest(target);
    for (bool int8 : {false, true})
      for (bool byColumn : {false, true})
        for (uint32_t rows : {1u, 16u, 128u}) {
          MatmulOperation op;
          op.rows = rows;
          op.columns = 256;
          op.depth = 512;
          op.type = int8 ? tilework::isa::MatmulType::int8
                         : tilework::isa::MatmulType::bf16;
          op.weightsByColumn = byColumn;
          std::printf("%-8s %s %-7s M %3u N 256 K 512: %6.1f GMAC/s\n",
                      hwy::TargetName(target), int8 ? "int8" : "bf16",
                      byColumn ? "columns" : "rows", rows,
                      billionsPerSecond(geometry, memories, op));
        }
  }
}
