// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes schedule records; the stages of a vector step are placed greedily,
// each operation at the first open stage that can do it.

#include "compiler/planning/ScheduleBuilder.h"

#include <cstring>

namespace tilework::planning {

int ScheduleBuilder::buffer(std::string name, Space space, int64_t slotRows,
                            int64_t slots, int turnDepth) {
  Buffer buffer;
  buffer.name = std::move(name);
  buffer.space = space;
  buffer.slotRows = slotRows;
  buffer.slots = slots;
  buffer.turnDepth = slots > 1 ? turnDepth : -1;
  schedule.buffers.push_back(std::move(buffer));
  return static_cast<int>(schedule.buffers.size()) - 1;
}

int ScheduleBuilder::beginLoop(int64_t trip) {
  step(StepKind::Loop).trip = trip;
  return openLoops++;
}

void ScheduleBuilder::endLoop() {
  step(StepKind::End);
  --openLoops;
}

Step &ScheduleBuilder::step(StepKind kind) {
  schedule.steps.emplace_back();
  schedule.steps.back().kind = kind;
  schedule.steps.back().primary = primary;
  return schedule.steps.back();
}

static Step &dma(ScheduleBuilder &builder, StepKind kind, const DramTile &dram,
                 const Tile &tile, Extent rows, Extent columns,
                 int elementLog2) {
  Step &step = builder.step(kind);
  step.dram = dram;
  step.tile = tile;
  step.rows = rows;
  step.columns = columns;
  step.elementLog2 = elementLog2;
  return step;
}

Step &ScheduleBuilder::load(const DramTile &dram, const Tile &tile, Extent rows,
                            Extent columns, int elementLog2) {
  return dma(*this, StepKind::Load, dram, tile, rows, columns, elementLog2);
}

Step &ScheduleBuilder::store(const DramTile &dram, const Tile &tile,
                             Extent rows, Extent columns, int elementLog2) {
  return dma(*this, StepKind::Store, dram, tile, rows, columns, elementLog2);
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

namespace {
enum Stage { kMultiply0, kAdd0, kAdd1, kFunction, kMultiply1, kAdd2, kEnd };
}

void ChainWriter::begin(const Value &source) {
  current = Step();
  current.kind = StepKind::Vector;
  current.rows = rows;
  current.columns = columns;
  current.tile = source.tile;
  current.chain.sourceType = source.type;
  current.chain.statisticsBase = statisticsBase;
  position = kMultiply0;
}

void ChainWriter::beginStatistic(int statistic) {
  begin({Tile(), VectorType::statistics});
  current.chain.sourceStatistic = statistic;
}

void ChainWriter::emit() {
  Step &step = builder.step(StepKind::Vector);
  int primary = step.primary;
  step = current;
  step.primary = primary;
}

void ChainWriter::flush() {
  current.sums = spill.tile;
  current.chain.destinationType = spill.type;
  emit();
  begin(spill);
}

void ChainWriter::multiplyScalar(float scalar) {
  if (scalar == 1.0f)
    return;
  if (!free(kMultiply0))
    flush();
  current.chain.multiply0 = Multiply0::scalar;
  current.chain.multiply0Scalar = scalar;
  position = kMultiply0 + 1;
}

void ChainWriter::addScalar(float scalar) {
  if (scalar == 0.0f)
    return;
  if (!free(kAdd0))
    flush();
  current.chain.add0 = Add0::scalar;
  current.chain.add0Scalar = scalar;
  position = kAdd0 + 1;
}

void ChainWriter::multiplyStatistic(int statistic) {
  if (!free(kMultiply1))
    flush();
  if (free(kMultiply0)) {
    current.chain.multiply0 = Multiply0::statistic;
    current.chain.multiply0Statistic = statistic;
    position = kMultiply0 + 1;
    return;
  }
  if (functionTakes(FunctionOperand::statistic) &&
      current.chain.multiply1Statistic != statistic) {
    flush();
    return multiplyStatistic(statistic);
  }
  current.chain.multiply1 = Multiply1::statistic;
  current.chain.multiply1Statistic = statistic;
  position = kMultiply1 + 1;
}

void ChainWriter::addStatistic(int statistic, bool minus) {
  if (!free(kAdd1))
    flush();
  current.chain.add1 = minus ? Add1::minus_statistic : Add1::statistic;
  current.chain.add1Statistic = statistic;
  position = kAdd1 + 1;
}

void ChainWriter::subtractStatistic(int statistic) {
  Chain &c = current.chain;
  bool onlySums = c.add1 == Add1::none &&
                  c.function == VectorFunction::identity &&
                  c.multiply1 == Multiply1::none;
  if (!onlySums)
    return addStatistic(statistic, true);
  c.add1 = Add1::minus_statistic;
  c.add1Statistic = statistic;
  position = std::max<int>(position, kAdd1 + 1);
}

void ChainWriter::multiplyColumn(const Tile &column) {
  if (!free(kMultiply1) || functionTakes(FunctionOperand::column))
    flush();
  current.chain.multiply1 = Multiply1::column;
  current.column[1] = column;
  position = kMultiply1 + 1;
}

void ChainWriter::addColumn(const Tile &column) {
  if (!free(kAdd2))
    flush();
  // The early stage leaves the later ones open; the late one serves a chain
  // that has passed it.
  if (free(kAdd0)) {
    current.chain.add0 = Add0::column;
    current.column[0] = column;
    position = kAdd0 + 1;
    return;
  }
  current.chain.add2 = Add2::column;
  current.column[2] = column;
  position = kAdd2 + 1;
}

void ChainWriter::addElement(const Value &element) {
  if (!free(kAdd1) || current.chain.elementType != VectorType::none)
    flush();
  bool early = free(kAdd0);
  if (early)
    current.chain.add0 = Add0::element;
  else
    current.chain.add1 = Add1::element;
  current.element = element.tile;
  current.chain.elementType = element.type;
  position = (early ? kAdd0 : kAdd1) + 1;
}

void ChainWriter::multiplyElement(const Value &element) {
  if (!free(kMultiply1) || current.chain.elementType != VectorType::none)
    flush();
  current.chain.multiply1 = Multiply1::element;
  current.element = element.tile;
  current.chain.elementType = element.type;
  position = kMultiply1 + 1;
}

void ChainWriter::addStatisticElement(int statistic) {
  addElement({Tile(), VectorType::statistics});
  current.chain.elementStatistic = statistic;
}

void ChainWriter::multiplyStatisticElement(int statistic) {
  multiplyElement({Tile(), VectorType::statistics});
  current.chain.elementStatistic = statistic;
}

void ChainWriter::function(VectorFunction function) {
  if (function == VectorFunction::identity)
    return;
  if (!free(kFunction))
    flush();
  current.chain.function = function;
  position = kFunction + 1;
}

void ChainWriter::beginFunction(VectorFunction function,
                                FunctionOperand operand, float scalar) {
  // The second stage has the same scalar register.
  uint32_t bits[2];
  std::memcpy(&bits[0], &scalar, sizeof scalar);
  std::memcpy(&bits[1], &current.chain.add0Scalar, sizeof scalar);
  if (!free(kFunction) ||
      (current.chain.add0 == Add0::scalar && bits[0] != bits[1]))
    flush();
  current.chain.function = function;
  current.chain.operand = operand;
  current.chain.add0Scalar = scalar;
  position = kFunction + 1;
}

void ChainWriter::functionScalar(VectorFunction function, float scalar) {
  beginFunction(function, FunctionOperand::scalar, scalar);
}

void ChainWriter::functionColumn(VectorFunction function, const Tile &y,
                                 float scalar) {
  beginFunction(function, FunctionOperand::column, scalar);
  current.column[1] = y;
}

void ChainWriter::functionStatistic(VectorFunction function, int statistic,
                                    float scalar) {
  beginFunction(function, FunctionOperand::statistic, scalar);
  current.chain.multiply1Statistic = statistic;
}

void ChainWriter::functionElement(VectorFunction function, const Value &y,
                                  float scalar) {
  if (current.chain.elementType != VectorType::none)
    flush();
  beginFunction(function, FunctionOperand::element, scalar);
  current.element = y.tile;
  current.chain.elementType = y.type;
}

void ChainWriter::reduce(Reduce kind, int statistic, Accumulate accumulate,
                         int depth) {
  current.chain.reduce = kind;
  current.chain.reduceStatistic = statistic;
  current.chain.reduceAccumulate = accumulate;
  current.chain.reduceDepth = depth;
  position = kEnd;
}

void ChainWriter::reduceAside(Extent columns, Reduce kind, int statistic) {
  Step step = current;
  step.columns = columns;
  step.chain.reduce = kind;
  step.chain.reduceStatistic = statistic;
  std::swap(step, current);
  finishStatistics();
  std::swap(step, current);
}

void ChainWriter::finish(const Value &destination) {
  current.sums = destination.tile;
  current.chain.destinationType = destination.type;
  emit();
}

void ChainWriter::finishToStatistic(int statistic) {
  current.chain.destinationStatistic = statistic;
  finish({Tile(), VectorType::statistics});
}

void ChainWriter::finishStatistics() { finish({Tile(), VectorType::none}); }

void storeParts(ScheduleBuilder &b, Extent rows, Extent columns, Value value,
                const Value &left, const std::vector<StoredTile> &parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const Value part = {parts[i].tile, VectorType::bf16};
    ChainWriter rounded(b, rows, columns, 0, left);
    rounded.begin(value);
    rounded.finish(part);
    b.store(parts[i].dram, part.tile, rows, columns);
    if (i + 1 == parts.size())
      break;
    // Exact: the part has the upper bits of the value.
    ChainWriter rest(b, rows, columns, 0, left);
    rest.begin(part);
    rest.multiplyScalar(-1.0f);
    rest.addElement(value);
    rest.finish(left);
    value = left;
  }
}

} // namespace tilework::planning
