// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What moves or sums the elements of host tensors: concatenation, indexing,
// reductions, triangles. HostElementwise.cpp computes with single elements.

#include "compiler/import/HostAccess.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <algorithm>
#include <limits>

using namespace tilework;
using graph::ReduceKind;
using onnx::DataType;
using Shape = HostTensor::Shape;

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
  llvm::SmallVector<int64_t> strides = mlir::computeStrides(dims);
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
  llvm::SmallVector<int64_t> strides = mlir::computeStrides(result);
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
  const int64_t stride = std::max<int64_t>(mlir::computeStrides(dims)[axis], 1);
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
