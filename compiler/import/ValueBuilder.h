// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values during the import, and the primitive operations on them. Each folds
// by value where its operands are known, records a step where they are a
// weight, and emits a graph op otherwise, so that a lowering is written once.

#ifndef TILEWORK_COMPILER_IMPORT_VALUEBUILDER_H
#define TILEWORK_COMPILER_IMPORT_VALUEBUILDER_H

#include "compiler/import/HostTensor.h"
#include "compiler/import/SourceFiles.h"
#include "dialects/graph/GraphDialect.h"

#include "mlir/IR/Builders.h"

#include <stdexcept>

namespace tilework {

/// Raised by lowerings and caught by the importer, per node: the model is
/// legal but this compiler does not do it.
struct UnsupportedNode : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// As above: the model contradicts itself.
struct InvalidNode : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A value of the model: absent (an optional input), known by value, a weight,
/// or computed by an op. A known value may have an expression as well. A value
/// without elements is always known by value, so no op after the import has an
/// empty operand or result.
struct Val {
  mlir::RankedTensorType type;
  std::optional<HostTensor> host;
  graph::ExprAttr expr;
  mlir::Value value;
  std::string name;

  bool isAbsent() const { return !type; }
  bool isConstant() const { return host || expr; }
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
  int64_t rank() const { return type.getRank(); }
  int64_t dim(int64_t i) const {
    return type.getDimSize(i < 0 ? i + type.getRank() : i);
  }
  mlir::Type element() const { return type.getElementType(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(element()); }
};

/// A copy of its shape, to be changed.
inline std::vector<int64_t> shapeOf(const Val &x) { return x.shape().vec(); }

/// "[1, 600, 384]".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// Builds values at the insertion point of an OpBuilder, at location `loc`.
class ValueBuilder {
public:
  using Shape = std::vector<int64_t>;

  ValueBuilder(mlir::OpBuilder &builder, SourceFiles &files)
      : builder(builder), files(files), loc(builder.getUnknownLoc()) {}

  mlir::OpBuilder &builder;
  SourceFiles &files;
  mlir::Location loc;

  /// MLIR's type of an ONNX element type; null where there is none.
  mlir::Type elementType(onnx::DataType type) const;

  Val fromHost(HostTensor tensor);
  Val fromExpr(graph::ExprAttr expr, llvm::StringRef name);
  Val fromValue(mlir::Value value);
  /// The value that an operand of an op was made of.
  Val fromOperand(mlir::Value operand);
  Val scalar(double value, mlir::Type element);
  Val ints(const Shape &values);

  /// The value as an operand of an op; makes the constant where it is one.
  mlir::Value materialise(const Val &val);

  /// The elements of a constant, however many, or nothing where the value is
  /// none. They are computed anew each time where `val.host` has none.
  std::optional<HostTensor> known(const Val &val);
  /// As above, for operands that must be known at import.
  Shape requireInts(const Val &val, const char *what);

  Val unary(graph::UnaryKind kind, const Val &x);
  Val binary(graph::BinaryKind kind, const Val &a, const Val &b);
  Val select(const Val &c, const Val &a, const Val &b);
  Val cast(const Val &x, mlir::Type element);
  Val reshape(const Val &x, const Shape &shape);
  Val transpose(const Val &x, const Shape &permutation);
  Val slice(const Val &x, const Shape &offsets, const Shape &sizes,
            const Shape &steps);
  /// The range [first, first + count) of one dimension.
  Val range(const Val &x, int64_t axis, int64_t first, int64_t count);
  Val broadcast(const Val &x, const Shape &shape);
  Val concat(const std::vector<Val> &inputs, int64_t axis);
  Val gather(const Val &x, const Val &indices, int64_t axis);
  Val gatherElements(const Val &x, const Val &indices, int64_t axis);
  Val gatherND(const Val &x, const Val &indices, int64_t batchDims);
  /// As graph.window; `sizes` may be empty, for one element.
  Val grid(const Val &x, int64_t axis, int64_t first, const Shape &sizes,
           const Shape &steps);
  /// The integers from 0 to before `count`.
  Val counting(int64_t count);
  /// Indices of a dimension of `size` from 0 on: negative ones count from the
  /// end, and one out of range is an error, at the latest of the launch.
  Val positions(const Val &indices, int64_t size);
  /// Σ strides[d]·i_d at element i of a tensor of `shape`.
  Val places(const Shape &shape, const Shape &strides);
  /// `indices` along `axis` of a tensor of shape `table`, each at its own place
  /// in the other dimensions, as numbers of rows of `row` elements.
  Val linearIndices(const Val &indices, llvm::ArrayRef<int64_t> table,
                    int64_t axis, int64_t row);
  /// `x` as `rows` rows, of which those that `linear` names are replaced by the
  /// rows of `updates`; the last one stays.
  Val scattered(const Val &x, const Val &updates, const Val &linear,
                int64_t rows);
  /// Keeps the reduced dimensions as 1.
  Val reduce(graph::ReduceKind kind, const Val &x, const Shape &axes);
  Val cumSum(const Val &x, int64_t axis, bool exclusive, bool reverse);
  /// Operands of rank 2 or more. A bias is added where present.
  Val matmul(const Val &a, const Val &b, bool transposeA, bool transposeB,
             const Val &bias = Val());
  Val softmax(const Val &x);
  Val layerNorm(const Val &x, const Val &scale, const Val &shift,
                float epsilon);
  Val rmsNorm(const Val &x, const Val &scale, float epsilon);
  Val gelu(const Val &x, graph::GeluForm form);

  Val add(const Val &a, const Val &b) {
    return binary(graph::BinaryKind::Add, a, b);
  }
  Val mul(const Val &a, const Val &b) {
    return binary(graph::BinaryKind::Mul, a, b);
  }

  /// An expression for a constant; null for other values.
  graph::ExprAttr expression(const Val &val);

private:
  Val withStep(const Val &x, mlir::Attribute step);
  std::optional<Val> foldBinary(graph::BinaryKind kind, const Val &a,
                                const Val &b);
  /// The result of a new op; the op goes again where the result is empty.
  Val emit(mlir::Operation *op);
  mlir::RankedTensorType tensorType(const Shape &shape, mlir::Type element) {
    return mlir::RankedTensorType::get(shape, element);
  }
  /// A gather by constant indices as a view, or as a few of them side by side.
  std::optional<Val> gatherConstant(const Val &x, const HostTensor &indices,
                                    int64_t axis);
  Val gatherAffine(const Val &x, const HostTensor &indices, int64_t depth,
                   bool &done);
};

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_VALUEBUILDER_H
