// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folds of graph ops that do nothing: views onto the same shape, conversions
// to the same type, arithmetic with a neutral constant. Folding by value
// belongs to the import.

#include "dialects/graph/GraphDialect.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tilework::graph;

/// The value of a constant whose elements are all equal, as a double.
static std::optional<double> splatValue(Attribute attribute) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<APFloat>().convertToDouble();
  if (dense.getElementType().isInteger(1))
    return dense.getSplatValue<bool>() ? 1.0 : 0.0;
  return static_cast<double>(dense.getSplatValue<APInt>().getSExtValue());
}

static bool isSplat(Attribute attribute, double expected) {
  std::optional<double> value = splatValue(attribute);
  return value && *value == expected;
}

OpFoldResult UnaryOp::fold(FoldAdaptor) {
  bool involution = getKind() == UnaryKind::Neg || getKind() == UnaryKind::Not;
  if (auto inner = getInput().getDefiningOp<UnaryOp>();
      involution && inner && inner.getKind() == getKind())
    return inner.getInput();
  return {};
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  auto neutral = [&](double left, double right) -> OpFoldResult {
    if (isSplat(adaptor.getRhs(), right) &&
        getLhs().getType() == getResult().getType())
      return getLhs();
    if (isSplat(adaptor.getLhs(), left) &&
        getRhs().getType() == getResult().getType())
      return getRhs();
    return {};
  };
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  switch (getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Or:
    return neutral(0, 0);
  case BinaryKind::Sub:
    return neutral(none, 0);
  case BinaryKind::Mul:
    return neutral(1, 1);
  case BinaryKind::And:
    // On integers wider than i1 the neutral element is -1.
    return getElementTypeOrSelf(getResult().getType()).isInteger(1)
               ? neutral(1, 1)
               : neutral(-1, -1);
  case BinaryKind::Div:
  case BinaryKind::Pow:
    return neutral(none, 1);
  default:
    return {};
  }
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  std::optional<double> condition = splatValue(adaptor.getCondition());
  if (getOnTrue() == getOnFalse() &&
      getOnTrue().getType() == getResult().getType())
    return getOnTrue();
  if (!condition)
    return {};
  Value chosen = *condition != 0 ? getOnTrue() : getOnFalse();
  return chosen.getType() == getResult().getType() ? OpFoldResult(chosen)
                                                   : OpFoldResult();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getResult().getType()
             ? OpFoldResult(getInput())
             : OpFoldResult();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getInput()))
    return dense.reshape(cast<ShapedType>(getResult().getType()));
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  bool identity = true;
  for (auto [i, dim] : llvm::enumerate(getPermutation()))
    identity &= static_cast<int64_t>(i) == dim;
  if (identity)
    return getInput();
  if (auto inner = getInput().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> permutation;
    for (int64_t dim : getPermutation())
      permutation.push_back(inner.getPermutation()[dim]);
    getInputMutable().assign(inner.getInput());
    setPermutation(permutation);
    return getResult();
  }
  return {};
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  auto positive = [](int64_t stride) { return stride > 0; };
  if (getInput().getType() == getResult().getType() &&
      llvm::all_of(getStrides(), positive))
    return getInput();
  return {};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getInput());
      dense && dense.isSplat() &&
      cast<ShapedType>(getResult().getType()).getNumElements() <= 256)
    return dense.resizeSplat(cast<ShapedType>(getResult().getType()));
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? OpFoldResult(getInputs().front())
                                 : OpFoldResult();
}
