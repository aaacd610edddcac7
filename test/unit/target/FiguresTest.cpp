// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Figures for people: three digits, the unit that fits, one way everywhere.

#include "dialects/target/Figures.h"

#include <gtest/gtest.h>

#include <limits>

namespace tilework {
namespace {

TEST(Figures, SizesAreInPowersOf1024) {
  EXPECT_EQ(bytesText(0), "0 bytes");
  EXPECT_EQ(bytesText(1), "1 byte");
  EXPECT_EQ(bytesText(1023), "1023 bytes");
  EXPECT_EQ(bytesText(1024), "1 KiB");
  EXPECT_EQ(bytesText(512 * 1024), "512 KiB");
  EXPECT_EQ(bytesText(1000 * 1024), "1000 KiB");
  EXPECT_EQ(bytesText(44.7e6), "42.6 MiB");
  EXPECT_EQ(bytesText(1024. * 1024 * 1024 - 1), "1 GiB");
  EXPECT_EQ(bytesText(1e30), "888178419700125 PiB");
}

TEST(Figures, RatesAndTimesAreInPowersOf1000) {
  EXPECT_EQ(rateText(17.066e9), "17.1 GB/s");
  EXPECT_EQ(rateText(0), "0 B/s");
  EXPECT_EQ(secondsText(1.492513e-3), "1.49 ms");
  EXPECT_EQ(secondsText(0.9996), "1 s");
  EXPECT_EQ(secondsText(4e-7), "400 ns");
  EXPECT_EQ(hertzText(1e9), "1 GHz");
  EXPECT_EQ(hertzText(8e8), "800 MHz");
}

TEST(Figures, ANounFollowsItsCount) {
  EXPECT_EQ(countText(0, "node"), "0 nodes");
  EXPECT_EQ(countText(1, "node"), "1 node");
  EXPECT_EQ(countText(1546, "node"), "1,546 nodes");
  EXPECT_EQ(countText(1, "mismatch", "mismatches"), "1 mismatch");
  EXPECT_EQ(countText(2, "mismatch", "mismatches"), "2 mismatches");
}

TEST(Figures, LargeNumbersHaveCommas) {
  EXPECT_EQ(withCommas(0), "0");
  EXPECT_EQ(withCommas(999), "999");
  EXPECT_EQ(withCommas(1492669), "1,492,669");
  EXPECT_EQ(withCommas(~uint64_t(0)), "18,446,744,073,709,551,615");
  EXPECT_EQ(roundedText(-1234.6), "-1,235");
  EXPECT_EQ(roundedText(std::numeric_limits<double>::max()).size(), 411u);
  EXPECT_EQ(roundedText(-std::numeric_limits<double>::infinity()), "-inf");
}

} // namespace
} // namespace tilework
