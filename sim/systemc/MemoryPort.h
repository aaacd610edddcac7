// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory ports of the chip with their arbiters (rtl/dma/tw_axi_arbiter.sv,
// tw_dma.sv): takes the bursts of fetch, load and store, chooses one a port and
// cycle, and asks the DRAM model when it answers.

#pragma once

#include "sim/memory/Dram.h"
#include "sim/systemc/Dma.h"
#include "sim/systemc/TimingUnit.h"

#include <deque>
#include <vector>

namespace tilework::sim {

/// A burst that a client asks for.
struct BurstRequest {
  bool request = false; ///< set in propose
  Burst burst;
  bool granted = false; ///< set by arbitrate
};

class MemoryPorts {
public:
  static constexpr uint32_t kFetchLineBytes = 128;

  struct Port {
    BurstRequest load, store;
    bool storeReady = false; ///< a store burst has all its data, though the
                             ///< data channel may be busy; set in propose
    /// In the commit of a granted read: the cycle of each beat; of a granted
    /// store: that of its response.
    std::vector<uint64_t> beatCycles;
    uint64_t responseCycle = 0;
  };

  /// One client for instruction lines, aligned.
  struct Fetch {
    bool request = false; ///< set in propose
    uint64_t address = 0;
    bool granted = false;             ///< set by arbitrate
    std::vector<uint64_t> beatCycles; ///< in the commit of a granted request
  };

  /// Counts the bytes of granted bursts, alignment included, in `sink`.
  MemoryPorts(const Geometry &geometry, DramModel &dram, CounterSink &sink,
              uint8_t core = 0);

  Port &port(uint32_t index) { return ports[index]; }
  Fetch &fetch() { return fetchClient; }
  /// Grants requests of cycle `now`, all set before. Need not be called in a
  /// cycle without requests; `granted` means something only beside `request`.
  void arbitrate(Cycle now);
  /// The first cycle behind the last one, up to `now`, in which a beat of a
  /// read or the response of a write is on the pins; `now` does not fall from
  /// call to call.
  Cycle quietFrom(Cycle now);
  /// The first cycle in which an error is on the pins.
  Cycle firstError() const { return errorCycle; }

private:
  struct Arbiter {
    bool writing = false;
    uint32_t batch =
        0; ///< beats granted in this direction, counted up to the limit
  };

  /// Notes the beats of a granted read, or the response of a write, that carry
  /// an error.
  void noteReadErrors(uint64_t address, const std::vector<uint64_t> &cycles);
  void noteWriteErrors(uint64_t address, uint32_t beats, Cycle response);

  /// Puts a burst on the pins in the cycle after `now` and returns when its
  /// last beat or response comes.
  uint64_t request(Cycle now, uint32_t port, bool write, const Burst &burst,
                   std::vector<uint64_t> *beatCycles);

  /// What is to come on a port in one direction, in order.
  using Arrivals = std::deque<Cycle>;
  void expect(Cycle now, Arrivals &list, const std::vector<uint64_t> &cycles);
  void forgetUpTo(Cycle now, Arrivals &list);

  DramModel &dram;
  CounterSink &sink;
  uint8_t core;
  std::vector<Arrivals> arrivals; ///< reads and writes of each port
  Cycle nextArrival = kNever;     ///< of all; may be past
  Cycle quiet = 0;                ///< behind the last that was forgotten
  Cycle errorCycle = kNever;
  DmaShape shape;
  uint32_t batchBeats;
  std::vector<Port> ports;
  std::vector<Arbiter> arbiters;
  Fetch fetchClient;
  uint32_t fetchPort = 0;
  std::deque<uint64_t> linesUnderWay; ///< cycle of the last beat of each
};

} // namespace tilework::sim
