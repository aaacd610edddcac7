// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The three engines behind one call.

#pragma once

#include "dialects/target/Target.h"
#include "sim/stats/Run.h"

#include <string>

namespace tilework {

enum class Engine { Functional, SystemC, Rtl };

/// "functional", "systemc", "rtl".
const char *engineName(Engine engine);
/// Throws UserError that lists the names.
Engine parseEngine(const std::string &name);

/// Runs `request` on an engine of `target`, whose geometry and memory timing
/// are filled in. Throws sim::RunError.
sim::RunResult runEngine(Engine engine, const target::Target &target,
                         sim::RunRequest &request);

} // namespace tilework
