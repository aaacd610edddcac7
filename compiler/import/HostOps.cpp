// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic and indexing on host tensors. Each computes as many elements as
// differ: the dimensions along which every operand repeats are done once.

#include "compiler/import/HostAccess.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace tilework;
using graph::BinaryKind;
using graph::ReduceKind;
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

static void checkSize(const Shape &stored) {
  std::optional<int64_t> count = elementCount(stored);
  if (!count || *count > HostTensor::kMaxElements)
    throw HostTensorTooLarge(count);
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

static std::optional<double> evaluate(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Abs:
    return std::fabs(x);
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  case UnaryKind::Rsqrt:
    return 1.0 / std::sqrt(x);
  case UnaryKind::Reciprocal:
    return 1.0 / x;
  case UnaryKind::Exp:
    return std::exp(x);
  case UnaryKind::Log:
    return std::log(x);
  case UnaryKind::Tanh:
    return std::tanh(x);
  case UnaryKind::Erf:
    return std::erf(x);
  case UnaryKind::Sigmoid:
    return 1.0 / (1.0 + std::exp(-x));
  case UnaryKind::Silu:
    return x / (1.0 + std::exp(-x));
  case UnaryKind::Relu:
    return std::max(x, 0.0);
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Round:
    return std::nearbyint(x);
  case UnaryKind::Sign:
    return x > 0 ? 1.0 : x < 0 ? -1.0 : x;
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
  case UnaryKind::Not:
  case UnaryKind::IsNan:
    break;
  }
  return std::nullopt;
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
    std::vector<double> values = stored.floatValues();
    for (double &value : values) {
      std::optional<double> result = evaluate(kind, value);
      if (!result)
        return std::nullopt;
      value = roundTo(x.dataType, *result);
    }
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
  }
  return std::nullopt;
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
  case BinaryKind::Lt:
    return a < b;
  case BinaryKind::Le:
    return a <= b;
  case BinaryKind::Gt:
    return a > b;
  case BinaryKind::Ge:
    return a >= b;
  default:
    return evaluate(kind, static_cast<int64_t>(a), static_cast<int64_t>(b));
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
  case BinaryKind::And:
  case BinaryKind::Or:
  case BinaryKind::Xor:
    break;
  }
  return std::nullopt;
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

template <typename T>
static void copyInto(const HostTensor &input, const Shape &inputStored,
                     const Shape &stored, int64_t axis, int64_t first,
                     std::vector<T> &values) {
  std::vector<T> source = HostAccess<T>::read(input, inputStored);
  int64_t inner = 1, outer = 1;
  for (size_t i = axis + 1; i < stored.size(); ++i)
    inner *= stored[i];
  for (int64_t i = 0; i < axis; ++i)
    outer *= stored[i];
  int64_t run = inputStored[axis] * inner;
  for (int64_t o = 0; o < outer; ++o)
    std::copy_n(source.begin() + o * run, run,
                values.begin() + o * stored[axis] * inner + first * inner);
}

std::optional<HostTensor>
HostTensor::concat(const std::vector<HostTensor> &inputs, int64_t axis) {
  Shape shape = inputs.front().dims;
  shape[axis] = 0;
  Shape stored(shape.size(), 1);
  for (const HostTensor &input : inputs) {
    shape[axis] += input.dims[axis];
    for (size_t i = 0; i < shape.size(); ++i)
      if (!input.isBroadcast(i))
        stored[i] = shape[i];
  }
  for (size_t i = 0; i < shape.size(); ++i)
    if (static_cast<int64_t>(i) == axis || shape[i] == 0)
      stored[i] = shape[i];
  checkSize(stored);
  std::vector<int64_t> ints;
  std::vector<double> floats;
  bool isFloat = inputs.front().isFloat();
  (isFloat ? floats.resize(*elementCount(stored))
           : ints.resize(*elementCount(stored)));
  int64_t first = 0;
  for (const HostTensor &input : inputs) {
    Shape part = stored;
    part[axis] = input.dims[axis];
    if (input.isFloat() != isFloat)
      return std::nullopt;
    if (isFloat)
      copyInto(input, part, stored, axis, first, floats);
    else
      copyInto(input, part, stored, axis, first, ints);
    first += input.dims[axis];
  }
  DataType type = inputs.front().dataType;
  return isFloat
             ? HostAccess<double>::make(type, shape, stored, std::move(floats))
             : HostAccess<int64_t>::make(type, shape, stored, std::move(ints));
}

/// Calls `visit(index)` for each index of `shape` in row-major order.
// Not inlined: GCC 12 then takes the index's memory for part of a vector.
template <typename Fn>
LLVM_ATTRIBUTE_NOINLINE static void forEachIndex(const Shape &shape, Fn visit) {
  int64_t count = elementCount(shape).value_or(0);
  Shape index(shape.size(), 0);
  for (int64_t done = 0; done < count; ++done) {
    visit(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

/// Builds a tensor element by element: `locate(index, source)` fills the index
/// into `from` and returns whether it is inside.
template <typename Fn>
static std::optional<HostTensor> pick(const HostTensor &from,
                                      const Shape &shape, const Shape &stored,
                                      Fn locate) {
  checkSize(stored);
  std::vector<int64_t> ints;
  std::vector<double> floats;
  Shape source(from.rank());
  bool inside = true;
  forEachIndex(stored, [&](const Shape &index) {
    inside = inside && locate(index, source);
    if (!inside)
      return;
    if (from.isFloat())
      floats.push_back(HostAccess<double>::at(from, source));
    else
      ints.push_back(HostAccess<int64_t>::at(from, source));
  });
  if (!inside)
    return std::nullopt;
  return from.isFloat() ? HostAccess<double>::make(from.type(), shape, stored,
                                                   std::move(floats))
                        : HostAccess<int64_t>::make(from.type(), shape, stored,
                                                    std::move(ints));
}

/// Makes a negative index count from the end; whether it is then inside.
static bool normalise(int64_t &index, int64_t size) {
  if (index < 0)
    index += size;
  return index >= 0 && index < size;
}

std::optional<HostTensor> HostTensor::gather(const HostTensor &indices,
                                             int64_t axis) const {
  Shape shape(dims.begin(), dims.begin() + axis), stored = compact().dims;
  stored.resize(axis);
  size_t rank = indices.dims.size();
  Shape indexStored = indices.compact().dims;
  shape.insert(shape.end(), indices.dims.begin(), indices.dims.end());
  stored.insert(stored.end(), indexStored.begin(), indexStored.end());
  for (int64_t i = axis + 1; i < this->rank(); ++i) {
    shape.push_back(dims[i]);
    stored.push_back(isBroadcast(i) ? std::min<int64_t>(dims[i], 1) : dims[i]);
  }
  return pick(*this, shape, stored, [&](const Shape &index, Shape &source) {
    std::copy_n(index.begin(), axis, source.begin());
    source[axis] = HostAccess<int64_t>::at(
        indices, Shape(index.begin() + axis, index.begin() + axis + rank));
    std::copy(index.begin() + axis + rank, index.end(),
              source.begin() + axis + 1);
    return normalise(source[axis], dims[axis]);
  });
}

std::optional<HostTensor> HostTensor::gatherElements(const HostTensor &indices,
                                                     int64_t axis) const {
  return pick(*this, indices.dims, indices.dims,
              [&](const Shape &index, Shape &source) {
                source = index;
                source[axis] = HostAccess<int64_t>::at(indices, index);
                return normalise(source[axis], dims[axis]) &&
                       std::equal(source.begin(), source.end(), dims.begin(),
                                  std::less<int64_t>());
              });
}

std::optional<HostTensor> HostTensor::gatherND(const HostTensor &indices,
                                               int64_t batchDims) const {
  int64_t depth = indices.dims.back();
  Shape shape = indices.dims, stored = indices.compact().dims;
  shape.resize(indices.dims.size() - 1);
  stored.resize(shape.size());
  // Batch dimensions pick by position and so are never repeated.
  for (int64_t i = 0; i < batchDims; ++i)
    stored[i] = shape[i];
  size_t outer = shape.size();
  for (int64_t i = batchDims + depth; i < rank(); ++i) {
    shape.push_back(dims[i]);
    stored.push_back(dims[i]);
  }
  return pick(*this, shape, stored, [&](const Shape &index, Shape &source) {
    Shape at = index;
    at.resize(outer + 1);
    std::copy_n(index.begin(), batchDims, source.begin());
    for (int64_t i = 0; i < depth; ++i) {
      at.back() = i;
      source[batchDims + i] = HostAccess<int64_t>::at(indices, at);
      if (!normalise(source[batchDims + i], dims[batchDims + i]))
        return false;
    }
    std::copy(index.begin() + outer, index.end(),
              source.begin() + batchDims + depth);
    return true;
  });
}

template <typename T>
static std::optional<HostTensor>
scatter(const HostTensor &data, const HostTensor &indices,
        const HostTensor &updates, std::vector<T> values) {
  const Shape &dims = data.shape();
  Shape strides = denseStrides(dims);
  Shape outer(indices.shape().begin(), indices.shape().end() - 1);
  int64_t depth = indices.shape().back(), run = 1;
  for (size_t i = depth; i < dims.size(); ++i)
    run *= dims[i];
  std::vector<int64_t> flat = indices.intValues();
  std::vector<T> source = HostAccess<T>::read(updates, updates.shape());
  if (source.size() * depth != flat.size() * static_cast<size_t>(run))
    return std::nullopt;
  for (size_t i = 0; i * depth < flat.size(); ++i) {
    int64_t position = 0;
    for (int64_t d = 0; d < depth; ++d) {
      if (!normalise(flat[i * depth + d], dims[d]))
        return std::nullopt;
      position += flat[i * depth + d] * strides[d];
    }
    std::copy_n(source.begin() + i * run, run, values.begin() + position);
  }
  return HostAccess<T>::make(data.type(), dims, dims, std::move(values));
}

std::optional<HostTensor>
HostTensor::scatterND(const HostTensor &indices,
                      const HostTensor &updates) const {
  checkSize(dims);
  checkSize(indices.dims);
  checkSize(updates.dims);
  if (indices.dims.empty() || indices.dims.back() < 1 ||
      indices.dims.back() > rank() || updates.isFloat() != isFloat())
    return std::nullopt;
  return isFloat() ? scatter<double>(*this, indices, updates, floatValues())
                   : scatter<int64_t>(*this, indices, updates, intValues());
}

/// The least or greatest number of a type, as elements of it are kept.
template <typename T> static T bound(DataType type, bool least) {
  if constexpr (std::numeric_limits<T>::has_infinity)
    return least ? -std::numeric_limits<T>::infinity()
                 : std::numeric_limits<T>::infinity();
  return static_cast<T>(least ? leastOf(type) : largestOf(type));
}

/// Reduces elements of `type`, a tensor of `shape`, to one of `result`. Sums
/// and products of integers wrap.
template <typename T>
static std::vector<T>
reduceValues(ReduceKind kind, DataType type, const Shape &shape,
             const std::vector<T> &values, const Shape &result) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  // Of nothing: the identity of the operation, NaN for a mean.
  using Limits = std::numeric_limits<T>;
  T start = kind == ReduceKind::Prod  ? T(1)
            : kind == ReduceKind::Max ? bound<T>(type, true)
            : kind == ReduceKind::Min ? bound<T>(type, false)
                                      : T(0);
  std::vector<T> sums(elementCount(result).value_or(0), start);
  Shape strides = denseStrides(result);
  size_t next = 0;
  forEachIndex(shape, [&](const Shape &index) {
    int64_t position = 0;
    for (size_t i = 0; i < index.size(); ++i)
      position += result[i] == 1 ? 0 : index[i] * strides[i];
    T &sum = sums[position], value = values[next++];
    switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
      sum = static_cast<T>(static_cast<Sum>(sum) + static_cast<Sum>(value));
      break;
    case ReduceKind::Prod:
      sum = static_cast<T>(static_cast<Sum>(sum) * static_cast<Sum>(value));
      break;
    case ReduceKind::Max: // NaN stays one
      sum = value > sum || value != value ? value : sum;
      break;
    case ReduceKind::Min:
      sum = value < sum || value != value ? value : sum;
      break;
    }
  });
  if (kind == ReduceKind::Mean && !sums.empty())
    for (T &sum : sums)
      if (size_t count = values.size() / sums.size();
          count || Limits::has_quiet_NaN)
        sum /= static_cast<T>(count);
  return sums;
}

std::optional<HostTensor>
HostTensor::reduce(ReduceKind kind, const std::vector<int64_t> &axes) const {
  checkSize(dims);
  Shape result = dims;
  for (int64_t axis : axes)
    result[axis] = 1;
  if (!isFloat()) {
    std::vector<int64_t> values = intValues();
    if (dataType == DataType::Uint64) {
      std::vector<uint64_t> reduced = reduceValues<uint64_t>(
          kind, dataType, dims, {values.begin(), values.end()}, result);
      values.assign(reduced.begin(), reduced.end());
    } else {
      values = reduceValues(kind, dataType, dims, values, result);
    }
    for (int64_t &value : values)
      value = wrapTo(dataType, value);
    return HostAccess<int64_t>::make(dataType, result, result,
                                     std::move(values));
  }
  std::vector<double> values =
      reduceValues(kind, dataType, dims, floatValues(), result);
  for (double &value : values)
    value = roundTo(dataType, value);
  return HostAccess<double>::make(dataType, result, result, std::move(values));
}

/// Sums along one dimension, rounded or wrapped to the type by `fit`.
template <typename T, typename Sum, typename Fit>
static std::vector<T> runningSums(const std::vector<T> &values, int64_t stride,
                                  int64_t size, bool exclusive, bool reverse,
                                  Fit fit) {
  std::vector<T> sums(values.size());
  for (size_t base = 0; base < values.size(); ++base) {
    if (static_cast<int64_t>(base) / stride % size != 0)
      continue;
    Sum sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      const size_t at = base + (reverse ? size - 1 - i : i) * stride;
      const Sum next = sum + static_cast<Sum>(values[at]);
      sums[at] = fit(static_cast<T>(exclusive ? sum : next));
      sum = next;
    }
  }
  return sums;
}

std::optional<HostTensor> HostTensor::cumSum(int64_t axis, bool exclusive,
                                             bool reverse) const {
  checkSize(dims);
  const int64_t stride = std::max<int64_t>(denseStrides(dims)[axis], 1);
  if (isFloat())
    return HostAccess<double>::make(
        dataType, dims, dims,
        runningSums<double, double>(
            floatValues(), stride, dims[axis], exclusive, reverse,
            [&](double sum) { return roundTo(dataType, sum); }));
  return HostAccess<int64_t>::make(
      dataType, dims, dims,
      runningSums<int64_t, uint64_t>(
          intValues(), stride, dims[axis], exclusive, reverse,
          [&](int64_t sum) { return wrapTo(dataType, sum); }));
}

std::optional<HostTensor> HostTensor::triangle(int64_t k, bool upper) const {
  checkSize(dims);
  // The row and column decide; the batch repeats where the input does.
  Shape stored = compact().dims;
  size_t rows = dims.size() - 2;
  stored[rows] = dims[rows];
  stored[rows + 1] = dims[rows + 1];
  auto keep = [&](const Shape &index) {
    int64_t distance = index[rows + 1] - index[rows];
    return upper ? distance >= k : distance <= k;
  };
  if (isFloat()) {
    std::vector<double> values;
    forEachIndex(stored, [&](const Shape &index) {
      values.push_back(keep(index) ? HostAccess<double>::at(*this, index) : 0);
    });
    return HostAccess<double>::make(dataType, dims, stored, std::move(values));
  }
  std::vector<int64_t> values;
  forEachIndex(stored, [&](const Shape &index) {
    values.push_back(keep(index) ? HostAccess<int64_t>::at(*this, index) : 0);
  });
  return HostAccess<int64_t>::make(dataType, dims, stored, std::move(values));
}
