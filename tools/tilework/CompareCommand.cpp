// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tilework compare: two programs, a model and a program, or two simulation
// reports, and what differs.

#include "tools/tilework/Command.h"

#include "dialects/isa/Assembly.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Compare.h"

#include <fstream>
#include <iostream>
#include <memory>

namespace tilework::tool {

namespace {

struct Options {
  std::string first, second;
};

std::string instructionText(const isa::Image &image, size_t index) {
  if (index >= image.text.size())
    return "nothing";
  isa::DecodeResult decoded = isa::decode(image.text[index]);
  return decoded ? isa::print(*decoded.instruction) : decoded.error;
}

/// The first difference of two programs; empty when they are the same.
std::string difference(const isa::Image &a, const isa::Image &b) {
  for (size_t i = 0; i < std::max(a.text.size(), b.text.size()); ++i)
    if (i >= a.text.size() || i >= b.text.size() || a.text[i] != b.text[i])
      return "instruction " + std::to_string(i) + ":\n  " +
             instructionText(a, i) + "\n  " + instructionText(b, i);
  if (a.legality != b.legality)
    return "legality parameters: " + a.legality.dump() + " and " +
           b.legality.dump();
  if (a.weights.size != b.weights.size)
    return "weights: " + std::to_string(a.weights.size) + " and " +
           std::to_string(b.weights.size) + " bytes";
  for (uint64_t i = 0; i < a.weights.size; ++i)
    if (a.weights.data[i] != b.weights.data[i])
      return "weights: byte " + std::to_string(i);
  return "";
}

enum class Kind { Program, Report, Model };

/// By content: what is neither a program nor JSON may be a model.
Kind kindOf(const std::string &path) {
  if (isProgramFile(path))
    return Kind::Program;
  std::ifstream file(path);
  char first = 0;
  file >> first;
  return first == '{' ? Kind::Report : Kind::Model;
}

/// A program as it is, a model compiled as the program beside it was: for its
/// target and, where the model leaves them open, the shapes of its inputs.
isa::Image imageOf(const Context &context, const std::string &path,
                   const std::string &beside) {
  if (isProgramFile(path))
    return isa::readImage(path);
  const Executable program = Executable::load(beside);
  const ModelSource model{path, {}, {}};
  CompileOptions options;
  if (!model.isText())
    for (const isa::Tensor &input : program.entry().inputs)
      options.shapes[input.name] = input.shape;
  const CompileActivity activity(context, path);
  activity.follow(options);
  return std::move(
      *compileModel(model, program.target(), options, interrupted).image);
}

nlohmann::json readReport(const std::string &path) {
  const std::vector<uint8_t> bytes = readFile(path);
  nlohmann::json report =
      nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!report.is_object() || !report.contains("units"))
    throw UserError("'" + path +
                    "' is JSON and no report of `tilework simulate --json`");
  return report;
}

int run(const Options &options, const Context &context) {
  requireFile(options.first);
  requireFile(options.second);
  const Kind first = kindOf(options.first), second = kindOf(options.second);
  const bool reports = first == Kind::Report || second == Kind::Report,
             programs = first == Kind::Program || second == Kind::Program;
  if (programs && !reports) {
    const std::string found =
        difference(imageOf(context, options.first, options.second),
                   imageOf(context, options.second, options.first));
    context.emit("compare",
                 {{"equal", found.empty()}, {"first_difference", found}});
    context.say(found.empty() ? "the programs are the same" : found);
    return found.empty() ? 0 : 3;
  }
  if (first != second || !reports)
    throw UserError("'" + options.first + "' and '" + options.second +
                    "' do not go together: give two programs, a model and "
                    "a program, or two reports of `tilework simulate --json`");
  const nlohmann::json object =
      compareReports(readReport(options.first), readReport(options.second),
                     "'" + options.first + "'", "'" + options.second + "'");
  for (const nlohmann::json &warning : object.at("warnings"))
    std::cerr << "tilework: warning: " << warning.get<std::string>() << "\n";
  context.say(comparisonText(object));
  context.emit("compare", object);
  return 0;
}

} // namespace

void addCompare(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command =
      line.command("compare",
                   "two programs, a model and a program, or two reports of "
                   "`simulate --json`",
                   [&context, options] { return run(*options, context); });
  command.required("first", options->first,
                   "program, model beside a program, or report of "
                   "`simulate --json`");
  command.required("second", options->second,
                   "what it is held against, of the same kind");
}

} // namespace tilework::tool
