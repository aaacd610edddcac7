// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every engine takes and gives back: one request, one result, so that the
// runtime treats the functional engine, the cycle model and the Verilated chip
// alike and one checker compares any two.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/machine/Machine.h"
#include "sim/memory/Dram.h"
#include "sim/stats/Counters.h"
#include "sim/stats/RetireRecord.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::sim {

class DramImage;   // sim/memory: the bytes of the off-chip memory
struct DramTiming; // sim/memory: when it answers

/// A window of cycles [begin, end) written as FST waves (RTL engine alone).
struct WaveWindow {
  std::string path;
  uint64_t begin = 0, end = 0;
};

struct RunOptions {
  /// Cycle model alone: no values are computed; cycles are the same.
  bool timingOnly = false;
  /// Cycle model alone: never skips a cycle. Slower; the reference.
  bool stepping = false;
  /// Functional engine alone: shadows every access and reports violations of
  /// legality (dialects/isa/RationaleISA.md) in the result.
  bool shadow = false;
  /// Keeps one RetireRecord an instruction in the result.
  bool records = true;
  /// The run is given up as RunError behind this many cycles; 0: no bound.
  uint64_t cycleLimit = 0;
  std::optional<WaveWindow> waves;
  /// RTL engine alone: a chip with its assertions, in which whatever no reset
  /// sets begins at random values drawn from `chipSeed`, above 0.
  bool checked = false;
  uint32_t chipSeed = 1;
  /// Asked now and then; true gives the run up with RunCancelled.
  std::function<bool()> cancelled;
  /// Told now and then how many cycles have run (functional engine:
  /// instructions).
  std::function<void(uint64_t done)> progress;
  /// RTL engine alone: told before a chip that no folder has is built, with
  /// about how many seconds that takes.
  std::function<void(double seconds)> building;
};

/// Bytes of DRAM that the loader wrote.
struct MemoryRange {
  uint64_t base = 0, size = 0;
};

/// One launch. The program's bytes and every binding already lie in `memory`,
/// at the addresses that `launch` says; outputs are found there after the run.
struct RunRequest {
  Geometry geometry;
  Launch launch;
  DramImage *memory = nullptr; ///< not owned, never null
  const DramTiming *timing =
      nullptr; ///< not owned; null for the functional engine alone
  RunOptions options;
  std::vector<MemoryRange> written; ///< for RunOptions::shadow
};

/// A precise trap: everything older has retired, nothing younger has begun.
struct Trap {
  TrapCause cause = TrapCause::none;
  uint32_t pc = 0;      ///< instruction index
  uint16_t context = 0; ///< call context
  uint64_t cycle = 0;   ///< the first cycle in which the trap is reported
                        ///< (functional engine: 0)
  std::string detail;   ///< which field, which figure, where the engine knows;
                        ///< never compared
};

/// The bit of a sticky status: an error found in data, reported at halt.
constexpr uint32_t statusBit(isa::Status status) {
  return 1u << static_cast<unsigned>(status);
}

struct RunResult {
  /// In order of (end, unit); the functional engine: in program order.
  std::vector<RetireRecord> records;
  /// Cycles from the start to the halt or the trap's report (functional engine:
  /// 0).
  uint64_t cycles = 0;
  Trap trap; ///< cause None: the program halted
  uint32_t stickyStatus = 0;
  RunCounters counters;
  /// What was asked of the off-chip memory up to the last cycle (functional
  /// engine: nothing).
  RequestDigest requests;
  double wallSeconds = 0;
  /// With RunOptions::shadow: one sentence a violation, the first hundred.
  std::vector<std::string> violations;

  /// Whether the cycle of each retire is known: a program may have none.
  bool hasTimes() const {
    return cycles > 0 &&
           (!records.empty() || counters.retired == RunCounters().retired);
  }
};

/// A run that could not be finished for a reason outside the program: the
/// message says what to do.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct RunCancelled : RunError {
  using RunError::RunError;
};

} // namespace tilework::sim
