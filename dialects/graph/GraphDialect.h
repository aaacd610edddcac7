// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph dialect's C++ face: dialect, enumerations, weight attributes, ops,
// and the shape rules that its verifiers and the passes share.

#ifndef TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H
#define TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H

#include "dialects/isa/ElementType.h"

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

namespace tilework::graph {

/// The op names elements of its first operand, in another shape: it computes
/// nothing.
template <typename Op> struct IsView : mlir::OpTrait::TraitBase<Op, IsView> {};

/// The vector unit computes the op row by row; ops over the same rows join.
template <typename Op>
struct IsRowWise : mlir::OpTrait::TraitBase<Op, IsRowWise> {};

/// Each element of the result is made of the elements in its place of the
/// operands, which broadcast.
template <typename Op>
struct IsElementwise : mlir::OpTrait::TraitBase<Op, IsElementwise> {};

/// Each element of the result is made of its whole row of the first operand,
/// which is passed over twice; the others have the length of a row.
template <typename Op>
struct IsNormalising : mlir::OpTrait::TraitBase<Op, IsNormalising> {};

} // namespace tilework::graph

#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.h.inc"

namespace tilework::graph {

/// The type of a value of the graph, which is a ranked tensor, and its parts.
inline mlir::RankedTensorType tensorTypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return tensorTypeOf(value).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return tensorTypeOf(value).getElementType();
}
inline bool isFloat(mlir::Value value) {
  return mlir::isa<mlir::FloatType>(elementOf(value));
}

/// Name of the module attribute that lists the files which spans refer to.
constexpr llvm::StringLiteral kFilesAttrName = "graph.files";

/// Name of the argument and result attribute that carries the ONNX name.
constexpr llvm::StringLiteral kNameAttrName = "graph.name";

/// Names of the discardable attributes of a weight that is a band mask: key j
/// of query i is seen, true or 0, where the first and second of `graph.band`
/// hold j - i between them, else it is false or adds `graph.band_value`.
constexpr llvm::StringLiteral kBandAttrName = "graph.band";
constexpr llvm::StringLiteral kBandValueAttrName = "graph.band_value";

/// Whether a band over `rows` queries and `keys` keys leaves each query one.
bool bandSeesAll(llvm::ArrayRef<int64_t> band, int64_t rows, int64_t keys);

/// The largest bf16 number.
constexpr double kLargestBf16 = 3.3895313892515355e38;

/// All integers of at most this magnitude are bf16 numbers.
constexpr int64_t kMostExactBf16 = 256;

/// Name of the discardable attribute with sentences that say what a pass left
/// out of this op and why (an array of strings).
constexpr llvm::StringLiteral kNotesAttrName = "graph.notes";

/// The shape to which `lhs` and `rhs` broadcast as NumPy does, or failure.
mlir::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// Whether `from` broadcasts to exactly `to`.
bool broadcastsTo(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

/// The element type of a tensor in the table of all, and back; Undefined and
/// null where there is none.
ElementType elementTypeOf(mlir::Type element);
mlir::Type mlirElementType(mlir::MLIRContext *context, ElementType type);

/// Bits that one element takes in a file: a bool takes eight.
unsigned storedBits(mlir::Type element);

/// The elements of a dense attribute, as a file stores them.
std::string storedBytes(mlir::DenseElementsAttr dense);

/// Whether the kind compares and so gives i1.
bool isComparison(BinaryKind kind);

/// Adds a sentence to the op's `graph.notes`.
void addNote(mlir::Operation *op, llvm::StringRef sentence);

} // namespace tilework::graph

#endif // TILEWORK_DIALECTS_GRAPH_GRAPHDIALECT_H
