// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Timing of the store DMA (rtl/dma/tw_store_dma.sv, tw_store_port.sv): reads
// scratchpad rows, packs them into words and bursts, and retires on the last
// response. State has the names and meanings of the RTL's.

#pragma once

#include "sim/systemc/Dma.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <deque>
#include <vector>

namespace tilework::sim {

class StoreDma : public DispatchedUnit {
public:
  /// `rows` is scratchpad client 1. All outlive the unit.
  StoreDma(const Geometry &geometry, const RetireCounters &counters,
           RetireSink &sink, MemoryPorts &memory, ScratchpadPort &rows);

  bool ready() const override { return queue.ready(); }
  void dispatch(const Operation &operation) override { queue.push(operation); }
  Activity activity() const override { return lastActivity; }
  void propose(Cycle now) override;
  void commit(Cycle now) override;
  Cycle nextEvent(Cycle now) const override;
  /// Time stamps carry all that happens between events.
  void skip(Cycle, Cycle) override {}

private:
  enum class State : uint8_t { Idle, Runs, Walk };

  /// A burst whose last word is packed.
  struct PackedBurst {
    Burst burst;
    Cycle ready = 0; ///< first cycle in which it can be requested
    uint32_t job = 0;
  };
  struct Port {
    uint32_t freeWords = 0; ///< as of the last look at `releases`
    uint32_t burstsUnderWay =
        0; ///< begun and, as of the last look at `responses`, not answered
    std::deque<PackedBurst> bursts;
    std::deque<Cycle> releases; ///< first cycle in which a word's room shows
    std::deque<std::pair<Cycle, uint32_t>>
        responses;      ///< cycle and job of each answer to come
    Cycle dataFree = 0; ///< first cycle in which the next burst can be granted
  };
  struct Place {
    DmaJob job;
    bool walked = false;
    uint32_t underWay = 0; ///< bursts begun and not answered
  };

  Place &place(uint32_t number) { return places[number % DmaShape::kJobDepth]; }
  void describeFragment();
  void commitFragment(Cycle now);
  void send(Port &port, uint32_t index, Cycle now);

  DmaShape shape;
  const RetireCounters &counters;
  RetireSink &sink;
  MemoryPorts &memory;
  ScratchpadPort &scratchpad;
  OperationQueue queue;
  std::vector<Port> ports;

  State state = State::Idle;
  DmaWalk walk;
  bool wordOpen = false, burstOpen = false, gap = false, nextGap = false;
  bool room = false, granted = false;
  uint64_t burstAddress = 0;
  struct Fragment {
    uint64_t address = 0, end = 0, highAddress = 0;
    uint32_t lowPort = 0, highPort = 0;
    bool crossing = false, runEnd = false, atBoundary = false;
  } fragment;
  bool fragmentValid = false;

  // Instructions in flight: [oldest, next).
  std::array<Place, DmaShape::kJobDepth> places;
  uint32_t oldest = 0, next = 0;

  Activity lastActivity = Activity::Empty;
};

} // namespace tilework::sim
