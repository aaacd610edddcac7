// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-fuse-projections: makes one product of those that read one tensor and
// feed one attention.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

namespace tilework {
#define GEN_PASS_DEF_FUSEPROJECTIONS
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

/// A product of weights with at most a bias, read by `attention` alone.
static MatmulOp projection(Value value, AttentionOp attention) {
  auto product = value.getDefiningOp<MatmulOp>();
  if (!product || product.getResidual() || product.getNorm() != Norm::None ||
      product.getActivation() != Activation::None ||
      product.getTransposeLhs() || product.getTransposeRhs() ||
      tensorTypeOf(product.getRhs()).getRank() != 2 ||
      !product.getRhs().getDefiningOp<WeightOp>() ||
      (product.getBias() && !expressionOf(product.getBias())))
    return {};
  for (Operation *user : value.getUsers())
    if (user != attention)
      return {};
  return product;
}

/// The bias of a product as an expression of [N]; zeros where it has none.
static ExprAttr biasOf(MatmulOp product) {
  MLIRContext *context = product.getContext();
  Type element = elementOf(product.getResult());
  ExprAttr expr;
  if (product.getBias()) {
    expr = expressionOf(product.getBias());
    if (tensorTypeOf(product.getBias()).getNumElements() == product.getN())
      return expr;
  } else {
    auto type = RankedTensorType::get({1}, element);
    expr = ExprAttr::get(
        context,
        DenseElementsAttr::get(type, Builder(context).getFloatAttr(element, 0)),
        {});
  }
  return withStep(expr, BroadcastStepAttr::get(context, {product.getN()}));
}

/// One weight of several, one after another along `axis`.
static Value joined(OpBuilder &builder, Location loc, StringRef name,
                    ArrayRef<ExprAttr> parts, int64_t axis) {
  ExprAttr expr =
      withStep(parts.front(), ConcatStepAttr::get(builder.getContext(), axis,
                                                  parts.drop_front()));
  auto type = expr.inferType([&] { return emitError(loc); });
  return WeightOp::create(builder, loc, *type, name, expr);
}

static void fuse(AttentionOp attention) {
  struct Part {
    MatmulOp product;
    int64_t first;
  };
  OpOperand *operands[] = {&attention.getQueryMutable(),
                           &attention.getKeyMutable(),
                           &attention.getValueMutable()};
  // The largest set that reads one tensor: all three, or keys and values.
  SmallVector<Part> parts;
  Value input;
  for (OpOperand *operand : llvm::reverse(operands)) {
    MatmulOp product = projection(operand->get(), attention);
    if (!product || (input && product.getLhs() != input)) {
      if (parts.empty())
        return;
      break;
    }
    input = product.getLhs();
    bool seen = llvm::any_of(
        parts, [&](const Part &part) { return part.product == product; });
    if (!seen)
      parts.insert(parts.begin(), {product, 0});
  }
  if (parts.size() < 2)
    return;
  OpBuilder builder(attention);
  SmallVector<ExprAttr> weights, biases;
  SmallVector<Operation *> ops;
  std::string name;
  int64_t columns = 0;
  bool hasBias = false;
  for (Part &part : parts) {
    auto weight = part.product.getRhs().getDefiningOp<WeightOp>();
    part.first = columns;
    columns += part.product.getN();
    weights.push_back(weight.getExpr());
    biases.push_back(biasOf(part.product));
    hasBias |= static_cast<bool>(part.product.getBias());
    ops.push_back(part.product);
    name += (name.empty() ? "" : " | ") + weight.getName().str();
  }
  Location loc = fuseLocations(ops);
  SmallVector<int64_t> shape(shapeOf(parts.front().product.getResult()));
  shape.back() = columns;
  auto type = RankedTensorType::get(shape, elementOf(input));
  Value weight = joined(builder, loc, name, weights, 1);
  Value bias = hasBias ? joined(builder, loc, name, biases, 0) : Value();
  auto product = MatmulOp::create(builder, loc, type, input, weight);
  if (bias)
    product.getBiasMutable().append(bias);
  SmallVector<DenseI64ArrayAttr> windows{attention.getQWindowAttr(),
                                         attention.getKWindowAttr(),
                                         attention.getVWindowAttr()};
  for (auto [i, operand] : llvm::enumerate(operands))
    for (Part &part : parts)
      if (operand->get() == part.product.getResult()) {
        windows[i] = builder.getDenseI64ArrayAttr(
            {windows[i][0] + part.first, windows[i][1]});
        operand->set(product.getResult());
        break;
      }
  attention.setQWindowAttr(windows[0]);
  attention.setKWindowAttr(windows[1]);
  attention.setVWindowAttr(windows[2]);
  for (Part &part : parts)
    part.product.erase();
}

namespace {
struct FuseProjectionsPass
    : tilework::impl::FuseProjectionsBase<FuseProjectionsPass> {
  void runOnOperation() override {
    SmallVector<AttentionOp> attentions;
    getOperation().walk([&](AttentionOp op) { attentions.push_back(op); });
    for (AttentionOp op : attentions)
      fuse(op);
  }
};
} // namespace
