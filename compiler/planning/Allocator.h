// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places the buffers of a schedule in the scratchpad and the accumulator: what
// the array streams apart from what the DMA fills, ring slots of sums in banks
// of their own where there is room.

#pragma once

#include "compiler/planning/Schedule.h"

namespace tilework::planning {

/// Rows that buffers of these sizes take: the planner's query. Placement never
/// fails when the sum fits.
int64_t scratchpadRowsNeeded(const Schedule &schedule, const Machine &machine);
int64_t accumulatorRowsNeeded(const Schedule &schedule);

/// Sets base and pitch of every buffer. With `mirror` the scratchpad is filled
/// from the other end, so that consecutive groups that fit together do not
/// touch the same rows. False when the buffers do not fit.
bool allocate(Schedule &schedule, const Machine &machine, bool mirror);

/// Whether the schedule fits on chip; cheap.
bool fits(const Schedule &schedule, const Machine &machine);

} // namespace tilework::planning
