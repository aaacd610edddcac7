// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph dialect's C++ face: dialect, enumerations, weight attributes, ops,
// and the shape rules that its verifiers and the passes share.

#ifndef TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H
#define TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/graph/GraphDialect.h.inc"
#include "dialects/graph/GraphEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.h.inc"

namespace tilework::graph {

/// The value that stands for minus infinity in an additive mask. It is finite
/// in bf16, survives a factor of log2(e) and the sum of several masks in fp32,
/// and leaves a weight of exactly zero beside any score above it.
constexpr float kMaskFloor = -1.0e30f;

/// Name of the module attribute that lists the files which spans refer to.
constexpr llvm::StringLiteral kFilesAttrName = "graph.files";

/// Name of the argument and result attribute that carries the ONNX name.
constexpr llvm::StringLiteral kNameAttrName = "graph.name";

/// Name of the discardable attribute with sentences that say what a pass left
/// out of this op and why (an array of strings).
constexpr llvm::StringLiteral kNotesAttrName = "graph.notes";

/// The shape to which `lhs` and `rhs` broadcast as NumPy does, or failure.
mlir::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// Whether `from` broadcasts to exactly `to`.
bool broadcastsTo(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

/// Bits that one element takes in a file: a bool takes eight.
unsigned storedBits(mlir::Type element);

/// Whether the kind compares and so gives i1.
bool isComparison(BinaryKind kind);

/// Adds a sentence to the op's `graph.notes`.
void addNote(mlir::Operation *op, llvm::StringRef sentence);

} // namespace tilework::graph

#endif // TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H
