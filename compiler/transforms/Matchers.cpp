// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matchers that the graph passes share.

#include "compiler/transforms/Matchers.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

static std::optional<double> splat(DenseElementsAttr dense) {
  if (!dense.isSplat())
    return std::nullopt;
  Type element = dense.getElementType();
  if (isa<FloatType>(element))
    return dense.getSplatValue<APFloat>().convertToDouble();
  if (element.isInteger(1))
    return dense.getSplatValue<bool>() ? 1.0 : 0.0;
  return static_cast<double>(dense.getSplatValue<APInt>().getSExtValue());
}

std::optional<double> tilework::scalarConstant(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<BroadcastOp, ReshapeOp, TransposeOp>(op))
      break;
    value = op->getOperand(0);
  }
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)))
    return splat(dense);
  auto weight = value.getDefiningOp<WeightOp>();
  if (!weight)
    return std::nullopt;
  for (Attribute step : weight.getExpr().getSteps())
    if (!isa<ReshapeStepAttr, BroadcastStepAttr, TransposeStepAttr>(step))
      return std::nullopt;
  dense = dyn_cast<DenseElementsAttr>(weight.getExpr().getSource());
  return dense ? splat(dense) : std::nullopt;
}

bool tilework::isConstant(Value value) {
  return value.getDefiningOp<WeightOp>() ||
         value.getDefiningOp<arith::ConstantOp>();
}

std::optional<ScaledValue> tilework::matchScaled(Value value) {
  if (UnaryOp neg = unaryOf(value, UnaryKind::Neg))
    return ScaledValue{neg.getInput(), -1.0};
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || !isFloat(value))
    return std::nullopt;
  auto same = [&](Value v) { return shapeOf(v) == shapeOf(value); };
  if (op.getKind() == BinaryKind::Mul) {
    if (auto c = scalarConstant(op.getRhs()); c && same(op.getLhs()))
      return ScaledValue{op.getLhs(), *c};
    if (auto c = scalarConstant(op.getLhs()); c && same(op.getRhs()))
      return ScaledValue{op.getRhs(), *c};
  }
  if (op.getKind() == BinaryKind::Div)
    if (auto c = scalarConstant(op.getRhs()); c && *c && same(op.getLhs()))
      return ScaledValue{op.getLhs(), 1.0 / *c};
  return std::nullopt;
}

BinaryOp tilework::binaryOf(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

UnaryOp tilework::unaryOf(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

Operation *tilework::singleUser(Value value) {
  return value.hasOneUse() ? *value.getUsers().begin() : nullptr;
}

Location tilework::fuseLocations(ArrayRef<Operation *> ops) {
  SmallVector<Location> locs;
  for (Operation *op : ops) {
    SmallVector<Location> parts{op->getLoc()};
    if (auto fused = dyn_cast<FusedLoc>(op->getLoc()))
      parts.assign(fused.getLocations().begin(), fused.getLocations().end());
    for (Location part : parts)
      if (!isa<UnknownLoc>(part) && !llvm::is_contained(locs, part))
        locs.push_back(part);
  }
  return locs.empty() ? ops.front()->getLoc()
                      : FusedLoc::get(ops.front()->getContext(), locs);
}

SmallVector<Operation *> tilework::opsBetween(Value result,
                                              ArrayRef<Value> inputs) {
  SmallVector<Operation *> ops;
  SmallVector<Value> open{result};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || isConstant(value) || llvm::is_contained(inputs, value) ||
        llvm::is_contained(ops, op))
      continue;
    ops.push_back(op);
    llvm::append_range(open, op->getOperands());
  }
  return ops;
}

Value tilework::scalar(OpBuilder &builder, Location loc, double value,
                       Type element) {
  auto type = RankedTensorType::get({}, element);
  Attribute attribute = isa<FloatType>(element)
                            ? Attribute(builder.getFloatAttr(element, value))
                            : Attribute(builder.getIntegerAttr(
                                  element, static_cast<int64_t>(value)));
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, attribute));
}

Value tilework::conjunction(OpBuilder &builder, Location loc, Value lhs,
                            Value rhs) {
  auto joined = broadcastShapes(shapeOf(lhs), shapeOf(rhs));
  if (failed(joined))
    return {};
  return BinaryOp::create(builder, loc,
                          RankedTensorType::get(*joined, builder.getI1Type()),
                          BinaryKind::And, lhs, rhs);
}

Value tilework::reshaped(OpBuilder &builder, Location loc, Value value,
                         ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  return ReshapeOp::create(
      builder, loc, RankedTensorType::get(shape, elementOf(value)), value);
}

Value tilework::constantVector(OpBuilder &builder, Value value, int64_t size) {
  RankedTensorType type = tensorTypeOf(value);
  if (!isConstant(value) || type.getRank() < 1 ||
      type.getNumElements() != size || type.getShape().back() != size)
    return {};
  return reshaped(builder, value.getLoc(), value, {size});
}

ExprAttr tilework::expressionOf(Value value) {
  if (auto weight = value.getDefiningOp<WeightOp>())
    return weight.getExpr();
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)))
    return ExprAttr::get(value.getContext(), dense, {});
  return {};
}

ExprAttr tilework::withStep(ExprAttr expr, Attribute step) {
  SmallVector<Attribute> steps(expr.getSteps());
  steps.push_back(step);
  return ExprAttr::get(expr.getContext(), expr.getSource(), steps);
}
