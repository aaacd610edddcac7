// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework compile: a model becomes a program file.

#include "tools/tilework/Command.h"

#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/Report.h"

#include <chrono>
#include <memory>
#include <sys/resource.h>

namespace tilework::tool {

namespace {

struct Options {
  std::string model, output, stopAfter, dumpFolder;
  ModelOptions how;
  bool timing = false;
};

int run(const Options &options, const Context &context) {
  if (isProgramFile(options.model))
    throw UserError("'" + options.model + "' is already a program");
  if (options.output.empty() && options.stopAfter.empty())
    throw UserError("name the program file: -o m.tw");
  CompileOptions compile = options.how.compileOptions();
  compile.stopAfter = options.stopAfter;
  compile.dumpFolder = options.dumpFolder;
  const target::Target target = target::Target::load(
      options.how.target.empty() ? "edge" : options.how.target);
  const auto begin = std::chrono::steady_clock::now();
  context.progress("compiling " + options.model);
  CompileResult result =
      compileModel({options.model, {}, {}}, target, compile, interrupted);
  context.progress("");
  if (result.image)
    isa::writeImage(*result.image, options.output);
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
      {"schema", kReportSchema},
      {"wall_s", wall},
      {"peak_rss_bytes", uint64_t(usage.ru_maxrss) * 1024},
      {"instructions", statistics.instructions},
      {"program_bytes", statistics.programBytes},
      {"weights_bytes", statistics.weightsBytes},
      {"scratchpad_peak_bytes", statistics.scratchpadPeakBytes},
      {"target", target.name},
      {"nodes", result.nodes.size()},
      {"stages_s", stages}};
  if (!result.image)
    object["ir"] = result.ir;
  context.emit(object);
  if (!result.image) {
    if (!context.json)
      context.say(result.ir);
    return 0;
  }
  context.say(options.model + " → " + options.output + " for " + target.name +
              ": " + withCommas(result.nodes.size()) + " nodes, " +
              withCommas(statistics.instructions) + " instructions, " +
              bytesText(double(statistics.programBytes)) + ", weights " +
              bytesText(double(statistics.weightsBytes)) +
              ", scratchpad peak " +
              bytesText(double(statistics.scratchpadPeakBytes)) + ", " +
              secondsText(wall));
  if (options.timing)
    for (const StageTime &stage : statistics.stages)
      context.say("  " + stage.name + " " + secondsText(stage.seconds));
  return 0;
}

} // namespace

void addCompile(CLI::App &app, Context &context) {
  auto options = std::make_shared<Options>();
  CLI::App &command =
      *app.add_subcommand("compile", "turns a model into a program file");
  command.add_option("model", options->model, "MODEL.onnx or .mlir")
      ->required();
  command.add_option("-o,--output", options->output, "the program file");
  options->how.add(command);
  command.add_option("--stop-after", options->stopAfter,
                     "print the IR behind this stage and stop");
  command.add_option("--dump-ir", options->dumpFolder,
                     "write the IR behind each stage into this folder");
  command.add_flag("--timing", options->timing, "time of each stage");
  command.callback([&context, options] {
    context.run = [&context, options] { return run(*options, context); };
  });
}

} // namespace tilework::tool
