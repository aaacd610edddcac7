// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row-wise ops of the graph as row programs: neighbours over the same rows and
// columns join in one group, so that what passes between them stays on chip.

#include "compiler/conversion/GraphPlanner.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

/// Ops that join in one group at most: each may hold a tile on chip.
constexpr size_t kMostOps = 12;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// The splat value of a constant that the chip computes with.
static std::optional<double> splatOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (dense.getElementType().isInteger(1))
    return dense.getSplatValue<bool>();
  if (!mlir::isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  return dense.getSplatValue<llvm::APFloat>().convertToDouble();
}

/// The constant that an instruction holds in place of this operand: one operand
/// of a binary op may be such, the right one when both could, and what a
/// selection chooses between.
static std::optional<double> scalarOf(OpOperand &use) {
  if (mlir::isa<graph::SelectOp>(use.getOwner()))
    return use.getOperandNumber() == 0 ? std::nullopt : splatOf(use.get());
  auto binary = dyn_cast<graph::BinaryOp>(use.getOwner());
  if (!binary || (use.getOperandNumber() == 0 && splatOf(binary.getRhs())))
    return std::nullopt;
  return splatOf(use.get());
}

/// The axes of a reduction are the last ones.
static bool reducesRows(graph::ReduceOp op) {
  int64_t rank = shapeOf(op.getInput()).size();
  return op.getAxes().size() == 1 && op.getAxes()[0] == rank - 1 &&
         op.getKind() != graph::ReduceKind::Prod;
}

bool GraphPlanner::isRowWise(Operation *op) {
  return mlir::isa<graph::UnaryOp, graph::BinaryOp, graph::GeluOp,
                   graph::LayerNormOp, graph::RmsNormOp, graph::SoftmaxOp,
                   graph::ReduceOp, graph::EmbeddingOp, graph::CastOp,
                   graph::SelectOp>(op);
}

/// The rows and columns that an op runs over.
static ArrayRef<int64_t> spaceOf(Operation *op) {
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    return shapeOf(reduce.getInput());
  return shapeOf(op->getResult(0));
}

/// Whether an op fits a group over `space`: it runs over the same rows and
/// columns, or, element by element, over the vector that a row reduction of the
/// group gave.
static bool joins(Operation *op, ArrayRef<int64_t> space,
                  const llvm::SmallPtrSetImpl<Operation *> &inside) {
  // A gather reads rows of any place: its table is whole before it.
  if (auto embedding = dyn_cast<graph::EmbeddingOp>(op);
      embedding && inside.count(embedding.getTable().getDefiningOp()))
    return false;
  if (spaceOf(op) == space)
    return true;
  SmallVector<int64_t> vectors(space.begin(), space.end());
  if (!vectors.empty())
    vectors.back() = 1;
  return spaceOf(op) == ArrayRef<int64_t>(vectors) &&
         !mlir::isa<graph::ReduceOp, graph::SoftmaxOp, graph::LayerNormOp,
                    graph::RmsNormOp>(op) &&
         llvm::all_of(op->getOpOperands(), [&](OpOperand &use) {
           return scalarOf(use) || inside.count(use.get().getDefiningOp());
         });
}

Expected<size_t> GraphPlanner::planRowsFrom(ArrayRef<Operation *> ops,
                                            size_t begin) {
  if (auto reduce = dyn_cast<graph::ReduceOp>(ops[begin]))
    if (!reducesRows(reduce)) {
      if (Error error = planReduce(reduce))
        return error;
      return begin + 1;
    }
  SmallVector<Operation *> cluster = {ops[begin]};
  llvm::SmallPtrSet<Operation *, 16> inside = {ops[begin]};
  SmallVector<Operation *> skipped;
  ArrayRef<int64_t> space = spaceOf(ops[begin]);
  size_t next = begin + 1;
  for (; next < ops.size() && cluster.size() < kMostOps; ++next) {
    Operation *op = ops[next];
    if (mlir::isa<graph::WeightOp, arith::ConstantOp>(op)) {
      skipped.push_back(op);
      continue;
    }
    if (!isRowWise(op))
      break;
    auto reduce = dyn_cast<graph::ReduceOp>(op);
    if (reduce && !reducesRows(reduce))
      break;
    if (!joins(op, space, inside))
      break;
    cluster.push_back(op);
    inside.insert(op);
  }
  for (Operation *op : skipped)
    if (Error error = planOp(op))
      return error;
  if (Error error = planCluster(cluster))
    return error;
  return next;
}

/// Builds one row program.
class RowsBuilder {
public:
  RowsBuilder(GraphPlanner &planner, ArrayRef<Operation *> cluster)
      : planner(planner), cluster(cluster) {
    space.assign(spaceOf(cluster[0]).begin(), spaceOf(cluster[0]).end());
    for (Operation *op : cluster)
      inside.insert(op);
  }
  Error build();
  RowsGroup group;

private:
  bool loads(const View &view, SmallVector<int64_t> &copied) const;
  Error gather();
  Error addOp(Operation *op);
  int push(RowOp op) {
    op.source = source;
    group.ops.push_back(op);
    return static_cast<int>(group.ops.size()) - 1;
  }
  int unary(RowOpKind kind, int lhs, float scalar = 0,
            Function function = Function::Identity) {
    RowOp op;
    op.kind = kind;
    op.lhs = lhs;
    op.scalar = scalar;
    op.function = function;
    return push(op);
  }
  int binary(RowOpKind kind, int lhs, int rhs) {
    RowOp op;
    op.kind = kind;
    op.lhs = lhs;
    op.rhs = rhs;
    return push(op);
  }
  /// The index of a value: of this group, or loaded.
  Expected<int> operand(Value value, Operation *op);
  Expected<int> addBinary(graph::BinaryOp op);
  Expected<int> withScalar(graph::BinaryOp op, double scalar, bool scalarLeft);
  /// function(x, y); y = -1: function(x, scalar).
  int combine(Function function, int x, int y, float scalar = 0) {
    RowOp op;
    op.kind = RowOpKind::Combine;
    op.lhs = x;
    op.rhs = y;
    op.function = function;
    op.scalar = scalar;
    return push(op);
  }
  /// 1 − x, the inverse of a condition.
  int inverted(int x) {
    return unary(RowOpKind::AddScalar, unary(RowOpKind::MultiplyScalar, x, -1),
                 1);
  }
  Expected<int> addSelect(graph::SelectOp op);
  llvm::Expected<Norm> norm(Value scale, Value shift, llvm::APFloat epsilon,
                            bool root, Operation *op);

  GraphPlanner &planner;
  ArrayRef<Operation *> cluster;
  llvm::SmallPtrSet<Operation *, 16> inside;
  SmallVector<int64_t> space;
  llvm::SetVector<Value> externals;
  llvm::DenseMap<Value, View> reads; ///< externals as this group reads them
  llvm::DenseMap<Value, size_t> stridesOf; ///< index into the loops' strides
  std::vector<Value> outputs;
  GraphPlanner::Loops loops;
  llvm::DenseMap<Value, int> values;
  int source = -1;
};

/// Strides of the leading dimensions of a view against the space's.
static SmallVector<int64_t> leadingStrides(const View &view,
                                           ArrayRef<int64_t> space) {
  SmallVector<int64_t> strides(space.empty() ? 0 : space.size() - 1, 0);
  for (size_t i = 1; i < view.sizes.size() && i < space.size(); ++i) {
    size_t from = view.sizes.size() - 1 - i, to = space.size() - 1 - i;
    strides[to] = view.sizes[from] == 1 ? 0 : view.strides[from];
  }
  return strides;
}

/// Whether a load can read `view`, an operand over several columns, as it
/// stands; otherwise gives the sizes of the copy to make. A value that has the
/// columns has them as one run; a value with one element a row has the elements
/// of all rows of a loop as one run.
bool RowsBuilder::loads(const View &view, SmallVector<int64_t> &copied) const {
  copied = view.sizes;
  if (!view.sizes.empty() && view.sizes.back() != 1)
    return view.strides.back() == 1;
  SmallVector<int64_t> lead = leadingStrides(view, space);
  for (size_t d = lead.size(); d-- > 0;)
    if (space[d] != 1) {
      copied = space;
      copied.back() = 1;
      return lead[d] == 1;
    }
  return true;
}

Error RowsBuilder::gather() {
  // Operands from outside and results that are read outside decide which
  // leading dimensions can be one loop over rows.
  for (Operation *op : cluster) {
    for (OpOperand &use : op->getOpOperands()) {
      Value value = use.get();
      if (inside.count(value.getDefiningOp()) || scalarOf(use))
        continue;
      bool column = mlir::isa<graph::LayerNormOp, graph::RmsNormOp>(op) &&
                    use.getOperandNumber() > 0;
      if (!column)
        externals.insert(value);
    }
    for (Operation *user : op->getResult(0).getUsers())
      if (!inside.count(user)) {
        outputs.push_back(op->getResult(0));
        break;
      }
  }
  std::vector<SmallVector<int64_t>> strides;
  int64_t n = space.empty() ? 1 : space.back();
  for (Value value : externals) {
    auto view = planner.viewOf(value);
    if (!view)
      return view.takeError();
    bool table = false, indices = false;
    for (Operation *op : cluster)
      if (auto embedding = dyn_cast<graph::EmbeddingOp>(op)) {
        table |= embedding.getTable() == value;
        indices |= embedding.getIds() == value;
      }
    View v = *view;
    if (indices) {
      // One index a row: the columns are not its dimension.
      v.sizes.push_back(1);
      v.strides.push_back(0);
    }
    SmallVector<int64_t> copied = v.sizes;
    // A gather reads rows of the table, each one run of elements.
    bool asIs = table ? v.strides[1] == 1 && v.strides[0] != 0
                      : indices || n == 1 || loads(v, copied);
    if (!asIs) {
      View wide = v;
      wide.sizes = copied;
      wide.strides = alignedStrides(v.sizes, v.strides, copied);
      auto copy = planner.materialise(wide, cluster[0]);
      if (!copy)
        return copy.takeError();
      v = *copy;
    }
    reads[value] = v;
    stridesOf[value] = strides.size();
    strides.push_back(
        table ? SmallVector<int64_t>(space.empty() ? 0 : space.size() - 1, 0)
              : leadingStrides(v, space));
    if (indices && v.sizes.size() != space.size())
      return planner.fail(cluster[0], "an embedding whose ids broadcast");
  }
  for (Value value : outputs) {
    View view = planner.newResult(value);
    stridesOf[value] = strides.size();
    strides.push_back(leadingStrides(view, space));
  }
  loops = GraphPlanner::mergeLoops(space.empty()
                                       ? ArrayRef<int64_t>()
                                       : ArrayRef<int64_t>(space).drop_back(),
                                   strides);
  group.batch.assign(loops.sizes.begin(), std::prev(loops.sizes.end()));
  group.m = loops.sizes.back();
  group.n = n;
  return Error::success();
}

Expected<int> RowsBuilder::operand(Value value, Operation *op) {
  auto it = values.find(value);
  if (it != values.end())
    return it->second;
  const View &view = reads[value];
  ArrayRef<int64_t> strides = loops.strides[stridesOf[value]];
  RowOp input;
  input.access = planner.access(view, strides);
  bool perRow = view.sizes.empty() || view.sizes.back() == 1;
  // One row for all rows; a row that was widened to many is read again and
  // again, for what is made of it has many rows too. A group of a single row
  // has none that are shared.
  bool single = group.m == 1 && llvm::all_of(group.batch, [](int64_t size) {
                  return size == 1;
                });
  bool column = view.elements() == group.n && !single;
  input.kind = group.n == 1 ? RowOpKind::Input
               : perRow     ? RowOpKind::RowScalar
               : column     ? RowOpKind::Column
                            : RowOpKind::Input;
  int index = push(input);
  values[value] = index;
  return index;
}

/// How the function stage does a binary op.
struct BinaryForm {
  Function function;
  bool inverted = false;
};

static std::optional<BinaryForm> functionOf(graph::BinaryKind kind) {
  switch (kind) {
  case graph::BinaryKind::Max:
  case graph::BinaryKind::Or: // conditions are 0 and 1
    return BinaryForm{Function::Maximum};
  case graph::BinaryKind::Min:
    return BinaryForm{Function::Minimum};
  case graph::BinaryKind::Eq:
    return BinaryForm{Function::Equal};
  case graph::BinaryKind::Ne:
  case graph::BinaryKind::Xor:
    return BinaryForm{Function::Equal, /*inverted=*/true};
  case graph::BinaryKind::Lt:
    return BinaryForm{Function::Less};
  case graph::BinaryKind::Le:
    return BinaryForm{Function::LessOrEqual};
  case graph::BinaryKind::Gt:
    return BinaryForm{Function::Greater};
  case graph::BinaryKind::Ge:
    return BinaryForm{Function::GreaterOrEqual};
  default:
    return std::nullopt;
  }
}

Expected<int> RowsBuilder::withScalar(graph::BinaryOp op, double c, bool left) {
  auto x = operand(left ? op.getRhs() : op.getLhs(), op);
  if (!x)
    return x.takeError();
  float s = static_cast<float>(c);
  switch (op.getKind()) {
  case graph::BinaryKind::Add:
    return unary(RowOpKind::AddScalar, *x, s);
  case graph::BinaryKind::Sub:
    if (left)
      return unary(RowOpKind::AddScalar,
                   unary(RowOpKind::MultiplyScalar, *x, -1.0f), s);
    return unary(RowOpKind::AddScalar, *x, -s);
  case graph::BinaryKind::Mul:
    return unary(RowOpKind::MultiplyScalar, *x, s);
  case graph::BinaryKind::Div:
    if (left)
      return unary(RowOpKind::MultiplyScalar,
                   unary(RowOpKind::Function, *x, 0, Function::Reciprocal), s);
    return unary(RowOpKind::MultiplyScalar, *x, static_cast<float>(1.0 / c));
  case graph::BinaryKind::And:
    return unary(RowOpKind::MultiplyScalar, *x, s);
  case graph::BinaryKind::Pow: {
    if (left)
      break;
    auto function = [&](Function f) {
      return unary(RowOpKind::Function, *x, 0, f);
    };
    if (c == 1.0)
      return unary(RowOpKind::AddScalar, *x, 0.0f);
    if (c == 2.0)
      return function(Function::Square);
    if (c == 3.0)
      return binary(RowOpKind::Multiply, function(Function::Square), *x);
    if (c == 0.5)
      return function(Function::SquareRoot);
    if (c == -0.5)
      return function(Function::ReciprocalSquareRoot);
    if (c == -1.0)
      return function(Function::Reciprocal);
    break;
  }
  default:
    if (auto form = functionOf(op.getKind())) {
      int result =
          combine(left ? *mirrored(form->function) : form->function, *x, -1, s);
      return form->inverted ? inverted(result) : result;
    }
    break;
  }
  return planner.fail(op, "no stage of the vector unit does '" +
                              graph::stringifyBinaryKind(op.getKind()).str() +
                              "' with this constant");
}

Expected<int> RowsBuilder::addBinary(graph::BinaryOp op) {
  if (auto c = scalarOf(op.getRhsMutable()))
    return withScalar(op, *c, false);
  if (auto c = scalarOf(op.getLhsMutable()))
    return withScalar(op, *c, true);
  auto x = operand(op.getLhs(), op);
  if (!x)
    return x.takeError();
  auto y = operand(op.getRhs(), op);
  if (!y)
    return y.takeError();
  switch (op.getKind()) {
  case graph::BinaryKind::Add:
    return binary(RowOpKind::Add, *x, *y);
  case graph::BinaryKind::Sub:
    return binary(RowOpKind::Subtract, *x, *y);
  case graph::BinaryKind::Mul:
  case graph::BinaryKind::And: // conditions are 0 and 1
    return binary(RowOpKind::Multiply, *x, *y);
  case graph::BinaryKind::Div:
    return binary(RowOpKind::Divide, *x, *y);
  default:
    break;
  }
  auto form = functionOf(op.getKind());
  if (!form)
    return planner.fail(op, "no stage of the vector unit does '" +
                                graph::stringifyBinaryKind(op.getKind()).str() +
                                "' on floats");
  int result = combine(form->function, *x, *y);
  return form->inverted ? inverted(result) : result;
}

/// A constant that a choice gives: stored as bf16, what is finite stays so.
static std::optional<float> chosenConstant(Value value) {
  std::optional<double> constant = splatOf(value);
  if (constant && std::isfinite(*constant))
    constant = std::clamp(*constant, -graph::kLargestBf16, graph::kLargestBf16);
  return constant;
}

Expected<int> RowsBuilder::addSelect(graph::SelectOp op) {
  auto onTrue = chosenConstant(op.getOnTrue()),
       onFalse = chosenConstant(op.getOnFalse());
  // A guard against NaN asks for the very value that it keeps.
  auto test = op.getCondition().getDefiningOp<graph::UnaryOp>();
  if (test && test.getKind() == graph::UnaryKind::IsNan && onTrue &&
      test.getInput() == op.getOnFalse()) {
    auto x = operand(op.getOnFalse(), op);
    if (!x)
      return x.takeError();
    return combine(Function::ReplaceNaN, *x, -1, *onTrue);
  }
  auto condition = operand(op.getCondition(), op);
  if (!condition)
    return condition.takeError();
  // A sum with −0 is the other summand to the bit.
  std::optional<int> kept, replaced;
  if (!onTrue || onFalse) {
    int x = *condition;
    if (onTrue) {
      x = combine(Function::Replace, x, x, *onTrue);
    } else {
      auto value = operand(op.getOnTrue(), op);
      if (!value)
        return value.takeError();
      x = *value;
    }
    kept = combine(Function::Select, x, *condition, onFalse ? *onFalse : -0.0f);
  }
  if (!onFalse) {
    auto y = operand(op.getOnFalse(), op);
    if (!y)
      return y.takeError();
    replaced =
        combine(Function::Replace, *y, *condition, onTrue ? *onTrue : -0.0f);
  }
  return !kept       ? *replaced
         : !replaced ? *kept
                     : binary(RowOpKind::Add, *kept, *replaced);
}

Expected<Norm> RowsBuilder::norm(Value scale, Value shift,
                                 llvm::APFloat epsilon, bool root,
                                 Operation *op) {
  Norm norm;
  norm.root = root;
  norm.epsilon = epsilon.convertToFloat();
  for (auto [value, tensor] : {std::make_pair(scale, &norm.scale),
                               std::make_pair(shift, &norm.shift)}) {
    if (!value)
      continue;
    auto column = planner.columnTensor(value, group.n, op);
    if (!column)
      return column.takeError();
    *tensor = *column;
  }
  return norm;
}

static std::optional<Function> functionOf(graph::UnaryKind kind) {
  switch (kind) {
  case graph::UnaryKind::Abs:
    return Function::Absolute;
  case graph::UnaryKind::Sqrt:
    return Function::SquareRoot;
  case graph::UnaryKind::Rsqrt:
    return Function::ReciprocalSquareRoot;
  case graph::UnaryKind::Reciprocal:
    return Function::Reciprocal;
  case graph::UnaryKind::Exp:
    return Function::Exponential;
  case graph::UnaryKind::Log:
    return Function::Logarithm;
  case graph::UnaryKind::Tanh:
    return Function::Tanh;
  case graph::UnaryKind::Erf:
    return Function::Erf;
  case graph::UnaryKind::Sigmoid:
    return Function::Sigmoid;
  case graph::UnaryKind::Silu:
    return Function::Silu;
  case graph::UnaryKind::Relu:
    return Function::Relu;
  case graph::UnaryKind::IsNan:
    return Function::IsNaN;
  default:
    return std::nullopt;
  }
}

Error RowsBuilder::addOp(Operation *op) {
  source = planner.sourceOf(op);
  auto set = [&](Expected<int> index) -> Error {
    if (!index)
      return index.takeError();
    values[op->getResult(0)] = *index;
    return Error::success();
  };
  if (auto embedding = dyn_cast<graph::EmbeddingOp>(op)) {
    const View &table = reads[embedding.getTable()];
    const View &ids = reads[embedding.getIds()];
    RowOp gathered;
    gathered.kind = RowOpKind::Gather;
    gathered.access.tensor = table.tensor;
    gathered.access.offset = table.offset * 2;
    gathered.access.rowStride = table.strides[0] * 2;
    gathered.access.batchStrides.assign(group.batch.size(), 0);
    gathered.indices =
        planner.access(ids, loops.strides[stridesOf[embedding.getIds()]]);
    gathered.bound = table.sizes[0];
    return set(push(gathered));
  }
  if (auto binary = dyn_cast<graph::BinaryOp>(op))
    return set(addBinary(binary));
  if (auto select = dyn_cast<graph::SelectOp>(op))
    return set(addSelect(select));
  if (auto layer = dyn_cast<graph::LayerNormOp>(op)) {
    auto n =
        norm(layer.getScale(), layer.getShift(), layer.getEpsilon(), false, op);
    if (!n)
      return n.takeError();
    auto x = operand(layer.getInput(), op);
    if (!x)
      return x.takeError();
    int index = unary(RowOpKind::Normalise, *x);
    group.ops[index].norm = *n;
    return set(index);
  }
  if (auto rms = dyn_cast<graph::RmsNormOp>(op)) {
    auto n = norm(rms.getScale(), Value(), rms.getEpsilon(), true, op);
    if (!n)
      return n.takeError();
    auto x = operand(rms.getInput(), op);
    if (!x)
      return x.takeError();
    int index = unary(RowOpKind::Normalise, *x);
    group.ops[index].norm = *n;
    return set(index);
  }
  auto x = operand(op->getOperand(0), op);
  if (!x)
    return x.takeError();
  if (auto softmax = dyn_cast<graph::SoftmaxOp>(op)) {
    int index = unary(RowOpKind::Softmax, *x);
    group.ops[index].zeroHidden = softmax.getZeroHidden();
    return set(index);
  }
  if (auto gelu = dyn_cast<graph::GeluOp>(op))
    return set(unary(RowOpKind::Function, *x, 0,
                     gelu.getForm() == graph::GeluForm::Erf
                         ? Function::Gelu
                         : Function::GeluTanh));
  if (auto cast = dyn_cast<graph::CastOp>(op)) {
    Type element =
        mlir::cast<RankedTensorType>(cast.getType()).getElementType();
    if (element.isInteger(1))
      return set(inverted(combine(Function::Equal, *x, -1, 0)));
    if (!mlir::isa<FloatType>(element))
      return planner.fail(op, "a float tensor cast to integers on the chip");
    return set(unary(RowOpKind::AddScalar, *x, 0.0f));
  }
  if (auto u = dyn_cast<graph::UnaryOp>(op)) {
    if (u.getKind() == graph::UnaryKind::Neg)
      return set(unary(RowOpKind::MultiplyScalar, *x, -1.0f));
    if (u.getKind() == graph::UnaryKind::Not)
      return set(inverted(*x));
    auto function = functionOf(u.getKind());
    if (!function)
      return planner.fail(op, "the vector unit has no function '" +
                                  graph::stringifyUnaryKind(u.getKind()).str() +
                                  "'");
    return set(unary(RowOpKind::Function, *x, 0, *function));
  }
  auto reduce = cast<graph::ReduceOp>(op);
  switch (reduce.getKind()) {
  case graph::ReduceKind::Sum:
    return set(unary(RowOpKind::RowSum, *x));
  case graph::ReduceKind::Mean:
    return set(unary(RowOpKind::RowMean, *x));
  case graph::ReduceKind::Max:
    return set(unary(RowOpKind::RowMaximum, *x));
  default: { // min(x) = −max(−x)
    int negative = unary(RowOpKind::MultiplyScalar, *x, -1.0f);
    return set(unary(RowOpKind::MultiplyScalar,
                     unary(RowOpKind::RowMaximum, negative), -1.0f));
  }
  }
}

Error RowsBuilder::build() {
  if (Error error = gather())
    return error;
  for (Operation *op : cluster)
    if (Error error = addOp(op))
      return error;
  for (Value value : outputs) {
    auto view = planner.viewOf(value);
    if (!view)
      return view.takeError();
    group.outputs.push_back(
        {values[value],
         planner.access(*view, loops.strides[stridesOf[value]])});
  }
  return Error::success();
}

Error GraphPlanner::planCluster(ArrayRef<Operation *> cluster) {
  size_t before = program.schedules.size();
  RowsBuilder builder(*this, cluster);
  if (Error error = builder.build())
    return error;
  if (builder.group.outputs.empty())
    return Error::success();
  Planned planned = planRows(builder.group, machine);
  if (planned.schedule || cluster.size() == 1)
    return place(std::move(planned), cluster[0], "rows");
  // Too many tiles for one group: two halves, with tensors between them. A half
  // that lost what its vectors came from is more than one group.
  program.schedules.resize(before);
  for (Operation *op : cluster)
    views.erase(op->getResult(0));
  size_t half = cluster.size() / 2;
  for (ArrayRef<Operation *> rest :
       {cluster.take_front(half), cluster.drop_front(half)})
    while (!rest.empty()) {
      llvm::SmallPtrSet<Operation *, 16> inside = {rest[0]};
      size_t count = 1;
      while (count < rest.size() &&
             joins(rest[count], spaceOf(rest[0]), inside))
        inside.insert(rest[count++]);
      if (Error error = planCluster(rest.take_front(count)))
        return error;
      rest = rest.drop_front(count);
    }
  return Error::success();
}

Error GraphPlanner::planReduce(graph::ReduceOp op) {
  // The reduced dimensions go last and become one; then it is a row reduction.
  auto input = viewOf(op.getInput());
  if (!input)
    return input.takeError();
  View in = *input, moved = in;
  moved.sizes.clear();
  moved.strides.clear();
  llvm::SmallDenseSet<int64_t> axes(op.getAxes().begin(), op.getAxes().end());
  int64_t rows = 1, columns = 1;
  for (bool reduced : {false, true})
    for (size_t d = 0; d < in.sizes.size(); ++d)
      if (axes.contains(static_cast<int64_t>(d)) == reduced) {
        moved.sizes.push_back(in.sizes[d]);
        moved.strides.push_back(in.strides[d]);
        (reduced ? columns : rows) *= in.sizes[d];
      }
  if (op.getKind() == graph::ReduceKind::Prod)
    return fail(op, "the vector unit has no product of a row");
  auto copy = materialise(moved, op);
  if (!copy)
    return copy.takeError();
  View out = newResult(op.getResult());
  RowsGroup group;
  group.m = rows;
  group.n = columns;
  auto push = [&](RowOpKind kind, int lhs, float scalar) {
    RowOp row;
    row.kind = kind;
    row.lhs = lhs;
    row.scalar = scalar;
    row.source = sourceOf(op);
    group.ops.push_back(row);
    return static_cast<int>(group.ops.size()) - 1;
  };
  int x = push(RowOpKind::Input, -1, 0);
  group.ops[x].access.tensor = copy->tensor;
  group.ops[x].access.rowStride = columns * 2;
  bool minimum = op.getKind() == graph::ReduceKind::Min;
  if (minimum)
    x = push(RowOpKind::MultiplyScalar, x, -1.0f);
  x = push(op.getKind() == graph::ReduceKind::Sum    ? RowOpKind::RowSum
           : op.getKind() == graph::ReduceKind::Mean ? RowOpKind::RowMean
                                                     : RowOpKind::RowMaximum,
           x, 0);
  if (minimum)
    x = push(RowOpKind::MultiplyScalar, x, -1.0f);
  Access result;
  result.tensor = out.tensor;
  result.offset = out.offset * 2;
  result.rowStride = 2;
  group.outputs.push_back({x, result});
  return place(planRows(group, machine), op, "reduce");
}

} // namespace tilework
