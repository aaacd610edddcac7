// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The blocks of the chip joined as rtl/top/tw_top.sv joins them, advanced one
// cycle at a time in three parts, or over a stretch of cycles in which nothing
// changes. Knows no SystemC.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/stats/Run.h"
#include "sim/systemc/Accumulator.h"
#include "sim/systemc/LoadDma.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/Scratchpad.h"
#include "sim/systemc/Sequencer.h"
#include "sim/systemc/StoreDma.h"
#include "sim/systemc/SystolicArray.h"
#include "sim/systemc/VectorUnit.h"

#include <array>
#include <memory>

namespace tilework::sim {

class Chip : private RetireSink {
public:
  /// `dram` says when the memory answers; it and the request's memory outlive
  /// the chip.
  Chip(const RunRequest &request, DramModel &dram);

  /// One cycle, or a stretch in which nothing changes; returns the number of
  /// the next cycle. Stops changing once stopped().
  Cycle advance(Cycle now);
  bool stopped() const { return isStopped; }
  /// What the run gave, once it has stopped.
  RunResult takeResult() { return std::move(result); }

private:
  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t bytes) override;
  void execute(const Operation &operation);
  void step(Cycle now);
  void stop(Cycle now, bool watchdog);
  /// The next cycle, ≥ `now`, in which any state can change.
  Cycle nextEvent(Cycle now) const;
  /// Counts the cycles from `now` up to `next`, all alike.
  void count(Cycle now, Cycle next);

  const RunRequest &request;
  const Geometry &geometry;
  DramImage &memory;
  RetireCounters counters;
  Scratchpad scratchpad;
  Accumulator accumulator;
  MemoryPorts ports;
  LoadDma load;
  StoreDma store;
  SystolicArray array;
  VectorUnit vector;
  Sequencer sequencer;

  /// Absent in a timing-only run.
  std::unique_ptr<OnChipMemories> memories;
  RunResult result;
  bool isStopped = false;
  bool retired = false; ///< in this cycle
  bool busy = true;    ///< a unit moved something or retired, in the last cycle
  Cycle quietFrom = 0; ///< first cycle behind the last with progress
};

} // namespace tilework::sim
