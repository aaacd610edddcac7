// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework run: values from a program.

#include "tools/tilework/Command.h"

#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/Report.h"

#include <memory>

namespace tilework::tool {

namespace {

struct Options {
  std::string program, engine = "functional";
  ModelOptions how;
  InputOptions inputs;
  std::vector<std::string> outputs, expected;
  bool shadow = false;
};

struct NamedFile {
  std::string name, file;
};

/// "name=@file" of outputs; names that are none are refused.
std::vector<NamedFile> outputFiles(const isa::Entry &entry,
                                   const std::vector<std::string> &texts,
                                   const std::string &option) {
  std::vector<NamedFile> files;
  for (const std::string &text : texts) {
    const auto [name, file] = splitFile(text, option);
    std::string names;
    bool found = false;
    for (const isa::Tensor &output : entry.outputs) {
      names += (names.empty() ? "" : ", ") + output.name;
      found |= output.name == name;
    }
    if (!found)
      throw UserError(option + " " + text + ": no output '" + name +
                      "': the program has " + names);
    files.push_back({name, file});
  }
  return files;
}

int run(const Options &options, const Context &context) {
  const Executable executable =
      openProgram(options.program, options.how.target,
                  options.how.compileOptions(), interrupted);
  const std::vector<NamedFile> wanted =
      outputFiles(executable.entry(), options.outputs, "--output");
  const std::vector<NamedFile> expected =
      outputFiles(executable.entry(), options.expected, "--expect");
  RunSettings settings;
  settings.engine = parseEngine(options.engine);
  settings.options.records = false;
  settings.options.shadow = options.shadow;
  settings.options.cancelled = interrupted;
  context.progress("running on the " + options.engine + " engine");
  RunReport report = executable.run(options.inputs.read(), settings);
  context.progress("");
  requireHalt(executable, report);
  if (!report.result.violations.empty()) {
    std::string text = "the program is not legal:";
    for (const std::string &violation : report.result.violations)
      text += "\n  " + violation;
    throw MismatchError(text);
  }
  if (const std::string note = statusNote(report); !note.empty())
    context.say("status: " + note);
  nlohmann::json outputs = nlohmann::json::object();
  for (const auto &[name, tensor] : report.outputs) {
    outputs[name] = {{"shape", tensor.shape},
                     {"dtype", isa::elementTypeName(tensor.type)}};
    context.say(name + " " + describe(tensor.type, tensor.shape));
  }
  for (const auto &[name, file] : wanted)
    writeNpy(report.outputs.at(name), file);
  for (const auto &[name, file] : expected) {
    const TensorError error =
        compareTensors(report.outputs.at(name), readNpy(file));
    outputs[name].update({{"max_abs_error", error.maxAbsolute},
                          {"rms_error", error.rms},
                          {"cosine", error.cosine}});
    context.say("  against " + file + ": cosine " +
                std::to_string(error.cosine) + ", RMS error " +
                std::to_string(error.rms) + ", largest error " +
                std::to_string(error.maxAbsolute));
  }
  context.emit({{"schema", kReportSchema},
                {"engine", options.engine},
                {"target", report.target.name},
                {"outputs", outputs},
                {"status", report.result.stickyStatus},
                {"wall_s", report.result.wallSeconds}});
  return 0;
}

} // namespace

void addRun(CLI::App &app, Context &context) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand("run", "computes a model's outputs");
  command.add_option("program", options->program, "model or program")
      ->required();
  command.add_option("--engine", options->engine,
                     "functional, systemc or rtl (default functional)");
  options->how.add(command);
  options->inputs.add(command);
  command.add_option("--output", options->outputs,
                     "write an output: name=@file.npy");
  command.add_option("--expect", options->expected,
                     "compare an output: name=@file.npy");
  command.add_flag("--shadow", options->shadow,
                   "functional engine: report races, overlaps and reads of "
                   "unwritten memory");
  command.callback([&context, options] {
    context.run = [&context, options] { return run(*options, context); };
  });
}

} // namespace tilework::tool
