// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The DMA's cycle model alone: does skipping to the next event change nothing,
// and which bandwidth do the machines reach?

#include "sim/functional/Dma.h"
#include "sim/memory/Dram.h"
#include "sim/memory/DramImage.h"
#include "sim/systemc/LoadDma.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/Scratchpad.h"
#include "sim/systemc/StoreDma.h"
#include "test/rtl/dma/DmaPrograms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace tilework::sim {
namespace {

using Record = std::tuple<unsigned, uint32_t, uint64_t,
                          uint64_t>; ///< unit, pc, start, end

class Engine : private RetireSink {
public:
  Engine(const Geometry &geometry, const DramTiming &timing,
         const std::vector<uint8_t> &bytes)
      : image(std::max<uint64_t>(bytes.size(), 64)),
        dram(makeDramModel(timing, geometry.axiPorts, geometry.axiDataBytes)),
        ports(geometry, *dram, *this), scratchpad(geometry, *this),
        load(geometry, counters, *this, ports,
             scratchpad.port(ScratchpadClient::Load), image),
        store(geometry, counters, *this, ports,
              scratchpad.port(ScratchpadClient::Store)) {
    image.write(0, bytes.data(), bytes.size());
  }

  /// Cycles from the first dispatch to the last retire.
  uint64_t run(const std::vector<Operation> &operations, bool skip) {
    size_t next = 0;
    Cycle now = 0;
    while (records.size() < operations.size()) {
      if (skip && now > 0) {
        Cycle event = std::min(load.nextEvent(now), store.nextEvent(now));
        if (next < operations.size() && unit(operations[next]).ready())
          event = now;
        if (event == kNever)
          throw std::logic_error("nothing will ever happen");
        if (event > now) {
          load.skip(now, event);
          store.skip(now, event);
          now = event;
        }
      }
      load.propose(now);
      store.propose(now);
      scratchpad.arbitrate();
      ports.arbitrate(now);
      if (next < operations.size() && unit(operations[next]).ready()) {
        unit(operations[next]).dispatch(operations[next]);
        ++next;
      }
      load.commit(now);
      store.commit(now);
      counters.endCycle();
      ++stepped;
      if (++now > 20000000)
        throw std::logic_error("not done");
    }
    return now;
  }

  std::vector<Record> records;
  uint64_t stepped = 0;

private:
  DispatchedUnit &unit(const Operation &operation) {
    if (operation.unit == Unit::Load)
      return load;
    return store;
  }
  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t) override {
    counters.retire(operation.unit);
    records.push_back({unsigned(operation.unit), operation.pc, start, end});
  }

  DramImage image;
  std::unique_ptr<DramModel> dram;
  MemoryPorts ports;
  Scratchpad scratchpad;
  RetireCounters counters;
  LoadDma load;
  StoreDma store;
};

TEST(DataMovement, SkippingToTheNextEventChangesNothing) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Geometry g;
    g.rows = g.columns = 4u << seed % 4;
    g.scratchpadBanks = 1 + seed % 5;
    g.scratchpadRows = g.scratchpadBanks * 256;
    g.axiPorts = 1u << seed % 3;
    g.axiDataBytes = 8u << seed % 5;
    g.dmaBufferBytes = 2048;
    g.dmaBurstBytes = 128u << seed % 4;
    g.dmaOutstandingBursts = 2 + seed % 7;
    g.dmaInterleaveBytes = 1024;
    DramTiming timing;
    timing.accessPs = 500 + 700 * (seed % 6);
    timing.randomLatencyPs = seed % 2 * 150000;
    timing.randomSeed = seed;
    DmaProgram program(g, seed);
    program.generate(120);
    Engine stepping(g, timing, program.image),
        skipping(g, timing, program.image);
    uint64_t cycles = stepping.run(program.operations, false);
    ASSERT_EQ(cycles, skipping.run(program.operations, true))
        << "seed " << seed;
    ASSERT_EQ(stepping.records, skipping.records) << "seed " << seed;
    EXPECT_LT(skipping.stepped, stepping.stepped);
  }
}

TEST(DataMovement, RefusesShapesThatCannotWork) {
  Geometry g;
  g.dmaBufferBytes = g.dmaBurstBytes;
  EXPECT_THROW(DmaShape{g}, std::invalid_argument);
  g = Geometry();
  g.dmaInterleaveBytes = 16;
  EXPECT_THROW(DmaShape{g}, std::invalid_argument);
  g = Geometry();
  g.dmaOutstandingBursts = 1;
  EXPECT_THROW(DmaShape{g}, std::invalid_argument);
}

struct MachineCase {
  const char *name;
  uint32_t lanes, ports, dataBytes, bufferBytes, burstBytes, outstanding;
  uint32_t channels, accessBytes;
  uint64_t accessPs;
};

/// Bytes a cycle of one long contiguous load or store.
double longTransfer(const MachineCase &machine, Unit unit) {
  Geometry g;
  g.rows = g.columns = machine.lanes;
  g.scratchpadBanks = 8;
  g.scratchpadRows = g.scratchpadBanks * 2048;
  g.axiPorts = machine.ports;
  g.axiDataBytes = machine.dataBytes;
  g.dmaBufferBytes = machine.bufferBytes;
  g.dmaBurstBytes = machine.burstBytes;
  g.dmaOutstandingBursts = machine.outstanding;
  DramTiming timing;
  timing.channels = machine.channels;
  timing.interleaveBytes = 256;
  timing.accessBytes = machine.accessBytes;
  timing.accessPs = machine.accessPs;
  Operation operation;
  operation.unit = unit;
  operation.kind =
      unit == Unit::Load ? OperationKind::Load : OperationKind::Store;
  operation.dma.outer = 1;
  operation.dma.rows = 16384;
  operation.dma.rowBytes = g.rowBytes();
  operation.dma.dramStride = g.rowBytes();
  operation.dma.tile.stride = 1;
  Engine engine(g, timing, {});
  return double(operation.dma.rows) * g.rowBytes() /
         engine.run({operation}, true);
}

TEST(DataMovement, LongTransfersReachTheLimitOfTheMachine) {
  // nano, edge, mobile as in dialects/target/presets; a server has one row of
  // 256 bytes a cycle to and from the scratchpad, which is less than its
  // memory's 461 bytes a cycle.
  const MachineCase machines[] = {
      {"nano", 8, 1, 16, 4096, 1024, 16, 1, 32, 3750},
      {"edge", 16, 1, 32, 8192, 2048, 16, 2, 32, 3750},
      {"mobile", 64, 1, 64, 16384, 4096, 32, 4, 32, 2500},
      {"server", 128, 4, 128, 32768, 4096, 32, 16, 32, 1111}};
  for (const MachineCase &machine : machines) {
    double dram =
        machine.channels * machine.accessBytes * 1000.0 / machine.accessPs;
    double bus = machine.ports * machine.dataBytes, rows = 2 * machine.lanes;
    double limit = std::min({dram, bus, rows});
    double load = longTransfer(machine, Unit::Load),
           store = longTransfer(machine, Unit::Store);
    std::printf("%-6s load %7.2f store %7.2f of %7.2f bytes a cycle\n",
                machine.name, load, store, limit);
    EXPECT_GE(load, 0.95 * limit) << machine.name;
    EXPECT_GE(store, 0.95 * limit) << machine.name;
  }
}

} // namespace
} // namespace tilework::sim
