// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model asks of any machine, counted on the fused graph: from it follows
// the bound that simulated cycles are held against. No property of a program.

#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <nlohmann/json.hpp>

namespace tilework {

/// The work of the model, and under `layers` that of each op of the graph:
/// {node (the primary one's name), shape (text: 16×384×1536 of a product
/// M×K×N, 12·(16×64×16) of twelve, else of the result), …}.
///
/// Work is `matmuls`: [[m, k, n, int8, count]…]; `vector_elements`: elements ×
/// passes (one for the epilogue of a product or an elementwise op, two for a
/// softmax over its scores and for a normalisation); `compulsory_read_bytes`
/// and `compulsory_write_bytes`: each weight, input and output once in the
/// program's types, of a gathered table the rows read.
nlohmann::json modelWork(mlir::ModuleOp fused);

} // namespace tilework
