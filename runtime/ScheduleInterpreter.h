// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs what the npu dialect says, step by step, with the functional engine's
// kernels: tile loops, rings and extents as the schedule states them, before
// there are registers, instructions and waits.

#pragma once

#include "compiler/conversion/PlannedProgram.h"
#include "sim/machine/Machine.h"
#include "sim/memory/DramImage.h"

#include <array>
#include <functional>

namespace tilework {

/// Executes every schedule in order on `memory`, in which weights and inputs
/// stand. `segments` holds the address of each segment. `cancelled` is asked
/// behind each step. Throws std::out_of_range or sim::DramAccessError for a
/// step that leaves its memory, sim::RunCancelled when asked to stop.
void interpretSchedules(const PlannedProgram &program,
                        const sim::Geometry &geometry,
                        const std::array<sim::Segment, 64> &segments,
                        sim::DramImage &memory,
                        const std::function<bool()> &cancelled);

} // namespace tilework
