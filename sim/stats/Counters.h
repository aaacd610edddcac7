// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Performance counters as the chip keeps them (rtl/top/tw_counters.sv) and the
// cycle model too: for each unit one activity a cycle, so that the counts of a
// unit add up to the cycles of the run.

#pragma once

#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstdint>
#include <string>

namespace tilework::sim {

/// The units of `Unit`, then the sequencer.
constexpr unsigned kSequencerIndex = kUnitCount;
constexpr unsigned kCountedUnits = kUnitCount + 1;

/// "load_dma", "store_dma", "systolic_array", "vector_unit", "sequencer": the
/// name of the block everywhere.
const char *unitName(unsigned index);
/// "busy", "empty", "wait_load", …: names of activities in reports.
const char *activityName(Activity activity);
/// A sentence that says what the activity means.
const char *activityDescription(Activity activity);

struct RunCounters {
  /// Cycles by unit and activity; for each unit their sum is the cycles of the
  /// run.
  std::array<std::array<uint64_t, kActivityCount>, kCountedUnits> activity{};
  std::array<uint64_t, kUnitCount> retired{};
  /// Bytes of the requests on the memory ports, alignment included.
  uint64_t loadBytes = 0, storeBytes = 0, fetchBytes = 0;

  uint64_t busy(unsigned unit) const { return activity[unit][0]; }
  uint64_t total(unsigned unit) const;
  bool operator==(const RunCounters &other) const;
  /// Names the first counter that differs with both values; empty when equal.
  std::string firstDifference(const RunCounters &other) const;
};

} // namespace tilework::sim
