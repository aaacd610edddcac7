// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A vector instruction element by element, written from RationaleISA.md alone.

#pragma once

#include "dialects/isa/Instructions.h"
#include "sim/functional/Float.h"
#include "sim/functional/SpecialFunctions.h"
#include "sim/functional/Vector.h"

#include <vector>

namespace tilework::sim {

class ReferenceVector {
public:
  ReferenceVector(const VectorOperation &op, const Geometry &geometry,
                  OnChipMemories &memories)
      : op(op), geometry(geometry), memories(memories) {}

  void run() {
    const uint32_t lanes = geometry.vectorLanes;
    for (uint32_t begin = 0; begin < op.elements; begin += lanes)
      for (uint32_t m = 0; m < op.rows; ++m) {
        std::vector<uint32_t> x(lanes);
        const uint32_t valid = std::min(lanes, op.elements - begin);
        for (uint32_t lane = 0; lane < valid; ++lane)
          x[lane] = element(m, begin + lane);
        reduce(x, m, begin == 0, valid);
        for (uint32_t lane = 0; lane < valid; ++lane)
          write(m, begin + lane, x[lane]);
      }
  }

private:
  using Type = isa::VectorType;

  uint32_t &statistic(uint32_t index, uint32_t entry) {
    return memories.statistics.at(index % 4 * geometry.statisticsRows +
                                  op.statisticsRow + entry);
  }

  /// Byte in the scratchpad or word in the accumulator of element (m, n).
  size_t place(const TileAddress &tile, Type type, uint32_t m, uint32_t n) {
    const bool sums = type == Type::fp32 || type == Type::int32;
    const uint32_t e = sums                 ? geometry.columns
                       : type == Type::int8 ? 2 * geometry.lanes()
                                            : geometry.lanes();
    const uint32_t row =
        tile.row + m * static_cast<uint32_t>(tile.stride) +
        (tile.first ? 0 : n / e) * static_cast<uint32_t>(tile.blockStride);
    const uint32_t lane = tile.first ? tile.first + n : n % e;
    if (sums)
      return size_t(row) * geometry.columns + lane;
    return size_t(row) * geometry.rowBytes() +
           (type == Type::int8 ? lane : 2 * lane);
  }

  uint32_t read(const TileAddress &tile, Type type, uint8_t index, uint32_t m,
                uint32_t n) {
    if (type == Type::statistics)
      return statistic(index, n);
    const size_t at = place(tile, type, m, n);
    if (type == Type::fp32)
      return flushF32(memories.accumulator.at(at));
    if (type == Type::int32)
      return int32ToF32(static_cast<int32_t>(memories.accumulator.at(at)));
    if (type == Type::int8)
      return int32ToF32(static_cast<int8_t>(memories.scratchpad.at(at)));
    return bf16ToF32(static_cast<uint16_t>(
        memories.scratchpad.at(at) | memories.scratchpad.at(at + 1) << 8));
  }

  uint32_t element(uint32_t m, uint32_t n) {
    const auto bf16 = Type::bf16;
    auto column = [&](unsigned i) {
      return read(op.columns[i], bf16, 0, 0, n);
    };
    auto other = [&] {
      return read(op.element, op.elementType, op.elementStatistic, m, n);
    };
    uint32_t x = read(op.source, op.sourceType, op.sourceStatistic, m, n);
    if (op.multiply0 == isa::Multiply0::scalar)
      x = multiplyF32(x, bitsFromFloat(op.multiply0Scalar));
    if (op.multiply0 == isa::Multiply0::statistic)
      x = multiplyF32(x, statistic(op.multiply0Statistic, m));
    if (op.add0 == isa::Add0::scalar)
      x = addF32(x, bitsFromFloat(op.add0Scalar));
    if (op.add0 == isa::Add0::column)
      x = addF32(x, column(0));
    if (op.add0 == isa::Add0::element)
      x = addF32(x, other());
    if (op.add1 == isa::Add1::statistic)
      x = addF32(x, statistic(op.add1Statistic, m));
    if (op.add1 == isa::Add1::minus_statistic)
      x = addF32(x, negateF32(statistic(op.add1Statistic, m)));
    if (op.add1 == isa::Add1::element)
      x = addF32(x, other());
    const uint32_t scalar = bitsFromFloat(op.add0Scalar);
    uint32_t y = scalar;
    if (isa::takesOperand(op.function)) {
      if (op.functionOperand == isa::FunctionOperand::column)
        y = column(1);
      if (op.functionOperand == isa::FunctionOperand::statistic)
        y = statistic(op.multiply1Statistic, m);
      if (op.functionOperand == isa::FunctionOperand::element)
        y = other();
    }
    x = applyFunction(op.function, x, y, scalar);
    if (op.multiply1 == isa::Multiply1::column)
      x = multiplyF32(x, column(1));
    if (op.multiply1 == isa::Multiply1::statistic)
      x = multiplyF32(x, statistic(op.multiply1Statistic, m));
    if (op.multiply1 == isa::Multiply1::element)
      x = multiplyF32(x, other());
    if (op.add2 == isa::Add2::column)
      x = addF32(x, column(2));
    return x;
  }

  static uint32_t larger(uint32_t a, uint32_t b) {
    if (isNaNF32(a) || isNaNF32(b))
      return kNaNF32;
    const float fa = floatFromBits(a), fb = floatFromBits(b);
    if (fa == fb)
      return a >> 31 ? b : a;
    return fa < fb ? b : a;
  }

  void reduce(std::vector<uint32_t> x, uint32_t m, bool first, uint32_t valid) {
    if (op.reduce == isa::Reduce::none)
      return;
    const bool maximum = op.reduce == isa::Reduce::maximum;
    std::vector<uint32_t> squares = x;
    if (maximum && op.destinationType == Type::bf16)
      for (uint32_t &value : x)
        value = bf16ToF32(f32ToBf16(value));
    for (uint32_t lane = 0; lane < x.size(); ++lane) {
      squares[lane] = multiplyF32(x[lane], x[lane]);
      if (lane >= valid)
        x[lane] = squares[lane] = maximum ? 0xff800000u : 0;
    }
    update(x, maximum, op.reduceStatistic, m, first);
    if (op.reduce == isa::Reduce::sum_and_squares)
      update(squares, false, op.reduceStatistic + 1u, m, first);
  }

  void update(std::vector<uint32_t> x, bool maximum, uint32_t index, uint32_t m,
              bool first) {
    auto join = [&](uint32_t a, uint32_t b) {
      return maximum ? larger(a, b) : addF32(a, b);
    };
    while (x.size() > 1) {
      std::vector<uint32_t> half;
      for (size_t i = 0; i < x.size(); i += 2)
        half.push_back(join(x[i], x[i + 1]));
      x = half;
    }
    uint32_t &at = statistic(index, m);
    at = first && !op.reduceAccumulate ? x[0] : join(at, x[0]);
  }

  void write(uint32_t m, uint32_t n, uint32_t x) {
    const auto type = op.destinationType;
    if (type == Type::none)
      return;
    if (type == Type::statistics) {
      statistic(op.destinationStatistic, n) = x;
      return;
    }
    const size_t at = place(op.destination, type, m, n);
    if (type == Type::fp32) {
      memories.accumulator.at(at) = x;
    } else if (type == Type::int32) {
      memories.accumulator.at(at) = static_cast<uint32_t>(f32ToInt32(x));
    } else if (type == Type::int8) {
      memories.scratchpad.at(at) = static_cast<uint8_t>(f32ToInt8(x));
    } else {
      memories.scratchpad.at(at) = static_cast<uint8_t>(f32ToBf16(x));
      memories.scratchpad.at(at + 1) = static_cast<uint8_t>(f32ToBf16(x) >> 8);
    }
  }

  const VectorOperation &op;
  const Geometry &geometry;
  OnChipMemories &memories;
};

} // namespace tilework::sim
