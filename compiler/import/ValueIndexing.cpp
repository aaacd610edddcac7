// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Indexing of the import's values. Constant indices that make up an affine grid
// become views (identity gathers, also those spelt as GatherND of broadcast
// ranges; repeated, reversed and diagonal ones), a few runs become slices side
// by side, and everything else, as indices that the host knows at the launch,
// rows of a table.

#include "compiler/import/ValueBuilder.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <numeric>

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = ValueBuilder::Shape;

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

/// The indices in order, negative ones counted from the end. A broadcast
/// dimension gives one of its elements.
static std::vector<int64_t> positionsOf(const HostTensor &indices,
                                        int64_t size) {
  std::vector<int64_t> values = indices.compact().intValues();
  for (int64_t &value : values) {
    value += value < 0 ? size : 0;
    if (value < 0 || value >= size)
      throw InvalidNode("an index leaves the tensor it indexes");
  }
  return values;
}

namespace {
/// Elements `first + Σ steps[d]·i_d` for i within `sizes`, in order.
struct Grid {
  int64_t first = 0;
  Shape sizes, steps;
};
} // namespace

/// The values as a grid of few dimensions; nothing where they are none.
static std::optional<Grid> gridOf(std::vector<int64_t> values) {
  constexpr size_t kMostDimensions = 4;
  Grid grid;
  grid.first = values.front();
  while (values.size() > 1) {
    // The longest run from the first on, which all others must repeat.
    const int64_t step = values[1] - values[0];
    size_t run = 2;
    while (run < values.size() && values[run] - values[run - 1] == step)
      ++run;
    if (values.size() % run || grid.sizes.size() == kMostDimensions)
      return std::nullopt;
    std::vector<int64_t> firsts;
    for (size_t i = 0; i < values.size(); ++i)
      if (i % run == 0)
        firsts.push_back(values[i]);
      else if (values[i] - values[i - 1] != step)
        return std::nullopt;
    grid.sizes.insert(grid.sizes.begin(), run);
    grid.steps.insert(grid.steps.begin(), step);
    values = std::move(firsts);
  }
  return grid;
}

/// As runs of one step each; nothing where there are too many to copy one by
/// one.
static std::optional<std::vector<Grid>>
runsOf(const std::vector<int64_t> &values) {
  constexpr size_t kMostRuns = 32;
  std::vector<Grid> runs;
  for (size_t i = 0; i < values.size();) {
    if (runs.size() == kMostRuns)
      return std::nullopt;
    int64_t step = i + 1 < values.size() ? values[i + 1] - values[i] : 1;
    size_t end = i + 1;
    while (end < values.size() && values[end] - values[end - 1] == step)
      ++end;
    // Two that do not go on belong to what comes after as well as here.
    if (end - i == 2 && std::abs(step) != 1)
      end = i + 1;
    runs.push_back({values[i],
                    {static_cast<int64_t>(end - i)},
                    {end == i + 1 ? 1 : step}});
    i = end;
  }
  return runs;
}

Val ValueBuilder::grid(const Val &x, int64_t axis, int64_t first,
                       const Shape &sizes, const Shape &steps) {
  Shape shape(x.shape().begin(), x.shape().begin() + axis);
  if (sizes.size() <= 1) {
    Shape offsets(x.rank(), 0), counts = x.shape().vec(), ones(x.rank(), 1);
    bool repeats = !sizes.empty() && steps[0] == 0;
    offsets[axis] = first;
    counts[axis] = sizes.empty() || repeats ? 1 : sizes[0];
    ones[axis] = sizes.empty() || repeats ? 1 : steps[0];
    Val part = slice(x, offsets, counts, ones);
    if (repeats)
      counts[axis] = sizes[0];
    return broadcast(part, counts);
  }
  llvm::append_range(shape, sizes);
  llvm::append_range(shape, x.shape().drop_front(axis + 1));
  auto type = tensorType(shape, x.element());
  Val result = emit(WindowOp::create(builder, loc, type, materialise(x), axis,
                                     first, sizes, steps));
  return result;
}

std::optional<Val> ValueBuilder::gatherConstant(const Val &x,
                                                const HostTensor &indices,
                                                int64_t axis) {
  std::vector<int64_t> positions = positionsOf(indices, x.dim(axis));
  Shape inner = indices.compact().shape();
  std::optional<Val> joined;
  if (auto affine = gridOf(positions);
      affine && (x.isFloat() || affine->sizes.size() <= 1)) {
    joined = grid(x, axis, affine->first, affine->sizes, affine->steps);
  } else if (auto runs = x.isConstant() ? std::nullopt : runsOf(positions)) {
    std::vector<Val> pieces;
    for (const Grid &run : *runs)
      pieces.push_back(grid(x, axis, run.first, run.sizes, run.steps));
    joined = concat(pieces, axis);
  }
  if (!joined)
    return std::nullopt;
  auto around = [&](const Shape &middle) {
    Shape shape(x.shape().begin(), x.shape().begin() + axis);
    llvm::append_range(shape, middle);
    llvm::append_range(shape, x.shape().drop_front(axis + 1));
    return shape;
  };
  return broadcast(reshape(*joined, around(inner)), around(indices.shape()));
}

Val ValueBuilder::gather(const Val &x, const Val &indices, int64_t axis) {
  if (indices.isFloat())
    throw InvalidNode("its indices are not integers");
  const bool vector = x.isConstant() && x.rank() == 1;
  if (indices.host && (x.host || vector))
    if (std::optional<HostTensor> table = known(x)) {
      auto folded = table->gather(*indices.host, axis);
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
  if (indices.host)
    if (auto view = gatherConstant(x, *indices.host, axis))
      return *view;
  // The host takes elements of a constant vector as they are.
  if (!x.isFloat() || vector)
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

Val ValueBuilder::counting(int64_t count) {
  Shape values(count);
  std::iota(values.begin(), values.end(), 0);
  return ints(values);
}

Val ValueBuilder::positions(const Val &indices, int64_t size) {
  if (indices.isFloat())
    throw InvalidNode("its indices are not integers");
  // A lookup among the integers below `size` counts negative indices from the
  // end, and the host refuses those out of range.
  return gather(counting(size), indices, 0);
}

Val ValueBuilder::places(const Shape &shape, const Shape &strides) {
  Val sum = ints({0});
  for (size_t d = 0; d < shape.size(); ++d) {
    Shape along(shape.size(), 1);
    along[d] = shape[d];
    if (shape[d] > 1 && strides[d] != 0)
      sum =
          add(sum, reshape(mul(counting(shape[d]), ints({strides[d]})), along));
  }
  return broadcast(sum, shape);
}

/// Whether the elements along a dimension are one and the same.
static bool repeats(const Val &x, int64_t dim) {
  if (x.host)
    return x.host->isBroadcast(dim);
  auto op = x.value ? x.value.getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!op)
    return x.dim(dim) == 1;
  RankedTensorType from = op.getInput().getType();
  int64_t inner = dim - (x.rank() - from.getRank());
  return inner < 0 || from.getDimSize(inner) == 1;
}

Val ValueBuilder::linearIndices(const Val &indices, ArrayRef<int64_t> table,
                                int64_t axis, int64_t row) {
  SmallVector<int64_t> strides = computeStrides(table);
  for (int64_t &stride : strides)
    stride /= row;
  Shape others(strides.begin(), strides.end());
  others[axis] = 0;
  return add(mul(positions(indices, table[axis]), ints({strides[axis]})),
             places(indices.shape().vec(), others));
}

Val ValueBuilder::gatherElements(const Val &x, const Val &given, int64_t axis) {
  if (x.host && given.host) {
    auto folded = x.host->gatherElements(*given.host, axis);
    if (!folded)
      throw InvalidNode("an index leaves the tensor it indexes");
    return fromHost(*folded);
  }
  if (given.type.getNumElements() == 0)
    return broadcast(scalar(0, x.element()), given.shape().vec());
  for (int64_t d = 0; d < x.rank(); ++d)
    if (d != axis && given.dim(d) > x.dim(d))
      throw InvalidNode("its indices of shape " + shapeText(given.shape()) +
                        " reach beyond its input of shape " +
                        shapeText(x.shape()));
  // Trailing dimensions that are taken whole are a row of what is gathered.
  Val indices = given;
  int64_t last = x.rank(), row = 1;
  while (last > axis + 1 && given.dim(last - 1) == x.dim(last - 1) &&
         repeats(given, last - 1)) {
    --last;
    row *= x.dim(last);
    indices = range(indices, last, 0, 1);
  }
  Val table = reshape(x, {x.type.getNumElements() / row, row});
  Val linear = linearIndices(indices, x.shape(), axis, row);
  return reshape(gather(table, linear, 0), given.shape().vec());
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
  if (batchDims == 0 && depth == 1)
    return gather(x,
                  reshape(indices, Shape(indices.shape().begin(),
                                         indices.shape().end() - 1)),
                  0);
  if (batchDims == 0 && indices.host && indices.type.getNumElements() > 0) {
    bool done;
    Val view = gatherAffine(x, *indices.host, depth, done);
    if (done)
      return view;
  }
  // Rows of a table, named by one number each.
  Shape outer(indices.shape().begin(), indices.shape().end() - 1);
  Shape result = outer;
  llvm::append_range(result, x.shape().drop_front(batchDims + depth));
  if (elementCount(result) == 0)
    return broadcast(scalar(0, x.element()), result);
  if (outer.empty())
    outer = {1};
  ArrayRef<int64_t> named = x.shape().take_front(batchDims + depth);
  for (int64_t d = 0; d < batchDims; ++d)
    if (outer[d] != named[d])
      throw InvalidNode("its indices do not fit its input");
  SmallVector<int64_t> strides = computeStrides(named);
  Shape batch(outer.size(), 0);
  std::copy_n(strides.begin(), batchDims, batch.begin());
  Val linear = places(outer, batch);
  for (int64_t i = 0; i < depth; ++i) {
    Val part = reshape(range(indices, indices.rank() - 1, i, 1), outer);
    linear = add(linear, mul(positions(part, named[batchDims + i]),
                             ints({strides[batchDims + i]})));
  }
  int64_t rows = *elementCount(Shape(named));
  Val table = reshape(x, {rows, x.type.getNumElements() / rows});
  return reshape(gather(table, linear, 0), result);
}

Val ValueBuilder::scattered(const Val &x, const Val &updates, const Val &linear,
                            int64_t rows) {
  // Row i of the result is row i of `x`, or the last update of it, in a table
  // of both: a gather by the inverse of the indices.
  const int64_t count = linear.type.getNumElements();
  Val map;
  if (linear.host) {
    Shape from(rows);
    std::iota(from.begin(), from.end(), 0);
    std::vector<int64_t> to = linear.host->intValues();
    for (int64_t i = 0; i < count; ++i)
      from[to[i]] = rows + i;
    map = ints(from);
  } else {
    if (rows > HostTensor::kMaxElements / count)
      throw UnsupportedNode(
          "a scatter of " + std::to_string(count) + " parts to " +
          std::to_string(rows) +
          " places that the data of an input names: the host looks for each "
          "among all");
    Val hit = binary(BinaryKind::Eq, reshape(linear, {1, count}),
                     reshape(counting(rows), {rows, 1}));
    Val latest = reduce(
        ReduceKind::Max,
        mul(cast(hit, builder.getI64Type()), add(counting(count), ints({1}))),
        {1});
    latest = reshape(latest, {rows});
    map = select(binary(BinaryKind::Gt, latest, ints({0})),
                 add(latest, ints({rows - 1})), counting(rows));
  }
  const int64_t row = x.type.getNumElements() / rows;
  Val table =
      concat({reshape(x, {rows, row}), reshape(updates, {count, row})}, 0);
  return reshape(gather(table, map, 0), x.shape().vec());
}
