// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cluster of row-wise ops to one row program, private to the conversion.

#pragma once

#include "compiler/conversion/GraphPlanner.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <optional>

namespace tilework {

/// The rows and columns that an op runs over.
llvm::ArrayRef<int64_t> spaceOf(mlir::Operation *op);

/// The splat value of a constant that the chip computes with.
std::optional<double> splatOf(mlir::Value value);

/// The constant that an instruction holds in place of this operand: one operand
/// of a binary op may be such, the right one when both could, and what a
/// selection chooses between.
std::optional<double> scalarOf(mlir::OpOperand &use);

/// Builds one row program.
class RowsBuilder {
public:
  RowsBuilder(GraphPlanner &planner, llvm::ArrayRef<mlir::Operation *> cluster)
      : planner(planner), cluster(cluster) {
    space.assign(spaceOf(cluster[0]).begin(), spaceOf(cluster[0]).end());
    for (mlir::Operation *op : cluster)
      inside.insert(op);
  }
  llvm::Error build();
  planning::RowsGroup group;

private:
  bool loads(const View &view, llvm::SmallVector<int64_t> &copied) const;
  llvm::Error readTable(mlir::Value value);
  llvm::Error gather();
  int push(planning::RowOp op) {
    op.source = source;
    group.ops.push_back(op);
    return static_cast<int>(group.ops.size()) - 1;
  }
  int unary(
      planning::RowOpKind kind, int lhs, float scalar = 0,
      planning::VectorFunction function = planning::VectorFunction::identity) {
    planning::RowOp op;
    op.kind = kind;
    op.lhs = lhs;
    op.scalar = scalar;
    op.function = function;
    return push(op);
  }
  int binary(planning::RowOpKind kind, int lhs, int rhs) {
    planning::RowOp op;
    op.kind = kind;
    op.lhs = lhs;
    op.rhs = rhs;
    return push(op);
  }
  /// The index of a value: of this group, or loaded.
  int operand(mlir::Value value);
  /// The same for a function that is composed of several and jumps or cancels:
  /// an operand that only such functions read keeps its fp32.
  int wideOperand(mlir::Value value);
  // The index of the result of an op.
  llvm::Expected<int> addOp(mlir::Operation *op);
  int addGather(graph::EmbeddingOp op);
  int addUnary(graph::UnaryOp op);
  llvm::Expected<int> addBinary(graph::BinaryOp op);
  int addSelect(graph::SelectOp op);
  llvm::Expected<int> addCast(graph::CastOp op);
  int addReduce(graph::ReduceOp op);
  llvm::Expected<int> addNorm(mlir::Operation *op, mlir::Value scale,
                              mlir::Value shift, llvm::APFloat epsilon,
                              bool root);
  /// A power or a remainder.
  int addComposed(graph::BinaryOp op);
  llvm::Expected<int> withScalar(graph::BinaryOp op, double scalar,
                                 bool scalarLeft);
  /// The last op of a composition, stored as any other result.
  int result(int composed) {
    group.ops[composed].wide = false;
    return composed;
  }
  /// function(x, y); y = -1: function(x, scalar).
  int combine(planning::VectorFunction function, int x, int y,
              float scalar = 0) {
    planning::RowOp op;
    op.kind = planning::RowOpKind::Combine;
    op.lhs = x;
    op.rhs = y;
    op.function = function;
    op.scalar = scalar;
    return push(op);
  }
  /// 1 − x, the inverse of a condition.
  int inverted(int x) {
    return unary(planning::RowOpKind::AddScalar,
                 unary(planning::RowOpKind::MultiplyScalar, x, -1), 1);
  }

  GraphPlanner &planner;
  llvm::ArrayRef<mlir::Operation *> cluster;
  llvm::SmallPtrSet<mlir::Operation *, 16> inside;
  llvm::SmallVector<int64_t> space;
  llvm::SetVector<mlir::Value> externals;
  llvm::DenseMap<mlir::Value, View>
      reads; ///< externals as this group reads them
  llvm::DenseMap<mlir::Value, View>
      tables; ///< of gathers, wherever the loops are
  llvm::DenseMap<mlir::Value, size_t>
      stridesOf; ///< index into the loops' strides
  std::vector<mlir::Value> outputs;
  GraphPlanner::Loops loops;
  llvm::DenseMap<mlir::Value, int> values;
  int source = -1;
};

} // namespace tilework
