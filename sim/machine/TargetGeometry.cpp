// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Target validation keeps every figure within the 32 bits of the engines.

#include "sim/machine/TargetGeometry.h"

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
  timing.clockPs = target.clockPeriodPs();
  timing.channels = uint32_t(target.dram.channels);
  timing.interleaveBytes = uint32_t(target.dram.interleave_bytes);
  timing.accessBytes = uint32_t(target.dram.access_bytes);
  timing.accessPs = target.dramAccessPs();
  timing.readLatencyPs = target.dram.read_latency_ps;
  timing.writeLatencyPs = target.dram.write_latency_ps;
  timing.readToWritePs = target.dram.read_to_write_ps;
  timing.writeToReadPs = target.dram.write_to_read_ps;
  return timing;
}

} // namespace tilework::sim
