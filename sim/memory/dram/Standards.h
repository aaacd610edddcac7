// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One channel of each kind of memory that a target can name.

#pragma once

#include "sim/memory/dram/Device.h"

#include <string>
#include <string_view>
#include <vector>

namespace tilework::sim::dram {

struct Standard {
  const char *name; ///< as dram.standard calls it
  const char *source;
  Device device; ///< without what depends on the capacity
  /// By capacity of a channel, the smallest first: refresh of all banks and of
  /// one, in nanoseconds.
  struct Density {
    uint64_t bytes;
    uint32_t allBanksNs, bankNs;
  };
  std::vector<Density> densities;
};

const std::vector<Standard> &standards();

/// A channel of `capacityBytes`; capacities between two densities count as the
/// larger one. Throws std::invalid_argument when there is no such standard.
Device deviceOf(std::string_view standard, uint64_t capacityBytes);

} // namespace tilework::sim::dram
