// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random streams of loads, gathers, stores and null instructions that are free
// of races under the waits they carry.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <cstdint>
#include <random>
#include <vector>

namespace tilework::sim {

/// DRAM of the streams: tiles anywhere in [0, kIndexBase), index lists from
/// kIndexBase on.
struct DmaProgramLayout {
  static constexpr uint64_t kImageBytes = 1 << 20;
  static constexpr uint64_t kIndexBase = 960 << 10;
};

class DmaProgram {
public:
  DmaProgram(const Geometry &geometry, unsigned seed);

  std::vector<Operation> operations;
  std::vector<uint8_t> image; ///< initial DRAM

  /// Adds `count` random operations, then stores of the whole scratchpad to [0,
  /// …).
  void generate(unsigned count);

private:
  struct Range {
    uint64_t begin = 0, end = 0;
    bool meets(const Range &other) const {
      return begin < other.end && other.begin < end;
    }
  };
  struct Footprint {
    Range rows, dram;
  };

  uint32_t below(uint32_t limit) {
    return static_cast<uint32_t>(random() % limit);
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  void randomTile(Operation &operation);
  void randomGather(Operation &operation);
  void add(Operation operation, const Footprint &footprint);
  static uint64_t dramSpan(const DmaOperation &dma);
  uint64_t rowSpan(const DmaOperation &dma) const;

  Geometry geometry;
  std::mt19937 random;
  std::vector<Footprint> footprints[2]; ///< of each unit, by sequence
};

} // namespace tilework::sim
