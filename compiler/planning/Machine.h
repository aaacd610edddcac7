// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a target that planning asks for: geometry, capacities and
// rates, filled once from the target description. The planner, the allocator
// and the lowering know no other source of a hardware number.

#pragma once

#include <cstdint>

namespace tilework::planning {

struct Machine {
  // Systolic array.
  int64_t rows = 16, columns = 16; ///< R, C: powers of two
  int64_t weightRows = 2; ///< w: weight rows or columns that enter a cycle
  int64_t adderLatency =
      8; ///< least distance of two K blocks of one tile, cycles
  // Scratchpad and accumulator; banks are contiguous ranges of rows.
  int64_t scratchpadBanks = 8, scratchpadBankRows = 2048;
  int64_t accumulatorBanks = 4, accumulatorBankRows = 256;
  // Vector unit.
  int64_t vectorLanes = 16, statisticsRows = 256;
  int64_t vectorLatency =
      32; ///< from the last element read to its retire, cycles
  // Memory, seen from the core clock.
  double dramBytesPerCycle = 17.0;
  // Estimates for the cost model: planning must not depend on parameters of
  // class timing, or a change of one would change programs.
  int64_t dramLatency = 200; ///< request to last row written, cycles
  int64_t burstCycles = 11;  ///< least distance of two short bursts

  int64_t lanes() const {
    return rows > columns ? rows : columns;
  } ///< L: bf16 lanes of a scratchpad row
  int64_t rowBytes() const { return 2 * lanes(); }
  int64_t scratchpadRows() const {
    return scratchpadBanks * scratchpadBankRows;
  }
  int64_t accumulatorRows() const {
    return accumulatorBanks * accumulatorBankRows;
  }
};

constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

} // namespace tilework::planning
