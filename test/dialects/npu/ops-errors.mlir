// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the verifiers of the npu dialect refuse.

// RUN: tilework-opt %s -split-input-file -verify-diagnostics

npu.group "slots" sources [] {
  // expected-error @+1 {{has slots of 8 rows that are 4 rows apart}}
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 4 base 0
}

// -----

npu.group "turns" sources [] {
  // expected-error @+1 {{has several slots and no loop that turns them}}
  %a = npu.buffer "a" scratchpad rows 8 slots 2 pitch 8 base 0
}

// -----

npu.group "depth" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  npu.loop 4 {
    // expected-error @+1 {{a DRAM operand steps with 2 loops, but 1 enclose it}}
    npu.load %a, <[0] block 8>, <0[0, 64, 128] stride 64>, <1>, <8>, <8>
  }
}

// -----

npu.group "extent" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has an extent by loop 0, but 0 loops enclose it}}
  npu.load %a, <[0] block 8>, <0[0] stride 64>, <1>, <8 of 20 by 0>, <8>
}

// -----

npu.group "space" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{needs buffer 'a' in the accumulator}}
  npu.matmul %a, <[0] block 8>, %a, <[0] block 8>, %a, <[0] block 8>, <8>, <8>, <8>
}

// -----

npu.group "roles" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{needs a role and a tile for each buffer}}
  npu.vector <source = bf16, destination = bf16>, <8>, <8>, [0, 2](%a) [#npu.tile<[0] block 8>]
}
