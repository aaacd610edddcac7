// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The RTL's floating point against the scalar reference, and the reference
// against the host's own unit: all pairs of corner values, and millions of
// random pairs that are drawn to cancel, to meet at rounding ties and to leave
// the range.

#include "VFloatBench.h"
#include "sim/functional/Float.h"
#include "sim/functional/FlushScope.h"

#include <gtest/gtest.h>
#include <random>

using namespace tilework::sim;

namespace {

std::vector<uint32_t> corners() {
  std::vector<uint32_t> values;
  for (uint32_t sign : {0u, 0x80000000u})
    for (uint32_t exponent :
         {0u,   1u,   2u,   23u,  24u,  25u,  63u,  64u,  102u, 103u, 126u,
          127u, 128u, 150u, 151u, 190u, 191u, 252u, 253u, 254u, 255u})
      for (uint32_t fraction :
           {0u, 1u, 2u, 3u, 0x7fffu, 0x8000u, 0x8001u, 0x17fffu, 0x18000u,
            0x10000u, 0x3fffffu, 0x400000u, 0x400001u, 0x7f0000u, 0x7f7fffu,
            0x7f8000u, 0x7ffffeu, 0x7fffffu})
        values.push_back(sign | exponent << 23 | fraction);
  return values;
}

/// Pairs whose exponents are near each other, whose product is near either end
/// of the range, or that are anything.
class PairSource {
public:
  explicit PairSource(uint64_t seed) : random(seed) {}
  void next(uint32_t &a, uint32_t &b) {
    uint64_t bits = random();
    a = static_cast<uint32_t>(bits);
    b = static_cast<uint32_t>(bits >> 32);
    uint64_t choice = random();
    int exponent = (a >> 23) & 255;
    switch (choice & 7) {
    case 0: // near in magnitude
      setExponent(b, exponent + static_cast<int>(choice >> 8 & 63) - 32);
      break;
    case 1: // nearly cancel
      b = a ^ 0x80000000u ^
          static_cast<uint32_t>((choice >> 8) & ((1u << (choice >> 60)) - 1));
      break;
    case 2: // product near underflow
      setExponent(b, 127 - exponent + static_cast<int>(choice >> 8 & 3) - 1);
      break;
    case 3: // product near overflow
      setExponent(b, 381 - exponent + static_cast<int>(choice >> 8 & 3) - 2);
      break;
    case 4: // few significant bits: exact results and ties
      a &= 0xfffff000u;
      b &= 0xfffff000u;
      setExponent(b, exponent + static_cast<int>(choice >> 8 & 31) - 16);
      break;
    default:
      break;
    }
  }

private:
  static void setExponent(uint32_t &x, int exponent) {
    x = (x & 0x807fffffu) | static_cast<uint32_t>(exponent < 0     ? 0
                                                  : exponent > 255 ? 255
                                                                   : exponent)
                                << 23;
  }
  std::mt19937_64 random;
};

class Bench {
public:
  ~Bench() { model.final(); }
  /// Empty when every unit agrees with the reference.
  std::string check(uint32_t a, uint32_t b) {
    model.a_i = a;
    model.b_i = b;
    model.en_i = 1;
    model.clk_i = 0;
    model.eval();
    model.clk_i = 1;
    model.eval();
    expect(a, b, "sum", model.sum_o, addF32(a, b));
    expect(a, b, "pipelined sum", model.sum_pipelined_o, addF32(a, b));
    expect(a, b, "product", model.product_o, multiplyF32(a, b));
    expect(a, b, "pipelined product", model.product_pipelined_o,
           multiplyF32(a, b));
    uint16_t low = static_cast<uint16_t>(a);
    expect(a, b, "bf16 product", model.product_bf16_o,
           multiplyBf16(low, static_cast<uint16_t>(b)));
    expect(a, b, "bf16 to fp32", model.widened_o, bf16ToF32(low));
    expect(a, b, "fp32 to bf16", model.narrowed_o, f32ToBf16(a));
    return std::move(difference);
  }

private:
  void expect(uint32_t a, uint32_t b, const char *what, uint32_t got,
              uint32_t want) {
    if (got == want || !difference.empty())
      return;
    char text[128];
    std::snprintf(text, sizeof text, "%s of %08x and %08x is %08x, not %08x",
                  what, a, b, got, want);
    difference = text;
  }
  VFloatBench model;
  std::string difference;
};

TEST(FloatRtl, CornerPairsMatchReference) {
  Bench bench;
  std::vector<uint32_t> values = corners();
  for (uint32_t a : values)
    for (uint32_t b : values) {
      ASSERT_EQ(bench.check(a, b), "");
      ASSERT_EQ(bench.check(a, b >> 16 | a << 16), ""); // corners of bf16
    }
}

TEST(FloatRtl, RandomPairsMatchReference) {
  Bench bench;
  PairSource source(1);
  for (int i = 0; i < 3000000; ++i) {
    uint32_t a, b;
    source.next(a, b);
    ASSERT_EQ(bench.check(a, b), "");
    ASSERT_EQ(bench.check(a >> 16, b >> 16),
              ""); // bf16 pairs drawn the same way
  }
}

} // namespace
