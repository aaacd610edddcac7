// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled program and its runs as tilework._native shows them; the package's
// Python files give them the names that users see.

#pragma once

#include "compiler/Compile.h"

#include <pybind11/pybind11.h>

#include <vector>

namespace tilework::python {

/// {name, op, domain, runs_on or reason} for each node of a model.
pybind11::list nodeReports(const std::vector<CompiledNode> &nodes);

/// Program, Run, compile and load.
void registerPrograms(pybind11::module_ &module);
/// Target and what is known of parameters.
void registerTargets(pybind11::module_ &module);

} // namespace tilework::python
