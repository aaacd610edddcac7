// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far work is, in words: what the command line and Python show while it
// goes on. Counters that the work writes and any thread may read.

#pragma once

#include "compiler/Compile.h"
#include "runtime/Executable.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace tilework {

/// Stages of a compilation.
class CompileProgress {
public:
  /// The compilation tells this; it may outlive the object.
  void follow(CompileOptions &options) const;
  /// "stage 3 of 7, recognised".
  std::string howFar() const;

private:
  std::shared_ptr<std::atomic<size_t>> stage =
      std::make_shared<std::atomic<size_t>>(0);
};

/// Cycles of a run on an engine with them, instructions of another, and the
/// building of a chip before it.
class RunProgress {
public:
  /// `least` are the cycles that the run needs at least, `total` those that it
  /// will have; 0 where nobody knows.
  explicit RunProgress(Engine engine, uint64_t least = 0, uint64_t total = 0)
      : engine(engine), least(least), total(total) {}

  /// The run tells this, which must live as long.
  void follow(sim::RunOptions &options);
  /// "running on functional", "simulating on rtl".
  std::string title() const;
  /// "1,000 of 3,253 cycles, 30 %", "building this chip once, about 60 s".
  std::string howFar() const;

private:
  const Engine engine;
  const uint64_t least, total;
  std::atomic<uint64_t> done{0};
  std::atomic<double> building{0}; ///< seconds that the chip takes; 0: runs
};

/// When work is shown at first, and how often then.
constexpr std::chrono::milliseconds kProgressDelay(400), kProgressInterval(100);

/// "compiling m.onnx: stage 3 of 7, recognised (2 s)".
std::string progressLine(const std::string &title, const std::string &howFar,
                         std::chrono::steady_clock::duration since);

/// Executable::run behind whatever shows a progress.
using ShownRun =
    std::function<RunReport(const RunSettings &, const RunProgress &)>;

/// Runs with its progress told. The RTL's knows its end: where `total` is 0 the
/// cycle model counts the cycles first, without values, if the progress is
/// `wanted`; that costs a hundredth of the run.
RunReport runWithProgress(const Executable &executable,
                          const RunSettings &settings, uint64_t total,
                          bool wanted, const ShownRun &run);

} // namespace tilework
