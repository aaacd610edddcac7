// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-split-selections: the vector unit has no selection, so one of values
// that the chip computes, or by a constant, becomes products with zeros and
// ones and a sum.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

#include <algorithm>
#include <cmath>

namespace tilework {
#define GEN_PASS_DEF_SPLITSELECTIONS
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

namespace {

class Splitter {
public:
  explicit Splitter(SelectOp select)
      : select(select), builder(select), loc(select.getLoc()),
        element(tensorTypeOf(select.getResult()).getElementType()) {}

  void run() {
    Value onTrue = kept(select.getOnTrue(), true);
    Value onFalse = kept(select.getOnFalse(), false);
    Value sum = add(onTrue, onFalse);
    if (sum.getType() != select.getType())
      sum = BroadcastOp::create(builder, loc, select.getType(), sum);
    select.getResult().replaceAllUsesWith(sum);
    select.erase();
  }

private:
  Value binary(BinaryKind kind, Value a, Value b) {
    auto shape = broadcastShapes(shapeOf(a), shapeOf(b));
    return BinaryOp::create(builder, loc,
                            RankedTensorType::get(*shape, element), kind, a, b);
  }

  /// One where the condition is `polarity`, zero elsewhere.
  Value ones(bool polarity) {
    Value condition = select.getCondition();
    auto type = RankedTensorType::get(shapeOf(condition), element);
    if (ExprAttr expr = expressionOf(condition)) {
      Attribute cast = CastStepAttr::get(builder.getContext(), element);
      Value seen =
          WeightOp::create(builder, loc, type, "", withStep(expr, cast));
      return polarity ? seen
                      : binary(BinaryKind::Sub,
                               scalar(builder, loc, 1, element), seen);
    }
    if (!polarity)
      condition = UnaryOp::create(builder, loc, condition.getType(),
                                  UnaryKind::Not, condition);
    return CastOp::create(builder, loc, type, condition);
  }

  /// The value where the condition is `polarity`, zero elsewhere; null where
  /// that is all zero.
  Value kept(Value value, bool polarity) {
    std::optional<double> constant = scalarConstant(value);
    if (!constant)
      return binary(BinaryKind::Mul, value, ones(polarity));
    if (*constant == 0)
      return {};
    bool isHost = !isConstant(select.getCondition());
    if (std::isfinite(*constant) || !isHost)
      constant = std::clamp(*constant, -kLargestBf16, kLargestBf16);
    Value repeated = scalar(builder, loc, *constant, element);
    if (!isHost)
      return binary(BinaryKind::Mul, repeated, ones(polarity));
    Value zero = scalar(builder, loc, 0, element);
    return SelectOp::create(
        builder, loc,
        RankedTensorType::get(shapeOf(select.getCondition()), element),
        select.getCondition(), polarity ? repeated : zero,
        polarity ? zero : repeated);
  }

  Value add(Value a, Value b) {
    if (!a && !b)
      return scalar(builder, loc, 0, element);
    return !a ? b : !b ? a : binary(BinaryKind::Add, a, b);
  }

  SelectOp select;
  OpBuilder builder;
  Location loc;
  Type element;
};

/// Whether the chip computes values: they depend on a float input, on a
/// gathered row or on a product.
class Computed {
public:
  bool operator()(Value value) {
    auto found = known.find(value);
    if (found != known.end())
      return found->second;
    Operation *op = value.getDefiningOp();
    bool isFloat = isa<FloatType>(tensorTypeOf(value).getElementType());
    bool computed = op ? isa<EmbeddingOp>(op) : isFloat;
    if (op && !computed)
      for (Value operand : op->getOperands())
        computed |= (*this)(operand);
    return known[value] = computed;
  }

private:
  llvm::DenseMap<Value, bool> known;
};

struct SplitSelectionsPass
    : tilework::impl::SplitSelectionsBase<SplitSelectionsPass> {
  void runOnOperation() override {
    Computed computed;
    SmallVector<SelectOp> selections;
    // In the order of the ops, so that operands are known before their users.
    getOperation().walk([&](Operation *op) {
      bool found = false;
      for (Value result : op->getResults())
        if (isa<RankedTensorType>(result.getType()))
          found |= computed(result);
      if (auto select = dyn_cast<SelectOp>(op);
          select && (found || isConstant(select.getCondition())) &&
          !computed(select.getCondition()) &&
          isa<FloatType>(tensorTypeOf(select.getResult()).getElementType()))
        selections.push_back(select);
    });
    for (SelectOp select : selections)
      Splitter(select).run();
  }
};

} // namespace

std::unique_ptr<Pass> tilework::createSplitSelectionsPass() {
  return std::make_unique<SplitSelectionsPass>();
}
