// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counters as sentences.

#include "runtime/report/Progress.h"

#include "dialects/target/Figures.h"
#include "runtime/report/Bound.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tilework {

void CompileProgress::follow(CompileOptions &options) const {
  options.finished = [stage = stage](const std::string &) { ++*stage; };
}

std::string CompileProgress::howFar() const {
  const size_t count = stageNames().size();
  const size_t now = std::min(stage->load(), count - 1);
  return "stage " + std::to_string(now + 1) + " of " + std::to_string(count) +
         ", " + stageNames()[now];
}

void RunProgress::follow(sim::RunOptions &options) {
  options.progress = [this](uint64_t now) {
    building = 0;
    done = now;
  };
  options.building = [this](double seconds) { building = seconds; };
}

std::string RunProgress::title() const {
  return std::string(engine == Engine::Functional ? "running on "
                                                  : "simulating on ") +
         engineName(engine);
}

std::string RunProgress::howFar() const {
  if (const double seconds = building; seconds > 0)
    return "building this chip once, about " +
           std::to_string(std::lround(seconds)) + " s";
  const uint64_t now = done;
  if (engine == Engine::Functional)
    return countText(now, "instruction");
  if (total)
    return withCommas(now) + " of " + countText(total, "cycle") + ", " +
           std::to_string(100 * std::min(now, total) / total) + " %";
  if (now < least)
    return withCommas(now) + " of at least " + countText(least, "cycle");
  return countText(now, "cycle");
}

std::string progressLine(const std::string &title, const std::string &howFar,
                         std::chrono::steady_clock::duration since) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(since).count();
  return title + (howFar.empty() ? "" : ": " + howFar) + " (" +
         std::to_string(seconds) + " s)";
}

RunReport runWithProgress(const Executable &executable,
                          const RunSettings &settings, uint64_t total,
                          bool wanted, const ShownRun &run) {
  const std::optional<Bound> bound =
      boundOf(executable.image(), executable.targetWith(settings.set));
  const uint64_t least = bound ? uint64_t(bound->cycles()) : 0;
  const auto follow = [&](RunSettings followed, uint64_t known) {
    RunProgress progress(followed.engine, least, known);
    progress.follow(followed.options);
    return run(followed, progress);
  };
  if (settings.engine == Engine::Rtl && !total && wanted) {
    RunSettings model = settings;
    model.engine = Engine::SystemC;
    model.options.timingOnly = true;
    model.options.records = false;
    model.options.waves.reset();
    total = follow(model, 0).result.cycles;
  }
  return follow(settings, total);
}

} // namespace tilework
