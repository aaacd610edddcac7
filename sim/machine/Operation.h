// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instruction after the sequencer has resolved it: registers replaced by
// numbers, bounds checked. The functional engine executes it, the SystemC model
// times it, and it holds what the RTL's dispatch packet holds.

#pragma once

#include "dialects/events/Events.h"
#include "dialects/isa/VectorStages.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace tilework::sim {

using events::kUnitCount;
using events::Unit;

/// The unit that an instruction names, as events count it.
constexpr Unit unitOf(isa::UnitName name) { return static_cast<Unit>(name); }
constexpr bool unitsAgree() {
  for (unsigned u = 0; u < kUnitCount; ++u)
    if (std::string_view(events::kUnits[u].name) !=
        isa::caseName(static_cast<isa::UnitName>(u)))
      return false;
  return true;
}
static_assert(unitsAgree(),
              "Instructions.td and Events.td list the same units in one order");

using OperationKind = isa::UnitOpcode;

/// A wait at the head of a queue: satisfied once the unit has retired `count`
/// instructions since the start.
struct Wait {
  bool valid = false;
  uint32_t count = 0;
};

/// A tile in the scratchpad or the accumulator. Addresses and strides in rows;
/// `first` in bytes for load, store, gather and matmul, in elements for vector.
struct TileAddress {
  bool inAccumulator = false;
  uint32_t row = 0;
  int32_t stride = 0;
  int32_t blockStride = 0;
  uint32_t first = 0;
};

/// Load, store and gather. DRAM addresses are absolute bytes.
struct DmaOperation {
  uint64_t dramAddress = 0;
  int64_t dramStride =
      0; ///< bytes from row to row (gather: from table row to table row)
  int64_t dramOuterStride = 0; ///< bytes from outer slice to outer slice
  uint64_t indexAddress = 0; ///< gather: absolute address of the int32 indices
  uint32_t bound = 0;        ///< gather: rows in the table
  TileAddress tile;
  uint32_t tileOuterStride = 0;
  uint32_t outer = 0, rows = 0;
  uint32_t rowBytes = 0; ///< elements × element bytes
};

struct MatmulOperation {
  TileAddress activations, weights, sums;
  uint32_t rows = 0, columns = 0, depth = 0; ///< M, N, K in elements
  bool weightsByColumn = false;              ///< side columns
  isa::MatmulType type = isa::MatmulType::bf16;
  bool accumulate = false; ///< the first K block adds to the sums

  bool isInt8() const { return type == isa::MatmulType::int8; }
};

struct VectorOperation {
  TileAddress source, element, destination;
  std::array<TileAddress, 3> columns;
  uint32_t rows = 0, elements = 0; ///< M, N
  isa::VectorType sourceType = isa::VectorType::none,
                  elementType = isa::VectorType::none,
                  destinationType = isa::VectorType::none;
  isa::Multiply0 multiply0 = isa::Multiply0::none;
  isa::Add0 add0 = isa::Add0::none;
  isa::Add1 add1 = isa::Add1::none;
  isa::VectorFunction function = isa::VectorFunction::identity;
  isa::FunctionOperand functionOperand = isa::FunctionOperand::scalar;
  isa::Multiply1 multiply1 = isa::Multiply1::none;
  isa::Add2 add2 = isa::Add2::none;
  isa::Reduce reduce = isa::Reduce::none;
  bool reduceAccumulate = false;
  float multiply0Scalar = 0, add0Scalar = 0;
  uint8_t sourceStatistic = 0, elementStatistic = 0, destinationStatistic = 0;
  uint8_t multiply0Statistic = 0, add1Statistic = 0, multiply1Statistic = 0,
          reduceStatistic = 0;
  uint32_t statisticsRow = 0; ///< entry of the tile's row 0

  isa::VectorStages stages() const {
    return {multiply0, add0, add1, function, functionOperand, multiply1, add2};
  }
};

struct Operation {
  OperationKind kind = OperationKind::Null;
  Unit unit = Unit::Load;
  std::array<Wait, kUnitCount> waits;
  uint32_t pc = 0;       ///< instruction index
  uint16_t context = 0;  ///< call context
  uint32_t sequence = 0; ///< how many instructions this unit was given before
  DmaOperation dma;
  MatmulOperation matmul;
  VectorOperation vector;
};

} // namespace tilework::sim
