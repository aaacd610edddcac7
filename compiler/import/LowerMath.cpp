// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of products, reductions, softmax and what picks an extremum.

#include "compiler/import/Lowering.h"

#include <algorithm>
#include <limits>

using namespace tilework;
using graph::BinaryKind;
using graph::ReduceKind;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

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
  float beta = c.real("beta", 1);
  // As in BLAS: times zero is left out, whatever it holds.
  if (c.has(2) && beta != 0)
    result = c.b.add(result, scaled(c, c.in(2), beta));
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
  if (!x.isFloat() &&
      (op == "ReduceL2" || op == "ReduceLogSum" || op == "ReduceLogSumExp"))
    throw UnsupportedNode("integers, whose roots and logarithms are none");
  Shape axes, dropped;
  std::vector<bool> reduced(x.rank(), false);
  for (int64_t axis : given.value_or(Shape()))
    reduced[c.axis(axis, x.rank())] = true;
  bool none = !given || given->empty();
  // Then nothing is reduced, and what comes before and behind remains.
  bool all = none && !c.integer("noop_with_empty_axes", 0);
  for (int64_t i = 0; i < x.rank(); ++i)
    if (reduced[i] || all)
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
    // Infinity less itself is NaN; zero in its place keeps infinite sums.
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Val infinite =
        c.b.binary(BinaryKind::Eq, c.b.unary(UnaryKind::Abs, largest),
                   c.b.scalar(infinity, x.element()));
    largest = c.b.select(infinite, c.b.scalar(0, x.element()), largest);
    x = c.b.unary(UnaryKind::Exp, c.b.binary(BinaryKind::Sub, x, largest));
  }
  ReduceKind kind = reduceKind(op);
  // A mean of integers is cut off once, whatever the number of axes.
  bool cutOff = kind == ReduceKind::Mean && !x.isFloat() && !axes.empty();
  Val result = c.b.reduce(cutOff ? ReduceKind::Sum : kind, x, axes);
  if (cutOff)
    result = c.b.binary(BinaryKind::Div, result,
                        c.b.scalar(double(x.type.getNumElements()) /
                                       double(std::max<int64_t>(
                                           1, result.type.getNumElements())),
                                   x.element()));
  if (op == "ReduceL2")
    result = c.b.unary(UnaryKind::Sqrt, result);
  if (op == "ReduceLogSum" || op == "ReduceLogSumExp")
    result = c.b.unary(UnaryKind::Log, result);
  if (!largest.isAbsent())
    result = c.b.add(result, largest);
  c.set(0, c.integer("keepdims", 1) ? result : c.b.reshape(result, dropped));
}

/// The dimensions from the axis on as one: what softmax and its kin run over
/// before operator set 13.
static Val joinedFrom(NodeContext &c, const Val &x, int64_t axis) {
  Shape flat(x.shape().begin(), x.shape().begin() + axis);
  int64_t inner = 1;
  for (int64_t i = axis; i < x.rank(); ++i)
    inner *= x.dim(i);
  flat.push_back(inner);
  return c.b.reshape(x, flat);
}

namespace {
/// Where the extremum along an axis stands: as a condition that holds there
/// alone, and as an index.
struct Extremum {
  Val chosen, place;
};
} // namespace

/// The chip has no indices, so the places of an axis are numbers from high to
/// low, in digits that bf16 holds: the largest first digit where x is the
/// largest, then the largest second digit there, and so on. The caller's index
/// is made of the digits behind the chip. Integers are the host's, where one
/// digit holds all places. The first place wins a tie, or the last one.
static Extremum findExtremum(NodeContext &c, ReduceKind kind, int64_t axis,
                             bool last) {
  Val x = c.in(0);
  int64_t n = x.dim(axis);
  if (n == 0)
    throw InvalidNode("its axis has no elements");
  Shape along(x.rank(), 1);
  along[axis] = n;
  mlir::Type index = c.b.builder.getI64Type();
  mlir::Type number = x.isFloat() ? x.element() : index;
  const int64_t base = x.isFloat() ? 256 : n;
  Val best = c.b.reduce(kind, x, {axis});
  Extremum result;
  result.chosen = c.b.binary(BinaryKind::Eq, x, best);
  if (x.isFloat()) // a NaN is the extremum, and equal to none
    result.chosen = c.b.binary(BinaryKind::Or, result.chosen,
                               c.b.unary(UnaryKind::IsNan, x));
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
    Val digit =
        c.b.mul(c.b.cast(result.chosen, number), c.b.cast(constant, number));
    best = c.b.reduce(ReduceKind::Max, digit, {axis});
    result.chosen = c.b.binary(BinaryKind::Eq, digit, best);
    Val part = c.b.binary(BinaryKind::Sub, c.b.cast(best, index),
                          c.b.scalar(1, index));
    part = c.b.mul(part, c.b.scalar(static_cast<double>(unit), index));
    result.place = result.place.isAbsent() ? part : c.b.add(result.place, part);
  }
  if (!last)
    result.place =
        c.b.binary(BinaryKind::Sub,
                   c.b.scalar(static_cast<double>(n - 1), index), result.place);
  return result;
}

void tilework::lowerArgMax(NodeContext &c) {
  Val x = c.in(0);
  if (x.rank() == 0)
    throw InvalidNode("its input is a scalar");
  int64_t axis = c.axis(c.integer("axis", 0), x.rank());
  Val place =
      findExtremum(c, c.node.op == "ArgMin" ? ReduceKind::Min : ReduceKind::Max,
                   axis, c.integer("select_last_index", 0) != 0)
          .place;
  Shape dropped = shapeOf(x);
  dropped.erase(dropped.begin() + axis);
  c.set(0, c.integer("keepdims", 1) ? place : c.b.reshape(place, dropped));
}

void tilework::lowerHardmax(NodeContext &c) {
  Val x = c.in(0);
  if (x.rank() == 0)
    throw InvalidNode("its input is a scalar");
  Shape shape = shapeOf(x);
  int64_t axis = c.axis(c.integer("axis", c.opset < 13 ? 1 : -1), x.rank());
  if (c.opset < 13) {
    c.inputs[0] = joinedFrom(c, x, axis);
    axis = c.inputs[0].rank() - 1;
  }
  if (x.type.getNumElements() == 0) {
    c.set(0, x);
    return;
  }
  Val chosen = findExtremum(c, ReduceKind::Max, axis, false).chosen;
  c.set(0, c.b.reshape(c.b.cast(chosen, x.element()), shape));
}

Val tilework::logSoftmaxOfRows(NodeContext &c, const Val &x) {
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
  if (c.opset < 13) {
    x = joinedFrom(c, x, axis);
  } else if (axis != x.rank() - 1) {
    for (int64_t i = 0; i < x.rank(); ++i)
      permutation.push_back(i);
    std::swap(permutation[axis], permutation.back());
    x = c.b.transpose(x, permutation);
  }
  Val result =
      c.node.op == "LogSoftmax" ? logSoftmaxOfRows(c, x) : c.b.softmax(x);
  if (!permutation.empty())
    result = c.b.transpose(result, permutation);
  c.set(0, c.b.reshape(result, shape));
}
