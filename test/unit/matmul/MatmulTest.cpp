// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SIMD matmul makes the bytes of the scalar statement, on every SIMD target
// that this host has and in every arithmetic mode.

#include "test/unit/matmul/RandomMatmul.h"
#include "test/unit/matmul/ReferenceMatmul.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

using namespace tilework::sim;

namespace {

Geometry makeGeometry(uint32_t rows, uint32_t columns, uint32_t weightRows,
                      uint32_t scratchpadRows = 512) {
  Geometry geometry;
  geometry.rows = rows;
  geometry.columns = columns;
  geometry.weightRows = weightRows;
  geometry.scratchpadBanks = 4;
  geometry.scratchpadRows = geometry.scratchpadBanks * (scratchpadRows / 4);
  geometry.accumulatorBanks = 4;
  geometry.accumulatorRows = geometry.accumulatorBanks * 64;
  return geometry;
}

std::string describe(const MatmulOperation &op) {
  return "M " + std::to_string(op.rows) + " N " + std::to_string(op.columns) +
         " K " + std::to_string(op.depth) + (op.isInt8() ? " int8" : " bf16") +
         (op.weightsByColumn ? " columns" : " rows") +
         (op.accumulate ? " accumulate" : "") + " windows " +
         std::to_string(op.activations.first) + " " +
         std::to_string(op.weights.first);
}

void compare(const Geometry &geometry, uint64_t seed, int count,
             MatmulArithmetic arithmetic) {
  RandomMatmul source(geometry, seed);
  OnChipMemories memories(geometry);
  for (int i = 0; i < count; ++i) {
    if (i % 16 == 0)
      source.fill(memories, i % 48 == 0);
    MatmulOperation op =
        source.operation(40, 4 * geometry.columns + 8, 6 * geometry.rows + 8);
    OnChipMemories expected = memories;
    referenceMatmul(op, geometry, expected);
    executeMatmul(op, geometry, memories, arithmetic);
    ASSERT_EQ(memories.accumulator, expected.accumulator)
        << describe(op) << " operation " << i;
    ASSERT_EQ(memories.scratchpad, expected.scratchpad);
  }
}

const std::vector<Geometry> kGeometries = {
    makeGeometry(8, 8, 1),  makeGeometry(16, 16, 2), makeGeometry(4, 8, 4),
    makeGeometry(16, 8, 2), makeGeometry(8, 32, 1),  makeGeometry(2, 2, 1),
    makeGeometry(32, 4, 4)};

TEST(Matmul, EqualsScalarStatement) {
  for (const Geometry &geometry : kGeometries)
    compare(geometry, geometry.rows * 100 + geometry.columns, 120,
            MatmulArithmetic::Automatic);
}

TEST(Matmul, EverySimdTargetMakesTheSameBytes) {
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(hwy::TargetName(target));
    for (MatmulArithmetic arithmetic :
         {MatmulArithmetic::Automatic, MatmulArithmetic::MultiplyThenAdd,
          MatmulArithmetic::ExplicitFlush})
      for (const Geometry &geometry :
           {makeGeometry(16, 16, 2), makeGeometry(4, 8, 4)})
        compare(geometry, 7, 40, arithmetic);
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(Matmul, SumsOfLongInt8ColumnsWrapAround) {
  Geometry geometry = makeGeometry(16, 16, 2, 8192);
  OnChipMemories memories(geometry);
  for (uint8_t &byte : memories.scratchpad)
    byte = 0x80; // −128
  MatmulOperation op;
  op.rows = 3;
  op.columns = 5;
  op.depth = 5000;
  op.type = tilework::isa::MatmulType::int8;
  op.accumulate = true;
  op.activations = {false, 0, 1, 3, 0};
  op.weights = {false, 1024, 1, 4096, 0};
  op.sums = {true, 0, 1, 3, 0};
  for (uint32_t &word : memories.accumulator)
    word = 0x7fffff00u;
  executeMatmul(op, geometry, memories);
  EXPECT_EQ(memories.accumulator[16 + 4], 0x7fffff00u + 5000u * 16384u);
  EXPECT_EQ(memories.accumulator[16 + 5], 0x7fffff00u);
}

// A flush makes a partial sum of −0; the products of +0 that pad a block make
// it +0.
TEST(Matmul, PaddingTurnsMinusZeroIntoPlusZero) {
  Geometry geometry = makeGeometry(4, 8, 1);
  for (uint32_t depth : {3u, 4u}) {
    OnChipMemories memories(geometry);
    auto put = [&](uint32_t row, uint32_t lane, uint16_t x) {
      memories.scratchpad[row * 16 + lane * 2] = static_cast<uint8_t>(x);
      memories.scratchpad[row * 16 + lane * 2 + 1] =
          static_cast<uint8_t>(x >> 8);
    };
    // 2^-126 · 1.5 − 2^-125 = −2^-127, as the last two of `depth` products.
    put(0, depth - 2, 0x00c0);
    put(0, depth - 1, 0x0100);
    put(16 + depth - 2, 0, 0x3f80);
    put(16 + depth - 1, 0, 0xbf80);
    MatmulOperation op;
    op.rows = op.columns = 1;
    op.depth = depth;
    op.activations = {false, 0, 1, 1, 0};
    op.weights = {false, 16, 1, 16, 0};
    op.sums = {true, 0, 1, 1, 0};
    for (MatmulArithmetic arithmetic :
         {MatmulArithmetic::Automatic, MatmulArithmetic::ExplicitFlush}) {
      executeMatmul(op, geometry, memories, arithmetic);
      EXPECT_EQ(memories.accumulator[0], depth == 3 ? 0u : 0x80000000u);
    }
  }
}

TEST(Matmul, LeavesTheHostsRoundingModeAlone) {
  Geometry geometry = makeGeometry(8, 8, 1);
  OnChipMemories memories(geometry);
  MatmulOperation op = RandomMatmul(geometry, 3).operation(4, 8, 8);
  volatile float tiny = 1e-39f, one = 1.0f;
  executeMatmul(op, geometry, memories);
  EXPECT_NE(tiny * one, 0.0f);
}

} // namespace
