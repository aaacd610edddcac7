// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one checker of results: compares what two engines say of a run and names
// the first difference. Streams of one engine with times and one without (the
// functional engine) are compared per unit, in everything but time.

#pragma once

#include "sim/stats/Run.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tilework::sim {

/// Where two runs part.
struct RunDifference {
  std::string what; ///< a sentence: which engine says what
  /// Known for a difference in an instruction.
  std::optional<RetireRecord> first, second;
  /// Cycles worth a look in the waves, [begin, end); empty without times.
  uint64_t windowBegin = 0, windowEnd = 0;
};

/// Names of the two engines in sentences.
struct RunNames {
  std::string first = "first", second = "second";
};

/// Compares records, trap, sticky status and, when both have times, cycles and
/// counters. Absent: equal.
std::optional<RunDifference> compareRuns(const RunResult &first,
                                         const RunResult &second,
                                         const RunNames &names);

/// A record in words: unit, sequence, pc,
/// context, cycles.
std::string describe(const RetireRecord &record);

} // namespace tilework::sim
