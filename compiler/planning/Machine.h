// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a target that planning asks for. The planner, the allocator
// and the lowering know no other source of a hardware number: they cannot read
// one of class timing, and a change of such a number changes no program.

#pragma once

#include "dialects/target/Numbers.h"

#include <cstdint>

namespace tilework::planning {

struct Machine : target::PlanningNumbers<int64_t> {
  /// Target::dramBytesPerCycle(): what DRAM and ports together let through.
  double dramBytesPerCycle = 17.0;
};

/// What the cost model takes a pipeline's cycles for. They are no parameters:
/// the RTL fixes them, or they depend on numbers of class timing, which
/// planning must not read. An estimate that is off makes a slower program,
/// never a wrong one.
constexpr int64_t kAdderCycles =
    8; ///< least distance of two K blocks of a tile
constexpr int64_t kVectorCycles =
    32; ///< from the last element read to its retire
constexpr int64_t kDramCycles = 200; ///< from a request to the last row written
constexpr int64_t kBurstCycles = 11; ///< least distance of two short bursts
/// What a tile of a row program costs beside its bytes: its load's latency.
constexpr double kTileCycles = double(kDramCycles);

constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

} // namespace tilework::planning
