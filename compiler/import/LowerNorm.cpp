// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of normalisations, and of ONNX Runtime's fused embedding and skip
// normalisations.

#include "compiler/import/Lowering.h"

using namespace tilework;
using graph::BinaryKind;
using graph::ReduceKind;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

/// Scale or shift of a normalisation of `x` over the dimensions from `axis` on,
/// as the vector that the normalisation itself takes; absent where it differs
/// between rows.
static Val normVector(NodeContext &c, const Val &x, int64_t axis,
                      const Val &v) {
  if (v.isAbsent())
    return v;
  Shape shape = shapeOf(v), wanted(x.shape().begin() + axis, x.shape().end());
  while (shape.size() > wanted.size() && shape.front() == 1)
    shape.erase(shape.begin());
  if (shape.size() > wanted.size())
    return Val();
  Val wide = c.b.broadcast(c.b.reshape(v, shape), wanted);
  return c.b.reshape(wide, {wide.type.getNumElements()});
}

/// The normalisation over the dimensions from the axis on, as one dimension,
/// times the scale, plus the shift. What differs between rows stands behind it.
static void lowerNorm(NodeContext &c, const Val &shift, bool root) {
  Val x = c.in(0), scale = c.in(1);
  if (x.rank() == 0)
    throw InvalidNode("its input is a scalar");
  int64_t axis = c.axis(c.integer("axis", -1), x.rank());
  Shape joined(x.shape().begin(), x.shape().begin() + axis);
  int64_t inner = 1;
  for (int64_t i = axis; i < x.rank(); ++i)
    inner *= x.dim(i);
  joined.push_back(inner);
  Val scaleVector = normVector(c, x, axis, scale);
  Val shiftVector = normVector(c, x, axis, shift);
  bool scaled = !scaleVector.isAbsent();
  if (!scaled) {
    scaleVector = c.b.broadcast(c.b.scalar(1, x.element()), {inner});
    shiftVector = Val();
  }
  Val flat = c.b.reshape(x, joined);
  float epsilon = c.real("epsilon", 1e-5f);
  Val result = root ? c.b.rmsNorm(flat, scaleVector, epsilon)
                    : c.b.layerNorm(flat, scaleVector, shiftVector, epsilon);
  result = c.b.reshape(result, shapeOf(x));
  if (!scaled)
    result = c.b.mul(result, scale);
  if (!shift.isAbsent() && shiftVector.isAbsent())
    result = c.b.add(result, shift);
  if (result.shape() != x.shape())
    throw InvalidNode("its scale or shift is larger than its input");
  c.set(0, result);
}

/// Means of the dimensions from the axis on, kept as 1.
static Val meanFrom(NodeContext &c, const Val &x, int64_t axis) {
  Shape axes;
  for (int64_t i = axis; i < x.rank(); ++i)
    axes.push_back(i);
  return c.b.reduce(ReduceKind::Mean, x, axes);
}

/// Sets the outputs of the mean, at `index`, and of the inverse deviation of x,
/// behind it, as far as they are read; a root mean square has no mean.
static void setStatistics(NodeContext &c, const Val &x, int64_t axis,
                          size_t index, bool root, float epsilon) {
  size_t inverse = root ? index : index + 1;
  if (!c.wants(index) && !c.wants(inverse))
    return;
  auto stored = [&](const Val &v) {
    return c.b.cast(v, x.element().isF64() ? x.element()
                                           : c.b.builder.getF32Type());
  };
  Val below = x;
  if (!root) {
    Val mean = meanFrom(c, x, axis);
    c.set(index, stored(mean));
    below = c.b.binary(BinaryKind::Sub, x, mean);
  }
  Val variance = meanFrom(c, c.b.mul(below, below), axis);
  if (!root) {
    // The mean may be rounded: what it misses of the values is taken off again.
    Val rest = meanFrom(c, below, axis);
    variance = c.b.binary(BinaryKind::Sub, variance, c.b.mul(rest, rest));
  }
  c.set(inverse,
        stored(c.b.unary(UnaryKind::Rsqrt,
                         c.b.add(variance, c.b.scalar(epsilon, x.element())))));
}

void tilework::lowerLayerNorm(NodeContext &c) {
  lowerNorm(c, c.optional(2), false);
  int64_t axis = c.axis(c.integer("axis", -1), c.in(0).rank());
  setStatistics(c, c.in(0), axis, 1, false, c.real("epsilon", 1e-5f));
}

void tilework::lowerRmsNorm(NodeContext &c) {
  lowerNorm(c, Val(), true);
  int64_t axis = c.axis(c.integer("axis", -1), c.in(0).rank());
  setStatistics(c, c.in(0), axis, 1, true, c.real("epsilon", 1e-5f));
}

/// The normalisation over the last dimension, without scale and shift.
static Val standardised(NodeContext &c, const Val &x, float epsilon) {
  Val ones = c.b.broadcast(c.b.scalar(1, x.element()), {x.dim(-1)});
  return c.b.layerNorm(x, ones, Val(), epsilon);
}

/// Normalises each group of channels of [batch, channels, ...] over its
/// elements and scales and shifts each channel.
static void normaliseGroups(NodeContext &c, int64_t groups) {
  Val x = c.in(0);
  if (x.rank() < 2 || groups <= 0 || x.dim(1) % groups)
    throw InvalidNode("its channels cannot be split into its groups");
  int64_t batch = x.dim(0), channels = x.dim(1);
  int64_t all = x.type.getNumElements();
  int64_t inner = all && batch ? all / (batch * groups) : 0;
  Val flat = c.b.reshape(x, {batch, groups, inner});
  Val normal =
      c.b.reshape(standardised(c, flat, c.real("epsilon", 1e-5f)), shapeOf(x));
  Shape each(x.rank() - 1, 1);
  each[0] = channels;
  // Before operator set 21 a group has one scale and one shift.
  auto parameter = [&](size_t i) {
    Val v = c.in(i);
    if (v.rank() == 1 && v.dim(0) == groups && groups != channels)
      v = c.b.broadcast(c.b.reshape(v, {groups, 1}),
                        {groups, channels / groups});
    return c.b.reshape(v, each);
  };
  c.set(0, c.b.add(c.b.mul(normal, parameter(1)), parameter(2)));
}

void tilework::lowerInstanceNorm(NodeContext &c) {
  normaliseGroups(c, c.in(0).rank() < 2 ? 0 : c.in(0).dim(1));
}

void tilework::lowerGroupNorm(NodeContext &c) {
  normaliseGroups(c, c.integer("num_groups", 0));
}

void tilework::lowerBatchNorm(NodeContext &c) {
  Val x = c.in(0);
  if (x.rank() < 2)
    throw InvalidNode("its input has no channels");
  if (c.integer("training_mode", 0) || c.wants(1) || c.wants(2))
    throw UnsupportedNode("batch normalisation in training mode; export the "
                          "model in evaluation mode");
  if (!c.integer("spatial", 1))
    throw UnsupportedNode("statistics of each element (spatial = 0)");
  Shape each(x.rank() - 1, 1);
  each[0] = x.dim(1);
  auto parameter = [&](size_t i) {
    Val v = c.in(i);
    if (v.type.getNumElements() != x.dim(1))
      throw InvalidNode("its input " + std::to_string(i) +
                        " has no element a channel");
    return c.b.cast(c.b.reshape(v, each), x.element());
  };
  Val epsilon = c.b.scalar(c.real("epsilon", 1e-5f), x.element());
  Val factor = c.b.mul(parameter(1), c.b.unary(UnaryKind::Rsqrt,
                                               c.b.add(parameter(4), epsilon)));
  Val below = c.b.binary(BinaryKind::Sub, x, parameter(3));
  c.set(0, c.b.add(c.b.mul(below, factor), parameter(2)));
}

void tilework::lowerLpNorm(NodeContext &c) {
  Val x = c.in(0);
  int64_t axis = c.axis(c.integer("axis", -1), x.rank());
  int64_t power = c.integer("p", 2);
  if (power != 1 && power != 2)
    throw InvalidNode("its p is neither 1 nor 2");
  Val parts = power == 1 ? c.b.unary(UnaryKind::Abs, x) : c.b.mul(x, x);
  Val norm = c.b.reduce(ReduceKind::Sum, parts, {axis});
  if (power == 2)
    norm = c.b.unary(UnaryKind::Sqrt, norm);
  Val zero = c.b.scalar(0, x.element());
  c.set(0, c.b.select(c.b.binary(BinaryKind::Eq, norm, zero), zero,
                      c.b.binary(BinaryKind::Div, x, norm)));
}

void tilework::lowerMeanVarianceNorm(NodeContext &c) {
  Val x = c.in(0);
  Shape axes = c.integers("axes").value_or(Shape{0, 2, 3});
  for (int64_t &axis : axes)
    axis = c.axis(axis, x.rank());
  // The axes last, as one dimension.
  Shape order, joined;
  int64_t inner = 1;
  for (bool isNormalised : {false, true})
    for (int64_t i = 0; i < x.rank(); ++i) {
      if (llvm::is_contained(axes, i) != isNormalised)
        continue;
      order.push_back(i);
      if (isNormalised)
        inner *= x.dim(i);
      else
        joined.push_back(x.dim(i));
    }
  joined.push_back(inner);
  Shape back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[order[i]] = i;
  Val moved = c.b.transpose(x, order);
  // ONNX adds 1e-9 to the deviation: its square beside the variance does the
  // same to deviations that are far larger, or 0.
  Val normal = standardised(c, c.b.reshape(moved, joined), 1e-18f);
  c.set(0, c.b.transpose(c.b.reshape(normal, shapeOf(moved)), back));
}

void tilework::lowerSkipLayerNorm(NodeContext &c) {
  bool rms = c.node.op == "SkipSimplifiedLayerNormalization";
  Val x = c.in(0), scale = c.in(2);
  Val bias = c.optional(rms ? 3 : 4);
  if (!bias.isAbsent())
    x = c.b.add(x, bias);
  Val sum = c.b.add(x, c.in(1));
  float epsilon = c.real("epsilon", 1e-12f);
  c.set(0, rms ? c.b.rmsNorm(sum, scale, epsilon)
               : c.b.layerNorm(sum, scale, c.optional(3), epsilon));
  // Of a root mean square there is no mean, but its output has a place.
  setStatistics(c, sum, sum.rank() - 1, rms ? 2 : 1, rms, epsilon);
  c.set(3, sum);
}

void tilework::lowerEmbedLayerNorm(NodeContext &c) {
  Val ids = c.in(0);
  if (ids.rank() != 2)
    throw InvalidNode("its ids are no [batch, sequence]");
  int64_t length = ids.dim(1);
  Val sum = c.b.gather(c.in(2), ids, 0);
  Val positions = c.in(3);
  Val rows = c.has(8) ? c.b.gather(positions, c.in(8), 0)
                      : c.b.range(positions, 0, 0, length);
  sum = c.b.add(sum, rows);
  if (c.has(1) && c.has(4))
    sum = c.b.add(sum, c.b.gather(c.in(4), c.in(1), 0));
  c.set(0, c.b.layerNorm(sum, c.in(5), c.in(6), c.real("epsilon", 1e-12f)));
  c.set(2, sum);
  if (!c.wants(1))
    return;
  // The number of tokens in each row, which stand at its start: of ones, as
  // ONNX Runtime counts them.
  mlir::Type i32 = c.b.builder.getI32Type();
  Val mask = c.has(7) ? c.b.cast(c.b.binary(BinaryKind::Eq, c.in(7),
                                            c.b.scalar(1, c.in(7).element())),
                                 i32)
                      : c.b.broadcast(c.b.scalar(0, i32), shapeOf(ids));
  c.set(1, c.b.reshape(c.b.reduce(ReduceKind::Sum, mask, {1}), {ids.dim(0)}));
}
