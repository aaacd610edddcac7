// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-number-conditions: small integers that models make of conditions that
// the chip computes ("is any element infinite?") become floats, which the chip
// has.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace tilework {
#define GEN_PASS_DEF_NUMBERCONDITIONS
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

static bool isCondition(Value value) { return elementOf(value).isInteger(1); }

namespace {

/// The floats that stand for integers of 0 to `most`. Where there may be more
/// than the chip's bf16 has exactly, `any` is set: they are positive where the
/// integers are.
struct Numbers {
  Value floats;
  int64_t most = 1;
  bool any = false;
};

class Numberer {
public:
  void run(ModuleOp module) {
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) {
      if (op->getNumResults() == 1 &&
          isa_and_present<GraphDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      noteChip(op);
      number(op);
    }
    // Integers that nothing reads any more, and floats that nothing came to
    // read.
    for (auto *list : {&ops, &created})
      for (Operation *op : llvm::reverse(*list))
        if (op->use_empty())
          op->erase();
  }

private:
  /// Whether the value depends on what the chip computes.
  bool isOnChip(Value value) {
    return chip.contains(value) ||
           (isa<BlockArgument>(value) && isFloat(value));
  }
  void noteChip(Operation *op) {
    if (isa<EmbeddingOp>(op) ||
        llvm::any_of(op->getOperands(), [&](Value v) { return isOnChip(v); }))
      chip.insert(op->getResult(0));
  }

  void number(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](CastOp cast) { number(cast); })
        .Case([&](ReduceOp reduce) { number(reduce); })
        .Case([&](BinaryOp compare) { number(compare); })
        .Default([&](Operation *op) {
          if (op->hasTrait<IsView>())
            numberView(op);
        });
  }

  /// The result of a copy of an op, over other elements.
  Value retyped(Operation *copy, Value input) {
    copy->setOperand(0, input);
    Value result = copy->getResult(0);
    result.setType(RankedTensorType::get(shapeOf(result), elementOf(input)));
    return noted(copy);
  }

  Value noted(Operation *op) {
    created.push_back(op);
    chip.insert(op->getResult(0));
    return op->getResult(0);
  }

  Value made(OpBuilder &builder, Operation *op, Value x, Type element) {
    return noted(CastOp::create(builder, op->getLoc(),
                                RankedTensorType::get(shapeOf(x), element), x));
  }

  void numberView(Operation *op) {
    auto found = numbers.find(op->getOperand(0));
    if (found == numbers.end())
      return;
    Numbers next = found->second;
    OpBuilder builder(op);
    next.floats = retyped(builder.clone(*op), next.floats);
    numbers[op->getResult(0)] = next;
  }

  void number(CastOp op) {
    OpBuilder builder(op);
    const Type to = elementOf(op.getResult());
    if (isCondition(op.getInput()) && isa<IntegerType>(to) &&
        !isCondition(op.getResult())) {
      if (isOnChip(op.getInput()))
        numbers[op.getResult()] = {
            made(builder, op, op.getInput(), builder.getF32Type())};
      return;
    }
    auto found = numbers.find(op.getInput());
    if (found == numbers.end())
      return;
    if (isa<IntegerType>(to) && !isCondition(op.getResult()))
      numbers[op.getResult()] = found->second;
    else if (isCondition(op.getResult()) || !found->second.any)
      op.getResult().replaceAllUsesWith(
          made(builder, op, found->second.floats, to));
  }

  void number(ReduceOp op) {
    auto found = numbers.find(op.getInput());
    if (found == numbers.end())
      return;
    Numbers next = found->second;
    ReduceKind kind = op.getKind();
    if (kind == ReduceKind::Sum) {
      next.most *= tensorTypeOf(op.getInput()).getNumElements() /
                   tensorTypeOf(op.getResult()).getNumElements();
      next.any |= next.most > kMostExactBf16;
      // Sums are positive where an element is.
      if (next.any)
        kind = ReduceKind::Max;
    } else if (kind != ReduceKind::Max &&
               (kind != ReduceKind::Min || next.any)) {
      return;
    }
    OpBuilder builder(op);
    auto reduce = cast<ReduceOp>(builder.clone(*op));
    reduce.setKind(kind);
    next.floats = retyped(reduce, next.floats);
    numbers[op.getResult()] = next;
  }

  /// Comparisons with one number.
  void number(BinaryOp op) {
    if (!isComparison(op.getKind()))
      return;
    for (unsigned side : {0u, 1u}) {
      auto found = numbers.find(op->getOperand(side));
      std::optional<double> other = scalarConstant(op->getOperand(1 - side));
      if (found == numbers.end() || !other)
        continue;
      const Numbers &x = found->second;
      // Of a positive number only that it is one is known.
      const bool asksForAny = (*other == 0 && op.getKind() != BinaryKind::Lt &&
                               op.getKind() != BinaryKind::Ge) ||
                              (*other == 1 && (op.getKind() == BinaryKind::Lt ||
                                               op.getKind() == BinaryKind::Ge));
      if ((x.any && (!asksForAny || side == 1)) ||
          shapeOf(x.floats) != shapeOf(op.getResult()))
        return;
      OpBuilder builder(op);
      Value limit = scalar(builder, op.getLoc(), x.any ? *other / 2 : *other,
                           elementOf(x.floats));
      SmallVector<Value> operands(2);
      operands[side] = x.floats;
      operands[1 - side] = limit;
      auto type =
          RankedTensorType::get(shapeOf(op.getResult()), builder.getI1Type());
      op.getResult().replaceAllUsesWith(noted(BinaryOp::create(
          builder, op.getLoc(), type, op.getKind(), operands[0], operands[1])));
      return;
    }
  }

  SmallVector<Operation *> created;
  llvm::DenseSet<Value> chip;
  llvm::DenseMap<Value, Numbers> numbers;
};

struct NumberConditionsPass
    : tilework::impl::NumberConditionsBase<NumberConditionsPass> {
  void runOnOperation() override { Numberer().run(getOperation()); }
};

} // namespace
