// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Targets as reports name them.

#include "runtime/report/Chip.h"

#include <algorithm>
#include <optional>

namespace tilework {

namespace {

using nlohmann::json;
using target::ParameterInfo;
using target::Target;

/// A preset and the parameters in which a target differs from it.
struct Difference {
  std::string preset;
  std::vector<const ParameterInfo *> changes;
};

Difference differenceFrom(const std::string &preset, const Target &target) {
  Target base = Target::preset(preset);
  // A standard brings values along: only those set beside it are changes.
  const std::string standard = base.dram.standard;
  if (standard != target.dram.standard) {
    try {
      base.apply(std::vector<target::Override>{
          {"dram.standard", target.dram.standard}});
    } catch (const target::TargetError &) {
      // The standard fits the target and not the preset: values stand alone.
    }
  }
  Difference difference{preset, {}};
  for (const ParameterInfo &parameter : target::parameters())
    if (parameter.value(base) != parameter.value(target) ||
        (std::string(parameter.key) == "dram.standard" &&
         standard != target.dram.standard))
      difference.changes.push_back(&parameter);
  return difference;
}

Difference differenceOf(const Target &target) {
  const std::vector<std::string> &names = Target::presetNames();
  if (std::find(names.begin(), names.end(), target.name) != names.end())
    return differenceFrom(target.name, target);
  std::optional<Difference> nearest;
  for (const std::string &name : names) {
    Difference difference = differenceFrom(name, target);
    if (!nearest || difference.changes.size() < nearest->changes.size())
      nearest = std::move(difference);
  }
  return *nearest;
}

std::string textOf(const Difference &difference, const Target &target) {
  std::string text;
  for (const ParameterInfo *parameter : difference.changes)
    text += (text.empty() ? "" : ", ") + std::string(parameter->key) + "=" +
            parameter->value(target);
  std::string name = target.name;
  if (name != difference.preset)
    name += " = " + difference.preset;
  return text.empty() ? name : name + "(" + text + ")";
}

} // namespace

json targetReport(const Target &target) {
  const Difference difference = differenceOf(target);
  json report = {{"name", target.name},
                 {"preset", difference.preset},
                 {"changes", json::object()},
                 {"parameters", json::object()},
                 {"text", textOf(difference, target)}};
  for (const ParameterInfo *parameter : difference.changes)
    report["changes"][parameter->key] = parameter->jsonValue(target);
  for (const ParameterInfo &parameter : target::parameters())
    report["parameters"][parameter.key] = parameter.jsonValue(target);
  return report;
}

std::string targetText(const Target &target) {
  return textOf(differenceOf(target), target);
}

json targetDifferences(const Target &first, const Target &second,
                       const target::ParameterClass *only) {
  json differences = json::object();
  for (const ParameterInfo &parameter : target::parameters())
    if ((!only || parameter.parameterClass == *only) &&
        parameter.value(first) != parameter.value(second))
      differences[parameter.key] = {parameter.jsonValue(first),
                                    parameter.jsonValue(second)};
  return differences;
}

} // namespace tilework
