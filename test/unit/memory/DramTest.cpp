// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the DRAM model answer in the cycles that its parameters say?

#include "sim/memory/Dram.h"

#include "sim/memory/dram/Standards.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace tilework::sim {
namespace {

using Cycles = std::vector<uint64_t>;

DramTiming simple() {
  DramTiming timing;
  timing.clockPs = 1000;
  timing.accessBytes = 64;
  timing.accessPs = 3750;
  timing.readLatencyPs = 100000;
  timing.writeLatencyPs = 30000;
  timing.readToWritePs = 15000;
  timing.writeToReadPs = 30000;
  timing.channels = 1;
  timing.interleaveBytes = 4096;
  return timing;
}

TEST(Dram, ReadTakesLatencyAndOneAccessRoundedUp) {
  auto dram = makeDramModel(simple(), 1, 32);
  Cycles beats;
  // Request on the pins in cycle 0, seen at 1 ns; first access done at 4.75 ns,
  // second at 8.5; latency 100.
  EXPECT_EQ(dram->request({0, 0, false, 0, 4}, &beats), 110u);
  EXPECT_EQ(beats, (Cycles{105, 106, 109, 110}));
}

TEST(Dram, ABurstWaitsForTheChannelAndThePort) {
  auto dram = makeDramModel(simple(), 1, 32);
  Cycles beats;
  dram->request({0, 0, false, 0, 2}, &beats);
  EXPECT_EQ(beats, (Cycles{105, 106}));
  // The next access ends at 8.5 ns.
  dram->request({1, 0, false, 64, 1}, &beats);
  EXPECT_EQ(beats, (Cycles{109}));
  // A beat that needs half an access costs a whole one.
  dram->request({2, 0, false, 96, 1}, &beats);
  EXPECT_EQ(beats, (Cycles{113}));
}

TEST(Dram, ChannelsServeTheirGranulesTogether) {
  DramTiming timing = simple();
  timing.channels = 2;
  timing.interleaveBytes = 128;
  auto dram = makeDramModel(timing, 2, 64);
  Cycles beats;
  dram->request({0, 0, false, 0, 2}, &beats);
  EXPECT_EQ(beats, (Cycles{105, 109}));
  dram->request({0, 1, false, 128, 2}, &beats);
  EXPECT_EQ(beats, (Cycles{105, 109}));
  dram->request({0, 1, false, 256, 1},
                &beats); // the first channel again; order on the port
  EXPECT_EQ(beats, (Cycles{113}));
}

TEST(Dram, TurningTheBusCosts) {
  auto dram = makeDramModel(simple(), 1, 64);
  Cycles beats;
  dram->request({0, 0, false, 0, 1}, &beats);
  // Read done at 4.75 ns; turned at 19.75; written at 23.5; response 30 ns
  // later.
  EXPECT_EQ(dram->request({1, 0, true, 0, 1}, nullptr), 54u);
  // Turned back at 53.5, done at 57.25, data 100 ns later.
  EXPECT_EQ(dram->request({2, 0, false, 0, 1}, nullptr), 158u);
}

TEST(Dram, WritesWaitForTheirData) {
  DramTiming timing = simple();
  timing.readToWritePs = 0;
  auto dram = makeDramModel(timing, 1, 32);
  // The sixteenth beat is on the pins in cycle 15, seen at 16 ns; the access of
  // beats 14 and 15 begins then: the bus is free at 8 × 3.75 + 2 = 32 ns at the
  // earliest.
  EXPECT_EQ(dram->request({0, 0, true, 0, 16}, nullptr), 62u);
}

TEST(Dram, RandomDelaysKeepOrderAndRepeat) {
  DramTiming timing = simple();
  timing.randomLatencyPs = 200000;
  timing.randomSeed = 5;
  auto first = makeDramModel(timing, 2, 16),
       second = makeDramModel(timing, 2, 16);
  timing.randomSeed = 6;
  auto other = makeDramModel(timing, 2, 16);
  std::mt19937 random(1);
  uint64_t lastRead[2] = {0, 0}, lastWrite[2] = {0, 0};
  unsigned differing = 0;
  for (uint64_t cycle = 0; cycle < 3000; cycle += 3) {
    DramRequest request{cycle, static_cast<uint32_t>(random() % 2),
                        random() % 3 == 0, random() % 1024 * 16,
                        static_cast<uint32_t>(1 + random() % 16)};
    Cycles a, b;
    uint64_t answer = first->request(request, &a);
    EXPECT_EQ(answer, second->request(request, &b));
    EXPECT_EQ(a, b);
    differing += answer != other->request(request, nullptr);
    if (request.write) {
      EXPECT_GE(answer, cycle + request.beats);
      EXPECT_GT(answer, lastWrite[request.port]);
      lastWrite[request.port] = answer;
      continue;
    }
    ASSERT_EQ(a.size(), request.beats);
    EXPECT_EQ(a.back(), answer);
    EXPECT_GT(a.front(), cycle);
    for (uint64_t beat : a) {
      EXPECT_GT(beat, lastRead[request.port]);
      lastRead[request.port] = beat;
    }
  }
  EXPECT_GT(differing, 500u);
}

TEST(Dram, RefusesParametersThatMeanNothing) {
  DramTiming timing = simple();
  timing.channels = 0;
  EXPECT_THROW(makeDramModel(timing, 1, 32), std::invalid_argument);
  timing = simple();
  timing.interleaveBytes = 96;
  EXPECT_THROW(makeDramModel(timing, 1, 32), std::invalid_argument);
}

TEST(BankedDram, ServesTheAccessesThatNeededBytesTouch) {
  DramTiming timing = simple();
  timing.device = dram::deviceOf("LPDDR5-6400", 1 << 30);
  timing.device->refresh = dram::Refresh::Off;
  // The second of four accesses of a beat, whole beats of four and of one.
  auto part = makeDramModel(timing, 1, 128),
       whole = makeDramModel(timing, 1, 128),
       one = makeDramModel(timing, 1, 32);
  const uint64_t needed =
      part->request({0, 0, false, 0, 1, 0, 32, 64}, nullptr);
  EXPECT_EQ(needed, one->request({0, 0, false, 32, 1}, nullptr));
  EXPECT_LT(needed, whole->request({0, 0, false, 0, 1}, nullptr));
}

TEST(BankedDram, ChannelsWorkSideBySide) {
  DramTiming timing = simple();
  timing.device = dram::deviceOf("LPDDR4X-4266", 1 << 30);
  timing.device->refresh = dram::Refresh::Off;
  timing.interleaveBytes = 256;
  uint64_t last[2] = {};
  for (uint64_t channels : {1, 2}) {
    timing.channels = channels;
    auto dram = makeDramModel(timing, 1, 64);
    for (uint64_t i = 0; i < 256; ++i)
      last[channels - 1] = dram->request({i, 0, false, 4096 * i, 64}, nullptr);
  }
  EXPECT_NEAR(double(last[0]) / double(last[1]), 2.0, 0.05);
}

TEST(BankedDram, MaskedWritesOfOneBankWait) {
  DramTiming timing = simple();
  timing.device = dram::deviceOf("LPDDR4X-4266", 1 << 30);
  timing.device->refresh = dram::Refresh::Off;
  auto whole = makeDramModel(timing, 1, 32),
       part = makeDramModel(timing, 1, 32);
  uint64_t answers[2] = {};
  for (uint64_t i = 0; i < 64; ++i) {
    DramRequest request = {i, 0, true, 32 * i, 1};
    answers[0] = whole->request(request, nullptr);
    request.head = 4;
    answers[1] = part->request(request, nullptr);
  }
  const dram::Timing &t = timing.device->timing;
  EXPECT_NEAR(double(answers[1]) / double(answers[0]),
              double(t.ccdMasked) / t.ccdWriteS, 1.0);
  EXPECT_GT(answers[1], 3 * answers[0] / 2);
}

} // namespace
} // namespace tilework::sim
