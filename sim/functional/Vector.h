// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the vector unit computes: chunks of its lanes, rows inside, one chain of
// stages an element (dialects/isa/RationaleISA.md), at the host's SIMD speed.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <cstdint>

namespace tilework::sim {

/// How the host makes the unit's bytes; both ways give the same ones.
enum class VectorArithmetic : uint8_t {
  Automatic, ///< SIMD where the host flushes as the machine does
  Scalar     ///< Float.h and applyFunction, one value at a time
};

/// Runs the chain over the tile: reads source, element, columns and statistics,
/// writes the destination and the reduced statistics. With a zero extent
/// nothing is read or written. Throws std::out_of_range for a row or an entry
/// outside of its memory, which cannot happen behind the bound check at
/// dispatch.
void executeVector(const VectorOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories,
                   VectorArithmetic arithmetic = VectorArithmetic::Automatic);

} // namespace tilework::sim
