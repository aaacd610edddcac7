// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes on the graph dialect.

#include "compiler/transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace tilework;

void tilework::buildSimplifiedStage(mlir::OpPassManager &passes) {
  passes.addPass(createSimplifyPass());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildRecognisedStage(mlir::OpPassManager &passes) {
  passes.addPass(createRecogniseLayerNormPass());
  passes.addPass(createRecogniseGeluPass());
  passes.addPass(createRecogniseAttentionPass());
  passes.addPass(createRecogniseMasksPass());
  passes.addPass(createSimplifyPass());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildFusedStage(mlir::OpPassManager &passes) {
  passes.addPass(createFuseEpiloguesPass());
  passes.addPass(createFuseProjectionsPass());
  passes.addPass(createNumberConditionsPass());
  passes.addPass(createOutlineLaunchStepsPass());
  passes.addPass(createSimplifyPass());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildGraphPipeline(mlir::OpPassManager &passes) {
  buildSimplifiedStage(passes);
  buildRecognisedStage(passes);
  buildFusedStage(passes);
}
