// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of units and activities, sums and comparison of counters.

#include "sim/stats/Counters.h"

#include <iterator>
#include <numeric>

namespace tilework::sim {

namespace {

struct ActivityText {
  const char *name, *description;
};

constexpr ActivityText kActivities[] = {
    {"busy", "a row, a beat, a wave or an element moved"},
    {"empty", "nothing in the queue and nothing in flight"},
    {"wait_load", "the head of the queue waits for retires of the load DMA"},
    {"wait_store", "the head of the queue waits for retires of the store DMA"},
    {"wait_array",
     "the head of the queue waits for retires of the systolic array"},
    {"wait_vector",
     "the head of the queue waits for retires of the vector unit"},
    {"scratchpad", "a scratchpad request was not granted: a bank conflict"},
    {"accumulator", "an accumulator request was not granted: a bank conflict"},
    {"memory", "waits for the memory port, for data or for a response"},
    {"buffer", "no room in the DMA buffer or its burst table"},
    {"weights", "waits for the weights of the next block"},
    {"latency", "waits for its own pipeline"},
    {"fetch", "the next instruction is not in the instruction buffer"},
    {"queue_load", "the queue of the load DMA is full"},
    {"queue_store", "the queue of the store DMA is full"},
    {"queue_array", "the queue of the systolic array is full"},
    {"queue_vector", "the queue of the vector unit is full"},
    {"control", "bookkeeping of loops, calls and returns"},
    {"drain", "waits for the units before halt or trap"},
};
static_assert(std::size(kActivities) == kActivityCount);

constexpr const char *kUnitNames[] = {"load_dma", "store_dma", "systolic_array",
                                      "vector_unit", "sequencer"};
static_assert(std::size(kUnitNames) == kCountedUnits);

std::string difference(const std::string &what, uint64_t a, uint64_t b) {
  return what + ": " + std::to_string(a) + " against " + std::to_string(b);
}

} // namespace

const char *unitName(unsigned index) { return kUnitNames[index]; }

const char *activityName(Activity activity) {
  return kActivities[static_cast<unsigned>(activity)].name;
}

const char *activityDescription(Activity activity) {
  return kActivities[static_cast<unsigned>(activity)].description;
}

uint64_t RunCounters::total(unsigned unit) const {
  return std::accumulate(activity[unit].begin(), activity[unit].end(),
                         uint64_t(0));
}

bool RunCounters::operator==(const RunCounters &other) const {
  return activity == other.activity && retired == other.retired &&
         loadBytes == other.loadBytes && storeBytes == other.storeBytes &&
         fetchBytes == other.fetchBytes;
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
  if (loadBytes != other.loadBytes)
    return difference("bytes loaded", loadBytes, other.loadBytes);
  if (storeBytes != other.storeBytes)
    return difference("bytes stored", storeBytes, other.storeBytes);
  if (fetchBytes != other.fetchBytes)
    return difference("bytes of instructions", fetchBytes, other.fetchBytes);
  return "";
}

} // namespace tilework::sim
