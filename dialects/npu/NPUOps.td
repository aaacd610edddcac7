// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops of the npu dialect. Each verifier checks what the planner promises:
// depths that exist, operands in the memory that the step needs.

#ifndef TILEWORK_DIALECTS_NPU_NPUOPS_TD
#define TILEWORK_DIALECTS_NPU_NPUOPS_TD

include "dialects/npu/NPUDialect.td"
include "mlir/IR/SymbolInterfaces.td"

class NPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<NPU_Dialect, mnemonic, traits>;

def NPU_TensorOp : NPU_Op<"tensor"> {
  let summary = "a DRAM tensor and its place in a segment";
  let description = [{
    Tensors are numbered in the order in which they stand. A weight names what
    it holds and its layout; `rows` and `columns` are its matrix.

    ```mlir
    npu.tensor "encoder.0.dense" weight at 0 offset 4096 bytes 294912
    ```
  }];
  let arguments = (ins StrAttr:$name, NPU_TensorKindAttr:$kind,
      I64Attr:$segment, I64Attr:$offset, I64Attr:$bytes,
      OptionalAttr<AnyAttr>:$value, OptionalAttr<NPU_LayoutAttr>:$layout,
      OptionalAttr<I64Attr>:$rows, OptionalAttr<I64Attr>:$columns);
  let assemblyFormat = [{
    $name $kind `at` $segment `offset` $offset `bytes` $bytes attr-dict
  }];
}

def NPU_GroupOp : NPU_Op<"group", [NoTerminator, SingleBlock]> {
  let summary = "a fused group of graph ops";
  let description = [{
    `sources` number the graph ops that the group holds; steps name the one they
    serve by its position in that list. `dram_bytes` is the planned traffic.

    ```mlir
    npu.group "matmul" sources [3] { … }
    ```
  }];
  let arguments = (ins StrAttr:$name, DenseI64ArrayAttr:$sources,
      OptionalAttr<F64Attr>:$dram_bytes, OptionalAttr<F64Attr>:$cycles);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name `sources` $sources attr-dict-with-keyword $body";
}

def NPU_RoutineOp : NPU_Op<"routine", [Symbol, NoTerminator, SingleBlock]> {
  let summary = "groups that several layers execute with other tensors";
  let description = [{
    Inside, tensors and sources are numbered from 0 up to what the routine
    takes; each call says which ones they are.

    ```mlir
    npu.routine @layer0 tensors 3 sources 1 {
      npu.group "matmul" sources [0] { … }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$tensors, I64Attr:$sources);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `tensors` $tensors `sources` $sources attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

def NPU_CallOp : NPU_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "executes a routine with these tensors for these graph ops";
  let description = [{
    ```mlir
    npu.call @layer0 tensors [4, 0, 5] sources [3]
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, DenseI64ArrayAttr:$tensors,
      DenseI64ArrayAttr:$sources);
  let assemblyFormat = [{
    $callee `tensors` $tensors `sources` $sources attr-dict
  }];
}

def NPU_BufferOp : NPU_Op<"buffer"> {
  let summary = "a ring of slots on the chip";
  let description = [{
    `slots` slots of `rows` rows, `pitch` rows apart, from row `base` on. The slot
    in use is the number of iterations that the loop at depth `turns` has
    completed, modulo `slots`.

    ```mlir
    %w = npu.buffer "weights" scratchpad rows 320 slots 2 pitch 320 base 0 {turns = 2 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$name, NPU_SpaceAttr:$space, I64Attr:$rows,
      I64Attr:$slots, I64Attr:$pitch, I64Attr:$base, OptionalAttr<I64Attr>:$turns);
  let results = (outs NPU_BufferType:$buffer);
  let assemblyFormat = [{
    $name $space `rows` $rows `slots` $slots `pitch` $pitch `base` $base attr-dict
  }];
  let hasVerifier = 1;
}

def NPU_LoopOp : NPU_Op<"loop", [NoTerminator, SingleBlock]> {
  let summary = "repeats its body";
  let description = [{
    ```mlir
    npu.loop 15 { … }
    ```
  }];
  let arguments = (ins I64Attr:$trip);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$trip attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

class NPU_DmaOp<string mnemonic> : NPU_Op<mnemonic> {
  let arguments = (ins NPU_BufferType:$buffer, NPU_TileAttr:$tile, NPU_DramAttr:$dram,
      NPU_ExtentAttr:$outer, NPU_ExtentAttr:$rows, NPU_ExtentAttr:$columns,
      DefaultValuedAttr<I64Attr, "1">:$element_log2, DefaultValuedAttr<I64Attr, "0">:$outer_stride,
      DefaultValuedAttr<I64Attr, "0">:$primary);
  let assemblyFormat = [{
    $buffer `,` $tile `,` $dram `,` $outer `,` $rows `,` $columns attr-dict
  }];
  let hasVerifier = 1;
}

def NPU_LoadOp : NPU_DmaOp<"load"> {
  let summary = "copies a strided tile from DRAM to a scratchpad buffer";
  let description = [{
    ```mlir
    npu.load %w, #npu.tile<[0] block 64>, #npu.dram<10 [0, 61440, 2048] stride 32 outer 12288>,
      #npu.extent<5>, #npu.extent<64>, #npu.extent<16> {outer_stride = 64 : i64}
    ```
  }];
}

def NPU_StoreOp : NPU_DmaOp<"store"> {
  let summary = "copies a strided tile from a scratchpad buffer to DRAM";
  let description = [{
    ```mlir
    npu.store %o, #npu.tile<[0] block 64>, #npu.dram<12 [0, 160] stride 2304>,
      #npu.extent<1>, #npu.extent<64>, #npu.extent<80>
    ```
  }];
}

def NPU_GatherOp : NPU_Op<"gather"> {
  let summary = "loads table rows named by int32 indices";
  let description = [{
    ```mlir
    npu.gather %x, #npu.tile<[0] block 16>, #npu.dram<4 [0] stride 768>, #npu.dram<1 [0, 64]>,
      #npu.extent<16>, #npu.extent<384> {bound = 30522 : i64}
    ```
  }];
  let arguments = (ins NPU_BufferType:$buffer, NPU_TileAttr:$tile, NPU_DramAttr:$dram,
      NPU_DramAttr:$indices, NPU_ExtentAttr:$rows, NPU_ExtentAttr:$columns,
      I64Attr:$bound, DefaultValuedAttr<I64Attr, "0">:$primary);
  let assemblyFormat = [{
    $buffer `,` $tile `,` $dram `,` $indices `,` $rows `,` $columns attr-dict
  }];
  let hasVerifier = 1;
}

def NPU_MatmulOp : NPU_Op<"matmul"> {
  let summary = "multiplies a tile of activations by a tile of weights";
  let description = [{
    Sums of `rows` × `columns` over `depth`; with `by_columns` a row of the
    weights holds one column of the product.

    ```mlir
    npu.matmul %s, #npu.tile<[0] block 64>, %a, #npu.tile<[0] block 64>, %w, #npu.tile<[0] block 64>,
      #npu.extent<64>, #npu.extent<80>, #npu.extent<64>
    ```
  }];
  let arguments = (ins NPU_BufferType:$sums, NPU_TileAttr:$sums_tile,
      NPU_BufferType:$activations, NPU_TileAttr:$activations_tile,
      NPU_BufferType:$weights, NPU_TileAttr:$weights_tile,
      NPU_ExtentAttr:$rows, NPU_ExtentAttr:$columns, NPU_ExtentAttr:$depth,
      UnitAttr:$by_columns,
      DefaultValuedAttr<NPU_AccumulateAttr, "::tilework::isa::Accumulate::never">:$accumulate,
      DefaultValuedAttr<I64Attr, "-1">:$accumulate_depth,
      DefaultValuedAttr<I64Attr, "0">:$primary);
  let assemblyFormat = [{
    $sums `,` $sums_tile `,` $activations `,` $activations_tile `,` $weights `,`
    $weights_tile `,` $rows `,` $columns `,` $depth (`accumulate` $accumulate^)? attr-dict
  }];
  let hasVerifier = 1;
}

def NPU_VectorOp : NPU_Op<"vector"> {
  let summary = "runs a chain of element operations over a tile";
  let description = [{
    Operands in memory are named by `roles`, in the order source, element,
    destination, columns 0 to 2, those that the chain uses; `tiles` has one tile
    for each.

    ```mlir
    npu.vector #npu.chain<source = fp32, destination = bf16, add0 = column>,
      #npu.extent<64>, #npu.extent<80>, [0, 2, 3] (%s, %o, %b)
      [#npu.tile<[0] block 64>, #npu.tile<[0] block 64>, #npu.tile<[0, 5] block 1>]
    ```
  }];
  let arguments = (ins NPU_ChainAttr:$chain, NPU_ExtentAttr:$rows, NPU_ExtentAttr:$columns,
      DenseI64ArrayAttr:$roles, Variadic<NPU_BufferType>:$buffers, ArrayAttr:$tiles,
      DefaultValuedAttr<I64Attr, "0">:$primary);
  let assemblyFormat = [{
    $chain `,` $rows `,` $columns `,` $roles `(` $buffers `)` $tiles attr-dict
  }];
  let hasVerifier = 1;
}

#endif // TILEWORK_DIALECTS_NPU_NPUOPS_TD
