// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Load, gather and store as walks over rows, each cut into fragments of one
// scratchpad row.

#include "sim/functional/Dma.h"

#include "sim/memory/DramImage.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tilework::sim {

namespace {

constexpr uint64_t kDramMask = (uint64_t(1) << 40) - 1;

bool empty(const DmaOperation &operation) {
  return operation.outer == 0 || operation.rows == 0 || operation.rowBytes == 0;
}

/// The bytes [first, first + count) of a scratchpad row.
template <typename Bytes>
auto scratchpadBytes(Bytes &scratchpad, const Geometry &geometry, uint64_t row,
                     uint32_t first, uint32_t count)
    -> decltype(scratchpad.data()) {
  if (row >= geometry.scratchpadRows() || first + count > geometry.rowBytes())
    throw std::out_of_range("a DMA tile leaves the scratchpad of " +
                            std::to_string(geometry.scratchpadRows()) +
                            " rows at row " + std::to_string(row));
  return scratchpad.data() + row * geometry.rowBytes() + first;
}

/// Calls move(scratchpad row, byte in the DRAM row, bytes) for the fragments of
/// DRAM row m of slice o.
template <typename Move>
void forFragments(const DmaOperation &operation, const Geometry &geometry,
                  uint32_t o, uint32_t m, Move move) {
  uint64_t row = operation.tile.row + uint64_t(o) * operation.tileOuterStride +
                 uint64_t(m) * static_cast<uint32_t>(operation.tile.stride);
  for (uint32_t byte = 0; byte < operation.rowBytes;
       byte += geometry.rowBytes()) {
    move(row, byte, std::min(geometry.rowBytes(), operation.rowBytes - byte));
    row += static_cast<uint32_t>(operation.tile.blockStride);
  }
}

uint64_t dramRow(const DmaOperation &operation, uint32_t o, uint64_t m) {
  return (operation.dramAddress +
          uint64_t(o) * static_cast<uint64_t>(operation.dramOuterStride) +
          m * static_cast<uint64_t>(operation.dramStride)) &
         kDramMask;
}

} // namespace

void executeLoad(const DmaOperation &operation, const Geometry &geometry,
                 OnChipMemories &memories, const DramImage &image) {
  if (empty(operation))
    return;
  for (uint32_t o = 0; o < operation.outer; ++o)
    for (uint32_t m = 0; m < operation.rows; ++m) {
      const uint8_t *source =
          image.data(dramRow(operation, o, m), operation.rowBytes);
      forFragments(operation, geometry, o, m,
                   [&](uint64_t row, uint32_t byte, uint32_t count) {
                     std::memcpy(scratchpadBytes(memories.scratchpad, geometry,
                                                 row, operation.tile.first,
                                                 count),
                                 source + byte, count);
                   });
    }
}

bool executeGather(const DmaOperation &operation, const Geometry &geometry,
                   OnChipMemories &memories, const DramImage &image) {
  if (empty(operation))
    return true;
  bool inRange = true;
  const uint8_t *indices =
      image.data(operation.indexAddress, uint64_t(operation.rows) * 4);
  for (uint32_t m = 0; m < operation.rows; ++m) {
    uint32_t index = 0;
    for (unsigned b = 0; b < 4; ++b)
      index |= uint32_t(indices[uint64_t(m) * 4 + b]) << (8 * b);
    const uint8_t *source = nullptr;
    if (index < operation.bound) // negative indices are large here
      source = image.data(dramRow(operation, 0, index), operation.rowBytes);
    else
      inRange = false;
    forFragments(operation, geometry, 0, m,
                 [&](uint64_t row, uint32_t byte, uint32_t count) {
                   uint8_t *destination =
                       scratchpadBytes(memories.scratchpad, geometry, row,
                                       operation.tile.first, count);
                   if (source)
                     std::memcpy(destination, source + byte, count);
                   else
                     std::memset(destination, 0, count);
                 });
  }
  return inRange;
}

void executeStore(const DmaOperation &operation, const Geometry &geometry,
                  const OnChipMemories &memories, DramImage &image) {
  if (empty(operation))
    return;
  for (uint32_t o = 0; o < operation.outer; ++o)
    for (uint32_t m = 0; m < operation.rows; ++m) {
      uint8_t *destination =
          image.data(dramRow(operation, o, m), operation.rowBytes);
      forFragments(operation, geometry, o, m,
                   [&](uint64_t row, uint32_t byte, uint32_t count) {
                     std::memcpy(destination + byte,
                                 scratchpadBytes(memories.scratchpad, geometry,
                                                 row, operation.tile.first,
                                                 count),
                                 count);
                   });
    }
}

uint64_t dmaBytes(OperationKind kind, const DmaOperation &operation) {
  if (kind == OperationKind::Null || empty(operation))
    return 0;
  uint64_t bytes =
      uint64_t(operation.outer) * operation.rows * operation.rowBytes;
  return kind == OperationKind::Gather ? bytes + uint64_t(operation.rows) * 4
                                       : bytes;
}

} // namespace tilework::sim
