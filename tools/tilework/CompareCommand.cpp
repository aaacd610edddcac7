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
#include "runtime/report/Chip.h"
#include "runtime/report/Report.h"

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

bool isModelFile(const std::string &path) {
  auto ends = [&](const std::string &suffix) {
    return path.size() > suffix.size() &&
           path.compare(path.size() - suffix.size(), suffix.size(), suffix) ==
               0;
  };
  return ends(".onnx") || ends(".mlir");
}

/// A program as it is, a model compiled as the program beside it was: for its
/// target and the shapes of its inputs.
isa::Image imageOf(const std::string &path, const std::string &beside) {
  if (isProgramFile(path))
    return isa::readImage(path);
  const Executable program = Executable::load(beside);
  CompileOptions options;
  for (const isa::Tensor &input : program.entry().inputs)
    options.shapes[input.name] = input.shape;
  return std::move(
      *compileModel({path, {}, {}}, program.target(), options, interrupted)
           .image);
}

nlohmann::json readReport(const std::string &path) {
  const std::vector<uint8_t> bytes = readFile(path);
  try {
    nlohmann::json object = nlohmann::json::parse(bytes.begin(), bytes.end());
    if (object.contains("cycles") && object.contains("units")) {
      if (!object.contains("target") || !object.at("target").is_object() ||
          !object.at("target").contains("parameters"))
        throw UserError("'" + path +
                        "' does not say which chip it speaks of: another "
                        "version wrote it; simulate again");
      return object;
    }
  } catch (const nlohmann::json::exception &) {
  }
  throw UserError("'" + path +
                  "' is neither a program nor a report of "
                  "`tilework simulate --json`");
}

/// What the second report speaks of and the first does not, before any figure:
/// parameters of the chips, then model, shapes and inputs, which make a
/// comparison doubtful.
nlohmann::json subjects(const nlohmann::json &a, const nlohmann::json &b,
                        const Context &context) {
  nlohmann::json object = {{"chips", nlohmann::json::object()},
                           {"warnings", nlohmann::json::array()}};
  auto chip = [&](const char *which) {
    nlohmann::json none;
    const nlohmann::json *first = &none, *second = &none;
    for (auto [report, found] : {std::pair(&a, &first), std::pair(&b, &second)})
      *found =
          report->contains(which) ? &report->at(which) : &report->at("target");
    for (const auto &[key, value] : first->at("parameters").items()) {
      const auto other = second->at("parameters").value(key, nlohmann::json());
      if (other == value)
        continue;
      const std::string name =
          (which == std::string("target") ? "" : "planned for ") + key;
      context.say("  chip: " + name + " " + value.dump() + " → " +
                  other.dump());
      object["chips"][name] = {value, other};
    }
  };
  chip("target");
  if (a.contains("planned_for") || b.contains("planned_for"))
    chip("planned_for");
  for (const auto &[key, what] :
       {std::pair("model_sha256", "models"), std::pair("shapes", "shapes"),
        std::pair("inputs_seed", "inputs")}) {
    if (a.value(key, nlohmann::json()) == b.value(key, nlohmann::json()))
      continue;
    const std::string warning = std::string("the two reports speak of "
                                            "different ") +
                                what;
    std::cerr << "tilework: warning: " << warning << "\n";
    object["warnings"].push_back(warning);
  }
  const auto first = a.value("outputs_sha256", nlohmann::json()),
             second = b.value("outputs_sha256", nlohmann::json());
  object["bytes"] = first.is_null() || second.is_null() ? "not computed"
                    : first == second                   ? "equal"
                                                        : "different";
  context.say("  bytes of the outputs: " + object["bytes"].get<std::string>());
  return object;
}

/// Names the figures that moved, largest share first within a unit.
nlohmann::json moved(const nlohmann::json &a, const nlohmann::json &b,
                     const Context &context) {
  nlohmann::json changes = nlohmann::json::array();
  auto compare = [&](const std::string &name, double before, double after) {
    if (before == after)
      return;
    changes.push_back({{"figure", name}, {"first", before}, {"second", after}});
    char text[64];
    std::snprintf(text, sizeof(text), "%.0f → %.0f (%+.1f %%)", before, after,
                  before == 0 ? 100.0 : 100.0 * (after - before) / before);
    context.say("  " + name + ": " + text);
  };
  compare("cycles", a.at("cycles"), b.at("cycles"));
  for (const char *kind : {"read", "write", "instructions"})
    compare(std::string("dram_bytes.") + kind, a["dram_bytes"].value(kind, 0.0),
            b["dram_bytes"].value(kind, 0.0));
  for (const auto &[unit, figures] : a.at("units").items()) {
    const nlohmann::json other = b.at("units").value(unit, nlohmann::json());
    compare(unit + ".busy", figures.value("busy", 0.0),
            other.value("busy", 0.0));
    std::map<std::string, std::pair<double, double>> stalls;
    for (const auto &[cause, cycles] : figures.at("stalls").items())
      stalls[cause].first = cycles;
    for (const auto &[cause, cycles] : other.at("stalls").items())
      stalls[cause].second = cycles;
    for (const auto &[cause, cycles] : stalls)
      compare(unit + "." + cause, cycles.first, cycles.second);
  }
  return changes;
}

int run(const Options &options, const Context &context) {
  const bool programs[] = {isProgramFile(options.first),
                           isProgramFile(options.second)};
  if ((programs[0] && (programs[1] || isModelFile(options.second))) ||
      (programs[1] && isModelFile(options.first))) {
    const std::string found =
        difference(imageOf(options.first, options.second),
                   imageOf(options.second, options.first));
    context.emit("compare",
                 {{"equal", found.empty()}, {"first_difference", found}});
    context.say(found.empty() ? "the programs are the same" : found);
    return found.empty() ? 0 : 3;
  }
  if (programs[0] || programs[1])
    throw UserError("'" + options.first + "' and '" + options.second +
                    "' are of different kinds: give two programs, a model and "
                    "a program, or two reports of `tilework simulate --json`");
  const nlohmann::json first = readReport(options.first),
                       second = readReport(options.second);
  nlohmann::json object = subjects(first, second, context);
  const nlohmann::json changes = moved(first, second, context);
  if (changes.empty())
    context.say("nothing moved");
  object["equal"] = changes.empty();
  object["changes"] = changes;
  context.emit("compare", object);
  return 0;
}

} // namespace

void addCompare(CLI::App &app, Context &context) {
  auto options = std::make_shared<Options>();
  CLI::App &command = *app.add_subcommand(
      "compare", "two programs, a model and a program, or two reports of "
                 "`simulate --json`");
  command.add_option("first", options->first)->required();
  command.add_option("second", options->second)->required();
  command.callback([&context, options] {
    context.run = [&context, options] { return run(*options, context); };
  });
}

} // namespace tilework::tool
