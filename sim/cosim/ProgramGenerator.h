// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Draws random legal programs for a geometry: every instruction, type, stage
// and addressing mode, loops, calls, rings, ragged and zero extents, bank
// conflicts, full queues, and traps.

#pragma once

#include "sim/cosim/TestProgram.h"

namespace tilework::sim {

struct GeneratorOptions {
  unsigned groups = 8; ///< groups of instructions between prologue and epilogue
  double trapProbability = 0.15; ///< that the program ends in a trap
  /// Unit instructions executed, and a quarter of the DMA rows.
  uint64_t operationLimit = 2000;
};

/// The same seed, geometry and options give the same program. The result is
/// legal up to its halt or trap.
TestProgram generateProgram(const Geometry &geometry, uint64_t seed,
                            const GeneratorOptions &options = {});

} // namespace tilework::sim
