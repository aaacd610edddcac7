// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape, runs and walk of the DMA models.

#include "sim/systemc/Dma.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace tilework::sim {

namespace {

unsigned log2Exact(uint32_t value, const char *name) {
  unsigned shift = 0;
  while ((uint64_t(1) << shift) < value)
    ++shift;
  if (value == 0 || (uint64_t(1) << shift) != value)
    throw std::invalid_argument(std::string(name) + " is " +
                                std::to_string(value) +
                                ": it must be a power of two");
  return shift;
}

} // namespace

DmaShape::DmaShape(const Geometry &geometry)
    : rowBytes(geometry.rowBytes()), beatBytes(geometry.axiDataBytes),
      wordBytes(std::max(rowBytes, beatBytes)),
      burstBytes(std::max(
          wordBytes,
          std::min({geometry.dmaBurstBytes, geometry.dmaInterleaveBytes,
                    std::min(256 * beatBytes, 4096u)}))),
      wordBeats(wordBytes / beatBytes),
      bufferWords(geometry.dmaBufferBytes / wordBytes),
      outstandingBursts(geometry.dmaOutstandingBursts),
      ports(geometry.axiPorts), rowsPerBank(geometry.scratchpadRowsPerBank()),
      beatShift(log2Exact(beatBytes, "axi.data_bytes")),
      wordShift(log2Exact(wordBytes, "bytes of a scratchpad row")),
      interleaveShift(
          log2Exact(geometry.dmaInterleaveBytes, "dma.interleave_bytes")) {
  log2Exact(burstBytes, "dma.burst_bytes");
  if (2 * burstBytes > geometry.dmaBufferBytes)
    throw std::invalid_argument("dma.buffer_bytes is " +
                                std::to_string(geometry.dmaBufferBytes) +
                                ": it must hold two bursts of " +
                                std::to_string(burstBytes) + " bytes");
  if (geometry.dmaInterleaveBytes < wordBytes)
    throw std::invalid_argument("dma.interleave_bytes is " +
                                std::to_string(geometry.dmaInterleaveBytes) +
                                ": it must be at least " +
                                std::to_string(wordBytes));
  if (outstandingBursts < 2)
    throw std::invalid_argument("dma.outstanding_bursts must be at least 2");
}

void DmaJob::prepare() {
  const DmaOperation &dma = operation.dma;
  gather = operation.kind == OperationKind::Gather;
  empty = operation.kind == OperationKind::Null || dma.outer == 0 ||
          dma.rows == 0 || dma.rowBytes == 0;
  mergeRows =
      !gather && (dma.rows == 1 || dma.dramStride == int64_t(dma.rowBytes));
  mergeOuter = mergeRows && (dma.outer == 1 ||
                             dma.dramOuterStride ==
                                 int64_t(uint64_t(dma.rows) * dma.rowBytes));
}

void DmaWalk::load(const DmaJob &newJob, const DmaShape &shape) {
  job = &newJob;
  const DmaOperation &dma = job->operation.dma;
  rowBytes = shape.rowBytes;
  fragmentAddress = rowAddress = sliceAddress =
      dma.dramAddress & DmaShape::kAddressMask;
  fragmentRow = rowRow = sliceRow = dma.tile.row;
  bytesLeft = dma.rowBytes;
  rowsLeft = dma.rows;
  outerLeft = dma.outer;
  atRowStart = true;
}

void DmaWalk::step() {
  const DmaOperation &dma = job->operation.dma;
  atRowStart = rowEnd();
  if (!atRowStart) {
    fragmentAddress = (fragmentAddress + rowBytes) & DmaShape::kAddressMask;
    fragmentRow += static_cast<uint32_t>(dma.tile.blockStride);
    bytesLeft -= rowBytes;
    return;
  }
  bytesLeft = dma.rowBytes;
  if (rowsLeft > 1) {
    --rowsLeft;
    rowAddress = (rowAddress + static_cast<uint64_t>(dma.dramStride)) &
                 DmaShape::kAddressMask;
    rowRow += static_cast<uint32_t>(dma.tile.stride);
  } else {
    --outerLeft;
    rowsLeft = dma.rows;
    sliceAddress = (sliceAddress + static_cast<uint64_t>(dma.dramOuterStride)) &
                   DmaShape::kAddressMask;
    sliceRow += dma.tileOuterStride;
    rowAddress = sliceAddress;
    rowRow = sliceRow;
  }
  fragmentAddress = rowAddress;
  fragmentRow = rowRow;
}

} // namespace tilework::sim
