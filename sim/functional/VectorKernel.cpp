// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit's arithmetic on SIMD vectors: a pass over the block for each
// stage, so that operands are plain arrays whatever the number of lanes.

#include "sim/functional/VectorKernel.h"

#include "sim/functional/Float.h"
#include "sim/functional/SpecialFunctions.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/functional/VectorKernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sim/functional/SpecialFunctionsSimd.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace tilework::sim {
namespace HWY_NAMESPACE {
namespace {

using isa::VectorType;

HWY_INLINE FloatVec load(const uint32_t *at) {
  return hn::BitCast(Floats(), hn::LoadU(Words(), at));
}
HWY_INLINE void store(FloatVec x, uint32_t *at) {
  hn::StoreU(hn::BitCast(Words(), x), Words(), at);
}

HWY_INLINE FloatVec flush(FloatVec x) {
  const IntVec top = hn::And(intBits(x), setInt(int32_t(kInfinityF32)));
  const auto zero = hn::RebindMask(Floats(), hn::Eq(top, hn::Zero(Ints())));
  return hn::IfThenElse(zero, floatOf(signOf(x)), x);
}

/// Calls body(i) for every vector of an array; the last may reach behind it.
template <typename Body> HWY_INLINE void forEach(size_t count, Body body) {
  for (size_t i = 0; i < count; i += hn::Lanes(Floats()))
    body(i);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

template <VectorType kType>
HWY_INLINE FloatVec convertVector(const uint8_t *source, size_t i) {
  const Ints d;
  if constexpr (kType == VectorType::bf16) {
    const hn::Rebind<uint16_t, Ints> half;
    const auto bits = hn::PromoteTo(
        d, hn::LoadU(half, reinterpret_cast<const uint16_t *>(source) + i));
    return flush(floatOf(hn::ShiftLeft<16>(bits)));
  } else if constexpr (kType == VectorType::int8) {
    const hn::Rebind<int8_t, Ints> quarter;
    return hn::ConvertTo(
        Floats(),
        hn::PromoteTo(
            d,
            hn::LoadU(quarter, reinterpret_cast<const int8_t *>(source) + i)));
  } else {
    const auto bits =
        hn::LoadU(d, reinterpret_cast<const int32_t *>(source) + i);
    return kType == VectorType::int32 ? hn::ConvertTo(Floats(), bits)
                                      : flush(floatOf(bits));
  }
}

template <VectorType kType>
void convertInAs(const uint8_t *source, uint32_t *result, size_t count) {
  constexpr size_t kBytes = kType == VectorType::bf16   ? 2
                            : kType == VectorType::int8 ? 1
                                                        : 4;
  const size_t step = hn::Lanes(Floats()), whole = count / step * step;
  for (size_t i = 0; i < whole; i += step)
    store(convertVector<kType>(source, i), result + i);
  if (whole == count)
    return;
  // The source ends with its memory: nothing behind it may be read.
  HWY_ALIGN uint8_t rest[4 * HWY_LANES(float)] = {};
  std::memcpy(rest, source + whole * kBytes, (count - whole) * kBytes);
  store(convertVector<kType>(rest, 0), result + whole);
}

void convertIn(isa::VectorType type, const uint8_t *source, uint32_t *result,
               size_t count) {
  switch (type) {
  case VectorType::bf16:
    return convertInAs<VectorType::bf16>(source, result, count);
  case VectorType::int8:
    return convertInAs<VectorType::int8>(source, result, count);
  case VectorType::int32:
    return convertInAs<VectorType::int32>(source, result, count);
  default:
    return convertInAs<VectorType::fp32>(source, result, count);
  }
}

template <VectorType kType>
HWY_INLINE void storeVector(FloatVec x, uint8_t *result, size_t i) {
  const Floats d;
  const Ints di;
  if constexpr (kType == VectorType::bf16) {
    const auto bits = hn::BitCast(Words(), x);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(Words(), 1));
    const auto rounded = hn::ShiftRight<16>(
        hn::Add(bits, hn::Add(odd, hn::Set(Words(), 0x7fff))));
    const hn::Rebind<uint16_t, Ints> half;
    hn::StoreU(hn::DemoteTo(half, hn::BitCast(di, rounded)), half,
               reinterpret_cast<uint16_t *>(result) + i);
  } else if constexpr (kType == VectorType::int8) {
    const FloatVec number = hn::IfThenZeroElse(hn::IsNaN(x), x);
    const FloatVec clamped =
        hn::Min(hn::Max(number, hn::Set(d, -128.0f)), hn::Set(d, 127.0f));
    const hn::Rebind<int8_t, Ints> quarter;
    hn::StoreU(hn::DemoteTo(quarter, hn::NearestInt(clamped)), quarter,
               reinterpret_cast<int8_t *>(result) + i);
  } else if constexpr (kType == VectorType::int32) {
    const FloatVec number = hn::IfThenZeroElse(hn::IsNaN(x), x);
    const FloatVec limit = hn::Set(d, 2147483648.0f);
    const auto high = hn::RebindMask(di, hn::Ge(number, limit));
    // What lies below the limit by less than one place is an integer.
    const IntVec value = hn::NearestInt(hn::Max(
        hn::IfThenZeroElse(hn::Ge(number, limit), number), hn::Neg(limit)));
    hn::StoreU(hn::IfThenElse(high, setInt(INT32_MAX), value), di,
               reinterpret_cast<int32_t *>(result) + i);
  } else {
    hn::StoreU(intBits(x), di, reinterpret_cast<int32_t *>(result) + i);
  }
}

template <VectorType kType>
void convertOutAs(const uint32_t *source, uint8_t *result, size_t count) {
  constexpr size_t kBytes = kType == VectorType::bf16   ? 2
                            : kType == VectorType::int8 ? 1
                                                        : 4;
  const size_t step = hn::Lanes(Floats()), whole = count / step * step;
  for (size_t i = 0; i < whole; i += step)
    storeVector<kType>(load(source + i), result, i);
  if (whole == count)
    return;
  HWY_ALIGN uint8_t rest[4 * HWY_LANES(float)];
  storeVector<kType>(load(source + whole), rest, 0);
  std::memcpy(result + whole * kBytes, rest, (count - whole) * kBytes);
}

void convertOut(isa::VectorType type, const uint32_t *source, uint8_t *result,
                size_t count) {
  switch (type) {
  case VectorType::bf16:
    return convertOutAs<VectorType::bf16>(source, result, count);
  case VectorType::int8:
    return convertOutAs<VectorType::int8>(source, result, count);
  case VectorType::int32:
    return convertOutAs<VectorType::int32>(source, result, count);
  default:
    return convertOutAs<VectorType::fp32>(source, result, count);
  }
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// A row statistic as a block.
const uint32_t *expandRows(const VectorBlock &block, const uint32_t *values) {
  const size_t lanes = block.lanes, step = hn::Lanes(Words());
  for (size_t row = 0; row < block.rows; ++row) {
    uint32_t *to = block.scratch + row * lanes;
    if (lanes >= step) {
      const auto value = hn::Set(Words(), values[row]);
      for (size_t i = 0; i < lanes; i += step)
        hn::StoreU(value, Words(), to + i);
    } else {
      std::fill_n(to, lanes, values[row]);
    }
  }
  return block.scratch;
}

/// A column operand as a block.
const uint32_t *expandColumns(const VectorBlock &block,
                              const uint32_t *values) {
  for (size_t row = 0; row < block.rows; ++row)
    std::memcpy(block.scratch + row * block.lanes, values,
                block.lanes * sizeof *values);
  return block.scratch;
}

enum class Binary { Add, Subtract, Multiply };

template <Binary kOperation> HWY_INLINE FloatVec apply(FloatVec a, FloatVec b) {
  if constexpr (kOperation == Binary::Add)
    return hn::Add(a, b);
  else if constexpr (kOperation == Binary::Subtract)
    return hn::Sub(a, b);
  else
    return hn::Mul(a, b);
}

template <Binary kOperation>
void withArray(const VectorBlock &block, const uint32_t *b) {
  uint32_t *x = block.x;
  forEach(block.rows * block.lanes, [&](size_t i) HWY_ATTR {
    store(apply<kOperation>(load(x + i), load(b + i)), x + i);
  });
}

template <Binary kOperation>
void withScalar(const VectorBlock &block, float scalar) {
  const FloatVec b = hn::Set(Floats(), scalar);
  uint32_t *x = block.x;
  forEach(block.rows * block.lanes, [&](size_t i) HWY_ATTR {
    store(apply<kOperation>(load(x + i), b), x + i);
  });
}

template <isa::VectorFunction kFunction>
void functionPass(const VectorBlock &block) {
  uint32_t *x = block.x;
  forEach(block.rows * block.lanes, [&](size_t i) HWY_ATTR {
    store(applyVector<kFunction>(load(x + i)), x + i);
  });
}

template <isa::VectorFunction kFunction>
void functionPass(const VectorBlock &block, const uint32_t *y) {
  const FloatVec scalar =
      setBits(flushF32(bitsFromFloat(block.operation->add0Scalar)));
  uint32_t *x = block.x;
  forEach(block.rows * block.lanes, [&](size_t i) HWY_ATTR {
    const FloatVec operand = y ? load(y + i) : scalar;
    store(applyVector<kFunction>(load(x + i), operand, scalar), x + i);
  });
}

/// The second operand of the function as a block; null: the scalar.
const uint32_t *functionOperand(const VectorBlock &block) {
  switch (block.operation->functionOperand) {
  case isa::FunctionOperand::scalar:
    break;
  case isa::FunctionOperand::column:
    return expandColumns(block, block.columns[1]);
  case isa::FunctionOperand::statistic:
    return expandRows(block, block.multiply1);
  case isa::FunctionOperand::element:
    return block.element;
  }
  return nullptr;
}

using FunctionPass = void (*)(const VectorBlock &);

/// A pass for every case of isa::VectorFunction.
template <isa::VectorFunction kFunction>
void anyFunctionPass(const VectorBlock &block) {
  if constexpr (isa::takesOperand(kFunction))
    functionPass<kFunction>(block, functionOperand(block));
  else if constexpr (kFunction != isa::VectorFunction::identity)
    functionPass<kFunction>(block);
}

template <size_t... kNumbers>
constexpr std::array<FunctionPass, sizeof...(kNumbers)>
functionPasses(std::index_sequence<kNumbers...>) {
  return {anyFunctionPass<static_cast<isa::VectorFunction>(kNumbers)>...};
}

void runFunction(const VectorBlock &block) {
  constexpr auto kCases = isa::casesOf(isa::VectorFunction());
  static_assert(size_t(kCases.back()) + 1 == kCases.size(),
                "functions are counted from 0");
  constexpr auto kPasses =
      functionPasses(std::make_index_sequence<kCases.size()>());
  // What lies behind the block is only calculated with, but it chooses table
  // entries.
  std::fill_n(block.x + block.rows * block.lanes, hn::Lanes(Floats()), 0u);
  kPasses[static_cast<unsigned>(block.operation->function)](block);
}

void runStages(const VectorBlock &block) {
  const VectorOperation &op = *block.operation;
  switch (op.multiply0) {
  case isa::Multiply0::none:
    break;
  case isa::Multiply0::scalar:
    withScalar<Binary::Multiply>(block, op.multiply0Scalar);
    break;
  case isa::Multiply0::statistic:
    withArray<Binary::Multiply>(block, expandRows(block, block.multiply0));
    break;
  }
  switch (op.add0) {
  case isa::Add0::none:
    break;
  case isa::Add0::scalar:
    withScalar<Binary::Add>(block, op.add0Scalar);
    break;
  case isa::Add0::column:
    withArray<Binary::Add>(block, expandColumns(block, block.columns[0]));
    break;
  case isa::Add0::element:
    withArray<Binary::Add>(block, block.element);
    break;
  }
  switch (op.add1) {
  case isa::Add1::none:
    break;
  case isa::Add1::statistic:
    withArray<Binary::Add>(block, expandRows(block, block.add1));
    break;
  case isa::Add1::minus_statistic:
    withArray<Binary::Subtract>(block, expandRows(block, block.add1));
    break;
  case isa::Add1::element:
    withArray<Binary::Add>(block, block.element);
    break;
  }
  runFunction(block);
  switch (op.multiply1) {
  case isa::Multiply1::none:
    break;
  case isa::Multiply1::column:
    withArray<Binary::Multiply>(block, expandColumns(block, block.columns[1]));
    break;
  case isa::Multiply1::statistic:
    withArray<Binary::Multiply>(block, expandRows(block, block.multiply1));
    break;
  case isa::Multiply1::element:
    withArray<Binary::Multiply>(block, block.element);
    break;
  }
  if (op.add2 == isa::Add2::column)
    withArray<Binary::Add>(block, expandColumns(block, block.columns[2]));
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

template <bool kMaximum>
void reduce(const VectorBlock &block, const uint32_t *from, uint32_t *result) {
  const size_t step = hn::Lanes(Floats());
  uint32_t *to = block.scratch;
  for (size_t lanes = block.lanes; lanes > 1; lanes /= 2, from = to)
    for (size_t i = 0; i < block.rows * lanes / 2; i += step) {
      hn::Vec<Words> even, odd;
      hn::LoadInterleaved2(Words(), from + 2 * i, even, odd);
      const FloatVec a = hn::BitCast(Floats(), even),
                     b = hn::BitCast(Floats(), odd);
      store(kMaximum ? larger(a, b) : hn::Add(a, b), to + i);
    }
  forEach(block.rows, [&](size_t i) HWY_ATTR {
    store(canonical(load(from + i)), result + i);
  });
}

/// Copies rows with `fill` in the lanes that are not elements of the tile.
const uint32_t *fillRest(const VectorBlock &block, const uint32_t *from,
                         uint32_t fill) {
  if (block.valid == block.lanes)
    return from;
  const size_t count = block.rows * block.lanes;
  if (from != block.scratch)
    std::memcpy(block.scratch, from, count * sizeof *from);
  for (size_t row = 0; row < count; row += block.lanes)
    std::fill_n(block.scratch + row + block.valid, block.lanes - block.valid,
                fill);
  return block.scratch;
}

void run(const VectorBlock &block) {
  const size_t count = block.rows * block.lanes;
  runStages(block);
  uint32_t *x = block.x;
  forEach(count,
          [&](size_t i) HWY_ATTR { store(canonical(load(x + i)), x + i); });
  if (!block.tree)
    return;
  if (block.operation->reduce == isa::Reduce::maximum) {
    reduce<true>(block, fillRest(block, x, 0xff800000u), block.tree);
    return;
  }
  reduce<false>(block, fillRest(block, x, 0), block.tree);
  if (!block.treeSquares)
    return;
  uint32_t *squares = block.scratch;
  forEach(count, [&](size_t i) HWY_ATTR {
    const FloatVec value = load(x + i);
    store(hn::Mul(value, value), squares + i);
  });
  reduce<false>(block, fillRest(block, squares, 0), block.treeSquares);
}

void combine(bool maximum, uint32_t *statistic, const uint32_t *tree,
             size_t count) {
  const size_t step = hn::Lanes(Floats());
  HWY_ALIGN uint32_t rest[2][HWY_LANES(float)] = {};
  for (size_t i = 0; i < count; i += step) {
    const size_t now = std::min(step, count - i);
    uint32_t *a = statistic + i;
    const uint32_t *b = tree + i;
    // Statistics of other rows stand behind the last one.
    if (now < step) {
      std::memcpy(rest[0], a, now * sizeof *a);
      std::memcpy(rest[1], b, now * sizeof *b);
      a = rest[0];
      b = rest[1];
    }
    const FloatVec result = maximum ? larger(load(a), load(b))
                                    : canonical(hn::Add(load(a), load(b)));
    store(result, a);
    if (now < step)
      std::memcpy(statistic + i, rest[0], now * sizeof *a);
  }
}

const VectorKernel *kernel() {
  static const VectorKernel table = {convertIn, convertOut, run, combine};
  return &table;
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace tilework::sim
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace tilework::sim {
HWY_EXPORT(kernel);

const VectorKernel &simdVectorKernel() {
  return *HWY_DYNAMIC_DISPATCH(kernel)();
}

} // namespace tilework::sim

#endif
