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
    if (p.padded && end == p.depth)
      for (size_t r = 0; r < kRows; ++r)
        for (size_t v = 0; v < kVectors; ++v)
          partial[r][v] = hn::Add(partial[r][v], hn::Zero(d));
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kVectors; ++v) {
        float *at = sums + r * width + v * lanes;
        const Vec old = hn::LoadU(d, at);
        if constexpr (kMode == Mode::Int8)
          hn::StoreU(hn::BitCast(d, hn::Add(hn::ConvertTo(di, partial[r][v]),
                                            hn::BitCast(di, old))),
                     d, at);
        else if constexpr (kMode == Mode::ExplicitFlush)
          hn::StoreU(flush(hn::Add(flush(old), partial[r][v])), d, at);
        else
          hn::StoreU(hn::Add(old, partial[r][v]), d, at);
      }
  }
  if (p.last && kMode != Mode::Int8)
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kVectors; ++v) {
        float *at = sums + r * width + v * lanes;
        const Vec sum = hn::LoadU(d, at);
        const Vec one = hn::BitCast(d, hn::Set(Words(), kNaNF32));
        hn::StoreU(hn::IfThenElse(hn::IsNaN(sum), one, sum), d, at);
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

void bf16(const WidenBlock &block, ExponentRange &range) {
  const Words d;
  const hn::Rebind<uint16_t, Words> half;
  const size_t lanes = hn::Lanes(d);
  const auto magnitude = hn::Set(d, 0x7fffu), one = hn::Set(d, 1u);
  auto largest = hn::Zero(d), smallest = hn::Set(d, 0xffffffffu);
  uint32_t high = 0, low = 0xffffffffu;
  for (size_t row = 0; row < block.rows; ++row) {
    const uint8_t *src = block.src + row * block.srcStride;
    float *dst = block.dst + row * block.dstStride;
    size_t i = 0;
    for (; i + lanes <= block.count; i += lanes) {
      auto bits = hn::PromoteTo(
          d, hn::LoadU(half, reinterpret_cast<const uint16_t *>(src) + i));
      hn::StoreU(hn::ShiftLeft<16>(bits), d,
                 reinterpret_cast<uint32_t *>(dst) + i);
      bits = hn::And(bits, magnitude);
      largest = hn::Max(largest, bits);
      // A zero turns into the largest number, so that it does not count.
      smallest = hn::Min(smallest, hn::Sub(bits, one));
    }
    for (; i < block.count; ++i) {
      uint32_t bits = src[2 * i] | src[2 * i + 1] << 8;
      dst[i] = floatFromBits(bits << 16);
      bits &= 0x7fff;
      high = std::max(high, bits);
      low = std::min(low, bits - 1);
    }
  }
  high = std::max(high, hn::GetLane(hn::MaxOfLanes(d, largest)));
  low = std::min(low, hn::GetLane(hn::MinOfLanes(d, smallest)));
  if (high)
    range.include({(low + 1) >> 7, high >> 7});
}

void int8(const WidenBlock &block) {
  const Ints d;
  const Floats df;
  const hn::Rebind<int8_t, Ints> quarter;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < block.rows; ++row) {
    const int8_t *src =
        reinterpret_cast<const int8_t *>(block.src + row * block.srcStride);
    float *dst = block.dst + row * block.dstStride;
    size_t i = 0;
    for (; i + lanes <= block.count; i += lanes)
      hn::StoreU(
          hn::ConvertTo(df, hn::PromoteTo(d, hn::LoadU(quarter, src + i))), df,
          dst + i);
    for (; i < block.count; ++i)
      dst[i] = src[i];
  }
}

void int8Pairs(const WidenBlock &block) {
  const Ints d;
  const Floats df;
  const hn::Rebind<int16_t, Ints> half;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < block.rows; row += 2) {
    const uint8_t *src = block.src + row / 2 * block.srcStride;
    float *even = block.dst + row * block.dstStride;
    const bool both = row + 1 < block.rows;
    float *odd = both ? even + block.dstStride : even;
    size_t i = 0;
    for (; i + lanes <= block.count; i += lanes) {
      auto pairs = hn::PromoteTo(
          d, hn::LoadU(half, reinterpret_cast<const int16_t *>(src) + i));
      // Without an odd row the even values overwrite what stood for it.
      hn::StoreU(hn::ConvertTo(df, hn::ShiftRight<8>(pairs)), df, odd + i);
      hn::StoreU(
          hn::ConvertTo(df, hn::ShiftRight<24>(hn::ShiftLeft<24>(pairs))), df,
          even + i);
    }
    for (; i < block.count; ++i) {
      odd[i] = static_cast<int8_t>(src[2 * i + 1]);
      even[i] = static_cast<int8_t>(src[2 * i]);
    }
  }
}

void transposeBlock(const float *src, size_t srcStride, size_t rows,
                    size_t columns, float *dst, size_t dstStride) {
  size_t r = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d;
  for (; r + 4 <= rows; r += 4) {
    const float *from = src + r * srcStride;
    size_t c = 0;
    for (; c + 4 <= columns; c += 4) {
      const auto a = hn::LoadU(d, from + c);
      const auto b = hn::LoadU(d, from + srcStride + c);
      const auto e = hn::LoadU(d, from + 2 * srcStride + c);
      const auto f = hn::LoadU(d, from + 3 * srcStride + c);
      const auto ab01 = hn::InterleaveLower(d, a, b);
      const auto ab23 = hn::InterleaveUpper(d, a, b);
      const auto ef01 = hn::InterleaveLower(d, e, f);
      const auto ef23 = hn::InterleaveUpper(d, e, f);
      float *to = dst + c * dstStride + r;
      hn::StoreU(hn::ConcatLowerLower(d, ef01, ab01), d, to);
      hn::StoreU(hn::ConcatUpperUpper(d, ef01, ab01), d, to + dstStride);
      hn::StoreU(hn::ConcatLowerLower(d, ef23, ab23), d, to + 2 * dstStride);
      hn::StoreU(hn::ConcatUpperUpper(d, ef23, ab23), d, to + 3 * dstStride);
    }
    for (; c < columns; ++c)
      for (size_t i = 0; i < 4; ++i)
        dst[c * dstStride + r + i] = from[i * srcStride + c];
  }
#endif
  for (; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      dst[c * dstStride + r] = src[r * srcStride + c];
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
HWY_EXPORT(transposeBlock);

size_t matmulPanelWidth() { return HWY_DYNAMIC_DISPATCH(panelWidth)(); }
void matmulPanel(const MatmulPanel &p) { HWY_DYNAMIC_DISPATCH(panel)(p); }
void widenBf16(const WidenBlock &block, ExponentRange &range) {
  HWY_DYNAMIC_DISPATCH(bf16)(block, range);
}
void widenInt8(const WidenBlock &block) { HWY_DYNAMIC_DISPATCH(int8)(block); }
void widenInt8Pairs(const WidenBlock &block) {
  HWY_DYNAMIC_DISPATCH(int8Pairs)(block);
}
void transpose(const float *src, size_t srcStride, size_t rows, size_t columns,
               float *dst, size_t dstStride) {
  HWY_DYNAMIC_DISPATCH(transposeBlock)
  (src, srcStride, rows, columns, dst, dstStride);
}

} // namespace tilework::sim
#endif
