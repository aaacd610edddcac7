// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which bytes an operation reads and writes, as runs. The shadow mode and the
// random program generator check legality with it; the compiler's verifier has
// its own derivation on purpose.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <cstdint>
#include <functional>

namespace tilework::sim {

enum class Memory : uint8_t { Dram, Scratchpad, Accumulator, Statistics };
constexpr unsigned kMemoryCount = 4;

/// A run of bytes: DRAM: absolute address; scratchpad: row × rowBytes + byte;
/// accumulator: (row × C + lane) × 4; statistics: (vector × statisticsRows +
/// entry) × 4.
struct Access {
  Memory memory = Memory::Dram;
  bool write = false;
  uint64_t begin = 0, size = 0;
  /// A read whose bytes the same operation may write in their place: a sum or a
  /// statistic that it adds to, a vector operand that is the destination.
  bool inPlace = false;
};

/// Reads an index of a gather's list from DRAM; false when it cannot be read.
using IndexReader = std::function<int32_t(uint64_t address)>;

/// Calls `visit` for every run, all reads before all writes. Indices out of
/// range read no table row.
void forEachAccess(const Geometry &geometry, const Operation &operation,
                   const IndexReader &index,
                   const std::function<void(const Access &)> &visit);

} // namespace tilework::sim
