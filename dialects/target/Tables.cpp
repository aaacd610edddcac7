// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The generated tables of parameters, standards and presets behind their
// accessors.

#include "dialects/target/Tables.h"

#include <nlohmann/json.hpp>

namespace tilework::target {

#include "dialects/target/ParameterTables.inc"

const char *className(ParameterClass value) {
  switch (value) {
  case ParameterClass::Legality:
    return "legality";
  case ParameterClass::Planning:
    return "planning";
  case ParameterClass::Timing:
    return "timing";
  case ParameterClass::Cost:
    return "cost";
  }
  return "unknown";
}

std::string ParameterInfo::value(const Parameters &parameters) const {
  // The accessors only take the address of a member.
  auto &values = const_cast<Parameters &>(parameters);
  return isInteger() ? formatNumber(*integer(values), unit) : *choice(values);
}

nlohmann::json ParameterInfo::jsonValue(const Parameters &parameters) const {
  auto &values = const_cast<Parameters &>(parameters);
  if (isInteger())
    return *integer(values);
  return *choice(values);
}

const std::vector<ParameterInfo> &parameters() {
  static const std::vector<ParameterInfo> all(std::begin(kParameters),
                                              std::end(kParameters));
  return all;
}

const ParameterInfo *findParameter(std::string_view key) {
  for (const ParameterInfo &parameter : parameters())
    if (key == parameter.key)
      return &parameter;
  return nullptr;
}

const char *schema() { return kSchema; }

const std::vector<PresetInfo> &presets() {
  static const std::vector<PresetInfo> all(std::begin(kPresets),
                                           std::end(kPresets));
  return all;
}

const StandardInfo *findStandard(std::string_view name) {
  for (const StandardInfo &standard : kStandards)
    if (name == standard.name)
      return &standard;
  return nullptr;
}

} // namespace tilework::target
