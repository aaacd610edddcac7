// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the attribute of a `graph.weight` to what the weight reader evaluates.

#ifndef TILEWORK_COMPILER_IMPORT_WEIGHTEXPR_H
#define TILEWORK_COMPILER_IMPORT_WEIGHTEXPR_H

#include "compiler/import/HostTensor.h"
#include "compiler/import/SourceFiles.h"
#include "compiler/import/WeightReader.h"
#include "dialects/graph/GraphDialect.h"

namespace tilework {

/// The expression with its spans resolved in `files`, which must outlive it.
/// Failure (with an error at `loc`) where a span leaves its file.
mlir::FailureOr<WeightExpr> resolveWeight(graph::ExprAttr expr,
                                          const SourceFiles &files,
                                          mlir::Location loc);

/// As above for a constant operand: the result of a `graph.weight` or of an
/// `arith.constant`.
mlir::FailureOr<WeightExpr> resolveWeight(mlir::Value constant,
                                          const SourceFiles &files);

/// The expression's value to the bit, by the computations that fold small
/// constants; nothing where a step has no such.
std::optional<HostTensor> evaluate(graph::ExprAttr expr,
                                   const SourceFiles &files);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_WEIGHTEXPR_H
