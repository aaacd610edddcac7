// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-simplify: composes views, moves broadcasts behind elementwise ops, and
// records views and arithmetic on weights as steps.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ViewMap.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tilework {
#define GEN_PASS_DEF_SIMPLIFY
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

static RankedTensorType withShape(Value value, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, elementOf(value));
}

namespace {

/// A chain of views that amounts to all of its root in order is a reshape.
struct ComposeViews : RewritePattern {
  ComposeViews(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<IsView>() || isConstant(op->getOperand(0)))
      return failure();
    ViewMap map = traceViews(op->getResult(0));
    bool alone = map.root == op->getOperand(0) && isa<ReshapeOp>(op);
    if (alone || map.root == op->getResult(0) || !map.isDense())
      return failure();
    rewriter.replaceOp(op, reshaped(rewriter, op->getLoc(), map.root,
                                    shapeOf(op->getResult(0))));
    return success();
  }
};

/// Views of a broadcast that keep its dimensions apart become a broadcast of a
/// view.
struct BroadcastAfterView : RewritePattern {
  BroadcastAfterView(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<IsView>())
      return failure();
    auto inner = op->getOperand(0).getDefiningOp<BroadcastOp>();
    if (!inner)
      return failure();
    Value x = inner.getInput(), result = op->getResult(0);
    // The input with the rank of the broadcast.
    SmallVector<int64_t> padded(shapeOf(x));
    padded.insert(padded.begin(), tensorTypeOf(inner).getRank() - padded.size(),
                  1);
    Location loc = op->getLoc();
    Value view;
    if (isa<BroadcastOp>(op)) {
      view = x;
    } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
      SmallVector<int64_t> shape;
      for (int64_t dim : transpose.getPermutation())
        shape.push_back(padded[dim]);
      view = TransposeOp::create(rewriter, loc, withShape(x, shape),
                                 reshaped(rewriter, loc, x, padded),
                                 transpose.getPermutation());
    } else if (auto slice = dyn_cast<SliceOp>(op)) {
      SmallVector<int64_t> offsets(slice.getOffsets()), sizes(slice.getSizes());
      SmallVector<int64_t> strides(slice.getStrides());
      for (size_t i = 0; i < padded.size(); ++i)
        if (padded[i] == 1) {
          offsets[i] = 0;
          sizes[i] = strides[i] = 1;
        }
      view = SliceOp::create(rewriter, loc, withShape(x, sizes),
                             reshaped(rewriter, loc, x, padded), offsets, sizes,
                             strides);
    } else if (isa<ReshapeOp>(op)) {
      // One that only adds or drops dimensions of one element.
      SmallVector<int64_t> shape;
      size_t from = 0;
      ArrayRef<int64_t> full = shapeOf(inner);
      for (int64_t size : shapeOf(result)) {
        while (size != 1 && from < full.size() && full[from] == 1)
          ++from;
        if (size == 1)
          shape.push_back(1);
        else if (from < full.size() && full[from] == size)
          shape.push_back(padded[from++]);
        else
          return failure();
      }
      view = reshaped(rewriter, loc, x, shape);
    } else {
      return failure();
    }
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, result.getType(), view);
    return success();
  }
};

/// An elementwise op computes on what its broadcast operands repeat.
struct SinkBroadcast : RewritePattern {
  SinkBroadcast(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<IsElementwise>())
      return failure();
    SmallVector<Value> operands;
    SmallVector<int64_t> shape;
    bool changed = false;
    for (Value operand : op->getOperands()) {
      if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
        operand = broadcast.getInput();
        changed = true;
      }
      operands.push_back(operand);
      shape = *broadcastShapes(shape, shapeOf(operand));
    }
    if (!changed)
      return failure();
    Value result = op->getResult(0);
    Operation *next = rewriter.clone(*op);
    next->setOperands(operands);
    next->getResult(0).setType(withShape(result, shape));
    Value value = next->getResult(0);
    if (value.getType() != result.getType())
      value =
          BroadcastOp::create(rewriter, op->getLoc(), result.getType(), value);
    rewriter.replaceOp(op, value);
    return success();
  }
};

/// An elementwise op on one reshaped tensor and scalars comes before the
/// reshape, which then meets the views behind it.
struct SinkReshape : RewritePattern {
  SinkReshape(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<IsElementwise>())
      return failure();
    OpOperand *reshaped = nullptr;
    for (OpOperand &operand : op->getOpOperands()) {
      if (tensorTypeOf(operand.get()).getRank() == 0)
        continue;
      if (reshaped || !operand.get().getDefiningOp<ReshapeOp>())
        return failure();
      reshaped = &operand;
    }
    if (!reshaped)
      return failure();
    Value x = reshaped->get().getDefiningOp<ReshapeOp>().getInput();
    Value result = op->getResult(0);
    if (tensorTypeOf(x).getRank() == 0 ||
        shapeOf(reshaped->get()) != shapeOf(result))
      return failure();
    Operation *next = rewriter.clone(*op);
    next->setOperand(reshaped->getOperandNumber(), x);
    next->getResult(0).setType(withShape(result, shapeOf(x)));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, result.getType(),
                                           next->getResult(0));
    return success();
  }
};

/// An elementwise op on transposed tensors and constants comes before the
/// transpose where that moves the last dimension: rows stay runs of memory, and
/// the op can join what made them.
struct SinkTranspose : RewritePattern {
  SinkTranspose(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<IsElementwise>())
      return failure();
    TransposeOp first;
    for (Value operand : op->getOperands())
      if (auto transpose = operand.getDefiningOp<TransposeOp>();
          transpose && !first)
        first = transpose;
    if (!first || isConstant(first.getInput()))
      return failure();
    ArrayRef<int64_t> permutation = first.getPermutation();
    const int64_t rank = permutation.size();
    Value result = op->getResult(0);
    if (rank == 0 || permutation.back() == rank - 1 ||
        shapeOf(first) != shapeOf(result))
      return failure();
    SmallVector<int64_t> inverse(rank);
    for (auto [to, from] : llvm::enumerate(permutation))
      inverse[from] = to;
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      if (transpose && transpose.getPermutation() == permutation) {
        operands.push_back(transpose.getInput());
      } else if (tensorTypeOf(operand).getRank() == 0) {
        operands.push_back(operand);
      } else if (isConstant(operand)) {
        SmallVector<int64_t> padded(shapeOf(operand)), shape;
        padded.insert(padded.begin(), rank - padded.size(), 1);
        for (int64_t dim : inverse)
          shape.push_back(padded[dim]);
        operands.push_back(TransposeOp::create(
            rewriter, op->getLoc(), withShape(operand, shape),
            reshaped(rewriter, op->getLoc(), operand, padded), inverse));
      } else {
        return failure();
      }
    }
    Operation *next = rewriter.clone(*op);
    next->setOperands(operands);
    next->getResult(0).setType(withShape(result, shapeOf(first.getInput())));
    rewriter.replaceOpWithNewOp<TransposeOp>(op, result.getType(),
                                             next->getResult(0), permutation);
    return success();
  }
};

/// Views and arithmetic on a weight become steps of the weight.
struct FoldIntoWeight : RewritePattern {
  FoldIntoWeight(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  Attribute stepOf(Operation *op) const {
    MLIRContext *context = op->getContext();
    return llvm::TypeSwitch<Operation *, Attribute>(op)
        .Case([&](ReshapeOp op) -> Attribute {
          return ReshapeStepAttr::get(context, shapeOf(op.getResult()));
        })
        .Case([&](TransposeOp op) -> Attribute {
          return TransposeStepAttr::get(context, op.getPermutation());
        })
        .Case([&](SliceOp op) -> Attribute {
          return SliceStepAttr::get(context, op.getOffsets(), op.getSizes(),
                                    op.getStrides());
        })
        .Case([&](CastOp op) -> Attribute {
          return CastStepAttr::get(context, elementOf(op.getResult()));
        })
        .Case([&](UnaryOp op) -> Attribute {
          if (op.getKind() == UnaryKind::IsNan)
            return {};
          return UnaryStepAttr::get(context, op.getKind());
        })
        .Default([](Operation *) -> Attribute { return {}; });
  }

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() == 0 || op->getNumResults() != 1)
      return failure();
    auto weight = op->getOperand(0).getDefiningOp<WeightOp>();
    ExprAttr expr;
    if (auto binary = dyn_cast<BinaryOp>(op)) {
      ExprAttr lhs = expressionOf(binary.getLhs());
      ExprAttr rhs = expressionOf(binary.getRhs());
      bool reversed = !weight;
      if (reversed)
        weight = binary.getRhs().getDefiningOp<WeightOp>();
      if (!weight || !lhs || !rhs || isComparison(binary.getKind()) ||
          !isFloat(binary.getResult()))
        return failure();
      expr = withStep(reversed ? rhs : lhs,
                      BinaryStepAttr::get(op->getContext(), binary.getKind(),
                                          reversed ? lhs : rhs, reversed));
    } else if (auto select = dyn_cast<SelectOp>(op)) {
      ExprAttr condition = expressionOf(select.getCondition());
      ExprAttr onTrue = expressionOf(select.getOnTrue());
      ExprAttr onFalse = expressionOf(select.getOnFalse());
      if (!condition || !onTrue || !onFalse || !isFloat(select.getResult()))
        return failure();
      for (Value operand : select->getOperands())
        if (!weight)
          weight = operand.getDefiningOp<WeightOp>();
      if (!weight)
        return failure();
      expr = withStep(condition,
                      SelectStepAttr::get(op->getContext(), onTrue, onFalse));
    } else if (weight) {
      Attribute step = stepOf(op);
      if (!step)
        return failure();
      expr = withStep(weight.getExpr(), step);
    } else {
      return failure();
    }
    auto next =
        WeightOp::create(rewriter, op->getLoc(), op->getResult(0).getType(),
                         weight.getName(), expr);
    // A band stays one under added dimensions.
    ArrayRef<int64_t> from = shapeOf(weight), to = shapeOf(next);
    if (isa<ReshapeOp>(op) && to.size() >= 2 &&
        from.take_back(2) == to.take_back(2))
      for (StringRef name : {kBandAttrName, kBandValueAttrName})
        if (Attribute attribute = weight->getAttr(name))
          next->setAttr(name, attribute);
    // So does one that hides what a condition leaves out.
    if (auto select = dyn_cast<SelectOp>(op))
      if (auto hidden = scalarConstant(select.getOnFalse());
          hidden && scalarConstant(select.getOnTrue()) == 0.0)
        if (Operation *condition = select.getCondition().getDefiningOp())
          if (Attribute band = condition->getAttr(kBandAttrName)) {
            next->setAttr(kBandAttrName, band);
            next->setAttr(kBandValueAttrName, rewriter.getF32FloatAttr(
                                                  static_cast<float>(*hidden)));
          }
    rewriter.replaceOp(op, next);
    return success();
  }
};

struct SimplifyPass : tilework::impl::SimplifyBase<SimplifyPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ComposeViews, BroadcastAfterView, SinkBroadcast, SinkReshape,
                 SinkTranspose, FoldIntoWeight>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
