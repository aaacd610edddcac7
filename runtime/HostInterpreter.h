// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module of the graph dialect means, on the host, each op in double
// precision and its value in fp32: the reference that the stages of a
// compilation are held against.

#pragma once

#include "compiler/import/HostTensor.h"
#include "compiler/import/SourceFiles.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework {

/// An op that the interpreter cannot evaluate: which one, and why.
struct HostEvaluationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Sees every result of an op that is no constant, in program order, and may
/// replace it before later ops read it.
using HostVisitor = std::function<void(mlir::Value, HostTensor &)>;

/// Evaluates the module's `main`; `inputs` by the names of its arguments,
/// floats as double. Gives the results in order. Throws HostEvaluationError.
std::vector<HostTensor>
interpretGraph(mlir::ModuleOp module, const SourceFiles &files,
               const std::map<std::string, HostTensor> &inputs,
               const HostVisitor &visitor = {});

/// Names of the model nodes that an op came from, the primary one first.
std::vector<std::string> modelNodes(mlir::Operation *op);

} // namespace tilework
