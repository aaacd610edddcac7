// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes schedule records: buffers, loops, DMA, products, and chains of vector
// steps. Every planner of a group kind uses it, so that the rules of one vector
// instruction (which stage can do what, one element operand) stand in one
// place.

#pragma once

#include "compiler/planning/Schedule.h"

namespace tilework::planning {

class ScheduleBuilder {
public:
  ScheduleBuilder(Schedule &schedule, const Machine &machine)
      : schedule(schedule), machine(machine) {}

  /// A new buffer; its index.
  int buffer(std::string name, Space space, int64_t slotRows, int64_t slots = 1,
             int turnDepth = -1);
  /// Opens a loop; its depth.
  int beginLoop(int64_t trip);
  void endLoop();
  int depth() const { return openLoops; }

  Step &load(const DramTile &dram, const Tile &tile, Extent rows,
             Extent columns, int elementLog2 = 1);
  Step &store(const DramTile &dram, const Tile &tile, Extent rows,
              Extent columns, int elementLog2 = 1);
  Step &step(StepKind kind);

  /// Provenance of the steps that follow: an index into Schedule::sources.
  void setPrimary(int index) { primary = index; }

  /// Rows that M rows of N bf16 take, and the same for an accumulator tile.
  int64_t tileRows(int64_t m, int64_t n) const {
    return m * ceilDiv(n, machine.lanes());
  }
  int64_t sumRows(int64_t m, int64_t n) const {
    return m * ceilDiv(n, machine.columns);
  }

  Schedule &schedule;
  const Machine &machine;

private:
  int openLoops = 0;
  int primary = 0;
};

/// A value in a tile with its type.
struct Value {
  Tile tile;
  VectorType type = VectorType::bf16;
};

/// A bf16 tile and where it is stored.
struct StoredTile {
  Tile tile;
  DramTile dram;
};

/// Stores what an fp32 value rounds to, then what that leaves, and so on: the
/// parts add up to the value. What is left goes to `left`, which may be the
/// value's own place.
void storeParts(ScheduleBuilder &b, Extent rows, Extent columns, Value value,
                const Value &left, const std::vector<StoredTile> &parts);

/// Packs a sequence of element operations on one tile into as few vector steps
/// as the stages allow. Where a step is full, the value so far goes to `spill`
/// (which may be the source's own tile) and a new step begins there.
class ChainWriter {
public:
  ChainWriter(ScheduleBuilder &builder, Extent rows, Extent columns,
              int statisticsBase, Value spill)
      : builder(builder), rows(rows), columns(columns),
        statisticsBase(statisticsBase), spill(spill) {}

  void begin(const Value &source);
  void beginStatistic(int statistic);
  void multiplyScalar(float scalar);
  void addScalar(float scalar);
  void multiplyStatistic(int statistic);
  void addStatistic(int statistic, bool minus);
  /// x − statistic, before what was added last where that costs no step.
  void subtractStatistic(int statistic);
  void multiplyColumn(const Tile &column);
  void addColumn(const Tile &column);
  void addElement(const Value &element);
  void multiplyElement(const Value &element);
  void addStatisticElement(int statistic);
  void multiplyStatisticElement(int statistic);
  void function(VectorFunction function);
  /// function(x, y); `scalar` is y, or what select and replace put in.
  void functionScalar(VectorFunction function, float scalar);
  void functionColumn(VectorFunction function, const Tile &y, float scalar);
  void functionStatistic(VectorFunction function, int statistic, float scalar);
  void functionElement(VectorFunction function, const Value &y, float scalar);
  /// Row statistics of the value so far; the chain ends here, with finish or
  /// finishStatistics.
  void reduce(Reduce kind, int statistic,
              Accumulate accumulate = Accumulate::never, int depth = -1);
  /// A step of its own that reduces the first `columns` of the value so far;
  /// the chain goes on.
  void reduceAside(Extent columns, Reduce kind, int statistic);
  void finish(const Value &destination);
  void finishToStatistic(int statistic);
  /// Ends the chain with its statistics as the only result.
  void finishStatistics();
  /// Whether the step in the making reads a row statistic: it cannot write one
  /// that it reads.
  bool readsStatistic() const {
    const std::array<bool, 3> uses = current.chain.stages().usesStatistics();
    return uses[0] || uses[1] || uses[2];
  }

private:
  /// Ends the step in the making at the spill tile and begins another there.
  void flush();
  void emit();
  /// Opens the function stage with this scalar.
  void beginFunction(VectorFunction function, FunctionOperand operand,
                     float scalar);
  /// Whether the function reads what the fifth stage would name.
  bool functionTakes(FunctionOperand operand) const {
    return takesOperand(current.chain.function) &&
           current.chain.operand == operand;
  }
  bool free(int stage) const { return position <= stage; }

  ScheduleBuilder &builder;
  Extent rows, columns;
  int statisticsBase;
  Value spill;
  Step current;
  int position = 0; ///< first stage that is still open, 0 … 5; 6: only
                    ///< reduction and destination
};

} // namespace tilework::planning
