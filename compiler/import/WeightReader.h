// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates weight expressions: spans of files and the steps done to them, row
// by row, in fp32 or bf16. Plain C++: the blocks of a program's weight segment
// are filled from here, one tensor at a time.

#ifndef TILEWORK_COMPILER_IMPORT_WEIGHTREADER_H
#define TILEWORK_COMPILER_IMPORT_WEIGHTREADER_H

#include "dialects/isa/ElementType.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

namespace graph {
// Of GraphAttributes.td; their names are in dialects/graph/GraphDialect.h.
enum class UnaryKind : uint32_t;
enum class BinaryKind : uint32_t;
} // namespace graph

struct WeightExpr;

/// One recorded step; the fields that its kind uses are set.
struct WeightStep {
  enum Kind {
    Cast,
    Unary,
    Binary,
    Select,
    Transpose,
    Reshape,
    Slice,
    Broadcast,
    Concat
  };
  Kind kind;
  ElementType type = ElementType::Float;
  graph::UnaryKind unary{};
  graph::BinaryKind binary{};
  /// Binary: the operand is on the left.
  bool reversed = false;
  /// Transpose: permutation; Reshape, Broadcast: shape; Slice: offsets.
  std::vector<int64_t> dims;
  /// Slice.
  std::vector<int64_t> sizes, strides;
  /// Concat.
  int64_t axis = 0;
  /// Binary: one operand; Select: what stands where the value is not zero, and
  /// what elsewhere; Concat: what follows.
  std::vector<std::shared_ptr<WeightExpr>> operands;
};

/// A source in memory (mapped or owned elsewhere) and the steps done to it.
struct WeightExpr {
  ElementType type = ElementType::Float;
  std::vector<int64_t> shape;
  /// Dense, row-major, little-endian.
  std::string_view bytes;
  /// Set where the expression owns its bytes.
  std::shared_ptr<std::string> owned;
  std::vector<WeightStep> steps;
};

namespace weights_detail {
struct Node;
}

/// A constant tensor that is computed as it is read. Views are strides and
/// cost nothing; elementwise steps run over rows; what no stride can say (a
/// reshape of a transpose) is computed once, into memory of the reader.
/// Values are fp32: integers of up to 24 bits are exact.
class WeightReader {
public:
  /// Throws std::runtime_error where the expression contradicts itself.
  explicit WeightReader(const WeightExpr &expr);
  ~WeightReader();
  WeightReader(WeightReader &&) noexcept;
  WeightReader &operator=(WeightReader &&) noexcept;

  const std::vector<int64_t> &shape() const { return dims; }
  /// The last dimension; 1 for a scalar.
  int64_t columns() const { return columnCount; }
  /// The product of the other dimensions.
  int64_t rows() const { return rowCount; }

  /// Writes rows [first, first + count) to `out`, dense.
  void read(int64_t first, int64_t count, float *out) const;
  /// As above, rounded to bf16 (nearest even, subnormals to zero as the chip
  /// reads them).
  void readBf16(int64_t first, int64_t count, uint16_t *out) const;
  /// Columns [column, column + width) of row `row`: a block's rows.
  void readBlock(int64_t row, int64_t count, int64_t column, int64_t width,
                 float *out) const;

private:
  std::vector<int64_t> dims;
  int64_t rowCount = 1, columnCount = 1;
  std::unique_ptr<weights_detail::Node> node;
};

/// Rounds fp32 to bf16: nearest even, subnormal results to zero, one NaN; what
/// is beyond the largest bf16 becomes that, so that no mask turns infinite.
void roundToBf16(const float *in, uint16_t *out, int64_t count);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_WEIGHTREADER_H
