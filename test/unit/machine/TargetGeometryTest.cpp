// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do engines get the figures of the target, and does every preset give a memory
// that can be built?

#include "sim/machine/TargetGeometry.h"
#include "sim/memory/dram/Standards.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace tilework;

namespace {

TEST(TargetGeometry, RowsAndBanksAreThoseOfTheTarget) {
  for (const std::string &name : target::Target::presetNames()) {
    const target::Target target = target::Target::preset(name);
    const sim::Geometry geometry = sim::geometryOf(target);
    EXPECT_EQ(geometry.lanes(), target.lanes());
    EXPECT_EQ(uint64_t(geometry.scratchpadRows) * geometry.rowBytes(),
              target.scratchpad.size_bytes);
    EXPECT_EQ(uint64_t(geometry.accumulatorRows) * 4 * geometry.columns,
              target.accumulator.size_bytes);
  }
}

TEST(TargetGeometry, DefaultsAreThoseOfTheDefaultTarget) {
  const sim::Geometry defaults, taken = sim::geometryOf(target::Target());
  EXPECT_EQ(std::memcmp(&defaults, &taken, sizeof taken), 0);
}

TEST(TargetGeometry, DramMovesTheBandwidthOfTheTarget) {
  for (const std::string &name : target::Target::presetNames()) {
    const target::Target target = target::Target::preset(name);
    const sim::DramTiming timing = sim::dramTimingOf(target);
    const double bandwidth =
        1e12 * timing.accessBytes / double(timing.accessPs) * timing.channels;
    EXPECT_NEAR(bandwidth, target.dramBandwidthBytesPerSecond(),
                1e-3 * bandwidth)
        << name;
    EXPECT_NE(sim::makeDramModel(timing, uint32_t(target.axi.ports),
                                 uint32_t(target.axi.data_bytes)),
              nullptr);
  }
}

// Width, rate and access of a channel stand with the parameters, its timing
// with the model: both are of one memory.
TEST(TargetGeometry, BankedChannelsHaveTheBandwidthOfTheirStandard) {
  for (const sim::dram::Standard &standard : sim::dram::standards()) {
    const target::Target target = target::Target::load(
        std::string("edge,dram.model=banked,dram.standard=") + standard.name);
    const sim::DramTiming timing = sim::dramTimingOf(target);
    ASSERT_TRUE(timing.device) << standard.name;
    const sim::dram::Device &device = *timing.device;
    EXPECT_EQ(device.accessBytes, timing.accessBytes) << standard.name;
    const double accessPs = double(device.timing.burst) *
                            double(device.clockPs) / double(device.clockParts);
    EXPECT_NEAR(accessPs, double(timing.accessPs), 1.0) << standard.name;
  }
  EXPECT_FALSE(sim::dramTimingOf(target::Target()).device);
}

} // namespace
