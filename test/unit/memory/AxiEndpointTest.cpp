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
  request.arBeats = 3;
  request.arClient = 1;
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
    EXPECT_EQ(pins.rClient, 1u);
    EXPECT_FALSE(pins.rError);
    EXPECT_EQ(pins.rLast, ++beats == 3);
  }
  EXPECT_EQ(beats, 3u);
}

TEST_F(Endpoint, WritesOnlyStrobedBytes) {
  const uint8_t data[8] = {100, 101, 102, 103, 104, 105, 106, 107},
                strobe = 0x81;
  AxiRequest request;
  request.awValid = request.wValid = request.wLast = true;
  request.awAddress = 64;
  request.awBeats = 1;
  request.wData = data;
  request.wStrobe = &strobe;
  cycle(request);
  unsigned responses = 0;
  while (!endpoint.idle()) {
    cycle();
    responses += pins.bValid;
  }
  EXPECT_EQ(responses, 1u);
  EXPECT_EQ(*image.data(64, 1), 100);
  EXPECT_EQ(*image.data(65, 1), 65);
  EXPECT_EQ(*image.data(71, 1), 107);
}

TEST_F(Endpoint, AnswersAnAccessOutsideWithAnErrorAndZeros) {
  AxiRequest request;
  request.arValid = true;
  request.arAddress = 4088;
  request.arBeats = 2;
  cycle(request);
  std::vector<bool> errors;
  while (!endpoint.idle()) {
    cycle();
    if (pins.rValid)
      errors.push_back(pins.rError);
  }
  EXPECT_EQ(errors, (std::vector<bool>{false, true}));
  EXPECT_EQ(pins.rData, std::vector<uint8_t>(8, 0));
}

TEST_F(Endpoint, RefusesAGapInWriteData) {
  const uint8_t data[8] = {}, strobe = 0xff;
  AxiRequest request;
  request.awValid = request.wValid = true;
  request.awBeats = 2;
  request.wData = data;
  request.wStrobe = &strobe;
  cycle(request);
  EXPECT_THROW(cycle(), std::logic_error);
}

} // namespace
} // namespace tilework::sim
