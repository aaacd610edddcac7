// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A panel keeps a few rows by two vectors of partial sums in registers and runs
// through k in order, so that each lane does what one column of the systolic
// array does. int8 products and their sums over up to 1024 products are
// integers below 2^24 and therefore exact in fp32: one loop serves both types.

#include "sim/functional/MatmulKernel.h"

#include "sim/functional/Float.h"

// Their vectors cannot be elements of an array.
#define HWY_DISABLED_TARGETS                                                   \
  (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/functional/MatmulKernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::sim {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Ints = hn::Rebind<int32_t, Floats>;
using Words = hn::Rebind<uint32_t, Floats>;
using Vec = hn::Vec<Floats>;

constexpr size_t kVectors = 2;
// As many rows as leave registers for a row of weights and an activation.
constexpr size_t kMaxRows = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM ? 8 : 6;

enum class Mode { Fused, MultiplyThenAdd, ExplicitFlush, Int8 };

size_t panelWidth() {
  return std::max<size_t>(8, kVectors * hn::Lanes(Floats()));
}

HWY_INLINE Vec flush(Vec x) {
  const Floats d;
  auto subnormal = hn::Lt(hn::Abs(x), hn::Set(d, 1.17549435e-38f));
  return hn::IfThenElse(subnormal, hn::CopySign(hn::Zero(d), x), x);
}

template <Mode kMode> HWY_INLINE Vec multiplyAdd(Vec a, Vec w, Vec sum) {
  if constexpr (kMode == Mode::Fused || kMode == Mode::Int8)
    return hn::MulAdd(a, w, sum);
  else if constexpr (kMode == Mode::MultiplyThenAdd)
    return hn::Add(sum, hn::Mul(a, w));
  else
    return flush(hn::Add(sum, flush(hn::Mul(a, w))));
}

/// kRows rows by kVectors vectors, through all of the panel's depth.
template <size_t kRows, Mode kMode>
HWY_INLINE void runTile(const MatmulPanel &p, size_t row, size_t column) {
  const Floats d;
  const Ints di;
  const size_t lanes = hn::Lanes(d), width = panelWidth();
  const float *HWY_RESTRICT w = p.weights + column;
  const float *a[kRows];
  for (size_t r = 0; r < kRows; ++r)
    a[r] = p.activations + (row + r) * p.activationStride;
  float *HWY_RESTRICT sums =
      reinterpret_cast<float *>(p.sums) + row * width + column;

  for (size_t begin = 0; begin < p.depth; begin += p.block) {
    const size_t end = std::min(begin + p.block, p.depth);
    Vec partial[kRows][kVectors];
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kVectors; ++v)
        partial[r][v] = hn::Zero(d);
    for (size_t k = begin; k < end; ++k) {
      Vec weights[kVectors];
      for (size_t v = 0; v < kVectors; ++v) {
        weights[v] = hn::LoadU(d, w + k * width + v * lanes);
        if constexpr (kMode == Mode::ExplicitFlush)
          weights[v] = flush(weights[v]);
      }
      for (size_t r = 0; r < kRows; ++r) {
        Vec activation = hn::Set(d, a[r][k]);
        if constexpr (kMode == Mode::ExplicitFlush)
          activation = flush(activation);
        for (size_t v = 0; v < kVectors; ++v)
          partial[r][v] =
              multiplyAdd<kMode>(activation, weights[v], partial[r][v]);
      }
    }
    // Rows of the array past the depth add a product of +0: a sum of -0, which
    // only a flush can make, becomes +0.
    const bool padded = p.padded && end == p.depth;
    const bool overwrite = p.overwrite && begin == 0;
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kVectors; ++v) {
        float *at = sums + r * width + v * lanes;
        if constexpr (kMode == Mode::Int8) {
          auto sum = hn::ConvertTo(di, partial[r][v]);
          if (!overwrite)
            sum = hn::Add(sum, hn::BitCast(di, hn::LoadU(d, at)));
          hn::StoreU(hn::BitCast(d, sum), d, at);
          continue;
        }
        Vec sum = partial[r][v];
        if (padded)
          sum = hn::Add(sum, hn::Zero(d));
        if (!overwrite) {
          Vec old = hn::LoadU(d, at);
          if constexpr (kMode == Mode::ExplicitFlush)
            sum = flush(hn::Add(flush(old), sum));
          else
            sum = hn::Add(old, sum);
        }
        if (p.last && end == p.depth)
          sum = hn::IfThenElse(hn::IsNaN(sum),
                               hn::BitCast(d, hn::Set(Words(), kNaNF32)), sum);
        hn::StoreU(sum, d, at);
      }
  }
}

template <size_t kRows, Mode kMode>
void runRows(const MatmulPanel &p, size_t row) {
  for (size_t column = 0; column < panelWidth();
       column += kVectors * hn::Lanes(Floats()))
    runTile<kRows, kMode>(p, row, column);
}

template <size_t kRows, Mode kMode>
void runRest(const MatmulPanel &p, size_t row) {
  if constexpr (kRows > 0) {
    if (p.rows - row == kRows)
      runRows<kRows, kMode>(p, row);
    else
      runRest<kRows - 1, kMode>(p, row);
  }
}

template <Mode kMode> void runPanel(const MatmulPanel &p) {
  size_t row = 0;
  for (; row + kMaxRows <= p.rows; row += kMaxRows)
    runRows<kMaxRows, kMode>(p, row);
  runRest<kMaxRows - 1, kMode>(p, row);
}

void panel(const MatmulPanel &p) {
  if (p.int8)
    runPanel<Mode::Int8>(p);
  else if (p.explicitFlush)
    runPanel<Mode::ExplicitFlush>(p);
  else if (p.fused)
    runPanel<Mode::Fused>(p);
  else
    runPanel<Mode::MultiplyThenAdd>(p);
}

void bf16(const uint8_t *src, size_t count, float *dst, ExponentRange &range) {
  const Words d;
  const hn::Rebind<uint16_t, Words> half;
  const size_t lanes = hn::Lanes(d);
  const auto magnitude = hn::Set(d, 0x7fffu), one = hn::Set(d, 1u);
  auto largest = hn::Zero(d), smallest = hn::Set(d, 0xffffffffu);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto bits = hn::PromoteTo(
        d, hn::LoadU(half, reinterpret_cast<const uint16_t *>(src) + i));
    hn::StoreU(hn::ShiftLeft<16>(bits), d,
               reinterpret_cast<uint32_t *>(dst) + i);
    bits = hn::And(bits, magnitude);
    largest = hn::Max(largest, bits);
    // A zero turns into the largest number, so that it does not count.
    smallest = hn::Min(smallest, hn::Sub(bits, one));
  }
  uint32_t high = hn::GetLane(hn::MaxOfLanes(d, largest)),
           low = hn::GetLane(hn::MinOfLanes(d, smallest));
  for (; i < count; ++i) {
    uint32_t bits = src[2 * i] | src[2 * i + 1] << 8;
    dst[i] = floatFromBits(bits << 16);
    bits &= 0x7fff;
    high = std::max(high, bits);
    low = std::min(low, bits - 1);
  }
  if (high)
    range.include({(low + 1) >> 7, high >> 7});
}

void int8(const uint8_t *src, size_t count, float *dst) {
  const Ints d;
  const hn::Rebind<int8_t, Ints> quarter;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(
        hn::ConvertTo(
            Floats(),
            hn::PromoteTo(
                d,
                hn::LoadU(quarter, reinterpret_cast<const int8_t *>(src) + i))),
        Floats(), dst + i);
  for (; i < count; ++i)
    dst[i] = static_cast<int8_t>(src[i]);
}

void int8Pairs(const uint8_t *src, size_t count, float *even, float *odd) {
  const Ints d;
  const hn::Rebind<int16_t, Ints> half;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto pairs = hn::PromoteTo(
        d, hn::LoadU(half, reinterpret_cast<const int16_t *>(src) + i));
    hn::StoreU(
        hn::ConvertTo(Floats(), hn::ShiftRight<24>(hn::ShiftLeft<24>(pairs))),
        Floats(), even + i);
    hn::StoreU(hn::ConvertTo(Floats(), hn::ShiftRight<8>(pairs)), Floats(),
               odd + i);
  }
  for (; i < count; ++i) {
    even[i] = static_cast<int8_t>(src[2 * i]);
    odd[i] = static_cast<int8_t>(src[2 * i + 1]);
  }
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace tilework::sim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tilework::sim {

HWY_EXPORT(panelWidth);
HWY_EXPORT(panel);
HWY_EXPORT(bf16);
HWY_EXPORT(int8);
HWY_EXPORT(int8Pairs);

size_t matmulPanelWidth() { return HWY_DYNAMIC_DISPATCH(panelWidth)(); }
void matmulPanel(const MatmulPanel &p) { HWY_DYNAMIC_DISPATCH(panel)(p); }
void widenBf16(const uint8_t *src, size_t count, float *dst,
               ExponentRange &range) {
  HWY_DYNAMIC_DISPATCH(bf16)(src, count, dst, range);
}
void widenInt8(const uint8_t *src, size_t count, float *dst) {
  HWY_DYNAMIC_DISPATCH(int8)(src, count, dst);
}
void widenInt8Pairs(const uint8_t *src, size_t count, float *even, float *odd) {
  HWY_DYNAMIC_DISPATCH(int8Pairs)(src, count, even, odd);
}

} // namespace tilework::sim
#endif
