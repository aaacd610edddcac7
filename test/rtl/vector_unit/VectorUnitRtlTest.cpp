// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit's RTL does what Vector says when VectorUnit says, on random
// operations over several geometries; and long passes take the cycles that the
// contract promises.

#include "sim/machine/Footprint.h"
#include "test/rtl/vector_unit/Vector16x16.h"
#include "test/rtl/vector_unit/Vector16x16v4.h"
#include "test/rtl/vector_unit/Vector16x8.h"
#include "test/rtl/vector_unit/Vector4x8.h"
#include "test/rtl/vector_unit/Vector8x8.h"
#include "test/rtl/vector_unit/VectorBench.h"
#include "test/unit/vector/RandomVector.h"

#include <gtest/gtest.h>

using namespace tilework::sim;
namespace isa = tilework::isa;

namespace {

template <typename Model> class VectorUnitRtl : public testing::Test {};
using Models = testing::Types<VVector8x8, VVector16x16, VVector4x8,
                              VVector16x16v4, VVector16x8>;
TYPED_TEST_SUITE(VectorUnitRtl, Models);

/// Gives operations the wait on their own unit that a legal program needs:
/// whatever is read may not still be on its way.
class Waits {
public:
  explicit Waits(const Geometry &geometry) : geometry(geometry) {}

  void add(Operation &operation, uint32_t dispatched, bool always) {
    bool conflict = always;
    visit(operation, [&](const Access &access) {
      for (uint64_t b = access.begin;
           !access.write && b < access.begin + access.size; ++b)
        conflict |= bytes(access.memory, b);
    });
    if (conflict) {
      operation.waits[static_cast<unsigned>(Unit::Vector)] = {true, dispatched};
      for (auto &memory : written)
        memory.clear();
    }
    visit(operation, [&](const Access &access) {
      std::vector<bool> &memory = written[static_cast<unsigned>(access.memory)];
      if (!access.write)
        return;
      if (memory.size() < access.begin + access.size)
        memory.resize(access.begin + access.size);
      for (uint64_t b = access.begin; b < access.begin + access.size; ++b)
        memory[b] = true;
    });
  }

private:
  void visit(const Operation &operation,
             const std::function<void(const Access &)> &visitor) {
    forEachAccess(geometry, operation, [](uint64_t) { return 0; }, visitor);
  }
  bool bytes(Memory memory, uint64_t byte) const {
    const auto &map = written[static_cast<unsigned>(memory)];
    return byte < map.size() && map[byte];
  }

  Geometry geometry;
  std::vector<bool> written[kMemoryCount];
};

VectorOperation copyStatistics(const Geometry &geometry, uint8_t index,
                               bool toMemory) {
  VectorOperation op;
  op.rows = 1;
  op.elements = geometry.statisticsRows;
  TileAddress &tile = toMemory ? op.destination : op.source;
  tile.inAccumulator = true;
  tile.row = index * ((geometry.statisticsRows + geometry.columns - 1) /
                      geometry.columns);
  tile.stride = tile.blockStride = 1;
  op.sourceType =
      toMemory ? isa::VectorType::statistics : isa::VectorType::fp32;
  op.destinationType =
      toMemory ? isa::VectorType::fp32 : isa::VectorType::statistics;
  op.sourceStatistic = op.destinationStatistic = index;
  return op;
}

template <typename Model>
void compareRandom(uint64_t seed, unsigned refusals, unsigned pauses,
                   bool skips, bool small) {
  const Geometry geometry = geometryOf<Model>();
  VectorBench<Model> bench(geometry, seed);
  RandomVector random(geometry, seed);
  bench.refusals = refusals;
  bench.pauses = pauses;
  bench.skips = skips;
  Waits waits(geometry);
  uint32_t pc = 0;
  for (int batch = 0; batch < 12; ++batch) {
    random.fill(bench.memories);
    OnChipMemories expected = bench.memories;
    std::vector<Operation> operations;
    auto append = [&](const VectorOperation &op, bool null, bool always) {
      Operation operation;
      operation.unit = Unit::Vector;
      operation.kind = null ? OperationKind::Null : OperationKind::Vector;
      operation.pc = pc;
      operation.context = static_cast<uint16_t>(random.below(1 << 16));
      operation.vector = op;
      for (unsigned u = 0; u < 3; ++u)
        if (random.oneIn(10))
          operation.waits[u] = {true, pc / 2};
      waits.add(operation, pc, always);
      ++pc;
      operations.push_back(operation);
      if (!null)
        executeVector(op, geometry, expected);
    };
    for (uint8_t i = 0; i < 4; ++i)
      append(copyStatistics(geometry, i, false), false, false);
    for (unsigned i = 0; i < 50; ++i)
      append(random.operation(small ? 3 : 40, small ? 3 * geometry.vectorLanes
                                                    : 3 * geometry.lanes() + 5),
             random.oneIn(12), random.oneIn(20));
    ASSERT_EQ(bench.run(operations), "")
        << "seed " << seed << " batch " << batch;
    ASSERT_EQ(bench.memories.scratchpad, expected.scratchpad)
        << "seed " << seed << " batch " << batch;
    ASSERT_EQ(bench.memories.accumulator, expected.accumulator)
        << "seed " << seed << " batch " << batch;
    operations.clear();
    for (uint8_t i = 0; i < 4; ++i)
      append(copyStatistics(geometry, i, true), false, true);
    ASSERT_EQ(bench.run(operations), "");
    ASSERT_EQ(bench.memories.accumulator, expected.accumulator)
        << "statistics, seed " << seed << " batch " << batch;
  }
}

TYPED_TEST(VectorUnitRtl, AgreesWhenEveryRequestIsGranted) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    compareRandom<TypeParam>(seed, 0, 0, false, false);
    compareRandom<TypeParam>(seed + 10, 0, 0, false, true);
  }
}

TYPED_TEST(VectorUnitRtl, AgreesWhenRequestsAreRefused) {
  for (unsigned refusals : {10, 30, 60, 85}) {
    compareRandom<TypeParam>(20 + refusals, refusals, 0, false, false);
    compareRandom<TypeParam>(21 + refusals, refusals, 0, false, true);
  }
}

TYPED_TEST(VectorUnitRtl, AgreesWhenOperationsComeLate) {
  for (unsigned pauses : {60, 97}) {
    compareRandom<TypeParam>(200 + pauses, 0, pauses, false, true);
    compareRandom<TypeParam>(201 + pauses, 25, pauses, false, true);
  }
}

TYPED_TEST(VectorUnitRtl, AgreesWithSkippedCycles) {
  for (unsigned pauses : {0, 80, 97}) {
    compareRandom<TypeParam>(300 + pauses, 0, pauses, true, false);
    compareRandom<TypeParam>(301 + pauses, 25, pauses, true, true);
  }
}

/// Cycles from the first start to the last retire of the same operation, n
/// times without waits.
template <typename Model>
Cycle cyclesOf(const VectorOperation &op, unsigned times) {
  VectorBench<Model> bench(geometryOf<Model>(), 1);
  std::vector<Operation> operations(times);
  for (Operation &operation : operations) {
    operation.unit = Unit::Vector;
    operation.kind = OperationKind::Vector;
    operation.vector = op;
  }
  EXPECT_EQ(bench.run(operations), "");
  return bench.lastRetire();
}

TEST(VectorUnitRate, OneItemACycleAlsoAcrossInstructions) {
  VectorOperation op;
  op.rows = 32;
  op.elements = 64;
  op.sourceType = op.elementType = isa::VectorType::bf16;
  op.destinationType = isa::VectorType::bf16;
  op.add0 = isa::Add0::element;
  op.multiply1 = isa::Multiply1::column;
  op.add2 = isa::Add2::column;
  op.source = {false, 0, 1, 32, 0};
  op.element = {false, 150, 1, 32, 0};
  op.destination = {false, 300, 1, 32, 0};
  op.columns[1] = {false, 500, 0, 1, 0};
  op.columns[2] = {false, 510, 0, 1, 0};
  // Dispatched in 0, at the queue's head in 1, in `next` in 2, two columns in 3
  // and 4, first issue in 5, and sixteen from the last issue to the write.
  EXPECT_EQ(cyclesOf<VVector16x16>(op, 1), 5u + 127 + 16);
  EXPECT_EQ(cyclesOf<VVector16x16>(op, 10), 5u + 1279 + 16);
}

TEST(VectorUnitRate, OneRowThatReducesTakesTwoCyclesAnItem) {
  VectorOperation op;
  op.rows = 1;
  op.elements = 256;
  op.sourceType = isa::VectorType::bf16;
  op.source = {false, 0, 1, 1, 0};
  op.reduce = isa::Reduce::sum;
  EXPECT_EQ(cyclesOf<VVector16x16>(op, 1), 31u + 2 + 18 + 4);
}

} // namespace
