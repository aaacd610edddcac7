// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds layers: runs of schedules that repeat and differ in their DRAM tensors
// alone. Each becomes one routine, called with other bases.

#pragma once

#include "compiler/planning/Schedule.h"

#include <cstddef>
#include <vector>

namespace tilework::planning {

/// `count` iterations of `period` schedules each, from `first` on.
struct Repeat {
  size_t first = 0, period = 0, count = 0;
  size_t end() const { return first + period * count; }
};

/// The tensors that a schedule names, in the order of their first mention.
std::vector<int> tensorsOf(const Schedule &schedule);

/// Disjoint repeats of at least two iterations, in order. Of several readings
/// the one that leaves the fewest schedules, then the one of the least period.
/// On-chip places do not count.
std::vector<Repeat> findRepeats(const std::vector<Schedule> &schedules);

/// What stands at one place in all iterations of a repeat.
struct Slot {
  std::vector<int> tensors; ///< by iteration
  bool operator<(const Slot &o) const { return tensors < o.tensors; }
};

/// The distinct slots of a repeat, in the order of their first mention.
std::vector<Slot> slotsOf(const std::vector<Schedule> &schedules,
                          const Repeat &repeat);

} // namespace tilework::planning
