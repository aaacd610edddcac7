// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, polynomials and identities, in fp32. Polynomials are fitted to
// the least largest error; where an identity gives NaN at an infinity or a
// zero, a choice behind it gives the value.

#include "compiler/planning/RowFunctions.h"

#include <cmath>
#include <limits>

namespace tilework::planning {

static constexpr float kInfinity = std::numeric_limits<float>::infinity();
static constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
static constexpr float kLargest = std::numeric_limits<float>::max();
static constexpr float kPi = 3.14159265f, kLogTwo = 0.693147181f;

/// Adding and subtracting it rounds what is below 2^22 to an integer, half to
/// even.
static constexpr float kRounder = 0x1.8p23f;

/// Angles beyond give NaN: the reduction would lose them.
static constexpr float kLargestAngle = 0x1p18f;
/// 2π in three parts. Products of the first two with an integer below 2^16 and
/// 2^12 are exact.
static constexpr float kTwoPi[] = {6.28125f, 0x1.fb4p-10f, 0x1.4442d2p-22f};

/// Integer exponents up to this one are products.
static constexpr int kMostFactors = 64;
/// Quotients beyond give a remainder of NaN: it would have no digit left.
static constexpr float kLargestQuotient = 0x1p16f;
/// Area functions of larger arguments are ln 2x.
static constexpr float kLargeArea = 4096;

int RowFunctions::push(RowOpKind kind, int lhs, int rhs, float scalar,
                       VectorFunction function) {
  RowOp op;
  op.kind = kind;
  op.lhs = lhs;
  op.rhs = rhs;
  op.scalar = scalar;
  op.function = function;
  op.wide = true;
  op.source = source;
  ops.push_back(op);
  return static_cast<int>(ops.size()) - 1;
}

int RowFunctions::choose(int condition, int x, int y) {
  // A sum with −0 is the other summand to the bit.
  int kept = apply(VectorFunction::select, x, condition, -0.0f);
  return add(apply(VectorFunction::replace, y, condition, -0.0f), kept);
}

int RowFunctions::direction(int x) {
  return add(multiply(apply(VectorFunction::less, x, 0.0f), -2.0f), 1.0f);
}

int RowFunctions::isNegative(int x) {
  // Of −0 the reciprocal is minus infinity.
  return apply(VectorFunction::less,
               apply(VectorFunction::minimum, reciprocal(x), x), 0.0f);
}

int RowFunctions::constantLike(int x, float value) {
  return add(multiply(apply(VectorFunction::is_nan, x), 0.0f), value);
}

int RowFunctions::polynomial(int x, std::initializer_list<float> coefficients) {
  auto c = std::rbegin(coefficients);
  int sum = multiply(x, *c);
  while (++c != std::prev(std::rend(coefficients)))
    sum = multiply(add(sum, *c), x);
  return add(sum, *c);
}

bool RowFunctions::isBounded(int x) const {
  const RowOp &op = ops[x];
  switch (op.kind) {
  case RowOpKind::Function:
    return op.function == VectorFunction::square_root ||
           op.function == VectorFunction::sigmoid ||
           op.function == VectorFunction::tanh ||
           op.function == VectorFunction::erf;
  case RowOpKind::AddScalar:
    return std::fabs(op.scalar) <= 0x1p64f && isBounded(op.lhs);
  case RowOpKind::MultiplyScalar:
    return std::fabs(op.scalar) <= 1 && isBounded(op.lhs);
  case RowOpKind::Combine:
    return op.function == VectorFunction::maximum && op.rhs < 0 &&
           op.scalar <= 0x1p64f && isBounded(op.lhs);
  default:
    return false;
  }
}

int RowFunctions::quotient(int x, float dividend, int y) {
  auto times = [&](int inverse) {
    return x < 0 ? multiply(inverse, dividend) : multiply(inverse, x);
  };
  // Reciprocals beyond 2^126 are zeros, and so is what at most 1 gives.
  if (isBounded(y) || (x < 0 && std::fabs(dividend) <= 1))
    return times(reciprocal(y));
  int large = apply(VectorFunction::greater, absolute(y), 0x1p64f);
  int part = add(multiply(large, 0x1p-20f - 1.0f), 1.0f);
  return multiply(times(reciprocal(multiply(y, part))), part);
}

//===----------------------------------------------------------------------===//
// Circles
//===----------------------------------------------------------------------===//

int RowFunctions::reducedAngle(int x) {
  int beyond = apply(VectorFunction::greater, absolute(x), kLargestAngle);
  int angle = apply(VectorFunction::replace, x, beyond, kNaN);
  int turns = add(add(multiply(angle, 0.5f / kPi), kRounder), -kRounder);
  for (float part : kTwoPi)
    angle = add(multiply(turns, -part), angle);
  return angle;
}

int RowFunctions::sine(int x) {
  int r = reducedAngle(x);
  int ratio =
      polynomial(apply(VectorFunction::square, r),
                 {1.0f, -1.666666716e-01f, 8.333332837e-03f, -1.984124538e-04f,
                  2.755647074e-06f, -2.503555230e-08f, 1.587495274e-10f,
                  -6.551091592e-13f});
  return multiply(ratio, r);
}

int RowFunctions::cosine(int x) {
  return polynomial(apply(VectorFunction::square, reducedAngle(x)),
                    {1.0f, -5.0e-01f, 4.166666418e-02f, -1.388886245e-03f,
                     2.480053081e-05f, -2.753442914e-07f, 2.060059678e-09f,
                     -9.713113994e-12f});
}

int RowFunctions::tangent(int x) {
  int s = sine(x);
  return multiply(reciprocal(cosine(x)), s);
}

int RowFunctions::arcTangent(int x) {
  // Of 1/x beyond 1, where it is the rest of a right angle.
  int a = absolute(x);
  int u = apply(VectorFunction::minimum, reciprocal(a), a);
  int ratio =
      polynomial(apply(VectorFunction::square, u),
                 {9.999999404e-01f, -3.333209455e-01f, 1.997137368e-01f,
                  -1.402941346e-01f, 9.942739457e-02f, -5.990442634e-02f,
                  2.455691248e-02f, -4.780394491e-03f});
  int angle = multiply(ratio, u);
  int rest = add(multiply(angle, -1.0f), kPi / 2);
  int beyond = apply(VectorFunction::greater, a, 1.0f);
  return multiply(choose(beyond, rest, angle), direction(x));
}

int RowFunctions::arcSine(int x) {
  int a = absolute(x);
  int below = add(multiply(a, -1.0f), 1.0f);
  int square = multiply(add(a, 1.0f), below);
  return arcTangent(
      multiply(apply(VectorFunction::reciprocal_square_root, square), x));
}

int RowFunctions::arcCosine(int x) {
  int below = add(multiply(x, -1.0f), 1.0f);
  // Each root is NaN on the other side of the range.
  int above = apply(VectorFunction::reciprocal_square_root, add(x, 1.0f));
  return multiply(arcTangent(multiply(squareRoot(below), above)), 2.0f);
}

//===----------------------------------------------------------------------===//
// Hyperbolas
//===----------------------------------------------------------------------===//

int RowFunctions::hyperbolicCosine(int x) {
  // Half of e^|x|, which may be infinite where its half is not.
  int half = apply(VectorFunction::exponential, add(absolute(x), -kLogTwo));
  return add(multiply(reciprocal(half), 0.25f), half);
}

int RowFunctions::hyperbolicSine(int x) {
  int cosine = hyperbolicCosine(x);
  return multiply(apply(VectorFunction::tanh, x), cosine);
}

int RowFunctions::logarithmOfOneAnd(int u) {
  // What 1 + u loses of u the quotient puts right.
  int one = add(u, 1.0f);
  int lost = reciprocal(add(one, -1.0f));
  int value =
      multiply(multiply(apply(VectorFunction::logarithm, one), lost), u);
  return apply(VectorFunction::replace_nan, value, u);
}

int RowFunctions::areaSine(int x) {
  int a = absolute(x);
  int c = apply(VectorFunction::minimum, a, kLargeArea);
  int root = squareRoot(add(apply(VectorFunction::square, c), 1.0f));
  int u = add(multiply(multiply(reciprocal(add(root, 1.0f)), c), c), c);
  int large = apply(VectorFunction::greater, a, kLargeArea);
  int twice = add(apply(VectorFunction::logarithm, a), kLogTwo);
  return multiply(choose(large, twice, logarithmOfOneAnd(u)), direction(x));
}

int RowFunctions::areaCosine(int x) {
  int t = add(apply(VectorFunction::minimum, x, kLargeArea), -1.0f);
  int root = squareRoot(add(t, 2.0f));
  int u = add(multiply(squareRoot(t), root), t);
  int large = apply(VectorFunction::greater, x, kLargeArea);
  int twice = add(apply(VectorFunction::logarithm, x), kLogTwo);
  return choose(large, twice, logarithmOfOneAnd(u));
}

int RowFunctions::areaTangent(int x) {
  int a = absolute(x);
  int below = add(multiply(a, -1.0f), 1.0f);
  // The root makes what is beyond 1 a NaN.
  int inverse = apply(VectorFunction::square,
                      apply(VectorFunction::reciprocal_square_root, below));
  int u = multiply(multiply(inverse, a), 2.0f);
  return multiply(multiply(logarithmOfOneAnd(u), 0.5f), direction(x));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

int RowFunctions::rounded(int x) {
  int a = apply(VectorFunction::minimum, absolute(x), 0x1p23f);
  int q = add(add(a, 0x1p23f), -0x1p23f);
  // Integers, zeros with their sign and infinities stay.
  int same = apply(VectorFunction::equal, a, q);
  return choose(same, x, multiply(q, direction(x)));
}

int RowFunctions::floor(int x) {
  int q = rounded(x);
  return subtract(q, apply(VectorFunction::greater, q, x));
}

int RowFunctions::ceiling(int x) {
  return multiply(floor(multiply(x, -1.0f)), -1.0f);
}

int RowFunctions::sign(int x) {
  int clipped = apply(VectorFunction::minimum, multiply(x, 0x1p127f), 1.0f);
  return apply(VectorFunction::maximum, clipped, -1.0f);
}

int RowFunctions::remainder(int x, int y) {
  int a = absolute(x);
  int b = apply(VectorFunction::minimum, absolute(y), kLargest);
  // Quarters, so that the reciprocal of a large divisor is no zero.
  int quotient = multiply(reciprocal(multiply(b, 0.25f)), multiply(a, 0.25f));
  int beyond = apply(VectorFunction::greater, quotient, kLargestQuotient);
  int known = apply(VectorFunction::replace, quotient, beyond, kNaN);
  int whole = add(add(known, kRounder), -kRounder);
  int rest = subtract(a, multiply(whole, b));
  int below = apply(VectorFunction::less, rest, 0.0f);
  int positive = add(multiply(below, b), rest);
  return multiply(positive, direction(x));
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

int RowFunctions::integerPower(int x, int exponent) {
  int left = std::abs(exponent), result = -1;
  for (int square = x;; square = apply(VectorFunction::square, square)) {
    if (left & 1)
      result = result < 0 ? square : multiply(square, result);
    left >>= 1;
    if (left == 0)
      break;
  }
  return exponent < 0 ? reciprocal(result) : result;
}

int RowFunctions::power(int x, float exponent) {
  if (exponent == 0.0f)
    return constantLike(x, 1.0f);
  bool integer = std::nearbyint(exponent) == exponent;
  if (integer && std::fabs(exponent) <= kMostFactors)
    return integerPower(x, static_cast<int>(exponent));
  if (integer) {
    int p = apply(
        VectorFunction::exponential,
        multiply(apply(VectorFunction::logarithm, absolute(x)), exponent));
    if (std::fmod(exponent, 2.0f) == 0)
      return p;
    return multiply(add(multiply(isNegative(x), -2.0f), 1.0f), p);
  }
  // Roots and logarithms of negative numbers are NaN, but minus infinity is as
  // large as infinity.
  int below = apply(VectorFunction::equal, x, -kInfinity);
  int base = apply(VectorFunction::replace, x, below, kInfinity);
  if (exponent == 0.5f)
    return squareRoot(base);
  if (exponent == -0.5f)
    return apply(VectorFunction::reciprocal_square_root, base);
  return apply(VectorFunction::exponential,
               multiply(apply(VectorFunction::logarithm, base), exponent));
}

int RowFunctions::powerOf(float base, int x) {
  if (base == 1.0f)
    return constantLike(x, 1.0f);
  return apply(VectorFunction::exponential,
               multiply(x, static_cast<float>(std::log(double(base)))));
}

int RowFunctions::power(int x, int y) {
  int a = absolute(x);
  int p = apply(VectorFunction::exponential,
                multiply(apply(VectorFunction::logarithm, a), y));
  // Powers of 1, and to the power of 0, whatever the other one is.
  int one =
      apply(VectorFunction::maximum, apply(VectorFunction::equal, a, 1.0f),
            apply(VectorFunction::equal, y, 0.0f));
  p = apply(VectorFunction::replace, p, one, 1.0f);
  // Odd powers keep the sign of x; others that are no integers have none, but
  // those of zero and infinity.
  int isInteger = apply(VectorFunction::equal, rounded(y), y);
  int half = multiply(y, 0.5f);
  int isEven = apply(VectorFunction::equal, rounded(half), half);
  int isOdd = subtract(isInteger, isEven);
  int negative = isNegative(x);
  int sign = add(multiply(multiply(isOdd, negative), -2.0f), 1.0f);
  int isNumber = multiply(apply(VectorFunction::less, a, kInfinity),
                          apply(VectorFunction::greater, a, 0.0f));
  int isBroken = add(multiply(isInteger, -1.0f), 1.0f);
  int none = multiply(multiply(isBroken, isNumber), negative);
  return apply(VectorFunction::replace, multiply(p, sign), none, kNaN);
}

} // namespace tilework::planning
