// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tilework cosim: random programs on all engines.

#include "tools/tilework/Command.h"
#include "tools/tilework/CosimFile.h"

#include "dialects/isa/OutputFile.h"
#include "runtime/Engines.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Report.h"
#include "sim/cosim/CoSimulation.h"
#include "sim/machine/TargetGeometry.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

namespace tilework::tool {

namespace {

struct Options {
  std::string target, folder = ".", replay;
  std::optional<uint64_t> count, seed;
  bool keep = false;
  std::vector<std::string> engines = {"functional", "systemc", "rtl"};
};

/// An engine, or one of two that are engines in another mode: `stepping`, the
/// cycle model without skipping, and `checked`, the chip with its assertions.
sim::CosimEngine engineOf(const std::string &name,
                          const target::Target &target) {
  const bool stepping = name == "stepping", checked = name == "checked";
  if (!stepping && !checked && name != "functional" && name != "systemc" &&
      name != "rtl")
    throw UserError("--engines: no engine '" + name +
                    "': choose functional, systemc, stepping, rtl or checked");
  const Engine engine = stepping  ? Engine::SystemC
                        : checked ? Engine::Rtl
                                  : parseEngine(name);
  return {name, [=, &target](const sim::RunRequest &request) {
            sim::RunRequest copy = request;
            copy.options.stepping = stepping;
            copy.options.checked = checked;
            return runEngine(engine, target, copy);
          }};
}

std::vector<sim::CosimEngine> enginesOf(const Options &options,
                                        const target::Target &target) {
  std::vector<sim::CosimEngine> engines;
  for (const std::string &name : options.engines)
    engines.push_back(engineOf(name, target));
  if (engines.size() < 2)
    throw UserError("--engines: name at least two");
  return engines;
}

sim::CosimSettings settingsOf(const target::Target &target) {
  sim::CosimSettings settings;
  settings.geometry = sim::geometryOf(target);
  settings.timing = sim::dramTimingOf(target);
  settings.cancelled = interrupted;
  return settings;
}

double secondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

int replay(const Options &options, const Context &context) {
  if (!options.target.empty() || options.count || options.seed || options.keep)
    throw UserError("--replay runs the program of a file, for the target that "
                    "it names: leave --target, --count, --seed and --keep out");
  target::Target target;
  sim::TestProgram program = readCosimFile(options.replay, target);
  sim::RunResult last;
  const auto begin = std::chrono::steady_clock::now();
  const std::string difference = sim::cosimulateOne(
      settingsOf(target), enginesOf(options, target), program, &last);
  context.emit("cosim", {{"file", options.replay},
                         {"programs", 1},
                         {"mismatches", difference.empty() ? 0 : 1},
                         {"seed", program.seed},
                         {"target", targetReport(target)},
                         {"cycles", last.cycles},
                         {"difference", difference},
                         {"wall_s", secondsSince(begin)}});
  if (difference.empty()) {
    context.say(options.replay + ": the engines agree");
    return 0;
  }
  std::cerr << "tilework: " << options.replay << " differs: " << difference
            << "\n";
  return 3;
}

/// Before any file is written, which may not go well.
void sayFailures(const sim::CosimResult &result) {
  for (const sim::CosimFailure &failure : result.failures) {
    std::cerr << "tilework: seed " << failure.seed
              << " differs: " << failure.difference << "; shrunk to "
              << countText(failure.instructions, "instruction");
    if (failure.programs > 1)
      std::cerr << "; " << failure.programs << " programs differ so";
    std::cerr << "\n";
  }
}

/// The options that draw a program again.
std::string drawnBy(const std::string &target, uint64_t seed) {
  return "--target " + target + " --seed " + std::to_string(seed);
}

/// Writes what failures were shrunk to; returns what the report says of them.
nlohmann::json writeFailures(sim::CosimResult &result,
                             const target::Target &target,
                             const std::string &name,
                             const std::string &folder) {
  nlohmann::json failures = nlohmann::json::array();
  for (sim::CosimFailure &failure : result.failures) {
    const std::string file = writeCosimFile(
        failure.program, target,
        drawnBy(name, failure.seed) + ": " + failure.difference, folder);
    std::cerr << "tilework: seed " << failure.seed << " is in " << file << "\n";
    failures.push_back({{"seed", failure.seed},
                        {"difference", failure.difference},
                        {"programs", failure.programs},
                        {"instructions", failure.instructions},
                        {"file", file}});
  }
  return failures;
}

int run(const Options &options, const Context &context) {
  if (!options.replay.empty())
    return replay(options, context);
  // Before hours of work whose findings would have no place.
  if (!std::filesystem::is_directory(options.folder))
    throw UserError("--folder: '" + options.folder + "' is no folder");
  isa::OutputFile(options.folder + "/cosim"); // throws where none can be made
  const std::string name = options.target.empty() ? "nano" : options.target;
  const target::Target target = target::Target::load(name);
  sim::CosimSettings settings = settingsOf(target);
  settings.count = options.count.value_or(100);
  settings.seed = options.seed.value_or(1);
  std::atomic<uint64_t> programs{0};
  settings.progress = [&](uint64_t done) { programs = done; };
  const std::vector<sim::CosimEngine> engines = enginesOf(options, target);
  context.say("cosim on " + target.name + ": " +
              countText(settings.count, "program") + " from seed " +
              std::to_string(settings.seed));
  const auto begin = std::chrono::steady_clock::now();
  std::optional<Activity> activity(
      std::in_place, context.showsProgress(), "cosim on " + target.name, [&] {
        return withCommas(programs) + " of " +
               countText(settings.count, "program");
      });
  sim::CosimResult result = sim::cosimulate(settings, engines);
  activity.reset();
  const double wall = secondsSince(begin);
  sayFailures(result);
  const nlohmann::json failures =
      writeFailures(result, target, name, options.folder);
  if (options.keep)
    for (uint64_t i = 0; i < result.programs; ++i) {
      sim::TestProgram program = sim::generateProgram(
          settings.geometry, settings.seed + i, settings.generator);
      writeCosimFile(program, target, drawnBy(name, program.seed),
                     options.folder);
    }
  uint64_t mismatches = 0; // programs, of all kinds
  for (const sim::CosimFailure &failure : result.failures)
    mismatches += failure.programs;
  context.emit("cosim", {{"programs", result.programs},
                         {"mismatches", mismatches},
                         {"failures", failures},
                         {"seed", settings.seed},
                         {"target", targetReport(target)},
                         {"traps", result.traps},
                         {"cycles", result.cycles},
                         {"operations", result.operations},
                         {"wall_s", wall}});
  context.say(countText(result.programs, "program") + ", " +
              countText(result.operations, "unit instruction") + ", " +
              countText(result.cycles, "cycle") + ", " +
              countText(result.traps, "trap") + ", " +
              countText(mismatches, "mismatch", "mismatches") + ", " +
              secondsText(wall));
  return result.failures.empty() ? 0 : 3;
}

} // namespace

void addCosim(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command = line.command(
      "cosim", "holds the engines against each other on random programs",
      [&context, options] { return run(*options, context); });
  command.option("--target", options->target,
                 "target of the programs (default nano)");
  command.number("--count", options->count, 1, "programs (default 100)");
  command.number("--seed", options->seed, 0,
                 "of the first program (default 1)");
  command.words("--engines", options->engines,
                "of functional, systemc, stepping (systemc without skipping "
                "cycles), rtl and checked (rtl with its assertions and "
                "random values where nothing is reset); default "
                "functional,systemc,rtl");
  command.option("--folder", options->folder,
                 "where shrunk programs are written (default .)");
  command.flag("--keep", options->keep,
               "write every program, not only those that differ");
  command.option("--replay", options->replay,
                 "run the program of a file: one that cosim has written "
                 "exactly as it ran");
}

} // namespace tilework::tool
