// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The schedule record of one fused group: a flat list of steps with loops, the
// buffers that they use and the extents at the edges. The cost model and the
// allocator read it, the npu dialect prints it, the lowering emits it; nothing
// that it says is derived a second time.

#pragma once

#include "compiler/planning/Machine.h"
#include "dialects/isa/VectorStages.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tilework::planning {

using isa::Accumulate;
using isa::Add0;
using isa::Add1;
using isa::Add2;
using isa::FunctionOperand;
using isa::Multiply0;
using isa::Multiply1;
using isa::Reduce;
using isa::Space; // of a buffer: not dram
using isa::VectorFunction;
using isa::VectorType;

/// Loops around a step, counted from 0 at the outermost; deeper nests than the
/// hardware's six are unrolled.
constexpr int kMaxDepth = 8;
/// Why an op is refused that takes more.
std::string tooManyLoops(size_t loops);

/// What a loop and the extent of one count to; longer ones are unrolled.
constexpr int64_t kMostCounted = (1 << 24) - 1;

/// What planners give a tile of rows, and of elements in a row. An instruction
/// holds 16 bits of either, and tiles of a power of two begin at whole rows of
/// the scratchpad.
constexpr int64_t kMostTile = 1 << 15;

/// base + sum of steps[d] × (iteration of the loop at depth d).
struct Affine {
  int64_t base = 0;
  std::array<int64_t, kMaxDepth> steps{};
  Affine() = default;
  Affine(int64_t base) : base(base) {}
  Affine &add(int depth, int64_t step) {
    if (depth >= 0)
      steps[depth] += step;
    return *this;
  }
  Affine plus(int64_t offset) const {
    Affine copy = *this;
    copy.base += offset;
    return copy;
  }
  bool operator==(const Affine &other) const {
    return base == other.base && steps == other.steps;
  }
  bool operator!=(const Affine &other) const { return !(*this == other); }
};

/// min(tile, total - iteration × tile) for the loop at `depth`; depth -1: tile.
struct Extent {
  int64_t tile = 0, total = 0;
  int depth = -1;
  Extent() = default;
  Extent(int64_t fixed) : tile(fixed), total(fixed) {}
  Extent(int64_t tile, int64_t total, int depth)
      : tile(tile), total(total), depth(depth) {}
  int64_t at(int64_t iteration) const {
    return depth < 0
               ? tile
               : std::min<int64_t>(
                     tile, std::max<int64_t>(0, total - iteration * tile));
  }
  bool operator==(const Extent &o) const {
    return tile == o.tile && total == o.total && depth == o.depth;
  }
};

/// Who touches a buffer, for the choice of banks.
enum Stream : uint8_t {
  LoadWrites = 1,
  StoreReads = 2,
  ArrayActivations = 4,
  ArrayWeights = 8,
  VectorReads = 16,
  VectorWrites = 32,
  ArraySums = 64
};

/// A region of the scratchpad or the accumulator: a ring of `slots` equal
/// slots. The slot in use is the number of iterations that the loop at
/// `turnDepth` has completed so far, modulo slots.
struct Buffer {
  std::string name;
  Space space = Space::scratchpad;
  int64_t slotRows = 0;
  int64_t slots = 1;
  int turnDepth = -1;  ///< -1: never turns
  uint8_t streams = 0; ///< of Stream; filled by finishSchedule
  int64_t pitchRows =
      0;             ///< distance of slots, at least slotRows; the allocator's
  int64_t base = -1; ///< first row; the allocator's
  int64_t totalRows() const { return pitchRows * slots; }
};

/// An operand in a buffer, rows relative to its slot. `ahead` names the slot
/// that comes so many turns later.
struct Tile {
  int buffer = -1;
  Affine row;
  int64_t stride = 1;
  int64_t blockStride = 0;
  int64_t first = 0; ///< bytes for DMA and array, elements for the vector unit
  int ahead = 0;
};

/// An operand in DRAM: bytes in a tensor.
struct DramTile {
  int tensor = -1;
  Affine byte;
  int64_t stride = 0, outerStride = 0;
};

enum class StepKind : uint8_t {
  Loop,
  End,
  Load,
  Store,
  Gather,
  Matmul,
  Vector
};

/// What a vector step computes; the fields are the instruction's.
struct Chain {
  VectorType sourceType = VectorType::none, elementType = VectorType::none,
             destinationType = VectorType::none;
  Multiply0 multiply0 = Multiply0::none;
  Add0 add0 = Add0::none;
  Add1 add1 = Add1::none;
  VectorFunction function = VectorFunction::identity;
  FunctionOperand operand = FunctionOperand::scalar;
  Multiply1 multiply1 = Multiply1::none;
  Add2 add2 = Add2::none;
  Reduce reduce = Reduce::none;
  Accumulate reduceAccumulate = Accumulate::never;
  int reduceDepth =
      -1; ///< loop of AfterFirst; the lowering peels its first iteration
  float multiply0Scalar = 0, add0Scalar = 0;
  int sourceStatistic = 0, elementStatistic = 0, destinationStatistic = 0;
  int multiply0Statistic = 0, add1Statistic = 0, multiply1Statistic = 0,
      reduceStatistic = 0;
  int statisticsBase = 0; ///< in units of vector lanes

  isa::VectorStages stages() const {
    return {multiply0, add0, add1, function, operand, multiply1, add2};
  }
};

/// One step. Which fields count depends on the kind:
///   Loop: trip.  Load, Store: dram, tile, outer, rows, columns, elementLog2,
///   outerStride. Gather: as Load without outer, indices, bound. Matmul: tile
///   (activations), weights, sums, rows (M), columns (N), depth (K), byColumns,
///   accumulate, accumulateDepth. Vector: tile (source), element, sums
///   (destination), column, rows, columns, chain.
struct Step {
  StepKind kind = StepKind::Loop;
  int64_t trip = 1;
  DramTile dram, indices;
  Tile tile, weights, sums, element;
  std::array<Tile, 3> column;
  Extent outer = 1, rows, columns, depth;
  int elementLog2 = 1;
  int64_t outerStride = 0;
  int64_t bound = 0;
  bool byColumns = false;
  Accumulate accumulate = Accumulate::never;
  int accumulateDepth = -1;
  Chain chain;
  int primary =
      0; ///< index into Schedule::sources of the op that this step serves
};

/// What the cost model says of a schedule, in core cycles.
struct Cost {
  double array = 0, vector = 0, dram = 0; ///< busy cycles of each resource
  double start = 0,
         tail = 0; ///< before the bottleneck can begin, after it has ended
  double total = 0;
  double dramBytes = 0;
};

struct Schedule {
  std::string name; ///< of the group, for messages and provenance
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<int> sources; ///< ids of the graph ops that the group holds
  Cost cost;

  /// Rows in use on chip at the peak.
  int64_t peakRows(Space space) const;
};

/// Fills Buffer::streams from the steps.
void findStreams(Schedule &schedule);

/// Text of the schedule for messages and tests.
std::string print(const Schedule &schedule);

} // namespace tilework::planning
