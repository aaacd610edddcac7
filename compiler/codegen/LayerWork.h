// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each op of the fused graph asks of a machine: what the rows of a report
// on layers are held against.

#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <nlohmann/json.hpp>

namespace tilework {

/// A list in the order of the ops: {node (the primary one's name), shape (text:
/// 16×384×1536 of a product M×K×N, 12·(16×64×16) of twelve, else of the
/// result), and its work as in ModelWork.h, as if it stood alone: a product's
/// results and a softmax's elements pass the vector unit, weights, inputs and
/// outputs cross the pins}.
nlohmann::json layerWork(mlir::ModuleOp fused);

} // namespace tilework
