// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes on the graph dialect and the pipeline that they make up, from the
// stage `imported` to `fused`.

#ifndef TILEWORK_COMPILER_TRANSFORMS_PASSES_H
#define TILEWORK_COMPILER_TRANSFORMS_PASSES_H

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace mlir {
class OpPassManager;
}

namespace tilework {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"

/// The stages of the graph pipeline, each the passes that lead to it from the
/// one before.
void buildSimplifiedStage(mlir::OpPassManager &passes);
void buildRecognisedStage(mlir::OpPassManager &passes);
void buildFusedStage(mlir::OpPassManager &passes);

/// All three, from `imported` to `fused`.
void buildGraphPipeline(mlir::OpPassManager &passes);

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

} // namespace tilework

#endif // TILEWORK_COMPILER_TRANSFORMS_PASSES_H
