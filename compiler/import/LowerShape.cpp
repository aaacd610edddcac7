// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of ONNX ops about shapes and views. Most of their nodes fold by
// value; the rest become view ops.

#include "compiler/import/Lowering.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace tilework;
using onnx::DataType;
using Shape = NodeContext::Shape;

void tilework::lowerConstant(NodeContext &c) {
  if (const onnx::Attribute *a = c.attribute("value"); a && a->t)
    return c.set(0, c.constant(*a->t));
  mlir::Builder &builder = c.b.builder;
  if (const onnx::Attribute *a = c.attribute("value_float"))
    return c.set(0, c.b.scalar(a->f, builder.getF32Type()));
  if (const onnx::Attribute *a = c.attribute("value_int"))
    return c.set(0, c.b.scalar(a->i, builder.getI64Type()));
  if (const onnx::Attribute *a = c.attribute("value_ints"))
    return c.set(0, c.b.ints(a->ints));
  if (const onnx::Attribute *a = c.attribute("value_floats")) {
    Shape shape{static_cast<int64_t>(a->floats.size())};
    std::vector<double> values(a->floats.begin(), a->floats.end());
    return c.set(0, c.b.fromHost(HostTensor::fromFloats(DataType::Float, shape,
                                                        std::move(values))));
  }
  throw UnsupportedNode("a constant other than a dense tensor of numbers");
}

void tilework::lowerConstantOfShape(NodeContext &c) {
  Shape shape = c.b.requireInts(c.in(0), "the shape");
  if (!elementCount(shape))
    throw InvalidNode("its shape is negative or too large");
  Val value = c.b.scalar(0, c.b.builder.getF32Type());
  if (const onnx::Attribute *a = c.attribute("value"); a && a->t)
    value = c.b.reshape(c.constant(*a->t), {});
  c.set(0, c.b.broadcast(value, shape));
}

void tilework::lowerShape(NodeContext &c) {
  Shape shape = shapeOf(c.in(0));
  auto rank = static_cast<int64_t>(shape.size());
  auto bound = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound(c.integer("start", 0));
  int64_t end = bound(c.integer("end", rank));
  c.set(0,
        c.b.ints(start < end ? Shape(shape.begin() + start, shape.begin() + end)
                             : Shape()));
}

void tilework::lowerSize(NodeContext &c) {
  c.set(0, c.b.scalar(c.in(0).type.getNumElements(), c.b.builder.getI64Type()));
}

void tilework::lowerRange(NodeContext &c) {
  auto start = c.b.known(c.in(0)), limit = c.b.known(c.in(1));
  auto delta = c.b.known(c.in(2));
  if (!start || !limit || !delta)
    throw UnsupportedNode("a range whose length depends on the data of an "
                          "input");
  if (start->size() != 1 || limit->size() != 1 || delta->size() != 1)
    throw InvalidNode("its inputs are not scalars");
  double step = delta->floatValue();
  double length = std::ceil((limit->floatValue() - start->floatValue()) / step);
  if (step == 0 || !(length <= HostTensor::kMaxElements))
    throw InvalidNode("its length is not finite or too large");
  auto count = static_cast<int64_t>(std::max(length, 0.0));
  if (start->isFloat()) {
    std::vector<double> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = roundTo(start->type(), start->floatValue() + i * step);
    return c.set(0, c.b.fromHost(HostTensor::fromFloats(start->type(), {count},
                                                        std::move(values))));
  }
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = start->intValue() + i * delta->intValue();
  c.set(0, c.b.fromHost(HostTensor::fromInts(start->type(), {count},
                                             std::move(values))));
}

void tilework::lowerNonZero(NodeContext &c) {
  std::optional<HostTensor> x = c.b.known(c.in(0));
  if (!x)
    throw UnsupportedNode("the number of its results depends on the data of an "
                          "input, so shapes would change from run to run");
  const std::vector<double> values = x->floatValues();
  // A scalar is a vector of one.
  Shape shape = x->rank() ? Shape(x->shape()) : Shape{1};
  std::vector<Shape> places(shape.size());
  for (size_t at = 0; at < values.size(); ++at) {
    if (values[at] == 0)
      continue;
    auto rest = static_cast<int64_t>(at);
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
      places[d].push_back(rest % shape[d]);
  }
  Shape all;
  for (const Shape &place : places)
    all.insert(all.end(), place.begin(), place.end());
  const auto rank = static_cast<int64_t>(shape.size());
  c.set(0, c.b.reshape(c.b.ints(all),
                       {rank, static_cast<int64_t>(all.size()) / rank}));
}

void tilework::lowerReshape(NodeContext &c) {
  const Val &x = c.in(0);
  Shape shape = c.b.requireInts(c.in(1), "the new shape");
  bool zeroIsZero = c.integer("allowzero", 0) != 0;
  int64_t inferred = -1, known = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zeroIsZero) {
      if (static_cast<int64_t>(i) >= x.rank())
        throw InvalidNode("its shape copies a dimension that is not there");
      shape[i] = x.dim(i);
    }
    if (shape[i] == -1 && inferred < 0)
      inferred = i;
    else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
      throw InvalidNode("its shape is negative or too large");
  }
  if (inferred >= 0) {
    if (known == 0 || x.type.getNumElements() % known)
      throw InvalidNode("its input of shape " + shapeText(x.shape()) +
                        " cannot be split into " + shapeText(shape));
    shape[inferred] = x.type.getNumElements() / known;
  }
  c.set(0, c.b.reshape(x, shape));
}

void tilework::lowerFlatten(NodeContext &c) {
  const Val &x = c.in(0);
  int64_t axis = c.integer("axis", 1), rows = 1, columns = 1;
  axis = axis < 0 ? axis + x.rank() : axis;
  for (int64_t i = 0; i < x.rank(); ++i)
    (i < axis ? rows : columns) *= x.dim(i);
  c.set(0, c.b.reshape(x, {rows, columns}));
}

void tilework::lowerTranspose(NodeContext &c) {
  Shape permutation;
  for (int64_t i = c.in(0).rank(); i-- > 0;)
    permutation.push_back(i);
  c.set(0, c.b.transpose(c.in(0), c.integers("perm").value_or(permutation)));
}

void tilework::lowerSqueeze(NodeContext &c) {
  const Val &x = c.in(0);
  std::optional<Shape> axes = c.integersFrom("axes", 1);
  std::vector<bool> drop(x.rank(), false);
  if (axes && axes->empty() && llvm::is_contained(x.shape(), 1))
    throw UnsupportedNode("an empty list of axes, which drops no dimension by "
                          "the standard and every one of size 1 in ONNX "
                          "Runtime; leave the list out, or the node");
  for (int64_t i = 0; i < x.rank() && !axes; ++i)
    drop[i] = x.dim(i) == 1;
  for (int64_t axis : axes.value_or(Shape())) {
    int64_t i = c.axis(axis, x.rank());
    if (x.dim(i) != 1)
      throw InvalidNode("it drops a dimension of more than one element");
    drop[i] = true;
  }
  Shape shape;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (!drop[i])
      shape.push_back(x.dim(i));
  c.set(0, c.b.reshape(x, shape));
}

void tilework::lowerUnsqueeze(NodeContext &c) {
  const Val &x = c.in(0);
  Shape axes = c.integersFrom("axes", 1).value_or(Shape());
  auto rank = static_cast<int64_t>(x.rank() + axes.size());
  std::vector<bool> added(rank, false);
  for (int64_t axis : axes) {
    int64_t i = c.axis(axis, rank);
    if (added[i])
      throw InvalidNode("its axes name a dimension twice");
    added[i] = true;
  }
  Shape shape;
  for (int64_t i = 0, from = 0; i < rank; ++i)
    shape.push_back(added[i] ? 1 : x.dim(from++));
  c.set(0, c.b.reshape(x, shape));
}

void tilework::lowerExpand(NodeContext &c) {
  Shape asked = c.b.requireInts(c.in(1), "the new shape");
  auto shape = graph::broadcastShapes(c.in(0).shape(), asked);
  if (failed(shape))
    throw InvalidNode("its shape " + shapeText(c.in(0).shape()) +
                      " cannot be expanded to " + shapeText(asked));
  c.set(0, c.b.broadcast(c.in(0), Shape(shape->begin(), shape->end())));
}

void tilework::lowerTile(NodeContext &c) {
  Val x = c.in(0);
  Shape repeats = c.b.requireInts(c.in(1), "the repeats");
  if (static_cast<int64_t>(repeats.size()) != x.rank())
    throw InvalidNode("its repeats do not fit the rank");
  // [a, b] repeated [m, n] is [1, a, 1, b] broadcast to [m, a, n, b].
  Shape split, wide, joined;
  for (int64_t i = 0; i < x.rank(); ++i) {
    split.insert(split.end(), {1, x.dim(i)});
    wide.insert(wide.end(), {repeats[i], x.dim(i)});
    int64_t size;
    if (repeats[i] < 0 || __builtin_mul_overflow(repeats[i], x.dim(i), &size))
      throw InvalidNode("its repeats are negative or too large");
    joined.push_back(size);
  }
  c.set(0, c.b.reshape(c.b.broadcast(c.b.reshape(x, split), wide), joined));
}

void tilework::lowerConcat(NodeContext &c) {
  int64_t axis = c.axis(c.integer("axis", 0), c.in(0).rank());
  std::vector<Val> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(c.in(i));
  c.set(0, c.b.concat(inputs, axis));
}

Val tilework::padded(NodeContext &c, const Val &x, int64_t axis, int64_t before,
                     int64_t after, const Val &value) {
  std::vector<Val> parts;
  auto add = [&](int64_t count) {
    if (count <= 0)
      return;
    Shape shape = shapeOf(x);
    shape[axis] = count;
    parts.push_back(c.b.broadcast(value, shape));
  };
  add(before);
  parts.push_back(x);
  add(after);
  return parts.size() == 1 ? x : c.b.concat(parts, axis);
}

/// The elements of a dimension of `size` that a padded one consists of.
static Val paddedIndices(NodeContext &c, std::string_view mode, int64_t size,
                         int64_t before, int64_t after) {
  if (size == 0)
    throw InvalidNode("it repeats elements of a dimension that has none");
  Shape from;
  const int64_t period =
      mode == "wrap" ? size : std::max<int64_t>(2 * size - 2, 1);
  for (int64_t i = -before; i < size + after; ++i) {
    int64_t at = (i % period + period) % period;
    from.push_back(mode == "edge" ? std::clamp<int64_t>(i, 0, size - 1)
                   : at < size    ? at
                                  : period - at);
  }
  return c.b.ints(from);
}

void tilework::lowerPad(NodeContext &c) {
  Val x = c.in(0);
  std::string_view mode = c.text("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" &&
      mode != "wrap")
    throw InvalidNode("its mode is none of constant, reflect, edge and wrap");
  Shape pads = c.integersFrom("pads", 1).value_or(Shape());
  Shape axes;
  for (int64_t i = 0; i < x.rank(); ++i)
    axes.push_back(i);
  if (c.has(3))
    axes = c.b.requireInts(c.in(3), "axes");
  if (pads.size() != 2 * axes.size())
    throw InvalidNode("its pads do not fit its axes");
  Val value = c.optional(2);
  if (value.isAbsent())
    value = c.b.scalar(c.real("value", 0), x.element());
  value = c.b.reshape(value, {});
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = c.axis(axes[i], x.rank());
    int64_t before = pads[i], after = pads[i + axes.size()];
    if (std::min(before, after) < -HostTensor::kMaxElements ||
        std::max(before, after) > HostTensor::kMaxElements)
      throw InvalidNode("its pads are too large");
    // Negative pads cut.
    int64_t first = std::max<int64_t>(-before, 0);
    int64_t size = x.dim(axis) - first - std::max<int64_t>(-after, 0);
    if (size < 0)
      throw InvalidNode("its pads cut more than there is");
    before = std::max<int64_t>(before, 0);
    after = std::max<int64_t>(after, 0);
    if (mode != "constant") {
      x = c.b.range(x, axis, first, size);
      if (before + after > 0)
        x = c.b.gather(x, paddedIndices(c, mode, size, before, after), axis);
      continue;
    }
    x = padded(c, c.b.range(x, axis, first, size), axis, before, after, value);
  }
  c.set(0, x);
}

void tilework::lowerCenterCropPad(NodeContext &c) {
  Val x = c.in(0);
  Shape sizes = c.b.requireInts(c.in(1), "shape");
  Shape axes = c.integers("axes").value_or(Shape());
  if (axes.empty())
    for (int64_t i = 0; i < x.rank(); ++i)
      axes.push_back(i);
  if (sizes.size() != axes.size())
    throw InvalidNode("its shape does not fit its axes");
  Val zero = c.b.scalar(0, x.element());
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = c.axis(axes[i], x.rank()), size = x.dim(axis);
    if (sizes[i] < 0 || sizes[i] > HostTensor::kMaxElements)
      throw InvalidNode("its shape is negative or too large");
    int64_t missing = std::max<int64_t>(sizes[i] - size, 0);
    int64_t kept = std::min(sizes[i], size);
    x = padded(c, c.b.range(x, axis, (size - kept) / 2, kept), axis,
               missing / 2, missing - missing / 2, zero);
  }
  c.set(0, x);
}

void tilework::lowerSplit(NodeContext &c) {
  const Val &x = c.in(0);
  int64_t axis = c.axis(c.integer("axis", 0), x.rank());
  auto parts = static_cast<int64_t>(c.node.outputs.size());
  if (c.integer("num_outputs", parts) != parts)
    throw InvalidNode("its num_outputs is not the number of its outputs");
  Shape sizes = c.integersFrom("split", 1).value_or(Shape());
  if (sizes.empty()) {
    if (parts == 0)
      throw InvalidNode("it has no output");
    int64_t size = (x.dim(axis) + parts - 1) / parts;
    for (int64_t i = 0, rest = x.dim(axis); i < parts; ++i, rest -= size)
      sizes.push_back(std::clamp<int64_t>(rest, 0, size));
  }
  if (static_cast<int64_t>(sizes.size()) != parts)
    throw InvalidNode("its split does not fit its outputs");
  int64_t sum = 0;
  for (int64_t size : sizes)
    if (size < 0 || __builtin_add_overflow(sum, size, &sum))
      throw InvalidNode("its split holds a size that cannot be");
  if (sum != x.dim(axis))
    throw InvalidNode("the sizes of its split add up to " +
                      std::to_string(sum) + ", and the dimension is " +
                      std::to_string(x.dim(axis)));
  int64_t first = 0;
  for (int64_t i = 0; i < parts; ++i) {
    c.set(i, c.b.range(x, axis, first, sizes[i]));
    first += sizes[i];
  }
}

void tilework::lowerSlice(NodeContext &c) {
  const Val &x = c.in(0);
  Shape starts = c.integersFrom("starts", 1).value_or(Shape());
  Shape ends = c.integersFrom("ends", 2).value_or(Shape());
  Shape axes = c.integersFrom("axes", 3).value_or(Shape());
  Shape steps = c.integersFrom("steps", 4).value_or(Shape(starts.size(), 1));
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i)
      axes.push_back(i);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    throw InvalidNode("its starts, ends, axes and steps differ in length");
  Shape offsets(x.rank(), 0), sizes = shapeOf(x), strides(x.rank(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = c.axis(axes[i], x.rank()), size = x.dim(axis);
    int64_t step = steps[i];
    if (step == 0 || step == std::numeric_limits<int64_t>::min())
      throw InvalidNode("a step is zero");
    // Bounds of INT64_MIN and INT64_MAX are common and must not overflow. A
    // start before the first element is that one, whatever the direction.
    int64_t high = step > 0 ? size : size - 1;
    auto bound = [&](int64_t value, int64_t low) {
      return std::clamp(value < 0 ? value + size : value, low, high);
    };
    int64_t start = bound(starts[i], std::min<int64_t>(0, high));
    int64_t end = bound(ends[i], step > 0 ? 0 : -1);
    int64_t span = step > 0 ? end - start : start - end;
    int64_t stride = step > 0 ? step : -step;
    sizes[axis] = span <= 0 ? 0 : (span - 1) / stride + 1;
    offsets[axis] = sizes[axis] == 0 ? 0 : start;
    strides[axis] = sizes[axis] <= 1 ? 1 : step;
  }
  c.set(0, c.b.slice(x, offsets, sizes, strides));
}

/// Blocks of b × b elements between depth and space, both ways; in the mode
/// CRD the place in a block is behind the channel.
static void exchangeBlocks(NodeContext &c, bool toSpace) {
  const Val &x = c.in(0);
  const int64_t b = c.integer("blocksize", 0);
  const bool behind = c.text("mode", "DCR") == "CRD";
  if (x.rank() != 4 || b < 1 ||
      (toSpace ? x.dim(1) % b || x.dim(1) / b % b
               : x.dim(2) % b || x.dim(3) % b))
    throw InvalidNode("its blocksize does not divide its input");
  const int64_t n = x.dim(0);
  if (toSpace) {
    const int64_t depth = x.dim(1) / (b * b), rows = x.dim(2),
                  columns = x.dim(3);
    Val split = c.b.reshape(x, behind ? Shape{n, depth, b, b, rows, columns}
                                      : Shape{n, b, b, depth, rows, columns});
    Val moved = c.b.transpose(split, behind ? Shape{0, 1, 4, 2, 5, 3}
                                            : Shape{0, 3, 4, 1, 5, 2});
    return c.set(0, c.b.reshape(moved, {n, depth, rows * b, columns * b}));
  }
  const int64_t depth = x.dim(1), rows = x.dim(2) / b, columns = x.dim(3) / b;
  Val split = c.b.reshape(x, {n, depth, rows, b, columns, b});
  Val moved = c.b.transpose(split, behind ? Shape{0, 1, 3, 5, 2, 4}
                                          : Shape{0, 3, 5, 1, 2, 4});
  c.set(0, c.b.reshape(moved, {n, depth * b * b, rows, columns}));
}

void tilework::lowerDepthToSpace(NodeContext &c) { exchangeBlocks(c, true); }

void tilework::lowerSpaceToDepth(NodeContext &c) { exchangeBlocks(c, false); }

void tilework::lowerEyeLike(NodeContext &c) {
  const Val &x = c.in(0);
  if (x.rank() != 2 || x.type.getNumElements() > HostTensor::kMaxElements)
    throw InvalidNode("its input is no matrix of a reasonable size");
  auto type = static_cast<DataType>(c.integer(
      "dtype", static_cast<int64_t>(graph::elementTypeOf(x.element()))));
  std::vector<int64_t> values(x.type.getNumElements(), 0);
  int64_t k = c.integer("k", 0);
  for (int64_t i = 0; i < x.dim(0); ++i)
    if (i + k >= 0 && i + k < x.dim(1))
      values[i * x.dim(1) + i + k] = 1;
  auto folded =
      HostTensor::fromInts(DataType::Int64, shapeOf(x), std::move(values))
          .cast(type);
  if (!folded)
    throw UnsupportedNode("its element type");
  c.set(0, c.b.fromHost(*folded));
}
