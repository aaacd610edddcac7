// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills the weight segment. A weight matrix is written as blocks of one row
// width, whatever tiles a schedule takes from it, so that every schedule of
// every entry shares the bytes.

#include "compiler/codegen/WeightSegment.h"

#include "compiler/import/WeightExpr.h"

#include <algorithm>
#include <cstring>

namespace tilework {

using planning::ceilDiv;

static void fillBlocked(const WeightReader &reader, const PlannedTensor &tensor,
                        int64_t lanes, uint8_t *out) {
  // A band of rows at a time, so that a tensor is never held as a whole.
  constexpr int64_t kBandBytes = 1 << 18;
  int64_t band = std::max<int64_t>(1, kBandBytes / (2 * tensor.columns));
  std::vector<uint16_t> rows(band * tensor.columns);
  for (int64_t first = 0; first < tensor.rows; first += band) {
    int64_t count = std::min(band, tensor.rows - first);
    reader.readBf16(first, count, rows.data());
    for (int64_t block = 0; block < ceilDiv(tensor.columns, lanes); ++block) {
      int64_t width = std::min(lanes, tensor.columns - block * lanes);
      uint8_t *to = out + 2 * lanes * (block * tensor.rows + first);
      const uint16_t *from = rows.data() + block * lanes;
      for (int64_t r = 0; r < count; ++r)
        std::memcpy(to + 2 * lanes * r, from + r * tensor.columns, 2 * width);
    }
  }
}

static void fillBand(const PlannedTensor &tensor, uint8_t *out) {
  auto parts = mlir::cast<mlir::ArrayAttr>(tensor.value);
  int64_t lower = mlir::cast<mlir::IntegerAttr>(parts[0]).getInt(),
          upper = mlir::cast<mlir::IntegerAttr>(parts[1]).getInt();
  auto bits = [&](unsigned part) {
    float value = mlir::cast<mlir::FloatAttr>(parts[part]).getValueAsDouble();
    uint16_t rounded;
    roundToBf16(&value, &rounded, 1);
    return rounded;
  };
  const uint16_t inside = bits(2), outside = bits(3);
  auto *values = reinterpret_cast<uint16_t *>(out);
  for (int64_t q = 0; q < tensor.rows; ++q)
    for (int64_t k = 0; k < tensor.columns; ++k)
      values[q * tensor.columns + k] =
          lower <= k - q && k - q <= upper ? inside : outside;
}

mlir::FailureOr<std::shared_ptr<std::vector<uint8_t>>>
fillWeights(const PlannedProgram &program, const planning::Machine &machine,
            const SourceFiles &files, mlir::Location loc,
            const std::atomic<bool> *cancelled) {
  auto bytes = std::make_shared<std::vector<uint8_t>>(program.segmentBytes[0]);
  for (const PlannedTensor &tensor : program.tensors) {
    if (tensor.kind != TensorKind::Weight || tensor.place.bytes == 0)
      continue;
    if (cancelled && cancelled->load())
      return mlir::failure();
    uint8_t *out = bytes->data() + tensor.place.offset;
    if (tensor.layout == WeightLayout::Band) {
      fillBand(tensor, out);
      continue;
    }
    auto expr =
        resolveWeight(mlir::cast<graph::ExprAttr>(tensor.value), files, loc);
    if (failed(expr))
      return mlir::failure();
    WeightReader reader(*expr);
    if (tensor.layout == WeightLayout::Blocked)
      fillBlocked(reader, tensor, machine.lanes(), out);
    else
      reader.readBf16(0, reader.rows(), reinterpret_cast<uint16_t *>(out));
  }
  return bytes;
}

} // namespace tilework
