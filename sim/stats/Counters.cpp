// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums and comparison of counters.

#include "sim/stats/Counters.h"

#include <numeric>

namespace tilework::sim {

namespace {

std::string difference(const std::string &what, uint64_t a, uint64_t b) {
  return what + ": " + std::to_string(a) + " against " + std::to_string(b);
}

} // namespace

uint64_t RunCounters::total(unsigned unit) const {
  return std::accumulate(activity[unit].begin(), activity[unit].end(),
                         uint64_t(0));
}

bool RunCounters::operator==(const RunCounters &other) const {
  return activity == other.activity && retired == other.retired &&
         sums == other.sums;
}

std::string RunCounters::firstDifference(const RunCounters &other) const {
  for (unsigned u = 0; u < kCountedUnits; ++u)
    for (unsigned a = 0; a < kActivityCount; ++a)
      if (activity[u][a] != other.activity[u][a])
        return difference(std::string("cycles of ") + unitName(u) + " " +
                              activityName(static_cast<Activity>(a)),
                          activity[u][a], other.activity[u][a]);
  for (unsigned u = 0; u < kUnitCount; ++u)
    if (retired[u] != other.retired[u])
      return difference(std::string("instructions retired by ") + unitName(u),
                        retired[u], other.retired[u]);
  for (unsigned c = 0; c < kCounterCount; ++c)
    if (sums[c] != other.sums[c])
      return difference(counterName(static_cast<Counter>(c)), sums[c],
                        other.sums[c]);
  return "";
}

} // namespace tilework::sim
