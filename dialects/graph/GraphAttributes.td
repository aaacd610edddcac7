// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Enumerations of the graph dialect and the attributes that describe a weight:
// a span of a file, the steps done to it, and the two together.

#ifndef TILEWORK_DIALECTS_GRAPH_GRAPHATTRIBUTES_TD
#define TILEWORK_DIALECTS_GRAPH_GRAPHATTRIBUTES_TD

include "dialects/graph/GraphDialect.td"

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Graph_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::tilework::graph";
  let genSpecializedAttr = 0;
}

class Graph_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<Graph_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

def Graph_UnaryKind : Graph_Enum<"UnaryKind", "one-operand function", [
  I32EnumAttrCase<"Neg", 0, "neg">, I32EnumAttrCase<"Abs", 1, "abs">,
  I32EnumAttrCase<"Sqrt", 2, "sqrt">, I32EnumAttrCase<"Rsqrt", 3, "rsqrt">,
  I32EnumAttrCase<"Reciprocal", 4, "reciprocal">,
  I32EnumAttrCase<"Exp", 5, "exp">, I32EnumAttrCase<"Log", 6, "log">,
  I32EnumAttrCase<"Tanh", 7, "tanh">, I32EnumAttrCase<"Erf", 8, "erf">,
  I32EnumAttrCase<"Sigmoid", 9, "sigmoid">,
  I32EnumAttrCase<"Silu", 10, "silu">, I32EnumAttrCase<"Relu", 11, "relu">,
  I32EnumAttrCase<"Not", 12, "not">, I32EnumAttrCase<"IsNan", 13, "is_nan">,
  I32EnumAttrCase<"Floor", 14, "floor">, I32EnumAttrCase<"Ceil", 15, "ceil">,
  I32EnumAttrCase<"Round", 16, "round">, I32EnumAttrCase<"Sign", 17, "sign">,
  I32EnumAttrCase<"Cos", 18, "cos">, I32EnumAttrCase<"Sin", 19, "sin">,
  I32EnumAttrCase<"Tan", 20, "tan">, I32EnumAttrCase<"Asin", 21, "asin">,
  I32EnumAttrCase<"Acos", 22, "acos">, I32EnumAttrCase<"Atan", 23, "atan">,
  I32EnumAttrCase<"Sinh", 24, "sinh">, I32EnumAttrCase<"Cosh", 25, "cosh">,
  I32EnumAttrCase<"Asinh", 26, "asinh">, I32EnumAttrCase<"Acosh", 27, "acosh">,
  I32EnumAttrCase<"Atanh", 28, "atanh">]>;
def Graph_UnaryKindAttr : Graph_EnumAttr<Graph_UnaryKind, "unary_kind">;

def Graph_BinaryKind : Graph_Enum<"BinaryKind", "two-operand function", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Mod", 5, "mod">,
  I32EnumAttrCase<"Max", 6, "max">, I32EnumAttrCase<"Min", 7, "min">,
  I32EnumAttrCase<"And", 8, "and">, I32EnumAttrCase<"Or", 9, "or">,
  I32EnumAttrCase<"Xor", 10, "xor">, I32EnumAttrCase<"Eq", 11, "eq">,
  I32EnumAttrCase<"Ne", 12, "ne">, I32EnumAttrCase<"Lt", 13, "lt">,
  I32EnumAttrCase<"Le", 14, "le">, I32EnumAttrCase<"Gt", 15, "gt">,
  I32EnumAttrCase<"Ge", 16, "ge">]>;
def Graph_BinaryKindAttr : Graph_EnumAttr<Graph_BinaryKind, "binary_kind">;

def Graph_ReduceKind : Graph_Enum<"ReduceKind", "reduction", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Prod", 4, "prod">]>;
def Graph_ReduceKindAttr : Graph_EnumAttr<Graph_ReduceKind, "reduce_kind">;

def Graph_Activation : Graph_Enum<"Activation", "activation of an epilogue", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Relu", 1, "relu">,
  I32EnumAttrCase<"GeluErf", 2, "gelu_erf">,
  I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 4, "silu">, I32EnumAttrCase<"Tanh", 5, "tanh">,
  I32EnumAttrCase<"Sigmoid", 6, "sigmoid">]>;
def Graph_ActivationAttr : Graph_EnumAttr<Graph_Activation, "activation">;

def Graph_Norm : Graph_Enum<"Norm", "normalisation of an epilogue", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"LayerNorm", 1, "layer_norm">,
  I32EnumAttrCase<"RmsNorm", 2, "rms_norm">]>;
def Graph_NormAttr : Graph_EnumAttr<Graph_Norm, "norm">;

def Graph_GeluForm : Graph_Enum<"GeluForm", "form of GELU", [
  I32EnumAttrCase<"Erf", 0, "erf">, I32EnumAttrCase<"Tanh", 1, "tanh">]>;
def Graph_GeluFormAttr : Graph_EnumAttr<Graph_GeluForm, "gelu_form">;

def Graph_StepKind : Graph_Enum<"StepKind", "launch step", [
  I32EnumAttrCase<"Cast", 0, "cast">, I32EnumAttrCase<"Neg", 1, "neg">,
  I32EnumAttrCase<"Abs", 2, "abs">, I32EnumAttrCase<"Not", 3, "not">,
  I32EnumAttrCase<"Add", 4, "add">, I32EnumAttrCase<"Sub", 5, "sub">,
  I32EnumAttrCase<"Mul", 6, "mul">, I32EnumAttrCase<"Div", 7, "div">,
  I32EnumAttrCase<"Mod", 8, "mod">, I32EnumAttrCase<"Max", 9, "max">,
  I32EnumAttrCase<"Min", 10, "min">, I32EnumAttrCase<"And", 11, "and">,
  I32EnumAttrCase<"Or", 12, "or">, I32EnumAttrCase<"Xor", 13, "xor">,
  I32EnumAttrCase<"Eq", 14, "eq">, I32EnumAttrCase<"Ne", 15, "ne">,
  I32EnumAttrCase<"Lt", 16, "lt">, I32EnumAttrCase<"Le", 17, "le">,
  I32EnumAttrCase<"Gt", 18, "gt">, I32EnumAttrCase<"Ge", 19, "ge">,
  I32EnumAttrCase<"Select", 20, "select">,
  I32EnumAttrCase<"CumSum", 21, "cumsum">,
  I32EnumAttrCase<"ReduceSum", 22, "reduce_sum">,
  I32EnumAttrCase<"ReduceMax", 23, "reduce_max">,
  I32EnumAttrCase<"ReduceMin", 24, "reduce_min">,
  I32EnumAttrCase<"Gather", 25, "gather">,
  I32EnumAttrCase<"Reshape", 26, "reshape">,
  I32EnumAttrCase<"Transpose", 27, "transpose">,
  I32EnumAttrCase<"Slice", 28, "slice">,
  I32EnumAttrCase<"Broadcast", 29, "broadcast">,
  I32EnumAttrCase<"Concat", 30, "concat">,
  I32EnumAttrCase<"Index", 31, "index">,
  I32EnumAttrCase<"Pow", 32, "pow">, I32EnumAttrCase<"Sqrt", 33, "sqrt">,
  I32EnumAttrCase<"Rsqrt", 34, "rsqrt">,
  I32EnumAttrCase<"Reciprocal", 35, "reciprocal">,
  I32EnumAttrCase<"Exp", 36, "exp">, I32EnumAttrCase<"Log", 37, "log">,
  I32EnumAttrCase<"Tanh", 38, "tanh">, I32EnumAttrCase<"Erf", 39, "erf">,
  I32EnumAttrCase<"Sigmoid", 40, "sigmoid">,
  I32EnumAttrCase<"Silu", 41, "silu">, I32EnumAttrCase<"Relu", 42, "relu">,
  I32EnumAttrCase<"IsNan", 43, "is_nan">,
  I32EnumAttrCase<"Floor", 44, "floor">, I32EnumAttrCase<"Ceil", 45, "ceil">,
  I32EnumAttrCase<"Round", 46, "round">, I32EnumAttrCase<"Sign", 47, "sign">,
  I32EnumAttrCase<"Cos", 48, "cos">, I32EnumAttrCase<"Sin", 49, "sin">,
  I32EnumAttrCase<"Tan", 50, "tan">, I32EnumAttrCase<"Asin", 51, "asin">,
  I32EnumAttrCase<"Acos", 52, "acos">, I32EnumAttrCase<"Atan", 53, "atan">,
  I32EnumAttrCase<"Sinh", 54, "sinh">, I32EnumAttrCase<"Cosh", 55, "cosh">,
  I32EnumAttrCase<"Asinh", 56, "asinh">, I32EnumAttrCase<"Acosh", 57, "acosh">,
  I32EnumAttrCase<"Atanh", 58, "atanh">,
  I32EnumAttrCase<"ReduceMean", 59, "reduce_mean">,
  I32EnumAttrCase<"ReduceProd", 60, "reduce_prod">]>;
def Graph_StepKindAttr : Graph_EnumAttr<Graph_StepKind, "step_kind">;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

class Graph_Attr<string name, string attrMnemonic>
    : AttrDef<Graph_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Graph_SpanAttr : Graph_Attr<"Span", "span"> {
  let summary = "bytes of an input file that hold one dense tensor";
  let description = [{
    `file` indexes the module's attribute `graph.files`. The tensor stands at
    byte `offset`, `bytes` long, little-endian and row-major, `element` as
    stored (a bool takes one byte; 4-bit integers pack two to a byte, the low
    half first).

    ```mlir
    #graph.span<file = 0, offset = 4096, bytes = 147456, element = i8, shape = [384, 384]>
    ```
  }];
  let parameters = (ins "unsigned":$file, "uint64_t":$offset,
      "uint64_t":$bytes, "::mlir::Type":$element,
      OptionalArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = [{
    `<` `file` `=` $file `,` `offset` `=` $offset `,` `bytes` `=` $bytes `,`
        `element` `=` $element `,` `shape` `=` custom<DimList>($shape) `>`
  }];
  let genVerifyDecl = 1;
}

def Graph_ExprAttr : Graph_Attr<"Expr", "expr"> {
  let summary = "a constant tensor: a source and the steps done to it in order";
  let description = [{
    `source` is a span or, for at most 1 KB, a dense elements attribute. Each
    step maps the tensor before it to the next; the last one's shape and
    element type are those of the expression. Steps are evaluated in fp32 once
    the value is a float, and exactly while it is an integer.

    ```mlir
    #graph.expr<#graph.span<file = 0, offset = 4096, bytes = 147456, element = i8, shape = [384, 384]>,
      [#graph.cast_step<f32>,
       #graph.binary_step<mul, #graph.expr<#graph.span<file = 0, offset = 64, bytes = 1536, element = f32, shape = [1, 384]>, []>>]>
    ```
  }];
  let parameters = (ins "::mlir::Attribute":$source,
                        OptionalArrayRefParameter<"::mlir::Attribute">:$steps);
  let assemblyFormat = "`<` $source `,` custom<AttrList>($steps) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Shape and element type after the last step; failure where a step does
    /// not fit the value before it, with the reason sent to `emitError`.
    ::mlir::FailureOr<::mlir::RankedTensorType> inferType(
        ::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError) const;
  }];
}

class Graph_Step<string name, string stepMnemonic>
    : Graph_Attr<name # "Step", stepMnemonic # "_step">;

def Graph_CastStepAttr : Graph_Step<"Cast", "cast"> {
  let summary = "convert elements, as ONNX Cast does: `#graph.cast_step<f32>`";
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
}

def Graph_UnaryStepAttr : Graph_Step<"Unary", "unary"> {
  let summary = "apply a function to each element: `#graph.unary_step<neg>`";
  let parameters = (ins EnumParameter<Graph_UnaryKind>:$kind);
  let assemblyFormat = "`<` $kind `>`";
}

def Graph_BinaryStepAttr : Graph_Step<"Binary", "binary"> {
  let summary = "combine with another constant, which broadcasts";
  let description = [{
    The value is the left operand, or the right one with `reversed`:
    `#graph.binary_step<mul, #graph.expr<…>>`. Quantised weights are a cast, a
    `sub` of zero points and a `mul` by scales.
  }];
  let parameters = (ins EnumParameter<Graph_BinaryKind>:$kind,
      "::tilework::graph::ExprAttr":$operand,
      DefaultValuedParameter<"bool", "false">:$reversed);
  let assemblyFormat = "`<` $kind `,` $operand (`,` `reversed` `=` $reversed^)? `>`";
}

def Graph_SelectStepAttr : Graph_Step<"Select", "select"> {
  let summary = "choose between two constants by the value, a condition";
  let description = [{
    `#graph.select_step<#graph.expr<…>, #graph.expr<…>>`: the first where the
    value is not zero, the second elsewhere; all three broadcast.
  }];
  let parameters = (ins "::tilework::graph::ExprAttr":$on_true,
      "::tilework::graph::ExprAttr":$on_false);
  let assemblyFormat = "`<` $on_true `,` $on_false `>`";
}

def Graph_TransposeStepAttr : Graph_Step<"Transpose", "transpose"> {
  let summary = "permute dimensions: `#graph.transpose_step<[1, 0]>`";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$permutation);
  let assemblyFormat = "`<` custom<DimList>($permutation) `>`";
}

def Graph_ReshapeStepAttr : Graph_Step<"Reshape", "reshape"> {
  let summary = "change the shape, elements in row-major order";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` custom<DimList>($shape) `>`";
}

def Graph_SliceStepAttr : Graph_Step<"Slice", "slice"> {
  let summary = "take a strided box: `#graph.slice_step<[0, 0], [128, 384], [1, 1]>`";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$offsets,
      OptionalArrayRefParameter<"int64_t">:$sizes, OptionalArrayRefParameter<"int64_t">:$strides);
  let assemblyFormat = "`<` custom<DimList>($offsets) `,` custom<DimList>($sizes) `,` custom<DimList>($strides) `>`";
}

def Graph_BroadcastStepAttr : Graph_Step<"Broadcast", "broadcast"> {
  let summary = "broadcast to a shape: `#graph.broadcast_step<[12, 64]>`";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` custom<DimList>($shape) `>`";
}

def Graph_ConcatStepAttr : Graph_Step<"Concat", "concat"> {
  let summary = "append further constants along a dimension";
  let description = [{
    `#graph.concat_step<1, [#graph.expr<…>, #graph.expr<…>]>` makes one weight
    of the three projections of an attention.
  }];
  let parameters = (ins "int64_t":$axis,
      ArrayRefParameter<"::tilework::graph::ExprAttr">:$others);
  let assemblyFormat = "`<` $axis `,` custom<ExprList>($others) `>`";
}

#endif // TILEWORK_DIALECTS_GRAPH_GRAPHATTRIBUTES_TD
