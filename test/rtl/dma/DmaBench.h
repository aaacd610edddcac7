// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the Verilated DMA with scratchpad and memory endpoint beside the timing
// classes with the functional semantics, both from the same operations, and
// compares what they do in every cycle.

#pragma once

#include "sim/functional/Dma.h"
#include "sim/functional/Execute.h"
#include "sim/memory/AxiEndpoint.h"
#include "sim/systemc/LoadDma.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/Scratchpad.h"
#include "sim/systemc/StoreDma.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace tilework::sim {

struct DmaBenchOptions {
  unsigned contentionPercent =
      0; ///< chance of a request, for each other scratchpad client and cycle
  unsigned dispatchPercent =
      100; ///< chance that the sequencer offers the next operation
  unsigned fetchPercent = 0; ///< chance that an idle fetch asks for a line
  unsigned seed = 1;
  uint64_t cycleLimit = 4000000;
};

/// Bytes of an array of `size`-byte elements in a Verilated port.
template <typename Port>
uint64_t portElement(const Port &port, unsigned index, unsigned size) {
  uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const uint8_t *>(&port) + index * size,
              size);
  return value;
}

/// Puts an operation on the packet of a Verilated tw_dma_bench.
template <class Model>
void driveDmaPacket(Model &rtl, const Operation &operation) {
  const DmaOperation &dma = operation.dma;
  rtl.null_op_i = operation.kind == OperationKind::Null;
  rtl.gather_i = operation.kind == OperationKind::Gather;
  rtl.pc_i = operation.pc;
  rtl.context_id_i = operation.context;
  rtl.wait_valid_i = operation.waits[0].valid | operation.waits[1].valid << 1;
  rtl.wait_load_i = operation.waits[0].count;
  rtl.wait_store_i = operation.waits[1].count;
  rtl.dram_address_i = dma.dramAddress;
  rtl.dram_stride_i = dma.dramStride;
  rtl.dram_outer_stride_i = dma.dramOuterStride;
  rtl.index_address_i = dma.indexAddress;
  rtl.bound_i = dma.bound;
  rtl.tile_row_i = dma.tile.row;
  rtl.tile_stride_i = dma.tile.stride;
  rtl.tile_block_stride_i = dma.tile.blockStride;
  rtl.tile_first_i = dma.tile.first;
  rtl.tile_outer_stride_i = dma.tileOuterStride;
  rtl.outer_i = dma.outer;
  rtl.rows_i = dma.rows;
  rtl.row_bytes_i = dma.rowBytes;
}

/// `Model` is the Verilated tw_dma_bench of `geometry`.
template <class Model> class DmaBench : private RetireSink {
public:
  DmaBench(const Geometry &geometry, const DramTiming &timing,
           uint64_t imageBytes)
      : geometry(geometry), rtlImage(imageBytes), image(imageBytes),
        memories(geometry), rtlDram(makeDramModel(timing, geometry.axiPorts,
                                                  geometry.axiDataBytes)),
        dram(makeDramModel(timing, geometry.axiPorts, geometry.axiDataBytes)),
        endpoint(*rtlDram, rtlImage, geometry.axiPorts, geometry.axiDataBytes),
        ports(geometry, *dram, *this), scratchpad(geometry, *this),
        load(geometry, counters, *this, ports,
             scratchpad.port(ScratchpadClient::Load), image),
        store(geometry, counters, *this, ports,
              scratchpad.port(ScratchpadClient::Store)) {
    rtl.ar_ready_i = rtl.aw_ready_i = rtl.w_ready_i =
        (1u << geometry.axiPorts) - 1;
    rtl.rst_ni = 0;
    edge();
    edge();
    rtl.rst_ni = 1;
  }

  /// Writes bytes to both images.
  void fill(uint64_t address, const void *bytes, uint64_t count) {
    image.write(address, bytes, count);
    rtlImage.write(address, bytes, count);
  }
  const DramImage &expectedImage() const { return image; }

  /// Runs the operations to their end and returns the cycles that took. Stops
  /// at the first difference.
  uint64_t run(const std::vector<Operation> &operations,
               const DmaBenchOptions &options) {
    random.seed(options.seed);
    size_t next = 0;
    retired = 0;
    uint64_t begin = now, lastRetire = now;
    while (retired < operations.size() && !::testing::Test::HasFatalFailure()) {
      const Operation *offered =
          next < operations.size() && chance(options.dispatchPercent)
              ? &operations[next]
              : nullptr;
      uint64_t before = retired;
      cycle(offered, options);
      if (offered && accepted)
        ++next;
      if (retired != before)
        lastRetire = now;
      if (now - begin > options.cycleLimit) {
        ADD_FAILURE() << "not done after " << options.cycleLimit
                      << " cycles: " << retired << " of " << operations.size()
                      << " retired";
        break;
      }
    }
    return lastRetire - begin;
  }

  /// Both images hold the same bytes.
  void expectEqualImages() {
    const uint8_t *expected = image.data(0, image.size());
    const uint8_t *actual = rtlImage.data(0, image.size());
    for (uint64_t i = 0; i < image.size(); ++i)
      if (expected[i] != actual[i]) {
        FAIL() << "DRAM byte " << i << " is " << unsigned(actual[i])
               << ", expected " << unsigned(expected[i]);
      }
  }

  uint32_t beatShift() const {
    uint32_t shift = 0;
    while (1u << shift < geometry.axiDataBytes)
      ++shift;
    return shift;
  }
  bool gatherErrorSeen() const { return rtlGatherError; }

private:
  struct Retired {
    uint32_t pc;
    uint16_t context;
    uint64_t start, bytes;
  };

  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t bytes) override {
    counters.retire(operation.unit);
    ++retired;
    retires[unsigned(operation.unit)] =
        Retired{operation.pc, operation.context, start, bytes};
    EXPECT_EQ(bytes, dmaBytes(operation.kind, operation.dma))
        << "pc " << operation.pc;
    executeOperation(operation, geometry, memories, image);
  }

  bool chance(unsigned percent) { return random() % 100 < percent; }

  void edge() {
    rtl.clk_i = 0;
    rtl.eval();
    rtl.clk_i = 1;
    rtl.eval();
  }

  void cycle(const Operation *offered, const DmaBenchOptions &options) {
    accepted = false;
    bool toLoad = offered && offered->unit == Unit::Load,
         toStore = offered && offered->unit == Unit::Store;
    accepted = (toLoad && load.ready()) || (toStore && store.ready());

    // Inputs that both see alike.
    uint8_t othersRequest = 0;
    uint32_t others[6] = {};
    for (unsigned c = 0; c < 6; ++c) {
      ScratchpadPort &port =
          scratchpad.port(static_cast<ScratchpadClient>(c + 2));
      others[c] = random() % geometry.scratchpadRows;
      port.request = chance(options.contentionPercent);
      port.bank = others[c] / geometry.scratchpadRowsPerBank();
      othersRequest |= port.request << c;
    }
    MemoryPorts::Fetch &fetch = ports.fetch();
    if (!fetch.request && lineBeats.size() < 2 * 128 / geometry.axiDataBytes &&
        chance(options.fetchPercent)) {
      fetch.request = true;
      fetch.address = random() % (image.size() / 128) * 128;
    }

    load.propose(now);
    store.propose(now);
    scratchpad.arbitrate();
    ports.arbitrate(now);

    rtl.cycle_i = now;
    rtl.load_dispatch_valid_i = toLoad;
    rtl.store_dispatch_valid_i = toStore;
    if (offered)
      driveDmaPacket(rtl, *offered);
    rtl.others_req_i = othersRequest;
    std::memcpy(&rtl.others_row_i, others, sizeof(others));
    rtl.fetch_req_i = fetch.request;
    rtl.fetch_address_i = fetch.address;
    drivePins();
    rtl.clk_i = 0;
    rtl.eval();

    retires[0].reset();
    retires[1].reset();
    bool ready[2] = {load.ready(), store.ready()};
    if (toLoad && accepted)
      load.dispatch(*offered);
    if (toStore && accepted)
      store.dispatch(*offered);
    load.commit(now);
    store.commit(now);
    compare(ready, fetch);
    lastCounted = counted();
    compareLines();
    samplePins();
    if (fetch.granted) {
      fetch.request = false;
      for (size_t i = 0; i < fetch.beatCycles.size(); ++i)
        lineBeats.push_back(
            {fetch.beatCycles[i], fetch.address + i * geometry.axiDataBytes});
    }
    rtlGatherError |= rtl.gather_index_error_o;
    counters.endCycle();
    rtl.clk_i = 1;
    rtl.eval();
    ++now;
  }

  void drivePins() {
    rtl.r_valid_i = rtl.r_last_i = rtl.r_error_i = rtl.b_valid_i =
        rtl.b_error_i = 0;
    for (unsigned p = 0; p < geometry.axiPorts; ++p) {
      const AxiResponse &pins = endpoint.drive(p, now);
      rtl.r_valid_i |= pins.rValid << p;
      rtl.r_last_i |= pins.rLast << p;
      rtl.r_error_i |= (pins.rResp >> 1) << p;
      rtl.b_valid_i |= pins.bValid << p;
      rtl.b_error_i |= (pins.bResp >> 1) << p;
      if (!pins.rValid)
        continue;
      std::memcpy(reinterpret_cast<uint8_t *>(&rtl.r_data_i) +
                      p * geometry.axiDataBytes,
                  pins.rData.data(), geometry.axiDataBytes);
      reinterpret_cast<uint8_t *>(&rtl.r_client_i)[p] =
          static_cast<uint8_t>(pins.rId);
    }
  }

  void samplePins() {
    for (unsigned p = 0; p < geometry.axiPorts; ++p) {
      AxiRequest pins;
      pins.arValid = rtl.ar_valid_o >> p & 1;
      pins.arAddress = portElement(rtl.ar_address_o, p, 8);
      pins.arLen = static_cast<uint32_t>(portElement(rtl.ar_beats_o, p, 2)) - 1;
      pins.arSize = beatShift();
      pins.arFirst = portElement(rtl.ar_user_o, p, 4) & 0xffff;
      pins.arLast = portElement(rtl.ar_user_o, p, 4) >> 16;
      pins.arId = static_cast<uint32_t>(portElement(rtl.ar_client_o, p, 1));
      pins.awValid = rtl.aw_valid_o >> p & 1;
      pins.awAddress = portElement(rtl.aw_address_o, p, 8);
      pins.awLen = static_cast<uint32_t>(portElement(rtl.aw_beats_o, p, 2)) - 1;
      pins.awSize = beatShift();
      pins.awFirst = portElement(rtl.aw_user_o, p, 4) & 0xffff;
      pins.awLast = portElement(rtl.aw_user_o, p, 4) >> 16;
      pins.wValid = rtl.w_valid_o >> p & 1;
      pins.wLast = rtl.w_last_o >> p & 1;
      pins.wData = reinterpret_cast<const uint8_t *>(&rtl.w_data_o) +
                   p * geometry.axiDataBytes;
      pins.wStrobe = reinterpret_cast<const uint8_t *>(&rtl.w_strobe_o) +
                     p * geometry.axiDataBytes / 8;
      endpoint.sample(p, now, pins);
    }
  }

  void compare(const bool ready[2], const MemoryPorts::Fetch &fetch) {
    auto same = [&](const char *what, uint64_t expected, uint64_t actual) {
      if (expected != actual)
        FAIL() << "cycle " << now << ": " << what << " is " << actual
               << " in the RTL, " << expected << " in the model";
    };
    same("load ready", ready[0], rtl.load_dispatch_ready_o);
    same("store ready", ready[1], rtl.store_dispatch_ready_o);
    const ScratchpadPort &loadRow = scratchpad.port(ScratchpadClient::Load);
    const ScratchpadPort &storeRow = scratchpad.port(ScratchpadClient::Store);
    same("load row request", loadRow.request, rtl.load_row_req_o);
    same("load row grant", loadRow.granted, rtl.load_row_gnt_o);
    same("store row request", storeRow.request, rtl.store_row_req_o);
    same("store row grant", storeRow.granted, rtl.store_row_gnt_o);
    for (unsigned c = 0; c < 6; ++c)
      same("grant of another client",
           scratchpad.port(static_cast<ScratchpadClient>(c + 2)).granted,
           rtl.others_gnt_o >> c & 1);
    same("fetch grant", fetch.granted, rtl.fetch_gnt_o);
    for (unsigned c = 0; c < kCounterCount; ++c)
      same(events::kCounters[c].name, counted()[c] - lastCounted[c],
           rtl.counts_o[c]);
    same("load activity", static_cast<unsigned>(load.activity()),
         rtl.load_activity_o);
    same("store activity", static_cast<unsigned>(store.activity()),
         rtl.store_activity_o);
    compareRetire("load", retires[0], rtl.load_retire_valid_o,
                  rtl.load_retire_pc_o, rtl.load_retire_context_o,
                  rtl.load_retire_start_o, rtl.load_retire_bytes_o);
    compareRetire("store", retires[1], rtl.store_retire_valid_o,
                  rtl.store_retire_pc_o, rtl.store_retire_context_o,
                  rtl.store_retire_start_o, rtl.store_retire_bytes_o);
  }

  /// Lines arrive in the order of their grants, in the cycles of the model.
  void compareLines() {
    bool expected = !lineBeats.empty() && lineBeats.front().first == now;
    ASSERT_EQ(expected, bool(rtl.fetch_valid_o)) << "cycle " << now;
    if (!expected)
      return;
    uint64_t address = lineBeats.front().second;
    lineBeats.pop_front();
    EXPECT_EQ(0, std::memcmp(&rtl.fetch_data_o,
                             rtlImage.data(address, geometry.axiDataBytes),
                             geometry.axiDataBytes))
        << "instruction bytes at " << address;
  }

  void compareRetire(const char *unit, const std::optional<Retired> &expected,
                     bool valid, uint32_t pc, uint16_t context, uint64_t start,
                     uint64_t bytes) {
    if (expected.has_value() != valid) {
      FAIL() << "cycle " << now << ": " << unit
             << (valid ? " retires in the RTL alone"
                       : " retires in the model alone")
             << ", pc " << (valid ? pc : expected->pc);
    }
    if (!valid)
      return;
    EXPECT_EQ(pc, expected->pc) << unit << " in cycle " << now;
    EXPECT_EQ(context, expected->context) << unit << " pc " << pc;
    EXPECT_EQ(start, expected->start) << unit << " pc " << pc;
    EXPECT_EQ(bytes, expected->bytes) << unit << " pc " << pc;
  }

  Geometry geometry;
  DramImage rtlImage, image;
  OnChipMemories memories;
  std::unique_ptr<DramModel> rtlDram, dram;
  AxiEndpoint endpoint;
  MemoryPorts ports;
  Scratchpad scratchpad;
  RetireCounters counters;
  LoadDma load;
  StoreDma store;
  Model rtl;

  std::mt19937 random;
  uint64_t now = 0, retired = 0;
  bool accepted = false, rtlGatherError = false;
  std::optional<Retired> retires[2];
  std::deque<std::pair<uint64_t, uint64_t>> lineBeats; ///< cycle and address
  std::array<uint64_t, kCounterCount> lastCounted{};
};

} // namespace tilework::sim
