// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What CompileOptions::observer sees behind a stage: for the checks of the
// runtime, which may name MLIR.

#pragma once

#include "compiler/conversion/PlannedProgram.h"
#include "compiler/import/SourceFiles.h"
#include "dialects/isa/Image.h"

#include "mlir/IR/BuiltinOps.h"

namespace tilework {

/// Valid during the call.
struct StageView {
  std::string name;
  /// The graph; what it says stays as it is from `fused` on.
  mlir::ModuleOp graph;
  const SourceFiles *files = nullptr;
  /// Behind `imported`: the values of the model's graph by their names.
  const std::vector<std::pair<std::string, mlir::Value>> *values = nullptr;
  const PlannedProgram *planned = nullptr; ///< from `planned` on
  const isa::Image *image = nullptr;       ///< behind `encoded`
};

} // namespace tilework
