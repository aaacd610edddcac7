// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes the waits of a program from what its instructions really touch, by
// replaying it once.

#pragma once

#include "compiler/conversion/Lowering.h"

#include <string>

namespace tilework {

/// Fills the wait fields so that every pair of conflicting accesses is ordered.
/// False with `error` set where the program cannot be walked.
bool synchronise(LoweredProgram &program, const planning::Machine &machine,
                 std::string &error);

} // namespace tilework
