// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Performance counters as the chip keeps them (rtl/top/tw_counters.sv) and the
// cycle model too: for each unit one activity a cycle, so that the counts of a
// unit add up to the cycles of the run.

#pragma once

#include "dialects/events/Events.h"

#include <array>
#include <cstdint>
#include <string>

namespace tilework::sim {

using events::Activity;
using events::Counter;
using events::kActivityCount;
using events::kCountedUnits;
using events::kCounterCount;
using events::kSequencerIndex;
using events::kUnitCount;

/// What reports call a unit, the sequencer included: "load_dma", ….
inline const char *unitName(unsigned index) {
  return events::kUnits[index].block;
}
/// What reports call an activity: "busy", "wait_load", ….
inline const char *activityName(Activity activity) {
  return events::kActivities[static_cast<unsigned>(activity)].name;
}

/// What reports call a counter: "load_bytes", ….
inline const char *counterName(Counter counter) {
  return events::kCounters[static_cast<unsigned>(counter)].name;
}

struct RunCounters {
  /// Cycles by unit and activity; for each unit their sum is the cycles of the
  /// run.
  std::array<std::array<uint64_t, kActivityCount>, kCountedUnits> activity{};
  std::array<uint64_t, kUnitCount> retired{};
  std::array<uint64_t, kCounterCount> sums{};

  uint64_t &operator[](Counter counter) {
    return sums[static_cast<unsigned>(counter)];
  }
  uint64_t operator[](Counter counter) const {
    return sums[static_cast<unsigned>(counter)];
  }
  uint64_t busy(unsigned unit) const { return activity[unit][0]; }
  uint64_t total(unsigned unit) const;
  bool operator==(const RunCounters &other) const;
  /// Names the first counter that differs with both values; empty when equal.
  std::string firstDifference(const RunCounters &other) const;
};

} // namespace tilework::sim
