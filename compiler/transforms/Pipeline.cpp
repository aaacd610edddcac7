// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes on the graph dialect.

#include "compiler/transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace tilework;

void tilework::buildSimplifiedStage(mlir::OpPassManager &passes) {
  passes.addPass(createSimplify());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildRecognisedStage(mlir::OpPassManager &passes) {
  passes.addPass(createRecogniseLayerNorm());
  passes.addPass(createRecogniseGelu());
  passes.addPass(createRecogniseAttention());
  passes.addPass(createRecogniseMasks());
  passes.addPass(createSimplify());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildFusedStage(mlir::OpPassManager &passes) {
  passes.addPass(createFuseEpilogues());
  passes.addPass(createFuseProjections());
  passes.addPass(createNumberConditions());
  passes.addPass(createOutlineLaunchSteps());
  passes.addPass(createSimplify());
  passes.addPass(mlir::createCSEPass());
}

void tilework::buildGraphPipeline(mlir::OpPassManager &passes) {
  buildSimplifiedStage(passes);
  buildRecognisedStage(passes);
  buildFusedStage(passes);
}
