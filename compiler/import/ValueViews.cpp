// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views and indexing of the import's values. Gathers by constant indices that
// only count (identity gathers, also those spelt as GatherND of broadcast
// ranges) become slices and transposes.

#include "compiler/import/ValueBuilder.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = ValueBuilder::Shape;

Val ValueBuilder::reshape(const Val &x, const Shape &shape) {
  if (x.shape() == ArrayRef<int64_t>(shape))
    return x;
  if (elementCount(shape) != x.type.getNumElements())
    throw InvalidNode("a reshape of " + shapeText(x.shape()) + " to " +
                      shapeText(shape) + " changes the number of elements");
  if (x.host)
    return fromHost(x.host->reshape(shape));
  if (x.expr)
    return withStep(x, ReshapeStepAttr::get(builder.getContext(), shape));
  return emit(ReshapeOp::create(builder, loc, tensorType(shape, x.element()),
                                materialise(x)));
}

Val ValueBuilder::transpose(const Val &x, const Shape &permutation) {
  Shape shape;
  std::vector<bool> seen(x.rank());
  for (int64_t dim : permutation) {
    if (dim < 0 || dim >= x.rank() || seen[dim])
      throw InvalidNode("its perm is no permutation of the dimensions");
    seen[dim] = true;
    shape.push_back(x.dim(dim));
  }
  if (static_cast<int64_t>(shape.size()) != x.rank())
    throw InvalidNode("its perm does not name every dimension");
  if (x.host)
    return fromHost(x.host->transpose(permutation));
  if (x.expr)
    return withStep(x,
                    TransposeStepAttr::get(builder.getContext(), permutation));
  return emit(TransposeOp::create(builder, loc, tensorType(shape, x.element()),
                                  materialise(x), permutation));
}

Val ValueBuilder::slice(const Val &x, const Shape &offsets, const Shape &sizes,
                        const Shape &steps) {
  bool whole = ArrayRef<int64_t>(sizes) == x.shape();
  for (int64_t step : steps)
    whole &= step == 1;
  if (whole)
    return x;
  if (x.host)
    return fromHost(x.host->slice(offsets, sizes, steps));
  if (x.expr)
    return withStep(
        x, SliceStepAttr::get(builder.getContext(), offsets, sizes, steps));
  if (x.isFloat() && llvm::any_of(steps, [](int64_t step) { return step < 0; }))
    return reversed(x, offsets, sizes, steps);
  return emit(SliceOp::create(builder, loc, tensorType(sizes, x.element()),
                              materialise(x), offsets, sizes, steps));
}

Val ValueBuilder::reversed(const Val &x, const Shape &offsets,
                           const Shape &sizes, const Shape &steps) {
  Shape first = offsets, forward = steps;
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps[i] < 0) {
      first[i] = offsets[i] + (sizes[i] - 1) * steps[i];
      forward[i] = -steps[i];
    }
  Val result = slice(x, first, sizes, forward);
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] > 0 || sizes[i] < 2)
      continue;
    std::vector<Val> pieces;
    for (int64_t at = sizes[i]; at-- > 0;)
      pieces.push_back(range(result, i, at, 1));
    result = concat(pieces, i);
  }
  return result;
}

Val ValueBuilder::range(const Val &x, int64_t axis, int64_t first,
                        int64_t count) {
  if (first < 0 || count < 0 || first > x.dim(axis) - count)
    throw InvalidNode("a slice leaves its input");
  Shape offsets(x.rank(), 0), sizes = x.shape().vec(), steps(x.rank(), 1);
  offsets[axis] = first;
  sizes[axis] = count;
  return slice(x, offsets, sizes, steps);
}

Val ValueBuilder::broadcast(const Val &x, const Shape &shape) {
  if (x.shape() == ArrayRef<int64_t>(shape))
    return x;
  if (!broadcastsTo(x.shape(), shape))
    throw InvalidNode("its shape " + shapeText(x.shape()) +
                      " cannot be expanded to " + shapeText(shape));
  if (!elementCount(shape))
    throw InvalidNode("its shape is too large");
  if (x.host)
    return fromHost(x.host->broadcastTo(shape));
  if (x.expr)
    return withStep(x, BroadcastStepAttr::get(builder.getContext(), shape));
  return emit(BroadcastOp::create(builder, loc, tensorType(shape, x.element()),
                                  materialise(x)));
}

Val ValueBuilder::concat(const std::vector<Val> &inputs, int64_t axis) {
  if (inputs.empty())
    throw InvalidNode("it has no input");
  Shape shape = inputs.front().shape().vec();
  bool allHost = true, allConstant = true;
  int64_t total = 0;
  for (const Val &input : inputs) {
    bool fits = input.rank() == static_cast<int64_t>(shape.size()) &&
                input.element() == inputs.front().element();
    for (int64_t i = 0; fits && i < input.rank(); ++i)
      fits = i == axis || input.dim(i) == shape[i];
    if (!fits)
      throw InvalidNode(
          input.element() != inputs.front().element()
              ? std::string("the types of its inputs differ")
              : "its inputs differ beyond axis " + std::to_string(axis) + ": " +
                    shapeText(shape) + " and " + shapeText(input.shape()));
    total += input.dim(axis);
    allHost &= input.host.has_value();
    allConstant &= input.isConstant();
  }
  shape[axis] = total;
  std::vector<Val> parts;
  for (const Val &input : inputs)
    if (input.type.getNumElements() > 0)
      parts.push_back(input);
  if (parts.empty())
    return broadcast(scalar(0, inputs.front().element()), shape);
  if (parts.size() == 1)
    return parts.front();
  if (allHost) {
    std::vector<HostTensor> tensors;
    for (const Val &input : parts)
      tensors.push_back(*input.host);
    if (auto folded = HostTensor::concat(tensors, axis))
      return fromHost(*folded);
  }
  if (allConstant) {
    SmallVector<ExprAttr> others;
    for (const Val &input : llvm::drop_begin(parts))
      others.push_back(expression(input));
    return withStep(parts.front(),
                    ConcatStepAttr::get(builder.getContext(), axis, others));
  }
  SmallVector<Value> operands;
  for (const Val &input : parts)
    operands.push_back(materialise(input));
  return emit(ConcatOp::create(builder, loc,
                               tensorType(shape, inputs.front().element()),
                               operands, axis));
}

namespace {
/// Index values that count along one dimension, or not at all.
struct Progression {
  int64_t dim = -1;
  int64_t first = 0, step = 1, count = 1;
};
} // namespace

/// How component `c` of the index tensor depends on its other dimensions.
static std::optional<Progression>
progressionOf(const HostTensor &indices, int64_t component, int64_t size) {
  Shape offsets(indices.rank(), 0), sizes = indices.shape();
  offsets.back() = component;
  sizes.back() = 1;
  HostTensor one = indices.slice(offsets, sizes, Shape(indices.rank(), 1));
  // The concatenation of the components stores what any of them depends on:
  // look for the one dimension along which this one changes.
  HostTensor stored = one.compact();
  std::vector<int64_t> values = stored.intValues();
  if (values.empty())
    return std::nullopt;
  for (int64_t &value : values)
    value += value < 0 ? size : 0;
  for (int64_t value : values)
    if (value < 0 || value >= size)
      throw InvalidNode("an index leaves the tensor it indexes");
  Progression result;
  result.first = values.front();
  bool constant = true;
  for (int64_t value : values)
    constant &= value == values.front();
  if (constant)
    return result;
  const Shape &shape = stored.shape();
  for (int64_t dim = 0, rank = stored.rank(); dim < rank; ++dim) {
    if (shape[dim] < 2)
      continue;
    int64_t inner = 1;
    for (int64_t i = dim + 1; i < rank; ++i)
      inner *= shape[i];
    int64_t step = values[inner] - values[0];
    bool fits = step != 0;
    for (size_t i = 0; fits && i < values.size(); ++i)
      fits = values[i] ==
             values[0] + static_cast<int64_t>(i) / inner % shape[dim] * step;
    if (fits) {
      result.dim = dim;
      result.step = step;
      result.count = shape[dim];
      return result;
    }
  }
  return std::nullopt;
}

/// A gather whose indices only count, as slice, transpose, reshape and
/// broadcast. The indices' last dimension names the first `depth` dimensions
/// of `x`.
Val ValueBuilder::gatherAffine(const Val &x, const HostTensor &indices,
                               int64_t depth, bool &done) {
  Shape outer = indices.shape();
  outer.pop_back();
  Shape offsets(x.rank(), 0), sizes = x.shape().vec(), steps(x.rank(), 1);
  std::vector<std::pair<int64_t, int64_t>> order;
  done = false;
  for (int64_t axis = 0; axis < depth; ++axis) {
    auto p = progressionOf(indices, axis, x.dim(axis));
    if (!p)
      return Val();
    for (auto &[dim, source] : order)
      if (p->dim >= 0 && dim == p->dim)
        return Val();
    offsets[axis] = p->first;
    sizes[axis] = p->count;
    steps[axis] = p->step;
    if (p->dim >= 0)
      order.push_back({p->dim, axis});
  }
  done = true;
  Val part = slice(x, offsets, sizes, steps);
  // Bring the counted dimensions into the order of the result; constant ones
  // have one element and go last among them, to be dropped by the reshape.
  llvm::sort(order);
  Shape permutation;
  for (auto &[dim, source] : order)
    permutation.push_back(source);
  for (int64_t i = 0; i < x.rank(); ++i)
    if (!llvm::is_contained(permutation, i))
      permutation.push_back(i);
  bool identity = llvm::is_sorted(permutation);
  if (!identity)
    part = transpose(part, permutation);
  Shape units, full;
  for (size_t i = 0; i < outer.size(); ++i) {
    bool counted = llvm::any_of(order, [&](auto &entry) {
      return entry.first == static_cast<int64_t>(i);
    });
    units.push_back(counted ? outer[i] : 1);
    full.push_back(outer[i]);
  }
  for (int64_t i = depth; i < x.rank(); ++i) {
    units.push_back(x.dim(i));
    full.push_back(x.dim(i));
  }
  return broadcast(reshape(part, units), full);
}

/// The run that all different indices make up, in order, or nothing.
static std::optional<Progression> runOf(const HostTensor &indices,
                                        int64_t size) {
  std::vector<int64_t> values = indices.compact().intValues();
  for (int64_t &value : values) {
    value += value < 0 ? size : 0;
    if (value < 0 || value >= size)
      throw InvalidNode("an index leaves the tensor it indexes");
  }
  Progression run;
  run.first = values.front();
  run.count = values.size();
  run.step = run.count > 1 ? values[1] - values[0] : 1;
  for (int64_t i = 0; i < run.count; ++i)
    if (run.step == 0 || values[i] != run.first + i * run.step)
      return std::nullopt;
  return run;
}

/// Indices as runs of neighbours; nothing where there are too many to copy one
/// by one, or where one leaves the dimension.
static std::optional<std::vector<std::pair<int64_t, int64_t>>>
runsOf(const std::vector<int64_t> &indices, int64_t size) {
  constexpr size_t kMostRuns = 32;
  std::vector<std::pair<int64_t, int64_t>> runs;
  for (int64_t index : indices) {
    index = index < 0 ? index + size : index;
    if (index < 0 || index >= size)
      return std::nullopt;
    if (!runs.empty() && index == runs.back().first + runs.back().second)
      ++runs.back().second;
    else if (runs.size() == kMostRuns)
      return std::nullopt;
    else
      runs.push_back({index, 1});
  }
  return runs;
}

Val ValueBuilder::gather(const Val &x, const Val &indices, int64_t axis) {
  if (indices.isFloat())
    throw InvalidNode("its indices are not integers");
  if (x.host && indices.host) {
    auto folded = x.host->gather(*indices.host, axis);
    if (!folded)
      throw InvalidNode("an index leaves the tensor it indexes");
    return fromHost(*folded);
  }
  Shape shape(x.shape().begin(), x.shape().begin() + axis);
  llvm::append_range(shape, indices.shape());
  llvm::append_range(shape, x.shape().drop_front(axis + 1));
  if (elementCount(shape) == 0)
    return broadcast(scalar(0, x.element()), shape);
  if (x.dim(axis) == 0)
    throw InvalidNode("it takes elements of a tensor that has none");
  if (indices.host && indices.type.getNumElements() > 0)
    if (auto run = runOf(*indices.host, x.dim(axis))) {
      Shape offsets(x.rank(), 0), sizes = x.shape().vec(), steps(x.rank(), 1);
      offsets[axis] = run->first;
      sizes[axis] = run->count;
      steps[axis] = run->step;
      Shape split(x.shape().begin(), x.shape().begin() + axis);
      llvm::append_range(split, indices.host->compact().shape());
      llvm::append_range(split, x.shape().drop_front(axis + 1));
      return broadcast(reshape(slice(x, offsets, sizes, steps), split), shape);
    }
  if (!x.isConstant() && indices.host && indices.rank() == 1)
    if (auto parts = runsOf(indices.host->intValues(), x.dim(axis))) {
      std::vector<Val> pieces;
      for (auto [first, count] : *parts)
        pieces.push_back(range(x, axis, first, count));
      return concat(pieces, axis);
    }
  // The host takes elements of a constant vector as they are.
  if (!x.isFloat() || (x.isConstant() && x.rank() == 1))
    return emit(GatherOp::create(builder, loc, tensorType(shape, x.element()),
                                 materialise(x), materialise(indices), axis));
  // Rows of a table: the indexed dimension in front, the others in a row each.
  Shape front = {axis}, others, back, wide = indices.shape().vec();
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != axis) {
      front.push_back(d);
      others.push_back(x.dim(d));
    }
  const int64_t row = *elementCount(others);
  Val table = x;
  if (!llvm::is_sorted(front))
    table = transpose(table, front);
  if (x.rank() != 2)
    table = reshape(table, {x.dim(axis), row});
  wide.push_back(row);
  Val rows =
      emit(EmbeddingOp::create(builder, loc, tensorType(wide, x.element()),
                               materialise(table), materialise(indices)));
  if (x.rank() != 2) {
    wide.pop_back();
    llvm::append_range(wide, others);
    rows = reshape(rows, wide);
  }
  if (axis == 0)
    return rows;
  for (int64_t d = 0; d < axis; ++d)
    back.push_back(indices.rank() + d);
  for (int64_t d = 0; d < indices.rank(); ++d)
    back.push_back(d);
  for (int64_t d = axis + 1; d < x.rank(); ++d)
    back.push_back(indices.rank() + d - 1);
  return transpose(rows, back);
}

Val ValueBuilder::gatherND(const Val &x, const Val &indices,
                           int64_t batchDims) {
  if (indices.isFloat() || indices.rank() < 1)
    throw InvalidNode("its indices are not a tensor of integers");
  int64_t depth = indices.dim(-1);
  if (batchDims < 0 || depth < 1 || batchDims + depth > x.rank() ||
      batchDims >= indices.rank())
    throw InvalidNode("its indices do not fit its input");
  if (x.host && indices.host)
    if (auto folded = x.host->gatherND(*indices.host, batchDims))
      return fromHost(*folded);
  if (!indices.host)
    throw UnsupportedNode("indices that depend on the data of an input");
  if (batchDims == 0 && depth == 1)
    return gather(x,
                  reshape(indices, Shape(indices.shape().begin(),
                                         indices.shape().end() - 1)),
                  0);
  if (batchDims == 0) {
    bool done;
    Val view = gatherAffine(x, *indices.host, depth, done);
    if (done)
      return view;
  }
  throw UnsupportedNode("indices other than counting ones");
}
