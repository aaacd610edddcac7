// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The commands of a channel, and counts of them.

#pragma once

#include "sim/memory/dram/Device.h"

namespace tilework::sim::dram {

enum class CommandKind : uint8_t {
  ActivateFirst, ///< of two commands that make an activate; the next is second
  Activate,
  Precharge,
  PrechargeAll, ///< of a rank
  Read,
  Write,
  MaskedWrite,
  RefreshAll, ///< of a rank
  RefreshBank
};

struct Command {
  uint64_t clock = 0; ///< its first on the bus
  CommandKind kind = CommandKind::Activate;
  Place place;
};

struct Counts {
  uint64_t reads = 0, writes = 0, maskedWrites = 0;
  uint64_t rowHits = 0;      ///< accesses whose row was open
  uint64_t rowConflicts = 0; ///< accesses that had to close another row
  uint64_t activates = 0, precharges = 0, refreshes = 0;
};

} // namespace tilework::sim::dram
