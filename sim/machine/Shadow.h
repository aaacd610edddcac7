// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Watches every access of a run and reports races under the program's waits,
// reads of unwritten memory, and instructions that overlap themselves: the
// legality of dialects/isa/RationaleISA.md, byte by byte.

#pragma once

#include "sim/machine/Footprint.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace tilework::sim {

struct Violation {
  enum class Kind { Race, Unwritten, SelfOverlap } kind = Kind::Race;
  uint32_t pc = 0; ///< of the instruction that was checked
  Memory memory = Memory::Dram;
  uint64_t byte = 0; ///< first byte concerned, addressed as in Access
  // Race: the older access, and the wait that would order the two.
  Unit unit = Unit::Load;
  uint32_t sequence = 0; ///< of the older instruction in its unit
  uint32_t olderPc = 0;
  uint32_t distance = 0; ///< largest k that is safe: "all but the last k"
};

std::string describe(const Violation &violation);

class Shadow {
public:
  explicit Shadow(const Geometry &geometry) : geometry(geometry) {}

  /// Declares DRAM that the loader wrote: inputs, weights, state, index lists.
  void written(uint64_t address, uint64_t size);

  /// Checks the next operation in program order and enters its accesses. For
  /// each memory and older unit at most one race, the one that needs the
  /// smallest distance; at most one violation of each other kind.
  std::vector<Violation> check(const Operation &operation,
                               const IndexReader &index);

private:
  using Clock =
      std::array<uint32_t, kUnitCount>; ///< per unit: that many have retired

  struct Byte {
    uint32_t writer =
        0; ///< 0: nothing wrote; 1: the loader; else 2 + entry in `history`
    std::array<uint32_t, kUnitCount>
        readers{}; ///< per unit: 0 or 1 + sequence of the last reader
    uint32_t held =
        0; ///< as `writer`: the last that reads it and may not write it
  };
  static constexpr uint64_t kPageBytes = 1024;
  using Page = std::array<Byte, kPageBytes>;
  struct Executed {
    Unit unit;
    uint32_t sequence, pc;
  };

  Page &page(Memory memory, uint64_t number);
  Clock startClock(const Operation &operation);

  Geometry geometry;
  std::array<std::unordered_map<uint64_t, std::unique_ptr<Page>>, kMemoryCount>
      pages;
  std::vector<Executed> history;
  std::array<std::vector<Clock>, kUnitCount> clocks; ///< at start, by sequence
  std::array<std::vector<uint32_t>, kUnitCount> pcs;
};

} // namespace tilework::sim
