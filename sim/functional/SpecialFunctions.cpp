// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Argument reduction, table evaluation and reconstruction of one value.

#include "sim/functional/SpecialFunctions.h"

#include "sim/functional/Float.h"

namespace tilework::sim {

namespace {

using isa::VectorFunction;

constexpr uint32_t kSign = 0x80000000u, kOne = 0x3f800000u,
                   kMinusOne = 0xbf800000u;
constexpr uint32_t kNearOneLow = 0x3f400000u,
                   kNearOneHigh = 0x3fc00000u; // 0.75 and 1.5
constexpr int32_t kFraction = 30;              // of most tables' values

/// h of the segment that {octave, fraction} falls into.
int32_t evaluateTable(FunctionTableIndex index, uint32_t octave,
                      uint32_t fraction) {
  const FunctionTable &table = functionTable(index);
  const uint32_t position = (octave << 23) | fraction;
  const uint32_t entry = table.base + (position >> (23 - table.segmentBits));
  const int32_t t =
      static_cast<int32_t>((position >> (7 - table.segmentBits)) & 0xffff) -
      0x8000;
  const int32_t c1 = static_cast<int32_t>(kCoefficient12[entry]) >> 15;
  const int32_t c2 = static_cast<int32_t>(kCoefficient12[entry] << 17) >> 17;
  const int32_t q = c1 + ((c2 * t) >> table.shift2);
  return kCoefficient0[entry] + ((q * t) >> table.shift1[octave]);
}

/// x · 2^power: an infinity above the range, a zero below it.
uint32_t scale(uint32_t x, int32_t power) {
  const int32_t exponent = static_cast<int32_t>((x >> 23) & 255) + power;
  if (!(x & ~kSign) || exponent <= 0)
    return x & kSign;
  if (exponent >= 255)
    return (x & kSign) | kInfinityF32;
  return (x & 0x807fffffu) | (static_cast<uint32_t>(exponent) << 23);
}

uint32_t exponential(uint32_t x) {
  const bool negative = x & kSign;
  const uint32_t magnitude = x & ~kSign;
  if (magnitude >= (negative ? kExponentialLow & ~kSign : kExponentialHigh))
    return negative ? 0 : kInfinityF32;
  const int32_t exponent = static_cast<int32_t>(magnitude >> 23) - 127;
  const uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
  // x with 24 bits of fraction, towards zero.
  uint32_t fixed = 0;
  if (magnitude && exponent >= -24)
    fixed = exponent >= -1 ? significand << (exponent + 1)
                           : significand >> (-1 - exponent);
  const int32_t value =
      negative ? -static_cast<int32_t>(fixed) : static_cast<int32_t>(fixed);
  // Rounded down so that the remainder is never negative.
  const int32_t n =
      ((value >> 14) * static_cast<int32_t>(kExponentialScale + negative)) >>
      23;
  // The remainder is in [0, 0.703): the lower 32 bits of both are enough.
  const uint32_t remainder = (static_cast<uint32_t>(value) << 7) -
                             static_cast<uint32_t>(n) * kLogTwo31;
  const int32_t h =
      evaluateTable(FunctionTableIndex::Exponential, 0, remainder >> 8);
  return scale(int32ToF32(h), n - 29);
}

uint32_t reciprocal(uint32_t x) {
  const uint32_t sign = x & kSign, magnitude = x & ~kSign;
  if (!magnitude || magnitude == kInfinityF32)
    return sign | (kInfinityF32 - magnitude);
  const int32_t exponent = static_cast<int32_t>(magnitude >> 23) - 127;
  const int32_t h =
      evaluateTable(FunctionTableIndex::Reciprocal, 0, magnitude & 0x7fffffu);
  return sign | scale(int32ToF32(h), -exponent - kFraction);
}

uint32_t root(uint32_t x, bool inverse) {
  if (!(x & ~kSign))
    return inverse ? kInfinityF32 : x;
  if (x & kSign)
    return kNaNF32;
  if (x == kInfinityF32)
    return inverse ? 0 : x;
  const int32_t exponent = static_cast<int32_t>(x >> 23) - 127;
  const uint32_t odd = exponent & 1;
  const int32_t half = exponent >> 1;
  const int32_t h = evaluateTable(inverse ? FunctionTableIndex::ReciprocalRoot
                                          : FunctionTableIndex::Root,
                                  odd, x & 0x7fffffu);
  return scale(int32ToF32(h), (inverse ? -half : half) - kFraction);
}

uint32_t logarithm(uint32_t x) {
  if (!(x & ~kSign))
    return kSign | kInfinityF32;
  if (x & kSign)
    return kNaNF32;
  if (x == kInfinityF32)
    return x;
  const uint32_t fraction = x & 0x7fffffu;
  if (x >= kNearOneLow && x < kNearOneHigh) {
    const int32_t h = evaluateTable(FunctionTableIndex::Logarithm, 1, fraction);
    return multiplyF32(scale(int32ToF32(h), -kFraction), addF32(x, kMinusOne));
  }
  const int32_t exponent = static_cast<int32_t>(x >> 23) - 127;
  const int32_t h = evaluateTable(FunctionTableIndex::Logarithm, 0, fraction);
  return scale(int32ToF32(h + exponent * static_cast<int32_t>(kLogTwo24)), -24);
}

/// h of a table over y = |x| + 1.
int32_t evaluateOffset(FunctionTableIndex index, uint32_t x) {
  const uint32_t y = addF32(x & ~kSign, kOne);
  return evaluateTable(index, (y >> 23) - 127, y & 0x7fffffu);
}

/// x · h, and a sign from `saturation` on.
uint32_t oddFunction(FunctionTableIndex index, uint32_t x,
                     uint32_t saturation) {
  if ((x & ~kSign) >= saturation)
    return (x & kSign) | kOne;
  const int32_t h = evaluateOffset(index, x);
  return multiplyF32(scale(int32ToF32(h), -kFraction), x);
}

/// A distribution function from its lower tail, times x if `gate`: of minus
/// infinity that is the product of an infinity and zero.
uint32_t distribution(FunctionTableIndex index, uint32_t x, uint32_t saturation,
                      bool gate) {
  const bool negative = x & kSign;
  if ((x & ~kSign) >= saturation) {
    if (gate)
      return negative ? multiplyF32(0, x) : x;
    return negative ? 0 : kOne;
  }
  const int32_t tail = evaluateOffset(index, x);
  const int32_t h = negative ? tail : (1 << kFraction) - tail;
  const uint32_t value = scale(int32ToF32(h), -kFraction);
  return gate ? multiplyF32(value, x) : value;
}

bool isOrdered(uint32_t x, uint32_t y) { return !isNaNF32(x) && !isNaNF32(y); }

/// Integers in the order of the values; -0 comes before +0.
int32_t orderKey(uint32_t x) {
  return static_cast<int32_t>(
      x ^ (static_cast<uint32_t>(static_cast<int32_t>(x) >> 31) >> 1));
}

/// The same, with both zeros as one.
int32_t comparisonKey(uint32_t x) { return orderKey(x & ~kSign ? x : 0); }

uint32_t unaryFunction(VectorFunction function, uint32_t x) {
  if (isNaNF32(x))
    return kNaNF32;
  switch (function) {
  case VectorFunction::identity:
    return x;
  case VectorFunction::relu:
    return x & kSign ? 0 : x;
  case VectorFunction::absolute:
    return x & ~kSign;
  case VectorFunction::square:
    return multiplyF32(x, x);
  case VectorFunction::exponential:
    return exponential(x);
  case VectorFunction::reciprocal:
    return reciprocal(x);
  case VectorFunction::reciprocal_square_root:
    return root(x, true);
  case VectorFunction::square_root:
    return root(x, false);
  case VectorFunction::tanh:
    return oddFunction(FunctionTableIndex::Tanh, x, kSaturationTanh);
  case VectorFunction::sigmoid:
    return distribution(FunctionTableIndex::Logistic, x, kSaturationLogistic,
                        false);
  case VectorFunction::silu:
    return distribution(FunctionTableIndex::Logistic, x, kSaturationLogistic,
                        true);
  case VectorFunction::erf:
    return oddFunction(FunctionTableIndex::Erf, x, kSaturationErf);
  case VectorFunction::gelu:
    return distribution(FunctionTableIndex::Normal, x, kSaturationNormal, true);
  case VectorFunction::gelu_tanh:
    return distribution(FunctionTableIndex::GeluTanh, x, kSaturationGeluTanh,
                        true);
  case VectorFunction::logarithm:
    return logarithm(x);
  default:
    break;
  }
  return kNaNF32;
}

} // namespace

uint32_t maximumF32(uint32_t a, uint32_t b) {
  if (isNaNF32(a) || isNaNF32(b))
    return kNaNF32;
  return orderKey(a) < orderKey(b) ? b : a;
}

uint32_t minimumF32(uint32_t a, uint32_t b) {
  if (isNaNF32(a) || isNaNF32(b))
    return kNaNF32;
  return orderKey(b) < orderKey(a) ? b : a;
}

uint32_t applyFunction(VectorFunction function, uint32_t x, uint32_t y,
                       uint32_t scalar) {
  x = flushF32(x);
  y = flushF32(y);
  scalar = flushF32(scalar);
  const auto truth = [](bool holds) { return holds ? kOne : 0; };
  switch (function) {
  case VectorFunction::is_nan:
    return truth(isNaNF32(x));
  case VectorFunction::maximum:
    return maximumF32(x, y);
  case VectorFunction::minimum:
    return minimumF32(x, y);
  case VectorFunction::equal:
    return truth(isOrdered(x, y) && comparisonKey(x) == comparisonKey(y));
  case VectorFunction::less:
    return truth(isOrdered(x, y) && comparisonKey(x) < comparisonKey(y));
  case VectorFunction::less_or_equal:
    return truth(isOrdered(x, y) && comparisonKey(x) <= comparisonKey(y));
  case VectorFunction::greater:
    return truth(isOrdered(x, y) && comparisonKey(x) > comparisonKey(y));
  case VectorFunction::greater_or_equal:
    return truth(isOrdered(x, y) && comparisonKey(x) >= comparisonKey(y));
  case VectorFunction::replace_nan:
    return isNaNF32(x) ? y : x;
  case VectorFunction::select:
    return y & ~kSign ? x : scalar;
  case VectorFunction::replace:
    return y & ~kSign ? scalar : x;
  default:
    return unaryFunction(function, x);
  }
}

} // namespace tilework::sim
