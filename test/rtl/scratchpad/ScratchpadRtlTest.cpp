// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the scratchpad grant what its model grants, and give each client the
// bytes that were written?

#include "sim/functional/Memories.h"
#include "sim/systemc/Scratchpad.h"

#include "test/rtl/scratchpad/ScratchpadBenchOneBank.h"
#include "test/rtl/scratchpad/ScratchpadBenchSquare.h"
#include "test/rtl/scratchpad/ScratchpadBenchThreeBanks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <random>
#include <vector>

namespace tilework::sim {
namespace {

template <class Model> class ScratchpadRtl : public ::testing::Test {};
using Models =
    ::testing::Types<VScratchpadBenchSquare, VScratchpadBenchThreeBanks,
                     VScratchpadBenchOneBank>;
TYPED_TEST_SUITE(ScratchpadRtl, Models);

template <class Model> class Bench {
public:
  explicit Bench(const Geometry &geometry)
      : geometry(geometry), memories(geometry) {
    model.emplace(geometry, counted);
    rtl.rst_ni = 0;
    settle();
    clock();
    rtl.rst_ni = 1;
    // Contents are undefined after reset.
    for (uint32_t row = 0; row < geometry.scratchpadRows; ++row) {
      request(ScratchpadClient::Load, true, row);
      cycle(true);
    }
  }

  void random(unsigned cycles, unsigned percent) {
    for (unsigned i = 0; i < cycles && !::testing::Test::HasFatalFailure();
         ++i) {
      for (unsigned c = 0; c < kScratchpadClients; ++c)
        request(static_cast<ScratchpadClient>(c), generator() % 100 < percent,
                generator() % geometry.scratchpadRows);
      cycle(false);
    }
  }

  /// A new run begins: both arbiters do, memories keep their bytes.
  void clear() {
    model.emplace(geometry, counted);
    rtl.clear_i = 1;
    cycle(false);
    rtl.clear_i = 0;
  }

private:
  void settle() {
    rtl.clk_i = 0;
    rtl.eval();
  }
  void clock() {
    rtl.clk_i = 1;
    rtl.eval();
  }

  void request(ScratchpadClient client, bool valid, uint32_t row) {
    unsigned c = static_cast<unsigned>(client);
    model->port(client).request = valid;
    model->port(client).bank = row / geometry.scratchpadRowsPerBank();
    rows[c] = row;
  }

  bool actualGrant(unsigned c) const {
    const uint8_t grants[] = {rtl.load_gnt_o,        rtl.store_gnt_o,
                              rtl.activations_gnt_o, rtl.weights_gnt_o,
                              rtl.source_gnt_o,      rtl.element_gnt_o,
                              rtl.columns_gnt_o,     rtl.result_gnt_o};
    return grants[c];
  }

  template <typename Port>
  void randomBytes(Port &port, std::vector<uint8_t> &bytes) {
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(generator());
    std::memcpy(&port, bytes.data(), bytes.size());
  }

  template <typename Port>
  void check(ScratchpadClient client, const Port &port) {
    const std::vector<uint8_t> &bytes = expected[static_cast<unsigned>(client)];
    if (!bytes.empty()) {
      ASSERT_EQ(0, std::memcmp(&port, bytes.data(), bytes.size()))
          << "read data of client " << unsigned(client);
    }
  }

  void cycle(bool wholeRows) {
    const uint32_t rowBytes = geometry.rowBytes();
    rtl.load_req_i = model->port(ScratchpadClient::Load).request;
    rtl.store_req_i = model->port(ScratchpadClient::Store).request;
    rtl.activations_req_i = model->port(ScratchpadClient::Activations).request;
    rtl.weights_req_i = model->port(ScratchpadClient::Weights).request;
    rtl.source_req_i = model->port(ScratchpadClient::Source).request;
    rtl.element_req_i = model->port(ScratchpadClient::Element).request;
    rtl.columns_req_i = model->port(ScratchpadClient::Columns).request;
    rtl.result_req_i = model->port(ScratchpadClient::Result).request;
    rtl.load_row_i = rows[0];
    rtl.store_row_i = rows[1];
    rtl.activations_row_i = rows[2];
    rtl.weights_row_i = rows[3];
    rtl.source_row_i = rows[4];
    rtl.element_row_i = rows[5];
    rtl.columns_row_i = rows[6];
    rtl.result_row_i = rows[7];
    std::vector<uint8_t> data[2] = {std::vector<uint8_t>(rowBytes),
                                    std::vector<uint8_t>(rowBytes)};
    std::vector<uint8_t> mask[2] = {std::vector<uint8_t>(rowBytes / 8),
                                    std::vector<uint8_t>(rowBytes / 8)};
    randomBytes(rtl.load_wdata_i, data[0]);
    randomBytes(rtl.result_wdata_i, data[1]);
    randomBytes(rtl.load_wmask_i, mask[0]);
    randomBytes(rtl.result_wmask_i, mask[1]);
    if (wholeRows) {
      mask[0].assign(rowBytes / 8, 0xff);
      std::memcpy(&rtl.load_wmask_i, mask[0].data(), mask[0].size());
    }
    settle();

    check(ScratchpadClient::Store, rtl.store_rdata_o);
    check(ScratchpadClient::Activations, rtl.activations_rdata_o);
    check(ScratchpadClient::Weights, rtl.weights_rdata_o);
    check(ScratchpadClient::Source, rtl.source_rdata_o);
    check(ScratchpadClient::Element, rtl.element_rdata_o);
    check(ScratchpadClient::Columns, rtl.columns_rdata_o);

    const auto before = counted.counted();
    model->arbitrate();
    for (unsigned c = 0; c < kCounterCount; ++c)
      ASSERT_EQ(counted.counted()[c] - before[c], rtl.counts_o[c])
          << events::kCounters[c].name;
    for (unsigned c = 0; c < kScratchpadClients; ++c) {
      ASSERT_EQ(model->port(static_cast<ScratchpadClient>(c)).granted,
                actualGrant(c))
          << "grant of client " << c;
      expected[c].clear();
    }
    for (unsigned c = 1; c < 7; ++c) {
      if (!actualGrant(c))
        continue;
      uint32_t row = rows[c], count = 1;
      if (c == static_cast<unsigned>(ScratchpadClient::Weights)) {
        count = geometry.weightRows;
        row = row / count * count;
      }
      auto first = memories.scratchpad.begin() + uint64_t(row) * rowBytes;
      expected[c].assign(first, first + uint64_t(count) * rowBytes);
    }
    for (unsigned writer = 0; writer < 2; ++writer) {
      unsigned c = writer ? 7 : 0;
      if (!actualGrant(c))
        continue;
      for (uint32_t b = 0; b < rowBytes; ++b)
        if (mask[writer][b / 8] >> (b % 8) & 1)
          memories.scratchpad[uint64_t(rows[c]) * rowBytes + b] =
              data[writer][b];
    }
    clock();
  }

  Geometry geometry;
  CounterSink counted;
  std::optional<Scratchpad> model;
  OnChipMemories memories;
  Model rtl;
  std::mt19937 generator{7};
  uint32_t rows[kScratchpadClients] = {};
  std::vector<uint8_t>
      expected[kScratchpadClients]; ///< read data of the next cycle
};

TYPED_TEST(ScratchpadRtl, GrantsAndBytesAgreeUnderRandomRequests) {
  for (unsigned percent : {5u, 30u, 60u, 100u}) {
    Bench<TypeParam> bench(geometryOf<TypeParam>());
    bench.random(10000, percent);
    bench.clear();
    bench.random(10000, percent);
  }
}

TEST(ScratchpadArbiter, AnIdleBankKeepsItsPointer) {
  const Geometry geometry = geometryOf<VScratchpadBenchOneBank>();
  CounterSink counted;
  Scratchpad scratchpad(geometry, counted);
  auto winner = [&](std::vector<unsigned> requests) {
    for (unsigned c = 0; c < kScratchpadClients; ++c)
      scratchpad.port(static_cast<ScratchpadClient>(c)).request = false;
    for (unsigned c : requests)
      scratchpad.port(static_cast<ScratchpadClient>(c)).request = true;
    scratchpad.arbitrate();
    for (unsigned c = 0; c < kScratchpadClients; ++c)
      if (scratchpad.port(static_cast<ScratchpadClient>(c)).granted)
        return static_cast<int>(c);
    return -1;
  };
  EXPECT_EQ(winner({0, 3}), 0);
  EXPECT_EQ(winner({0, 3}), 3);
  EXPECT_EQ(winner({}), -1);
  EXPECT_EQ(winner({0, 3, 4}), 4);
  EXPECT_EQ(winner({4}), 4);
  EXPECT_EQ(winner({0, 3, 4}), 0);
}

} // namespace
} // namespace tilework::sim
