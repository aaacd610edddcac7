// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the tiles of a vector instruction: brings blocks of rows of one chunk
// into dense arrays, has them computed, and puts results and statistics back.

#include "sim/functional/Vector.h"

#include "dialects/isa/Instructions.h"
#include "sim/functional/Float.h"
#include "sim/functional/FlushScope.h"
#include "sim/functional/VectorKernel.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tilework::sim {

namespace {

using isa::VectorType;

// Elements of a block: x, element and scratch stay in a first-level cache.
constexpr size_t kBlockElements = 2048;
// Kernels work in whole SIMD vectors and may touch this much behind an array.
constexpr size_t kSlack = 64;

struct Buffers {
  alignas(64) uint32_t x[kBlockElements + kSlack];
  alignas(64) uint32_t element[kBlockElements + kSlack];
  alignas(64) uint32_t scratch[kBlockElements + 2 * kSlack];
  alignas(64) uint32_t tree[kBlockElements + kSlack];
  alignas(64) uint32_t treeSquares[kBlockElements + kSlack];
  alignas(64) uint32_t columns[3][kBlockElements];
  alignas(64) uint8_t raw[4 * kBlockElements];
};

size_t elementBytes(VectorType type) {
  return type == VectorType::bf16 ? 2 : type == VectorType::int8 ? 1 : 4;
}

/// One chunk of an operand: row m begins at base + m × stride.
struct ChunkView {
  uint8_t *base;
  ptrdiff_t stride;
};

class VectorRun {
public:
  VectorRun(const VectorOperation &op, const Geometry &geometry,
            OnChipMemories &memories, const VectorKernel &kernel)
      : op(op), geometry(geometry), memories(memories), kernel(kernel),
        lanes(geometry.vectorLanes), stages(op.stages()) {
    if (lanes > kBlockElements)
      throw std::out_of_range("vector: " + std::to_string(lanes) +
                              " lanes are more than the kernels' " +
                              std::to_string(kBlockElements));
  }

  void run() {
    for (size_t chunk = 0; chunk * lanes < op.elements; ++chunk)
      runChunk(chunk);
  }

private:
  void runChunk(size_t chunk) {
    const size_t valid = std::min<size_t>(lanes, op.elements - chunk * lanes);
    VectorBlock block;
    block.operation = &op;
    block.lanes = lanes;
    block.valid = valid;
    block.x = buffers.x;
    block.scratch = buffers.scratch;
    for (unsigned i = 0; i < 3; ++i)
      if (stages.usesColumns()[i]) {
        load(op.columns[i], VectorType::bf16, 0, chunk, 0, 1, valid,
             buffers.columns[i]);
        block.columns[i] = buffers.columns[i];
      }
    const auto reduce = op.reduce;
    if (reduce != isa::Reduce::none)
      block.tree = buffers.tree;
    if (reduce == isa::Reduce::sum_and_squares)
      block.treeSquares = buffers.treeSquares;

    const size_t step = kBlockElements / lanes;
    for (size_t row = 0; row < op.rows; row += step) {
      block.rows = std::min<size_t>(step, op.rows - row);
      runBlock(block, chunk, row);
    }
  }

  void runBlock(VectorBlock &block, size_t chunk, size_t row) {
    load(op.source, op.sourceType, op.sourceStatistic, chunk, row, block.rows,
         block.valid, buffers.x);
    if (stages.usesElement()) {
      load(op.element, op.elementType, op.elementStatistic, chunk, row,
           block.rows, block.valid, buffers.element);
      block.element = buffers.element;
    }
    const std::array<bool, 3> usesStatistic = stages.usesStatistics();
    if (usesStatistic[0])
      block.multiply0 = statistic(op.multiply0Statistic, row, block.rows);
    if (usesStatistic[1])
      block.add1 = statistic(op.add1Statistic, row, block.rows);
    if (usesStatistic[2])
      block.multiply1 = statistic(op.multiply1Statistic, row, block.rows);
    kernel.run(block);
    const bool maximum = op.reduce == isa::Reduce::maximum;
    // The largest element as it is written: rounding keeps the order.
    if (maximum && op.destinationType == VectorType::bf16)
      for (size_t i = 0; i < block.rows; ++i)
        block.tree[i] = bf16ToF32(f32ToBf16(block.tree[i]));
    if (block.tree)
      update(op.reduceStatistic, maximum, block.tree, chunk, row, block.rows);
    if (block.treeSquares)
      update((op.reduceStatistic + 1) % 4, false, block.treeSquares, chunk, row,
             block.rows);
    if (op.destinationType != VectorType::none)
      store(chunk, row, block.rows, block.valid);
  }

  /// Entries of a statistic from a row of the tile on.
  uint32_t *statistic(uint8_t index, size_t row, size_t count) {
    const size_t entry = op.statisticsRow + row;
    if (entry + count > geometry.statisticsRows)
      throw std::out_of_range("vector: statistics entry " +
                              std::to_string(entry + count - 1) +
                              " is outside of the memory");
    return &memories
                .statistics[size_t(index) * geometry.statisticsRows + entry];
  }

  void update(uint8_t index, bool maximum, const uint32_t *tree, size_t chunk,
              size_t row, size_t count) {
    uint32_t *at = statistic(index, row, count);
    if (chunk == 0 && !op.reduceAccumulate)
      std::memcpy(at, tree, count * sizeof *at);
    else
      kernel.combine(maximum, at, tree, count);
  }

  ChunkView view(const TileAddress &tile, VectorType type, uint8_t index,
                 size_t chunk, size_t row, size_t rows, size_t valid) {
    const size_t first = chunk * lanes;
    if (type == VectorType::statistics)
      return {reinterpret_cast<uint8_t *>(statistic(index, first, valid)), 0};
    const bool sums = type == VectorType::fp32 || type == VectorType::int32;
    const size_t size = elementBytes(type);
    const size_t rowBytes =
        sums ? size_t(4) * geometry.columns : geometry.rowBytes();
    const size_t rowElements = rowBytes / size;
    const size_t element = tile.first + first;
    const int64_t block = static_cast<int64_t>(element / rowElements);
    const int64_t begin = int64_t(tile.row) + block * tile.blockStride +
                          static_cast<int64_t>(row) * tile.stride;
    const int64_t last = begin + static_cast<int64_t>(rows - 1) * tile.stride;
    const int64_t limit =
        sums ? geometry.accumulatorRows : geometry.scratchpadRows;
    if (std::min(begin, last) < 0 || std::max(begin, last) >= limit)
      throw std::out_of_range(
          std::string("vector: row ") +
          std::to_string(begin < 0 || begin >= limit ? begin : last) +
          (sums ? " is outside of the accumulator"
                : " is outside of the scratchpad"));
    uint8_t *memory =
        sums ? reinterpret_cast<uint8_t *>(memories.accumulator.data())
             : memories.scratchpad.data();
    return {memory + begin * static_cast<int64_t>(rowBytes) +
                (element % rowElements) * size,
            static_cast<ptrdiff_t>(tile.stride) *
                static_cast<ptrdiff_t>(rowBytes)};
  }

  /// rows × lanes values, zeros in lanes that are not valid.
  void load(const TileAddress &tile, VectorType type, uint8_t index,
            size_t chunk, size_t row, size_t rows, size_t valid,
            uint32_t *result) {
    const ChunkView from = view(tile, type, index, chunk, row, rows, valid);
    const VectorType inMemory =
        type == VectorType::statistics ? VectorType::fp32 : type;
    const size_t size = elementBytes(type), bytes = valid * size;
    if (valid == lanes &&
        (rows == 1 || from.stride == static_cast<ptrdiff_t>(bytes))) {
      kernel.convertIn(inMemory, from.base, result, rows * lanes);
      return;
    }
    for (size_t m = 0; m < rows; ++m) {
      uint8_t *to = buffers.raw + m * lanes * size;
      std::memcpy(to, from.base + static_cast<ptrdiff_t>(m) * from.stride,
                  bytes);
      std::memset(to + bytes, 0, (lanes - valid) * size);
    }
    kernel.convertIn(inMemory, buffers.raw, result, rows * lanes);
  }

  void store(size_t chunk, size_t row, size_t rows, size_t valid) {
    const auto type = op.destinationType;
    const ChunkView to = view(op.destination, type, op.destinationStatistic,
                              chunk, row, rows, valid);
    const VectorType inMemory =
        type == VectorType::statistics ? VectorType::fp32 : type;
    const size_t size = elementBytes(type), bytes = valid * size;
    if (valid == lanes &&
        (rows == 1 || to.stride == static_cast<ptrdiff_t>(bytes))) {
      kernel.convertOut(inMemory, buffers.x, to.base, rows * lanes);
      return;
    }
    kernel.convertOut(inMemory, buffers.x, buffers.raw, rows * lanes);
    for (size_t m = 0; m < rows; ++m)
      std::memcpy(to.base + static_cast<ptrdiff_t>(m) * to.stride,
                  buffers.raw + m * lanes * size, bytes);
  }

  const VectorOperation &op;
  const Geometry &geometry;
  OnChipMemories &memories;
  const VectorKernel &kernel;
  const size_t lanes;
  const isa::VectorStages stages;
  Buffers buffers;
};

} // namespace

void executeVector(const VectorOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories, VectorArithmetic arithmetic) {
  if (operation.rows == 0 || operation.elements == 0)
    return;
  const bool simd = arithmetic == VectorArithmetic::Automatic &&
                    FlushScope::kHostFlushes && FlushScope::kTinyAfterRounding;
  FlushScope scope;
  VectorRun(operation, geometry, memories,
            simd ? simdVectorKernel() : scalarVectorKernel())
      .run();
}

} // namespace tilework::sim
