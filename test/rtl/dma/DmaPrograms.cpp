// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random DMA streams: shapes that merge into runs, strided and unaligned ones,
// windows, ragged blocks, empty ones.

#include "test/rtl/dma/DmaPrograms.h"

#include <algorithm>
#include <cstring>

namespace tilework::sim {

DmaProgram::DmaProgram(const Geometry &geometry, unsigned seed)
    : image(DmaProgramLayout::kImageBytes), geometry(geometry), random(seed) {
  for (uint8_t &byte : image)
    byte = static_cast<uint8_t>(random());
}

void DmaProgram::generate(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    Operation operation;
    operation.unit = chance(60) ? Unit::Load : Unit::Store;
    operation.kind = operation.unit == Unit::Load ? OperationKind::Load
                                                  : OperationKind::Store;
    if (chance(8)) {
      operation.kind = OperationKind::Null;
      add(operation, {});
      continue;
    }
    if (operation.unit == Unit::Load && chance(20)) {
      operation.kind = OperationKind::Gather;
      randomGather(operation);
    } else {
      randomTile(operation);
    }
    DmaOperation &dma = operation.dma;
    Footprint footprint;
    if (chance(5)) {
      (chance(50) ? dma.rows : dma.rowBytes) = 0;
    } else {
      footprint.rows = {dma.tile.row, dma.tile.row + rowSpan(dma)};
      footprint.dram = {dma.dramAddress, dma.dramAddress + dramSpan(dma)};
      if (operation.kind == OperationKind::Gather)
        footprint.dram.end =
            dma.dramAddress +
            uint64_t(dma.bound) * static_cast<uint64_t>(dma.dramStride) +
            dma.rowBytes;
    }
    add(operation, footprint);
  }
  for (uint32_t row = 0; row < geometry.scratchpadRows;
       row += geometry.scratchpadRowsPerBank()) {
    Operation operation;
    operation.unit = Unit::Store;
    operation.kind = OperationKind::Store;
    DmaOperation &dma = operation.dma;
    dma.rows = geometry.scratchpadRowsPerBank();
    dma.outer = 1;
    dma.rowBytes = geometry.rowBytes();
    dma.dramStride = dma.rowBytes;
    dma.dramAddress = uint64_t(row) * dma.rowBytes;
    dma.tile.row = row;
    dma.tile.stride = 1;
    add(operation, {{row, row + rowSpan(dma)},
                    {dma.dramAddress, dma.dramAddress + dramSpan(dma)}});
  }
}

void DmaProgram::randomTile(Operation &operation) {
  DmaOperation &dma = operation.dma;
  const uint32_t lane = geometry.rowBytes();
  for (;;) {
    dma = DmaOperation();
    dma.outer = chance(60) ? 1 : 1 + below(4);
    dma.rows = chance(20) ? 1 : 1 + below(chance(30) ? 60 : 12);
    if (chance(25)) { // a window
      dma.rowBytes = 1 + below(lane - 1);
      dma.tile.first = below(lane - dma.rowBytes + 1);
    } else {
      dma.rowBytes = chance(50) ? lane * (1 + below(4)) : 1 + below(5 * lane);
    }
    uint32_t blocks = (dma.rowBytes + lane - 1) / lane;
    dma.tile.stride = chance(70) ? 1 : 1 + below(3);
    uint32_t span = (dma.rows - 1) * dma.tile.stride + 1;
    dma.tile.blockStride = chance(70) ? span : span + below(5);
    dma.tileOuterStride = blocks * dma.tile.blockStride + below(3);
    bool dense = chance(60);
    dma.dramStride = dense ? dma.rowBytes
                     : chance(10) && operation.unit == Unit::Load
                         ? 0
                         : dma.rowBytes + below(200);
    uint64_t slice =
        (dma.rows - 1) * static_cast<uint64_t>(dma.dramStride) + dma.rowBytes;
    dma.dramOuterStride =
        static_cast<int64_t>(chance(60) ? slice : slice + below(500));
    uint64_t rows = rowSpan(dma), bytes = dramSpan(dma);
    if (rows > geometry.scratchpadRows || bytes > DmaProgramLayout::kIndexBase)
      continue;
    dma.tile.row =
        below(static_cast<uint32_t>(geometry.scratchpadRows - rows + 1));
    dma.dramAddress =
        below(static_cast<uint32_t>(DmaProgramLayout::kIndexBase - bytes + 1));
    if (chance(60))
      dma.dramAddress &= ~uint64_t(63);
    return;
  }
}

void DmaProgram::randomGather(Operation &operation) {
  DmaOperation &dma = operation.dma;
  const uint32_t lane = geometry.rowBytes();
  for (;;) {
    dma = DmaOperation();
    dma.outer = 1;
    dma.rows = 1 + below(chance(30) ? 150 : 20);
    dma.rowBytes = chance(50) ? lane * (1 + below(3)) : 1 + below(3 * lane);
    if (dma.rowBytes < lane)
      dma.tile.first = below(lane - dma.rowBytes + 1);
    dma.tile.stride = 1;
    dma.tile.blockStride = dma.rows;
    dma.dramStride = chance(50) ? dma.rowBytes : dma.rowBytes + below(64);
    dma.bound = 1 + below(400);
    uint64_t rows = rowSpan(dma);
    if (rows > geometry.scratchpadRows)
      continue;
    uint64_t table =
        uint64_t(dma.bound) * static_cast<uint64_t>(dma.dramStride) +
        dma.rowBytes;
    dma.tile.row =
        below(static_cast<uint32_t>(geometry.scratchpadRows - rows + 1));
    dma.dramAddress =
        below(static_cast<uint32_t>(DmaProgramLayout::kIndexBase - table));
    uint32_t lists = static_cast<uint32_t>(
        (DmaProgramLayout::kImageBytes - DmaProgramLayout::kIndexBase) / 1024);
    dma.indexAddress = DmaProgramLayout::kIndexBase +
                       uint64_t(below(lists)) * 1024 + 4 * below(100);
    // Lists lie over one another: what the last writer left is what every
    // gather reads.
    for (uint32_t m = 0; m < dma.rows; ++m) {
      int32_t index =
          chance(5)
              ? -static_cast<int32_t>(below(9))
              : static_cast<int32_t>(below(dma.bound + dma.bound / 16 + 1));
      std::memcpy(image.data() + dma.indexAddress + 4 * m, &index, 4);
    }
    return;
  }
}

uint64_t DmaProgram::dramSpan(const DmaOperation &dma) {
  return (dma.outer - 1) * static_cast<uint64_t>(dma.dramOuterStride) +
         (dma.rows - 1) * static_cast<uint64_t>(dma.dramStride) + dma.rowBytes;
}

uint64_t DmaProgram::rowSpan(const DmaOperation &dma) const {
  uint64_t blocks =
      (dma.rowBytes + geometry.rowBytes() - 1) / geometry.rowBytes();
  return (dma.outer - 1) * uint64_t(dma.tileOuterStride) +
         (blocks - 1) * static_cast<uint32_t>(dma.tile.blockStride) +
         (dma.rows - 1) * static_cast<uint64_t>(dma.tile.stride) + 1;
}

void DmaProgram::add(Operation operation, const Footprint &footprint) {
  unsigned unit = unsigned(operation.unit), other = 1 - unit;
  operation.pc = static_cast<uint32_t>(operations.size());
  operation.context = static_cast<uint16_t>(random());
  operation.sequence = static_cast<uint32_t>(footprints[unit].size());
  // Every index list is in place before the start; all that moves is what these
  // two units move.
  for (size_t i = footprints[other].size(); i-- > 0;)
    if (footprints[other][i].rows.meets(footprint.rows) ||
        footprints[other][i].dram.meets(footprint.dram)) {
      operation.waits[other] = {true, static_cast<uint32_t>(i + 1)};
      break;
    }
  if (!operation.waits[other].valid && chance(10))
    operation.waits[other] = {
        true, below(static_cast<uint32_t>(footprints[other].size()) + 1)};
  if (chance(10))
    operation.waits[unit] = {
        true, below(static_cast<uint32_t>(footprints[unit].size()) + 1)};
  footprints[unit].push_back(footprint);
  operations.push_back(operation);
}

} // namespace tilework::sim
