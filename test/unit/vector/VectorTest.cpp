// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the fast form of a vector instruction give the bytes that the
// instruction set asks for?

#include "RandomVector.h"
#include "ReferenceVector.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace tilework::sim {
namespace {

Geometry chip(uint32_t rows, uint32_t columns, uint32_t lanes) {
  Geometry geometry;
  geometry.rows = rows;
  geometry.columns = columns;
  geometry.vectorLanes = lanes;
  geometry.scratchpadBanks = 4;
  geometry.scratchpadRows = geometry.scratchpadBanks * 128;
  geometry.accumulatorRows = geometry.accumulatorBanks * 64;
  geometry.statisticsRows = 128;
  return geometry;
}

const Geometry kChips[] = {chip(8, 8, 8),   chip(16, 16, 16), chip(4, 8, 4),
                           chip(16, 16, 4), chip(16, 8, 8),   chip(32, 32, 32),
                           chip(4, 4, 2)};

void expectReferenceBytes(VectorArithmetic arithmetic, unsigned count) {
  for (const Geometry &geometry : kChips) {
    RandomVector random(geometry, 1);
    OnChipMemories start(geometry);
    for (unsigned i = 0; i < count; ++i) {
      if (i % 64 == 0)
        random.fill(start);
      OnChipMemories expected = start, got = start;
      VectorOperation op =
          random.operation(60, 5 * geometry.vectorLanes + geometry.lanes());
      ReferenceVector(op, geometry, expected).run();
      executeVector(op, geometry, got, arithmetic);
      const std::string where = "chip " + std::to_string(geometry.rows) + "x" +
                                std::to_string(geometry.columns) + " lanes " +
                                std::to_string(geometry.vectorLanes) +
                                " operation " + std::to_string(i);
      ASSERT_EQ(expected.statistics, got.statistics) << where;
      ASSERT_EQ(expected.scratchpad, got.scratchpad) << where;
      ASSERT_EQ(expected.accumulator, got.accumulator) << where;
      start = std::move(got);
    }
  }
}

TEST(Vector, SimdGivesTheBytesOfTheReferenceOnEveryInstructionSet) {
  const int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
  for (int64_t rest = all; rest; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    SCOPED_TRACE(hwy::TargetName(rest & -rest));
    expectReferenceBytes(VectorArithmetic::Automatic, 600);
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(Vector, ScalarGivesTheBytesOfTheReference) {
  expectReferenceBytes(VectorArithmetic::Scalar, 400);
}

TEST(Vector, RowsOutsideOfTheMemoryAreRefused) {
  const Geometry geometry = chip(8, 8, 8);
  OnChipMemories memories(geometry);
  VectorOperation op;
  op.rows = 2;
  op.elements = 8;
  op.sourceType = op.destinationType = isa::VectorType::bf16;
  op.source.row = geometry.scratchpadRows - 1;
  op.source.stride = op.destination.stride = 1;
  EXPECT_THROW(executeVector(op, geometry, memories), std::out_of_range);
}

} // namespace
} // namespace tilework::sim
