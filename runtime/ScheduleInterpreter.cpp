// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One step of a schedule becomes one resolved operation, which the functional
// kernels execute.

#include "runtime/ScheduleInterpreter.h"

#include "sim/functional/Dma.h"
#include "sim/functional/Matmul.h"
#include "sim/functional/Vector.h"
#include "sim/stats/Run.h"

namespace tilework {

using namespace planning;

namespace {

class ScheduleRun {
public:
  ScheduleRun(const PlannedProgram &program, const Schedule &schedule,
              const sim::Geometry &geometry,
              const std::array<sim::Segment, 64> &segments,
              sim::OnChipMemories &memories, sim::DramImage &memory,
              const std::function<bool()> &cancelled)
      : program(program), schedule(schedule), geometry(geometry),
        segments(segments), memories(memories), memory(memory),
        cancelled(cancelled), turns(schedule.buffers.size(), 0) {}

  void run() { range(0, schedule.steps.size()); }

private:
  void range(size_t begin, size_t end);
  void execute(const Step &step);
  void copy(const Step &step);
  void matmul(const Step &step);
  void vector(const Step &step);

  int64_t at(const Affine &affine) const {
    int64_t value = affine.base;
    for (int d = 0; d < kMaxDepth; ++d)
      value += affine.steps[d] * iteration[d];
    return value;
  }
  uint32_t at(const Extent &extent) const {
    return static_cast<uint32_t>(
        extent.at(extent.depth < 0 ? 0 : iteration[extent.depth]));
  }
  uint64_t at(const DramTile &tile) const {
    const Placement &place = program.tensors[tile.tensor].place;
    return segments[place.segment].base + place.offset + at(tile.byte);
  }
  sim::TileAddress at(const Tile &tile) const {
    const Buffer &buffer = schedule.buffers[tile.buffer];
    const int64_t slot = (turns[tile.buffer] + tile.ahead) % buffer.slots;
    return {buffer.space == Space::accumulator,
            static_cast<uint32_t>(buffer.base + slot * buffer.pitchRows +
                                  at(tile.row)),
            static_cast<int32_t>(tile.stride),
            static_cast<int32_t>(tile.blockStride),
            static_cast<uint32_t>(tile.first)};
  }
  bool accumulates(Accumulate mode, int depth) const {
    return mode == Accumulate::always ||
           (mode == Accumulate::after_first && iteration[depth] != 0);
  }

  const PlannedProgram &program;
  const Schedule &schedule;
  const sim::Geometry &geometry;
  const std::array<sim::Segment, 64> &segments;
  sim::OnChipMemories &memories;
  sim::DramImage &memory;
  const std::function<bool()> &cancelled;
  std::vector<int64_t> turns; ///< of each buffer's ring
  std::array<int64_t, kMaxDepth> iteration{};
  int depth = 0;
};

void ScheduleRun::range(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    const Step &step = schedule.steps[i];
    if (step.kind != StepKind::Loop) {
      execute(step);
      continue;
    }
    size_t last = i;
    for (int open = 1; open > 0;) {
      const StepKind kind = schedule.steps.at(++last).kind;
      open += kind == StepKind::Loop ? 1 : kind == StepKind::End ? -1 : 0;
    }
    const int d = depth++;
    for (int64_t n = 0; n < step.trip; ++n) {
      iteration.at(d) = n;
      range(i + 1, last);
      for (size_t b = 0; b < turns.size(); ++b)
        turns[b] += schedule.buffers[b].turnDepth == d;
    }
    iteration[d] = 0;
    --depth;
    i = last;
  }
}

void ScheduleRun::execute(const Step &step) {
  if (cancelled && cancelled())
    throw sim::RunCancelled("cancelled");
  switch (step.kind) {
  case StepKind::Load:
  case StepKind::Store:
  case StepKind::Gather:
    return copy(step);
  case StepKind::Matmul:
    return matmul(step);
  case StepKind::Vector:
    return vector(step);
  case StepKind::Loop:
  case StepKind::End:
    return;
  }
}

void ScheduleRun::copy(const Step &step) {
  sim::DmaOperation dma;
  dma.dramAddress = at(step.dram);
  dma.dramStride = step.dram.stride;
  dma.dramOuterStride = step.dram.outerStride;
  dma.tile = at(step.tile);
  dma.tileOuterStride = static_cast<uint32_t>(step.outerStride);
  dma.outer = at(step.outer);
  dma.rows = at(step.rows);
  dma.rowBytes = at(step.columns) << step.elementLog2;
  if (step.kind == StepKind::Load) {
    sim::executeLoad(dma, geometry, memories, memory);
  } else if (step.kind == StepKind::Store) {
    sim::executeStore(dma, geometry, memories, memory);
  } else {
    dma.outer = 1;
    dma.indexAddress = at(step.indices);
    dma.bound = static_cast<uint32_t>(step.bound);
    sim::executeGather(dma, geometry, memories, memory);
  }
}

void ScheduleRun::matmul(const Step &step) {
  sim::MatmulOperation product;
  product.activations = at(step.tile);
  product.weights = at(step.weights);
  product.sums = at(step.sums);
  product.rows = at(step.rows);
  product.columns = at(step.columns);
  product.depth = at(step.depth);
  product.weightsByColumn = step.byColumns;
  product.accumulate = accumulates(step.accumulate, step.accumulateDepth);
  sim::executeMatmul(product, geometry, memories);
}

void ScheduleRun::vector(const Step &step) {
  const Chain &chain = step.chain;
  sim::VectorOperation v;
  auto number = [](auto value) { return static_cast<uint8_t>(value); };
  auto tile = [&](VectorType type, const Tile &operand) {
    return type == VectorType::none || type == VectorType::statistics
               ? sim::TileAddress{}
               : at(operand);
  };
  const isa::VectorStages stages = chain.stages();
  const bool element = stages.usesElement();
  v.elementType = element ? chain.elementType : VectorType::none;
  v.source = tile(chain.sourceType, step.tile);
  v.element =
      tile(element ? chain.elementType : VectorType::none, step.element);
  v.destination = tile(chain.destinationType, step.sums);
  for (unsigned i = 0; i < 3; ++i)
    if (stages.usesColumns()[i])
      v.columns[i] = at(step.column[i]);
  v.rows = at(step.rows);
  v.elements = at(step.columns);
  v.sourceType = chain.sourceType;
  v.destinationType = chain.destinationType;
  v.multiply0 = chain.multiply0;
  v.add0 = chain.add0;
  v.add1 = chain.add1;
  v.function = chain.function;
  v.functionOperand = chain.operand;
  v.multiply1 = chain.multiply1;
  v.add2 = chain.add2;
  v.reduce = chain.reduce;
  v.reduceAccumulate = accumulates(chain.reduceAccumulate, chain.reduceDepth);
  v.multiply0Scalar = chain.multiply0Scalar;
  v.add0Scalar = chain.add0Scalar;
  v.sourceStatistic = number(chain.sourceStatistic);
  v.elementStatistic = number(chain.elementStatistic);
  v.destinationStatistic = number(chain.destinationStatistic);
  v.multiply0Statistic = number(chain.multiply0Statistic);
  v.add1Statistic = number(chain.add1Statistic);
  v.multiply1Statistic = number(chain.multiply1Statistic);
  v.reduceStatistic = number(chain.reduceStatistic);
  v.statisticsRow =
      static_cast<uint32_t>(chain.statisticsBase) * geometry.vectorLanes;
  sim::executeVector(v, geometry, memories);
}

} // namespace

void interpretSchedules(const PlannedProgram &program,
                        const sim::Geometry &geometry,
                        const std::array<sim::Segment, 64> &segments,
                        sim::DramImage &memory,
                        const std::function<bool()> &cancelled) {
  sim::OnChipMemories memories(geometry);
  for (const Schedule &schedule : program.schedules)
    ScheduleRun(program, schedule, geometry, segments, memories, memory,
                cancelled)
        .run();
}

} // namespace tilework
