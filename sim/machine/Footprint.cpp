// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Enumerates the byte runs of an operation, row by row.

#include "sim/machine/Footprint.h"

#include "dialects/isa/Codec.h"

#include <algorithm>

namespace tilework::sim {

namespace {

class Walker {
public:
  Walker(const Geometry &geometry,
         const std::function<void(const Access &)> &visit)
      : geometry(geometry), visit(visit) {}

  /// Rows × `bytes` of a scratchpad tile whose window begins at byte `first`.
  void scratchpadTile(const TileAddress &tile, uint64_t first, uint64_t rows,
                      uint64_t bytes, bool write, bool inPlace = false) const {
    const uint64_t rowBytes = geometry.rowBytes();
    for (uint64_t row = 0; row < rows; ++row)
      for (uint64_t done = 0; done < bytes;) {
        const uint64_t size = std::min(bytes - done, rowBytes - first);
        const uint64_t at = tile.row +
                            (done / rowBytes) * uint64_t(tile.blockStride) +
                            row * uint64_t(tile.stride);
        visit(
            {Memory::Scratchpad, write, at * rowBytes + first, size, inPlace});
        done += size;
      }
  }

  void accumulatorTile(const TileAddress &tile, uint64_t rows, uint64_t columns,
                       bool write, bool inPlace = false) const {
    for (uint64_t row = 0; row < rows; ++row)
      for (uint64_t done = 0; done < columns; done += geometry.columns) {
        const uint64_t at =
            tile.row + (done / geometry.columns) * uint64_t(tile.blockStride) +
            row * uint64_t(tile.stride);
        visit({Memory::Accumulator, write, at * geometry.columns * 4,
               std::min<uint64_t>(columns - done, geometry.columns) * 4,
               inPlace});
      }
  }

  void statistic(unsigned vector, uint64_t row, uint64_t count, bool write,
                 bool inPlace = false) const {
    visit({Memory::Statistics, write,
           (uint64_t(vector) * geometry.statisticsRows + row) * 4, count * 4,
           inPlace});
  }

private:
  const Geometry &geometry;
  const std::function<void(const Access &)> &visit;
};

void dmaAccesses(const Operation &operation, const Walker &walker,
                 const IndexReader &index,
                 const std::function<void(const Access &)> &visit) {
  const DmaOperation &dma = operation.dma;
  if (dma.outer == 0 || dma.rows == 0 || dma.rowBytes == 0)
    return;
  const bool store = operation.kind == OperationKind::Store;
  auto tiles = [&](bool write) {
    for (uint64_t o = 0; o < dma.outer; ++o) {
      TileAddress tile = dma.tile;
      tile.row += o * dma.tileOuterStride;
      walker.scratchpadTile(tile, dma.tile.first, dma.rows, dma.rowBytes,
                            write);
    }
  };
  if (store)
    tiles(false);
  if (operation.kind == OperationKind::Gather) {
    visit({Memory::Dram, false, dma.indexAddress, uint64_t(dma.rows) * 4});
    for (uint64_t row = 0; row < dma.rows; ++row) {
      const int32_t i = index(dma.indexAddress + row * 4);
      if (i >= 0 && uint32_t(i) < dma.bound)
        visit({Memory::Dram, false,
               dma.dramAddress + uint64_t(i) * uint64_t(dma.dramStride),
               dma.rowBytes});
    }
  } else {
    for (uint64_t o = 0; o < dma.outer; ++o)
      for (uint64_t row = 0; row < dma.rows; ++row)
        visit({Memory::Dram, store,
               dma.dramAddress + o * uint64_t(dma.dramOuterStride) +
                   row * uint64_t(dma.dramStride),
               dma.rowBytes});
  }
  if (!store)
    tiles(true);
}

void matmulAccesses(const Geometry &geometry, const MatmulOperation &matmul,
                    const Walker &walker) {
  if (matmul.rows == 0 || matmul.columns == 0 || matmul.depth == 0)
    return;
  const uint64_t elementBytes = matmul.isInt8() ? 1 : 2;
  walker.scratchpadTile(matmul.activations, matmul.activations.first,
                        matmul.rows, matmul.depth * elementBytes, false);
  if (matmul.weightsByColumn)
    walker.scratchpadTile(matmul.weights, matmul.weights.first, matmul.columns,
                          matmul.depth * elementBytes, false);
  else
    walker.scratchpadTile(matmul.weights, matmul.weights.first,
                          matmul.isInt8() ? (matmul.depth + 1) / 2
                                          : matmul.depth,
                          uint64_t(matmul.columns) * 2, false);
  if (matmul.accumulate)
    walker.accumulatorTile(matmul.sums, matmul.rows, matmul.columns, false,
                           /*inPlace=*/true);
  walker.accumulatorTile(matmul.sums, matmul.rows, matmul.columns, true);
}

/// Whether an operand of a vector operation and its destination are the same
/// bytes, element by element.
bool isInPlace(const VectorOperation &vector, isa::VectorType type,
               const TileAddress &a, unsigned statistic) {
  using isa::VectorType;
  auto width = [](VectorType type) {
    switch (type) {
    case VectorType::bf16:
      return 2;
    case VectorType::int8:
      return 1;
    case VectorType::fp32:
    case VectorType::int32:
      return 4;
    case VectorType::none:
    case VectorType::statistics:
      break;
    }
    return 0;
  };
  const VectorType from = type, to = vector.destinationType;
  if (from == VectorType::statistics && to == VectorType::statistics)
    return (statistic & 3) == (vector.destinationStatistic & 3u);
  const TileAddress &b = vector.destination;
  return width(from) != 0 && width(from) == width(to) &&
         a.inAccumulator == b.inAccumulator && a.row == b.row &&
         a.stride == b.stride && a.blockStride == b.blockStride &&
         a.first == b.first;
}

void vectorAccesses(const VectorOperation &vector, const Walker &walker) {
  using isa::VectorType;
  if (vector.rows == 0 || vector.elements == 0)
    return;
  auto tile = [&](isa::VectorType type, const TileAddress &address,
                  unsigned statistic, bool write, bool inPlace = false) {
    switch (type) {
    case VectorType::none:
      break;
    case VectorType::bf16:
      walker.scratchpadTile(address, uint64_t(address.first) * 2, vector.rows,
                            uint64_t(vector.elements) * 2, write, inPlace);
      break;
    case VectorType::int8:
      walker.scratchpadTile(address, address.first, vector.rows,
                            vector.elements, write, inPlace);
      break;
    case VectorType::fp32:
    case VectorType::int32:
      walker.accumulatorTile(address, vector.rows, vector.elements, write,
                             inPlace);
      break;
    case VectorType::statistics:
      walker.statistic(statistic, vector.statisticsRow, vector.elements, write,
                       inPlace);
      break;
    }
  };
  auto rowStatistic = [&](unsigned statistic, bool write,
                          bool inPlace = false) {
    walker.statistic(statistic & 3, vector.statisticsRow, vector.rows, write,
                     inPlace);
  };
  auto operand = [&](isa::VectorType type, const TileAddress &address,
                     unsigned statistic) {
    tile(type, address, statistic, false,
         isInPlace(vector, type, address, statistic));
  };
  operand(vector.sourceType, vector.source, vector.sourceStatistic);
  operand(vector.elementType, vector.element, vector.elementStatistic);
  const isa::VectorStages stages = vector.stages();
  for (unsigned i = 0; i < 3; ++i)
    if (stages.usesColumns()[i])
      walker.scratchpadTile(vector.columns[i], 0, 1,
                            uint64_t(vector.elements) * 2, false);
  const uint8_t statistics[] = {vector.multiply0Statistic, vector.add1Statistic,
                                vector.multiply1Statistic};
  for (unsigned i = 0; i < 3; ++i)
    if (stages.usesStatistics()[i])
      rowStatistic(statistics[i], false);
  const isa::Reduce reduce = vector.reduce;
  for (bool write : {false, true}) {
    if (reduce == isa::Reduce::none || (!write && !vector.reduceAccumulate))
      continue;
    rowStatistic(vector.reduceStatistic, write, /*inPlace=*/!write);
    if (reduce == isa::Reduce::sum_and_squares)
      rowStatistic(vector.reduceStatistic + 1u, write, /*inPlace=*/!write);
  }
  tile(vector.destinationType, vector.destination, vector.destinationStatistic,
       true);
}

} // namespace

void forEachAccess(const Geometry &geometry, const Operation &operation,
                   const IndexReader &index,
                   const std::function<void(const Access &)> &visit) {
  Walker walker(geometry, visit);
  switch (operation.kind) {
  case OperationKind::Null:
    break;
  case OperationKind::Load:
  case OperationKind::Store:
  case OperationKind::Gather:
    dmaAccesses(operation, walker, index, visit);
    break;
  case OperationKind::Matmul:
    matmulAccesses(geometry, operation.matmul, walker);
    break;
  case OperationKind::Vector:
    vectorAccesses(operation.vector, walker);
    break;
  }
}

} // namespace tilework::sim
