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

// -----

npu.group "no rows" sources [] {
  // expected-error @+1 {{needs at least one slot of at least one row}}
  %a = npu.buffer "a" scratchpad rows 0 slots 1 pitch 4 base 0
}

// -----

npu.group "negative rows" sources [] {
  // expected-error @+1 {{needs at least one slot of at least one row}}
  %a = npu.buffer "a" scratchpad rows -8 slots 1 pitch 8 base 0
}

// -----

npu.group "trip" sources [] {
  // expected-error @+1 {{has a negative trip count}}
  npu.loop -1 {
    %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  }
}

// -----

npu.group "element" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{moves elements of 1, 2 or 4 bytes}}
  npu.store %a, <[0] block 8>, <0[0] stride 64>, <1>, <8>, <8> {element_log2 = 3 : i64}
}

// -----

npu.group "negative extent" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has a negative extent}}
  npu.load %a, <[0] block 8>, <0[0] stride 64>, <1>, <-8>, <8>
}

// -----

npu.group "tile steps" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{a tile steps with 1 loops, but 0 enclose it}}
  npu.load %a, <[0, 8] block 8>, <0[0] stride 64>, <1>, <8>, <8>
}

// -----

npu.group "negative stride" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has a tile with a negative stride or window}}
  npu.load %a, <[0] stride -1 block 8>, <0[0] stride 64>, <1>, <8>, <8>
}

// -----

npu.group "stranger" sources [] {
  %a = builtin.unrealized_conversion_cast to !npu.buffer
  // expected-error @+1 {{takes a buffer that no npu.buffer made}}
  npu.load %a, <[0] block 8>, <0[0] stride 64>, <1>, <8>, <8>
}

// -----

npu.group "load to sums" sources [] {
  %a = npu.buffer "a" accumulator rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{needs buffer 'a' in the scratchpad}}
  npu.load %a, <[0] block 8>, <0[0] stride 64>, <1>, <8>, <8>
}

// -----

npu.group "table" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{the table steps with 1 loops, but 0 enclose it}}
  npu.gather %a, <[0] block 8>, <0[0, 8] stride 64>, <1[0]>, <8>, <8> {bound = 8 : i64}
}

// -----

npu.group "indices" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{the index list steps with 1 loops, but 0 enclose it}}
  npu.gather %a, <[0] block 8>, <0[0] stride 64>, <1[0, 4]>, <8>, <8> {bound = 8 : i64}
}

// -----

npu.group "gather extent" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has an extent by loop 2, but 0 loops enclose it}}
  npu.gather %a, <[0] block 8>, <0[0] stride 64>, <1[0]>, <8 of 9 by 2>, <8> {bound = 8 : i64}
}

// -----

npu.group "weights" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  %s = npu.buffer "s" accumulator rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{needs buffer 's' in the scratchpad}}
  npu.matmul %s, <[0] block 8>, %a, <[0] block 8>, %s, <[0] block 8>, <8>, <8>, <8>
}

// -----

npu.group "matmul extent" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  %s = npu.buffer "s" accumulator rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has an extent by loop 0, but 0 loops enclose it}}
  npu.matmul %s, <[0] block 8>, %a, <[0] block 8>, %a, <[0] block 8>, <8>, <8>, <8 of 20 by 0>
}

// -----

npu.group "role" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has a role that is none of the six operands}}
  npu.vector <source = bf16>, <8>, <8>, [6](%a) [#npu.tile<[0] block 8>]
}

// -----

npu.group "no tile" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has a tile that is no #npu.tile}}
  npu.vector <source = bf16>, <8>, <8>, [0](%a) [5]
}

// -----

npu.group "type and place" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{needs buffer 'a' in the accumulator}}
  npu.vector <source = fp32>, <8>, <8>, [0](%a) [#npu.tile<[0] block 8>]
}

// -----

npu.group "vector extent" sources [] {
  %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  // expected-error @+1 {{has an extent by loop 1, but 0 loops enclose it}}
  npu.vector <source = bf16>, <8 of 9 by 1>, <8>, [0](%a) [#npu.tile<[0] block 8>]
}

// -----

npu.routine @r tensors 1 sources 1 {
  // expected-error @+1 {{has no place in a routine: it holds groups}}
  npu.tensor "x" input at 1 offset 0 bytes 4096
}

// -----

npu.routine @r tensors 1 sources 1 {
  // expected-error @+1 {{names source 1 of 1 that a call gives}}
  npu.group "g" sources [1] {
    %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  }
}

// -----

npu.routine @r tensors 1 sources 1 {
  npu.group "g" sources [0] {
    %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
    // expected-error @+1 {{names tensor 1 of 1 that a call gives}}
    npu.load %a, <[0] block 8>, <1[0] stride 64>, <1>, <8>, <8>
  }
}

// -----

// expected-error @+1 {{calls 'nowhere', which is no routine of this module}}
npu.call @nowhere tensors [0] sources [0]

// -----

npu.routine @r tensors 2 sources 1 {
  npu.group "g" sources [0] {
    %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  }
}
// expected-error @+1 {{gives 1 tensors to a routine that takes 2}}
npu.call @r tensors [0] sources [0]

// -----

npu.routine @r tensors 1 sources 2 {
  npu.group "g" sources [0] {
    %a = npu.buffer "a" scratchpad rows 8 slots 1 pitch 8 base 0
  }
}
// expected-error @+1 {{gives 1 sources to a routine that takes 2}}
npu.call @r tensors [0] sources [0]

// -----

npu.group "g" sources [] {
  // expected-error @+1 {{is no place in DRAM: that is an npu.tensor}}
  %a = npu.buffer "a" dram rows 8 slots 1 pitch 8 base 0
}

// -----

npu.group "g" sources [] {
  // expected-error @+2 {{'cosine' is none of identity relu absolute}}
  // expected-error @+1 {{failed to parse NPU_ChainAttr parameter 'function'}}
  npu.vector <source = bf16, function = cosine>, <8>, <8>, []() []
}
