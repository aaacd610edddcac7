// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How full the scratchpad is over the cycles of a run: the footprints of the
// program's instructions at the times of their retire records.

#pragma once

#include "runtime/Executable.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tilework {

/// A row of the scratchpad is in use from the start of the instruction that
/// writes it until the end of the last one that reads it before it is written
/// again. Several instructions may fill a row: one that writes beside what was
/// written adds to it.
struct MemoryUse {
  uint64_t capacityBytes = 0;
  /// In use from cycles[i] until cycles[i + 1], by the unit that wrote it, in
  /// bytes; the first of them is cycle 0. Rows count whole.
  std::vector<uint64_t> cycles;
  std::array<std::vector<uint64_t>, sim::kUnitCount> bytes;
};

/// Throws UserError when the run kept no records or counted no cycles.
MemoryUse scratchpadUse(const RunReport &report);

} // namespace tilework
