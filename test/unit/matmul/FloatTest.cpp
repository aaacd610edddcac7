// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scalar reference arithmetic against the host's floating-point unit in its
// flushing mode, NaNs made one.

#include "sim/functional/Float.h"
#include "sim/functional/FlushScope.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace tilework::sim;

namespace {

[[gnu::noinline]] float hostAdd(float a, float b) { return a + b; }
[[gnu::noinline]] float hostMultiply(float a, float b) { return a * b; }
[[gnu::noinline]] float hostConvert(int32_t x) { return static_cast<float>(x); }

uint32_t oneNaN(float x) {
  return isNaNF32(bitsFromFloat(x)) ? kNaNF32 : bitsFromFloat(x);
}

// Where the host decides before rounding that a product is tiny, one that
// rounds up to 2^-126 differs.
bool roundsUpToNormal(uint32_t product) {
  return !FlushScope::kTinyAfterRounding &&
         (product & 0x7fffffffu) <= kMinNormalF32;
}

TEST(Float, EqualsHostUnit) {
  if (!FlushScope::kHostFlushes)
    GTEST_SKIP() << "this host has no flushing mode";
  FlushScope scope;
  std::mt19937_64 random(11);
  for (int i = 0; i < 4000000; ++i) {
    uint64_t bits = random();
    uint32_t a = static_cast<uint32_t>(bits),
             b = static_cast<uint32_t>(bits >> 32);
    uint32_t exponent = a >> 23 & 255, nudge = b >> 24 & 3;
    switch (i & 3) {
    case 0:
      b = (b & 0x807fffffu) | ((exponent + (b >> 23 & 31) - 16) & 255) << 23;
      break;
    case 1:
      b = (b & 0x807fffffu) | ((126 + nudge - exponent) & 255) << 23;
      break;
    case 2:
      b = a ^ 0x80000000u ^ (b & 15);
      break;
    }
    ASSERT_EQ(addF32(a, b), oneNaN(hostAdd(floatFromBits(a), floatFromBits(b))))
        << std::hex << a << " + " << b;
    uint32_t product = multiplyF32(a, b);
    if (!roundsUpToNormal(product)) {
      ASSERT_EQ(product,
                oneNaN(hostMultiply(floatFromBits(a), floatFromBits(b))))
          << std::hex << a << " * " << b;
    }
    int32_t integer = static_cast<int32_t>(a) >> (b & 31);
    ASSERT_EQ(int32ToF32(integer), bitsFromFloat(hostConvert(integer)))
        << integer;
  }
}

TEST(Float, ConversionsRoundToNearestEvenAndSaturate) {
  EXPECT_EQ(f32ToInt8(bitsFromFloat(0.5f)), 0);
  EXPECT_EQ(f32ToInt8(bitsFromFloat(1.5f)), 2);
  EXPECT_EQ(f32ToInt8(bitsFromFloat(-2.5f)), -2);
  EXPECT_EQ(f32ToInt8(bitsFromFloat(127.5f)), 127);
  EXPECT_EQ(f32ToInt8(bitsFromFloat(-1e30f)), -128);
  EXPECT_EQ(f32ToInt8(kNaNF32), 0);
  EXPECT_EQ(f32ToInt32(bitsFromFloat(2147483648.0f)), INT32_MAX);
  EXPECT_EQ(f32ToInt32(bitsFromFloat(-2147483648.0f)), INT32_MIN);
  EXPECT_EQ(f32ToInt32(bitsFromFloat(-16777217.0f)), -16777216);
  EXPECT_EQ(f32ToBf16(0x3f808000u), 0x3f80); // tie to even
  EXPECT_EQ(f32ToBf16(0x3f818000u), 0x3f82);
  EXPECT_EQ(f32ToBf16(0x7f7fffffu), 0x7f80);
  EXPECT_EQ(f32ToBf16(0xffffffffu), kNaNBf16);
  EXPECT_EQ(f32ToBf16(0x807fffffu), 0x8000);
  EXPECT_EQ(bf16ToF32(0x807f), 0x80000000u);
  std::mt19937 random(5);
  for (int i = 0; i < 1000000; ++i) {
    float x = std::ldexp(static_cast<float>(random()) - 2147483648.0f,
                         -static_cast<int>(random() % 40));
    if (std::fabs(x) < 2147483520.0f) {
      ASSERT_EQ(f32ToInt32(bitsFromFloat(x)),
                static_cast<int32_t>(std::nearbyint(static_cast<double>(x))))
          << x;
    }
  }
}

} // namespace
