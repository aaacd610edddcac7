// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small matchers and builders that the graph passes share.

#ifndef TILEWORK_COMPILER_TRANSFORMS_MATCHERS_H
#define TILEWORK_COMPILER_TRANSFORMS_MATCHERS_H

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace tilework {

/// The value of a constant whose elements are equal, through broadcasts and
/// reshapes.
std::optional<double> scalarConstant(mlir::Value value);

/// Whether the value is a constant of the model.
bool isConstant(mlir::Value value);

/// `value · factor`, spelt as a product, a quotient or a negation.
struct ScaledValue {
  mlir::Value value;
  double factor;
};
std::optional<ScaledValue> matchScaled(mlir::Value value);

/// The binary op of this kind that makes the value, or null.
graph::BinaryOp binaryOf(mlir::Value value, graph::BinaryKind kind);
graph::UnaryOp unaryOf(mlir::Value value, graph::UnaryKind kind);

/// The single user of a value, or null.
mlir::Operation *singleUser(mlir::Value value);

/// One location of several ops, the first the primary one.
mlir::Location fuseLocations(llvm::ArrayRef<mlir::Operation *> ops);

/// The ops that make `result` from `inputs`, which are not looked behind, and
/// from constants; the one that makes `result` first.
llvm::SmallVector<mlir::Operation *>
opsBetween(mlir::Value result, llvm::ArrayRef<mlir::Value> inputs);

/// A scalar constant of an element type.
mlir::Value scalar(mlir::OpBuilder &builder, mlir::Location loc, double value,
                   mlir::Type element);

/// Whether both conditions hold, broadcast; null where their shapes differ.
mlir::Value conjunction(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value lhs, mlir::Value rhs);

/// A reshape, or the value itself.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// A constant as a vector of `size` elements: itself, or a reshape of it.
/// Null where it is no constant with `size` elements along its last dimension.
mlir::Value constantVector(mlir::OpBuilder &builder, mlir::Value value,
                           int64_t size);

/// An expression for a constant value; null for others.
graph::ExprAttr expressionOf(mlir::Value value);

/// Adds a step to an expression.
graph::ExprAttr withStep(graph::ExprAttr expr, mlir::Attribute step);

} // namespace tilework

#endif // TILEWORK_COMPILER_TRANSFORMS_MATCHERS_H
