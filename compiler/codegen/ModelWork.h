// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model asks of any machine of this kind, counted on the recognised
// graph, before anything is fused: from it follows the bound that simulated
// cycles are held against. No property of a program, and no program needs less.

#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <nlohmann/json.hpp>

namespace tilework {

/// Only what the outputs need is counted: of a slice what it keeps, of a
/// gathered table the rows.
///
/// `matmuls`: [[m, k, n, int8, count]…]; products of one left side are one of
/// all their columns, two that are added one of both depths, heads that share
/// keys one of all their rows. `partial_macs`: multiply-accumulates of products
/// of which only a part is needed.
/// `vector_elements`: elements × passes. A product's result passes the vector
/// unit once, the rows of a softmax or normalisation once more, and what
/// depends on no product once, however many functions are computed on the way.
/// `compulsory_read_bytes` and `compulsory_write_bytes`: each weight, float
/// input and output once, in the program's types. `reused_weights`: [[bytes,
/// times]…] of weights that a product reads again which depends on one that
/// read them before: what the scratchpad cannot hold crosses the pins again.
nlohmann::json modelWork(mlir::ModuleOp recognised);

} // namespace tilework
