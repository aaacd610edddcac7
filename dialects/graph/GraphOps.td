// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops of the graph dialect. Shapes are static by the time the plan reads
// them; every op's verifier states the relation between its shapes.

#ifndef TILEWORK_DIALECTS_GRAPH_GRAPHOPS_TD
#define TILEWORK_DIALECTS_GRAPH_GRAPHOPS_TD

include "dialects/graph/GraphAttributes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// A 64-bit integer read as signed: sizes, axes, counts.
def Graph_SizeAttr
    : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer">;

class Graph_Op<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

// What passes ask instead of listing ops; GraphDialect.h says what each means.
class Graph_Trait<string name> : NativeOpTrait<name> {
  let cppNamespace = "::tilework::graph";
}
def Graph_IsView : Graph_Trait<"IsView">;
def Graph_IsRowWise : Graph_Trait<"IsRowWise">;
def Graph_IsElementwise : Graph_Trait<"IsElementwise">;
def Graph_IsNormalising : Graph_Trait<"IsNormalising">;

class Graph_ViewOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([Graph_IsView], traits)>;
class Graph_RowWiseOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([Graph_IsRowWise], traits)>;
class Graph_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : Graph_RowWiseOp<mnemonic, !listconcat([Graph_IsElementwise], traits)>;
class Graph_NormalisingOp<string mnemonic, list<Trait> traits = []>
    : Graph_RowWiseOp<mnemonic, !listconcat([Graph_IsNormalising], traits)>;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def Graph_WeightOp : Graph_Op<"weight"> {
  let summary = "a constant read from the input file";
  let description = [{
    Names a constant tensor without holding it. `name` is the initializer's
    name in the model (attacker text: escape it before printing elsewhere).

    ```mlir
    %w = graph.weight "encoder.0.dense" #graph.expr<#graph.span<file = 0, offset = 4096,
           bytes = 589824, element = f32, shape = [384, 384]>, []> -> tensor<384x384xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Graph_ExprAttr:$expr);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$name $expr attr-dict `->` type($result)";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def Graph_MatmulOp : Graph_Op<"matmul", [AttrSizedOperandSegments]> {
  let summary = "batched matrix product with its epilogue";
  let description = [{
    Computes `norm(activation(lhs · rhs + bias) + residual)`. The last two
    dimensions of each operand are the matrix, swapped where `transpose_lhs`
    or `transpose_rhs` says so; those before are the batch and broadcast. A
    `rhs` of rank 2 is shared by the whole batch. `bias` is [N] or [1]. `residual` has the
    shape of the result; `norm` runs over the last dimension with scale and
    shift of shape [N].

    ```mlir
    %r = graph.matmul %x, %w bias(%b : tensor<384xf32>) residual(%y : tensor<1x16x384xf32>)
           norm layer_norm(%scale, %shift : tensor<384xf32>, tensor<384xf32>) {epsilon = 1.0e-12 : f32}
           : (tensor<1x16x1536xf32>, tensor<1536x384xf32>) -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
      Optional<AnyRankedTensor>:$bias, Optional<AnyRankedTensor>:$residual,
      Optional<AnyRankedTensor>:$norm_scale, Optional<AnyRankedTensor>:$norm_shift,
      UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
      DefaultValuedAttr<Graph_ActivationAttr, "Activation::None">:$activation,
      DefaultValuedAttr<Graph_NormAttr, "Norm::None">:$norm,
      OptionalAttr<F32Attr>:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`activation` `` $activation^)?
    (`residual` `(` $residual^ `:` type($residual) `)`)?
    (`norm` `` $norm^ `(` $norm_scale (`,` $norm_shift^)? `:` type($norm_scale)
       (`,` type($norm_shift)^)? `)`)?
    attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$lhs,
                                 "::mlir::Value":$rhs)>];
  let extraClassDeclaration = [{
    /// Rows of the product in one batch element.
    int64_t getM();
    /// Columns of the product.
    int64_t getN();
    /// Length of the sum.
    int64_t getK();
    /// Product of the batch dimensions of the result.
    int64_t getBatch();
    /// Whether any part of the epilogue is set.
    bool hasEpilogue();
  }];
}

def Graph_AttentionOp : Graph_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "scaled dot-product attention on column windows";
  let description = [{
    For each batch b and head h: `softmax((seen ? cap(scale · Qh · Khᵀ) + mask :
    otherwise) + bias) · Vh`, where cap(x) is `softcap · tanh(x / softcap)`, or x
    without `softcap`. Q, K and V are [B, S, width] tensors. Head h of Q is the `head_dim` columns from
    `q_window[0] + h · q_window[1]`; K and V likewise with the key-value head
    `h / (heads / kv_heads)` and `value_dim` columns for V. Three windows of
    one tensor say that the projections are fused; nothing is transposed.

    `mask` is added to the scaled scores: rank 2, [B or 1, Skv], is a mask of
    keys; rank 4 is [B or 1, heads or 1, Sq or 1, Skv]. `seen` and `bias` have the
    same shapes; `seen` is not zero where a key is seen. Key j is within `band` = [lower,
    upper] of query i where lower ≤ j - i ≤ upper. With `otherwise`, that number
    takes the place of scores outside of the band or not seen, whatever they
    are; without it, `band_value` or minus infinity is added outside of the band.
    `bias` is added to what is there then. Minus infinity hides a key; finite values are ordinary numbers. A row
    whose keys are all hidden is NaN, or has probabilities of zero with
    `zero_hidden`; with `zero_nan` probabilities of zero take the place of NaN.
    They take the place of all in rows for which `kept`, [B or 1, heads or 1, Sq],
    is zero.
    The result is [B, Sq, heads · value_dim].

    ```mlir
    %o = graph.attention %qkv, %qkv, %qkv mask(%m : tensor<1x16xbf16>)
           {heads = 12 : i64, kv_heads = 12 : i64, head_dim = 32 : i64, value_dim = 32 : i64,
            q_window = array<i64: 0, 32>, k_window = array<i64: 384, 32>,
            v_window = array<i64: 768, 32>, scale = 0.176776692 : f32}
           : (tensor<1x16x1152xf32>, tensor<1x16x1152xf32>, tensor<1x16x1152xf32>) -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key,
      AnyRankedTensor:$value, Optional<AnyRankedTensor>:$mask,
      Optional<AnyRankedTensor>:$seen, Optional<AnyRankedTensor>:$bias,
      Optional<AnyRankedTensor>:$kept,
      Graph_SizeAttr:$heads, Graph_SizeAttr:$kv_heads, Graph_SizeAttr:$head_dim, Graph_SizeAttr:$value_dim,
      DenseI64ArrayAttr:$q_window, DenseI64ArrayAttr:$k_window,
      DenseI64ArrayAttr:$v_window, F32Attr:$scale,
      OptionalAttr<F32Attr>:$softcap, OptionalAttr<DenseI64ArrayAttr>:$band,
      OptionalAttr<F32Attr>:$band_value, OptionalAttr<F32Attr>:$otherwise,
      UnitAttr:$zero_hidden, UnitAttr:$zero_nan);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $mask^ `:` type($mask) `)`)?
    (`seen` `(` $seen^ `:` type($seen) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`kept` `(` $kept^ `:` type($kept) `)`)?
    attr-dict `:` `(` type($query) `,` type($key) `,` type($value) `)` `->`
    type($result)
  }];
  let extraClassDeclaration = [{
    /// What is added outside of `band`.
    float getHiddenValue();
  }];
}

//===----------------------------------------------------------------------===//
// Normalisation and activation
//===----------------------------------------------------------------------===//

def Graph_LayerNormOp : Graph_NormalisingOp<"layer_norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "layer normalisation over the last dimension";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) · scale + shift`, mean and biased
    variance over the last dimension, scale and shift of shape [N].

    ```mlir
    %r = graph.layer_norm %x, %scale, %shift {epsilon = 1.0e-12 : f32}
           : tensor<1x16x384xf32>, tensor<384xf32>, tensor<384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale,
      Optional<AnyRankedTensor>:$shift, F32Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $scale (`,` $shift^)? attr-dict `:` type($input) `,` type($scale)
    (`,` type($shift)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$scale,
                                 "::mlir::Value":$shift, "float":$epsilon)>];
}

def Graph_RmsNormOp : Graph_NormalisingOp<"rms_norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "root-mean-square normalisation over the last dimension";
  let description = [{
    `x / sqrt(mean(x²) + epsilon) · scale`, scale of shape [N].

    ```mlir
    %r = graph.rms_norm %x, %scale {epsilon = 1.0e-5 : f32} : tensor<1x16x576xf32>, tensor<576xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale,
      F32Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $scale attr-dict `:` type($input) `,` type($scale)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$scale,
                                 "float":$epsilon)>];
}

def Graph_SoftmaxOp : Graph_NormalisingOp<"softmax", [SameOperandsAndResultType]> {
  let summary = "softmax over the last dimension";
  let description = [{
    A row of minus infinity alone is NaN, or zero with `zero_hidden`.

    ```mlir
    %r = graph.softmax %x : tensor<1x12x16x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, UnitAttr:$zero_hidden);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Graph_GeluOp : Graph_ElementwiseOp<"gelu", [SameOperandsAndResultType]> {
  let summary = "GELU, by erf or by the tanh approximation";
  let description = [{
    ```mlir
    %r = graph.gelu erf %x : tensor<1x16x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Graph_GeluFormAttr:$form);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`` $form $input attr-dict `:` type($input)";
  let hasVerifier = 0;
}

//===----------------------------------------------------------------------===//
// Lookup
//===----------------------------------------------------------------------===//

def Graph_EmbeddingOp : Graph_RowWiseOp<"embedding"> {
  let summary = "rows of a table by integer ids";
  let description = [{
    `table` is [V, W]; the result has the shape of `ids` with W appended.
    Negative ids count from the end only if a launch step has made them
    positive before: here an id outside [0, V) is an error of the data.

    ```mlir
    %r = graph.embedding %table, %ids : (tensor<30522x384xf32>, tensor<1x16xi32>) -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$table, AnyRankedTensor:$ids);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $table `,` $ids attr-dict `:` `(` type($table) `,` type($ids) `)` `->` type($result)
  }];
}

def Graph_GatherOp : Graph_Op<"gather"> {
  let summary = "slices along one dimension by integer indices";
  let description = [{
    The dimension `axis` of the input is replaced by the shape of `indices`;
    negative indices count from the end.

    ```mlir
    %r = graph.gather %x, %i {axis = 1 : i64} : (tensor<1x16x384xf32>, tensor<4xi64>) -> tensor<1x4x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices, Graph_SizeAttr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` functional-type(operands, $result)
  }];
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

def Graph_UnaryOp : Graph_ElementwiseOp<"unary"> {
  let summary = "one function of each element";
  let description = [{
    ```mlir
    %r = graph.unary erf %x : tensor<1x16x1536xf32> -> tensor<1x16x1536xf32>
    ```
  }];
  let arguments = (ins Graph_UnaryKindAttr:$kind, AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_BinaryOp : Graph_ElementwiseOp<"binary"> {
  let summary = "one function of each pair of elements, with broadcasting";
  let description = [{
    Operands broadcast as NumPy does. Comparisons give i1.

    ```mlir
    %r = graph.binary add %x, %b : (tensor<1x16x384xf32>, tensor<384xf32>) -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins Graph_BinaryKindAttr:$kind, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`` $kind $lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasFolder = 1;
}

def Graph_SelectOp : Graph_ElementwiseOp<"select"> {
  let summary = "choose elements by a condition, with broadcasting";
  let description = [{
    ```mlir
    %r = graph.select %c, %x, %y : (tensor<1x1x1x16xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x1x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true,
                       AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:` functional-type(operands, $result)
  }];
  let hasFolder = 1;
}

def Graph_CastOp : Graph_ElementwiseOp<"cast"> {
  let summary = "convert elements, as ONNX Cast does";
  let description = [{
    To i1: whether the element is not zero. From a float to an integer:
    towards zero.

    ```mlir
    %r = graph.cast %x : tensor<1x16xi64> -> tensor<1x16xi1>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Reductions and sums
//===----------------------------------------------------------------------===//

def Graph_ReduceOp : Graph_RowWiseOp<"reduce"> {
  let summary = "reduce over dimensions";
  let description = [{
    The reduced dimensions stay as 1; a `reshape` drops them where the model
    does.

    ```mlir
    %r = graph.reduce mean %x {axes = array<i64: 2>} : tensor<1x16x384xf32> -> tensor<1x16x1xf32>
    ```
  }];
  let arguments = (ins Graph_ReduceKindAttr:$kind, AnyRankedTensor:$input,
                       DenseI64ArrayAttr:$axes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`` $kind $input attr-dict `:` type($input) `->` type($result)";
}

def Graph_CumSumOp : Graph_Op<"cumsum", [SameOperandsAndResultType]> {
  let summary = "running sum along a dimension";
  let description = [{
    ```mlir
    %r = graph.cumsum %x {axis = 1 : i64} : tensor<1x16xi64>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Graph_SizeAttr:$axis, UnitAttr:$exclusive,
                       UnitAttr:$reverse);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

def Graph_ReshapeOp : Graph_ViewOp<"reshape"> {
  let summary = "the same elements in another shape, row-major";
  let description = [{
    ```mlir
    %r = graph.reshape %x : tensor<1x16x384xf32> -> tensor<1x16x12x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_TransposeOp : Graph_ViewOp<"transpose"> {
  let summary = "permute dimensions";
  let description = [{
    Dimension i of the result is dimension `permutation[i]` of the input.

    ```mlir
    %r = graph.transpose %x {permutation = array<i64: 0, 2, 1, 3>}
           : tensor<1x16x12x32xf32> -> tensor<1x12x16x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_SliceOp : Graph_ViewOp<"slice"> {
  let summary = "a strided box of a tensor";
  let description = [{
    Strides may be negative; offsets and sizes are within the input.

    ```mlir
    %r = graph.slice %x {offsets = array<i64: 0, 0, 384>, sizes = array<i64: 1, 16, 384>,
                         strides = array<i64: 1, 1, 1>} : tensor<1x16x1152xf32> -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$offsets,
                       DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_WindowOp : Graph_ViewOp<"window"> {
  let summary = "a dimension as an affine grid of its elements";
  let description = [{
    Dimension `axis` of the input becomes the dimensions `sizes`: element
    (i, j, …) of them is element `offset + i · strides[0] + j · strides[1] + …`
    of it. The grid is within the dimension; it may name an element many times
    (patches that overlap, strides of 0) and run backwards.

    ```mlir
    %patches = graph.window %x {axis = 1 : i64, offset = 0 : i64, sizes = array<i64: 99, 3>,
                                strides = array<i64: 2, 1>} : tensor<1x200x80xf32> -> tensor<1x99x3x80xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Graph_SizeAttr:$axis, I64Attr:$offset,
                       DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Graph_BroadcastOp : Graph_ViewOp<"broadcast"> {
  let summary = "repeat a tensor along dimensions of one";
  let description = [{
    ```mlir
    %r = graph.broadcast %x : tensor<1x1x384xf32> -> tensor<1x16x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_ConcatOp : Graph_Op<"concat"> {
  let summary = "tensors one after another along a dimension";
  let description = [{
    ```mlir
    %r = graph.concat %x, %y {axis = 1 : i64}
           : (tensor<1x1x384xf32>, tensor<1x196x384xf32>) -> tensor<1x197x384xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Graph_SizeAttr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, $result)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Host
//===----------------------------------------------------------------------===//

def Graph_LaunchStepOp : Graph_Op<"launch_step"> {
  let summary = "integer work that the loader does around the launch";
  let description = [{
    One step on small integer tensors (token ids, masks, positions): operands
    are inputs of the function, constants or results of other steps; elementwise
    kinds broadcast. A step whose result the chip reads gives i32 (ids) or
    bf16 (masks); those in between keep the model's i64 and i1. `cast` to a
    narrower integer saturates, so that an id out of range stays out of range.

    `cumsum`, `reduce_*`, `gather` and `concat` use `axis`; `transpose` uses
    `dims` as permutation, `slice` uses `dims` as [offsets…, strides…]. `index`
    makes ids of a table of `dims[0]` rows: a negative one counts from the end,
    and one out of range stops the launch with an error that names the input.

    With `finish` the step comes after the chip is done: operands may be values
    that the chip computed, and only other such steps and the caller read it.

    ```mlir
    %ids32 = graph.launch_step index(%ids) {dims = array<i64: 30522>} : (tensor<1x16xi64>) -> tensor<1x16xi32>
    %mask = graph.launch_step select(%keep, %zero, %floor)
              : (tensor<1x16xi1>, tensor<bf16>, tensor<bf16>) -> tensor<1x16xbf16>
    ```
  }];
  let arguments = (ins Graph_StepKindAttr:$kind, Variadic<AnyRankedTensor>:$inputs,
      OptionalAttr<Graph_SizeAttr>:$axis, OptionalAttr<DenseI64ArrayAttr>:$dims,
      UnitAttr:$exclusive, UnitAttr:$reverse, UnitAttr:$finish);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`` $kind `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)";
}

#endif // TILEWORK_DIALECTS_GRAPH_GRAPHOPS_TD
