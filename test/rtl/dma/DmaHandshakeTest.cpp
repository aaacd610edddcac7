// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the DMA of the RTL keep the rules of its memory pins when the memory is
// not always ready, and does it survive bus errors? Bytes alone are compared:
// the cycle model knows only memories that are always ready.

#include "test/rtl/dma/DmaBench.h"
#include "test/rtl/dma/DmaPrograms.h"

#include "test/rtl/dma/DmaBenchFourByEight.h"
#include "test/rtl/dma/DmaBenchMostPorts.h"
#include "test/rtl/dma/DmaBenchPorts.h"

#include <algorithm>

namespace tilework::sim {
namespace {

/// A memory that takes requests and write data when it likes and answers when
/// it likes, in order.
template <class Model> class StallingBench {
public:
  StallingBench(const Geometry &geometry, uint64_t imageBytes, unsigned seed,
                unsigned readyPercent)
      : geometry(geometry), actual(imageBytes), expected(imageBytes),
        memories(geometry), random(seed), readyPercent(readyPercent),
        ports(geometry.axiPorts) {
    rtl.rst_ni = 0;
    clock();
    clock();
    rtl.rst_ni = 1;
  }

  /// Until `readyFrom` the memory takes nothing.
  void run(const std::vector<Operation> &operations, uint64_t readyFrom = 0) {
    const unsigned percent = readyPercent;
    size_t next = 0, retired = 0;
    for (uint64_t cycle = 0; retired < operations.size(); ++cycle) {
      ASSERT_LT(cycle, 3000000u) << "not done: " << retired << " of "
                                 << operations.size() << " retired";
      bool toLoad =
          next < operations.size() && operations[next].unit == Unit::Load;
      rtl.cycle_i = cycle;
      rtl.load_dispatch_valid_i = next < operations.size() && toLoad;
      rtl.store_dispatch_valid_i = next < operations.size() && !toLoad;
      if (next < operations.size())
        driveDmaPacket(rtl, operations[next]);
      readyPercent = cycle < readyFrom ? 0 : percent;
      drive();
      rtl.clk_i = 0;
      rtl.eval();
      if (next < operations.size())
        next += toLoad ? rtl.load_dispatch_ready_o : rtl.store_dispatch_ready_o;
      if (rtl.load_retire_valid_o)
        execute(operations[rtl.load_retire_pc_o]), ++retired;
      if (rtl.store_retire_valid_o)
        execute(operations[rtl.store_retire_pc_o]), ++retired;
      busError |= rtl.bus_error_o;
      for (Counter bytes :
           {Counter::LoadBytes, Counter::StoreBytes, Counter::FetchBytes})
        counted += rtl.counts_o[static_cast<unsigned>(bytes)];
      sample();
      if (::testing::Test::HasFatalFailure())
        return;
      rtl.clk_i = 1;
      rtl.eval();
    }
  }

  void fill(const std::vector<uint8_t> &bytes) {
    actual.write(0, bytes.data(), bytes.size());
    expected.write(0, bytes.data(), bytes.size());
  }
  bool equal() const {
    return std::memcmp(actual.data(0, actual.size()),
                       expected.data(0, actual.size()), actual.size()) == 0;
  }

  DramImage &image() { return actual; }
  bool executing = true; ///< the semantics follow the retires
  bool busError = false;
  /// Of the bursts: what the chip counted, and what the pins asked for.
  uint64_t counted = 0, asked = 0;

private:
  struct Burst {
    uint64_t address;
    uint32_t beats, client;
  };
  struct Beat {
    std::vector<uint8_t> data, strobe;
    bool last;
  };
  struct Pins { ///< of requests that wait for ready
    bool ar = false, aw = false, w = false;
    uint64_t arAddress = 0, awAddress = 0;
    std::vector<uint8_t> wData;
  };
  struct Port {
    std::deque<Burst> reads, writes;
    std::deque<Beat> data;
    unsigned responses = 0; ///< writes done, not answered
    uint32_t beat = 0;      ///< next of the first read
    Pins waiting;
  };

  bool chance(unsigned percent) { return random() % 100 < percent; }
  void clock() {
    rtl.clk_i = 0;
    rtl.eval();
    rtl.clk_i = 1;
    rtl.eval();
  }

  void execute(const Operation &operation) {
    if (executing)
      executeOperation(operation, geometry, memories, expected);
  }

  void drive() {
    const unsigned bytes = geometry.axiDataBytes;
    rtl.r_valid_i = rtl.r_last_i = rtl.r_error_i = rtl.b_valid_i =
        rtl.b_error_i = 0;
    rtl.ar_ready_i = rtl.aw_ready_i = rtl.w_ready_i = 0;
    for (unsigned p = 0; p < geometry.axiPorts; ++p) {
      Port &port = ports[p];
      rtl.ar_ready_i |= chance(readyPercent) << p;
      rtl.aw_ready_i |= chance(readyPercent) << p;
      rtl.w_ready_i |= chance(readyPercent) << p;
      if (port.responses && chance(readyPercent)) {
        --port.responses;
        rtl.b_valid_i |= 1 << p;
      }
      if (port.reads.empty() || !chance(readyPercent))
        continue;
      const Burst &read = port.reads.front();
      uint64_t address = read.address + uint64_t(port.beat) * bytes;
      bool error = !actual.contains(address, bytes);
      std::vector<uint8_t> data(bytes,
                                0xa5); // what comes with an error means nothing
      if (!error)
        actual.read(address, data.data(), bytes);
      std::memcpy(reinterpret_cast<uint8_t *>(&rtl.r_data_i) + p * bytes,
                  data.data(), bytes);
      reinterpret_cast<uint8_t *>(&rtl.r_client_i)[p] =
          static_cast<uint8_t>(read.client);
      rtl.r_valid_i |= 1 << p;
      rtl.r_error_i |= error << p;
      if (++port.beat == read.beats) {
        rtl.r_last_i |= 1 << p;
        port.reads.pop_front();
        port.beat = 0;
      }
    }
  }

  void sample() {
    const unsigned bytes = geometry.axiDataBytes;
    for (unsigned p = 0; p < geometry.axiPorts; ++p) {
      Port &port = ports[p];
      bool ar = rtl.ar_valid_o >> p & 1, aw = rtl.aw_valid_o >> p & 1,
           w = rtl.w_valid_o >> p & 1;
      Beat beat;
      const uint8_t *data =
          reinterpret_cast<const uint8_t *>(&rtl.w_data_o) + p * bytes;
      const uint8_t *strobe =
          reinterpret_cast<const uint8_t *>(&rtl.w_strobe_o) + p * bytes / 8;
      beat.data.assign(data, data + bytes);
      beat.strobe.assign(strobe, strobe + bytes / 8);
      beat.last = rtl.w_last_o >> p & 1;
      uint64_t arAddress = portElement(rtl.ar_address_o, p, 8),
               awAddress = portElement(rtl.aw_address_o, p, 8);

      // What waits for ready stays as it is.
      const Pins &before = port.waiting;
      ASSERT_TRUE(!before.ar || (ar && arAddress == before.arAddress));
      ASSERT_TRUE(!before.aw || (aw && awAddress == before.awAddress));
      ASSERT_TRUE(!before.w || (w && beat.data == before.wData));
      Pins waiting;
      waiting.ar = ar && !(rtl.ar_ready_i >> p & 1);
      waiting.aw = aw && !(rtl.aw_ready_i >> p & 1);
      waiting.w = w && !(rtl.w_ready_i >> p & 1);
      waiting.arAddress = arAddress;
      waiting.awAddress = awAddress;
      waiting.wData = beat.data;
      port.waiting = waiting;

      if (ar && !waiting.ar)
        takeRequest(port.reads, arAddress, p,
                    static_cast<uint32_t>(portElement(rtl.ar_beats_o, p, 2)),
                    static_cast<uint32_t>(portElement(rtl.ar_client_o, p, 1)));
      if (aw && !waiting.aw)
        takeRequest(port.writes, awAddress, p,
                    static_cast<uint32_t>(portElement(rtl.aw_beats_o, p, 2)),
                    2);
      if (w && !waiting.w)
        port.data.push_back(beat);
      finishWrite(port);
    }
  }

  void takeRequest(std::deque<Burst> &bursts, uint64_t address, unsigned port,
                   uint32_t beats, uint32_t client) {
    uint64_t last = address + uint64_t(beats) * geometry.axiDataBytes - 1;
    ASSERT_GE(beats, 1u);
    ASSERT_LE(beats, 256u);
    ASSERT_EQ(address % geometry.axiDataBytes, 0u);
    ASSERT_EQ(address / 4096, last / 4096) << "a burst crosses 4 KB";
    ASSERT_EQ(address / geometry.dmaInterleaveBytes,
              last / geometry.dmaInterleaveBytes);
    ASSERT_EQ(address / geometry.dmaInterleaveBytes % geometry.axiPorts, port);
    asked += uint64_t(beats) * geometry.axiDataBytes;
    bursts.push_back({address, beats, client});
  }

  void finishWrite(Port &port) {
    if (port.writes.empty() || port.data.size() < port.writes.front().beats)
      return;
    Burst write = port.writes.front();
    port.writes.pop_front();
    for (uint32_t i = 0; i < write.beats; ++i) {
      const Beat &beat = port.data.front();
      ASSERT_EQ(beat.last, i + 1 == write.beats);
      for (unsigned b = 0; b < geometry.axiDataBytes; ++b)
        if (beat.strobe[b / 8] >> (b % 8) & 1)
          *actual.data(write.address + uint64_t(i) * geometry.axiDataBytes + b,
                       1) = beat.data[b];
      port.data.pop_front();
    }
    ++port.responses;
  }

  Geometry geometry;
  DramImage actual, expected;
  OnChipMemories memories;
  Model rtl;
  std::mt19937 random;
  unsigned readyPercent;
  std::vector<Port> ports;
};

template <class Model> void streams() {
  const Geometry geometry = geometryOf<Model>();
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    DmaProgram program(geometry, seed);
    program.generate(100);
    StallingBench<Model> bench(geometry, DmaProgramLayout::kImageBytes, seed,
                               seed % 4 * 30 + 10);
    bench.fill(program.image);
    bench.run(program.operations);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    ASSERT_TRUE(bench.equal());
    EXPECT_FALSE(bench.busError);
    EXPECT_EQ(bench.counted, bench.asked);
  }
}

TEST(DmaHandshake, AStallingMemoryOnOnePortKeepsEveryByte) {
  streams<VDmaBenchFourByEight>();
}
TEST(DmaHandshake, AStallingMemoryOnFourPortsKeepsEveryByte) {
  streams<VDmaBenchPorts>();
}

TEST(DmaHandshake, LongestBurstsOfAllPortsInOneCycleAreCounted) {
  const Geometry geometry = geometryOf<VDmaBenchMostPorts>();
  StallingBench<VDmaBenchMostPorts> bench(geometry, 1 << 18, 1, 100);
  Operation store;
  store.unit = Unit::Store;
  store.kind = OperationKind::Store;
  store.dma.outer = 1;
  store.dma.rows = geometry.scratchpadRows; // a burst for each port
  store.dma.rowBytes = store.dma.dramStride = 128;
  store.dma.tile.stride = 1;
  Operation second = store;
  second.pc = 1;
  second.dma.dramAddress = 1 << 16;
  bench.executing = false;
  bench.run({store, second}, 3000); // so that both bursts of all ports wait
  EXPECT_EQ(bench.asked, uint64_t(1) << 17);
  EXPECT_EQ(bench.counted, bench.asked);
}

TEST(DmaHandshake, ABusErrorGivesZerosAndIsReported) {
  const Geometry geometry = geometryOf<VDmaBenchFourByEight>();
  StallingBench<VDmaBenchFourByEight> bench(geometry, 4096, 1, 70);
  bench.executing = false;
  std::memset(bench.image().data(0, 4096), 0x11, 4096);
  Operation load, store;
  load.unit = Unit::Load;
  load.kind = OperationKind::Load;
  load.dma.outer = 1;
  load.dma.rows = 8;
  load.dma.rowBytes = 16;
  load.dma.dramStride = 16;
  load.dma.dramAddress = 4096 - 64; // the last four rows are not there
  load.dma.tile.stride = 1;
  store = load;
  store.unit = Unit::Store;
  store.kind = OperationKind::Store;
  store.pc = 1;
  store.waits[0] = {true, 1};
  store.dma.dramAddress = 0;
  bench.run({load, store});
  EXPECT_TRUE(bench.busError);
  for (uint64_t i = 0; i < 128; ++i)
    EXPECT_EQ(*bench.image().data(i, 1), i < 64 ? 0x11 : 0) << i;
}

} // namespace
} // namespace tilework::sim
