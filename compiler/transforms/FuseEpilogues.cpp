// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-fuse-epilogues: lets each product take in the ops that follow it while
// they are its only readers: bias, activation, residual, normalisation.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

namespace tilework {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

/// The activation that an op is, or none.
static Activation activationOf(Operation *op) {
  if (auto gelu = dyn_cast<GeluOp>(op))
    return gelu.getForm() == GeluForm::Erf ? Activation::GeluErf
                                           : Activation::GeluTanh;
  auto unary = dyn_cast<UnaryOp>(op);
  if (!unary)
    return Activation::None;
  switch (unary.getKind()) {
  case UnaryKind::Relu:
    return Activation::Relu;
  case UnaryKind::Silu:
    return Activation::Silu;
  case UnaryKind::Tanh:
    return Activation::Tanh;
  case UnaryKind::Sigmoid:
    return Activation::Sigmoid;
  default:
    return Activation::None;
  }
}

/// Sets the product's part that `user` stands for; whether there is one.
static bool absorb(MatmulOp product, Operation *user, OpBuilder &builder) {
  Value result = product.getResult();
  if (user->getResult(0).getType() != result.getType() ||
      product.getNorm() != Norm::None)
    return false;
  bool hasActivation = product.getActivation() != Activation::None;
  if (auto add = dyn_cast<BinaryOp>(user)) {
    if (add.getKind() != BinaryKind::Add)
      return false;
    Value other = add.getLhs() == result ? add.getRhs() : add.getLhs();
    if (!product.getBias() && !hasActivation && !product.getResidual()) {
      if (Value bias = constantVector(builder, other, product.getN())) {
        product.getBiasMutable().append(bias);
        return true;
      }
      if (isConstant(other) && tensorTypeOf(other).getNumElements() == 1) {
        product.getBiasMutable().append(
            reshaped(builder, other.getLoc(), other, {1}));
        return true;
      }
    }
    if (product.getResidual() || other == result ||
        other.getType() != result.getType())
      return false;
    product.getResidualMutable().append(other);
    return true;
  }
  if (Activation activation = activationOf(user);
      activation != Activation::None) {
    if (hasActivation || product.getResidual())
      return false;
    product.setActivation(activation);
    return true;
  }
  if (auto norm = dyn_cast<LayerNormOp>(user)) {
    if (norm.getInput() != result)
      return false;
    product.setNorm(Norm::LayerNorm);
    product.getNormScaleMutable().append(norm.getScale());
    if (norm.getShift())
      product.getNormShiftMutable().append(norm.getShift());
    product.setEpsilonAttr(norm.getEpsilonAttr());
    return true;
  }
  if (auto norm = dyn_cast<RmsNormOp>(user)) {
    if (norm.getInput() != result)
      return false;
    product.setNorm(Norm::RmsNorm);
    product.getNormScaleMutable().append(norm.getScale());
    product.setEpsilonAttr(norm.getEpsilonAttr());
    return true;
  }
  return false;
}

namespace {
struct FuseEpiloguesPass
    : tilework::impl::FuseEpiloguesBase<FuseEpiloguesPass> {
  void runOnOperation() override {
    SmallVector<MatmulOp> products;
    getOperation().walk([&](MatmulOp op) { products.push_back(op); });
    for (MatmulOp product : products)
      while (Operation *user = singleUser(product.getResult())) {
        if (user->getNumResults() != 1 ||
            user->getBlock() != product->getBlock())
          break;
        OpBuilder builder(user);
        if (!absorb(product, user, builder))
          break;
        // What the user reads is made before it, maybe after the product.
        product->moveBefore(user);
        product->setLoc(fuseLocations({product, user}));
        user->getResult(0).replaceAllUsesWith(product.getResult());
        user->erase();
      }
  }
};
} // namespace
