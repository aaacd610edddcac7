// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-recognise-layer-norm: finds normalisations that an exporter spelt as
// means, squares and a root.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

namespace tilework {
#define GEN_PASS_DEF_RECOGNISELAYERNORM
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

/// The tensor whose mean over the last dimension this is.
static Value meanOf(Value value) {
  auto reduce = value.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != ReduceKind::Mean)
    return {};
  int64_t rank = tensorTypeOf(reduce.getInput()).getRank();
  if (reduce.getAxes() != ArrayRef<int64_t>{rank - 1})
    return {};
  return reduce.getInput();
}

/// The tensor that is squared.
static Value squareOf(Value value) {
  if (BinaryOp product = binaryOf(value, BinaryKind::Mul))
    return product.getLhs() == product.getRhs() ? product.getLhs() : Value();
  BinaryOp power = binaryOf(value, BinaryKind::Pow);
  return power && scalarConstant(power.getRhs()) == 2.0 ? power.getLhs()
                                                        : Value();
}

/// `d` and ε of `sqrt(mean(d²) + ε)`.
static Value deviationOf(Value root, double &epsilon) {
  Value sum;
  if (UnaryOp sqrt = unaryOf(root, UnaryKind::Sqrt))
    sum = sqrt.getInput();
  else if (BinaryOp power = binaryOf(root, BinaryKind::Pow);
           power && scalarConstant(power.getRhs()) == 0.5)
    sum = power.getLhs();
  BinaryOp add = sum ? binaryOf(sum, BinaryKind::Add) : BinaryOp();
  if (!add)
    return {};
  for (auto [mean, constant] : {std::pair{add.getLhs(), add.getRhs()},
                                std::pair{add.getRhs(), add.getLhs()}}) {
    std::optional<double> value = scalarConstant(constant);
    Value square = meanOf(mean);
    if (!value || !square)
      continue;
    epsilon = *value;
    return squareOf(square);
  }
  return {};
}

/// `d` of `d / sqrt(mean(d²) + ε)`, with the division spelt as one may.
static Value normalised(BinaryOp op, double &epsilon) {
  if (op.getKind() == BinaryKind::Div) {
    Value d = deviationOf(op.getRhs(), epsilon);
    return d == op.getLhs() ? d : Value();
  }
  if (op.getKind() != BinaryKind::Mul)
    return {};
  for (auto [d, factor] : {std::pair{op.getLhs(), op.getRhs()},
                           std::pair{op.getRhs(), op.getLhs()}}) {
    Value root;
    if (UnaryOp inverse = unaryOf(factor, UnaryKind::Reciprocal))
      root = inverse.getInput();
    else if (BinaryOp div = binaryOf(factor, BinaryKind::Div);
             div && scalarConstant(div.getLhs()) == 1.0)
      root = div.getRhs();
    if (root && deviationOf(root, epsilon) == d)
      return d;
  }
  return {};
}

/// A following product or sum with a constant vector, which it consumes.
static Value takeVector(OpBuilder &builder, Operation *&last, BinaryKind kind,
                        int64_t size) {
  auto user = dyn_cast_or_null<BinaryOp>(singleUser(last->getResult(0)));
  if (!user || user.getKind() != kind)
    return {};
  // A vector of more dimensions than the row's makes another shape.
  if (user.getType() != last->getResult(0).getType())
    return {};
  bool isLeft = user.getLhs() == last->getResult(0);
  builder.setInsertionPoint(user);
  Value vector =
      constantVector(builder, isLeft ? user.getRhs() : user.getLhs(), size);
  if (vector)
    last = user;
  return vector;
}

static void recogniseNorm(BinaryOp op) {
  double epsilon = 0;
  Value d = normalised(op, epsilon);
  if (!d)
    return;
  Value x = d;
  bool centred = false;
  if (BinaryOp sub = binaryOf(d, BinaryKind::Sub);
      sub && meanOf(sub.getRhs()) == sub.getLhs()) {
    x = sub.getLhs();
    centred = true;
  }
  int64_t size = shapeOf(x).back();
  OpBuilder builder(op);
  Operation *last = op;
  Value scale = takeVector(builder, last, BinaryKind::Mul, size);
  Value shift =
      centred ? takeVector(builder, last, BinaryKind::Add, size) : Value();
  builder.setInsertionPoint(last);
  Location loc = fuseLocations(opsBetween(last->getResult(0), x));
  if (!scale) {
    Type element = elementOf(x);
    auto one = RankedTensorType::get({1}, element);
    auto dense =
        DenseElementsAttr::get(one, builder.getFloatAttr(element, 1.0));
    auto expr =
        ExprAttr::get(builder.getContext(), dense,
                      {BroadcastStepAttr::get(builder.getContext(), {size})});
    scale = WeightOp::create(builder, loc,
                             RankedTensorType::get({size}, element), "", expr);
  }
  auto eps = static_cast<float>(epsilon);
  Operation *norm =
      centred ? LayerNormOp::create(builder, loc, x, scale, shift, eps)
                    .getOperation()
              : RmsNormOp::create(builder, loc, x, scale, eps).getOperation();
  last->getResult(0).replaceAllUsesWith(norm->getResult(0));
}

namespace {
struct RecogniseLayerNormPass
    : tilework::impl::RecogniseLayerNormBase<RecogniseLayerNormPass> {
  void runOnOperation() override {
    SmallVector<BinaryOp> candidates;
    getOperation().walk([&](BinaryOp op) { candidates.push_back(op); });
    for (BinaryOp op : candidates)
      recogniseNorm(op);
  }
};
} // namespace
