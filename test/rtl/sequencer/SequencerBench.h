// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the Verilated sequencer beside its timing class on one program, both
// against the same memory port and the same units (which take and retire what
// they are given at random times), and compares what they do in every cycle.

#pragma once

#include "sim/memory/DramImage.h"
#include "sim/systemc/Sequencer.h"
#include "test/rtl/sequencer/PacketBits.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace tilework::sim {

/// How the surroundings behave.
struct SequencerWorld {
  unsigned seed = 1;
  unsigned grantPercent = 80;  ///< a standing request is granted
  unsigned fetchLatency = 20;  ///< cycles to the first beat, at most
  unsigned readyPercent = 70;  ///< a unit has room
  unsigned retirePercent = 30; ///< a unit that holds something retires one
};

/// A unit that accepts and retires at random.
class RandomUnit : public DispatchedUnit {
public:
  bool ready() const override { return room; }
  void dispatch(const Operation &operation) override {
    taken = operation;
    ++held;
    dispatches = true;
  }
  Activity activity() const override { return Activity::Empty; }
  void propose(Cycle) override {}
  void commit(Cycle) override {}
  Cycle nextEvent(Cycle now) const override { return now; }
  void skip(Cycle, Cycle) override {}

  bool room = false, dispatches = false;
  unsigned held = 0;
  Operation taken;
};

/// `Model` is the Verilated tw_sequencer of `geometry`.
template <class Model> class SequencerBench {
public:
  SequencerBench(const Geometry &geometry, const Launch &launch,
                 const DramImage &image, const SequencerWorld &world)
      : geometry(geometry), launch(launch), image(image), world(world),
        random(world.seed),
        sequencer(geometry, launch, image, counters, fetch,
                  {&units[0], &units[1], &units[2], &units[3]}) {
    rtl.rst_ni = 0;
    edge();
    edge();
    rtl.rst_ni = 1;
    rtl.program_base_i = launch.programBase;
    rtl.instruction_count_i = launch.instructionCount;
    rtl.entry_i = launch.entry;
    for (unsigned i = 0; i < launch.parameters.size(); ++i)
      rtl.parameters_i[i] = launch.parameters[i];
    for (unsigned i = 0; i < launch.segments.size(); ++i) {
      rtl.segment_base_i[i] = launch.segments[i].base;
      rtl.segment_size_i[i] = launch.segments[i].size;
    }
    rtl.start_i = 1;
    edge();
    rtl.start_i = 0;
    rtl.run_i = 1;
  }

  /// Runs to the stop; returns its cause. Fails the test at the first
  /// difference.
  TrapCause run(uint64_t cycleLimit) {
    for (now = 0; now < cycleLimit; ++now) {
      if (cycle())
        return sequencer.trap(false).cause;
      if (::testing::Test::HasFatalFailure())
        return TrapCause::watchdog;
    }
    ADD_FAILURE() << "no end after " << cycleLimit << " cycles";
    return TrapCause::watchdog;
  }
  uint64_t cycles() const { return now; }
  uint64_t operations() const { return dispatchCount; }

private:
  bool chance(unsigned percent) { return random() % 100 < percent; }
  void edge() {
    rtl.clk_i = 0;
    rtl.eval();
    rtl.clk_i = 1;
    rtl.eval();
  }

  bool cycle() {
    // What the world does in this cycle, from its own state.
    rtl.dispatch_ready_i = 0;
    for (unsigned u = 0; u < kUnitCount; ++u) {
      units[u].room = chance(world.readyPercent);
      units[u].dispatches = false;
      rtl.dispatch_ready_i |= unsigned(units[u].room) << u;
      rtl.retired_i[u] = counters.count(static_cast<Unit>(u));
    }
    const bool beat = !beats.empty() && beats.front().cycle == now;
    rtl.fetch_valid_i = beat;
    if (beat) {
      const uint8_t *bytes =
          image.data(beats.front().address, geometry.axiDataBytes);
      std::memcpy(&rtl.fetch_data_i, bytes, geometry.axiDataBytes);
      beats.pop_front();
    }

    // Requests.
    const bool stopped = sequencer.stopped();
    sequencer.propose(now);
    rtl.fetch_gnt_i = 0;
    rtl.clk_i = 0;
    rtl.eval();
    [&] {
      ASSERT_EQ(bool(rtl.fetch_req_o), fetch.request) << "in cycle " << now;
      if (fetch.request) {
        ASSERT_EQ(uint64_t(rtl.fetch_address_o), fetch.address)
            << "in cycle " << now;
      }
      ASSERT_EQ(bool(rtl.stop_o), stopped) << "in cycle " << now;
    }();
    if (::testing::Test::HasFatalFailure())
      return false;
    if (stopped) {
      compareTrap();
      return true;
    }

    fetch.granted = fetch.request && chance(world.grantPercent);
    fetch.beatCycles.clear();
    if (fetch.granted) {
      uint64_t at =
          std::max(now + 1 + random() % world.fetchLatency, lastBeat + 1);
      for (unsigned i = 0; i < 128 / geometry.axiDataBytes; ++i) {
        fetch.beatCycles.push_back(at);
        beats.push_back({at, fetch.address + i * geometry.axiDataBytes});
        lastBeat = at;
        at += 1 + random() % 3;
      }
    }
    rtl.fetch_gnt_i = fetch.granted;
    rtl.eval();

    sequencer.commit(now);
    compareCycle();
    rtl.clk_i = 1;
    rtl.eval();
    for (unsigned u = 0; u < kUnitCount; ++u)
      if (units[u].held != 0 && chance(world.retirePercent)) {
        --units[u].held;
        counters.retire(static_cast<Unit>(u));
      }
    counters.endCycle();
    return false;
  }

  void compareCycle() {
    ASSERT_EQ(unsigned(rtl.activity_o), unsigned(sequencer.activity()))
        << "in cycle " << now;
    for (unsigned u = 0; u < kUnitCount; ++u) {
      ASSERT_EQ(bool(rtl.dispatch_valid_o >> u & 1), units[u].dispatches)
          << "dispatch to unit " << u << " in cycle " << now;
      if (!units[u].dispatches)
        continue;
      ++dispatchCount;
      const PacketBits bits(units[u].taken);
      std::string difference;
      if (u < 2)
        difference = bits.difference(rtl.dma_packet_o, kDmaBits);
      else if (u == 2)
        difference = bits.difference(rtl.array_packet_o, kArrayBits);
      else
        difference = bits.difference(rtl.vector_packet_o, kVectorBits);
      ASSERT_EQ(difference, "")
          << "dispatch of pc " << units[u].taken.pc << " in cycle " << now;
    }
  }

  void compareTrap() {
    const Trap trap = sequencer.trap(false);
    ASSERT_EQ(unsigned(rtl.trap_o), unsigned(trap.cause)) << trap.detail;
    ASSERT_EQ(rtl.trap_pc_o, trap.pc);
    ASSERT_EQ(rtl.trap_context_o, trap.context);
  }

  struct Beat {
    uint64_t cycle, address;
  };

  // Widths of the packets, from the operations that fill them.
  static Operation ofKind(OperationKind kind) {
    Operation operation;
    operation.kind = kind;
    return operation;
  }
  const unsigned kDmaBits = PacketBits(ofKind(OperationKind::Load)).width();
  const unsigned kArrayBits = PacketBits(ofKind(OperationKind::Matmul)).width();
  const unsigned kVectorBits =
      PacketBits(ofKind(OperationKind::Vector)).width();

  Geometry geometry;
  Launch launch;
  const DramImage &image;
  SequencerWorld world;
  std::mt19937 random;
  RetireCounters counters;
  MemoryPorts::Fetch fetch;
  RandomUnit units[kUnitCount];
  Sequencer sequencer;
  Model rtl;
  std::deque<Beat> beats;
  uint64_t now = 0, lastBeat = 0, dispatchCount = 0;
};

} // namespace tilework::sim
