// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on the elements of host tensors: casts, functions of one and of
// two operands, selection. Each computes as many elements as differ: the
// dimensions along which every operand repeats are done once.

#include "compiler/import/ElementFunctions.h"
#include "compiler/import/HostAccess.h"

#include <algorithm>
#include <cmath>

using namespace tilework;
using graph::BinaryKind;
using graph::UnaryKind;
using onnx::DataType;
using Shape = HostTensor::Shape;

/// The elements of the common shape that differ, over all operands.
static Shape storedShape(const Shape &shape,
                         llvm::ArrayRef<const HostTensor *> operands) {
  Shape stored(shape.size(), 1);
  for (size_t i = 0; i < shape.size(); ++i)
    for (const HostTensor *operand : operands)
      if (!operand->isBroadcast(i))
        stored[i] = shape[i];
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0)
      stored[i] = 0;
  return stored;
}

static std::optional<Shape> broadcast(const Shape &a, const Shape &b) {
  auto shape = graph::broadcastShapes(a, b);
  if (failed(shape))
    return std::nullopt;
  return Shape(shape->begin(), shape->end());
}

std::optional<HostTensor> HostTensor::cast(DataType to) const {
  Shape stored = compact().dims;
  checkSize(stored);
  if (isFloatType(to)) {
    std::vector<double> values = compact().floatValues();
    for (double &value : values)
      value = roundTo(to, value);
    return HostAccess<double>::make(to, dims, stored, std::move(values));
  }
  if (!isKnownType(to))
    return std::nullopt;
  std::vector<int64_t> values;
  if (isFloat()) {
    // What does not fit becomes the least integer of the conversion's width,
    // as on x86; what is too large for an unsigned one becomes 0.
    const bool isLong = to == DataType::Int64 || to == DataType::Uint64;
    const bool isUnsigned = to == DataType::Uint32 || to == DataType::Uint64;
    const double bound = isLong ? 0x1p63 : 0x1p31;
    const int64_t least = leastOf(isLong ? DataType::Int64 : DataType::Int32);
    for (double value : compact().floatValues()) {
      const double whole = std::trunc(value);
      if (to == DataType::Bool)
        values.push_back(value != 0);
      else if (isUnsigned && whole >= bound)
        values.push_back(
            whole < 2 * bound ? static_cast<int64_t>(uint64_t(whole)) : 0);
      else
        values.push_back(whole >= -bound && whole < bound
                             ? static_cast<int64_t>(whole)
                             : least);
    }
  } else {
    values = compact().intValues();
  }
  for (int64_t &value : values)
    value = wrapTo(to, value);
  return HostAccess<int64_t>::make(to, dims, stored, std::move(values));
}

std::optional<HostTensor> HostTensor::unary(UnaryKind kind,
                                            const HostTensor &x) {
  HostTensor stored = x.compact();
  checkSize(stored.dims);
  if (kind == UnaryKind::IsNan) {
    std::vector<int64_t> result;
    for (double value : stored.floatValues())
      result.push_back(std::isnan(value));
    return HostAccess<int64_t>::make(DataType::Bool, x.dims, stored.dims,
                                     std::move(result));
  }
  if (x.isFloat()) {
    if (kind == UnaryKind::Not)
      return std::nullopt;
    std::vector<double> values = stored.floatValues();
    for (double &value : values)
      value = roundTo(x.dataType, evaluateUnary(kind, value));
    return HostAccess<double>::make(x.dataType, x.dims, stored.dims,
                                    std::move(values));
  }
  std::vector<int64_t> values = stored.intValues();
  const bool isSigned = leastOf(x.dataType) < 0;
  for (int64_t &value : values) {
    const bool negative = value < 0 && isSigned;
    auto negated = static_cast<int64_t>(-static_cast<uint64_t>(value));
    switch (kind) {
    case UnaryKind::Neg:
      value = negated;
      break;
    case UnaryKind::Abs:
      value = negative ? negated : value;
      break;
    case UnaryKind::Not:
      value = x.dataType == DataType::Bool ? !value : ~value;
      break;
    case UnaryKind::Sign:
      value = (value != 0) - 2 * negative;
      break;
    case UnaryKind::Relu:
      value = negative ? 0 : value;
      break;
    default:
      return std::nullopt;
    }
    value = wrapTo(x.dataType, value);
  }
  return HostAccess<int64_t>::make(x.dataType, x.dims, stored.dims,
                                   std::move(values));
}

static uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1)
      result *= base;
  return result;
}

/// Division as C does it; the quotient and remainder that overflow are those
/// of two's complement. A division by zero gives nothing.
static std::optional<int64_t> divide(BinaryKind kind, int64_t a, int64_t b) {
  if (b == 0)
    return std::nullopt;
  if (b == -1)
    return kind == BinaryKind::Div
               ? static_cast<int64_t>(-static_cast<uint64_t>(a))
               : 0;
  if (kind == BinaryKind::Div)
    return a / b;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static std::optional<int64_t> evaluate(BinaryKind kind, int64_t a, int64_t b) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (kind) {
  case BinaryKind::Add:
    return ua + ub;
  case BinaryKind::Sub:
    return ua - ub;
  case BinaryKind::Mul:
    return ua * ub;
  case BinaryKind::Div:
  case BinaryKind::Mod:
    return divide(kind, a, b);
  case BinaryKind::Pow:
    return b >= 0 ? power(a, b) : a == 1 || a == -1 ? power(a, b & 1) : 0;
  case BinaryKind::Max:
    return std::max(a, b);
  case BinaryKind::Min:
    return std::min(a, b);
  case BinaryKind::And:
    return a & b;
  case BinaryKind::Or:
    return a | b;
  case BinaryKind::Xor:
    return a ^ b;
  default:
    return compare(kind, a, b);
  }
}

/// What of two uint64 differs from the int64 of the same bits: order, quotient,
/// remainder and exponent.
static std::optional<int64_t> evaluate(BinaryKind kind, uint64_t a,
                                       uint64_t b) {
  switch (kind) {
  case BinaryKind::Div:
    return b ? std::optional<int64_t>(a / b) : std::nullopt;
  case BinaryKind::Mod:
    return b ? std::optional<int64_t>(a % b) : std::nullopt;
  case BinaryKind::Pow:
    return power(a, b);
  case BinaryKind::Max:
    return std::max(a, b);
  case BinaryKind::Min:
    return std::min(a, b);
  default:
    return graph::isComparison(kind) ? compare(kind, a, b)
                                     : evaluate(kind, static_cast<int64_t>(a),
                                                static_cast<int64_t>(b));
  }
}

static std::optional<double> evaluate(BinaryKind kind, double a, double b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Mod:
    return std::fmod(a, b);
  case BinaryKind::Pow:
    return std::pow(a, b);
  case BinaryKind::Max:
    return std::isnan(a) || a > b ? a : b;
  case BinaryKind::Min:
    return std::isnan(a) || a < b ? a : b;
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
    return std::nullopt;
  default:
    return compare(kind, a, b);
  }
}

std::optional<HostTensor>
HostTensor::binary(BinaryKind kind, const HostTensor &a, const HostTensor &b) {
  std::optional<Shape> shape = broadcast(a.dims, b.dims);
  if (!shape || a.isFloat() != b.isFloat())
    return std::nullopt;
  HostTensor x = a.broadcastTo(*shape), y = b.broadcastTo(*shape);
  Shape stored = storedShape(*shape, {&x, &y});
  checkSize(stored);
  if (!a.isFloat()) {
    std::vector<int64_t> lhs = HostAccess<int64_t>::read(x, stored);
    std::vector<int64_t> rhs = HostAccess<int64_t>::read(y, stored);
    DataType type = graph::isComparison(kind) ? DataType::Bool : a.dataType;
    const bool isWide = a.dataType == DataType::Uint64;
    for (size_t i = 0; i < lhs.size(); ++i) {
      std::optional<int64_t> value =
          isWide ? evaluate(kind, uint64_t(lhs[i]), uint64_t(rhs[i]))
                 : evaluate(kind, lhs[i], rhs[i]);
      if (!value)
        return std::nullopt;
      lhs[i] = wrapTo(type, *value);
    }
    return HostAccess<int64_t>::make(type, *shape, stored, std::move(lhs));
  }
  std::vector<double> lhs = HostAccess<double>::read(x, stored);
  std::vector<double> rhs = HostAccess<double>::read(y, stored);
  for (size_t i = 0; i < lhs.size(); ++i) {
    std::optional<double> value = evaluate(kind, lhs[i], rhs[i]);
    if (!value)
      return std::nullopt;
    lhs[i] = roundTo(a.dataType, *value);
  }
  if (graph::isComparison(kind))
    return HostAccess<int64_t>::make(
        DataType::Bool, *shape, stored,
        std::vector<int64_t>(lhs.begin(), lhs.end()));
  return HostAccess<double>::make(a.dataType, *shape, stored, std::move(lhs));
}

template <typename T>
static HostTensor choose(const HostTensor &c, const HostTensor &a,
                         const HostTensor &b, const Shape &stored) {
  std::vector<int64_t> condition = HostAccess<int64_t>::read(c, stored);
  std::vector<T> lhs = HostAccess<T>::read(a, stored);
  std::vector<T> rhs = HostAccess<T>::read(b, stored);
  for (size_t i = 0; i < lhs.size(); ++i)
    lhs[i] = condition[i] ? lhs[i] : rhs[i];
  return HostAccess<T>::make(a.type(), a.shape(), stored, std::move(lhs));
}

std::optional<HostTensor> HostTensor::select(const HostTensor &c,
                                             const HostTensor &a,
                                             const HostTensor &b) {
  std::optional<Shape> shape = broadcast(a.dims, b.dims);
  if (shape)
    shape = broadcast(*shape, c.dims);
  if (!shape || a.isFloat() != b.isFloat() || c.isFloat())
    return std::nullopt;
  HostTensor x = a.broadcastTo(*shape), y = b.broadcastTo(*shape);
  HostTensor z = c.broadcastTo(*shape);
  if (z.size() > 0 && z.isSplat())
    return z.intValue() ? x : y;
  Shape stored = storedShape(*shape, {&x, &y, &z});
  checkSize(stored);
  return a.isFloat() ? choose<double>(z, x, y, stored)
                     : choose<int64_t>(z, x, y, stored);
}
