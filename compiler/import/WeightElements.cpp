// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types and elementwise steps of weight expressions, over runs.

#include "compiler/import/WeightElements.h"
#include "compiler/import/ElementFunctions.h"
#include "compiler/import/WeightNode.h"
#include "dialects/graph/GraphDialect.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tilework::weights_detail {

using graph::BinaryKind;
using graph::UnaryKind;

static float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

static float halfToFloat(uint16_t half) {
  uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31;
  uint32_t fraction = half & 1023;
  if (exponent == 31)
    return bitsToFloat(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0)
    return (sign ? -1.0f : 1.0f) *
           std::ldexp(static_cast<float>(fraction), -24);
  return bitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
}

/// Converts `count` elements, `stride` apart, from element `first`.
template <typename T>
static void load(const char *bytes, int64_t first, int64_t stride,
                 int64_t count, float *out) {
  // Spans start at any byte, so elements are copied and not dereferenced.
  const char *source = bytes + first * static_cast<int64_t>(sizeof(T));
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, source + i * sizeof(T), sizeof(T));
      out[i] = static_cast<float>(value);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, source + i * stride * static_cast<int64_t>(sizeof(T)),
                sizeof(T));
    out[i] = static_cast<float>(value);
  }
}

void loadAs(ElementType type, const char *bytes, int64_t first, int64_t stride,
            int64_t count, float *out) {
  switch (type) {
  case ElementType::Bool:
    load<uint8_t>(bytes, first, stride, count, out);
    for (int64_t i = 0; i < count; ++i)
      out[i] = out[i] != 0;
    return;
  case ElementType::Int2:
  case ElementType::Uint2:
  case ElementType::Int4:
  case ElementType::Uint4: {
    const unsigned bits = elementBits(type), inByte = 8 / bits;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i * stride;
      const int64_t raw =
          static_cast<uint8_t>(bytes[at / inByte]) >> bits * (at % inByte);
      out[i] = static_cast<float>(wrapTo(type, raw));
    }
    return;
  }
  case ElementType::Int8:
    return load<int8_t>(bytes, first, stride, count, out);
  case ElementType::Uint8:
    return load<uint8_t>(bytes, first, stride, count, out);
  case ElementType::Int16:
    return load<int16_t>(bytes, first, stride, count, out);
  case ElementType::Uint16:
    return load<uint16_t>(bytes, first, stride, count, out);
  case ElementType::Int32:
    return load<int32_t>(bytes, first, stride, count, out);
  case ElementType::Uint32:
    return load<uint32_t>(bytes, first, stride, count, out);
  case ElementType::Int64:
    return load<int64_t>(bytes, first, stride, count, out);
  case ElementType::Uint64:
    return load<uint64_t>(bytes, first, stride, count, out);
  case ElementType::Float:
    return load<float>(bytes, first, stride, count, out);
  case ElementType::Double:
    return load<double>(bytes, first, stride, count, out);
  case ElementType::Float16:
  case ElementType::Bfloat16:
    for (int64_t i = 0; i < count; ++i) {
      uint16_t raw;
      std::memcpy(&raw, bytes + (first + i * stride) * 2, 2);
      out[i] = type == ElementType::Float16
                   ? halfToFloat(raw)
                   : bitsToFloat(static_cast<uint32_t>(raw) << 16);
    }
    return;
  default:
    fail("a type without numbers");
  }
}

void apply(UnaryKind kind, float *values, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    values[i] = evaluateUnary(kind, values[i]);
}

template <typename Fn>
static void combine(float *a, const float *b, int64_t count, Fn fn) {
  for (int64_t i = 0; i < count; ++i)
    a[i] = fn(a[i], b[i]);
}

void apply(BinaryKind kind, float *a, const float *b, int64_t count) {
  switch (kind) {
  case BinaryKind::Add:
    return combine(a, b, count, [](float x, float y) { return x + y; });
  case BinaryKind::Sub:
    return combine(a, b, count, [](float x, float y) { return x - y; });
  case BinaryKind::Mul:
    return combine(a, b, count, [](float x, float y) { return x * y; });
  case BinaryKind::Div:
    return combine(a, b, count, [](float x, float y) { return x / y; });
  case BinaryKind::Max:
    return combine(a, b, count, [](float x, float y) {
      return x > y || std::isnan(x) ? x : y; // a NaN wins, as on the chip
    });
  case BinaryKind::Min:
    return combine(a, b, count, [](float x, float y) {
      return x < y || std::isnan(x) ? x : y;
    });
  case BinaryKind::Pow:
    return combine(a, b, count,
                   [](float x, float y) { return std::pow(x, y); });
  case BinaryKind::Mod:
    return combine(a, b, count,
                   [](float x, float y) { return std::fmod(x, y); });
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
    return combine(a, b, count, [kind](float x, float y) -> float {
      bool l = x != 0, r = y != 0;
      return kind == BinaryKind::And  ? l && r
             : kind == BinaryKind::Or ? l || r
                                      : l != r;
    });
  default:
    return combine(a, b, count,
                   [kind](float x, float y) { return compare(kind, x, y); });
  }
}

void castTo(ElementType type, float *values, int64_t count) {
  if (type == ElementType::Float || type == ElementType::Double)
    return;
  if (type == ElementType::Bfloat16) {
    for (int64_t i = 0; i < count; ++i) {
      uint16_t bits;
      roundToBf16(values + i, &bits, 1);
      values[i] = bitsToFloat(static_cast<uint32_t>(bits) << 16);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (type == ElementType::Float16) {
      // Add and subtract a power of two whose unit is half's last place.
      float magnitude = std::fabs(values[i]);
      int exponent = magnitude > 0 ? std::max(std::ilogb(magnitude), -14) : -14;
      float unit = std::ldexp(1.0f, exponent - 10);
      float rounded = std::nearbyint(values[i] / unit) * unit;
      values[i] = std::fabs(rounded) > 65504.0f
                      ? std::copysign(HUGE_VALF, rounded)
                      : rounded;
    } else if (type == ElementType::Bool) {
      values[i] = values[i] != 0;
    } else if (std::fabs(values[i]) < 0x1p63f) {
      // Beyond, and of NaN, there is no integer to wrap.
      values[i] =
          static_cast<float>(wrapTo(type, static_cast<int64_t>(values[i])));
    }
  }
}

} // namespace tilework::weights_detail

void tilework::roundToBf16(const float *in, uint16_t *out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, in + i, 4);
    uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    uint32_t sign = bits >> 16 & 0x8000u;
    // A subnormal result is zero; the largest subnormal rounds up to normal.
    if ((rounded & 0x7f80u) == 0)
      rounded = sign;
    // A finite number stays finite: a mask of −FLT_MAX is no minus infinity.
    if (magnitude > 0x7f7f0000u && magnitude < 0x7f800000u)
      rounded = sign | 0x7f7fu;
    out[i] = static_cast<uint16_t>(magnitude > 0x7f800000u ? 0x7fc0u : rounded);
  }
}
