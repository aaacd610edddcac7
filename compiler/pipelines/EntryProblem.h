// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module that a user wrote must keep to before the stages see it.

#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace tilework {

/// What `main` has that no stage can take; empty where it is well.
std::string entryProblem(mlir::func::FuncOp main);

} // namespace tilework
