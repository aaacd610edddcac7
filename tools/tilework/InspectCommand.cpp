// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tilework inspect: what is in a model or a program, and what is supported.

#include "tools/tilework/Command.h"

#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Report.h"

#include <memory>

namespace tilework::tool {

namespace {

struct Options {
  std::string file;
  ModelOptions how;
  bool support = false, memory = false;
};

nlohmann::json describeTensors(const std::vector<isa::Tensor> &tensors,
                               const char *what, const Context &context) {
  nlohmann::json list = nlohmann::json::array();
  for (const isa::Tensor &tensor : tensors) {
    list.push_back({{"name", tensor.name},
                    {"dtype", elementTypeName(tensor.type)},
                    {"shape", tensor.shape}});
    context.say(std::string("  ") + what + " " + printable(tensor.name) + " " +
                describe(tensor.type, tensor.shape));
  }
  return list;
}

int inspectProgram(const Options &options, const Context &context) {
  if (options.support)
    throw UserError("--support goes with a model, and '" + options.file +
                    "' is a program: its ops are compiled");
  requireNoOptions(options.file, options.how.target,
                   options.how.compileOptions());
  const Executable executable = Executable::load(options.file);
  const isa::Image &image = executable.image();
  nlohmann::json object = {{"target", targetReport(executable.target())},
                           {"instructions", image.text.size()},
                           {"weights_bytes", image.weights.size},
                           {"legality", image.legality},
                           {"statistics", image.statistics},
                           {"entries", nlohmann::json::array()}};
  object.update(subjectReport(image));
  context.say("program for " + targetText(executable.target()) + ": " +
              countText(image.text.size(), "instruction") + ", weights " +
              bytesText(double(image.weights.size)));
  static const char *const kinds[] = {"weights", "input", "output", "state",
                                      "scratch"};
  for (const isa::Entry &entry : image.entries) {
    context.say("entry " + printable(entry.name) + " at " +
                std::to_string(entry.pc));
    nlohmann::json description = {
        {"name", entry.name},
        {"pc", entry.pc},
        {"inputs", describeTensors(entry.inputs, "input", context)},
        {"outputs", describeTensors(entry.outputs, "output", context)},
        {"host_steps", nlohmann::json::array()},
        {"bindings", nlohmann::json::array()}};
    for (const auto *steps : {&entry.before, &entry.after})
      for (const isa::LaunchStep &step : *steps) {
        description["host_steps"].push_back(
            {{"op", step.op}, {"output", step.output}});
        if (context.verbose)
          context.say("  host: " + step.op + " → " + printable(step.output));
      }
    context.say("  host steps: " + std::to_string(entry.before.size()) +
                " before, " + std::to_string(entry.after.size()) + " after");
    for (const isa::Binding &binding : entry.bindings) {
      description["bindings"].push_back(
          {{"name", binding.name},
           {"kind", kinds[static_cast<unsigned>(binding.kind)]},
           {"segment", binding.segment},
           {"bytes", binding.bytes}});
      if (options.memory)
        context.say("  segment " + std::to_string(binding.segment) + " " +
                    kinds[static_cast<unsigned>(binding.kind)] + " " +
                    printable(binding.name) + " " +
                    bytesText(double(binding.bytes)));
    }
    object["entries"].push_back(description);
  }
  context.emit("program", object);
  return 0;
}

/// Says every node, or those that are refused.
nlohmann::json nodeReport(const std::vector<CompiledNode> &nodes, bool all,
                          const Context &context) {
  nlohmann::json list = nlohmann::json::array();
  for (const CompiledNode &node : nodes) {
    nlohmann::json item = {
        {"name", node.name}, {"op", node.op}, {"domain", node.domain}};
    if (node.reason.empty())
      item["runs_on"] = node.runsOn;
    else
      item["reason"] = node.reason;
    list.push_back(item);
    if (all || context.verbose)
      context.say("  " + printable(node.op) + " " + printable(node.name) +
                  ": " +
                  (!node.reason.empty()       ? node.reason
                   : node.runsOn == "unknown" ? "could not be checked"
                                              : node.runsOn));
  }
  return list;
}

void sayValues(const std::vector<ModelDescription::Value> &values,
               const char *what, const Context &context) {
  for (const ModelDescription::Value &value : values) {
    std::string shape;
    for (const std::string &size : value.shape)
      shape += (shape.empty() ? "" : ", ") + size;
    context.say(std::string("  ") + what + " " + printable(value.name) + " " +
                value.type + "[" + printable(shape) + "]");
  }
}

/// Of a model with dimensions that no option fixes: what they are, and what is
/// known without them.
int inspectOpen(const Options &options, const ModelDescription &model,
                const Context &context) {
  uint64_t nodes = 0;
  for (const auto &[op, count] : model.ops)
    nodes += count;
  context.say(options.file + ": " + countText(nodes, "node") + " of " +
              countText(model.ops.size(), "operator") +
              (model.producer.empty()
                   ? std::string()
                   : ", written by " + printable(model.producer)));
  sayValues(model.inputs, "input", context);
  sayValues(model.outputs, "output", context);
  for (const std::string &op : model.unknownOps)
    context.say("  no lowering for " + printable(op));
  for (const ModelDescription::OpenAxis &axis : model.openAxes)
    context.say("  open: " + printable(axis.input) +
                (axis.axis < 0
                     ? std::string(", of any number of axes")
                     : " axis " + std::to_string(axis.axis) +
                           (axis.name.empty() ? std::string(", without a name")
                                              : ", " + printable(axis.name))));
  context.say("  whether the model is supported is known with sizes:" +
              model.sizeOptions);
  context.emit("model", descriptionReport(model));
  return 0;
}

int inspectModel(const Options &options, const Context &context) {
  if (options.memory)
    throw UserError("--memory goes with a program, and '" + options.file +
                    "' is none: compile it first");
  const target::Target target = target::Target::load(
      options.how.target.empty() ? "edge" : options.how.target);
  CompileOptions compile = options.how.compileOptions();
  compile.weights = false;
  const ModelSource source{options.file, {}, {}};
  std::string error;
  if (!source.isText())
    if (auto model = describeModel(source, error)) {
      if (!model->openAxes.empty() && compile.dims.empty() &&
          compile.shapes.empty())
        return inspectOpen(options, *model, context);
    }
  const CompileActivity activity(context, options.file);
  activity.follow(compile);
  try {
    const CompileResult result =
        compileModel(source, target, compile, interrupted);
    std::map<std::string, unsigned> places;
    for (const CompiledNode &node : result.nodes)
      ++places[node.runsOn];
    std::string summary =
        options.file + ": supported on " + targetText(target) + "; ";
    for (const auto &[place, count] : places)
      summary += countText(count, "node") + " " + place + ", ";
    context.say(summary +
                countText(result.statistics.instructions, "instruction"));
    nlohmann::json object = {
        {"target", targetReport(target)},
        {"supported", true},
        {"unsupported_share", 0.0},
        {"unchecked_nodes", 0},
        {"nodes", nodeReport(result.nodes, options.support, context)}};
    if (result.image) {
      const isa::Entry &entry = result.image->entries.front();
      object["inputs"] = describeTensors(entry.inputs, "input", context);
      object["outputs"] = describeTensors(entry.outputs, "output", context);
    }
    context.emit("model", object);
    return 0;
  } catch (const RefusedModelError &error) {
    const std::string message = error.what();
    // With --support the nodes follow, those that run too.
    context.say(options.support ? message.substr(0, message.find('\n'))
                                : message);
    context.emit(
        "model",
        {{"target", targetReport(target)},
         {"supported", false},
         {"unsupported_share", error.failure.unsupportedShare},
         {"unchecked_nodes", error.failure.uncheckedNodes},
         {"nodes", nodeReport(error.failure.nodes, options.support, context)}});
    return 2;
  }
}

} // namespace

void addInspect(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments command = line.command(
      "inspect", "what is in a model or a program, and where each op runs",
      [&context, options] {
        return isProgramFile(options->file) ? inspectProgram(*options, context)
                                            : inspectModel(*options, context);
      });
  command.required("file", options->file, "model or program");
  options->how.add(command);
  command.flag("--support", options->support,
               "model: every op, where it runs or why not (the real "
               "compiler runs)");
  command.flag("--memory", options->memory,
               "program: bindings in off-chip memory");
}

} // namespace tilework::tool
