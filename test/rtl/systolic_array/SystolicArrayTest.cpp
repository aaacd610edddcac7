// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The systolic array's RTL does what Matmul says when SystolicArray says, on
// random operations over several geometries; and a long matmul takes the cycles
// that the contract promises.

#include "test/rtl/systolic_array/Array16x16.h"
#include "test/rtl/systolic_array/Array16x8.h"
#include "test/rtl/systolic_array/Array4x32.h"
#include "test/rtl/systolic_array/Array4x8.h"
#include "test/rtl/systolic_array/Array8x8.h"
#include "test/rtl/systolic_array/ArrayBench.h"

#include <gtest/gtest.h>

using namespace tilework::sim;

namespace {

template <typename Model> class SystolicArrayRtl : public testing::Test {};
using Models =
    testing::Types<VArray8x8, VArray16x16, VArray4x8, VArray16x8, VArray4x32>;
TYPED_TEST_SUITE(SystolicArrayRtl, Models);

/// What a batch of operations presses on.
enum class Mix {
  Everything, ///< all shapes, all waits
  Nulls,      ///< hardly anything but nulls, as many in flight as may be
  SameSums    ///< single blocks of a few rows on the same sums, one on another
};

std::vector<Operation> randomOperations(RandomMatmul &source,
                                        const Geometry &geometry, Mix mix,
                                        uint32_t count, uint32_t &pc) {
  std::vector<Operation> operations;
  const uint32_t first = pc;
  for (uint32_t i = 0; i < count; ++i, ++pc) {
    Operation operation;
    operation.unit = Unit::Array;
    operation.pc = pc;
    operation.context = static_cast<uint16_t>(source.below(1 << 16));
    const bool null = source.below(100) < (mix == Mix::Nulls ? 90 : 10);
    operation.kind = null ? OperationKind::Null : OperationKind::Matmul;
    const bool small = mix == Mix::SameSums || source.below(2);
    operation.matmul = source.operation(
        small ? 3 : 20, small ? geometry.columns : 3 * geometry.columns + 3,
        small ? geometry.rows : 5 * geometry.rows + 3);
    if (mix == Mix::SameSums) {
      operation.matmul.sums.row = source.below(2);
      operation.matmul.accumulate = source.below(4);
      // One type, so that sums stay numbers.
      operation.matmul.type = tilework::isa::MatmulType::bf16;
      operation.matmul.depth /= 2;
    }
    for (unsigned u = 0; u < kUnitCount && mix == Mix::Everything; ++u)
      if (source.below(8) == 0) {
        // Of the array: all but the last of those before it; of others: what
        // they reach in a while.
        uint32_t dispatched = u == static_cast<unsigned>(Unit::Array)
                                  ? pc
                                  : first * 4 + source.below(60);
        operation.waits[u] = {true, dispatched -
                                        std::min(dispatched, source.below(4))};
      }
    operations.push_back(operation);
  }
  return operations;
}

template <typename Model>
void compareRandom(uint64_t seed, unsigned refusals, unsigned pauses,
                   bool skips) {
  const Geometry geometry = geometryOf<Model>();
  ArrayBench<Model> bench(geometry, seed);
  RandomMatmul source(geometry, seed);
  bench.refusals = refusals;
  bench.pauses = pauses;
  bench.skips = skips;
  bench.vectorTraffic = !skips;
  uint32_t pc = 0;
  for (int batch = 0; batch < 12; ++batch) {
    source.fill(bench.onChip(), batch % 2 == 0);
    bench.writeSums();
    std::vector<Operation> operations =
        randomOperations(source, geometry, static_cast<Mix>(batch % 3), 40, pc);
    ASSERT_EQ(bench.run(operations), "")
        << "seed " << seed << " batch " << batch;
    for (const Operation &operation : operations)
      if (operation.kind == OperationKind::Matmul)
        executeMatmul(operation.matmul, geometry, bench.onChip());
    std::vector<uint32_t> sums = bench.readSums();
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_EQ(sums[i], bench.onChip().accumulator[i])
          << "row " << i / geometry.columns << " lane " << i % geometry.columns
          << " seed " << seed << " batch " << batch;
  }
}

TYPED_TEST(SystolicArrayRtl, AgreesWithoutConflicts) {
  compareRandom<TypeParam>(1, 0, 0, false);
}
TYPED_TEST(SystolicArrayRtl, AgreesUnderConflicts) {
  compareRandom<TypeParam>(2, 30, 0, false);
  compareRandom<TypeParam>(3, 80, 50, false);
}
TYPED_TEST(SystolicArrayRtl, AgreesWithPausesBetweenOperations) {
  compareRandom<TypeParam>(4, 10, 98, false);
}
TYPED_TEST(SystolicArrayRtl, AgreesWhenTheTimingClassSkips) {
  compareRandom<TypeParam>(5, 20, 97, true);
}

MatmulOperation product(const Geometry &geometry, uint32_t rows,
                        uint32_t columns, uint32_t depth, bool byColumn) {
  MatmulOperation op;
  op.rows = rows;
  op.columns = columns;
  op.depth = depth;
  op.weightsByColumn = byColumn;
  op.activations = {false, 0, 1, 0, 0};
  op.weights = {false, 0, 1, 0, 0};
  op.sums = {true, 0, 1, 0, 0};
  return op;
}

// Without conflicts a matmul's retire comes (N blocks · K blocks) · max(M,
// waves of a block) cycles and a constant of the geometry behind its start, and
// instructions follow on each other without a gap.
TYPED_TEST(SystolicArrayRtl, BlocksFollowWithoutGap) {
  const Geometry geometry = geometryOf<TypeParam>();
  const uint32_t rowWaves = geometry.rows / geometry.weightRows,
                 columnWaves = geometry.columns / geometry.weightRows;
  for (bool byColumn : {false, true})
    for (uint32_t rows : {1u, 2u, rowWaves, geometry.rows, geometry.rows + 3}) {
      const uint32_t waves = byColumn ? columnWaves : rowWaves;
      const uint32_t blocks = 6, period = std::max(rows, waves);
      std::vector<Operation> operations(4);
      for (uint32_t i = 0; i < operations.size(); ++i) {
        operations[i].kind = OperationKind::Matmul;
        operations[i].unit = Unit::Array;
        operations[i].pc = i;
        operations[i].matmul = product(geometry, rows, 2 * geometry.columns,
                                       3 * geometry.rows, byColumn);
      }
      ArrayBench<TypeParam> bench(geometry, 1);
      ASSERT_EQ(bench.run(operations), "");
      // Start, the first block's waves from the next cycle on, its rows behind
      // them; the last block's rows end the last period or, if waves are what
      // takes long, stand behind it.
      const uint64_t constant =
          1 + waves + (rows - 1) + (geometry.rows + geometry.columns + 3);
      EXPECT_EQ(bench.retires[0].end - bench.retires[0].start,
                constant + (blocks - 1) * period)
          << "M " << rows << " byColumn " << byColumn;
      for (size_t i = 1; i < operations.size(); ++i)
        EXPECT_EQ(bench.retires[i].end - bench.retires[i - 1].end,
                  blocks * period)
            << "M " << rows << " byColumn " << byColumn;
    }
}

} // namespace
