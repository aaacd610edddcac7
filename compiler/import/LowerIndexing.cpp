// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of ONNX ops that take, put or mark elements by their indices. A
// scatter is a gather by the inverse of its indices.

#include "compiler/import/Sampling.h"

#include <algorithm>
#include <limits>

using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = NodeContext::Shape;

void tilework::lowerGather(NodeContext &c) {
  int64_t axis = c.axis(c.integer("axis", 0), c.in(0).rank());
  c.set(0, c.b.gather(c.in(0), c.in(1), axis));
}

void tilework::lowerGatherElements(NodeContext &c) {
  const Val &x = c.in(0), &indices = c.in(1);
  int64_t axis = c.axis(c.integer("axis", 0), x.rank());
  if (indices.rank() != x.rank())
    throw InvalidNode("its indices differ in rank from its input");
  if (x.host && x.type.getNumElements() > 0 && x.host->isSplat()) {
    // All elements are equal: the indices choose nothing.
    Shape one(x.rank(), 1);
    return c.set(0, c.b.broadcast(c.b.slice(x, Shape(x.rank(), 0), one, one),
                                  indices.shape().vec()));
  }
  c.set(0, c.b.gatherElements(x, indices, axis));
}

void tilework::lowerGatherND(NodeContext &c) {
  c.set(0, c.b.gatherND(c.in(0), c.in(1), c.integer("batch_dims", 0)));
}

namespace {
/// How updates join what they meet; `neutral` changes nothing.
struct Reduction {
  BinaryKind kind;
  double neutral;
};
} // namespace

/// Nothing where an update replaces.
static std::optional<Reduction> reductionOf(NodeContext &c) {
  std::string_view name = c.text("reduction", "none");
  const double infinity = std::numeric_limits<double>::infinity();
  if (name == "none")
    return std::nullopt;
  if (name == "add")
    return Reduction{BinaryKind::Add, -0.0};
  if (name == "mul")
    return Reduction{BinaryKind::Mul, 1};
  if (name == "max")
    return Reduction{BinaryKind::Max, -infinity};
  if (name == "min")
    return Reduction{BinaryKind::Min, infinity};
  throw InvalidNode("its reduction is none of none, add, mul, max and min");
}

/// Puts the rows of `updates` at the rows of `x` that `linear` numbers.
static Val scatter(NodeContext &c, const Val &x, const Val &updates,
                   const Val &linear, int64_t rows) {
  std::optional<Reduction> reduction = reductionOf(c);
  if (updates.element() != x.element())
    throw InvalidNode("its updates differ in element type from its input");
  if (linear.type.getNumElements() == 0 || x.type.getNumElements() == 0)
    return x;
  if (!reduction)
    return c.b.scattered(x, updates, linear, rows);
  if (!linear.host || !x.isFloat())
    throw UnsupportedNode("a scatter with the reduction '" +
                          std::string(c.text("reduction", "")) + "' " +
                          (linear.host ? "of integers"
                                       : "at indices that depend on the data "
                                         "of an input"));
  // One round takes one update of each row, or what changes nothing.
  const int64_t row = x.type.getNumElements() / rows;
  const int64_t count = linear.type.getNumElements();
  Val neutral =
      c.b.broadcast(c.b.scalar(reduction->neutral, x.element()), {1, row});
  Val table = c.b.concat({neutral, c.b.reshape(updates, {count, row})}, 0);
  Val result = c.b.reshape(x, {rows, row});
  std::vector<int64_t> to = linear.host->intValues();
  std::vector<bool> done(count, false);
  for (int64_t left = count; left > 0;) {
    Shape from(rows, 0);
    for (int64_t i = 0; i < count; ++i)
      if (!done[i] && from[to[i]] == 0) {
        from[to[i]] = i + 1;
        done[i] = true;
        --left;
      }
    result = c.b.binary(reduction->kind, result,
                        c.b.gather(table, c.b.ints(from), 0));
  }
  return c.b.reshape(result, x.shape().vec());
}

void tilework::lowerScatterElements(NodeContext &c) {
  const Val &x = c.in(0), &indices = c.in(1), &updates = c.in(2);
  int64_t axis = c.axis(c.integer("axis", 0), x.rank());
  if (indices.rank() != x.rank() || updates.shape() != indices.shape())
    throw InvalidNode("its indices and updates do not fit its input");
  for (int64_t d = 0; d < x.rank(); ++d)
    if (indices.dim(d) > x.dim(d) && d != axis)
      throw InvalidNode("its indices reach beyond its input");
  c.set(0,
        scatter(c, x, updates, c.b.linearIndices(indices, x.shape(), axis, 1),
                x.type.getNumElements()));
}

void tilework::lowerScatterND(NodeContext &c) {
  const Val &x = c.in(0), &indices = c.in(1), &updates = c.in(2);
  if (indices.rank() < 1)
    throw InvalidNode("its indices are a scalar");
  const int64_t depth = indices.dim(-1);
  Shape outer(indices.shape().begin(), indices.shape().end() - 1);
  Shape wanted = outer;
  if (depth <= x.rank())
    llvm::append_range(wanted, x.shape().drop_front(depth));
  if (depth < 1 || depth > x.rank() ||
      updates.shape() != llvm::ArrayRef<int64_t>(wanted))
    throw InvalidNode("its indices or updates do not fit its input");
  if (reductionOf(c) == std::nullopt) {
    auto to = c.b.known(x), at = c.b.known(indices), from = c.b.known(updates);
    if (to && at && from)
      if (auto folded = to->scatterND(*at, *from))
        return c.set(0, c.b.fromHost(*folded));
  }
  Val linear = c.b.ints({0});
  int64_t rows = 1;
  for (int64_t i = 0; i < depth; ++i) {
    Val part = c.b.reshape(c.b.range(indices, indices.rank() - 1, i, 1), outer);
    linear = c.b.add(c.b.mul(linear, c.b.ints({x.dim(i)})),
                     c.b.positions(part, x.dim(i)));
    rows *= x.dim(i);
  }
  c.set(0, scatter(c, x, updates, linear, rows));
}

void tilework::lowerOneHot(NodeContext &c) {
  const Val &indices = c.in(0), &values = c.in(2);
  std::optional<HostTensor> given = c.b.known(c.in(1));
  if (!given)
    throw UnsupportedNode("its depth depends on the data of an input, so "
                          "shapes would change from run to run");
  if (given->size() != 1 || values.type.getNumElements() != 2)
    throw InvalidNode("its depth is not one number, or its values are not two");
  const int64_t depth = given->isFloat()
                            ? static_cast<int64_t>(given->floatValue())
                            : given->intValue();
  if (depth < 1 || depth > HostTensor::kMaxElements)
    throw InvalidNode("its depth of " + std::to_string(depth) +
                      " is no number of classes");
  const int64_t axis = c.axis(c.integer("axis", -1), indices.rank() + 1);
  Shape one = indices.shape().vec(), along(one.size() + 1, 1);
  one.insert(one.begin() + axis, 1);
  along[axis] = depth;
  // An index names its class, or counts from the end; others name none.
  Val classes =
      c.b.cast(c.b.reshape(c.b.counting(depth), along), indices.element());
  Val index = c.b.reshape(indices, one);
  Val fromEnd = c.b.add(index, c.b.scalar(depth, indices.element()));
  Val hot =
      c.b.binary(BinaryKind::Or, c.b.binary(BinaryKind::Eq, index, classes),
                 c.b.binary(BinaryKind::Eq, fromEnd, classes));
  auto value = [&](int64_t i) {
    return c.b.reshape(c.b.range(c.b.reshape(values, {2}), 0, i, 1), {});
  };
  c.set(0, c.b.select(hot, value(1), value(0)));
}

void tilework::lowerCumSum(NodeContext &c) {
  const Val &x = c.in(0);
  Shape given = c.b.requireInts(c.in(1), "the axis");
  if (given.size() != 1)
    throw InvalidNode("its axis is not a scalar");
  const int64_t axis = c.axis(given[0], x.rank());
  const bool exclusive = c.integer("exclusive", 0) != 0;
  const bool reverse = c.integer("reverse", 0) != 0;
  if (!x.isFloat() || x.isConstant() || x.type.getNumElements() == 0)
    return c.set(0, c.b.cumSum(x, axis, exclusive, reverse));
  // A product with a triangle of ones.
  Sampling ones(x.dim(axis), x.dim(axis));
  for (int64_t from = 0; from < ones.inputs; ++from)
    for (int64_t to = 0; to < ones.outputs; ++to)
      if (reverse ? to + exclusive <= from : from + exclusive <= to)
        ones.at(from, to) = 1;
  c.set(0, sample(c, x, axis, ones));
}

void tilework::lowerTrilu(NodeContext &c) {
  const Val &x = c.in(0);
  if (x.rank() < 2)
    throw InvalidNode("its input has fewer than two dimensions");
  const int64_t rows = x.dim(-2), columns = x.dim(-1);
  const bool upper = c.integer("upper", 1) != 0;
  Val k = c.has(1) ? c.in(1) : c.b.ints({0});
  if (k.isFloat() || k.type.getNumElements() != 1)
    throw InvalidNode("its k is not one integer");
  if (auto whole = c.b.known(x); whole && k.host)
    if (auto folded = whole->triangle(
            std::clamp(k.host->intValue(), -rows, columns), upper))
      return c.set(0, c.b.fromHost(*folded));
  Val distance = c.b.binary(BinaryKind::Sub,
                            c.b.reshape(c.b.counting(columns), {1, columns}),
                            c.b.reshape(c.b.counting(rows), {rows, 1}));
  Val kept = c.b.binary(upper ? BinaryKind::Ge : BinaryKind::Le, distance,
                        c.b.cast(c.b.reshape(k, {}), c.b.builder.getI64Type()));
  c.set(0, c.b.select(kept, x, c.b.scalar(0, x.element())));
}
