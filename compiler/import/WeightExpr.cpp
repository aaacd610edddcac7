// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resolves the attributes of weights into expressions over mapped bytes.

#include "compiler/import/WeightExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

static FailureOr<WeightStep>
resolveStep(Attribute attribute, const SourceFiles &files, Location loc);

FailureOr<WeightExpr>
tilework::resolveWeight(ExprAttr expr, const SourceFiles &files, Location loc) {
  WeightExpr result;
  if (auto span = dyn_cast<SpanAttr>(expr.getSource())) {
    result.type = graph::elementTypeOf(span.getElement());
    result.shape = span.getShape().vec();
    result.bytes =
        files.read(span.getFile(), span.getOffset(), span.getBytes());
    if (result.bytes.size() != span.getBytes())
      return mlir::emitError(loc)
             << "a span of a weight leaves its file: " << span;
  } else {
    auto dense = cast<DenseElementsAttr>(expr.getSource());
    result.type = graph::elementTypeOf(dense.getElementType());
    result.shape = dense.getType().getShape().vec();
    result.owned = std::make_shared<std::string>(storedBytes(dense));
    result.bytes = *result.owned;
  }
  for (Attribute step : expr.getSteps()) {
    FailureOr<WeightStep> next = resolveStep(step, files, loc);
    if (failed(next))
      return failure();
    result.steps.push_back(std::move(*next));
  }
  return result;
}

static FailureOr<WeightStep>
resolveStep(Attribute attribute, const SourceFiles &files, Location loc) {
  WeightStep step{};
  auto operand = [&](ExprAttr expr) -> LogicalResult {
    FailureOr<WeightExpr> value = resolveWeight(expr, files, loc);
    if (failed(value))
      return failure();
    step.operands.push_back(std::make_shared<WeightExpr>(std::move(*value)));
    return success();
  };
  auto result = llvm::TypeSwitch<Attribute, LogicalResult>(attribute)
                    .Case([&](CastStepAttr a) {
                      step.kind = WeightStep::Cast;
                      step.type = graph::elementTypeOf(a.getElement());
                      return success();
                    })
                    .Case([&](UnaryStepAttr a) {
                      step.kind = WeightStep::Unary;
                      step.unary = a.getKind();
                      return success();
                    })
                    .Case([&](BinaryStepAttr a) {
                      step.kind = WeightStep::Binary;
                      step.binary = a.getKind();
                      step.reversed = a.getReversed();
                      return operand(a.getOperand());
                    })
                    .Case([&](SelectStepAttr a) {
                      step.kind = WeightStep::Select;
                      return success(succeeded(operand(a.getOnTrue())) &&
                                     succeeded(operand(a.getOnFalse())));
                    })
                    .Case([&](TransposeStepAttr a) {
                      step.kind = WeightStep::Transpose;
                      step.dims = a.getPermutation().vec();
                      return success();
                    })
                    .Case([&](ReshapeStepAttr a) {
                      step.kind = WeightStep::Reshape;
                      step.dims = a.getShape().vec();
                      return success();
                    })
                    .Case([&](SliceStepAttr a) {
                      step.kind = WeightStep::Slice;
                      step.dims = a.getOffsets().vec();
                      step.sizes = a.getSizes().vec();
                      step.strides = a.getStrides().vec();
                      return success();
                    })
                    .Case([&](BroadcastStepAttr a) {
                      step.kind = WeightStep::Broadcast;
                      step.dims = a.getShape().vec();
                      return success();
                    })
                    .Case([&](ConcatStepAttr a) {
                      step.kind = WeightStep::Concat;
                      step.axis = a.getAxis();
                      for (ExprAttr other : a.getOthers())
                        if (failed(operand(other)))
                          return failure();
                      return success();
                    })
                    .Default([](Attribute) { return failure(); });
  if (failed(result))
    return failure();
  return step;
}

FailureOr<WeightExpr> tilework::resolveWeight(Value constant,
                                              const SourceFiles &files) {
  if (auto weight = constant.getDefiningOp<WeightOp>())
    return resolveWeight(weight.getExpr(), files, constant.getLoc());
  if (auto op = constant.getDefiningOp<arith::ConstantOp>())
    if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue()))
      return resolveWeight(ExprAttr::get(constant.getContext(), dense, {}),
                           files, constant.getLoc());
  return mlir::emitError(constant.getLoc()) << "expected a constant";
}
