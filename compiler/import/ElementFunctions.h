// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions and comparisons of the graph on one element, in the type that they
// are computed in: double where constants fold, fp32 where weights are read.

#ifndef TILEWORK_COMPILER_IMPORT_ELEMENTFUNCTIONS_H
#define TILEWORK_COMPILER_IMPORT_ELEMENTFUNCTIONS_H

#include "dialects/graph/GraphDialect.h"

#include <algorithm>
#include <cmath>

namespace tilework {

template <typename Float> Float evaluateUnary(graph::UnaryKind kind, Float x) {
  using graph::UnaryKind;
  switch (kind) {
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Abs:
    return std::fabs(x);
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  case UnaryKind::Rsqrt:
    return Float(1) / std::sqrt(x);
  case UnaryKind::Reciprocal:
    return Float(1) / x;
  case UnaryKind::Exp:
    return std::exp(x);
  case UnaryKind::Log:
    return std::log(x);
  case UnaryKind::Tanh:
    return std::tanh(x);
  case UnaryKind::Erf:
    return std::erf(x);
  case UnaryKind::Sigmoid:
    return Float(1) / (Float(1) + std::exp(-x));
  case UnaryKind::Silu:
    return x / (Float(1) + std::exp(-x));
  case UnaryKind::Relu:
    return std::max(x, Float(0));
  case UnaryKind::Not:
    return x == 0;
  case UnaryKind::IsNan:
    return std::isnan(x);
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Round:
    return std::nearbyint(x);
  case UnaryKind::Sign:
    return x > 0 ? Float(1) : x < 0 ? Float(-1) : x;
  case UnaryKind::Cos:
    return std::cos(x);
  case UnaryKind::Sin:
    return std::sin(x);
  case UnaryKind::Tan:
    return std::tan(x);
  case UnaryKind::Asin:
    return std::asin(x);
  case UnaryKind::Acos:
    return std::acos(x);
  case UnaryKind::Atan:
    return std::atan(x);
  case UnaryKind::Sinh:
    return std::sinh(x);
  case UnaryKind::Cosh:
    return std::cosh(x);
  case UnaryKind::Asinh:
    return std::asinh(x);
  case UnaryKind::Acosh:
    return std::acosh(x);
  case UnaryKind::Atanh:
    return std::atanh(x);
  }
  return x;
}

/// `kind` is a comparison.
template <typename T> bool compare(graph::BinaryKind kind, T a, T b) {
  using graph::BinaryKind;
  switch (kind) {
  case BinaryKind::Eq:
    return a == b;
  case BinaryKind::Ne:
    return a != b;
  case BinaryKind::Lt:
    return a < b;
  case BinaryKind::Le:
    return a <= b;
  case BinaryKind::Gt:
    return a > b;
  case BinaryKind::Ge:
    return a >= b;
  default:
    llvm_unreachable("no comparison");
  }
}

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_ELEMENTFUNCTIONS_H
