// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Target validation keeps every figure within the 32 bits of the engines.

#include "sim/machine/TargetGeometry.h"

namespace tilework::sim {

Geometry geometryOf(const target::Target &target) {
  Geometry geometry;
  geometry.rows = uint32_t(target.systolic_array.rows);
  geometry.columns = uint32_t(target.systolic_array.columns);
  geometry.weightRows = uint32_t(target.systolic_array.weight_rows_per_cycle);
  geometry.scratchpadBanks = uint32_t(target.scratchpad.banks);
  geometry.scratchpadRowsPerBank = uint32_t(target.scratchpadRowsPerBank());
  geometry.accumulatorBanks = uint32_t(target.accumulator.banks);
  geometry.accumulatorRowsPerBank = uint32_t(target.accumulatorRowsPerBank());
  geometry.vectorLanes = uint32_t(target.vector_unit.lanes);
  geometry.statisticsRows = uint32_t(target.vector_unit.statistics_rows);
  geometry.queueDepth = uint32_t(target.sequencer.queue_depth);
  geometry.bufferLines = uint32_t(target.sequencer.buffer_lines);
  geometry.watchdogCycles = target.sequencer.watchdog_cycles;
  geometry.axiPorts = uint32_t(target.axi.ports);
  geometry.axiDataBytes = uint32_t(target.axi.data_bytes);
  geometry.dmaBufferBytes = uint32_t(target.dma.buffer_bytes);
  geometry.dmaBurstBytes = uint32_t(target.dma.burst_bytes);
  geometry.dmaOutstandingBursts = uint32_t(target.dma.outstanding_bursts);
  geometry.dmaWriteBatchBytes = uint32_t(target.dma.write_batch_bytes);
  geometry.dmaInterleaveBytes = uint32_t(target.dma.interleave_bytes);
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
