// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What load and store DMA have in common: the numbers that
// rtl/dma/tw_dma_pkg.sv derives from the configuration, and the walk over the
// scratchpad rows of one instruction (rtl/dma/tw_dma_walker.sv).

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"
#include "sim/systemc/TimingUnit.h"

#include <cstdint>

namespace tilework::sim {

/// A burst as the pins have it: whole beats, of which `head` bytes in front and
/// `tail` bytes behind are not needed.
struct Burst {
  uint64_t address = 0; ///< a multiple of the beat
  uint32_t beats = 0, head = 0, tail = 0;
};

/// Words, bursts and ports; the names are those of tw_dma_pkg.
struct DmaShape {
  explicit DmaShape(const Geometry &geometry);

  uint32_t rowBytes, beatBytes, wordBytes, burstBytes;
  uint32_t wordBeats, bufferWords, outstandingBursts;
  uint32_t ports, rowsPerBank;
  unsigned beatShift, wordShift, interleaveShift;

  static constexpr uint32_t kJobDepth =
      4; ///< instructions in flight behind a queue
  static constexpr uint32_t kIndexCount =
      32; ///< indices of a gather that are fetched at a time
  static constexpr uint64_t kAddressMask = (uint64_t(1) << 40) - 1;

  uint32_t port(uint64_t address) const {
    return ports == 1
               ? 0
               : static_cast<uint32_t>((address >> interleaveShift) % ports);
  }
  /// The burst of [address, address + bytes); bytes > 0.
  Burst burst(uint64_t address, uint64_t bytes) const {
    const uint64_t last = address + bytes - 1;
    return {
        address & ~uint64_t(beatBytes - 1),
        static_cast<uint32_t>((last >> beatShift) - (address >> beatShift) + 1),
        static_cast<uint32_t>(address & (beatBytes - 1)),
        static_cast<uint32_t>(~last & (beatBytes - 1))};
  }
  /// Words that [address, address + bytes) touches; bytes > 0.
  uint32_t words(uint64_t address, uint64_t bytes) const {
    return static_cast<uint32_t>(((address + bytes - 1) >> wordShift) -
                                 (address >> wordShift) + 1);
  }
};

/// An instruction behind its queue.
struct DmaJob {
  Operation operation;
  uint64_t start = 0;
  uint64_t bytes = 0;
  bool gather = false, empty = false;
  bool mergeRows =
      false; ///< the rows of a slice are one run of consecutive DRAM bytes
  bool mergeOuter = false; ///< the slices are one run

  /// Finds the runs of `operation`.
  void prepare();
};

/// The fragments of an instruction that is not empty, one scratchpad row each.
class DmaWalk {
public:
  void load(const DmaJob &newJob, const DmaShape &shape);
  void step();

  /// First DRAM byte; at the start of a row of a gather the caller knows it and
  /// says it with setAddress.
  uint64_t address() const { return fragmentAddress; }
  void setAddress(uint64_t address) { fragmentAddress = address; }
  uint32_t length() const {
    return rowEnd() ? static_cast<uint32_t>(bytesLeft) : rowBytes;
  }
  uint32_t row() const { return fragmentRow; } ///< scratchpad row
  bool rowStart() const { return atRowStart; }
  bool rowEnd() const { return bytesLeft <= rowBytes; }
  bool last() const { return rowEnd() && rowsLeft == 1 && outerLeft == 1; }
  /// What follows is not at the next DRAM byte.
  bool runEnd() const {
    if (!rowEnd())
      return false;
    if (rowsLeft > 1)
      return !job->mergeRows;
    return outerLeft == 1 || !job->mergeOuter;
  }

private:
  const DmaJob *job = nullptr;
  uint32_t rowBytes = 0;
  uint64_t fragmentAddress = 0, rowAddress = 0, sliceAddress = 0;
  uint32_t fragmentRow = 0, rowRow = 0, sliceRow = 0;
  uint64_t bytesLeft = 0;
  uint32_t rowsLeft = 0, outerLeft = 0;
  bool atRowStart = false;
};

} // namespace tilework::sim
