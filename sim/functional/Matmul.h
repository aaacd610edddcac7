// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What matmul computes: the systolic array's sums, in its order of accumulation
// and with its rounding, at the speed of the host's SIMD.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <cstdint>

namespace tilework::sim {

/// How the host makes the array's bytes; all ways give the same ones.
enum class MatmulArithmetic : uint8_t {
  Automatic,       ///< fused multiply-add where the exponents of a tile prove
                   ///< that no product leaves the range of fp32
  MultiplyThenAdd, ///< never fused, subnormals flushed by the host's mode
  ExplicitFlush    ///< never fused, subnormals flushed by instructions
};

/// Adds activations × weights to the sums, or overwrites them. With a zero
/// extent nothing is read or written. Throws std::out_of_range for a tile that
/// leaves its memory, which cannot happen behind the bound check at dispatch.
void executeMatmul(const MatmulOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories,
                   MatmulArithmetic arithmetic = MatmulArithmetic::Automatic);

} // namespace tilework::sim
