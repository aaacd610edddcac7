// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine's floating point, one value at a time, in integers alone: the
// reference that the SIMD kernels and the RTL (rtl/common/tw_float_pkg.sv) are
// compared with. rtl/RationaleNumerics.md says why the rules are these:
//   - round to nearest, ties to even; overflow gives infinity;
//   - a subnormal input is a zero of its sign;
//   - a result is rounded as if exponents had no lower bound and then, if it is
//   below 2^-126, is a zero of its sign;
//   - every NaN result is the one NaN: positive, quiet, no payload.

#pragma once

#include <cstdint>
#include <cstring>

namespace tilework::sim {

constexpr uint32_t kNaNF32 = 0x7fc00000u;
constexpr uint16_t kNaNBf16 = 0x7fc0u;
constexpr uint32_t kInfinityF32 = 0x7f800000u;
constexpr uint32_t kMinNormalF32 = 0x00800000u;

inline float floatFromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t bitsFromFloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline bool isNaNF32(uint32_t x) { return (x & 0x7fffffffu) > kInfinityF32; }

/// The value that an operation sees: a subnormal is a zero of its sign, a NaN
/// is the one NaN.
inline uint32_t flushF32(uint32_t x) {
  if (isNaNF32(x))
    return kNaNF32;
  return (x & kInfinityF32) ? x : x & 0x80000000u;
}

/// Packs sign, the biased exponent of the leading bit and a significand whose
/// leading bit is bit 62; anything below bit 39 only rounds, and bit 0 may
/// stand for all that was lost below it.
inline uint32_t packF32(uint32_t sign, int32_t exponent, uint64_t significand) {
  uint32_t kept = static_cast<uint32_t>(significand >> 39);
  uint64_t rest = significand & ((uint64_t(1) << 39) - 1), half = uint64_t(1)
                                                                  << 38;
  kept += rest > half || (rest == half && (kept & 1));
  if (kept >> 24) {
    kept >>= 1;
    ++exponent;
  }
  if (exponent >= 255)
    return sign | kInfinityF32;
  if (exponent <= 0)
    return sign;
  return sign | (static_cast<uint32_t>(exponent) << 23) | (kept & 0x7fffffu);
}

/// a + b. The exact sum of opposites is +0.
inline uint32_t addF32(uint32_t a, uint32_t b) {
  a = flushF32(a);
  b = flushF32(b);
  if ((a & 0x7fffffffu) < (b & 0x7fffffffu)) {
    uint32_t swapped = a;
    a = b;
    b = swapped;
  }
  uint32_t sign = a & 0x80000000u;
  bool subtract = (a ^ b) >> 31;
  if (isNaNF32(a) || ((a & 0x7fffffffu) == kInfinityF32 &&
                      (b & 0x7fffffffu) == kInfinityF32 && subtract))
    return kNaNF32;
  if ((a & 0x7fffffffu) == kInfinityF32 || !(b & 0x7fffffffu))
    return (a & 0x7fffffffu) ? a : a & b;
  int32_t exponent = static_cast<int32_t>((a >> 23) & 255);
  uint32_t distance = ((a >> 23) & 255) - ((b >> 23) & 255);
  uint64_t large = static_cast<uint64_t>((a & 0x7fffffu) | 0x800000u) << 38;
  uint64_t small = static_cast<uint64_t>((b & 0x7fffffu) | 0x800000u) << 38;
  // Beyond 30 places the smaller operand is only a sticky bit.
  small = distance > 30 ? 1 : small >> distance;
  uint64_t sum = subtract ? large - small : large + small;
  if (!sum)
    return 0;
  for (exponent += 1; !(sum >> 62); --exponent)
    sum <<= 1;
  return packF32(sign, exponent, sum);
}

inline uint32_t negateF32(uint32_t a) {
  return isNaNF32(a) ? kNaNF32 : a ^ 0x80000000u;
}

/// a × b.
inline uint32_t multiplyF32(uint32_t a, uint32_t b) {
  a = flushF32(a);
  b = flushF32(b);
  uint32_t sign = (a ^ b) & 0x80000000u;
  a &= 0x7fffffffu;
  b &= 0x7fffffffu;
  bool infinite = a == kInfinityF32 || b == kInfinityF32, zero = !a || !b;
  if (isNaNF32(a) || isNaNF32(b) || (infinite && zero))
    return kNaNF32;
  if (infinite)
    return sign | kInfinityF32;
  if (zero)
    return sign;
  uint64_t product = static_cast<uint64_t>((a & 0x7fffffu) | 0x800000u) *
                     ((b & 0x7fffffu) | 0x800000u);
  int32_t exponent =
      static_cast<int32_t>(a >> 23) + static_cast<int32_t>(b >> 23) - 126;
  product <<=
      15; // The leading bit of the product is bit 46 or 47; now 61 or 62.
  if (!(product >> 62)) {
    product <<= 1;
    --exponent;
  }
  return packF32(sign, exponent, product);
}

/// Exact, but for subnormals.
inline uint32_t bf16ToF32(uint16_t x) {
  return flushF32(static_cast<uint32_t>(x) << 16);
}

inline uint16_t f32ToBf16(uint32_t x) {
  x = flushF32(x);
  if (isNaNF32(x))
    return kNaNBf16;
  return static_cast<uint16_t>((x + 0x7fffu + ((x >> 16) & 1)) >> 16);
}

/// The product of two bf16 as fp32: exact, but for overflow and flush.
inline uint32_t multiplyBf16(uint16_t a, uint16_t b) {
  return multiplyF32(static_cast<uint32_t>(a) << 16, static_cast<uint32_t>(b)
                                                         << 16);
}

inline uint32_t int32ToF32(int32_t x) {
  if (!x)
    return 0;
  uint32_t sign = x < 0 ? 0x80000000u : 0;
  uint64_t significand =
      x < 0 ? uint64_t(0) - static_cast<uint64_t>(static_cast<int64_t>(x))
            : static_cast<uint64_t>(x);
  int32_t exponent = 127 + 62;
  for (; !(significand >> 62); --exponent)
    significand <<= 1;
  return packF32(sign, exponent, significand);
}

/// Nearest even, saturating to [low, high] (|bounds| < 2^31 + 1); NaN gives 0.
inline int32_t f32ToInteger(uint32_t x, int64_t low, int64_t high) {
  x = flushF32(x);
  if (isNaNF32(x))
    return 0;
  int32_t exponent = static_cast<int32_t>((x >> 23) & 255) - 127;
  int64_t magnitude;
  if (exponent < -1)
    magnitude = 0;
  else if (exponent > 31)
    magnitude = int64_t(1) << 32;
  else {
    uint64_t fixed = static_cast<uint64_t>((x & 0x7fffffu) | 0x800000u)
                     << (exponent + 1); // 24 bits of fraction
    magnitude = static_cast<int64_t>(fixed >> 24);
    uint64_t rest = fixed & 0xffffffu, half = 0x800000u;
    magnitude += rest > half || (rest == half && (magnitude & 1));
  }
  int64_t value = x >> 31 ? -magnitude : magnitude;
  return static_cast<int32_t>(value < low ? low : value > high ? high : value);
}

inline int32_t f32ToInt32(uint32_t x) {
  return f32ToInteger(x, INT32_MIN, INT32_MAX);
}
inline int8_t f32ToInt8(uint32_t x) {
  return static_cast<int8_t>(f32ToInteger(x, -128, 127));
}

} // namespace tilework::sim
