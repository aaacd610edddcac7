// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables that only the target library itself needs: the text of the presets and
// what a DRAM standard sets.

#pragma once

#include "dialects/target/Target.h"

namespace tilework::target {

struct PresetInfo {
  const char *name;
  const char *yaml;
};

struct StandardValue {
  const char *key;
  uint64_t value;
};

struct StandardInfo {
  const char *name;
  unsigned channelBits;
  const char *source;
  std::vector<StandardValue> values;
};

/// In the order of Parameters.td's presets: smallest first.
const std::vector<PresetInfo> &presets();
/// Null when there is no such standard.
const StandardInfo *findStandard(std::string_view name);

} // namespace tilework::target
