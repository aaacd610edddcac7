// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the operands of a matmul: widens activations once, weights a panel at a
// time, and hands both to the SIMD kernels. A column's sums depend on the order
// of its own products alone, so panels need not follow the array's columns.

#include "sim/functional/Matmul.h"

#include "sim/functional/CopyRows.h"
#include "sim/functional/FlushScope.h"
#include "sim/functional/MatmulKernel.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::sim {

namespace {

/// Elements of k whose weights are widened at a time: the panel stays in the
/// host's first-level cache.
constexpr uint32_t kChunkDepth = 256;
/// Sums of that many products of int8 are exact in fp32.
constexpr uint32_t kInt8Block = 1024;

/// Calls visit(address, bytes done, bytes here) for the pieces of the bytes
/// [begin, end) of `rows` tile rows from m on that lie side by side; the rows
/// of a piece are `stride` scratchpad rows apart.
template <typename Visit>
void forPieces(const TileAddress &tile, const Geometry &geometry,
               const OnChipMemories &memories, uint32_t m, uint32_t rows,
               uint64_t begin, uint64_t end, const Visit &visit) {
  const uint64_t rowBytes = geometry.rowBytes();
  for (uint64_t at = begin; at < end;) {
    uint64_t row = tile.row + uint64_t(m) * tile.stride, byte = at + tile.first,
             size = end - at;
    if (tile.first == 0) {
      row += at / rowBytes * tile.blockStride;
      byte = at % rowBytes;
      size = std::min(size, rowBytes - byte);
    }
    const uint64_t last = row + uint64_t(rows - 1) * tile.stride;
    if (last >= geometry.scratchpadRows || byte + size > rowBytes)
      throw std::out_of_range("a matmul tile leaves the scratchpad of " +
                              std::to_string(geometry.scratchpadRows) +
                              " rows at row " + std::to_string(last));
    visit(memories.scratchpad.data() + row * rowBytes + byte, at - begin, size);
    at += size;
  }
}

/// Calls visit(first column in the panel, first word in the accumulator,
/// columns) for the pieces of a panel's columns [column, column + columns) that
/// lie side by side.
template <typename Visit>
void forSums(const MatmulOperation &operation, const Geometry &geometry,
             uint32_t column, uint32_t columns, const Visit &visit) {
  const TileAddress &tile = operation.sums;
  for (uint32_t n = 0; n < columns;) {
    uint32_t block = (column + n) / geometry.columns,
             lane = (column + n) % geometry.columns;
    uint32_t count = std::min(columns - n, geometry.columns - lane);
    uint64_t row = tile.row + uint64_t(block) * tile.blockStride;
    if (row + uint64_t(operation.rows - 1) * tile.stride >=
        geometry.accumulatorRows)
      throw std::out_of_range("a matmul tile leaves the accumulator of " +
                              std::to_string(geometry.accumulatorRows) +
                              " rows at row " + std::to_string(row));
    visit(n, row * geometry.columns + lane, count);
    n += count;
  }
}

/// Widened operands. They only grow, and a thread keeps them from instruction
/// to instruction: clearing them anew would take a tenth of the time.
struct Scratch {
  std::vector<float> activations, weights, transposed;
  std::vector<uint32_t> sums;
};

template <typename Value> void grow(std::vector<Value> &buffer, size_t count) {
  if (buffer.size() < count)
    buffer.resize(count);
}

class MatmulRun {
public:
  MatmulRun(const MatmulOperation &operation, const Geometry &geometry,
            OnChipMemories &memories, MatmulArithmetic arithmetic,
            Scratch &scratch)
      : operation(operation), geometry(geometry), memories(memories),
        arithmetic(arithmetic),
        width(static_cast<uint32_t>(matmulPanelWidth())),
        block(operation.isInt8() ? kInt8Block : geometry.rows),
        scratch(scratch) {}

  void run() {
    widenActivations();
    const uint32_t chunk = std::max(block, kChunkDepth / block * block);
    grow(scratch.weights, size_t(std::min(chunk, operation.depth)) * width);
    grow(scratch.sums, size_t(operation.rows) * width);
    for (uint32_t column = 0; column < operation.columns; column += width) {
      const uint32_t columns = std::min(width, operation.columns - column);
      if (operation.accumulate)
        loadSums(column, columns);
      else
        std::fill_n(scratch.sums.begin(), size_t(operation.rows) * width,
                    operation.isInt8() ? 0 : kNoSum);
      for (uint32_t k = 0; k < operation.depth; k += chunk)
        multiply(column, columns, k, std::min(chunk, operation.depth - k));
      storeSums(column, columns);
    }
  }

private:
  uint32_t elementBytes() const { return operation.isInt8() ? 1 : 2; }

  /// `count` elements of `rows` tile rows from m on, from element `begin` on.
  void widen(const TileAddress &tile, uint32_t m, uint32_t rows, uint32_t begin,
             uint32_t count, float *to, size_t stride, ExponentRange &range) {
    const uint64_t bytes = elementBytes();
    forPieces(tile, geometry, memories, m, rows, begin * bytes,
              (uint64_t(begin) + count) * bytes,
              [&](const uint8_t *from, uint64_t done, uint64_t size) {
                WidenBlock block{from,
                                 tile.stride * geometry.rowBytes(),
                                 to + done / bytes,
                                 stride,
                                 rows,
                                 size / bytes};
                if (operation.isInt8())
                  widenInt8(block);
                else
                  widenBf16(block, range);
              });
  }

  void widenActivations() {
    grow(scratch.activations, size_t(operation.rows) * operation.depth);
    widen(operation.activations, 0, operation.rows, 0, operation.depth,
          scratch.activations.data(), operation.depth, activationRange);
  }

  /// weights[k][n] = element (begin + k, column + n), zero past the columns.
  void widenWeights(uint32_t column, uint32_t columns, uint32_t begin,
                    uint32_t depth, ExponentRange &range) {
    if (columns < width)
      std::fill_n(scratch.weights.begin(), size_t(depth) * width, 0.0f);
    if (operation.weightsByColumn) {
      grow(scratch.transposed, size_t(columns) * depth);
      widen(operation.weights, column, columns, begin, depth,
            scratch.transposed.data(), depth, range);
      transpose(scratch.transposed.data(), depth, columns, depth,
                scratch.weights.data(), width);
      return;
    }
    const uint64_t first = uint64_t(column) * 2,
                   last = first + uint64_t(columns) * 2;
    const uint32_t m = operation.isInt8() ? begin / 2 : begin;
    const uint32_t rows = operation.isInt8() ? (depth + 1) / 2 : depth;
    forPieces(operation.weights, geometry, memories, m, rows, first, last,
              [&](const uint8_t *from, uint64_t done, uint64_t size) {
                WidenBlock block{from,
                                 geometry.rowBytes(),
                                 scratch.weights.data() + done / 2,
                                 width,
                                 depth,
                                 size / 2};
                if (operation.isInt8())
                  widenInt8Pairs(block);
                else
                  widenBf16(block, range);
              });
  }

  void multiply(uint32_t column, uint32_t columns, uint32_t begin,
                uint32_t depth) {
    ExponentRange range;
    widenWeights(column, columns, begin, depth, range);
    const bool last = begin + depth == operation.depth;
    MatmulPanel panel{};
    panel.activations = scratch.activations.data() + begin;
    panel.activationStride = operation.depth;
    panel.weights = scratch.weights.data();
    panel.rows = operation.rows;
    panel.depth = depth;
    panel.block = block;
    panel.padded = last && operation.depth % block != 0;
    panel.last = last;
    panel.int8 = operation.isInt8();
    // Every product has an exponent in [-126, 126 + 1]: none is flushed, none
    // overflows, and so a fused sum rounds what a separate one would.
    panel.fused = arithmetic == MatmulArithmetic::Automatic &&
                  (range.largest == 0 || activationRange.largest == 0 ||
                   (range.smallest > 0 && activationRange.smallest > 0 &&
                    range.smallest + activationRange.smallest >= 128 &&
                    range.largest + activationRange.largest <= 380 &&
                    range.largest < 255 && activationRange.largest < 255));
    panel.explicitFlush = arithmetic == MatmulArithmetic::ExplicitFlush ||
                          !FlushScope::kHostFlushes;
    panel.sums = scratch.sums.data();
    matmulPanel(panel);
  }

  void loadSums(uint32_t column, uint32_t columns) {
    forSums(operation, geometry, column, columns,
            [&](uint32_t n, uint64_t word, uint32_t count) {
              copyRows({scratch.sums.data() + n, panelStride(),
                        memories.accumulator.data() + word, sumStride(),
                        operation.rows, count * sizeof(uint32_t)});
            });
  }

  void storeSums(uint32_t column, uint32_t columns) {
    forSums(operation, geometry, column, columns,
            [&](uint32_t n, uint64_t word, uint32_t count) {
              copyRows({memories.accumulator.data() + word, sumStride(),
                        scratch.sums.data() + n, panelStride(), operation.rows,
                        count * sizeof(uint32_t)});
            });
  }

  // From row to row, in bytes.
  ptrdiff_t panelStride() const { return ptrdiff_t(4) * width; }
  ptrdiff_t sumStride() const {
    return ptrdiff_t(4) * operation.sums.stride * geometry.columns;
  }

  const MatmulOperation &operation;
  const Geometry &geometry;
  OnChipMemories &memories;
  const MatmulArithmetic arithmetic;
  const uint32_t width, block;
  ExponentRange activationRange;
  Scratch &scratch;
};

} // namespace

void executeMatmul(const MatmulOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories, MatmulArithmetic arithmetic) {
  if (operation.rows == 0 || operation.columns == 0 || operation.depth == 0)
    return;
  static thread_local Scratch scratch;
  if (arithmetic == MatmulArithmetic::ExplicitFlush) {
    MatmulRun(operation, geometry, memories, arithmetic, scratch).run();
    return;
  }
  FlushScope scope;
  MatmulRun(operation, geometry, memories, arithmetic, scratch).run();
}

} // namespace tilework::sim
