// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a failing program small: drops instructions, loops and routines while
// it still fails.

#pragma once

#include "sim/cosim/TestProgram.h"

#include <functional>

namespace tilework::sim {

/// `fails` says whether a legal program still shows the difference. Returns the
/// smallest program found with at most `attempts` calls of `fails`; the result
/// is legal and fails.
TestProgram shrink(const TestProgram &program, const Geometry &geometry,
                   uint64_t operationLimit, unsigned attempts,
                   const std::function<bool(TestProgram &)> &fails);

} // namespace tilework::sim
