// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-recognise-masks: takes the mask of each attention apart and keeps what
// depends on data in its smallest form. Every part keeps its value: what a row
// whose keys are all masked gives depends on it.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

#include <cmath>
#include <limits>
#include <optional>

namespace tilework {
#define GEN_PASS_DEF_RECOGNISEMASKS
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

namespace {

/// The parts of one mask, in the order found: values to add, and conditions.
struct Parts {
  SmallVector<Value> terms, conditions;
  /// Whether what is added outside of a band can be an attribute.
  bool addsBand = true;
  /// As attributes of the attention; no value: minus infinity.
  SmallVector<int64_t> band;
  std::optional<float> bandValue;
  bool emptied = false;
};

class Splitter {
public:
  using Shape = std::optional<SmallVector<int64_t>>;

  Splitter(OpBuilder &builder, Location loc, Type element, Parts &parts)
      : builder(builder), loc(loc), element(element), parts(parts) {}

  /// Splits an additive mask into terms. `shape` is what a reshape behind the
  /// value makes of it, where there is one.
  void add(Value mask, Shape shape = std::nullopt) {
    mask = strip(mask, shape);
    if (Operation *op = mask.getDefiningOp(); op && !shape)
      if (auto value = op->getAttrOfType<FloatAttr>(kBandValueAttrName))
        if (addBand(op, value.getValueAsDouble()))
          return;
    if (scalarConstant(mask) == 0.0) {
      parts.emptied = true;
      return;
    }
    if (BinaryOp sum = binaryOf(mask, BinaryKind::Add);
        sum && (!shape || sameShapes(sum))) {
      add(sum.getLhs(), shape);
      add(sum.getRhs(), shape);
      return;
    }
    if (auto select = mask.getDefiningOp<SelectOp>();
        select && shapeOf(select.getCondition()) == shapeOf(mask)) {
      auto onTrue = scalarConstant(select.getOnTrue());
      auto onFalse = scalarConstant(select.getOnFalse());
      if (onTrue == 0.0 && onFalse)
        return seen(select.getCondition(), true, *onFalse, shape);
      if (onFalse == 0.0 && onTrue)
        return seen(select.getCondition(), false, *onTrue, shape);
    }
    push(mask, shape);
  }

  /// Splits the conditions of the op's own selection.
  void select(Value condition, bool polarity, Shape shape = std::nullopt) {
    condition = strip(condition, shape);
    if (UnaryOp inverse = unaryOf(condition, UnaryKind::Not))
      return select(inverse.getInput(), !polarity, shape);
    if (BinaryOp both =
            binaryOf(condition, polarity ? BinaryKind::And : BinaryKind::Or);
        both && (!shape || sameShapes(both))) {
      select(both.getLhs(), polarity, shape);
      select(both.getRhs(), polarity, shape);
      return;
    }
    Operation *op = condition.getDefiningOp();
    auto band = op ? op->getAttrOfType<DenseI64ArrayAttr>(kBandAttrName)
                   : DenseI64ArrayAttr();
    if (band && polarity && !shape)
      return joinBand(band.asArrayRef());
    if (auto value = scalarConstant(condition);
        value && (*value != 0) == polarity) {
      parts.emptied = true;
      return;
    }
    Value term = shape ? reshaped(builder, loc, condition, *shape) : condition;
    if (!polarity)
      term =
          UnaryOp::create(builder, loc, term.getType(), UnaryKind::Not, term);
    parts.conditions.push_back(term);
  }

private:
  /// Keys within this band too.
  void joinBand(ArrayRef<int64_t> band) {
    if (parts.band.empty())
      parts.band.assign(band.begin(), band.end());
    else
      parts.band = {std::max(parts.band[0], band[0]),
                    std::min(parts.band[1], band[1])};
  }

  void push(Value term, const Shape &shape) {
    parts.terms.push_back(shape ? reshaped(builder, loc, term, *shape) : term);
  }

  static bool sameShapes(BinaryOp op) {
    return shapeOf(op.getLhs()) == shapeOf(op.getResult()) &&
           shapeOf(op.getRhs()) == shapeOf(op.getResult());
  }

  /// Looks through what only repeats, and through reshapes: one that adds
  /// leading dimensions changes nothing, another is noted in `shape`.
  static Value strip(Value mask, Shape &shape) {
    while (true) {
      if (auto broadcast = mask.getDefiningOp<BroadcastOp>()) {
        if (tensorTypeOf(broadcast.getInput()).getRank() < 1 || shape)
          return mask;
        mask = broadcast.getInput();
        continue;
      }
      auto reshape = mask.getDefiningOp<ReshapeOp>();
      if (!reshape || tensorTypeOf(reshape.getInput()).getRank() < 1)
        return mask;
      ArrayRef<int64_t> from = shapeOf(reshape.getInput()), to = shapeOf(mask);
      bool leading =
          from.size() <= to.size() && to.take_back(from.size()) == from;
      if (!shape && !leading)
        shape = SmallVector<int64_t>(to);
      mask = reshape.getInput();
    }
  }

  /// Takes a band mask that adds `hidden` outside; false where it is none or
  /// cannot join the band that is there.
  bool addBand(Operation *op, double hidden) {
    auto found = op->getAttrOfType<DenseI64ArrayAttr>(kBandAttrName);
    if (!found || !(hidden < 0) || !parts.addsBand)
      return false;
    ArrayRef<int64_t> band = found.asArrayRef();
    if (parts.band.empty()) {
      parts.band.assign(band.begin(), band.end());
      if (!std::isinf(hidden))
        parts.bandValue = static_cast<float>(hidden);
      return true;
    }
    if (parts.bandValue || !std::isinf(hidden))
      return false;
    joinBand(band);
    return true;
  }

  /// Splits a condition: keys are seen where it is `polarity`.
  void seen(Value condition, bool polarity, double masked, Shape shape) {
    condition = strip(condition, shape);
    if (UnaryOp inverse = unaryOf(condition, UnaryKind::Not))
      return seen(inverse.getInput(), !polarity, masked, shape);
    // A key that two finite masks hide would carry their sum.
    if (BinaryOp both =
            binaryOf(condition, polarity ? BinaryKind::And : BinaryKind::Or);
        both && masked == -std::numeric_limits<double>::infinity() &&
        (!shape || sameShapes(both))) {
      seen(both.getLhs(), polarity, masked, shape);
      seen(both.getRhs(), polarity, masked, shape);
      return;
    }
    if (Operation *op = condition.getDefiningOp();
        op && polarity && !shape && addBand(op, masked))
      return;
    if (auto value = scalarConstant(condition);
        value && (*value != 0) == polarity) {
      parts.emptied = true;
      return;
    }
    Value zero = scalar(builder, loc, 0, element);
    Value floor = scalar(builder, loc, masked, element);
    push(SelectOp::create(
             builder, loc, RankedTensorType::get(shapeOf(condition), element),
             condition, polarity ? zero : floor, polarity ? floor : zero),
         shape);
  }

  OpBuilder &builder;
  Location loc;
  Type element;
  Parts &parts;
};

} // namespace

/// A mask of rank 4: one of rank 2 has the keys last and the batch first.
static Value ofRankFour(OpBuilder &builder, Location loc, Value mask) {
  if (tensorTypeOf(mask).getRank() != 2)
    return mask;
  return reshaped(builder, loc, mask,
                  {shapeOf(mask)[0], 1, 1, shapeOf(mask)[1]});
}

/// The terms joined to one mask, which has a value for every key.
static Value joined(OpBuilder &builder, Location loc, ArrayRef<Value> terms,
                    int64_t keys,
                    llvm::function_ref<Value(Value lhs, Value rhs)> join) {
  Value all;
  for (Value term : terms) {
    SmallVector<int64_t> shape(shapeOf(term));
    shape.insert(shape.begin(), 4 - shape.size(), 1);
    Value next = reshaped(builder, loc, term, shape);
    all = all ? join(all, next) : next;
  }
  if (!all)
    return all;
  Type element = elementOf(all);
  SmallVector<int64_t> shape(shapeOf(all));
  if (shape.back() != keys) {
    shape.back() = keys;
    all = BroadcastOp::create(builder, loc,
                              RankedTensorType::get(shape, element), all);
  }
  if (shape[1] == 1 && shape[2] == 1)
    all = reshaped(builder, loc, all, {shape[0], shape[3]});
  return all;
}

static void simplifyMask(AttentionOp attention) {
  if (!attention.getMask() && !attention.getSeen() && !attention.getBias())
    return;
  OpBuilder builder(attention);
  const int64_t keys = shapeOf(attention.getKey())[1];
  Parts parts;
  parts.addsBand = !attention.getOtherwise();
  if (auto band = attention.getBand()) {
    parts.band.assign(band->begin(), band->end());
    if (attention.getBandValue())
      parts.bandValue = attention.getHiddenValue();
  }
  auto split = [&](Value mask, Parts &into) {
    if (!mask)
      return;
    Location loc = mask.getLoc();
    Splitter(builder, loc, elementOf(mask), into)
        .add(ofRankFour(builder, loc, mask));
  };
  auto sum = [&](const Parts &of, Value given) {
    Location loc = given ? given.getLoc() : attention.getLoc();
    return joined(builder, loc, of.terms, keys, [&](Value lhs, Value rhs) {
      auto shape = broadcastShapes(shapeOf(lhs), shapeOf(rhs));
      Type element = elementOf(lhs);
      return BinaryOp::create(builder, loc,
                              RankedTensorType::get(*shape, element),
                              BinaryKind::Add, lhs, rhs);
    });
  };
  split(attention.getMask(), parts);
  // What is added outside of a band swallows the rest in any order.
  Parts behind;
  behind.addsBand = parts.addsBand;
  behind.band = parts.band;
  behind.bandValue = parts.bandValue;
  split(attention.getBias(), behind);
  parts.band = behind.band;
  parts.bandValue = behind.bandValue;
  Value seen;
  if (Value condition = attention.getSeen()) {
    Location loc = condition.getLoc();
    Type number = builder.getF32Type();
    Splitter(builder, loc, number, parts)
        .select(ofRankFour(builder, loc, condition), true);
    seen =
        joined(builder, loc, parts.conditions, keys, [&](Value lhs, Value rhs) {
          return conjunction(builder, loc, lhs, rhs);
        });
    // The chip reads conditions as numbers.
    if (seen)
      seen = CastOp::create(builder, loc,
                            RankedTensorType::get(shapeOf(seen), number), seen);
  }
  if (!parts.band.empty())
    attention.setBand(parts.band);
  if (parts.bandValue)
    attention.setBandValueAttr(builder.getF32FloatAttr(*parts.bandValue));
  if (parts.emptied || behind.emptied)
    addNote(attention, "a part of the mask that masks nothing is left out");
  if (!seen && parts.band.empty())
    attention.removeOtherwiseAttr();
  if (parts.terms.empty() && !attention.getOtherwise())
    std::swap(parts.terms, behind.terms);
  auto set = [](MutableOperandRange operand, Value value) {
    operand.clear();
    if (value)
      operand.append(value);
  };
  set(attention.getMaskMutable(), sum(parts, attention.getMask()));
  set(attention.getSeenMutable(), seen);
  set(attention.getBiasMutable(), sum(behind, attention.getBias()));
}

namespace {
struct RecogniseMasksPass
    : tilework::impl::RecogniseMasksBase<RecogniseMasksPass> {
  void runOnOperation() override {
    getOperation().walk([](AttentionOp op) { simplifyMask(op); });
  }
};
} // namespace
