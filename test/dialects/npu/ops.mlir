// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op of the npu dialect is printed as it was read.

// RUN: tilework-opt %s | tilework-opt | FileCheck %s

// CHECK: npu.tensor "x.bf16" input at 1 offset 0 bytes 4096
npu.tensor "x.bf16" input at 1 offset 0 bytes 4096
// CHECK: npu.tensor "w" weight at 0 offset 128 bytes 4096 {columns = 16 : i64, layout = #npu<layout blocked>, rows = 32 : i64}
npu.tensor "w" weight at 0 offset 128 bytes 4096 {columns = 16 : i64, layout = #npu<layout blocked>, rows = 32 : i64}
npu.tensor "ids" input at 2 offset 0 bytes 128
npu.tensor "y.bf16" output at 3 offset 0 bytes 4096

// CHECK: npu.group "matmul" sources [3]
npu.group "matmul" sources [3] attributes {dram_bytes = 8.192000e+03 : f64} {
  // CHECK: %[[A:.*]] = npu.buffer "activations" scratchpad rows 32 slots 2 pitch 32 base 0 {turns = 0 : i64}
  %a = npu.buffer "activations" scratchpad rows 32 slots 2 pitch 32 base 0 {turns = 0 : i64}
  // CHECK: %[[W:.*]] = npu.buffer "weights" scratchpad rows 32 slots 1 pitch 32 base 64
  %w = npu.buffer "weights" scratchpad rows 32 slots 1 pitch 32 base 64
  // CHECK: %[[S:.*]] = npu.buffer "sums" accumulator rows 16 slots 1 pitch 16 base 0
  %s = npu.buffer "sums" accumulator rows 16 slots 1 pitch 16 base 0
  // CHECK: npu.load %[[W]], <[0] block 32>, <1[0] stride 32 outer 1024>, <1>, <32>, <16> {outer_stride = 32 : i64}
  npu.load %w, <[0] block 32>, <1[0] stride 32 outer 1024>, <1>, <32>, <16> {outer_stride = 32 : i64}
  // CHECK: npu.loop 2
  npu.loop 2 {
    // CHECK: npu.load %[[A]], <[0] block 16>, <0[0, 1024] stride 64>, <1>, <16 of 30 by 0>, <32>
    npu.load %a, <[0] block 16>, <0[0, 1024] stride 64>, <1>, <16 of 30 by 0>, <32>
    // CHECK: npu.gather %[[A]], <[0] block 16 ahead 1>, <0[0] stride 64>, <2[0, 64]>, <16>, <32> {bound = 30 : i64}
    npu.gather %a, <[0] block 16 ahead 1>, <0[0] stride 64>, <2[0, 64]>, <16>, <32> {bound = 30 : i64}
    // CHECK: npu.matmul %[[S]], <[0] block 16>, %[[A]], <[0] block 16>, %[[W]], <[0] block 32>, <16 of 30 by 0>, <16>, <32>
    npu.matmul %s, <[0] block 16>, %a, <[0] block 16>, %w, <[0] block 32>, <16 of 30 by 0>, <16>, <32>
    // CHECK: npu.vector <source = fp32, destination = bf16, function = gelu>, <16 of 30 by 0>, <16>, [0, 2](%[[S]], %[[A]]) [#npu.tile<[0] block 16>, #npu.tile<[16] block 16>]
    npu.vector <source = fp32, destination = bf16, function = gelu>, <16 of 30 by 0>, <16>, [0, 2](%s, %a) [#npu.tile<[0] block 16>, #npu.tile<[16] block 16>]
    // CHECK: npu.store %[[A]], <[16] block 16>, <3[0, 512] stride 32>, <1>, <16 of 30 by 0>, <16>
    npu.store %a, <[16] block 16>, <3[0, 512] stride 32>, <1>, <16 of 30 by 0>, <16>
  }
}

// CHECK: npu.routine @layer0 tensors 2 sources 1 {
npu.routine @layer0 tensors 2 sources 1 {
  // CHECK: npu.group "copy" sources [0]
  npu.group "copy" sources [0] {
    %c = npu.buffer "tile" scratchpad rows 8 slots 1 pitch 8 base 0
    npu.load %c, <[0] block 8>, <0[0] stride 16>, <1>, <8>, <8>
    npu.store %c, <[0] block 8>, <1[0] stride 16>, <1>, <8>, <8>
  }
}
// CHECK: npu.call @layer0 tensors [0, 3] sources [5]
npu.call @layer0 tensors [0, 3] sources [5]
// CHECK: npu.call @layer0 tensors [3, 0] sources [6]
npu.call @layer0 tensors [3, 0] sources [6]
