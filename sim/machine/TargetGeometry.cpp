// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Target validation keeps every figure within the 32 bits of the engines.

#include "sim/machine/TargetGeometry.h"

#include "sim/memory/dram/Standards.h"

namespace tilework::sim {

Geometry geometryOf(const target::Target &target) {
  Geometry geometry;
  target::take(geometry, target);
  return geometry;
}

// A pause and a latency.
static_assert(kRandomLatencyPs + kRandomLatencyPs / 4 <=
                  target::Target::kMemoryDelayPs,
              "a legal watchdog bears random delays");

DramTiming dramTimingOf(const target::Target &target) {
  DramTiming timing;
  target::take(timing, target);
  if (target.dram.model == "banked")
    timing.device =
        dram::deviceOf(target.dram.standard,
                       target.dram.capacity_bytes / target.dram.channels);
  return timing;
}

} // namespace tilework::sim
