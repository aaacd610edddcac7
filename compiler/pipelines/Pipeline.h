// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of a compilation, private to compiler/.

#pragma once

#include "compiler/Compile.h"
#include "compiler/planning/Machine.h"

namespace tilework {

/// The numbers of a target that planning asks for.
planning::Machine machineOf(const target::Target &target);

/// Runs the stages in the calling thread. May throw what its parts throw.
CompileResult runPipeline(const ModelSource &source,
                          const target::Target &target,
                          const CompileOptions &options);

} // namespace tilework
