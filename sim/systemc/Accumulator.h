// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who gets the ports of the accumulator's banks in a cycle
// (rtl/accumulator/tw_accumulator.sv): one read and one write a bank and cycle,
// the array before the vector unit.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstdint>

namespace tilework::sim {

enum class AccumulatorClient : uint8_t {
  SumsRead,  ///< array, always granted
  SumsWrite, ///< array, always granted
  Source,    ///< vector unit reads
  Element,   ///< vector unit reads
  Result     ///< vector unit writes
};
constexpr unsigned kAccumulatorClients = 5;

class Accumulator {
public:
  /// Counts the vector unit's accesses in `sink`; the array, which needs no
  /// grant, counts its own.
  Accumulator(const Geometry &geometry, CounterSink &sink)
      : sink(sink), rowsPerBank(geometry.accumulatorRowsPerBank()) {}

  /// Requests are set in propose and stay until they are set anew.
  ScratchpadPort &port(AccumulatorClient client) {
    return ports[static_cast<unsigned>(client)];
  }
  uint32_t bank(uint32_t row) const { return row / rowsPerBank; }
  /// Grants the requests of a cycle, all set before. Keeps no history.
  void arbitrate();

private:
  CounterSink &sink;
  uint32_t rowsPerBank;
  std::array<ScratchpadPort, kAccumulatorClients> ports;
};

} // namespace tilework::sim
