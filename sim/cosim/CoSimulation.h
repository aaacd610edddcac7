// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs random programs on several engines and holds every one against the
// others: bytes of memory, retire records, cycles, counters, traps.

#pragma once

#include "sim/cosim/ProgramGenerator.h"
#include "sim/memory/Dram.h"
#include "sim/stats/Run.h"

#include <functional>
#include <string>
#include <vector>

namespace tilework::sim {

struct CosimEngine {
  std::string name;
  std::function<RunResult(const RunRequest &)> run;
};

struct CosimSettings {
  Geometry geometry;
  DramTiming timing;
  uint64_t count = 100, seed = 1;
  GeneratorOptions generator;
  unsigned shrinkAttempts = 300;
  /// Kinds of differences after which the search stops.
  unsigned maxFailures = 5;
  std::function<bool()> cancelled;
  std::function<void(uint64_t done)> progress;
};

/// Programs that differ in one way: the first of them, shrunk.
struct CosimFailure {
  uint64_t seed = 0;
  std::string kind;       ///< the difference without its figures
  uint64_t programs = 1;  ///< that differ so
  TestProgram program;    ///< shrunk
  std::string difference; ///< of the shrunk program
  std::string assembly;   ///< of the shrunk program
  size_t instructions = 0;
};

struct CosimResult {
  uint64_t programs = 0, traps = 0, cycles = 0, operations = 0;
  std::vector<CosimFailure> failures;
};

/// The first difference between the engines on `program`; empty when they
/// agree. Its seed chooses the memory's latency. `last` takes what the last
/// engine gave.
std::string cosimulateOne(const CosimSettings &settings,
                          const std::vector<CosimEngine> &engines,
                          TestProgram &program, RunResult *last = nullptr);

/// The first engine is the reference for bytes; times are compared between
/// those that have any. Program i has seed `seed` + i; odd programs run under
/// random memory latency. Throws RunCancelled.
CosimResult cosimulate(const CosimSettings &settings,
                       const std::vector<CosimEngine> &engines);

} // namespace tilework::sim
