// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph dialect: what a Transformer computes, on ranked tensors, between
// the import of a model and the plan. RationaleGraph.md states the form that
// each stage leaves behind.

#ifndef TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_TD
#define TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::tilework::graph";
  let summary = "Transformer computations on tensors";
  let description = [{
    Ops on ranked tensors that say what a Transformer computes. Float tensors
    carry the element type of the model (f32 in most files); the plan chooses
    what is stored. A weight is a span of an input file with recorded steps,
    never a dense attribute; a constant of at most 1 KB is an `arith.constant`.

    Elementwise ops broadcast as NumPy does, so that no broadcast tensor is
    ever written; views (`reshape`, `transpose`, `slice`, `broadcast`) name
    no memory. Integer preparation for the host is `launch_step`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
}

#endif // TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_TD
