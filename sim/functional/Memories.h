// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The on-chip memories as the functional semantics see them: plain arrays, zero
// at reset.

#pragma once

#include "sim/machine/Geometry.h"

#include <cstdint>
#include <vector>

namespace tilework::sim {

/// Geometry's rows × bytes of scratchpad, rows × C words of accumulator, four
/// statistics vectors. A statistic and an fp32 sum are kept as their bits.
struct OnChipMemories {
  explicit OnChipMemories(const Geometry &geometry)
      : scratchpad(uint64_t(geometry.scratchpadRows) * geometry.rowBytes()),
        accumulator(uint64_t(geometry.accumulatorRows) * geometry.columns),
        statistics(uint64_t(4) * geometry.statisticsRows) {}

  /// Byte b of row r is scratchpad[r × rowBytes + b].
  std::vector<uint8_t> scratchpad;
  /// Lane n of row r is accumulator[r × C + n].
  std::vector<uint32_t> accumulator;
  /// Entry e of statistic s is statistics[s × statisticsRows + e].
  std::vector<uint32_t> statistics;
};

} // namespace tilework::sim
