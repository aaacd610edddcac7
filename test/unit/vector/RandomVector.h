// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random vector operations that obey the shape, bound and overlap rules of a
// geometry, and random memories for them to work on.

#pragma once

#include "dialects/isa/Instructions.h"
#include "sim/functional/Float.h"
#include "sim/functional/Vector.h"

#include <algorithm>
#include <array>
#include <random>

namespace tilework::sim {

/// Numbers below are functions.
constexpr auto kFunctions =
    static_cast<uint32_t>(isa::casesOf(isa::VectorFunction()).size());

class RandomVector {
public:
  RandomVector(const Geometry &geometry, uint64_t seed)
      : geometry(geometry), random(seed) {}

  uint32_t below(uint32_t bound) {
    return bound ? static_cast<uint32_t>(random() % bound) : 0;
  }
  bool oneIn(uint32_t count) { return below(count) == 0; }

  /// Mostly ordinary values, some huge, tiny, zero, subnormal, infinite or NaN.
  uint32_t value() {
    uint32_t bits = static_cast<uint32_t>(random());
    switch (below(24)) {
    case 0:
      return bits;
    case 1:
      return bits & 0x80000000u;
    case 2:
      return (bits & 0x807fffffu) | (oneIn(2) ? 0x7f800000u : 0);
    case 3:
      return (bits & 0x80000000u) | 0x7f800000u;
    default:
      return (bits & 0x807fffffu) | (118 + below(14)) << 23;
    }
  }

  void fill(OnChipMemories &memories) {
    for (size_t i = 0; i + 1 < memories.scratchpad.size(); i += 2) {
      uint32_t x = value() >> 16;
      memories.scratchpad[i] = static_cast<uint8_t>(x);
      memories.scratchpad[i + 1] = static_cast<uint8_t>(x >> 8);
    }
    for (uint32_t &word : memories.accumulator)
      word = value();
    // No instruction leaves a subnormal or another NaN here.
    for (uint32_t &word : memories.statistics)
      word = flushF32(value());
  }

  /// Extents go up to `maxRows` and `maxElements` and shrink until all operands
  /// fit; in about one of thirty one is zero.
  VectorOperation operation(uint32_t maxRows, uint32_t maxElements) {
    VectorOperation op;
    do
      op = attempt(maxRows, maxElements);
    while (!fits);
    return op;
  }

private:
  using Type = isa::VectorType;

  static bool isSum(Type type) {
    return type == Type::fp32 || type == Type::int32;
  }
  uint32_t rowElements(Type type) const {
    return isSum(type)          ? geometry.columns
           : type == Type::int8 ? 2 * geometry.lanes()
                                : geometry.lanes();
  }

  /// A tile in the lower or upper half of its memory.
  TileAddress tile(Type type, uint32_t rows, uint32_t elements, bool upper,
                   bool written) {
    TileAddress result;
    if (type == Type::none || type == Type::statistics)
      return result;
    const uint32_t width = rowElements(type);
    const uint32_t half =
        (isSum(type) ? geometry.accumulatorRows : geometry.scratchpadRows) / 2;
    result.inAccumulator = isSum(type);
    if (!isSum(type) && elements && elements < width && oneIn(2)) {
      const uint32_t lanes = geometry.vectorLanes;
      uint32_t room = width - elements;
      result.first = below(room + 1);
      if (elements > lanes)
        result.first = result.first / lanes * lanes;
    }
    const uint32_t blocks =
        elements ? (result.first + elements + width - 1) / width : 1;
    if (oneIn(2)) { // row by row inside a block
      result.stride = static_cast<int32_t>(1 + below(2));
      result.blockStride = static_cast<int32_t>(
          result.stride * static_cast<int32_t>(std::max(rows, 1u)) +
          static_cast<int32_t>(below(3)));
    } else { // block by block inside a row
      result.blockStride = static_cast<int32_t>(1 + below(2));
      result.stride =
          result.blockStride * static_cast<int32_t>(std::max(blocks, 1u));
    }
    if (!written && oneIn(8))
      result.stride = 0;
    const uint32_t span =
        (rows ? rows - 1 : 0) * static_cast<uint32_t>(result.stride) +
        (blocks - 1) * static_cast<uint32_t>(result.blockStride) + 1;
    if (span > half) {
      fits = false;
      return result;
    }
    result.row = below(half - span + 1) + (upper ? half : 0);
    return result;
  }

  Type readType(bool statistics) {
    static const Type kTypes[] = {Type::bf16,  Type::bf16,      Type::bf16,
                                  Type::int8,  Type::fp32,      Type::fp32,
                                  Type::int32, Type::statistics};
    return kTypes[below(statistics ? 8 : 7)];
  }

  VectorOperation attempt(uint32_t maxRows, uint32_t maxElements) {
    fits = true;
    VectorOperation op;
    // Statistics along rows need a single row; make that common enough.
    const bool single = oneIn(5);
    uint32_t rows = single ? 1 : 1 + below(oneIn(2) ? 4 : maxRows);
    uint32_t elements =
        1 + below(oneIn(3) ? geometry.vectorLanes : maxElements);
    if (oneIn(60))
      rows = 0;
    if (oneIn(60))
      elements = 0;
    op.rows = rows;
    op.elements = elements;
    op.reduce = static_cast<isa::Reduce>(oneIn(2) ? below(4) : 0);
    const bool along = rows <= 1 && op.reduce == isa::Reduce::none;
    op.sourceType = readType(along);
    op.elementType = readType(along);
    Type to = readType(along);
    if (oneIn(6))
      to = Type::none;
    op.destinationType = to;

    const uint32_t lanes = geometry.vectorLanes;
    const uint32_t entries = std::max({rows, elements * along, 1u});
    if (entries > geometry.statisticsRows) {
      fits = false;
      return op;
    }
    op.statisticsRow =
        below((geometry.statisticsRows - entries) / lanes + 1) * lanes;

    op.multiply0 = static_cast<isa::Multiply0>(below(3));
    op.add0 = static_cast<isa::Add0>(below(4));
    op.add1 = static_cast<isa::Add1>(below(4));
    op.function =
        static_cast<isa::VectorFunction>(oneIn(3) ? 0 : below(kFunctions));
    op.functionOperand = static_cast<isa::FunctionOperand>(below(4));
    op.multiply1 = static_cast<isa::Multiply1>(below(4));
    op.add2 = static_cast<isa::Add2>(below(2));
    op.reduceAccumulate = oneIn(2);
    op.multiply0Scalar = floatFromBits(value());
    op.add0Scalar = floatFromBits(value());

    op.reduceStatistic = static_cast<uint8_t>(below(4));
    op.destinationStatistic = static_cast<uint8_t>(below(4));
    bool written[4] = {};
    if (op.reduce != isa::Reduce::none) {
      written[op.reduceStatistic] = true;
      if (op.reduce == isa::Reduce::sum_and_squares)
        written[(op.reduceStatistic + 1) % 4] = true;
    }
    if (to == Type::statistics)
      written[op.destinationStatistic] = true;
    auto other = [&] {
      uint8_t index;
      do
        index = static_cast<uint8_t>(below(4));
      while (written[index]);
      return index;
    };
    op.multiply0Statistic = other();
    op.add1Statistic = other();
    op.multiply1Statistic = other();
    op.elementStatistic = other();
    op.sourceStatistic =
        to == Type::statistics && oneIn(2) ? op.destinationStatistic : other();

    const bool upper = oneIn(2);
    op.source = tile(op.sourceType, rows, elements, upper, false);
    op.element = tile(op.elementType, rows, elements, upper, false);
    op.destination = tile(to, rows, elements, !upper, true);
    for (TileAddress &column : op.columns) {
      column = tile(Type::bf16, 1, elements, upper, false);
      column.first = 0;
      const uint32_t blocks =
          (elements + geometry.lanes() - 1) / geometry.lanes();
      const uint32_t last =
          column.row +
          (blocks ? blocks - 1 : 0) * static_cast<uint32_t>(column.blockStride);
      fits &= last < geometry.scratchpadRows / 2 * (upper ? 2 : 1);
    }
    const auto from = op.sourceType;
    const std::array<bool, 3> columns = op.stages().usesColumns();
    const bool usesElement = op.stages().usesElement();
    const bool usesColumns = columns[0] || columns[1] || columns[2];
    const bool sameWidth = from == to || (isSum(from) && isSum(to));
    if (sameWidth && from != Type::statistics && op.source.stride > 0 &&
        !usesElement && !usesColumns && oneIn(2))
      op.destination = op.source; // in place
    return op;
  }

  Geometry geometry;
  std::mt19937_64 random;
  bool fits = true;
};

} // namespace tilework::sim
