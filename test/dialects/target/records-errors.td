// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A record of a parameter that contradicts itself is named.
//
// RUN: split-file %s %t
// RUN: not %python -B %source/dialects/recordgen/targetgen.py --tblgen llvm-tblgen --root %source --definitions %t/default.td 2>&1 | FileCheck %t/default.td
// RUN: not %python -B %source/dialects/recordgen/targetgen.py --tblgen llvm-tblgen --root %source --definitions %t/unit.td 2>&1 | FileCheck %t/unit.td
// RUN: not %python -B %source/dialects/recordgen/targetgen.py --tblgen llvm-tblgen --root %source --definitions %t/choice.td 2>&1 | FileCheck %t/choice.td
// RUN: not %python -B %source/dialects/recordgen/targetgen.py --tblgen llvm-tblgen --root %source --definitions %t/twice.td 2>&1 | FileCheck %t/twice.td

//--- default.td
include "dialects/target/ParameterBase.td"
def Cache : Block<"cache", "caches">;
def Size : PowerOfTwo<Cache, "size_bytes", Timing, 100, 64, 4096, "Bytes.", "misses"> { let unit = "bytes"; }
// CHECK: error: cache.size_bytes: 100 is not legal

//--- unit.td
include "dialects/target/ParameterBase.td"
def Cache : Block<"cache", "caches">;
def Size : Integer<Cache, "size_bytes", Timing, 100, 64, 4096, "Bytes.", "misses">;
// CHECK: error: cache.size_bytes: needs a unit

//--- choice.td
include "dialects/target/ParameterBase.td"
def Cache : Block<"cache", "caches">;
def Policy : Choice<Cache, "policy", Timing, "best", ["lru", "random"], "Who goes.", "misses">;
// CHECK: error: cache.policy: best is no choice

//--- twice.td
include "dialects/target/ParameterBase.td"
def Cache : Block<"cache", "caches">;
def One : Choice<Cache, "policy", Timing, "lru", ["lru", "random"], "Who goes.", "misses">;
def Two : Choice<Cache, "policy", Timing, "lru", ["lru", "random"], "Who goes.", "misses">;
// CHECK: error: parameters: 'cache.policy' is there twice
