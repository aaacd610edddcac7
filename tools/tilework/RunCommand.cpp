// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework run: values from a program.

#include "tools/tilework/Command.h"

#include "dialects/isa/OutputFile.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Report.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>

namespace tilework::tool {

namespace {

struct Options {
  std::string program, engine = "functional";
  ModelOptions how;
  InputOptions inputs;
  std::vector<std::string> outputs, expected;
  std::string tolerance;
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

/// What the outputs are compared with; what cannot be compared is refused
/// before the run.
std::vector<Tensor> readExpected(const isa::Entry &entry,
                                 const std::vector<NamedFile> &files) {
  std::vector<Tensor> references;
  for (const auto &[name, file] : files) {
    references.push_back(readNpy(file));
    const Tensor &reference = references.back();
    for (const isa::Tensor &output : entry.outputs)
      if (output.name == name &&
          (output.shape != reference.shape ||
           isFloatType(output.type) != isFloatType(reference.type)))
        throw MismatchError(
            "output '" + name + "' is " + describe(output.type, output.shape) +
            " and cannot be compared with '" + file + "', which holds " +
            describe(reference.type, reference.shape) +
            ": give an array of its shape and kind of type");
  }
  return references;
}

/// A finite number of at least 0.
bool readError(std::string_view text, double &error) {
  const char *end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, error);
  return problem == std::errc() && last == end && std::isfinite(error) &&
         error >= 0;
}

/// "rms" or "rms,largest"; alone, the root mean square allows the largest error
/// in the proportion of the default.
Tolerance parseTolerance(const std::string &text) {
  const std::string_view view = text;
  const size_t comma = view.find(',');
  Tolerance tolerance;
  bool legal = readError(view.substr(0, comma), tolerance.rms);
  tolerance.largest =
      tolerance.rms * kModelTolerance.largest / kModelTolerance.rms;
  if (comma != view.npos)
    legal &= readError(view.substr(comma + 1), tolerance.largest);
  if (!legal)
    throw UserError("--tolerance " + text +
                    ": write rms or rms,largest, two relative errors from 0 "
                    "on, both finite, as 0.01,0.05");
  return tolerance;
}

std::string figureText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

/// Without an option, floats may differ by what bf16 does to a model; other
/// values are right or wrong.
Tolerance toleranceFor(const Options &options, ElementType type) {
  if (!options.tolerance.empty())
    return parseTolerance(options.tolerance);
  return isFloatType(type) ? kModelTolerance : Tolerance();
}

int run(const Options &options, const Context &context) {
  if (!options.tolerance.empty()) {
    parseTolerance(options.tolerance);
    if (options.expected.empty())
      throw UserError("--tolerance " + options.tolerance +
                      " goes with --expect, the values to compare with");
  }
  if (options.shadow && parseEngine(options.engine) != Engine::Functional)
    throw UserError("--shadow goes with --engine functional, which alone "
                    "watches memory");
  const Executable executable =
      openProgram(context, options.program, options.how);
  const std::vector<NamedFile> wanted =
      outputFiles(executable.entry(), options.outputs, "--output");
  const std::vector<NamedFile> expected =
      outputFiles(executable.entry(), options.expected, "--expect");
  std::vector<std::string> read =
      filesBehind(options.program, executable.image());
  for (const std::string &input : options.inputs.inputs)
    read.push_back(splitFile(input, "--input").second);
  for (const NamedFile &file : expected)
    read.push_back(file.file);
  for (const NamedFile &file : wanted) {
    if (std::string problem = outputProblem(file.file); !problem.empty())
      throw UserError("--output " + file.name + "=@" + file.file + ": " +
                      problem);
    requireApart(file.file, read);
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (isa::isSameFile(wanted[i].file, wanted[j].file))
        throw UserError("--output " + wanted[i].name + "=@" + wanted[i].file +
                        " would be written over --output " + wanted[j].name +
                        "=@" + wanted[j].file + ": name another file");
  const std::vector<Tensor> references =
      readExpected(executable.entry(), expected);
  RunSettings settings;
  settings.engine = parseEngine(options.engine);
  settings.options.records = false;
  settings.options.shadow = options.shadow;
  settings.options.cancelled = interrupted;
  const RunReport report =
      runBehindLine(context, executable, options.inputs.read(), settings);
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
                     {"dtype", elementTypeName(tensor.type)}};
    context.say(name + " " + describe(tensor.type, tensor.shape));
  }
  for (const auto &[name, file] : wanted)
    writeNpy(report.outputs.at(name), file);
  std::string mismatch;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto &[name, file] = expected[i];
    const Tensor &output = report.outputs.at(name);
    const TensorError error = compareTensors(output, references[i]);
    const Tolerance tolerance = toleranceFor(options, output.type);
    const bool within = error.within(tolerance);
    outputs[name].update(
        {{"max_abs_error", error.maxAbsolute},
         {"rms_error", error.rms},
         {"cosine", error.cosine},
         {"within_tolerance", within},
         {"tolerance",
          {{"rms", tolerance.rms}, {"largest", tolerance.largest}}}});
    char cosine[32];
    std::snprintf(cosine, sizeof(cosine), "%.6f", error.cosine);
    const std::string figures = std::string("cosine ") + cosine +
                                ", RMS error " + figureText(error.rms) +
                                ", largest error " +
                                figureText(error.maxAbsolute);
    context.say("  against " + file + ": " + figures);
    if (!within)
      mismatch += "\n  " + name + " against " + file + ": " + figures +
                  "; allowed are " + figureText(tolerance.rms) +
                  " of the root mean square " + figureText(error.referenceRms) +
                  " and " + figureText(tolerance.largest) +
                  " of the largest value " + figureText(error.referenceLargest);
  }
  nlohmann::json object = subjectReport(executable.image());
  object.update({{"engine", options.engine},
                 {"target", targetReport(report.target)},
                 {"outputs", outputs},
                 {"status", report.result.stickyStatus},
                 {"wall_s", report.result.wallSeconds}});
  context.emit("run", object);
  if (mismatch.empty())
    return 0;
  std::cerr << "tilework: outputs differ from what was expected:" << mismatch
            << "\n  (--tolerance rms,largest changes what is allowed)\n";
  return 3;
}

} // namespace

void addRun(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command =
      line.command("run", "computes a model's outputs",
                   [&context, options] { return run(*options, context); });
  command.required("program", options->program, "model or program");
  command.option("--engine", options->engine,
                 "functional, systemc or rtl (default functional)");
  options->how.add(command);
  options->how.addNoCache(command);
  options->inputs.add(command);
  command.list("--output", options->outputs, "write an output: name=@file.npy");
  command.list("--expect", options->expected,
               "compare an output: name=@file.npy; exit code 3 when it "
               "is further off than the tolerance");
  command.option("--tolerance", options->tolerance,
                 "of --expect: relative RMS error, or rms,largest (default "
                 "0.1,0.25 for floats, 0 for other types)");
  command.flag("--shadow", options->shadow,
               "functional engine: report races, overlaps and reads of "
               "unwritten memory");
}

} // namespace tilework::tool
