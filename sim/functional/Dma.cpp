// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Load, gather and store as walks over rows, each cut into fragments of one
// scratchpad row; where order does not matter, over fragments of all rows.

#include "sim/functional/Dma.h"

#include "sim/functional/CopyRows.h"
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

[[noreturn]] void failRow(const Geometry &geometry, uint64_t row) {
  throw std::out_of_range("a DMA tile leaves the scratchpad of " +
                          std::to_string(geometry.scratchpadRows) +
                          " rows at row " + std::to_string(row));
}

/// The bytes [first, first + count) of a scratchpad row.
template <typename Bytes>
auto scratchpadBytes(Bytes &scratchpad, const Geometry &geometry, uint64_t row,
                     uint32_t first, uint32_t count)
    -> decltype(scratchpad.data()) {
  if (row >= geometry.scratchpadRows || first + count > geometry.rowBytes())
    failRow(geometry, row);
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

/// Bytes that a slice spans in DRAM if it can be copied fragment by fragment
/// instead of row by row: nothing overlaps, and all slices lie inside of the
/// memory without a wrap. 0 if not.
uint64_t sliceBytes(const DmaOperation &operation, const Geometry &geometry,
                    const DramImage &image) {
  const uint64_t stride = static_cast<uint32_t>(operation.tile.stride),
                 block = static_cast<uint32_t>(operation.tile.blockStride),
                 fragments = (operation.rowBytes + geometry.rowBytes() - 1) /
                             geometry.rowBytes();
  const bool apartOnChip = operation.rows == 1 || fragments == 1 ||
                           block > (operation.rows - 1) * stride ||
                           (fragments - 1) * block < stride;
  const bool apartInDram =
      operation.rows == 1 || operation.dramStride >= operation.rowBytes;
  constexpr int64_t kFar = int64_t(1) << 40;
  if (!apartOnChip || !apartInDram || operation.dramStride < 0 ||
      operation.dramStride >= kFar || operation.dramOuterStride < 0 ||
      operation.dramOuterStride >= kFar)
    return 0;
  const uint64_t bytes =
      uint64_t(operation.rows - 1) * uint64_t(operation.dramStride) +
      operation.rowBytes;
  const uint64_t last =
      uint64_t(operation.outer - 1) * uint64_t(operation.dramOuterStride);
  const bool inside = operation.dramAddress + last + bytes <= kDramMask &&
                      image.contains(operation.dramAddress, last + bytes);
  return inside ? bytes : 0;
}

/// Calls move(first byte in the scratchpad, byte in a DRAM row, bytes a row)
/// for the fragments of slice o, each of all rows.
template <typename Move>
void forFragmentColumns(const DmaOperation &operation, const Geometry &geometry,
                        uint32_t o, Move move) {
  const uint64_t lastRow = uint64_t(operation.rows - 1) *
                           static_cast<uint32_t>(operation.tile.stride);
  forFragments(operation, geometry, o, 0,
               [&](uint64_t row, uint32_t byte, uint32_t count) {
                 if (row + lastRow >= geometry.scratchpadRows ||
                     operation.tile.first + count > geometry.rowBytes())
                   failRow(geometry, row + lastRow);
                 move(row * geometry.rowBytes() + operation.tile.first, byte,
                      count);
               });
}

ptrdiff_t tileStrideBytes(const DmaOperation &operation,
                          const Geometry &geometry) {
  return ptrdiff_t(operation.tile.stride) * geometry.rowBytes();
}

} // namespace

void executeLoad(const DmaOperation &operation, const Geometry &geometry,
                 OnChipMemories &memories, const DramImage &image) {
  if (empty(operation))
    return;
  if (const uint64_t bytes = sliceBytes(operation, geometry, image)) {
    for (uint32_t o = 0; o < operation.outer; ++o) {
      const uint8_t *source = image.data(dramRow(operation, o, 0), bytes);
      forFragmentColumns(operation, geometry, o,
                         [&](uint64_t first, uint32_t byte, uint32_t count) {
                           copyRows({memories.scratchpad.data() + first,
                                     tileStrideBytes(operation, geometry),
                                     source + byte, operation.dramStride,
                                     operation.rows, count});
                         });
    }
    return;
  }
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
  if (const uint64_t bytes = sliceBytes(operation, geometry, image)) {
    for (uint32_t o = 0; o < operation.outer; ++o) {
      uint8_t *destination = image.data(dramRow(operation, o, 0), bytes);
      forFragmentColumns(operation, geometry, o,
                         [&](uint64_t first, uint32_t byte, uint32_t count) {
                           copyRows({destination + byte, operation.dramStride,
                                     memories.scratchpad.data() + first,
                                     tileStrideBytes(operation, geometry),
                                     operation.rows, count});
                         });
    }
    return;
  }
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
