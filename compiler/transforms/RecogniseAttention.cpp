// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-recognise-attention: finds two products around a softmax, composes the
// views of queries, keys and values, and says where each head's columns stand.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ViewMap.h"

#include <cmath>
#include <limits>
#include <optional>

namespace tilework {
#define GEN_PASS_DEF_RECOGNISEATTENTION
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

namespace {

/// What stands between the product of queries and keys and the softmax.
struct Scores {
  MatmulOp product;
  double scale = 1.0;
  std::optional<double> cap;
  /// Values added to the scores, with the scale that applies to each.
  SmallVector<std::pair<Value, double>> masks;
  /// Conditions, each with what it is where a key is seen. `otherwise` takes
  /// the place of other scores, after the masks are added.
  SmallVector<std::pair<Value, bool>> seen;
  double otherwise = 0;
  /// Values added to what is there then.
  SmallVector<std::pair<Value, double>> bias;
};

/// Where the heads of one operand stand.
struct Operand {
  Value tensor;
  int64_t batch = 1, heads = 1, kvHeads = 1, rows = 1, width = 1;
  int64_t window[2] = {0, 0};
  double scale = 1.0;
};

} // namespace

/// Follows the scores back to their product. What is added is collected, and
/// so are the conditions of a selection.
static bool findProduct(Value value, double scale, Scores &scores) {
  if (auto product = value.getDefiningOp<MatmulOp>()) {
    if (product.hasEpilogue())
      return false;
    scores.product = product;
    scores.scale = scale;
    return true;
  }
  if (auto scaled = matchScaled(value))
    return findProduct(scaled->value, scale * scaled->factor, scores);
  if (UnaryOp tanh = unaryOf(value, UnaryKind::Tanh)) {
    // A cap of the scores: cap · tanh(scores / cap).
    Scores inner;
    if (!(scale > 0) || !findProduct(tanh.getInput(), scale, inner) ||
        !inner.masks.empty() || !inner.seen.empty() || inner.cap)
      return false;
    scores.product = inner.product;
    scores.scale = inner.scale;
    scores.cap = scale;
    return true;
  }
  if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    ArrayRef<int64_t> from = shapeOf(reshape.getInput()), to = shapeOf(value);
    return from.size() >= 2 && to.size() >= 2 &&
           from.take_back(2) == to.take_back(2) &&
           findProduct(reshape.getInput(), scale, scores);
  }
  if (BinaryOp add = binaryOf(value, BinaryKind::Add))
    for (auto [inner, mask] : {std::pair{add.getLhs(), add.getRhs()},
                               std::pair{add.getRhs(), add.getLhs()}}) {
      Scores found;
      if (shapeOf(inner) != shapeOf(value) || !findProduct(inner, scale, found))
        continue;
      scores = found;
      (found.seen.empty() ? scores.masks : scores.bias)
          .push_back({mask, scale});
      return true;
    }
  if (auto select = value.getDefiningOp<SelectOp>())
    for (bool keepTrue : {true, false}) {
      Value inner = keepTrue ? select.getOnTrue() : select.getOnFalse();
      auto masked =
          scalarConstant(keepTrue ? select.getOnFalse() : select.getOnTrue());
      Scores found;
      if (!masked || shapeOf(inner) != shapeOf(value) ||
          !findProduct(inner, scale, found) || !found.bias.empty() ||
          (!found.seen.empty() && found.otherwise != *masked * scale))
        continue;
      scores = found;
      scores.otherwise = *masked * scale;
      scores.seen.push_back({select.getCondition(), keepTrue});
      return true;
    }
  return false;
}

/// Reads the heads off a view whose dimensions are batch and heads, then rows
/// and columns (`transposed`: columns and rows).
static bool readWindow(Value value, bool transposed, Operand &operand) {
  ViewMap map = traceViews(value, /*throughScales=*/true);
  size_t rank = map.dims.size();
  size_t rowDim = transposed ? rank - 1 : rank - 2;
  size_t columnDim = transposed ? rank - 2 : rank - 1;
  auto rows = map.factors(rowDim, rowDim + 1);
  auto columns = map.factors(columnDim, columnDim + 1);
  auto outer = map.factors(0, rank - 2);
  ArrayRef<int64_t> root = shapeOf(map.root);
  if (root.empty() || rows.size() > 1 || columns.size() > 1 ||
      (columns.size() == 1 && columns[0].stride != 1))
    return false;
  int64_t width = root.back();
  operand.rows = shapeOf(value)[rowDim];
  if (!rows.empty() && rows[0].stride != width)
    return false;
  int64_t batchStride = operand.rows * width;
  SmallVector<ViewFactor> batch, heads;
  for (ViewFactor factor : outer) {
    bool isHead = factor.stride < width;
    if (!isHead && !heads.empty())
      return false;
    (isHead ? heads : batch).push_back(factor);
  }
  // Key-value heads that serve several queries repeat with stride 0.
  int64_t repeats = 1;
  if (!heads.empty() && heads.back().stride == 0)
    repeats = heads.pop_back_val().size;
  if (batch.size() > 1 || heads.size() > 1 ||
      (batch.size() == 1 && batch[0].stride != batchStride))
    return false;
  operand.batch = batch.empty() ? 1 : batch[0].size;
  operand.kvHeads = heads.empty() ? 1 : heads[0].size;
  operand.heads = operand.kvHeads * repeats;
  operand.window[0] = map.offset;
  operand.window[1] = heads.empty() ? 0 : heads[0].stride;
  operand.width = width;
  operand.tensor = map.root;
  operand.scale = map.scale;
  int64_t size = shapeOf(value)[columnDim];
  int64_t last = map.offset + (operand.kvHeads - 1) * operand.window[1];
  int64_t elements = tensorTypeOf(map.root).getNumElements();
  return map.offset >= 0 && last >= 0 && last + size <= width &&
         elements == operand.batch * batchStride;
}

/// Makes the operand a [B, S, H · D] tensor by ops where views do not say it.
static Operand rearranged(OpBuilder &builder, Location loc, Value value,
                          bool transposed, int64_t batch, int64_t heads) {
  ArrayRef<int64_t> shape = shapeOf(value);
  int64_t rows = shape[shape.size() - (transposed ? 1 : 2)];
  int64_t columns = shape[shape.size() - (transposed ? 2 : 1)];
  Type element = elementOf(value);
  SmallVector<int64_t> split{batch, heads, transposed ? columns : rows,
                             transposed ? rows : columns};
  SmallVector<int64_t> order{0, transposed ? 3 : 2, 1, transposed ? 2 : 3};
  Value four = reshaped(builder, loc, value, split);
  Value moved = TransposeOp::create(
      builder, loc,
      RankedTensorType::get({batch, rows, heads, columns}, element), four,
      order);
  Operand operand;
  operand.tensor =
      reshaped(builder, loc, moved, {batch, rows, heads * columns});
  operand.batch = batch;
  operand.heads = operand.kvHeads = heads;
  operand.rows = rows;
  operand.width = heads * columns;
  operand.window[1] = columns;
  return operand;
}

namespace {
/// What stands between the softmax and the product with the values.
struct Guards {
  bool zeroNaN = false;
  /// Conditions of rows, each with what it is where probabilities stay.
  SmallVector<std::pair<Value, bool>> kept;
};
} // namespace

/// The product that reads the probabilities, behind reshapes and guards that
/// put zeros in their place: where they are NaN, or in whole rows.
static MatmulOp findConsumer(Value probabilities, Guards &guards) {
  for (Operation *user : probabilities.getUsers()) {
    if (auto product = dyn_cast<MatmulOp>(user))
      return product.getLhs() == probabilities && !product.hasEpilogue() &&
                     !product.getTransposeLhs()
                 ? product
                 : MatmulOp();
    if (auto reshape = dyn_cast<ReshapeOp>(user)) {
      if (shapeOf(reshape.getResult()).size() >= 2 &&
          shapeOf(reshape.getResult()).take_back(2) ==
              shapeOf(probabilities).take_back(2))
        if (MatmulOp found = findConsumer(reshape.getResult(), guards))
          return found;
      continue;
    }
    auto select = dyn_cast<SelectOp>(user);
    if (!select || select.getType() != probabilities.getType())
      continue;
    const bool stays = select.getOnTrue() == probabilities;
    Value other = stays ? select.getOnFalse() : select.getOnTrue();
    if ((!stays && select.getOnFalse() != probabilities) ||
        scalarConstant(other) != 0.0)
      continue;
    Value condition = select.getCondition();
    Guards found = guards;
    UnaryOp test = unaryOf(condition, UnaryKind::IsNan);
    if (test && test.getInput() == probabilities && !stays)
      found.zeroNaN = true;
    else if (shapeOf(condition).size() >= 2 && shapeOf(condition).back() == 1)
      found.kept.push_back({condition, stays});
    else
      continue;
    if (MatmulOp product = findConsumer(select.getResult(), found)) {
      guards = found;
      return product;
    }
  }
  return {};
}

/// Whether no element is above zero, as far as constants say.
static bool isNeverPositive(Value value) {
  if (auto number = scalarConstant(value))
    return *number <= 0;
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<ReshapeOp, BroadcastOp, TransposeOp>(op))
    return isNeverPositive(op->getOperand(0));
  if (auto select = dyn_cast_or_null<SelectOp>(op))
    return isNeverPositive(select.getOnTrue()) &&
           isNeverPositive(select.getOnFalse());
  BinaryOp sum = binaryOf(value, BinaryKind::Add);
  return sum && isNeverPositive(sum.getLhs()) && isNeverPositive(sum.getRhs());
}

/// Leaves of the masks the first ones whose sum can be added at once; the
/// others become the bias. Large numbers that cancel in their sum would leave a
/// score that they swallow one after the other.
static void splitMasks(Scores &scores) {
  auto isNegative = [](const std::pair<Value, double> &mask) {
    return mask.second > 0 && isNeverPositive(mask.first);
  };
  auto isKnown = [](const std::pair<Value, double> &mask) {
    return isConstant(mask.first);
  };
  ArrayRef<std::pair<Value, double>> masks = scores.masks;
  size_t count = masks.size();
  while (count > 1 && !llvm::all_of(masks.take_front(count), isNegative) &&
         !llvm::all_of(masks.take_front(count), isKnown))
    --count;
  scores.bias.assign(masks.begin() + count, masks.end());
  scores.masks.truncate(count);
}

/// The sum of values as one of rank 4 that broadcasts to the scores.
static Value joinMasks(OpBuilder &builder, Location loc,
                       ArrayRef<std::pair<Value, double>> masks) {
  Value sum;
  for (auto [mask, scale] : masks) {
    SmallVector<int64_t> shape(shapeOf(mask));
    if (shape.size() > 4)
      return {};
    shape.insert(shape.begin(), 4 - shape.size(), 1);
    Value next = reshaped(builder, loc, mask, shape);
    Type element = elementOf(mask);
    if (scale != 1.0)
      next = BinaryOp::create(builder, loc, next.getType(), BinaryKind::Mul,
                              next, scalar(builder, loc, scale, element));
    if (!sum) {
      sum = next;
      continue;
    }
    auto joined = broadcastShapes(shapeOf(sum), shape);
    if (failed(joined))
      return {};
    sum =
        BinaryOp::create(builder, loc, RankedTensorType::get(*joined, element),
                         BinaryKind::Add, sum, next);
  }
  return sum;
}

/// The conditions as one of rank 4 that broadcasts to the scores.
static Value joinConditions(OpBuilder &builder, Location loc,
                            ArrayRef<std::pair<Value, bool>> conditions) {
  Value all;
  for (auto [condition, polarity] : conditions) {
    SmallVector<int64_t> shape(shapeOf(condition));
    if (shape.size() > 4)
      return {};
    shape.insert(shape.begin(), 4 - shape.size(), 1);
    Value next = reshaped(builder, loc, condition, shape);
    if (!polarity)
      next =
          UnaryOp::create(builder, loc, next.getType(), UnaryKind::Not, next);
    all = all ? conjunction(builder, loc, all, next) : next;
    if (!all)
      return {};
  }
  return all;
}

/// The mask with a value for every key, stored or repeated; null where it does
/// not broadcast to the scores. (So conditions of rows to rows.)
static Value fitted(OpBuilder &builder, Location loc, Value mask,
                    ArrayRef<int64_t> scores) {
  if (!mask || !broadcastsTo(shapeOf(mask), scores))
    return {};
  SmallVector<int64_t> wide(shapeOf(mask));
  if (wide.back() == scores.back())
    return mask;
  wide.back() = scores.back();
  return BroadcastOp::create(
      builder, loc, RankedTensorType::get(wide, elementOf(mask)), mask);
}

/// An operand of `product` with all of the product's leading dimensions: heads
/// that serve several queries may reach it as one that is repeated.
static Value repeated(OpBuilder &builder, MatmulOp product, Value operand) {
  SmallVector<int64_t> wide(shapeOf(product.getResult()).drop_back(2));
  llvm::append_range(wide, shapeOf(operand).take_back(2));
  if (shapeOf(operand) == ArrayRef<int64_t>(wide))
    return operand;
  return BroadcastOp::create(builder, product.getLoc(),
                             RankedTensorType::get(wide, elementOf(operand)),
                             operand);
}

static void recognise(SoftmaxOp softmax) {
  Guards guards;
  MatmulOp values = findConsumer(softmax.getResult(), guards);
  if (!values)
    return;
  OpBuilder builder(values);
  Scores scores;
  if (!findProduct(softmax.getInput(), 1.0, scores))
    return;
  if (scores.seen.empty())
    splitMasks(scores);
  MatmulOp product = scores.product;
  Value q = product.getLhs(), k = product.getRhs(), v = values.getRhs();
  bool kTransposed = !product.getTransposeRhs();
  bool vTransposed = values.getTransposeRhs();
  if (product.getTransposeLhs() || shapeOf(q).size() < 3 ||
      shapeOf(k).size() != shapeOf(q).size() ||
      shapeOf(v).size() != shapeOf(values.getLhs()).size() ||
      shapeOf(values.getLhs()).drop_back(2) !=
          shapeOf(values.getResult()).drop_back(2))
    return;
  q = repeated(builder, product, q);
  k = repeated(builder, product, k);
  v = repeated(builder, values, v);
  // Masks of three dimensions mix batch and heads: only shared ones are read.
  bool flat = shapeOf(softmax.getInput()).size() == 3;
  auto mixes = [&](auto &mask) {
    ArrayRef<int64_t> shape = shapeOf(mask.first);
    return flat && shape.size() == 3 && shape[0] != 1;
  };
  if (llvm::any_of(scores.masks, mixes) || llvm::any_of(scores.seen, mixes) ||
      llvm::any_of(scores.bias, mixes) || llvm::any_of(guards.kept, mixes))
    return;
  Operand query, key, value;
  bool hasQuery = readWindow(q, false, query);
  bool hasKey = readWindow(k, kTransposed, key);
  bool hasValue = readWindow(v, vTransposed, value);
  // Batch and heads of operands without windows: those of the result, or of
  // an operand that has them.
  ArrayRef<int64_t> shape = shapeOf(values.getResult());
  int64_t batch, heads;
  if (shape.size() == 4) {
    batch = shape[0];
    heads = shape[1];
  } else if (hasQuery && shape.size() == 3) {
    batch = query.batch;
    heads = query.heads;
  } else {
    return;
  }
  auto fits = [&](const Operand &o) {
    return o.batch == batch && o.heads == heads;
  };
  Location loc = values.getLoc();
  if (!hasQuery || !fits(query) || query.kvHeads != heads)
    query = rearranged(builder, loc, q, false, batch, heads);
  if (!hasKey || !fits(key))
    key = rearranged(builder, loc, k, kTransposed, batch, heads);
  if (!hasValue || !fits(value))
    value = rearranged(builder, loc, v, vTransposed, batch, heads);
  if (value.kvHeads != key.kvHeads) {
    key = rearranged(builder, loc, k, kTransposed, batch, heads);
    value = rearranged(builder, loc, v, vTransposed, batch, heads);
  }
  int64_t headDim = product.getK(), valueDim = values.getN();
  SmallVector<int64_t> full{batch, heads, query.rows, key.rows};
  Value mask =
      fitted(builder, loc, joinMasks(builder, loc, scores.masks), full);
  Value seen =
      fitted(builder, loc, joinConditions(builder, loc, scores.seen), full);
  Value bias = fitted(builder, loc, joinMasks(builder, loc, scores.bias), full);
  if (!mask != scores.masks.empty() || !seen != scores.seen.empty() ||
      !bias != scores.bias.empty())
    return;
  Value kept = joinConditions(builder, loc, guards.kept);
  if (kept) {
    kept = fitted(builder, loc,
                  reshaped(builder, loc, kept, shapeOf(kept).drop_back()),
                  ArrayRef<int64_t>(full).drop_back());
    if (!kept)
      return;
    // The chip reads conditions as numbers.
    kept = CastOp::create(
        builder, loc,
        RankedTensorType::get(shapeOf(kept), builder.getF32Type()), kept);
  }
  auto tensor = [&](const Operand &o) {
    return reshaped(builder, loc, o.tensor, {batch, o.rows, o.width});
  };
  auto window = [&](const Operand &o) {
    return builder.getDenseI64ArrayAttr({o.window[0], o.window[1]});
  };
  auto unit = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  Type element = elementOf(values);
  double scale = scores.scale * query.scale * key.scale * value.scale;
  // A factor on values is one on the result; none of the exporters writes one.
  if (value.scale != 1.0)
    return;
  SmallVector<Value> stops{query.tensor, key.tensor, value.tensor};
  for (auto *terms : {&scores.masks, &scores.bias})
    for (auto &[term, factor] : *terms)
      stops.push_back(term);
  for (auto *conditions : {&scores.seen, &guards.kept})
    for (auto &[condition, polarity] : *conditions)
      stops.push_back(condition);
  auto type =
      RankedTensorType::get({batch, query.rows, heads * valueDim}, element);
  auto attention = AttentionOp::create(
      builder, fuseLocations(opsBetween(values, stops)), type, tensor(query),
      tensor(key), tensor(value), mask, seen, bias, kept,
      builder.getI64IntegerAttr(heads), builder.getI64IntegerAttr(key.kvHeads),
      builder.getI64IntegerAttr(headDim), builder.getI64IntegerAttr(valueDim),
      window(query), window(key), window(value),
      builder.getF32FloatAttr(static_cast<float>(scale)),
      scores.cap ? builder.getF32FloatAttr(static_cast<float>(*scores.cap))
                 : FloatAttr(),
      /*band=*/nullptr, /*band_value=*/nullptr,
      seen ? builder.getF32FloatAttr(static_cast<float>(scores.otherwise))
           : FloatAttr(),
      unit(softmax.getZeroHidden()), unit(guards.zeroNaN));
  Value split =
      reshaped(builder, loc, attention, {batch, query.rows, heads, valueDim});
  Value moved = TransposeOp::create(
      builder, loc,
      RankedTensorType::get({batch, heads, query.rows, valueDim}, element),
      split, ArrayRef<int64_t>{0, 2, 1, 3});
  Value result = reshaped(builder, loc, moved, shapeOf(values.getResult()));
  values.getResult().replaceAllUsesWith(result);
  values.erase();
}

namespace {
struct RecogniseAttentionPass
    : tilework::impl::RecogniseAttentionBase<RecogniseAttentionPass> {
  void runOnOperation() override {
    SmallVector<SoftmaxOp> candidates;
    getOperation().walk([&](SoftmaxOp op) { candidates.push_back(op); });
    for (SoftmaxOp op : candidates)
      recognise(op);
  }
};
} // namespace
