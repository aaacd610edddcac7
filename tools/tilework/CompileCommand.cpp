// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework compile: a model becomes a program file.

#include "tools/tilework/Command.h"

#include "runtime/CheckStages.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Report.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/resource.h>

namespace tilework::tool {

namespace {

struct Options {
  std::string model, output, stopAfter, dumpFolder;
  ModelOptions how;
  std::string reference, fault;
  bool timing = false, checkStages = false;
};

/// "0.00012" for a person: few digits, also of small numbers.
std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2g", value);
  return text;
}

void sayTimes(const Context &context, const CompileStatistics &statistics) {
  double total = 0;
  for (const StageTime &stage : statistics.stages)
    total += stage.seconds;
  for (const StageTime &stage : statistics.stages) {
    char text[96];
    std::snprintf(text, sizeof(text), "  %-13s %10s %5.1f %%",
                  stage.name.c_str(), secondsText(stage.seconds).c_str(),
                  total > 0 ? 100 * stage.seconds / total : 0);
    context.say(text);
  }
  context.say("  in all " + secondsText(total));
}

int run(const Options &options, const Context &context) {
  if (options.output.empty() && options.stopAfter.empty())
    throw UserError("name the program file: -o m.tw");
  requireApart(options.output, {options.model, options.reference});
  CompileOptions compile = options.how.compileOptions();
  compile.stopAfter = options.stopAfter;
  compile.dumpFolder = options.dumpFolder;
  const target::Target target = target::Target::load(
      options.how.target.empty() ? "edge" : options.how.target);
  const auto begin = std::chrono::steady_clock::now();
  compile.plantFault = options.fault;
  CheckedCompilation checked;
  std::optional<CompileActivity> activity(std::in_place, context,
                                          options.model);
  activity->follow(compile);
  if (options.checkStages) {
    if (!options.stopAfter.empty())
      throw UserError("--check-stages runs the program in the end: leave "
                      "--stop-after " +
                      options.stopAfter + " out");
    checked = compileChecked({options.model, {}, {}}, target, compile,
                             {options.reference, 1}, interrupted);
  } else {
    checked.result =
        compileModel({options.model, {}, {}}, target, compile, interrupted);
  }
  CompileResult &result = checked.result;
  requireApart(options.output, result.files);
  const bool isIR = !options.stopAfter.empty();
  if (isIR && !options.output.empty())
    writeFile(options.output, result.ir.data(), result.ir.size());
  else if (!isIR)
    isa::writeImage(*result.image, options.output);
  activity.reset();
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const CompileStatistics &statistics = result.statistics;
  nlohmann::json stages = nlohmann::json::object();
  for (const StageTime &stage : statistics.stages)
    stages[stage.name] = stage.seconds;
  nlohmann::json object = {
      {"wall_s", wall},
      {"peak_rss_bytes", uint64_t(usage.ru_maxrss) * 1024},
      {"instructions", statistics.instructions},
      {"program_bytes", statistics.programBytes},
      {"weights_bytes", statistics.weightsBytes},
      {"scratchpad_peak_bytes", statistics.scratchpadPeakBytes},
      {"target", targetReport(target)},
      {"nodes", result.nodes.size()},
      {"stages_s", stages}};
  for (const CheckedStage &stage : checked.stages)
    object["checked"].push_back({{"stage", stage.name},
                                 {"against", stage.against},
                                 {"values", stage.values},
                                 {"relative_rms_error", stage.error},
                                 {"tolerance", stage.tolerance}});
  if (result.image)
    object.update(subjectReport(*result.image));
  for (const auto &[name, size] : compile.dims)
    object["dims"][name] = size;
  if (isIR)
    object["ir"] = result.ir;
  context.emit("compile", object);
  if (isIR) {
    context.say(options.output.empty()
                    ? result.ir
                    : options.model + " → " + options.output + ": the IR of " +
                          options.stopAfter);
    if (options.timing)
      sayTimes(context, statistics);
    return 0;
  }
  context.say(
      options.model + " → " + options.output + " for " + targetText(target) +
      ": " + countText(result.nodes.size(), "node") + ", " +
      countText(statistics.instructions, "instruction") + ", " +
      bytesText(double(statistics.programBytes)) + ", weights " +
      bytesText(double(statistics.weightsBytes)) + ", scratchpad peak " +
      bytesText(double(statistics.scratchpadPeakBytes)) + ", " +
      secondsText(wall));
  for (const CheckedStage &stage : checked.stages)
    context.say("  " + stage.name + " agrees with " + stage.against + ": " +
                countText(stage.values, "value") + ", relative RMS error " +
                figure(stage.error) + ", allowed " + figure(stage.tolerance));
  if (options.timing)
    sayTimes(context, statistics);
  return 0;
}

/// Whether a word behind --check-stages is its value, and not the model.
bool isReference(const std::string &word) {
  if (word.empty() || word.front() == '-')
    return false;
  std::error_code error;
  const std::filesystem::path path = word, kind = path.extension();
  return kind == ".npz" || kind == ".npy" ||
         (kind != ".onnx" && kind != ".mlir" &&
          !std::filesystem::is_regular_file(path, error));
}

} // namespace

void addCompile(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command =
      line.command("compile", "turns a model into a program file",
                   [&context, options] { return run(*options, context); });
  command.required("model", options->model, "MODEL.onnx or .mlir");
  command.output("-o,--output", options->output,
                 "the program file, or the IR of --stop-after");
  options->how.add(command);
  command.option(
      "--stop-after", options->stopAfter,
      "print the IR behind this stage, or write it to the file of -o, "
      "and stop");
  command.option("--dump-ir", options->dumpFolder,
                 "write the IR behind each stage into this folder");
  command.flag("--timing", options->timing, "time of each stage and its share");
  command.optional(
      "--check-stages", options->checkStages, options->reference, isReference,
      "compare values behind each stage; =REF: .npz or folder of .npy with the "
      "model's inputs and values (default: seeded inputs, the imported graph)");
  // Makes a stage wrong, for tests of the checks.
  command.hidden("--plant-fault", options->fault);
}

} // namespace tilework::tool
