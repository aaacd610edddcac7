// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parsing and printing that several commands need.

#include "tools/tilework/Command.h"

#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Bound.h"
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
    options.dims[dim.substr(0, equals)] =
        parseSize(dim.substr(equals + 1), "--dim " + dim);
  }
  for (const std::string &shape : shapes) {
    const size_t equals = shape.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UserError("--shape " + shape + ": write name=1x128");
    std::vector<int64_t> sizes;
    std::stringstream list(shape.substr(equals + 1));
    for (std::string size; std::getline(list, size, 'x');)
      sizes.push_back(parseSize(size, "--shape " + shape));
    options.shapes[shape.substr(0, equals)] = sizes;
  }
  return options;
}

CompileActivity::CompileActivity(const Context &context,
                                 const std::string &model)
    : stage(std::make_shared<std::atomic<size_t>>(0)),
      activity(context.showsProgress(), "compiling " + model, [stage = stage] {
        const size_t count = stageNames().size();
        const size_t now = std::min(stage->load(), count - 1);
        return "stage " + std::to_string(now + 1) + " of " +
               std::to_string(count) + ", " + stageNames()[now];
      }) {}

void CompileActivity::follow(CompileOptions &options) const {
  // The compiling thread may outlive this object.
  options.finished = [stage = stage](const std::string &) { ++*stage; };
}

RunActivity::RunActivity(const Context &context, Engine engine, uint64_t least,
                         uint64_t total)
    : engine(engine), least(least), total(total),
      activity(context.showsProgress(),
               std::string(engine == Engine::Functional ? "running on "
                                                        : "simulating on ") +
                   engineName(engine),
               [this] { return howFar(); }) {}

void RunActivity::follow(sim::RunOptions &options) {
  options.progress = [this](uint64_t now) {
    building = 0;
    done = now;
  };
  options.building = [this](double seconds) { building = seconds; };
}

std::string RunActivity::howFar() const {
  if (const double seconds = building; seconds > 0)
    return "building this chip once, about " +
           std::to_string(std::lround(seconds)) + " s";
  const uint64_t now = done;
  if (engine == Engine::Functional)
    return withCommas(now) + " instructions";
  std::string text = withCommas(now);
  if (total)
    return text + " of " + withCommas(total) + " cycles, " +
           std::to_string(100 * std::min(now, total) / total) + " %";
  if (now < least)
    text += " of at least " + withCommas(least);
  return text + " cycles";
}

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
  if (settings.engine == Engine::Rtl && !total && context.showsProgress()) {
    RunSettings model = settings;
    model.engine = Engine::SystemC;
    model.options.timingOnly = true;
    model.options.records = false;
    model.options.waves.reset();
    total = runBehindLine(context, executable, inputs, model).result.cycles;
  }
  const std::optional<Bound> bound =
      boundOf(executable.image(), executable.targetWith(settings.set));
  RunActivity activity(context, settings.engine,
                       bound ? uint64_t(bound->cycles()) : 0, total);
  RunSettings followed = settings;
  activity.follow(followed.options);
  return executable.run(inputs, followed);
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

std::string withCommas(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t i = text.size(); i > 3; i -= 3)
    text.insert(i - 3, ",");
  return text;
}

static std::string scaled(double value, const char *const *units,
                          unsigned count, double step) {
  unsigned unit = 0;
  while (unit + 1 < count && value >= step) {
    value /= step;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof(text), value < 10 ? "%.2f %s" : "%.1f %s", value,
                units[unit]);
  return text;
}

std::string bytesText(double bytes) {
  static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
  return scaled(bytes, units, 5, 1000);
}

std::string secondsText(double seconds) {
  static const char *const units[] = {"ns", "µs", "ms", "s"};
  return scaled(seconds * 1e9, units, 4, 1000);
}

std::string ratioText(double ratio) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", ratio);
  return text;
}

} // namespace tilework::tool
