// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The law of access sums: what the chip counts of accesses is what the
// footprints of the executed instructions imply, whatever the cycles were.

#include "dialects/target/Target.h"
#include "sim/cosim/ProgramGenerator.h"
#include "sim/machine/Footprint.h"
#include "sim/machine/TargetGeometry.h"
#include "sim/stats/Counters.h"
#include "sim/systemc/Engine.h"

#include <gtest/gtest.h>

#include <vector>

using namespace tilework;
using namespace tilework::sim;
using isa::VectorType;

namespace {

uint64_t divideUp(uint64_t value, uint64_t by) { return (value + by - 1) / by; }

/// Adds up the accesses of operations, from their footprints.
class Accesses {
public:
  explicit Accesses(const Geometry &geometry) : geometry(geometry) {}

  RunCounters counters;

  void add(const Operation &operation) {
    switch (operation.kind) {
    case OperationKind::Null:
      break;
    case OperationKind::Load:
    case OperationKind::Gather:
      counters[Counter::ScratchpadLoad] +=
          runs(operation, Memory::Scratchpad, true).size();
      break;
    case OperationKind::Store:
      counters[Counter::ScratchpadStore] +=
          runs(operation, Memory::Scratchpad, false).size();
      break;
    case OperationKind::Matmul:
      addMatmul(operation);
      break;
    case OperationKind::Vector:
      addVector(operation);
      break;
    }
  }

private:
  std::vector<Access> runs(const Operation &operation, Memory memory,
                           bool write) const {
    std::vector<Access> found;
    forEachAccess(
        geometry, operation, [](uint64_t) { return 0; },
        [&](const Access &access) {
          if (access.memory == memory && access.write == write)
            found.push_back(access);
        });
    return found;
  }

  /// Accesses that take at most `bytes` of a run each.
  static uint64_t pieces(const std::vector<Access> &runs, uint64_t bytes) {
    uint64_t sum = 0;
    for (const Access &run : runs)
      sum += divideUp(run.size, bytes);
    return sum;
  }

  void addMatmul(const Operation &operation) {
    const MatmulOperation &matmul = operation.matmul;
    if (!matmul.rows || !matmul.columns || !matmul.depth)
      return;
    const uint64_t laneBytes = 2 * geometry.rows,
                   depthBytes = matmul.depth * (matmul.isInt8() ? 1 : 2),
                   depthBlocks = divideUp(depthBytes, laneBytes),
                   columnBlocks = divideUp(matmul.columns, geometry.columns);
    // The two operands' runs are told apart by where they lie.
    Operation apart = operation;
    apart.matmul.activations.row = 0;
    apart.matmul.weights.row = 1 << 30;
    std::vector<Access> activations, weights;
    for (const Access &run : runs(apart, Memory::Scratchpad, false))
      (run.begin < (uint64_t(1) << 29) * geometry.rowBytes() ? activations
                                                             : weights)
          .push_back(run);
    // Rows pass once for each block of columns.
    const uint64_t rows = pieces(activations, laneBytes) * columnBlocks;
    counters[Counter::ScratchpadActivations] += rows;
    counters[matmul.isInt8() ? Counter::ArrayInt8Rows
                             : Counter::ArrayBf16Rows] += rows;
    // Weights are read once, several rows at a time.
    const uint64_t weightRows = matmul.weightsByColumn
                                    ? matmul.columns
                                    : divideUp(depthBytes, 2),
                   blockBytes = matmul.weightsByColumn ? laneBytes
                                                       : 2 * geometry.columns;
    counters[Counter::ScratchpadWeights] +=
        pieces(weights, blockBytes) / weightRows *
        divideUp(weightRows, geometry.weightRows);
    // Sums are written by each block of depth; the first reads only if it adds.
    const uint64_t sums = runs(operation, Memory::Accumulator, true).size();
    counters[Counter::AccumulatorSumsWrite] += sums * depthBlocks;
    counters[Counter::AccumulatorSumsRead] +=
        sums * (depthBlocks - 1 + matmul.accumulate);
  }

  /// The accesses of one vector operand: `alone` has no other.
  void addOperand(const Operation &alone, VectorType type, bool write,
                  Counter scratchpad, Counter accumulator) {
    const uint64_t lanes = geometry.vectorLanes;
    counters[scratchpad] += pieces(runs(alone, Memory::Scratchpad, write),
                                   lanes * (type == VectorType::int8 ? 1 : 2));
    counters[accumulator] +=
        pieces(runs(alone, Memory::Accumulator, write), 4 * lanes);
  }

  void addVector(const Operation &operation) {
    const VectorOperation &op = operation.vector;
    const isa::VectorStages stages = op.stages();
    Operation alone = operation;
    VectorOperation &only = alone.vector;
    only.multiply0 = isa::Multiply0::none;
    only.add0 = isa::Add0::none;
    only.add1 = isa::Add1::none;
    only.function = isa::VectorFunction::identity;
    only.multiply1 = isa::Multiply1::none;
    only.add2 = isa::Add2::none;
    only.reduce = isa::Reduce::none;
    only.elementType = only.destinationType = VectorType::none;
    addOperand(alone, op.sourceType, false, Counter::ScratchpadSource,
               Counter::AccumulatorSource);
    only.sourceType = VectorType::none;
    only.destinationType = op.destinationType;
    addOperand(alone, op.destinationType, true, Counter::ScratchpadResult,
               Counter::AccumulatorResult);
    only.destinationType = VectorType::none;
    if (stages.usesElement()) {
      only.elementType = op.elementType;
      addOperand(alone, op.elementType, false, Counter::ScratchpadElement,
                 Counter::AccumulatorElement);
      only.elementType = VectorType::none;
    }
    only.add0 = op.add0;
    only.function = op.function;
    only.functionOperand = op.functionOperand;
    only.multiply1 = op.multiply1;
    only.add2 = op.add2;
    counters[Counter::ScratchpadColumns] += pieces(
        runs(alone, Memory::Scratchpad, false), 2 * geometry.vectorLanes);

    const uint64_t chunks = divideUp(op.elements, geometry.vectorLanes),
                   items = op.rows * chunks;
    counters[Counter::VectorItems] += items;
    addStatistics(op, items, chunks);
  }

  /// Statistics are asked for by each item, whatever its footprint says once.
  void addStatistics(const VectorOperation &op, uint64_t items,
                     uint64_t chunks) {
    const isa::VectorStages stages = op.stages();
    const std::array<bool, 3> scalars = stages.usesStatistics();
    if (op.sourceType == VectorType::statistics ||
        (stages.usesElement() && op.elementType == VectorType::statistics))
      counters[Counter::StatisticsWordReads] += items;
    if (op.destinationType == VectorType::statistics)
      counters[Counter::StatisticsWordWrites] += items;
    if (scalars[0] || scalars[1] || scalars[2])
      counters[Counter::StatisticsRowReads] += items;
    if (op.reduce == isa::Reduce::none || chunks == 0)
      return;
    counters[Counter::VectorReductions] += items;
    counters[Counter::StatisticsRowWrites] += items;
    counters[Counter::StatisticsRowReads] +=
        op.reduceAccumulate ? items : items - op.rows;
  }

  const Geometry &geometry;
};

/// Counters that footprints do not imply.
bool isFree(Counter counter) {
  switch (counter) {
  case Counter::LoadBytes:
  case Counter::StoreBytes:
  case Counter::FetchBytes:
  case Counter::VectorMultiplies:
  case Counter::VectorAdds:
  case Counter::VectorFunctions:
    return true;
  default:
    return false;
  }
}

class AccessSum : public testing::TestWithParam<const char *> {};

TEST_P(AccessSum, IsWhatTheFootprintsImply) {
  const target::Target target = target::Target::load(GetParam());
  const Geometry geometry = geometryOf(target);
  const DramTiming timing = dramTimingOf(target);
  RunCounters all;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    TestProgram program = generateProgram(geometry, seed);
    const TestProgram::Flat flat = program.flatten();
    const Launch launch =
        program.launch(static_cast<uint32_t>(flat.words.size()));
    Accesses implied(geometry);
    Machine machine(geometry, launch);
    for (;;) {
      const uint8_t *word =
          machine.fetchable() ? flat.words[machine.pc()].data() : nullptr;
      const Machine::Step step = machine.step(word);
      if (step.kind == Machine::Step::Kind::Operation)
        implied.add(step.operation);
      else if (step.kind != Machine::Step::Kind::Control)
        break;
    }
    DramImage image = program.image(flat.words);
    RunRequest request;
    request.geometry = geometry;
    request.launch = launch;
    request.memory = &image;
    request.timing = &timing;
    request.options.timingOnly = true;
    const RunResult result = runSystemC(request);
    for (unsigned c = 0; c < kCounterCount; ++c) {
      all.sums[c] += result.counters.sums[c];
      if (!isFree(static_cast<Counter>(c))) {
        EXPECT_EQ(result.counters.sums[c], implied.counters.sums[c])
            << counterName(static_cast<Counter>(c)) << ", seed " << seed;
      }
    }
  }
  for (unsigned c = 0; c < kCounterCount; ++c)
    EXPECT_NE(all.sums[c], 0u) << counterName(static_cast<Counter>(c));
}

INSTANTIATE_TEST_SUITE_P(Targets, AccessSum,
                         testing::Values(TILEWORK_COSIM_TARGETS));

} // namespace
