// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes what a stage left wrong on purpose, so that tests can show that the
// checks behind it notice (CompileOptions::plantFault).

#pragma once

#include "compiler/conversion/Lowering.h"
#include "compiler/conversion/PlannedProgram.h"

#include "mlir/IR/BuiltinOps.h"

namespace tilework {

/// Each changes the activation of the last product or of the last vector chain
/// and says whether there was one.
bool plantFault(mlir::ModuleOp graph);
bool plantFault(PlannedProgram &planned);
bool plantFault(LoweredProgram &lowered);

} // namespace tilework
