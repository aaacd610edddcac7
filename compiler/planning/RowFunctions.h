// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one element, or of two, that the vector unit does not have,
// composed of those that it has. RationalePlanning.md states their errors.

#pragma once

#include "compiler/planning/Group.h"

#include <optional>
#include <vector>

namespace tilework::planning {

/// Appends the ops of a function to a row program. Operands and results are
/// indices into it; the caller makes a computed operand wide, since these
/// functions read theirs several times.
class RowFunctions {
public:
  RowFunctions(std::vector<RowOp> &ops, int source)
      : ops(ops), source(source) {}

  int sine(int x);
  int cosine(int x);
  int tangent(int x);
  int arcSine(int x);
  int arcCosine(int x);
  int arcTangent(int x);
  int hyperbolicSine(int x);
  int hyperbolicCosine(int x);
  int areaSine(int x);
  int areaCosine(int x);
  int areaTangent(int x);
  int floor(int x);
  int ceiling(int x);
  /// To the nearest integer, of two the even one.
  int rounded(int x);
  /// −1, 1, or x where it is zero or NaN.
  int sign(int x);
  /// The remainder of x / y with the sign of x, as C's fmod.
  int remainder(int x, int y);
  /// Whether a value is far below 2^126 by what makes it.
  bool isBounded(int x) const;
  /// x / y.
  int quotient(int x, int y) { return quotient(x, 0, y); }
  /// dividend / y.
  int quotient(float dividend, int y) { return quotient(-1, dividend, y); }
  /// x to a finite power.
  int power(int x, float exponent);
  /// A positive finite number to the power of x.
  int powerOf(float base, int x);
  /// x^y.
  int power(int x, int y);
  /// A value with the shape of x that is `value` everywhere.
  int constantLike(int x, float value);

private:
  int push(RowOpKind kind, int lhs, int rhs, float scalar,
           VectorFunction function = VectorFunction::identity);
  int add(int x, float c) { return push(RowOpKind::AddScalar, x, -1, c); }
  int add(int x, int y) { return push(RowOpKind::Add, x, y, 0); }
  int subtract(int x, int y) { return push(RowOpKind::Subtract, x, y, 0); }
  int multiply(int x, float c) {
    return push(RowOpKind::MultiplyScalar, x, -1, c);
  }
  int multiply(int x, int y) { return push(RowOpKind::Multiply, x, y, 0); }
  int apply(VectorFunction f, int x) {
    return push(RowOpKind::Function, x, -1, 0, f);
  }
  /// f(x, c).
  int apply(VectorFunction f, int x, float c) {
    return push(RowOpKind::Combine, x, -1, c, f);
  }
  /// f(x, y), with what select and replace put in.
  int apply(VectorFunction f, int x, int y, float c = 0) {
    return push(RowOpKind::Combine, x, y, c, f);
  }
  int reciprocal(int x) { return apply(VectorFunction::reciprocal, x); }
  int squareRoot(int x) { return apply(VectorFunction::square_root, x); }
  int absolute(int x) { return apply(VectorFunction::absolute, x); }
  /// x where the condition holds, otherwise y.
  int choose(int condition, int x, int y);
  /// x / y, or dividend / y where x is negative.
  int quotient(int x, float dividend, int y);
  /// −1 where x < 0, otherwise 1.
  int direction(int x);
  /// 1 where x < 0 or −0, otherwise 0.
  int isNegative(int x);
  /// Σ c[i]·x^i.
  int polynomial(int x, std::initializer_list<float> coefficients);
  /// x − 2π·n in [−π, π]; NaN beyond the range of the reduction.
  int reducedAngle(int x);
  /// ln(1 + u) for u ≥ 0.
  int logarithmOfOneAnd(int u);
  int integerPower(int x, int exponent);

  std::vector<RowOp> &ops;
  int source;
};

} // namespace tilework::planning
