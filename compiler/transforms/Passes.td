// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes on the graph dialect, in the order of the pipeline.

#ifndef TILEWORK_COMPILER_TRANSFORMS_PASSES_TD
#define TILEWORK_COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

class Graph_Pass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::tilework::graph::GraphDialect", "::mlir::arith::ArithDialect"];
}

def Simplify : Graph_Pass<"graph-simplify"> {
  let summary = "Compose views, move them behind elementwise ops, fold constants into weights";
  let description = [{
    Views of views become one view, or none where their composition is the
    row-major order of the first tensor. A broadcast moves behind the
    elementwise op that reads it, so that masks keep the axes that they depend
    on; so does a transpose of the last dimension, so that the op joins the
    product in front of it. Views and elementwise ops on weights become recorded steps.

    Before and after:

    ```mlir
    %1 = graph.transpose %0 {permutation = array<i64: 0, 2, 1>} : tensor<1x4x8xf32> -> tensor<1x8x4xf32>
    %2 = graph.transpose %1 {permutation = array<i64: 0, 2, 1>} : tensor<1x8x4xf32> -> tensor<1x4x8xf32>
    ```
    becomes `%0`.
  }];
}

def RecogniseLayerNorm : Graph_Pass<"graph-recognise-layer-norm"> {
  let summary = "Find layer and RMS normalisations spelt as reductions";
  let description = [{
    `(x - mean(x)) / sqrt(mean((x - mean(x))²) + ε) · scale + shift`, with the
    square as a power or a product and the division as a product with a
    reciprocal, becomes `graph.layer_norm`; the form without means becomes
    `graph.rms_norm`.
  }];
}

def RecogniseGelu : Graph_Pass<"graph-recognise-gelu"> {
  let summary = "Find GELU and SiLU spelt as arithmetic";
  let description = [{
    `x · ½ · (1 + erf(x / √2))` in any association becomes `graph.gelu erf`;
    `½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))` becomes
    `graph.gelu tanh`; `x · sigmoid(x)` becomes `graph.unary silu`.
  }];
}

def RecogniseAttention : Graph_Pass<"graph-recognise-attention"> {
  let summary = "Find attention around a softmax";
  let description = [{
    Two products around a softmax become `graph.attention`. The views between
    the projections and the products are composed; scales of queries, keys and
    scores become one, and so do masks that are added before a selection, its
    conditions, and what is added behind it; guards that put zeros in place of
    NaN or of whole rows become attributes and an operand.
  }];
}

def RecogniseMasks : Graph_Pass<"graph-recognise-masks"> {
  let summary = "Bring attention masks into their smallest form";
  let description = [{
    Splits a mask into the parts that it is the sum or conjunction of: constant
    causal parts become the flag `causal`, parts that mask nothing go, what is
    left depends on as few axes as its value does and is finite.
  }];
}

def FuseEpilogues : Graph_Pass<"graph-fuse-epilogues"> {
  let summary = "Give products their bias, activation, residual and normalisation";
  let description = [{
    ```mlir
    %1 = graph.matmul %x, %w : …
    %2 = graph.binary add %1, %b : …
    %3 = graph.gelu erf %2 : …
    ```
    becomes `graph.matmul %x, %w bias(%b) activation gelu_erf`.
  }];
}

def FuseProjections : Graph_Pass<"graph-fuse-projections"> {
  let summary = "Join the projections of one tensor that feed one attention";
  let description = [{
    Products of one tensor with several weights, read by one attention, become
    one product with the weights one after another; the attention's windows
    move.
  }];
}

def NumberConditions : Graph_Pass<"graph-number-conditions"> {
  let summary = "Compute small integers made of computed conditions as floats";
  let description = [{
    Models ask whether any element fulfils a condition by way of integers. The
    chip has none, but floats are exact up to 256, and a sum of more is positive
    where its largest element is. Integers made of conditions of integer inputs
    stay: the host computes them.

    ```mlir
    %1 = graph.cast %infinite : tensor<4x300xi1> -> tensor<4x300xi64>
    %2 = graph.reduce sum %1 {axes = array<i64: 0, 1>} : tensor<4x300xi64> -> tensor<1x1xi64>
    %3 = graph.binary gt %2, %zero : (tensor<1x1xi64>, tensor<i64>) -> tensor<1x1xi1>
    ```
    becomes

    ```mlir
    %1 = graph.cast %infinite : tensor<4x300xi1> -> tensor<4x300xf32>
    %2 = graph.reduce max %1 {axes = array<i64: 0, 1>} : tensor<4x300xf32> -> tensor<1x1xf32>
    %3 = graph.binary gt %2, %zero : (tensor<1x1xf32>, tensor<f32>) -> tensor<1x1xi1>
    ```
  }];
}

def OutlineLaunchSteps : Graph_Pass<"graph-outline-launch-steps"> {
  let summary = "Turn integer preparation into launch steps";
  let description = [{
    Ops that depend on integer inputs alone and end in ids of an embedding or
    in a mask become `graph.launch_step`; ids are narrowed to i32, masks to
    bf16. Integers made of computed floats, whose results leave the model, become
    steps after the launch (`finish`); an integer op between ops of the chip
    stays, and the plan refuses it by name.
  }];
}

#endif // TILEWORK_COMPILER_TRANSFORMS_PASSES_TD
