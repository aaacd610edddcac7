// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row-wise ops of the graph as row programs: neighbours over the same rows and
// columns join in one group, so that what passes between them stays on chip.

#include "compiler/conversion/RowsBuilder.h"

#include "llvm/ADT/STLExtras.h"

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

/// The axes of a reduction are the last ones.
static bool reducesRows(graph::ReduceOp op) {
  int64_t rank = graph::shapeOf(op.getInput()).size();
  return op.getAxes().size() == 1 && op.getAxes()[0] == rank - 1 &&
         op.getKind() != graph::ReduceKind::Prod;
}

/// Whether the op reads integers that the host has in memory, which no row
/// program loads: constants are in its instructions. Ids are indices.
static bool readsHostIntegers(Operation *op) {
  return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
    auto type = graph::tensorTypeOf(operand.get());
    if (mlir::isa<FloatType>(type.getElementType()) ||
        type.getElementType().isInteger(1) || isIndices(operand))
      return false;
    return mlir::isa<BlockArgument>(operand.get()) ||
           mlir::isa<graph::LaunchStepOp>(operand.get().getDefiningOp());
  });
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
         op->hasTrait<graph::IsElementwise>() &&
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
    if (!op->hasTrait<graph::IsRowWise>() || readsHostIntegers(op))
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

/// Whether a value of a row program is 0 or 1.
static bool isCondition(const RowsGroup &group, int x) {
  const RowOp &op = group.ops[x];
  switch (op.kind) {
  case RowOpKind::Function:
    return op.function == VectorFunction::is_nan;
  case RowOpKind::AddScalar:
    return op.scalar == 0 && isCondition(group, op.lhs);
  case RowOpKind::Combine:
    return (op.function >= VectorFunction::equal &&
            op.function <= VectorFunction::greater_or_equal) ||
           (op.function == VectorFunction::maximum && op.rhs >= 0 &&
            isCondition(group, op.lhs) && isCondition(group, op.rhs));
  default:
    return false;
  }
}

/// Whether a value of a row program is a bf16 before it is stored.
static bool isNarrow(const RowsGroup &group, int x) {
  const RowOp &op = group.ops[x];
  switch (op.kind) {
  case RowOpKind::Input:
  case RowOpKind::Column:
  case RowOpKind::RowScalar:
  case RowOpKind::Gather:
    return true;
  case RowOpKind::RowMaximum:
    return isNarrow(group, op.lhs);
  case RowOpKind::AddScalar:
    return op.scalar == 0 && isNarrow(group, op.lhs);
  case RowOpKind::MultiplyScalar:
    return std::fabs(op.scalar) == 1 && isNarrow(group, op.lhs);
  case RowOpKind::Multiply:
    return (isCondition(group, op.lhs) && isNarrow(group, op.rhs)) ||
           (isCondition(group, op.rhs) && isNarrow(group, op.lhs));
  default:
    return isCondition(group, x);
  }
}

ArrayRef<int> GraphPlanner::partsOf(Value value) {
  SmallVector<int, 2> &parts = finished[value];
  while (parts.size() < 2)
    parts.push_back(outputTensor(value, "result"));
  return parts;
}

void GraphPlanner::addOutput(RowsGroup &group, int x, const Access &at,
                             Value value) {
  auto parts = finished.find(value);
  if (parts == finished.end() ||
      (parts->second.empty() && isNarrow(group, x))) {
    group.outputs.push_back({x, at});
    return;
  }
  group.ops[x].wide = true;
  group.outputs.push_back({x, at});
  for (int tensor : partsOf(value)) {
    group.outputs.back().rest.push_back(at);
    group.outputs.back().rest.back().tensor = tensor;
  }
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
  for (Operation *op : cluster) {
    views.erase(op->getResult(0));
    if (auto parts = finished.find(op->getResult(0)); parts != finished.end()) {
      for (int tensor : parts->second)
        program.tensors[tensor].kind = TensorKind::Scratch; // of no schedule
      parts->second.clear();
    }
  }
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
  addOutput(group, x, result, op.getResult());
  return place(planRows(group, machine), op, "reduce");
}

} // namespace tilework
