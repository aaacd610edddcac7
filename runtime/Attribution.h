// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which model node each cycle of a run belongs to: from retire records and
// provenance to one row a node, whose cycles add up to those of the run.

#pragma once

#include "dialects/isa/Image.h"
#include "sim/stats/Run.h"

#include <array>
#include <string>
#include <vector>

namespace tilework {

/// From (program counter, call context) to a model node.
class Provenance {
public:
  static constexpr uint32_t kNone = ~0u;

  explicit Provenance(const isa::Image &image);
  /// The range's index in Image::provenance; kNone when no range has a node.
  uint32_t rangeOf(uint32_t pc, uint16_t context) const;
  /// The primary node's index in Image::nodes, or kNone.
  uint32_t nodeOf(uint32_t pc, uint16_t context) const;

private:
  const isa::Image &image; ///< outlives this
  /// For each context its ranges by their end.
  std::vector<std::vector<uint32_t>> byContext;
};

/// What one model node did in a run.
struct NodeCycles {
  uint32_t node = Provenance::kNone; ///< primary node, in Image::nodes
  std::vector<uint32_t> nodes;       ///< all nodes that were fused into it
  /// Cycles that belong to it, by the unit through which they do.
  std::array<uint64_t, sim::kUnitCount> cycles{};
  uint64_t retired = 0; ///< instructions
  uint64_t readBytes = 0, writeBytes = 0;
  uint64_t total() const;
};

/// Every cycle of the run has one owner: the instruction that is oldest in
/// flight in the first unit of this order that has one: systolic array, vector
/// unit, load DMA, store DMA. So a load counts only where it hides behind no
/// computation. In flight is from the cycle in which it left its queue to that
/// of its retire.
struct Attribution {
  std::vector<NodeCycles> rows; ///< in order of their first instruction
  uint64_t idle = 0;            ///< cycles with nothing in flight in any unit
};

/// Throws UserError when the run kept no records or counted no cycles.
Attribution attribute(const isa::Image &image, const sim::RunResult &result);

} // namespace tilework
