// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program of random co-simulation as a file that every other command takes,
// and that `tilework cosim --replay` runs again exactly as it was.

#pragma once

#include "dialects/isa/Image.h"
#include "dialects/target/Target.h"
#include "sim/cosim/TestProgram.h"

#include <string>

namespace tilework::tool {

/// Writes `program` to `folder`/cosim-<target>-<hash of the target>-<seed>.s,
/// which assembles, with its data beside it; `comment`, of one line, stands at
/// the head of the instructions. A program with an encoding that no instruction
/// has becomes a program file, .tw. Returns the path; throws UserError.
std::string writeCosimFile(sim::TestProgram &program,
                           const target::Target &target,
                           const std::string &comment,
                           const std::string &folder);

/// Reads either kind of file, or any other program without inputs, which is
/// placed as the loader places it. `target` takes the target that it was
/// written for. Throws UserError.
sim::TestProgram readCosimFile(const std::string &path, target::Target &target);

} // namespace tilework::tool
