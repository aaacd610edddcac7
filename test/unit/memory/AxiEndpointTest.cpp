// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the far side of the memory pins answer bursts with the right bytes in
// the model's cycles?

#include "sim/memory/AxiEndpoint.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tilework::sim {
namespace {

struct Endpoint : ::testing::Test {
  Endpoint()
      : image(4096), model(makeDramModel(DramTiming(), 1, 8)),
        endpoint(*model, image, 1, 8) {
    for (unsigned i = 0; i < 4096; ++i)
      *image.data(i, 1) = static_cast<uint8_t>(i);
  }
  void cycle(const AxiRequest &request = {}) {
    pins = endpoint.drive(0, now);
    endpoint.sample(0, now, request);
    ++now;
  }
  DramImage image;
  std::unique_ptr<DramModel> model;
  AxiEndpoint endpoint;
  AxiResponse pins;
  uint64_t now = 0;
};

TEST_F(Endpoint, ReadsABurst) {
  AxiRequest request;
  request.arValid = true;
  request.arAddress = 16;
  request.arLen = 2;
  request.arSize = 3;
  request.arLast = 7;
  request.arId = 1;
  cycle(request);
  std::vector<uint64_t> expected;
  makeDramModel(DramTiming(), 1, 8)->request({0, 0, false, 16, 3}, &expected);
  unsigned beats = 0;
  while (!endpoint.idle()) {
    cycle();
    if (!pins.rValid)
      continue;
    EXPECT_EQ(now - 1, expected[beats]);
    EXPECT_EQ(pins.rData[0], 16 + 8 * beats);
    EXPECT_EQ(pins.rId, 1u);
    EXPECT_EQ(pins.rResp, kAxiOkay);
    EXPECT_EQ(pins.rLast, ++beats == 3);
  }
  EXPECT_EQ(beats, 3u);
}

TEST_F(Endpoint, WritesOnlyStrobedBytes) {
  const uint8_t data[8] = {100, 101, 102, 103, 104, 105, 106, 107},
                strobe = 0x1c;
  AxiRequest request;
  request.awValid = request.wValid = request.wLast = true;
  request.awAddress = 64;
  request.awSize = 3;
  request.awFirst = 2;
  request.awLast = 4;
  request.wData = data;
  request.wStrobe = &strobe;
  cycle(request);
  unsigned responses = 0;
  while (!endpoint.idle()) {
    cycle();
    responses += pins.bValid;
  }
  EXPECT_EQ(responses, 1u);
  EXPECT_EQ(*image.data(65, 1), 65);
  EXPECT_EQ(*image.data(66, 1), 102);
  EXPECT_EQ(*image.data(68, 1), 104);
  EXPECT_EQ(*image.data(69, 1), 69);
}

TEST_F(Endpoint, RefusesStrobesThatAreNotTheFirstToTheLastByte) {
  const uint8_t data[8] = {};
  for (uint8_t strobe : {0x0c, 0x3c, 0x14, 0x1e}) {
    AxiRequest request;
    request.awValid = request.wValid = request.wLast = true;
    request.awSize = 3;
    request.awFirst = 2;
    request.awLast = 4;
    request.wData = data;
    request.wStrobe = &strobe;
    AxiEndpoint fresh(*model, image, 1, 8);
    EXPECT_THROW(fresh.sample(0, now++, request), std::logic_error)
        << int(strobe);
  }
}

TEST_F(Endpoint, AnswersAnAccessOutsideWithAnErrorAndZeros) {
  AxiRequest request;
  request.arValid = true;
  request.arSize = 3;
  request.arLast = 7;
  request.arAddress = 4088;
  cycle(request);
  request.arAddress = 4096;
  cycle(request);
  std::vector<uint32_t> responses;
  while (!endpoint.idle()) {
    cycle();
    if (pins.rValid)
      responses.push_back(pins.rResp);
  }
  EXPECT_EQ(responses, (std::vector<uint32_t>{kAxiOkay, kAxiDecodeError}));
  EXPECT_EQ(pins.rData, std::vector<uint8_t>(8, 0));
}

TEST_F(Endpoint, RefusesAGapInWriteData) {
  const uint8_t data[8] = {}, strobe = 0xff;
  AxiRequest request;
  request.awValid = request.wValid = true;
  request.awLen = 1;
  request.awSize = 3;
  request.awLast = 7;
  request.wData = data;
  request.wStrobe = &strobe;
  cycle(request);
  EXPECT_THROW(cycle(), std::logic_error);
}

TEST_F(Endpoint, RefusesBurstsThatAxiForbids) {
  AxiRequest good;
  good.arValid = true;
  good.arSize = 3;
  good.arLast = 7;
  good.arAddress = 4096 - 64;
  good.arLen = 7;
  EXPECT_NO_THROW(endpoint.sample(0, 0, good));
  auto refused = [&](auto change) {
    AxiRequest request = good;
    change(request);
    EXPECT_THROW(endpoint.sample(0, 1, request), std::logic_error);
  };
  refused([](AxiRequest &r) { r.arLen = 8; }); // across 4 KB
  refused([](AxiRequest &r) { r.arLen = 256; });
  refused([](AxiRequest &r) { r.arSize = 2; });
  refused([](AxiRequest &r) { r.arBurst = 0; });
  refused([](AxiRequest &r) { r.arAddress += 4; });
  refused([](AxiRequest &r) { r.arLast = 8; });
  refused([](AxiRequest &r) { r.arFirst = 8; });
  refused([](AxiRequest &r) { r.arLen = 0, r.arFirst = 3, r.arLast = 2; });
}

TEST(FaultyRange, IsAnsweredWithASlaveErrorAndTakesNoWrite) {
  DramTiming timing;
  timing.faultBase = 64;
  timing.faultBytes = 64;
  DramImage image(4096);
  const auto model = makeDramModel(timing, 1, 8);
  AxiEndpoint endpoint(*model, image, 1, 8);
  const uint8_t data[8] = {1, 1, 1, 1, 1, 1, 1, 1}, strobe = 0xff;
  AxiRequest request;
  request.awValid = request.wValid = request.wLast = true;
  request.awSize = 3;
  request.awLast = 7;
  request.awAddress = 120;
  request.wData = data;
  request.wStrobe = &strobe;
  endpoint.sample(0, 0, request);
  request = AxiRequest();
  request.arValid = true;
  request.arSize = 3;
  request.arLast = 7;
  request.arAddress = 48;
  request.arLen = 2;
  endpoint.sample(0, 1, request);
  std::vector<uint32_t> reads, writes;
  for (uint64_t now = 2; !endpoint.idle(); ++now) {
    const AxiResponse &pins = endpoint.drive(0, now);
    if (pins.rValid)
      reads.push_back(pins.rResp);
    if (pins.bValid)
      writes.push_back(pins.bResp);
  }
  EXPECT_EQ(reads, (std::vector<uint32_t>{kAxiOkay, kAxiOkay, kAxiSlaveError}));
  EXPECT_EQ(writes, std::vector<uint32_t>{kAxiSlaveError});
  EXPECT_EQ(*image.data(120, 1), 0);
}

} // namespace
} // namespace tilework::sim
