// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// applyFunction on SIMD vectors: the same integers, one vector at a time.
// Included once for every instruction set by VectorKernel.cpp, inside its
// namespace and between Highway's target macros; inputs are neither subnormal
// nor any other NaN than the machine's.

#if defined(TILEWORK_SPECIAL_FUNCTIONS_SIMD) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_SPECIAL_FUNCTIONS_SIMD
#undef TILEWORK_SPECIAL_FUNCTIONS_SIMD
#else
#define TILEWORK_SPECIAL_FUNCTIONS_SIMD
#endif

HWY_BEFORE_NAMESPACE();
namespace tilework::sim {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Ints = hn::Rebind<int32_t, Floats>;
using Words = hn::Rebind<uint32_t, Floats>;
using FloatVec = hn::Vec<Floats>;
using IntVec = hn::Vec<Ints>;

HWY_INLINE IntVec intBits(FloatVec x) { return hn::BitCast(Ints(), x); }
HWY_INLINE FloatVec floatOf(IntVec x) { return hn::BitCast(Floats(), x); }
HWY_INLINE IntVec setInt(int32_t x) { return hn::Set(Ints(), x); }
HWY_INLINE FloatVec setBits(uint32_t x) {
  return floatOf(setInt(static_cast<int32_t>(x)));
}

/// One NaN for all.
HWY_INLINE FloatVec canonical(FloatVec x) {
  return hn::IfThenElse(hn::IsNaN(x), setBits(kNaNF32), x);
}

template <FunctionTableIndex kIndex>
HWY_INLINE IntVec evaluate(IntVec position) {
  constexpr FunctionTable kTable =
      kFunctionTables[static_cast<unsigned>(kIndex)];
  constexpr int kSegment = kTable.segmentBits;
  constexpr int32_t kShifts = kTable.shift1[0] | kTable.shift1[1] << 5 |
                              kTable.shift1[2] << 10 | kTable.shift1[3] << 15 |
                              kTable.shift1[4] << 20;
  const Ints d;
  const IntVec entry =
      hn::Add(hn::ShiftRight<23 - kSegment>(position), setInt(kTable.base));
  const IntVec t =
      hn::Sub(hn::And(hn::ShiftRight<7 - kSegment>(position), setInt(0xffff)),
              setInt(0x8000));
  const IntVec c12 = hn::GatherIndex(
      d, reinterpret_cast<const int32_t *>(kCoefficient12), entry);
  const IntVec c0 = hn::GatherIndex(d, kCoefficient0, entry);
  const IntVec c2 = hn::ShiftRight<17>(hn::ShiftLeft<17>(c12));
  const IntVec q = hn::Add(hn::ShiftRight<15>(c12),
                           hn::ShiftRight<kTable.shift2>(hn::Mul(c2, t)));
  const IntVec product = hn::Mul(q, t);
  if constexpr (kTable.shift1[1] == 0) {
    return hn::Add(c0, hn::ShiftRight<kTable.shift1[0]>(product));
  } else {
    const IntVec octave = hn::ShiftRight<23>(position);
    const IntVec place = hn::Add(octave, hn::ShiftLeft<2>(octave));
    const IntVec shift = hn::And(hn::Shr(setInt(kShifts), place), setInt(31));
    return hn::Add(c0, hn::Shr(product, shift));
  }
}

/// h as a float with its exponent moved: underflow to 0 of `sign`'s bit.
HWY_INLINE FloatVec scaled(IntVec h, IntVec power, IntVec sign) {
  const IntVec bits =
      hn::Add(intBits(hn::ConvertTo(Floats(), h)), hn::ShiftLeft<23>(power));
  const IntVec kept = hn::IfThenElseZero(
      hn::Gt(bits, setInt(static_cast<int32_t>(kMinNormalF32) - 1)), bits);
  const IntVec infinity = setInt(static_cast<int32_t>(kInfinityF32));
  return floatOf(hn::Or(hn::Min(kept, infinity), sign));
}

HWY_INLINE IntVec signOf(FloatVec x) {
  return hn::And(intBits(x), setInt(INT32_MIN));
}
HWY_INLINE IntVec exponentOf(FloatVec x) { // of x >= 0
  return hn::Sub(hn::ShiftRight<23>(intBits(x)), setInt(127));
}
HWY_INLINE IntVec fractionOf(FloatVec x) {
  return hn::And(intBits(x), setInt(0x7fffff));
}

HWY_INLINE FloatVec exponential(FloatVec x) {
  const Floats d;
  const FloatVec clamped =
      hn::Min(hn::Max(x, setBits(kExponentialLow)), setBits(kExponentialHigh));
  const IntVec value =
      hn::ConvertTo(Ints(), hn::Mul(clamped, hn::Set(d, 16777216.0f)));
  const IntVec factor =
      hn::Sub(setInt(int32_t(kExponentialScale)), hn::ShiftRight<31>(value));
  const IntVec n =
      hn::ShiftRight<23>(hn::Mul(hn::ShiftRight<14>(value), factor));
  const IntVec remainder =
      hn::Sub(hn::ShiftLeft<7>(value), hn::Mul(n, setInt(int32_t(kLogTwo31))));
  const IntVec position =
      hn::BitCast(Ints(), hn::ShiftRight<8>(hn::BitCast(Words(), remainder)));
  const IntVec h = evaluate<FunctionTableIndex::Exponential>(position);
  return scaled(h, hn::Sub(n, setInt(29)), hn::Zero(Ints()));
}

HWY_INLINE FloatVec reciprocal(FloatVec x) {
  const FloatVec magnitude = hn::Abs(x);
  const IntVec h = evaluate<FunctionTableIndex::Reciprocal>(fractionOf(x));
  const IntVec sign = signOf(x);
  const FloatVec finite =
      scaled(h, hn::Sub(setInt(-30), exponentOf(magnitude)), sign);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(Floats())),
                        floatOf(hn::Or(setInt(int32_t(kInfinityF32)), sign)),
                        finite);
}

template <bool kInverse> HWY_INLINE FloatVec root(FloatVec x) {
  const Floats d;
  const IntVec exponent = exponentOf(hn::Abs(x));
  const IntVec odd = hn::And(exponent, setInt(1));
  const IntVec half = hn::ShiftRight<1>(exponent);
  const IntVec position = hn::Or(hn::ShiftLeft<23>(odd), fractionOf(x));
  const FloatVec infinity = setBits(kInfinityF32);
  const auto zero = hn::Eq(x, hn::Zero(d));
  FloatVec result;
  if constexpr (kInverse) {
    const IntVec h = evaluate<FunctionTableIndex::ReciprocalRoot>(position);
    result = scaled(h, hn::Sub(setInt(-30), half), hn::Zero(Ints()));
    result = hn::IfThenElse(hn::Eq(x, infinity), hn::Zero(d), result);
  } else {
    const IntVec h = evaluate<FunctionTableIndex::Root>(position);
    result = scaled(h, hn::Sub(half, setInt(30)), hn::Zero(Ints()));
    result = hn::IfThenElse(hn::Eq(x, infinity), infinity, result);
  }
  result = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), setBits(kNaNF32), result);
  return hn::IfThenElse(zero, kInverse ? infinity : x, result);
}

HWY_INLINE FloatVec logarithm(FloatVec x) {
  const Floats d;
  const auto near =
      hn::And(hn::Ge(x, hn::Set(d, 0.75f)), hn::Lt(x, hn::Set(d, 1.5f)));
  const IntVec octave =
      hn::IfThenElseZero(hn::RebindMask(Ints(), near), setInt(1 << 23));
  const IntVec h =
      evaluate<FunctionTableIndex::Logarithm>(hn::Or(octave, fractionOf(x)));
  const IntVec sum =
      hn::Add(h, hn::Mul(exponentOf(hn::Abs(x)), setInt(int32_t(kLogTwo24))));
  const FloatVec far =
      hn::Mul(hn::ConvertTo(d, sum), hn::Set(d, 1.0f / 16777216.0f));
  const FloatVec close =
      hn::Mul(hn::Mul(hn::ConvertTo(d, h), hn::Set(d, 1.0f / 1073741824.0f)),
              hn::Sub(x, hn::Set(d, 1.0f)));
  const FloatVec infinity = setBits(kInfinityF32);
  FloatVec result = hn::IfThenElse(near, close, far);
  result = hn::IfThenElse(hn::Eq(x, infinity), infinity, result);
  result = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), setBits(kNaNF32), result);
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), result);
}

/// h of a table over y = |x| + 1, |x| held below the end of the table.
template <FunctionTableIndex kIndex>
HWY_INLINE IntVec evaluateOffset(FloatVec x, uint32_t saturation) {
  const IntVec magnitude =
      hn::Min(intBits(hn::Abs(x)), setInt(static_cast<int32_t>(saturation)));
  const FloatVec y = hn::Add(floatOf(magnitude), hn::Set(Floats(), 1.0f));
  return evaluate<kIndex>(hn::Sub(intBits(y), setInt(0x3f800000)));
}

HWY_INLINE hn::Mask<Floats> saturates(FloatVec x, uint32_t saturation) {
  return hn::Ge(hn::Abs(x), setBits(saturation));
}

template <FunctionTableIndex kIndex>
HWY_INLINE FloatVec oddFunction(FloatVec x, uint32_t saturation) {
  const Floats d;
  const FloatVec h = hn::ConvertTo(d, evaluateOffset<kIndex>(x, saturation));
  const FloatVec product =
      hn::Mul(hn::Mul(h, hn::Set(d, 1.0f / 1073741824.0f)), x);
  return hn::IfThenElse(saturates(x, saturation),
                        hn::CopySign(hn::Set(d, 1.0f), x), product);
}

template <FunctionTableIndex kIndex, bool kGate>
HWY_INLINE FloatVec distribution(FloatVec x, uint32_t saturation) {
  const Floats d;
  const IntVec tail = evaluateOffset<kIndex>(x, saturation);
  const auto negative = hn::Lt(intBits(x), hn::Zero(Ints()));
  const IntVec h =
      hn::IfThenElse(negative, tail, hn::Sub(setInt(1 << 30), tail));
  const FloatVec value =
      hn::Mul(hn::ConvertTo(d, h), hn::Set(d, 1.0f / 1073741824.0f));
  const auto low = hn::RebindMask(d, negative);
  const auto saturated = saturates(x, saturation);
  if constexpr (kGate)
    return hn::Mul(hn::IfThenElse(saturated,
                                  hn::IfThenZeroElse(low, hn::Set(d, 1.0f)),
                                  value),
                   x);
  else
    return hn::IfThenElse(saturated, hn::IfThenZeroElse(low, hn::Set(d, 1.0f)),
                          value);
}

/// Integers in the order of the values; its own inverse.
HWY_INLINE IntVec orderKey(IntVec x) {
  return hn::Xor(x, hn::BitCast(Ints(), hn::ShiftRight<1>(hn::BitCast(
                                            Words(), hn::ShiftRight<31>(x)))));
}

/// Of values whose only NaN is the one NaN, which is the largest.
HWY_INLINE FloatVec larger(FloatVec a, FloatVec b) {
  return floatOf(orderKey(hn::Max(orderKey(intBits(a)), orderKey(intBits(b)))));
}

/// The functions of x and y; `scalar` is what select and replace put in. NaNs
/// may have any payload, in the result too.
template <isa::VectorFunction kFunction>
HWY_INLINE FloatVec applyVector(FloatVec x, FloatVec y, FloatVec scalar) {
  using F = isa::VectorFunction;
  const Floats d;
  const auto truth = [&](hn::Mask<Floats> holds) HWY_ATTR {
    return hn::IfThenElseZero(holds, hn::Set(d, 1.0f));
  };
  if constexpr (kFunction == F::maximum) {
    return larger(canonical(x), canonical(y));
  } else if constexpr (kFunction == F::minimum) {
    const FloatVec smaller =
        floatOf(orderKey(hn::Min(orderKey(intBits(x)), orderKey(intBits(y)))));
    return hn::IfThenElse(hn::IsNaN(x), x,
                          hn::IfThenElse(hn::IsNaN(y), y, smaller));
  } else if constexpr (kFunction == F::equal) {
    return truth(hn::Eq(x, y));
  } else if constexpr (kFunction == F::less) {
    return truth(hn::Lt(x, y));
  } else if constexpr (kFunction == F::less_or_equal) {
    return truth(hn::Le(x, y));
  } else if constexpr (kFunction == F::greater) {
    return truth(hn::Gt(x, y));
  } else if constexpr (kFunction == F::greater_or_equal) {
    return truth(hn::Ge(x, y));
  } else if constexpr (kFunction == F::replace_nan) {
    return hn::IfThenElse(hn::IsNaN(x), y, x);
  } else {
    // Bits, since a NaN is not zero.
    const auto zero = hn::RebindMask(
        d, hn::Eq(hn::ShiftLeft<1>(intBits(y)), hn::Zero(Ints())));
    return kFunction == F::select ? hn::IfThenElse(zero, scalar, x)
                                  : hn::IfThenElse(zero, x, scalar);
  }
}

template <isa::VectorFunction kFunction>
HWY_INLINE FloatVec applyVector(FloatVec x) {
  using F = isa::VectorFunction;
  FloatVec result = x;
  if constexpr (kFunction == F::is_nan)
    return hn::IfThenElseZero(hn::IsNaN(x), hn::Set(Floats(), 1.0f));
  if constexpr (kFunction == F::relu)
    result = floatOf(hn::AndNot(hn::ShiftRight<31>(intBits(x)), intBits(x)));
  else if constexpr (kFunction == F::absolute)
    result = hn::Abs(x);
  else if constexpr (kFunction == F::square)
    result = hn::Mul(x, x);
  else if constexpr (kFunction == F::exponential)
    result = exponential(x);
  else if constexpr (kFunction == F::reciprocal)
    result = reciprocal(x);
  else if constexpr (kFunction == F::reciprocal_square_root)
    result = root<true>(x);
  else if constexpr (kFunction == F::square_root)
    result = root<false>(x);
  else if constexpr (kFunction == F::tanh)
    result = oddFunction<FunctionTableIndex::Tanh>(x, kSaturationTanh);
  else if constexpr (kFunction == F::erf)
    result = oddFunction<FunctionTableIndex::Erf>(x, kSaturationErf);
  else if constexpr (kFunction == F::sigmoid)
    result = distribution<FunctionTableIndex::Logistic, false>(
        x, kSaturationLogistic);
  else if constexpr (kFunction == F::silu)
    result = distribution<FunctionTableIndex::Logistic, true>(
        x, kSaturationLogistic);
  else if constexpr (kFunction == F::gelu)
    result =
        distribution<FunctionTableIndex::Normal, true>(x, kSaturationNormal);
  else if constexpr (kFunction == F::gelu_tanh)
    result = distribution<FunctionTableIndex::GeluTanh, true>(
        x, kSaturationGeluTanh);
  else if constexpr (kFunction == F::logarithm)
    result = logarithm(x);
  return hn::IfThenElse(hn::IsNaN(x), setBits(kNaNF32), result);
}

} // namespace HWY_NAMESPACE
} // namespace tilework::sim
HWY_AFTER_NAMESPACE();

#endif // per-target include guard
