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

/// An op of the fused graph that the chip cannot do, and the model nodes that
/// it came from, the primary one first.
struct RefusedOp {
  std::string op;
  std::vector<std::string> nodes;
  std::string reason;
};

/// Every op that has no plan.
class UnsupportedGraph : public llvm::ErrorInfo<UnsupportedGraph> {
public:
  static char ID;
  explicit UnsupportedGraph(std::vector<RefusedOp> refused)
      : refused(std::move(refused)) {}
  /// One line for each op.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

  std::vector<RefusedOp> refused;
};

/// Plans the module's `main`. What has no plan is an UnsupportedGraph; other
/// errors speak of the model as a whole. `cancelled` may be null.
llvm::Expected<PlannedProgram> planGraph(mlir::ModuleOp module,
                                         const planning::Machine &machine,
                                         const std::atomic<bool> *cancelled);

} // namespace tilework
