// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stage `planned` as IR: schedules and tensor places as npu ops, and back.
// What is printed is what is lowered.

#pragma once

#include "compiler/conversion/PlannedProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tilework {

/// The tensors and groups of a program as a module of npu ops.
mlir::OwningOpRef<mlir::ModuleOp> emitNPU(const PlannedProgram &program,
                                          mlir::MLIRContext &context);

/// Replaces the program's tensors and schedules by what the module says.
/// Failure, with an error at the op, for a module that no plan gives.
mlir::LogicalResult readNPU(mlir::ModuleOp module, PlannedProgram &program);

} // namespace tilework
