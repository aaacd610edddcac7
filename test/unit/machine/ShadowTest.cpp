// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every way for a program to be illegal by its accesses is named, and what the
// rules allow passes: races, reads of what nothing wrote, and each pair of
// operands of one instruction that may or may not share bytes.

#include "sim/machine/Shadow.h"
#include "dialects/isa/Codec.h"

#include <gtest/gtest.h>

using namespace tilework;
using namespace tilework::sim;

namespace {

constexpr uint32_t kRows = 4, kElements = 8;

TileAddress tile(uint32_t row, bool inAccumulator = false) {
  TileAddress address;
  address.inAccumulator = inAccumulator;
  address.row = row;
  address.stride = 1;
  return address;
}

class ShadowTest : public testing::Test {
protected:
  ShadowTest() : shadow(geometry()) { shadow.written(0, 4096); }

  static Geometry geometry() {
    Geometry g;
    g.rows = g.columns = g.vectorLanes = 8;
    g.weightRows = 1;
    return g;
  }

  std::vector<Violation> check(Operation operation) {
    operation.sequence = given[static_cast<unsigned>(operation.unit)]++;
    return shadow.check(operation, [](uint64_t) { return 0; });
  }

  /// Writes rows [row, row + rows) of the scratchpad.
  Operation load(uint32_t row, uint32_t rows) {
    Operation operation;
    operation.kind = OperationKind::Load;
    operation.unit = Unit::Load;
    operation.dma.tile = tile(row);
    operation.dma.outer = 1;
    operation.dma.rows = rows;
    operation.dma.rowBytes = operation.dma.dramStride = 16;
    return operation;
  }

  /// bf16 rows 0 to 3 to bf16 rows 16 to 19, after all that came before.
  Operation vector() {
    Operation operation;
    operation.kind = OperationKind::Vector;
    operation.unit = Unit::Vector;
    for (unsigned unit = 0; unit < kUnitCount; ++unit)
      operation.waits[unit] = {true, given[unit]};
    operation.vector.source = tile(0);
    operation.vector.destination = tile(16);
    operation.vector.rows = kRows;
    operation.vector.elements = kElements;
    operation.vector.sourceType = operation.vector.destinationType =
        isa::VectorType::bf16;
    return operation;
  }

  void expectOne(const Operation &operation, Violation::Kind kind) {
    const std::vector<Violation> violations = check(operation);
    ASSERT_EQ(violations.size(), 1u);
    EXPECT_EQ(violations[0].kind, kind) << describe(violations[0]);
  }

  void expectLegal(const Operation &operation) {
    for (const Violation &violation : check(operation))
      ADD_FAILURE() << describe(violation);
  }

  Shadow shadow;
  std::array<uint32_t, kUnitCount> given{};
};

TEST_F(ShadowTest, test_a_read_of_what_nothing_wrote_is_named) {
  expectLegal(load(0, kRows - 1));
  expectOne(vector(), Violation::Kind::Unwritten);
}

TEST_F(ShadowTest, test_a_missing_wait_is_a_race_with_the_distance_it_needs) {
  expectLegal(load(0, kRows));
  expectLegal(load(8, kRows));
  Operation operation = vector();
  operation.waits[unsigned(Unit::Load)] = {};
  const std::vector<Violation> violations = check(operation);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].kind, Violation::Kind::Race);
  EXPECT_EQ(violations[0].distance, 1u);
}

TEST_F(ShadowTest, test_a_load_over_what_another_unit_reads_is_a_race) {
  expectLegal(load(0, kRows));
  expectLegal(vector());
  expectOne(load(0, 1), Violation::Kind::Race);
}

TEST_F(ShadowTest, test_the_vector_unit_waits_for_its_own_results) {
  expectLegal(load(0, kRows));
  expectLegal(vector());
  Operation reader = vector();
  reader.vector.source = tile(16);
  reader.vector.destination = tile(32);
  reader.waits[unsigned(Unit::Vector)] = {};
  expectOne(reader, Violation::Kind::Race);
}

TEST_F(ShadowTest, test_a_source_tile_may_be_the_destination) {
  expectLegal(load(0, 32));
  Operation operation = vector();
  operation.vector.destination = tile(0);
  expectLegal(operation);
}

TEST_F(ShadowTest, test_a_source_shifted_against_the_destination_overlaps) {
  expectLegal(load(0, 32));
  Operation operation = vector();
  operation.vector.destination = tile(1);
  expectOne(operation, Violation::Kind::SelfOverlap);
}

TEST_F(ShadowTest, test_an_element_operand_may_be_the_destination) {
  expectLegal(load(0, 32));
  for (uint32_t row : {0u, 2u}) {
    Operation operation = vector();
    operation.vector.destination = tile(16);
    operation.vector.add0 = isa::Add0::element;
    operation.vector.elementType = isa::VectorType::bf16;
    operation.vector.element = tile(16 + row);
    if (row == 0)
      expectLegal(operation);
    else
      expectOne(operation, Violation::Kind::SelfOverlap);
  }
}

TEST_F(ShadowTest, test_a_column_operand_in_the_destination_overlaps) {
  expectLegal(load(0, 32));
  Operation operation = vector();
  operation.vector.destination = tile(0);
  operation.vector.add2 = isa::Add2::column;
  operation.vector.columns[2] = tile(3);
  expectOne(operation, Violation::Kind::SelfOverlap);
}

TEST_F(ShadowTest, test_accumulating_frees_the_statistic_alone) {
  expectLegal(load(0, 32));
  Operation first = vector();
  first.vector.reduce = isa::Reduce::sum;
  expectLegal(first);
  Operation again = first;
  for (unsigned unit = 0; unit < kUnitCount; ++unit)
    again.waits[unit] = {true, given[unit]};
  again.vector.reduceAccumulate = true;
  expectLegal(again);
  Operation shifted = again;
  shifted.waits[unsigned(Unit::Vector)].count = given[unsigned(Unit::Vector)];
  shifted.vector.destination = tile(1);
  expectOne(shifted, Violation::Kind::SelfOverlap);
}

TEST_F(ShadowTest, test_a_destination_whose_blocks_meet_overlaps) {
  expectLegal(load(0, 32));
  Operation operation = vector();
  operation.vector.elements = 2 * kElements;
  operation.vector.source.blockStride = kRows;
  operation.vector.destination.blockStride = 1;
  expectOne(operation, Violation::Kind::SelfOverlap);
}

} // namespace
