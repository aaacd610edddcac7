// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What load, gather and store move: the only statement of their meaning in the
// simulators. Every engine but the RTL calls these functions for the bytes.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <cstdint>

namespace tilework::sim {

class DramImage;

/// Copies the tile from DRAM to the scratchpad; a zero in any extent moves
/// nothing. Throws DramAccessError for an address outside of the image and
/// std::out_of_range for a row outside of the scratchpad: neither can happen
/// behind the bound check at dispatch.
void executeLoad(const DmaOperation &operation, const Geometry &geometry,
                 OnChipMemories &memories, const DramImage &image);

/// Copies table rows named by a list of int32 indices. Returns whether every
/// index was in [0, bound); the rows of the others are zeros. Throws as
/// executeLoad.
bool executeGather(const DmaOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories, const DramImage &image);

/// Copies the tile from the scratchpad to DRAM. Throws as executeLoad.
void executeStore(const DmaOperation &operation, const Geometry &geometry,
                  const OnChipMemories &memories, DramImage &image);

/// Bytes for the retire record: those of the tile, for a gather those of its
/// list too. A row with an index out of range counts like any other.
uint64_t dmaBytes(OperationKind kind, const DmaOperation &operation);

} // namespace tilework::sim
