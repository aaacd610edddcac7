// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small constant tensors on the host, with which the import folds shape
// arithmetic, positions and masks by value. A broadcast dimension has stride
// 0 and stores one element, so a [batch, 1, S, S] index tensor that depends on
// two axes stores two axes: what a value depends on can be read off it.

#ifndef TILEWORK_COMPILER_IMPORT_HOSTTENSOR_H
#define TILEWORK_COMPILER_IMPORT_HOSTTENSOR_H

#include "compiler/import/OnnxModel.h"
#include "dialects/graph/GraphDialect.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace tilework {

/// Thrown where a tensor would have more elements than the host computes with.
struct HostTensorTooLarge : std::runtime_error {
  explicit HostTensorTooLarge(std::optional<int64_t> elements);
};

/// An immutable tensor of integers, booleans (as 0 and 1) or floats; copying
/// shares the elements. Floats are computed in double and rounded to `type`;
/// a uint64 is kept as the int64 of the same bits.
class HostTensor {
public:
  using Shape = std::vector<int64_t>;

  /// More stored elements than this, which take 2 GiB, are not computed with.
  static constexpr int64_t kMaxElements = 1 << 28;

  /// Little-endian bytes of a dense tensor; nothing where the type is not
  /// numeric or the bytes are too few. Throws HostTensorTooLarge.
  static std::optional<HostTensor> fromBytes(onnx::DataType type, Shape shape,
                                             std::string_view bytes);
  static HostTensor fromInts(onnx::DataType type, Shape shape,
                             std::vector<int64_t> values);
  static HostTensor fromFloats(onnx::DataType type, Shape shape,
                               std::vector<double> values);

  onnx::DataType type() const { return dataType; }
  bool isFloat() const { return static_cast<bool>(floats); }
  const Shape &shape() const { return dims; }
  int64_t rank() const { return dims.size(); }
  /// Elements of the shape, repeated ones counted.
  int64_t size() const;
  /// Elements that differ: dimensions of stride 0 count once.
  int64_t storedSize() const;
  /// Whether the elements along `dim` are one stored element.
  bool isBroadcast(int64_t dim) const { return strides[dim] == 0; }

  /// All elements in row-major order.
  std::vector<int64_t> intValues() const;
  std::vector<double> floatValues() const;
  /// The first element, of a tensor that has one.
  int64_t intValue() const;
  double floatValue() const;
  /// Whether every element is the first: 0 and −0 are two, NaN is none.
  bool isSplat() const;
  /// The elements as ONNX raw bytes.
  std::string toBytes() const;

  // Views: nothing is copied, apart from a reshape that joins or splits
  // dimensions. The caller has checked shapes.
  HostTensor broadcastTo(const Shape &shape) const;
  HostTensor reshape(const Shape &shape) const;
  HostTensor transpose(const std::vector<int64_t> &permutation) const;
  HostTensor slice(const Shape &offsets, const Shape &sizes,
                   const Shape &steps) const;
  /// As graph.window.
  HostTensor window(int64_t axis, int64_t offset, const Shape &sizes,
                    const Shape &steps) const;
  /// The tensor with broadcast dimensions cut to one element.
  HostTensor compact() const;
  /// The same stored values as another type of integers, or of floats, that
  /// has them all.
  HostTensor withType(onnx::DataType type) const;

  // Computations; nothing where an index leaves the tensor. They throw
  // HostTensorTooLarge.
  std::optional<HostTensor> cast(onnx::DataType to) const;
  static std::optional<HostTensor> unary(graph::UnaryKind kind,
                                         const HostTensor &x);
  static std::optional<HostTensor>
  binary(graph::BinaryKind kind, const HostTensor &a, const HostTensor &b);
  static std::optional<HostTensor>
  select(const HostTensor &c, const HostTensor &a, const HostTensor &b);
  static std::optional<HostTensor> concat(const std::vector<HostTensor> &inputs,
                                          int64_t axis);
  std::optional<HostTensor> gather(const HostTensor &indices,
                                   int64_t axis) const;
  std::optional<HostTensor> gatherElements(const HostTensor &indices,
                                           int64_t axis) const;
  std::optional<HostTensor> gatherND(const HostTensor &indices,
                                     int64_t batchDims) const;
  std::optional<HostTensor> scatterND(const HostTensor &indices,
                                      const HostTensor &updates) const;
  std::optional<HostTensor> reduce(graph::ReduceKind kind,
                                   const std::vector<int64_t> &axes) const;
  std::optional<HostTensor> cumSum(int64_t axis, bool exclusive,
                                   bool reverse) const;
  std::optional<HostTensor> triangle(int64_t k, bool upper) const;

private:
  template <typename T> friend struct HostAccess;

  onnx::DataType dataType = onnx::DataType::Int64;
  Shape dims, strides;
  int64_t offset = 0;
  std::shared_ptr<const std::vector<int64_t>> ints;
  std::shared_ptr<const std::vector<double>> floats;
};

/// The product of a shape; nothing where a dimension is negative or the product
/// does not fit 63 bits.
std::optional<int64_t> elementCount(const std::vector<int64_t> &shape);

/// Rounds to the precision of a float type.
double roundTo(onnx::DataType type, double value);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_HOSTTENSOR_H
