// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do engines get the figures of the target, and does every preset give a memory
// that can be built?

#include "sim/machine/TargetGeometry.h"

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

} // namespace
