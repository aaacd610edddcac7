// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the graph in the form after `fused` to groups, schedules and DRAM
// places: the stage `planned`.

#pragma once

#include "compiler/conversion/PlannedProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <atomic>

namespace tilework {

/// Plans the module's `main`. The error names the op, its model node and the
/// figures. `cancelled` may be null.
llvm::Expected<PlannedProgram> planGraph(mlir::ModuleOp module,
                                         const planning::Machine &machine,
                                         const std::atomic<bool> *cancelled);

} // namespace tilework
