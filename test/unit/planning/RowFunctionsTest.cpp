// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Are the functions that are composed of the vector unit's as exact as
// compiler/planning/RationalePlanning.md says, and right at the edges?

#include "compiler/planning/RowFunctions.h"

#include "sim/functional/Float.h"
#include "sim/functional/SpecialFunctions.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

namespace tilework::planning {
namespace {

using sim::addF32, sim::multiplyF32, sim::bitsFromFloat, sim::floatFromBits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// The value of the last op for operands 0 and 1, one fp32 operation at a time.
float evaluate(const std::vector<RowOp> &ops, float a, float b) {
  std::vector<uint32_t> values;
  const uint32_t inputs[] = {sim::flushF32(bitsFromFloat(a)),
                             sim::flushF32(bitsFromFloat(b))};
  for (const RowOp &op : ops) {
    const uint32_t x = op.lhs < 0 ? 0 : values[op.lhs];
    const uint32_t c = bitsFromFloat(op.scalar);
    const uint32_t y = op.rhs < 0 ? c : values[op.rhs];
    const auto function = static_cast<isa::VectorFunction>(op.function);
    switch (op.kind) {
    case RowOpKind::Input:
      values.push_back(inputs[values.size()]);
      break;
    case RowOpKind::Function:
      values.push_back(sim::applyFunction(function, x));
      break;
    case RowOpKind::Combine:
      values.push_back(sim::applyFunction(function, x, y, c));
      break;
    case RowOpKind::AddScalar:
      values.push_back(c == 0 ? x : addF32(x, c));
      break;
    case RowOpKind::Add:
      values.push_back(addF32(x, y));
      break;
    case RowOpKind::Subtract:
      values.push_back(addF32(multiplyF32(y, bitsFromFloat(-1.0f)), x));
      break;
    case RowOpKind::MultiplyScalar:
    case RowOpKind::Multiply:
      values.push_back(multiplyF32(x, y));
      break;
    default:
      ADD_FAILURE() << "no op of one element";
    }
  }
  return floatFromBits(values.back());
}

using Compose = std::function<int(RowFunctions &, int, int)>;

class Composed {
public:
  explicit Composed(const Compose &compose) : ops(2) {
    RowFunctions functions(ops, 0);
    const int last = compose(functions, 0, 1);
    EXPECT_EQ(last, static_cast<int>(ops.size()) - 1);
  }
  float operator()(float x, float y = 0) const { return evaluate(ops, x, y); }
  size_t size() const { return ops.size() - 2; }

private:
  std::vector<RowOp> ops;
};

struct Case {
  const char *name;
  int (RowFunctions::*function)(int);
  double (*exact)(double);
  /// Largest error allowed: min over |got − want| / absolute and relative.
  double relative, absolute;
  /// Magnitudes that are drawn.
  double low, high;
};

double roundHalfEven(double x) { return std::nearbyint(x); }
double signOf(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

const Case kCases[] = {
    {"sine", &RowFunctions::sine, std::sin, 0, 0x1p-20, 0x1p-40, 0x1p12},
    {"sine, large", &RowFunctions::sine, std::sin, 0, 0x1p-16, 1, 0x1p18},
    {"cosine", &RowFunctions::cosine, std::cos, 0, 0x1p-20, 0x1p-40, 0x1p12},
    {"cosine, large", &RowFunctions::cosine, std::cos, 0, 0x1p-16, 1, 0x1p18},
    {"tangent", &RowFunctions::tangent, std::tan, 0x1p-18, 0, 0x1p-40, 1.5},
    {"arc sine", &RowFunctions::arcSine, std::asin, 0x1p-18, 0, 0x1p-40, 1},
    {"arc cosine", &RowFunctions::arcCosine, std::acos, 0x1p-18, 0, 0x1p-40, 1},
    {"arc tangent", &RowFunctions::arcTangent, std::atan, 0x1p-20, 0, 0x1p-40,
     0x1p40},
    {"hyperbolic sine", &RowFunctions::hyperbolicSine, std::sinh, 0x1p-16, 0,
     0x1p-40, 88},
    {"hyperbolic cosine", &RowFunctions::hyperbolicCosine, std::cosh, 0x1p-16,
     0, 0x1p-40, 88},
    {"area sine", &RowFunctions::areaSine, std::asinh, 0x1p-18, 0, 0x1p-40,
     0x1p127},
    {"area cosine", &RowFunctions::areaCosine, std::acosh, 0x1p-18, 0, 1,
     0x1p127},
    {"area tangent", &RowFunctions::areaTangent, std::atanh, 0x1p-18, 0,
     0x1p-40, 1},
    {"floor", &RowFunctions::floor, std::floor, 0, 0, 0x1p-40, 0x1p40},
    {"ceiling", &RowFunctions::ceiling, std::ceil, 0, 0, 0x1p-40, 0x1p40},
    {"rounded", &RowFunctions::rounded, roundHalfEven, 0, 0, 0x1p-40, 0x1p40},
    {"sign", &RowFunctions::sign, signOf, 0, 0, 0x1p-126, 0x1p127},
};

class OfOne : public testing::TestWithParam<Case> {};

TEST_P(OfOne, IsAsExactAsItsPageSays) {
  const Case &c = GetParam();
  const Composed function(
      [&](RowFunctions &f, int x, int) { return (f.*c.function)(x); });
  double relative = 0, absolute = 0;
  const int steps = 60000;
  const double first = std::log(c.low), last = std::log(c.high);
  for (int i = 0; i <= steps; ++i)
    for (float sign : {1.0f, -1.0f}) {
      const double share = double(i) / steps;
      // Half evenly, half by octaves.
      const float x =
          sign *
          static_cast<float>(i % 2 ? c.low + share * (c.high - c.low)
                                   : std::exp(first + share * (last - first)));
      const double want = c.exact(x), got = function(x);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(got)) << c.name << " " << x << ": " << got;
        continue;
      }
      const double off = got == want ? 0 : std::fabs(got - want);
      absolute = std::max(absolute, off);
      if (want != 0)
        relative = std::max(relative, off / std::fabs(want));
      ASSERT_LE(off, c.absolute + c.relative * std::fabs(want))
          << c.name << " " << x << ": " << got << " for " << want;
    }
  std::printf("%-18s %2zu ops  relative 2^%.2f  absolute 2^%.2f\n", c.name,
              function.size(), std::log2(relative), std::log2(absolute));
}

TEST_P(OfOne, IsRightAtTheEdges) {
  const Case &c = GetParam();
  const Composed function(
      [&](RowFunctions &f, int x, int) { return (f.*c.function)(x); });
  for (float x : {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f,
                  3.0f, kInfinity, -kInfinity, kNaN, -0.25f, 1e4f, -1e4f}) {
    const double want = c.exact(x), got = function(x);
    if (std::isnan(want) || std::isinf(want) || want == 0)
      EXPECT_TRUE(std::isnan(want) ? std::isnan(got)
                  : want == 0      ? std::fabs(got) <= 0x1p-20
                                   : got == want)
          << c.name << " " << x << ": " << got << " for " << want;
    else
      EXPECT_NEAR(got, want, 0x1p-15 * std::max(1.0, std::fabs(want)))
          << c.name << " " << x;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OfOne, testing::ValuesIn(kCases),
                         [](const auto &info) {
                           std::string name = info.param.name;
                           std::string result;
                           for (char letter : name)
                             if (std::isalpha(letter))
                               result += letter;
                           return result;
                         });

bool same(double got, double want, double relative) {
  return std::isnan(want) ? std::isnan(got)
         : std::isinf(want)
             ? got == want
             : std::fabs(got - want) <= relative * std::fabs(want) + 0x1p-126;
}

const float kEdges[] = {0.0f,  -0.0f, 1.0f,  -1.0f,     2.0f,       -2.0f, 0.5f,
                        -0.5f, 3.0f,  -3.0f, kInfinity, -kInfinity, kNaN,  2.5f,
                        -2.5f, 7.0f,  1e10f, -1e10f,    1e-9f,      -1e-9f};

TEST(Power, OfEveryPairIsThatOfC) {
  const Composed power(
      [](RowFunctions &f, int x, int y) { return f.power(x, y); });
  for (float x : kEdges)
    for (float y : kEdges) {
      const double want = std::pow(x, y);
      // Beyond the numbers that fp32 has.
      if (std::isfinite(want) && want != 0 &&
          (std::fabs(want) > 3.3e38 || std::fabs(want) < 1.3e-38))
        continue;
      EXPECT_TRUE(same(power(x, y), want, 0x1p-12))
          << x << " ^ " << y << ": " << power(x, y) << " for " << want;
    }
  std::printf("power %zu ops\n", power.size());
}

TEST(Power, ByAConstantIsThatOfC) {
  for (float y :
       {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 7.0f, 64.0f, -1.0f, -2.0f, -3.0f, 0.5f,
        -0.5f, 0.25f, 1.5f, -1.5f, 65.0f, 66.0f, -65.0f, 2.4f}) {
    std::vector<RowOp> ops(2);
    const int last = RowFunctions(ops, 0).power(0, y);
    for (float x : kEdges) {
      const double want = std::pow(x, y);
      if (std::isfinite(want) && want != 0 &&
          (std::fabs(want) > 3.3e38 || std::fabs(want) < 1.3e-38))
        continue;
      const double got = last == 0 ? x : evaluate(ops, x, 0);
      EXPECT_TRUE(same(got, want, 0x1p-12))
          << x << " ^ " << y << ": " << got << " for " << want;
    }
  }
}

TEST(Power, OfAConstantIsThatOfC) {
  for (float base : {2.0f, 0.5f, 1.0f, 10000.0f}) {
    const Composed power(
        [&](RowFunctions &f, int x, int) { return f.powerOf(base, x); });
    for (float x :
         {0.0f, 1.0f, -1.0f, 3.5f, -7.25f, kInfinity, -kInfinity, kNaN})
      EXPECT_TRUE(same(power(x), std::pow(base, x), 0x1p-14))
          << base << " ^ " << x << ": " << power(x);
  }
}

TEST(Remainder, IsThatOfC) {
  const Composed remainder(
      [](RowFunctions &f, int x, int y) { return f.remainder(x, y); });
  for (float x : kEdges)
    for (float y : kEdges) {
      const double want = std::fmod(x, y), got = remainder(x, y);
      if (std::fabs(x / y) > 65536 && std::isfinite(x)) {
        EXPECT_TRUE(std::isnan(got)) << x << " mod " << y;
        continue;
      }
      EXPECT_TRUE(same(got, want, 0)) << x << " mod " << y << ": " << got;
    }
  // Operands of 8 bits, quotients up to 2^16: exact.
  for (uint32_t i = 0; i < 200000; ++i) {
    const float x = floatFromBits(0x3c000000u + (i * 7919u % 2560u << 16));
    const float y = floatFromBits(0x3c000000u + (i * 104729u % 2048u << 16));
    if (x / y < 65000) {
      ASSERT_EQ(remainder(-x, y), std::fmod(-x, y)) << x << " mod " << y;
    }
  }
}

} // namespace
} // namespace tilework::planning
