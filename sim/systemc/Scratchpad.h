// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scratchpad's arbiters (rtl/scratchpad/tw_scratchpad_bank.sv): eight
// clients, one access a bank and cycle.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tilework::sim {

/// In the order of their numbers.
enum class ScratchpadClient : uint8_t {
  Load,
  Store,
  Activations,
  Weights,
  Source,
  Element,
  Columns,
  Result
};
constexpr unsigned kScratchpadClients = 8;

class Scratchpad {
public:
  /// Counts the accesses of each client in `sink`.
  Scratchpad(const Geometry &geometry, CounterSink &sink)
      : sink(sink), pointers(geometry.scratchpadBanks) {}

  ScratchpadPort &port(ScratchpadClient client) {
    return ports[static_cast<unsigned>(client)];
  }
  /// Grants the requests of a cycle, all set before: in each bank the first
  /// client at or after the bank's pointer, cyclically, which then stands
  /// behind it.
  void arbitrate();

private:
  CounterSink &sink;
  std::array<ScratchpadPort, kScratchpadClients> ports;
  std::vector<uint8_t> pointers;
};

} // namespace tilework::sim
