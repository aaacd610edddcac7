// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parsing and printing that several commands need.

#include "tools/tilework/Command.h"

#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace tilework::tool {

void Context::say(const std::string &line) const {
  if (!json && !quiet)
    std::cout << printable(line, true) << "\n";
}

void Context::emit(const std::string &kind,
                   const nlohmann::json &object) const {
  if (json)
    std::cout << reportText(stampReport(kind, object)) << "\n";
}

void ModelOptions::add(Arguments &command) {
  command.option("--target", target,
                 "built-in target or YAML file, with ,key=value… behind it "
                 "(default edge)");
  command.list("--dim", dims, "fix a symbolic dimension: sequence=128");
  command.list("--shape", shapes, "fix the shape of an input: input_ids=1x128");
}

void ModelOptions::addNoCache(Arguments &command) {
  command.flag("--no-cache", noCache,
               "compile the model, whether it was compiled before or not, "
               "and keep nothing");
}

static int64_t parseSize(const std::string &text, const std::string &what) {
  try {
    size_t used = 0;
    const int64_t value = std::stoll(text, &used);
    if (used == text.size() && value >= 0)
      return value;
  } catch (const std::exception &) {
  }
  throw UserError(what + ": '" + text + "' is no size");
}

CompileOptions ModelOptions::compileOptions() const {
  CompileOptions options;
  for (const std::string &dim : dims) {
    const size_t equals = dim.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UserError("--dim " + dim + ": write name=size");
    const std::string name = dim.substr(0, equals);
    const int64_t size = parseSize(dim.substr(equals + 1), "--dim " + dim);
    if (!options.dims.emplace(name, size).second)
      throw UserError("--dim " + dim + ": '" + name + "' is given twice");
  }
  for (const std::string &shape : shapes) {
    const size_t equals = shape.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UserError("--shape " + shape + ": write name=1x128");
    std::vector<int64_t> sizes;
    if (shape.back() == 'x')
      throw UserError("--shape " + shape +
                      ": no size stands behind the last x");
    std::stringstream list(shape.substr(equals + 1));
    for (std::string size; std::getline(list, size, 'x');)
      sizes.push_back(parseSize(size, "--shape " + shape));
    const std::string name = shape.substr(0, equals);
    if (!options.shapes.emplace(name, sizes).second)
      throw UserError("--shape " + shape + ": '" + name + "' is given twice");
  }
  return options;
}

CompileActivity::CompileActivity(const Context &context,
                                 const std::string &model)
    : activity(context.showsProgress(), "compiling " + model,
               [progress = progress] { return progress.howFar(); }) {}

Executable openProgram(const Context &context, const std::string &path,
                       const ModelOptions &how) {
  const CompileActivity activity(context, path);
  CompileOptions options = how.compileOptions();
  activity.follow(options);
  return tilework::openProgram(path, how.target, options, interrupted,
                               !how.noCache);
}

RunReport runBehindLine(const Context &context, const Executable &executable,
                        const TensorMap &inputs, const RunSettings &settings,
                        uint64_t total) {
  return runWithProgress(
      executable, settings, total, context.showsProgress(),
      [&](const RunSettings &followed, const RunProgress &progress) {
        const Activity activity(context.showsProgress(), progress.title(),
                                [&] { return progress.howFar(); });
        return executable.run(inputs, followed);
      });
}

std::pair<std::string, std::string> splitFile(const std::string &text,
                                              const std::string &option) {
  const size_t equals = text.find("=@");
  if (equals == std::string::npos || equals == 0 || equals + 2 == text.size())
    throw UserError(option + " " + text + ": write name=@file.npy");
  return {text.substr(0, equals), text.substr(equals + 2)};
}

void InputOptions::add(Arguments &command) {
  command.list("--input", inputs, "value of an input: name=@file.npy");
}

TensorMap InputOptions::read() const {
  TensorMap tensors;
  for (const std::string &input : inputs) {
    const auto [name, file] = splitFile(input, "--input");
    if (!tensors.emplace(name, readNpy(file)).second)
      throw UserError("--input " + input + ": '" + name + "' is given twice");
  }
  return tensors;
}

} // namespace tilework::tool
