// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products and attention of the graph as groups: which dimensions are rows,
// which batch, and from which side the stationary operand is taken.

#include "compiler/conversion/GraphPlanner.h"

#include <algorithm>
#include <tuple>

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

static VectorFunction functionOf(graph::Activation activation) {
  switch (activation) {
  case graph::Activation::None:
    return VectorFunction::identity;
  case graph::Activation::Relu:
    return VectorFunction::relu;
  case graph::Activation::GeluErf:
    return VectorFunction::gelu;
  case graph::Activation::GeluTanh:
    return VectorFunction::gelu_tanh;
  case graph::Activation::Silu:
    return VectorFunction::silu;
  case graph::Activation::Tanh:
    return VectorFunction::tanh;
  case graph::Activation::Sigmoid:
    return VectorFunction::sigmoid;
  }
  return VectorFunction::identity;
}

/// A number of a mask as the chip has it: bf16, and finite if it is that.
static float asStored(llvm::APFloat number) {
  const bool isFinite = number.isFinite();
  bool lost;
  number.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven,
                 &lost);
  if (isFinite && number.isInfinity())
    number =
        llvm::APFloat::getLargest(llvm::APFloat::BFloat(), number.isNegative());
  return number.convertToFloat();
}

Error GraphPlanner::planNorm(const View &in, const View &out, const Norm &norm,
                             Operation *op) {
  RowsGroup group;
  int64_t n = in.sizes.back();
  group.m = in.elements() / n;
  group.n = n;
  RowOp input, normalise;
  input.kind = RowOpKind::Input;
  input.access.tensor = in.tensor;
  input.access.offset = in.offset * 2;
  input.access.rowStride = n * 2;
  normalise.kind = RowOpKind::Normalise;
  normalise.lhs = 0;
  normalise.norm = norm;
  input.source = normalise.source = sourceOf(op);
  group.ops = {input, normalise};
  Access result;
  result.tensor = out.tensor;
  result.offset = out.offset * 2;
  result.rowStride = n * 2;
  group.outputs.push_back({1, result});
  return place(planRows(group, machine), op, "norm");
}

static void swapLast(View &view) {
  const size_t rank = view.sizes.size();
  std::swap(view.sizes[rank - 1], view.sizes[rank - 2]);
  std::swap(view.strides[rank - 1], view.strides[rank - 2]);
}

Expected<View> GraphPlanner::denseRows(const View &view, int64_t count,
                                       Operation *op) {
  if (count > 1 && view.strides.back() != 1)
    return materialise(view, op);
  return view;
}

Expected<View> GraphPlanner::denseRows(Value operand, int64_t count,
                                       Operation *op) {
  auto view = viewOf(operand);
  if (!view)
    return view.takeError();
  return denseRows(*view, count, op);
}

Expected<Norm> GraphPlanner::normOf(Value scale, Value shift, float epsilon,
                                    bool root, int64_t n, Operation *op) {
  Norm norm;
  norm.root = root;
  norm.epsilon = epsilon;
  for (auto [value, tensor] :
       {std::pair(scale, &norm.scale), std::pair(shift, &norm.shift)}) {
    if (!value)
      continue;
    auto column = columnTensor(value, n, op);
    if (!column)
      return column.takeError();
    *tensor = *column;
  }
  return norm;
}

Error GraphPlanner::findStationary(graph::MatmulOp op, Product &product) {
  MatmulGroup &g = product.group;
  auto weight = op.getRhs().getDefiningOp<graph::WeightOp>();
  RankedTensorType type = op.getRhs().getType();
  if (weight && type.getRank() == 2 && !op.getTransposeRhs()) {
    product.b = weightTensor(weight.getExpr(), weight.getName().str(),
                             WeightLayout::Blocked, type.getShape());
    g.blocked = true;
    return Error::success();
  }
  auto rhs = viewOf(op.getRhs());
  if (!rhs)
    return rhs.takeError();
  View b = *rhs;
  if (op.getTransposeRhs())
    swapLast(b);
  const size_t rank = b.sizes.size();
  bool rowsDense = b.strides[rank - 1] == 1 || g.n == 1,
       columnsDense = b.strides[rank - 2] == 1 || g.k == 1;
  if (!rowsDense && !columnsDense) {
    auto copy = materialise(b, op);
    if (!copy)
      return copy.takeError();
    b = *copy;
    rowsDense = true;
  }
  g.transposedB = !rowsDense;
  product.b = b;
  return Error::success();
}

Expected<GraphPlanner::Product> GraphPlanner::productOf(graph::MatmulOp op) {
  Product product;
  MatmulGroup &g = product.group;
  auto lhs = viewOf(op.getLhs());
  if (!lhs)
    return lhs.takeError();
  if (op.getTransposeLhs())
    swapLast(*lhs);
  g.k = lhs->sizes.back();
  g.n = op.getType().getShape().back();
  g.activation = functionOf(op.getActivation());
  auto a = denseRows(*lhs, g.k, op);
  if (!a)
    return a.takeError();
  product.a = *a;
  if (Error error = findStationary(op, product))
    return error;
  if (op.getBias()) {
    auto bias = columnTensor(op.getBias(), g.n, op);
    if (!bias)
      return bias.takeError();
    g.bias = *bias;
  }
  if (op.getNorm() != graph::Norm::None) {
    auto norm = normOf(op.getNormScale(), op.getNormShift(),
                       op.getEpsilon() ? op.getEpsilon()->convertToFloat() : 0,
                       op.getNorm() == graph::Norm::RmsNorm, g.n, op);
    if (!norm)
      return norm.takeError();
    product.norm = *norm;
  }
  if (op.getResidual()) {
    auto residual = denseRows(op.getResidual(), g.n, op);
    if (!residual)
      return residual.takeError();
    product.residual = *residual;
  }
  return product;
}

MatmulGroup GraphPlanner::groupOf(const Product &product,
                                  const View &out) const {
  MatmulGroup g = product.group;
  const View &b = product.b;
  ArrayRef<int64_t> sizes = ArrayRef<int64_t>(out.sizes).drop_back();
  auto rows = [&](const View &view) {
    return alignedStrides(ArrayRef<int64_t>(view.sizes).drop_back(),
                          ArrayRef<int64_t>(view.strides).drop_back(), sizes);
  };
  // B moves with the batch alone.
  SmallVector<int64_t> bStrides(sizes.size(), 0);
  if (!g.blocked && b.sizes.size() > 2) {
    SmallVector<int64_t> batch = alignedStrides(
        ArrayRef<int64_t>(b.sizes).drop_back(2),
        ArrayRef<int64_t>(b.strides).drop_back(2), sizes.drop_back());
    std::copy(batch.begin(), batch.end(), bStrides.begin());
  }
  std::vector<SmallVector<int64_t>> strides = {rows(product.a), rows(out),
                                               bStrides};
  if (product.residual)
    strides.push_back(rows(*product.residual));
  Loops loops = mergeLoops(sizes, strides);
  // A dimension along which B moves cannot be the rows'.
  if (loops.strides[2].back() != 0) {
    loops.sizes.push_back(1);
    for (auto &s : loops.strides)
      s.push_back(0);
  }
  g.batch.assign(loops.sizes.begin(), std::prev(loops.sizes.end()));
  g.m = loops.sizes.back();
  g.a = access(product.a, loops.strides[0]);
  g.out = access(out, loops.strides[1]);
  g.b = access(b, loops.strides[2]);
  if (!g.blocked)
    g.b.rowStride = 2 * b.strides[b.sizes.size() - (g.transposedB ? 1 : 2)];
  if (product.residual)
    g.residual = access(*product.residual, loops.strides[3]);
  return g;
}

Error GraphPlanner::planMatmulOp(graph::MatmulOp op) {
  auto product = productOf(op);
  if (!product)
    return product.takeError();
  View out = newResult(op.getResult());
  MatmulGroup whole = groupOf(*product, out);
  whole.norm = product->norm;
  if (!whole.norm && finished.count(op.getResult()))
    for (int tensor : partsOf(op.getResult())) {
      whole.rest.push_back(whole.out);
      whole.rest.back().tensor = tensor;
    }
  Planned planned = planOnce(std::move(whole));
  if (planned.schedule || !product->norm)
    return place(std::move(planned), op, "matmul");
  // A row does not fit beside the product: the normalisation is a group of its
  // own, through DRAM.
  View before = denseView(
      newTensor("", TensorKind::Scratch, out.elements() * 2), out.sizes, 2);
  if (Error error = place(planOnce(groupOf(*product, before)), op, "matmul"))
    return error;
  return planNorm(before, out, *product->norm, op);
}

/// Bytes from one element of a dimension to the next; 0 where it has but one.
static int64_t byteStride(const View &view, size_t dimension) {
  return view.sizes[dimension] == 1 ? 0 : view.strides[dimension] * 2;
}

Expected<Access> GraphPlanner::headsOf(Value operand, ArrayRef<int64_t> window,
                                       Operation *op) {
  auto view = viewOf(operand);
  if (view && view->strides[2] != 1)
    view = materialise(*view, op);
  if (!view)
    return view.takeError();
  Access access;
  access.tensor = view->tensor;
  access.offset = (view->offset + window[0]) * 2;
  access.rowStride = view->strides[1] * 2;
  access.batchStrides = {view->strides[0] * 2, window[1] * 2};
  return access;
}

Error GraphPlanner::addMask(Value operand, bool selects, Operation *op,
                            AttentionGroup &g) {
  if (!operand)
    return Error::success();
  auto view = denseRows(operand, g.keys, op);
  if (!view)
    return view.takeError();
  AttentionMask mask;
  mask.selects = selects;
  mask.access.tensor = view->tensor;
  mask.access.offset = view->offset * 2;
  mask.perKey =
      view->sizes.size() == 2 || (view->sizes[1] == 1 && view->sizes[2] == 1);
  mask.access.batchStrides = {byteStride(*view, 0),
                              mask.perKey ? 0 : byteStride(*view, 1)};
  mask.access.rowStride = mask.perKey ? 0 : byteStride(*view, 2);
  g.masks.push_back(mask);
  return Error::success();
}

void GraphPlanner::addBand(graph::AttentionOp op, AttentionGroup &g) {
  auto band = op.getBand();
  if (!band)
    return;
  const bool selects = op.getOtherwise().has_value();
  mlir::Builder b(op.getContext());
  auto value = b.getArrayAttr(
      {b.getI64IntegerAttr((*band)[0]), b.getI64IntegerAttr((*band)[1]),
       b.getF32FloatAttr(selects ? 1 : 0),
       b.getF32FloatAttr(selects ? 0 : op.getHiddenValue()),
       b.getI64IntegerAttr(g.queries), b.getI64IntegerAttr(g.keys)});
  AttentionMask mask;
  mask.selects = selects;
  mask.access.tensor =
      weightTensor(value, "band mask", WeightLayout::Band, {g.queries, g.keys})
          .tensor;
  mask.access.rowStride = g.keys * 2;
  mask.access.batchStrides = {0, 0};
  g.masks.push_back(mask);
}

Error GraphPlanner::planAttentionOp(graph::AttentionOp op) {
  AttentionGroup g;
  g.heads = op.getHeads();
  g.kvHeads = op.getKvHeads();
  g.headDim = op.getHeadDim();
  g.valueDim = op.getValueDim();
  g.scale = op.getScale().convertToFloat();
  g.batch = op.getQuery().getType().getDimSize(0);
  g.queries = op.getQuery().getType().getDimSize(1);
  g.keys = op.getKey().getType().getDimSize(1);
  for (auto [operand, window, access] :
       {std::tuple(op.getQuery(), op.getQWindow(), &g.q),
        std::tuple(op.getKey(), op.getKWindow(), &g.k),
        std::tuple(op.getValue(), op.getVWindow(), &g.v)}) {
    auto heads = headsOf(operand, window, op);
    if (!heads)
      return heads.takeError();
    *access = *heads;
  }
  if (Error error = addMask(op.getMask(), /*selects=*/false, op, g))
    return error;
  if (Error error = addMask(op.getSeen(), /*selects=*/true, op, g))
    return error;
  addBand(op, g);
  if (Error error = addMask(op.getBias(), /*selects=*/false, op, g))
    return error;
  if (op.getOtherwise())
    // Where both hide a row, the number is compared with those that are added.
    g.otherwise = op.getMask() || op.getBias()
                      ? asStored(*op.getOtherwise())
                      : op.getOtherwise()->convertToFloat();
  if (Value kept = op.getKept()) {
    auto view = denseRows(kept, g.queries, op);
    if (!view)
      return view.takeError();
    g.kept.emplace();
    g.kept->tensor = view->tensor;
    g.kept->offset = view->offset * 2;
    g.kept->batchStrides = {byteStride(*view, 0), byteStride(*view, 1)};
  }
  g.softcap = op.getSoftcap() ? op.getSoftcap()->convertToFloat() : 0;
  g.zeroHidden = op.getZeroHidden();
  g.zeroNaN = op.getZeroNan();
  if (g.zeroNaN || g.kept)
    g.zeros = rowTensor(op.getContext(), "zeros", 0, g.keys);
  g.ones = rowTensor(op.getContext(), "ones", 1, g.queries);
  View out = newResult(op.getResult());
  g.out.tensor = out.tensor;
  g.out.offset = out.offset * 2;
  g.out.rowStride = out.strides[1] * 2;
  g.out.batchStrides = {out.strides[0] * 2, g.valueDim * 2};
  return place(planOnce(g), op, "attention");
}

} // namespace tilework
