// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Are the special functions as exact as rtl/vector_unit/RationaleVectorUnit.md
// says, and does SIMD give the same bits?

#include "RandomVector.h"

#include "sim/functional/SpecialFunctions.h"

#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace tilework::sim {
namespace {

using F = isa::VectorFunction;

double exact(F function, double x) {
  switch (function) {
  case F::square:
    return x * x;
  case F::exponential:
    return std::exp(x);
  case F::reciprocal:
    return 1 / x;
  case F::reciprocal_square_root:
    return 1 / std::sqrt(x);
  case F::square_root:
    return std::sqrt(x);
  case F::tanh:
    return std::tanh(x);
  case F::sigmoid:
    return 1 / (1 + std::exp(-x));
  case F::silu:
    return x / (1 + std::exp(-x));
  case F::erf:
    return std::erf(x);
  case F::gelu:
    return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
  case F::gelu_tanh:
    return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) *
                             (x + 0.044715 * x * x * x)));
  case F::logarithm:
    return std::log(x);
  default:
    return x;
  }
}

/// Largest errors, as powers of two. `absolute` is over results of magnitude
/// below 1; `mixed` is the largest of min(relative / 2^-16, absolute / 2^-22).
struct Errors {
  double relative = 0, absolute = 0, mixed = 0;

  void include(double got, double want) {
    if (!std::isfinite(want) || std::fabs(want) > 3.4e38 ||
        std::fabs(want) < 1.1754944e-38)
      return;
    const double off = std::fabs(got - want), share = off / std::fabs(want);
    relative = std::max(relative, share);
    if (std::fabs(want) < 1)
      absolute = std::max(absolute, off);
    mixed = std::max(mixed, std::min(share * 65536.0, off * 4194304.0));
  }
};

Errors measure(F function) {
  Errors errors;
  for (uint64_t bits = 0; bits < 0x100000000u; bits += bits & 1 ? 509 : 766) {
    const uint32_t x = static_cast<uint32_t>(bits);
    if (flushF32(x) != x || (x & 0x7f800000u) == 0x7f800000u)
      continue;
    errors.include(floatFromBits(applyFunction(function, x)),
                   exact(function, floatFromBits(x)));
  }
  for (uint32_t high = 0; high < 65536; ++high) {
    const uint32_t x = flushF32(high << 16);
    if ((x & 0x7f800000u) != 0x7f800000u)
      errors.include(floatFromBits(applyFunction(function, x)),
                     exact(function, floatFromBits(x)));
  }
  return errors;
}

// The figures of RationaleVectorUnit.md, "Errors", over all fp32 values; the
// test looks at a sample of them.
struct Bound {
  F function;
  const char *name;
  double relative, absolute; ///< log2; 0: not bounded
};
const Bound kBounds[] = {
    {F::exponential, "exponential", -21.19, 0},
    {F::reciprocal, "reciprocal", -22.47, 0},
    {F::reciprocal_square_root, "reciprocal_square_root", -22.12, 0},
    {F::square_root, "square_root", -22.31, 0},
    {F::tanh, "tanh", -20.53, -20.53},
    {F::sigmoid, "sigmoid", 0, -23.4},
    {F::silu, "silu", 0, -22.97},
    {F::erf, "erf", -20.59, -20.59},
    {F::gelu, "gelu", 0, -22.01},
    {F::gelu_tanh, "gelu_tanh", 0, -22.14},
    {F::logarithm, "logarithm", -20.23, -21.75}};

TEST(SpecialFunction, ErrorsAreThoseStated) {
  for (const Bound &bound : kBounds) {
    const Errors errors = measure(bound.function);
    std::printf("%-23s relative 2^%.2f, absolute 2^%.2f, mixed %.3f\n",
                bound.name, std::log2(errors.relative),
                std::log2(errors.absolute), errors.mixed);
    if (bound.relative != 0) {
      EXPECT_LE(std::log2(errors.relative), bound.relative) << bound.name;
    }
    if (bound.absolute != 0) {
      EXPECT_LE(std::log2(errors.absolute), bound.absolute) << bound.name;
    }
    EXPECT_LE(errors.mixed, 1.0) << bound.name;
  }
}

TEST(SpecialFunction, SquareIsTheRoundedProduct) {
  RandomVector random(Geometry(), 3);
  for (unsigned i = 0; i < 100000; ++i) {
    const uint32_t x = random.value();
    EXPECT_EQ(applyFunction(F::square, x), multiplyF32(x, x));
  }
}

TEST(SpecialFunction, EdgesOfTheRange) {
  const uint32_t inf = kInfinityF32, minus = 0x80000000u, one = 0x3f800000u;
  struct Case {
    F function;
    uint32_t x, result;
  };
  const Case cases[] = {{F::exponential, 0, one},
                        {F::exponential, inf, inf},
                        {F::exponential, minus | inf, 0},
                        {F::exponential, 0xc7c35000u, 0},
                        {F::exponential, 0x42b17218u, inf},
                        {F::reciprocal, 0, inf},
                        {F::reciprocal, minus, minus | inf},
                        {F::reciprocal, minus | inf, minus},
                        {F::reciprocal, one, one},
                        {F::reciprocal, 0x7f000000u, 0},
                        {F::reciprocal, 0x7e800000u, 0x00800000u},
                        {F::reciprocal_square_root, 0, inf},
                        {F::reciprocal_square_root, minus, inf},
                        {F::reciprocal_square_root, inf, 0},
                        {F::reciprocal_square_root, minus | one, kNaNF32},
                        {F::reciprocal_square_root, one, one},
                        {F::square_root, minus, minus},
                        {F::square_root, inf, inf},
                        {F::square_root, minus | one, kNaNF32},
                        {F::square_root, one, one},
                        {F::tanh, inf, one},
                        {F::tanh, minus | inf, minus | one},
                        {F::tanh, minus, minus},
                        {F::tanh, 0x33800000u, 0x33800000u},
                        {F::erf, minus | inf, minus | one},
                        {F::sigmoid, 0, 0x3f000000u},
                        {F::sigmoid, inf, one},
                        {F::sigmoid, minus | inf, 0},
                        {F::silu, inf, inf},
                        {F::silu, minus | inf, kNaNF32},
                        {F::gelu, inf, inf},
                        {F::gelu, minus | inf, kNaNF32},
                        {F::gelu, minus, minus},
                        {F::gelu_tanh, minus | inf, kNaNF32},
                        {F::logarithm, 0, minus | inf},
                        {F::logarithm, minus, minus | inf},
                        {F::logarithm, inf, inf},
                        {F::logarithm, minus | one, kNaNF32},
                        {F::logarithm, one, 0},
                        {F::relu, minus | one, 0},
                        {F::relu, minus, 0},
                        {F::absolute, minus | one, one}};
  for (const Case &c : cases)
    EXPECT_EQ(applyFunction(c.function, c.x), c.result)
        << static_cast<unsigned>(c.function) << " of " << std::hex << c.x;
  for (unsigned function = 0; function < kFunctions; ++function)
    if (static_cast<F>(function) < F::is_nan) {
      EXPECT_EQ(applyFunction(static_cast<F>(function), 0xffc12345u), kNaNF32);
    }
}

TEST(SpecialFunction, ComparisonsAndChoices) {
  const uint32_t inf = kInfinityF32, minus = 0x80000000u, one = 0x3f800000u,
                 two = 0x40000000u, nan = kNaNF32, tiny = 1;
  struct Case {
    F function;
    uint32_t x, y, result;
  };
  const Case cases[] = {
      {F::is_nan, 0xff812345u, 0, one}, // any payload
      {F::is_nan, inf, 0, 0},
      {F::maximum, one, two, two},
      {F::maximum, minus, 0, 0},
      {F::maximum, 0, minus, 0},
      {F::maximum, minus | inf, nan, nan},
      {F::maximum, nan, inf, nan},
      {F::minimum, one, two, one},
      {F::minimum, minus, 0, minus},
      {F::minimum, 0, minus, minus},
      {F::minimum, minus | inf, nan, nan},
      {F::minimum, nan, minus | inf, nan},
      {F::equal, minus, 0, one},
      {F::equal, tiny, minus, one},
      {F::equal, inf, inf, one},
      {F::equal, nan, nan, 0},
      {F::less, minus, 0, 0},
      {F::less, minus | two, minus | one, one},
      {F::less, nan, one, 0},
      {F::less, one, nan, 0},
      {F::less_or_equal, 0, minus, one},
      {F::less_or_equal, minus | inf, nan, 0},
      {F::greater, 0, minus, 0},
      {F::greater, inf, two, one},
      {F::greater, nan, one, 0},
      {F::greater_or_equal, minus, tiny, one},
      {F::greater_or_equal, minus | one, minus | two, one},
      {F::greater_or_equal, one, nan, 0},
      {F::replace_nan, 0xffc00001u, two, two},
      {F::replace_nan, nan, nan, nan},
      {F::replace_nan, minus, two, minus},
      {F::select, two, one, two}, // y chooses between x and −1
      {F::select, two, nan, two},
      {F::select, nan, minus, minus | one},
      {F::select, nan, one, nan},
      {F::select, inf, tiny, minus | one},
      {F::replace, two, one, minus | one},
      {F::replace, nan, one, minus | one},
      {F::replace, inf, 0, inf}};
  for (const Case &c : cases)
    EXPECT_EQ(applyFunction(c.function, c.x, c.y, minus | one), c.result)
        << static_cast<unsigned>(c.function) << " of " << std::hex << c.x
        << ", " << c.y;
}

TEST(SpecialFunction, OddFunctionsAndTailsAreSymmetric) {
  RandomVector random(Geometry(), 5);
  for (unsigned i = 0; i < 200000; ++i) {
    const uint32_t x = random.value() & 0x7fffffffu, y = x | 0x80000000u;
    if (isNaNF32(x))
      continue;
    EXPECT_EQ(applyFunction(F::tanh, y),
              applyFunction(F::tanh, x) | 0x80000000u);
    EXPECT_EQ(applyFunction(F::erf, y), applyFunction(F::erf, x) | 0x80000000u);
  }
}

/// All bf16 values and a million fp32 ones through the SIMD form.
TEST(SpecialFunction, SimdGivesTheSameBits) {
  Geometry geometry;
  geometry.accumulatorRows = geometry.accumulatorBanks * 4096;
  OnChipMemories memories(geometry), expected(geometry);
  RandomVector random(geometry, 7);
  const int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
  for (unsigned round = 0; round < 5; ++round) {
    std::vector<uint32_t> inputs(memories.accumulator.size());
    for (size_t i = 0; i < inputs.size(); ++i)
      inputs[i] = round == 0 ? static_cast<uint32_t>(i << 16) : random.value();
    for (unsigned function = 0; function < kFunctions; ++function) {
      const uint32_t scalar = random.value();
      for (size_t i = 0; i < inputs.size(); ++i)
        expected.accumulator[i] =
            applyFunction(static_cast<F>(function), inputs[i], scalar, scalar);
      for (int64_t rest = all; rest; rest &= rest - 1) {
        hwy::SetSupportedTargetsForTest(rest & -rest);
        memories.accumulator = inputs;
        VectorOperation op;
        op.sourceType = op.destinationType = isa::VectorType::fp32;
        op.source.stride = op.destination.stride = 1;
        op.rows = geometry.accumulatorRows;
        op.elements = geometry.columns;
        op.function = static_cast<F>(function);
        op.add0Scalar = floatFromBits(scalar);
        executeVector(op, geometry, memories);
        ASSERT_EQ(memories.accumulator, expected.accumulator)
            << function << " on " << hwy::TargetName(rest & -rest);
      }
    }
  }
  hwy::SetSupportedTargetsForTest(0);
}

} // namespace
} // namespace tilework::sim
