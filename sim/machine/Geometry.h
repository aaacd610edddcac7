// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a target that semantics and timing use, derived once from the
// target description.

#pragma once

#include <cstdint>

namespace tilework::sim {

struct Geometry {
  // Systolic array.
  uint32_t rows = 16, columns = 16; ///< R, C: powers of two
  uint32_t weightRows = 2; ///< w: weight rows or columns that enter a cycle
  // Scratchpad and accumulator; banks are contiguous ranges of rows.
  uint32_t scratchpadBanks = 8, scratchpadRowsPerBank = 2048;
  uint32_t accumulatorBanks = 4, accumulatorRowsPerBank = 256;
  // Vector unit.
  uint32_t vectorLanes = 16, statisticsRows = 256;
  // Sequencer.
  uint32_t queueDepth = 8, bufferLines = 16;
  uint64_t watchdogCycles = 1u << 20;
  // DMA and its ports.
  uint32_t axiPorts = 1, axiDataBytes = 32;
  uint32_t dmaBufferBytes = 4096, dmaBurstBytes = 2048,
           dmaOutstandingBursts = 16;
  uint32_t dmaWriteBatchBytes = 16384, dmaInterleaveBytes = 4096;

  uint32_t lanes() const { return rows > columns ? rows : columns; } ///< L
  uint32_t rowBytes() const {
    return 2 * lanes();
  } ///< bytes of a scratchpad row
  uint32_t scratchpadRows() const {
    return scratchpadBanks * scratchpadRowsPerBank;
  }
  uint32_t accumulatorRows() const {
    return accumulatorBanks * accumulatorRowsPerBank;
  }
};

} // namespace tilework::sim
