// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a unit instruction does to the memories: in program order in the
// functional engine, at retirement in the cycle model.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

namespace tilework::sim {

class DramImage;

/// False where an index of a gather was out of range. Throws as the function of
/// the operation's kind does (Dma.h, Matmul.h, Vector.h).
bool executeOperation(const Operation &operation, const Geometry &geometry,
                      OnChipMemories &memories, DramImage &image);

} // namespace tilework::sim
