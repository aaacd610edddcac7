// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework simulate: cycles of a program, on the cycle model, the RTL or both.

#include "tools/tilework/Command.h"

#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Bound.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Layers.h"
#include "runtime/report/Report.h"

#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>

namespace tilework::tool {

namespace {

struct Options {
  std::string program, engine = "systemc", waves, window, layers;
  bool givesLayers = false;
  ModelOptions how;
  InputOptions inputs;
  std::vector<std::string> set;
  std::optional<uint64_t> seed;
  bool timingOnly = false;
};

/// Digits alone, within 64 bits.
bool readCycle(std::string_view text, uint64_t &cycle) {
  const char *end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, cycle);
  return error == std::errc() && last == end;
}

sim::WaveWindow waveWindow(const Options &options) {
  sim::WaveWindow window{options.waves, 0, ~uint64_t(0)};
  if (options.window.empty())
    return window;
  const std::string_view text = options.window;
  const size_t colon = text.find(':');
  if (colon == text.npos || !readCycle(text.substr(0, colon), window.begin) ||
      !readCycle(text.substr(colon + 1), window.end))
    throw UserError("--window " + options.window +
                    ": write first:end, as 1000:2000 for cycles 1000 to 1999");
  if (window.begin >= window.end)
    throw UserError("--window " + options.window +
                    ": it is empty: write first:end with first before "
                    "end, which is not in it");
  return window;
}

void summarise(const Context &context, const Executable &executable,
               const RunReport &report) {
  const sim::RunResult &result = report.result;
  context.say(std::string(engineName(report.engine)) + " on " +
              targetText(report.target) + ": " +
              countText(result.cycles, "cycle") + ", " +
              secondsText(report.latencySeconds()) + " at " +
              hertzText(double(report.target.clock.frequency_hz)) +
              "; simulated in " + secondsText(result.wallSeconds));
  if (const std::string note = plannedNote(executable, report); !note.empty())
    context.say("  " + note + "; --target compiles for that chip");
  const auto bound = boundOf(executable.image(), report.target);
  if (bound && bound->cycles() == 0)
    context.say("  nothing of the model runs on the chip");
  else if (bound)
    context.say("  bound " + countText(uint64_t(bound->cycles()), "cycle") +
                " by " + bound->limit() + ": " +
                ratioText(double(result.cycles) / bound->cycles()) +
                " × the bound");
  const Bandwidth bandwidth = bandwidthOf(report);
  context.say("  off-chip memory: " + rateText(bandwidth.reached) +
              " reached of " + rateText(bandwidth.possible) +
              " possible (limit: " + bandwidth.limit + ")");
  if (const std::string note = statusNote(report); !note.empty())
    context.say("  status: " + note);
  for (unsigned unit = 0; unit < sim::kCountedUnits; ++unit) {
    std::string line = std::string("  ") + sim::unitName(unit) + ": busy " +
                       std::to_string(100 * result.counters.busy(unit) /
                                      std::max<uint64_t>(result.cycles, 1)) +
                       " %";
    for (unsigned cause = 1; cause < sim::kActivityCount; ++cause) {
      const uint64_t percent = 100 * result.counters.activity[unit][cause] /
                               std::max<uint64_t>(result.cycles, 1);
      if (percent > 0)
        line += std::string(", ") +
                sim::activityName(static_cast<sim::Activity>(cause)) + " " +
                std::to_string(percent) + " %";
    }
    context.say(line);
  }
}

bool isCsv(const std::string &word) { return word == "csv"; }

int run(const Options &options, const Context &context) {
  if (options.engine == engineName(Engine::Functional))
    throw UserError("the functional engine has no cycles: choose systemc, rtl "
                    "or both");
  if (options.engine != "both" && options.engine != "systemc" &&
      options.engine != "rtl")
    throw UserError("no engine '" + options.engine +
                    "': choose systemc, rtl or both");
  if (options.waves.empty() && !options.window.empty())
    throw UserError("--window " + options.window +
                    " goes with --waves w.fst, the file to write");
  if (!options.layers.empty() && !isCsv(options.layers))
    throw UserError("--layers=" + options.layers +
                    ": write --layers for a table or --layers=csv");
  if (!options.waves.empty() && options.engine == "systemc")
    throw UserError("--waves " + options.waves +
                    ": only the RTL has waves; add --engine rtl or both");
  if (options.timingOnly && options.engine != "systemc")
    throw UserError("--timing-only goes with --engine systemc: the RTL always "
                    "computes values, and without them there are none to "
                    "compare");
  if (options.seed && !options.inputs.inputs.empty())
    throw UserError("--seed " + std::to_string(*options.seed) +
                    " draws inputs, and --input gives them: leave one out");
  std::vector<std::string> read = {options.program};
  for (const std::string &input : options.inputs.inputs)
    read.push_back(splitFile(input, "--input").second);
  requireApart(options.waves, read); // before a model is compiled
  const Executable executable =
      openProgram(context, options.program, options.how);
  requireApart(options.waves, filesBehind(options.program, executable.image()));
  const bool drawn = options.inputs.inputs.empty();
  const uint64_t seed = options.seed.value_or(1);
  const TensorMap inputs =
      drawn ? drawInputs(executable.entry(), seed) : options.inputs.read();
  RunSettings settings;
  settings.set = options.set;
  settings.options.cancelled = interrupted;
  settings.options.timingOnly = options.timingOnly;
  uint64_t known = 0; // cycles, once an engine has counted them
  auto simulate = [&](Engine engine) {
    settings.engine = engine;
    settings.options.waves.reset();
    if (engine == Engine::Rtl && !options.waves.empty())
      settings.options.waves = waveWindow(options);
    RunReport report =
        runBehindLine(context, executable, inputs, settings, known);
    known = report.result.cycles;
    requireHalt(executable, report);
    if (options.layers != "csv")
      summarise(context, executable, report);
    return report;
  };
  auto sayLayers = [&](const nlohmann::json &object) {
    if (!options.givesLayers || context.json)
      return;
    const nlohmann::json &rows = object.at("layers");
    std::cout << (isCsv(options.layers)
                      ? layersCsv(rows)
                      : layersTable(groupLayers(rows, "block")));
  };
  auto finish = [&](nlohmann::json object) {
    if (drawn)
      object["inputs_seed"] = seed;
    sayLayers(object);
    context.emit("simulate", object);
  };
  if (options.engine != "both") {
    const RunReport report = simulate(parseEngine(options.engine));
    finish(simulationReport(executable, report));
    return 0;
  }
  const RunReport model = simulate(Engine::SystemC),
                  rtl = simulate(Engine::Rtl);
  const Comparison comparison = executable.compare(model, rtl);
  nlohmann::json object = simulationReport(executable, model);
  object["engine"] = "both";
  const bool bytesEqual = comparison.bytesEqual == true;
  object["equal"] = {{"bytes", bytesEqual}, {"cycles", comparison.cyclesEqual}};
  if (!comparison.difference.empty())
    object["equal"]["first_difference"] = comparison.difference;
  object["systemc"] = simulationReport(executable, model);
  object["rtl"] = simulationReport(executable, rtl);
  finish(object);
  if (bytesEqual && comparison.cyclesEqual) {
    if (options.layers != "csv")
      context.say("  EQUAL: every byte, every retire cycle");
    return 0;
  }
  std::cerr << "tilework: the engines differ: " << comparison.difference
            << "\n";
  return 3;
}

} // namespace

void addSimulate(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command =
      line.command("simulate", "counts the cycles of a program",
                   [&context, options] { return run(*options, context); });
  command.required("program", options->program, "model or program");
  command.option("--engine", options->engine,
                 "systemc, rtl or both (default systemc)");
  options->how.add(command);
  options->how.addNoCache(command);
  options->inputs.add(command);
  command.list("--set", options->set,
               "change a parameter of any class but legality: key=value");
  command.number("--seed", options->seed, 0,
                 "of the inputs, when none are given (default 1)");
  command.flag("--timing-only", options->timingOnly,
               "cycles without values (systemc)");
  command.optional("--layers", options->givesLayers, options->layers, isCsv,
                   "where the cycles went, by block and shape of the model's "
                   "nodes; --layers=csv for machines, a row for each node");
  command.output("--waves", options->waves, "FST waves of the RTL");
  command.option("--window", options->window,
                 "cycles of the waves: first:end, without end itself");
}

} // namespace tilework::tool
