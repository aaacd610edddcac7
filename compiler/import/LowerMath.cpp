// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of products, reductions, softmax and normalisations, and of ONNX
// Runtime's fused embedding and skip normalisations.

#include "compiler/import/Lowering.h"

using namespace tilework;
using graph::BinaryKind;
using graph::ReduceKind;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

static Shape shapeOf(const Val &x) { return x.shape().vec(); }

void tilework::lowerMatMul(NodeContext &c) {
  Val a = c.in(0), b = c.in(1);
  if (a.rank() == 0 || b.rank() == 0)
    throw InvalidNode("it multiplies a scalar");
  bool rowVector = a.rank() == 1, columnVector = b.rank() == 1;
  if (rowVector)
    a = c.b.reshape(a, {1, a.dim(0)});
  if (columnVector)
    b = c.b.reshape(b, {b.dim(0), 1});
  Val result = c.matmul(a, b, false, false);
  Shape shape = shapeOf(result);
  if (columnVector)
    shape.pop_back();
  if (rowVector)
    shape.erase(shape.end() - (columnVector ? 1 : 2));
  c.set(0, c.b.reshape(result, shape));
}

/// `x · factor`, left alone where the factor is one.
static Val scaled(NodeContext &c, const Val &x, float factor) {
  return factor == 1.0f ? x : c.b.mul(x, c.b.scalar(factor, x.element()));
}

/// alpha · A · B with the transpositions that the attributes ask for. A
/// constant takes the factor in, so that what follows the product can join it.
static Val scaledProduct(NodeContext &c) {
  float alpha = c.real("alpha", 1);
  Val a = c.in(0), b = c.in(1);
  if (b.isConstant())
    b = scaled(c, b, alpha);
  Val result =
      c.matmul(a, b, c.integer("transA", 0) != 0, c.integer("transB", 0) != 0);
  return b.isConstant() ? result : scaled(c, result, alpha);
}

void tilework::lowerGemm(NodeContext &c) {
  if (c.in(0).rank() != 2 || c.in(1).rank() != 2)
    throw InvalidNode("its inputs are no matrices");
  Val result = scaledProduct(c);
  if (c.has(2))
    result = c.b.add(result, scaled(c, c.in(2), c.real("beta", 1)));
  c.set(0, result);
}

void tilework::lowerFusedMatMul(NodeContext &c) {
  if (c.integer("transBatchA", 0) || c.integer("transBatchB", 0))
    throw UnsupportedNode("transBatchA and transBatchB");
  c.set(0, scaledProduct(c));
}

static ReduceKind reduceKind(std::string_view op) {
  if (op == "ReduceMean")
    return ReduceKind::Mean;
  if (op == "ReduceMax")
    return ReduceKind::Max;
  if (op == "ReduceMin")
    return ReduceKind::Min;
  if (op == "ReduceProd")
    return ReduceKind::Prod;
  return ReduceKind::Sum;
}

void tilework::lowerReduce(NodeContext &c) {
  Val x = c.in(0);
  std::string_view op = c.node.op;
  std::optional<Shape> given = c.integersFrom("axes", 1);
  Shape axes, dropped;
  std::vector<bool> reduced(x.rank(), false);
  for (int64_t axis : given.value_or(Shape()))
    reduced[c.axis(axis, x.rank())] = true;
  bool none = !given || given->empty();
  if (none && c.integer("noop_with_empty_axes", 0))
    return c.set(0, x);
  for (int64_t i = 0; i < x.rank(); ++i)
    if (reduced[i] || none)
      axes.push_back(i);
    else
      dropped.push_back(x.dim(i));
  if (op == "ReduceL2" || op == "ReduceSumSquare")
    x = c.b.mul(x, x);
  if (op == "ReduceL1")
    x = c.b.unary(UnaryKind::Abs, x);
  // Exponentials of what lies below the largest overflow nowhere.
  Val largest;
  if (op == "ReduceLogSumExp") {
    largest = c.b.reduce(ReduceKind::Max, x, axes);
    x = c.b.unary(UnaryKind::Exp, c.b.binary(BinaryKind::Sub, x, largest));
  }
  Val result = c.b.reduce(reduceKind(op), x, axes);
  if (op == "ReduceL2")
    result = c.b.unary(UnaryKind::Sqrt, result);
  if (op == "ReduceLogSum" || op == "ReduceLogSumExp")
    result = c.b.unary(UnaryKind::Log, result);
  if (!largest.isAbsent())
    result = c.b.add(result, largest);
  c.set(0, c.integer("keepdims", 1) ? result : c.b.reshape(result, dropped));
}

/// The chip has no indices, so the places of an axis are numbers from high to
/// low, in digits that bf16 holds: the largest first digit where x is the
/// largest, then the largest second digit there, and so on. The caller's index
/// is made of the digits behind the chip. Integers are the host's, where one
/// digit holds all places. The first place wins a tie, or the last one.
void tilework::lowerArgMax(NodeContext &c) {
  Val x = c.in(0);
  if (x.rank() == 0)
    throw InvalidNode("its input is a scalar");
  int64_t axis = c.axis(c.integer("axis", 0), x.rank()), n = x.dim(axis);
  if (n == 0)
    throw InvalidNode("its axis has no elements");
  bool last = c.integer("select_last_index", 0);
  Shape along(x.rank(), 1);
  along[axis] = n;
  mlir::Type index = c.b.builder.getI64Type();
  mlir::Type number = x.isFloat() ? x.element() : index;
  const int64_t base = x.isFloat() ? 256 : n;
  Val best = c.b.reduce(
      c.node.op == "ArgMin" ? ReduceKind::Min : ReduceKind::Max, x, {axis});
  Val chosen = c.b.binary(BinaryKind::Eq, x, best);
  if (x.isFloat()) // a NaN is the extremum, and equal to none
    chosen = c.b.binary(BinaryKind::Or, chosen, c.b.unary(UnaryKind::IsNan, x));
  Val place;
  int64_t unit = 1;
  while (unit * base < n)
    unit *= base;
  for (; unit > 0; unit = base > 1 ? unit / base : 0) {
    // Digits count from 1, so that 0 is no place.
    std::vector<double> digits;
    for (int64_t i = 0; i < n; ++i)
      digits.push_back(
          static_cast<double>((last ? i : n - 1 - i) / unit % base + 1));
    Val constant = c.b.fromHost(
        HostTensor::fromFloats(onnx::DataType::Float, along, digits));
    Val digit = c.b.mul(c.b.cast(chosen, number), c.b.cast(constant, number));
    best = c.b.reduce(ReduceKind::Max, digit, {axis});
    chosen = c.b.binary(BinaryKind::Eq, digit, best);
    Val part = c.b.binary(BinaryKind::Sub, c.b.cast(best, index),
                          c.b.scalar(1, index));
    part = c.b.mul(part, c.b.scalar(static_cast<double>(unit), index));
    place = place.isAbsent() ? part : c.b.add(place, part);
  }
  if (!last)
    place = c.b.binary(BinaryKind::Sub,
                       c.b.scalar(static_cast<double>(n - 1), index), place);
  Shape dropped = shapeOf(x);
  dropped.erase(dropped.begin() + axis);
  c.set(0, c.integer("keepdims", 1) ? place : c.b.reshape(place, dropped));
}

/// x − max − ln Σ e^(x − max) over the last axis: the logarithm of the quotient
/// would be that of 0 far below the maximum.
static Val logSoftmax(NodeContext &c, const Val &x) {
  Shape last = {x.rank() - 1};
  Val below =
      c.b.binary(BinaryKind::Sub, x, c.b.reduce(ReduceKind::Max, x, last));
  Val sum = c.b.reduce(ReduceKind::Sum, c.b.unary(UnaryKind::Exp, below), last);
  return c.b.binary(BinaryKind::Sub, below, c.b.unary(UnaryKind::Log, sum));
}

void tilework::lowerSoftmax(NodeContext &c) {
  Val x = c.in(0);
  if (!x.isFloat() || x.rank() == 0)
    throw InvalidNode("its input is no tensor of floats");
  Shape shape = shapeOf(x);
  int64_t axis = c.axis(c.integer("axis", c.opset < 13 ? 1 : -1), x.rank());
  Shape permutation;
  // Before opset 13 the dimensions from the axis on are one.
  if (c.opset < 13 && axis != x.rank() - 1) {
    int64_t inner = 1;
    for (int64_t i = axis; i < x.rank(); ++i)
      inner *= shape[i];
    Shape flat(shape.begin(), shape.begin() + axis);
    flat.push_back(inner);
    x = c.b.reshape(x, flat);
  } else if (axis != x.rank() - 1) {
    for (int64_t i = 0; i < x.rank(); ++i)
      permutation.push_back(i);
    std::swap(permutation[axis], permutation.back());
    x = c.b.transpose(x, permutation);
  }
  Val result = c.node.op == "LogSoftmax" ? logSoftmax(c, x) : c.b.softmax(x);
  if (!permutation.empty())
    result = c.b.transpose(result, permutation);
  c.set(0, c.b.reshape(result, shape));
}

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

void tilework::lowerLayerNorm(NodeContext &c) {
  if (c.wants(1) || c.wants(2))
    throw UnsupportedNode("its outputs of mean and deviation are read");
  lowerNorm(c, c.optional(2), false);
}

void tilework::lowerRmsNorm(NodeContext &c) {
  if (c.wants(1))
    throw UnsupportedNode("its output of the deviation is read");
  lowerNorm(c, Val(), true);
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
  Val ones = c.b.broadcast(c.b.scalar(1, x.element()), {inner});
  Val normal = c.b.reshape(
      c.b.layerNorm(flat, ones, Val(), c.real("epsilon", 1e-5f)), shapeOf(x));
  Shape each(x.rank() - 1, 1);
  each[0] = channels;
  c.set(0, c.b.add(c.b.mul(normal, c.b.reshape(c.in(1), each)),
                   c.b.reshape(c.in(2), each)));
}

void tilework::lowerInstanceNorm(NodeContext &c) {
  normaliseGroups(c, c.in(0).rank() < 2 ? 0 : c.in(0).dim(1));
}

void tilework::lowerGroupNorm(NodeContext &c) {
  normaliseGroups(c, c.integer("num_groups", 0));
}

void tilework::lowerSkipLayerNorm(NodeContext &c) {
  bool rms = c.node.op == "SkipSimplifiedLayerNormalization";
  Val x = c.in(0), scale = c.in(2);
  if (c.wants(1) || c.wants(2))
    throw UnsupportedNode("its outputs of mean and deviation are read");
  Val bias = c.optional(rms ? 3 : 4);
  if (!bias.isAbsent())
    x = c.b.add(x, bias);
  Val sum = c.b.add(x, c.in(1));
  float epsilon = c.real("epsilon", 1e-12f);
  c.set(0, rms ? c.b.rmsNorm(sum, scale, epsilon)
               : c.b.layerNorm(sum, scale, c.optional(3), epsilon));
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
  // The number of tokens in each row, which stand at its start.
  mlir::Type i32 = c.b.builder.getI32Type();
  Val mask = c.has(7) ? c.b.cast(c.in(7), i32)
                      : c.b.broadcast(c.b.scalar(0, i32), shapeOf(ids));
  c.set(1, c.b.reshape(c.b.reduce(ReduceKind::Sum, mask, {1}), {ids.dim(0)}));
}
