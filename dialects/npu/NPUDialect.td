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
// Enumerations
//===----------------------------------------------------------------------===//

def NPU_TensorKind : NPU_Enum<"TensorKind", "what a DRAM tensor is to the caller", [
  I32EnumAttrCase<"Weight", 0, "weight">, I32EnumAttrCase<"Input", 1, "input">,
  I32EnumAttrCase<"Output", 2, "output">,
  I32EnumAttrCase<"Scratch", 3, "scratch">]>;
def NPU_TensorKindAttr : NPU_EnumAttr<NPU_TensorKind, "tensor_kind">;

def NPU_Layout : NPU_Enum<"Layout", "how a weight's bytes stand", [
  I32EnumAttrCase<"Dense", 0, "dense">, I32EnumAttrCase<"Blocked", 1, "blocked">,
  I32EnumAttrCase<"Causal", 2, "causal">]>;
def NPU_LayoutAttr : NPU_EnumAttr<NPU_Layout, "layout">;

//===----------------------------------------------------------------------===//
// Cases of enumerations in dialects/isa/Instructions.td
//===----------------------------------------------------------------------===//

class NPU_Case<string enumeration, string default = "">
    : AttrOrTypeParameter<"::tilework::isa::" # enumeration,
                          "a case of " # enumeration # " in Instructions.td"> {
  let printer = "$_printer << ::tilework::isa::caseName($_self)";
  let parser = "::tilework::npu::parseCase<" # cppType # ">($_parser)";
  let defaultValue = !if(!empty(default), "", cppType # "::" # default);
}

class NPU_CaseAttr<string name, string mnemonic, string what>
    : NPU_Attr<name, mnemonic> {
  let summary = what;
  let parameters = (ins NPU_Case<name>:$value);
  let assemblyFormat = "$value";
  let returnType = "::tilework::isa::" # name;
  let convertFromStorage = "$_self.getValue()";
  let constBuilderCall = "::tilework::npu::" # name # "Attr::get($_builder.getContext(), $0)";
}

def NPU_SpaceAttr : NPU_CaseAttr<"Space", "space", "memory of a buffer">;
def NPU_AccumulateAttr
    : NPU_CaseAttr<"Accumulate", "accumulate", "whether a result starts anew">;

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
      NPU_Case<"VectorType">:$source,
      NPU_Case<"VectorType", "none">:$element,
      NPU_Case<"VectorType", "none">:$destination,
      NPU_Case<"Multiply0", "none">:$multiply0,
      NPU_Case<"Add0", "none">:$add0,
      NPU_Case<"Add1", "none">:$add1,
      NPU_Case<"VectorFunction", "identity">:$function,
      NPU_Case<"FunctionOperand", "scalar">:$operand,
      NPU_Case<"Multiply1", "none">:$multiply1,
      NPU_Case<"Add2", "none">:$add2,
      NPU_Case<"Reduce", "none">:$reduce,
      NPU_Case<"Accumulate", "never">:$accumulate,
      DefaultValuedParameter<"int64_t", "-1">:$accumulate_depth,
      DefaultValuedParameter<"int64_t", "0">:$multiply0_bits,
      DefaultValuedParameter<"int64_t", "0">:$add0_bits,
      OptionalArrayRefParameter<"int64_t">:$statistics,
      DefaultValuedParameter<"int64_t", "0">:$statistics_base);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // TILEWORK_DIALECTS_NPU_NPUDIALECT_TD
