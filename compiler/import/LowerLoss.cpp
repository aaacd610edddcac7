// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of losses over classes. A class is chosen by a condition that the
// host makes of the labels, so that no element is gathered.

#include "compiler/import/Lowering.h"

#include <algorithm>
#include <numeric>

using namespace tilework;
using graph::BinaryKind;
using graph::ReduceKind;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

/// The permutation that moves dimension 1 behind the others, or back.
static Shape classesLast(int64_t rank, bool back) {
  Shape order(rank);
  std::iota(order.begin(), order.end(), 0);
  if (back)
    std::rotate(order.begin() + 1, order.end() - 1, order.end());
  else
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return order;
}

/// The loss of log-probabilities [batch, ..., classes] against labels
/// [batch, ...], reduced as the node asks for. Labels to be ignored weigh 0.
static Val lossOf(NodeContext &c, const Val &logs) {
  Val labels = c.in(1), weight = c.optional(2);
  Shape shape = labels.shape().vec();
  if (llvm::ArrayRef<int64_t>(shape) != logs.shape().drop_back())
    throw InvalidNode("its labels " + shapeText(shape) +
                      " do not fit its scores");
  if (labels.isFloat())
    throw InvalidNode("its labels are no integers");
  int64_t classes = logs.dim(-1);
  Shape counting(classes);
  std::iota(counting.begin(), counting.end(), 0);
  Shape wide = shape;
  wide.push_back(1);
  Val label = c.b.reshape(labels, wide);
  Val chosen = c.b.binary(BinaryKind::Eq, label,
                          c.b.cast(c.b.ints(counting), labels.element()));
  bool ignores = c.attribute("ignore_index") != nullptr;
  if (ignores) {
    Val ignored =
        c.b.scalar(double(c.integer("ignore_index", 0)), labels.element());
    chosen = c.b.binary(BinaryKind::And, chosen,
                        c.b.binary(BinaryKind::Ne, label, ignored));
  }
  Val zero = c.b.scalar(0, logs.element());
  auto ofClass = [&](const Val &v) {
    Val sum = c.b.reduce(ReduceKind::Sum, c.b.select(chosen, v, zero),
                         {logs.rank() - 1});
    return c.b.reshape(sum, shape);
  };
  Val loss = c.b.unary(UnaryKind::Neg, ofClass(logs)), weights;
  if (!weight.isAbsent()) {
    weights = ofClass(weight);
    loss = c.b.mul(loss, weights);
  } else if (ignores) {
    weights = ofClass(c.b.scalar(1, logs.element()));
  }
  std::string_view reduction = c.text("reduction", "mean");
  if (reduction == "none")
    return loss;
  if (reduction != "mean" && reduction != "sum")
    throw InvalidNode("its reduction is none of mean, sum and none");
  Shape all(shape.size());
  std::iota(all.begin(), all.end(), 0);
  auto total = [&](ReduceKind kind, const Val &v) {
    return c.b.reshape(c.b.reduce(kind, v, all), {});
  };
  if (reduction == "sum")
    return total(ReduceKind::Sum, loss);
  if (weights.isAbsent())
    return total(ReduceKind::Mean, loss);
  return c.b.binary(BinaryKind::Div, total(ReduceKind::Sum, loss),
                    total(ReduceKind::Sum, weights));
}

static Val scoresOf(NodeContext &c) {
  if (c.in(0).rank() < 2 || !c.in(0).isFloat())
    throw InvalidNode("its scores are no [batch, classes, ...] of floats");
  return c.b.transpose(c.in(0), classesLast(c.in(0).rank(), false));
}

void tilework::lowerLikelihoodLoss(NodeContext &c) {
  c.set(0, lossOf(c, scoresOf(c)));
}

void tilework::lowerCrossEntropy(NodeContext &c) {
  Val logs = logSoftmaxOfRows(c, scoresOf(c));
  c.set(0, lossOf(c, logs));
  if (c.wants(1))
    c.set(1, c.b.transpose(logs, classesLast(logs.rank(), true)));
}
