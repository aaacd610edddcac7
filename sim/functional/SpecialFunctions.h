// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit's functions of one value, in integers and the operations of
// Float.h alone: the definition that the SIMD form (SpecialFunctionsSimd.h) and
// the RTL (rtl/vector_unit/tw_vector_function.sv) reproduce bit for bit.
// rtl/vector_unit/RationaleVectorUnit.md derives the method and states errors.

#pragma once

#include "dialects/isa/Instructions.h"

#include <array>
#include <cstdint>

namespace tilework::sim {

/// A table of quadratic segments. An argument is {octave, fraction of 23 bits};
/// the upper `segmentBits` of the fraction choose the segment, the next 16 are
/// t + 2^15; q = c1 + (c2·t >> shift2), h = c0 + (q·t >> shift1[octave]).
struct FunctionTable {
  uint16_t base; ///< entry of octave 0; an octave has 2^segmentBits entries
  uint8_t segmentBits, shift2;
  std::array<uint8_t, 5> shift1;
};

#include "sim/functional/SpecialFunctionTables.inc"

inline const FunctionTable &functionTable(FunctionTableIndex index) {
  return kFunctionTables[static_cast<unsigned>(index)];
}

/// function(x), or function(x, y), on fp32 bits; `scalar` is what select and
/// replace put in. A NaN gives the one NaN where the function does not ask for
/// it; a subnormal counts as a zero of its sign.
uint32_t applyFunction(isa::VectorFunction function, uint32_t x, uint32_t y = 0,
                       uint32_t scalar = 0);

/// a or b, whichever is larger (smaller); -0 < +0; the one NaN wins.
uint32_t maximumF32(uint32_t a, uint32_t b);
uint32_t minimumF32(uint32_t a, uint32_t b);

} // namespace tilework::sim
