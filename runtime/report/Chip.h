// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which chip a report speaks of: the whole target and how it differs from a
// built-in one, and what differs between two targets.

#pragma once

#include "dialects/target/Target.h"

#include <nlohmann/json.hpp>

namespace tilework {

/// {name, preset, changes {key: value}, parameters {key: value}, text}: the
/// built-in target is the one of the same name, else the nearest one; values
/// that its DRAM standard gives are no changes. `text` is targetText.
nlohmann::json targetReport(const target::Target &target);

/// "edge", or "edge(systolic_array.rows=32, dram.channels=4)" with every
/// change.
std::string targetText(const target::Target &target);

/// {key: [value of the first, of the second]} of the parameters that differ,
/// those of the given class alone if there is one.
nlohmann::json targetDifferences(const target::Target &first,
                                 const target::Target &second,
                                 const target::ParameterClass *only = nullptr);

} // namespace tilework
