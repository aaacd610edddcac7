// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The npu dialect: tile loops over explicit buffers, DMA, matrix and vector
// steps; one to one with the planner's schedule record.

#ifndef TILEWORK_DIALECTS_NPU_NPUDIALECT_TD
#define TILEWORK_DIALECTS_NPU_NPUDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def NPU_Dialect : Dialect {
  let name = "npu";
  let cppNamespace = "::tilework::npu";
  let summary = "tiles in explicit buffers, before instructions are chosen";
  let description = [{
    A program is a list of DRAM tensors with their places and a list of groups.
    A group owns buffers in the scratchpad and the accumulator, each a ring of
    slots, and a nest of loops around tile steps. Addresses are affine in the
    iterations of the enclosing loops; waits do not exist yet.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class NPU_Type<string name, string typeMnemonic> : TypeDef<NPU_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def NPU_BufferType : NPU_Type<"Buffer", "buffer"> {
  let summary = "a ring of slots on the chip";
}

class NPU_Attr<string name, string attrMnemonic>
    : AttrDef<NPU_Dialect, name> {
  let mnemonic = attrMnemonic;
}

class NPU_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::tilework::npu";
  let genSpecializedAttr = 0;
}

class NPU_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<NPU_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// Enumerations: the numbers are those of dialects/isa/Instructions.td
//===----------------------------------------------------------------------===//

def NPU_Space : NPU_Enum<"Space", "on-chip memory", [
  I32EnumAttrCase<"Scratchpad", 0, "scratchpad">,
  I32EnumAttrCase<"Accumulator", 1, "accumulator">]>;
def NPU_SpaceAttr : NPU_EnumAttr<NPU_Space, "space">;

def NPU_TensorKind : NPU_Enum<"TensorKind", "what a DRAM tensor is to the caller", [
  I32EnumAttrCase<"Weight", 0, "weight">, I32EnumAttrCase<"Input", 1, "input">,
  I32EnumAttrCase<"Output", 2, "output">,
  I32EnumAttrCase<"Scratch", 3, "scratch">]>;
def NPU_TensorKindAttr : NPU_EnumAttr<NPU_TensorKind, "tensor_kind">;

def NPU_Layout : NPU_Enum<"Layout", "how a weight's bytes stand", [
  I32EnumAttrCase<"Dense", 0, "dense">, I32EnumAttrCase<"Blocked", 1, "blocked">,
  I32EnumAttrCase<"Causal", 2, "causal">]>;
def NPU_LayoutAttr : NPU_EnumAttr<NPU_Layout, "layout">;

def NPU_OperandType : NPU_Enum<"OperandType", "type and place of a vector operand", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Bf16", 1, "bf16">,
  I32EnumAttrCase<"Int8", 2, "int8">, I32EnumAttrCase<"Fp32", 3, "fp32">,
  I32EnumAttrCase<"Int32", 4, "int32">,
  I32EnumAttrCase<"Statistics", 5, "statistics">]>;

def NPU_Function : NPU_Enum<"Function", "fourth stage of the vector unit", [
  I32EnumAttrCase<"Identity", 0, "identity">, I32EnumAttrCase<"Relu", 1, "relu">,
  I32EnumAttrCase<"Absolute", 2, "absolute">, I32EnumAttrCase<"Square", 3, "square">,
  I32EnumAttrCase<"Exponential", 4, "exponential">,
  I32EnumAttrCase<"Reciprocal", 5, "reciprocal">,
  I32EnumAttrCase<"ReciprocalSquareRoot", 6, "reciprocal_square_root">,
  I32EnumAttrCase<"SquareRoot", 7, "square_root">, I32EnumAttrCase<"Tanh", 8, "tanh">,
  I32EnumAttrCase<"Sigmoid", 9, "sigmoid">, I32EnumAttrCase<"Silu", 10, "silu">,
  I32EnumAttrCase<"Erf", 11, "erf">, I32EnumAttrCase<"Gelu", 12, "gelu">,
  I32EnumAttrCase<"GeluTanh", 13, "gelu_tanh">,
  I32EnumAttrCase<"Logarithm", 14, "logarithm">, I32EnumAttrCase<"IsNaN", 15, "is_nan">,
  I32EnumAttrCase<"Maximum", 16, "maximum">, I32EnumAttrCase<"Minimum", 17, "minimum">,
  I32EnumAttrCase<"Equal", 18, "equal">, I32EnumAttrCase<"Less", 19, "less">,
  I32EnumAttrCase<"LessOrEqual", 20, "less_or_equal">,
  I32EnumAttrCase<"Greater", 21, "greater">,
  I32EnumAttrCase<"GreaterOrEqual", 22, "greater_or_equal">,
  I32EnumAttrCase<"ReplaceNaN", 23, "replace_nan">,
  I32EnumAttrCase<"Select", 24, "select">, I32EnumAttrCase<"Replace", 25, "replace">]>;
def NPU_FunctionOperand : NPU_Enum<"FunctionOperand", "second operand of the fourth stage", [
  I32EnumAttrCase<"Scalar", 0, "scalar">, I32EnumAttrCase<"Column", 1, "column">,
  I32EnumAttrCase<"Statistic", 2, "statistic">, I32EnumAttrCase<"Element", 3, "element">]>;

def NPU_Multiply0 : NPU_Enum<"Multiply0", "first stage", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Scalar", 1, "scalar">,
  I32EnumAttrCase<"Statistic", 2, "statistic">]>;
def NPU_Add0 : NPU_Enum<"Add0", "second stage", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Scalar", 1, "scalar">,
  I32EnumAttrCase<"Column", 2, "column">, I32EnumAttrCase<"Element", 3, "element">]>;
def NPU_Add1 : NPU_Enum<"Add1", "third stage", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Statistic", 1, "statistic">,
  I32EnumAttrCase<"MinusStatistic", 2, "minus_statistic">,
  I32EnumAttrCase<"Element", 3, "element">]>;
def NPU_Multiply1 : NPU_Enum<"Multiply1", "fifth stage", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Column", 1, "column">,
  I32EnumAttrCase<"Statistic", 2, "statistic">,
  I32EnumAttrCase<"Element", 3, "element">]>;
def NPU_Add2 : NPU_Enum<"Add2", "sixth stage", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Column", 1, "column">]>;
def NPU_Reduce : NPU_Enum<"Reduce", "row statistics of the result", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Maximum", 1, "maximum">,
  I32EnumAttrCase<"Sum", 2, "sum">,
  I32EnumAttrCase<"SumAndSquares", 3, "sum_and_squares">]>;
def NPU_Accumulate : NPU_Enum<"Accumulate", "whether a result starts anew", [
  I32EnumAttrCase<"Never", 0, "never">, I32EnumAttrCase<"Always", 1, "always">,
  I32EnumAttrCase<"AfterFirst", 2, "after_first">]>;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def NPU_TileAttr : NPU_Attr<"Tile", "tile"> {
  let summary = "an operand in a buffer";
  let description = [{
    `row` is affine: its constant, then the step of each enclosing loop from the
    outermost. Rows count from the slot in use, or from the one that comes
    `ahead` turns later. Element (m, n) lies in row m·stride + (n / E)·block.

    ```mlir
    #npu.tile<row = 0, 320, block = 64>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$row,
      DefaultValuedParameter<"int64_t", "1">:$stride,
      DefaultValuedParameter<"int64_t", "0">:$block,
      DefaultValuedParameter<"int64_t", "0">:$first,
      DefaultValuedParameter<"int64_t", "0">:$ahead);
  let assemblyFormat = "`<` `[` $row `]` (`stride` $stride^)? (`block` $block^)? (`first` $first^)? (`ahead` $ahead^)? `>`";
}

def NPU_DramAttr : NPU_Attr<"Dram", "dram"> {
  let summary = "an operand in a DRAM tensor";
  let description = [{
    `byte` is affine as a tile's row is; `stride` is the distance of rows and
    `outer` that of outer slices, in bytes.

    ```mlir
    #npu.dram<3 [0, 61440, 2048] stride 32 outer 12288>
    ```
  }];
  let parameters = (ins "int64_t":$tensor, ArrayRefParameter<"int64_t">:$byte,
      DefaultValuedParameter<"int64_t", "0">:$stride,
      DefaultValuedParameter<"int64_t", "0">:$outer);
  let assemblyFormat = "`<` $tensor `[` $byte `]` (`stride` $stride^)? (`outer` $outer^)? `>`";
}

def NPU_ExtentAttr : NPU_Attr<"Extent", "extent"> {
  let summary = "a number, or what is left of a total in a loop";
  let description = [{
    `#npu.extent<64>` is 64; `#npu.extent<64 of 1000 by 1>` is
    min(64, 1000 − 64·i) for iteration i of the loop at depth 1.
  }];
  let parameters = (ins "int64_t":$tile,
      DefaultValuedParameter<"int64_t", "0">:$total,
      DefaultValuedParameter<"int64_t", "-1">:$depth);
  let assemblyFormat = "`<` $tile (`of` $total^ `by` $depth)? `>`";
}

def NPU_ChainAttr : NPU_Attr<"Chain", "chain"> {
  let summary = "what a vector step computes: the stages of the instruction";
  let description = [{
    ```mlir
    #npu.chain<source = fp32, destination = bf16, add0 = column, function = gelu>
    ```
  }];
  let parameters = (ins
      EnumParameter<NPU_OperandType>:$source,
      DefaultValuedParameter<"::tilework::npu::OperandType", "::tilework::npu::OperandType::None">:$element,
      DefaultValuedParameter<"::tilework::npu::OperandType", "::tilework::npu::OperandType::None">:$destination,
      DefaultValuedParameter<"::tilework::npu::Multiply0", "::tilework::npu::Multiply0::None">:$multiply0,
      DefaultValuedParameter<"::tilework::npu::Add0", "::tilework::npu::Add0::None">:$add0,
      DefaultValuedParameter<"::tilework::npu::Add1", "::tilework::npu::Add1::None">:$add1,
      DefaultValuedParameter<"::tilework::npu::Function", "::tilework::npu::Function::Identity">:$function,
      DefaultValuedParameter<"::tilework::npu::FunctionOperand", "::tilework::npu::FunctionOperand::Scalar">:$operand,
      DefaultValuedParameter<"::tilework::npu::Multiply1", "::tilework::npu::Multiply1::None">:$multiply1,
      DefaultValuedParameter<"::tilework::npu::Add2", "::tilework::npu::Add2::None">:$add2,
      DefaultValuedParameter<"::tilework::npu::Reduce", "::tilework::npu::Reduce::None">:$reduce,
      DefaultValuedParameter<"::tilework::npu::Accumulate", "::tilework::npu::Accumulate::Never">:$accumulate,
      DefaultValuedParameter<"int64_t", "-1">:$accumulate_depth,
      DefaultValuedParameter<"int64_t", "0">:$multiply0_bits,
      DefaultValuedParameter<"int64_t", "0">:$add0_bits,
      OptionalArrayRefParameter<"int64_t">:$statistics,
      DefaultValuedParameter<"int64_t", "0">:$statistics_base);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // TILEWORK_DIALECTS_NPU_NPUDIALECT_TD
