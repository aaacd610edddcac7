// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-outline-launch-steps: what depends on integer inputs alone becomes
// launch steps, narrowed where the chip reads it; so do integers that are made
// of the chip's results.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace tilework {
#define GEN_PASS_DEF_OUTLINELAUNCHSTEPS
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

/// A product of depth 1, which is one of elements: frequencies by positions.
/// Others are the chip's, whatever their operands are made of.
static bool isOuterProduct(MatmulOp op) {
  return op.getK() == 1 && !op.hasEpilogue();
}

/// The launch step that does an op, or nothing.
static std::optional<StepKind> stepOf(Operation *op) {
  using Kind = std::optional<StepKind>;
  return llvm::TypeSwitch<Operation *, Kind>(op)
      // Functions and reductions have the names of their steps.
      .Case([](UnaryOp op) {
        return symbolizeStepKind(stringifyUnaryKind(op.getKind()));
      })
      .Case([](BinaryOp op) {
        return symbolizeStepKind(stringifyBinaryKind(op.getKind()));
      })
      .Case([](ReduceOp op) {
        return op.getAxes().empty()
                   ? Kind()
                   : symbolizeStepKind(
                         ("reduce_" + stringifyReduceKind(op.getKind())).str());
      })
      .Case([](MatmulOp op) -> Kind {
        return isOuterProduct(op) ? Kind(StepKind::Mul) : std::nullopt;
      })
      .Case([](SelectOp) -> Kind { return StepKind::Select; })
      .Case([](CastOp) -> Kind { return StepKind::Cast; })
      .Case([](CumSumOp) -> Kind { return StepKind::CumSum; })
      .Case([](GatherOp) -> Kind { return StepKind::Gather; })
      .Case([](ReshapeOp) -> Kind { return StepKind::Reshape; })
      .Case([](TransposeOp) -> Kind { return StepKind::Transpose; })
      .Case([](SliceOp) -> Kind { return StepKind::Slice; })
      .Case([](BroadcastOp) -> Kind { return StepKind::Broadcast; })
      .Case([](ConcatOp) -> Kind { return StepKind::Concat; })
      .Default([](Operation *) -> Kind { return std::nullopt; });
}

namespace {

class Outliner {
public:
  explicit Outliner(ModuleOp module) : module(module) {}

  void run() {
    SmallVector<CastOp> casts;
    module.walk([&](CastOp op) { casts.push_back(op); });
    for (CastOp op : casts)
      castBeforeViews(op);
    module.walk([&](Operation *op) { classify(op); });
    collectFinishing();
    for (Operation *op : steps)
      outline(op);
    for (Operation *op : llvm::reverse(steps))
      if (op->use_empty())
        op->erase();
    module.walk([&](EmbeddingOp op) { index(op); });
  }

private:
  /// Integers are made of a result as it is computed, and viewed on the host:
  /// the chip would store what it copies.
  static void castBeforeViews(CastOp op) {
    Type element = elementOf(op.getResult());
    if (!isa<IntegerType>(element) || element.isInteger(1) ||
        !isFloat(op.getInput()))
      return;
    Operation *view = op.getInput().getDefiningOp();
    if (!view || !stepOf(view) ||
        !(view->hasTrait<IsView>() || isa<ConcatOp>(view)))
      return;
    OpBuilder builder(op);
    SmallVector<CastOp> casts;
    for (Value source : view->getOperands())
      casts.push_back(CastOp::create(
          builder, op->getLoc(),
          RankedTensorType::get(shapeOf(source), element), source));
    Operation *moved = builder.clone(*view);
    for (auto [i, cast] : llvm::enumerate(casts))
      moved->setOperand(i, cast.getResult());
    moved->getResult(0).setType(op.getResult().getType());
    op.getResult().replaceAllUsesWith(moved->getResult(0));
    op->erase();
    if (view->use_empty())
      view->erase();
    for (CastOp cast : casts)
      castBeforeViews(cast);
  }

  /// Whether the value is known on the host at the launch.
  bool isHost(Value value) {
    if (isa<BlockArgument>(value))
      return !isFloat(value);
    return isConstant(value) || hostOps.contains(value.getDefiningOp());
  }

  void classify(Operation *op) {
    if (op->getNumResults() != 1 || !stepOf(op) ||
        !llvm::all_of(op->getOperands(), [&](Value v) { return isHost(v); }))
      return;
    // Floats made of constants alone are weights. Integers are steps, however
    // many they are: no weight holds them.
    if (isFloat(op->getResult(0)) &&
        llvm::all_of(op->getOperands(), [](Value v) { return isConstant(v); }))
      return;
    hostOps.insert(op);
    steps.push_back(op);
  }

  bool isFinishing(Value value) {
    return finishing.contains(value.getDefiningOp());
  }

  /// Whether the op works on integers that the chip's results become.
  bool finishes(Operation *op) {
    if (op->getNumResults() != 1 || !stepOf(op) || hostOps.contains(op))
      return false;
    Type element = elementOf(op->getResult(0));
    if (isa<CastOp>(op) && isa<IntegerType>(element) && !element.isInteger(1))
      return true;
    return llvm::any_of(op->getOperands(),
                        [&](Value v) { return isFinishing(v); }) &&
           llvm::all_of(op->getOperands(),
                        [&](Value v) { return isHost(v) || isFinishing(v); });
  }

  /// Ops behind the chip whose results only the caller and each other read.
  void collectFinishing() {
    SmallVector<Operation *> found;
    module.walk([&](Operation *op) {
      if (finishes(op)) {
        finishing.insert(op);
        found.push_back(op);
      }
    });
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation *op : found) {
        bool stays =
            finishes(op) && llvm::all_of(op->getUsers(), [&](Operation *user) {
              return finishing.contains(user) ||
                     user->hasTrait<OpTrait::IsTerminator>();
            });
        if (!stays && finishing.erase(op))
          changed = true;
      }
    }
    for (Operation *op : found)
      if (finishing.contains(op))
        steps.push_back(op);
  }

  /// Ids as the chip's gather reads them: from 0 to the table's rows.
  void index(EmbeddingOp op) {
    Value ids = op.getIds();
    auto made = ids.getDefiningOp<LaunchStepOp>();
    if (made && made.getKind() == StepKind::Index)
      return;
    int64_t rows = shapeOf(op.getTable())[0];
    Value &indices = indexed[{ids, rows}];
    if (!indices) {
      OpBuilder builder(op);
      if (Operation *maker = ids.getDefiningOp())
        builder.setInsertionPointAfter(maker);
      else
        builder.setInsertionPointToStart(op->getBlock());
      auto type = RankedTensorType::get(shapeOf(ids), builder.getI32Type());
      LaunchStepOp next =
          step(builder, op->getLoc(), StepKind::Index, ids, type);
      next.setDims(rows);
      indices = next.getResult();
    }
    op.getIdsMutable().assign(indices);
  }

  static Value narrowed(OpBuilder &builder, Value value, Type element) {
    RankedTensorType type = tensorTypeOf(value);
    if (type.getElementType() == element)
      return value;
    return step(builder, value.getLoc(), StepKind::Cast, value,
                RankedTensorType::get(type.getShape(), element));
  }

  static LaunchStepOp step(OpBuilder &builder, Location loc, StepKind kind,
                           ValueRange inputs, Type type) {
    return LaunchStepOp::create(builder, loc, type, kind, inputs,
                                /*axis=*/IntegerAttr(),
                                /*dims=*/DenseI64ArrayAttr(),
                                /*exclusive=*/false, /*reverse=*/false,
                                /*finish=*/false);
  }

  /// `input` reduced over every axis but the last one of the op.
  Value reducedBut(OpBuilder &builder, ReduceOp op, Value input) {
    for (int64_t axis : op.getAxes().drop_back()) {
      RankedTensorType type = tensorTypeOf(input);
      SmallVector<int64_t> shape(type.getShape());
      shape[axis] = 1;
      LaunchStepOp next =
          step(builder, op->getLoc(), *stepOf(op), input,
               RankedTensorType::get(shape, type.getElementType()));
      next.setAxis(axis);
      next.setFinish(finishing.contains(op));
      input = next.getResult();
    }
    return input;
  }

  /// A factor of an outer product as the model's product would read it.
  static Value asFactor(OpBuilder &builder, Operation *op, Value factor,
                        bool transposed) {
    if (!transposed)
      return factor;
    RankedTensorType type = tensorTypeOf(factor);
    SmallVector<int64_t> shape(type.getShape());
    std::swap(shape.back(), shape[shape.size() - 2]);
    return step(builder, op->getLoc(), StepKind::Reshape, factor,
                RankedTensorType::get(shape, type.getElementType()));
  }

  LaunchStepOp build(OpBuilder &builder, Operation *op, ValueRange inputs,
                     Type type) {
    LaunchStepOp result =
        step(builder, op->getLoc(), *stepOf(op), inputs, type);
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](CumSumOp op) {
          result.setAxis(op.getAxis());
          result.setExclusive(op.getExclusive());
          result.setReverse(op.getReverse());
        })
        .Case([&](ReduceOp op) { result.setAxis(op.getAxes().back()); })
        .Case([&](GatherOp op) { result.setAxis(op.getAxis()); })
        .Case([&](ConcatOp op) { result.setAxis(op.getAxis()); })
        .Case([&](TransposeOp op) { result.setDims(op.getPermutation()); })
        .Case([&](SliceOp op) {
          SmallVector<int64_t> dims(op.getOffsets());
          dims.append(op.getStrides().begin(), op.getStrides().end());
          result.setDims(dims);
        });
    return result;
  }

  void outline(Operation *op) {
    OpBuilder builder(op);
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(steppedValue(operand));
    Value result = op->getResult(0);
    // A cast to a boolean is a comparison, which the loader has anyway.
    RankedTensorType type = tensorTypeOf(result);
    LaunchStepOp next;
    if (auto product = dyn_cast<MatmulOp>(op)) {
      inputs[0] = asFactor(builder, op, inputs[0], product.getTransposeLhs());
      inputs[1] = asFactor(builder, op, inputs[1], product.getTransposeRhs());
    }
    if (isa<CastOp>(op) && type.getElementType().isInteger(1)) {
      Value zero = scalar(builder, op->getLoc(), 0, elementOf(inputs[0]));
      next = step(builder, op->getLoc(), StepKind::Ne, {inputs[0], zero}, type);
    } else {
      if (auto reduce = dyn_cast<ReduceOp>(op))
        inputs[0] = reducedBut(builder, reduce, inputs[0]);
      next = build(builder, op, inputs, type);
    }
    stepped[result] = next.getResult();
    if (finishing.contains(op)) {
      next.setFinish(true);
      result.replaceAllUsesWith(next.getResult());
      return;
    }
    // Users that stay on the chip read a narrow type.
    Value forChip;
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
      Operation *user = use.getOwner();
      if (hostOps.contains(user))
        continue;
      // The host returns a result of the model as it is, ids become indices of
      // their table, and no other op of the chip reads integers.
      if (!isa<GraphDialect>(user->getDialect()) || isa<EmbeddingOp>(user) ||
          (!isFloat(result) && !type.getElementType().isInteger(1))) {
        use.set(next.getResult());
        continue;
      }
      if (!forChip)
        forChip = chipValue(builder, op, next);
      Value value = forChip;
      if (!isa<AttentionOp>(user) && isFloat(result)) {
        // Elementwise users keep the model's type.
        OpBuilder at(user);
        value = CastOp::create(at, op->getLoc(), type, value);
      }
      use.set(value);
    }
  }

  /// The step's result in the type that the chip reads.
  Value chipValue(OpBuilder &builder, Operation *op, LaunchStepOp next) {
    RankedTensorType type = tensorTypeOf(next.getResult());
    // The plan gives a condition its place as numbers.
    if (type.getElementType().isInteger(1))
      return next.getResult();
    Type bf16 = builder.getBF16Type();
    auto narrow = RankedTensorType::get(type.getShape(), bf16);
    auto select = dyn_cast<SelectOp>(op);
    if (select) {
      auto onTrue = scalarConstant(select.getOnTrue());
      auto onFalse = scalarConstant(select.getOnFalse());
      if (onTrue && onFalse) {
        Location loc = op->getLoc();
        // A finite number beyond bf16 stays finite.
        for (std::optional<double> *value : {&onTrue, &onFalse})
          if (std::isfinite(**value))
            *value = std::clamp(**value, -kLargestBf16, kLargestBf16);
        Value condition = steppedValue(select.getCondition());
        Value chosen = step(builder, loc, StepKind::Select,
                            {condition, scalar(builder, loc, *onTrue, bf16),
                             scalar(builder, loc, *onFalse, bf16)},
                            RankedTensorType::get(shapeOf(condition), bf16));
        // Constants of one value may be larger than the condition.
        return chosen.getType() == narrow
                   ? chosen
                   : step(builder, loc, StepKind::Broadcast, chosen, narrow);
      }
    }
    return narrowed(builder, next.getResult(), bf16);
  }

  Value steppedValue(Value value) {
    auto found = stepped.find(value);
    return found == stepped.end() ? value : found->second;
  }

  ModuleOp module;
  SmallVector<Operation *> steps;
  llvm::DenseSet<Operation *> hostOps, finishing;
  llvm::DenseMap<Value, Value> stepped;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> indexed;
};

struct OutlineLaunchStepsPass
    : tilework::impl::OutlineLaunchStepsBase<OutlineLaunchStepsPass> {
  void runOnOperation() override { Outliner(getOperation()).run(); }
};

} // namespace
