// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Timing of the sequencer: fetch, execute, check and dispatch as the head of
// rtl/sequencer/tw_sequencer.sv states them. What an instruction means comes
// from the Machine, which walks ahead of the dispatch by at most two
// instructions.

#pragma once

#include "sim/machine/Machine.h"
#include "sim/stats/Run.h"
#include "sim/systemc/InstructionBuffer.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tilework::sim {

class Sequencer : public TimingUnit {
public:
  using Units = std::array<DispatchedUnit *, kUnitCount>;

  /// `image` holds the program; all references outlive the sequencer. Throws
  /// RunError for a program that does not lie in the image.
  Sequencer(const Geometry &geometry, const Launch &launch,
            const DramImage &image, const RetireCounters &counters,
            MemoryPorts::Fetch &fetch, const Units &units);

  /// Asked at the begin of a cycle: the run ended with the cycle before.
  bool stopped() const;
  /// What ended the run: halt, trap or, when `watchdog`, the watchdog.
  Trap trap(bool watchdog) const;

  void propose(Cycle) override { buffer.propose(); }
  /// Comes before the commits of the units.
  void commit(Cycle now) override;
  Cycle nextEvent(Cycle now) const override;
  void skip(Cycle, Cycle) override {}

  Activity activity() const { return lastActivity; }
  /// A beat of a line arrived in the cycle committed last.
  bool fetchBeat() const { return buffer.beat(); }

private:
  enum class State : uint8_t { Run, Save, Iterate };

  /// A stage between execute and dispatch.
  struct Stage {
    bool valid = false;
    bool stops = false; ///< halt or trap: never leaves the check stage
    TrapCause cause = TrapCause::none;
    std::string detail;
    uint32_t pc = 0;
    uint16_t context = 0;
    Operation operation;
  };
  struct Loop {
    uint32_t start = 0, stop = 0;
    unsigned updates = 0;
  };

  Activity currentActivity(bool checkFree, bool stopping, bool hit) const;
  /// Executes the word register; returns whether fetch is redirected.
  bool execute();
  /// One cycle of a loop's end; returns whether fetch is redirected.
  bool iterate();
  void enterLevel() { cyclesLeft = std::max(1u, loops.back().updates); }
  DispatchedUnit &unitOf(const Stage &stage) const {
    return *units[static_cast<unsigned>(stage.operation.unit)];
  }

  Launch launch;
  const RetireCounters &counters;
  Units units;
  Machine machine;
  InstructionBuffer buffer;
  const uint8_t *program;

  State state = State::Run;
  uint32_t fetchPc, redirectPc = 0;
  bool wordValid = false;
  uint32_t wordPc = 0;
  Stage check, waiting; ///< waiting: the dispatch stage
  std::array<uint32_t, kUnitCount> dispatched{};
  std::vector<Loop> loops;
  unsigned cyclesLeft = 0; ///< of Save, or of the level in Iterate
  unsigned levelsLeft = 0; ///< levels that end here, with the present one
  unsigned exitsLeft = 0;  ///< of these, how many are left
  Activity lastActivity = Activity::Fetch;
};

} // namespace tilework::sim
