// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework targets: built-in targets, their parameters, the schema, validation.

#include "tools/tilework/Command.h"

#include "dialects/target/Target.h"
#include "runtime/Error.h"
#include "runtime/report/Report.h"

#include <iostream>
#include <memory>

namespace tilework::tool {

namespace {

struct Options {
  std::string name, validate;
  bool schema = false;
};

int show(const Options &options, const Context &context) {
  const target::Target target = target::Target::load(options.name);
  nlohmann::json object = {{"target", target.toJson()},
                           {"parameters", nlohmann::json::array()}};
  context.say(target.name + (target.like.empty() ? "" : ": " + target.like));
  std::string block;
  for (const target::ParameterInfo &parameter : target::parameters()) {
    object["parameters"].push_back(
        {{"key", parameter.key},
         {"value", parameter.jsonValue(target)},
         {"unit", parameter.unit},
         {"class", target::className(parameter.parameterClass)},
         {"sentence", parameter.sentence},
         {"affects", parameter.affects}});
    if (block != parameter.block)
      context.say("");
    block = parameter.block;
    context.say(std::string(parameter.key) + " = " + parameter.value(target) +
                " " + parameter.unit + "  (" +
                target::className(parameter.parameterClass) + ")");
    if (context.verbose || !options.name.empty())
      context.say(std::string("    ") + parameter.sentence +
                  " Affects: " + parameter.affects + ".");
  }
  context.emit("target", object);
  return 0;
}

int run(const Options &options, const Context &context) {
  if (options.schema + !options.validate.empty() + !options.name.empty() > 1)
    throw UserError("a target, --schema and --validate ask for different "
                    "things: give one of them");
  if (options.schema) {
    std::cout << target::schema() << "\n";
    return 0;
  }
  if (!options.validate.empty()) {
    const target::Target target = target::Target::load(options.validate);
    context.say(options.validate + ": a legal target, " + target.name);
    context.emit("target", {{"valid", true}, {"target", target.toJson()}});
    return 0;
  }
  if (!options.name.empty())
    return show(options, context);
  nlohmann::json names = nlohmann::json::array();
  for (const std::string &name : target::Target::presetNames()) {
    const target::Target target = target::Target::preset(name);
    names.push_back({{"name", name}, {"target", target.toJson()}});
    context.say(name + ": array " + std::to_string(target.systolic_array.rows) +
                "×" + std::to_string(target.systolic_array.columns) +
                ", scratchpad " +
                bytesText(double(target.scratchpad.size_bytes)) + ", DRAM " +
                rateText(target.dramBandwidthBytesPerSecond()) + "; like " +
                target.like);
  }
  context.emit("targets", {{"targets", names}});
  return 0;
}

} // namespace

void addTargets(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command =
      line.command("targets", "lists targets and their parameters",
                   [&context, options] { return run(*options, context); });
  command.positional("name", options->name,
                     "built-in target or YAML file, with ,key=value…");
  command.flag("--schema", options->schema, "JSON schema of target files");
  command.option("--validate", options->validate, "check a target file");
}

} // namespace tilework::tool
