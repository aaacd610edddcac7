// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans row programs: elementwise chains, normalisations, softmax, row
// reductions and gathered rows, as one loop over row tiles (and column tiles
// where nothing spans a row). Values that end a chain get a tile of their own;
// within a chain they stay in the lanes.

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tilework::planning {

namespace {

/// What a value is as large as: a tile, one row of the columns, or one entry a
/// row.
enum class Shape { Tile, Column, Vector };

constexpr int kFirst = 0, kSecond = 1, kRowScalar = 3;

bool spansRow(RowOpKind kind) {
  return kind == RowOpKind::Softmax || kind == RowOpKind::Normalise ||
         kind == RowOpKind::RowSum || kind == RowOpKind::RowMean ||
         kind == RowOpKind::RowMaximum;
}

class RowsWriter {
public:
  RowsWriter(const RowsGroup &group, int64_t m, int64_t n,
             const Machine &machine, Schedule &schedule)
      : g(group), m(m), n(n), machine(machine), schedule(schedule),
        b(schedule, machine), L(machine.lanes()) {}
  /// False where an operation mixes shapes that no stage can.
  bool write(std::string &refusal);

private:
  struct Node {
    Shape shape = Shape::Tile;
    int buffer = -1; ///< -1: not in memory
    int uses = 0;
  };

  Extent rows(Shape s) const {
    return s == Shape::Tile ? Extent(m, g.m, mDepth) : Extent(1);
  }
  Extent columns(Shape s) const {
    return s == Shape::Vector ? Extent(m, g.m, mDepth) : Extent(n, g.n, nDepth);
  }
  int64_t rowCount(Shape s) const { return s == Shape::Tile ? m : 1; }
  Tile tileOf(int value) const {
    Tile tile;
    tile.buffer = nodes[value].buffer;
    tile.blockStride = rowCount(nodes[value].shape);
    return tile;
  }
  int64_t bufferRows(Shape s) const {
    return rowCount(s) * ceilDiv(s == Shape::Vector ? m : n, L);
  }
  Affine batched(const Access &access) const {
    Affine byte = access.offset;
    for (size_t d = 0; d < access.batchStrides.size() && d < g.batch.size();
         ++d)
      byte.add(static_cast<int>(d), access.batchStrides[d]);
    return byte;
  }
  void source(int index) {
    int s = g.ops[index].source;
    for (size_t i = 0; i < schedule.sources.size(); ++i)
      if (schedule.sources[i] == s) {
        b.setPrimary(static_cast<int>(i));
        return;
      }
    schedule.sources.push_back(s);
    b.setPrimary(static_cast<int>(schedule.sources.size()) - 1);
  }
  void loadInput(int index);
  /// Continues the open chain when it ends in `value` and nobody else needs it;
  /// otherwise starts one from its tile.
  ChainWriter &open(int value, int result);
  void close();
  void materialise(int value);
  Value operand(int value) {
    materialise(value);
    return {tileOf(value), ValueType::Bf16};
  }
  /// The statistic that holds a vector of M.
  int rowScalar(int value);
  bool binary(int index, std::string &refusal);
  void across(int index);
  Value spill(Shape shape);

  const RowsGroup &g;
  int64_t m, n;
  const Machine &machine;
  Schedule &schedule;
  ScheduleBuilder b;
  int64_t L;
  int mDepth = 0, nDepth = 0;
  std::vector<Node> nodes;
  std::optional<ChainWriter> chain;
  int chainValue = -1;
  int spillBuffer = -1;
};

void RowsWriter::loadInput(int index) {
  const RowOp &op = g.ops[index];
  Node &node = nodes[index];
  DramTile dram;
  dram.tensor = op.access.tensor;
  dram.byte = batched(op.access);
  dram.stride = op.access.rowStride;
  Tile tile;
  if (op.kind == RowOpKind::Column) {
    dram.stride = 0;
    dram.byte.add(nDepth, n * 2);
    tile.buffer = node.buffer = b.buffer("column", Space::Scratchpad,
                                         bufferRows(Shape::Column), 2, nDepth);
    tile.blockStride = 1;
    b.load(dram, tile, 1, columns(Shape::Column));
    return;
  }
  if (op.kind == RowOpKind::RowScalar) {
    tile.buffer = node.buffer = b.buffer("scalars", Space::Scratchpad,
                                         bufferRows(Shape::Vector), 2, nDepth);
    tile.blockStride = 1;
    dram.byte.add(mDepth, m * op.access.rowStride);
    dram.stride = 0;
    b.load(dram, tile, 1, columns(Shape::Vector));
    return;
  }
  tile.buffer = node.buffer =
      b.buffer("input", Space::Scratchpad, bufferRows(Shape::Tile), 2, nDepth);
  tile.blockStride = m;
  dram.byte.add(nDepth, n * 2);
  if (op.kind == RowOpKind::Gather) {
    Step &step = b.step(StepKind::Gather);
    step.dram = dram;
    step.tile = tile;
    step.rows = rows(Shape::Tile);
    step.columns = columns(Shape::Tile);
    step.indices.tensor = op.indices.tensor;
    step.indices.byte = batched(op.indices);
    step.indices.byte.add(mDepth, m * op.indices.rowStride);
    step.bound = op.bound;
    return;
  }
  dram.byte.add(mDepth, m * op.access.rowStride);
  b.load(dram, tile, rows(Shape::Tile), columns(Shape::Tile));
}

Value RowsWriter::spill(Shape shape) {
  // Between the steps of one chain values stay in fp32.
  if (spillBuffer < 0)
    spillBuffer = b.buffer("spill", Space::Accumulator,
                           std::max(b.sumRows(m, n), b.sumRows(1, m)), 1, -1);
  Value value;
  value.tile.buffer = spillBuffer;
  value.tile.blockStride = rowCount(shape);
  value.type = ValueType::Fp32;
  return value;
}

void RowsWriter::materialise(int value) {
  if (chain && chainValue == value)
    close();
}

void RowsWriter::close() {
  if (!chain)
    return;
  Node &node = nodes[chainValue];
  node.buffer =
      b.buffer("value", Space::Scratchpad, bufferRows(node.shape), 2, nDepth);
  chain->finish({tileOf(chainValue), ValueType::Bf16});
  chain.reset();
  chainValue = -1;
}

ChainWriter &RowsWriter::open(int value, int result) {
  if (chain && chainValue == value && nodes[value].uses == 1 &&
      nodes[value].shape == nodes[result].shape) {
    chainValue = result;
    return *chain;
  }
  close();
  Shape shape = nodes[result].shape;
  chain.emplace(b, rows(shape), columns(shape), 0, spill(shape));
  chain->begin({tileOf(value), ValueType::Bf16});
  chainValue = result;
  return *chain;
}

int RowsWriter::rowScalar(int value) {
  Value v = operand(value);
  ChainWriter move(b, 1, columns(Shape::Vector), 0, Value());
  move.begin(v);
  move.finishToStatistic(kRowScalar);
  return kRowScalar;
}

bool RowsWriter::binary(int index, std::string &refusal) {
  const RowOp &op = g.ops[index];
  int x = op.lhs, y = op.rhs;
  RowOpKind kind = op.kind;
  Shape shape = nodes[index].shape;
  bool commutes = kind != RowOpKind::Subtract && kind != RowOpKind::Divide;
  // The chain runs on an operand of the result's shape.
  if (commutes &&
      (nodes[x].shape != shape ||
       (chain && chainValue == y && nodes[y].shape == shape && x != y)))
    std::swap(x, y);
  auto add = [&](ChainWriter &c, int value) {
    if (nodes[value].shape == shape)
      c.addElement({tileOf(value), ValueType::Bf16});
    else if (nodes[value].shape == Shape::Column)
      c.addColumn(tileOf(value));
    else
      c.addStatistic(kRowScalar, false);
  };
  auto multiply = [&](ChainWriter &c, int value) {
    if (nodes[value].shape == shape)
      c.multiplyElement({tileOf(value), ValueType::Bf16});
    else if (nodes[value].shape == Shape::Column)
      c.multiplyColumn(tileOf(value));
    else
      c.multiplyStatistic(kRowScalar);
  };
  // An operand that is not the chain's must be in memory (or in the statistic)
  // before the chain goes on.
  auto ready = [&](int value) {
    if (chain && chainValue == value)
      close();
    if (nodes[value].shape == Shape::Vector && shape != Shape::Vector) {
      close();
      rowScalar(value);
    }
  };
  if (x == y)
    materialise(x);
  switch (kind) {
  case RowOpKind::Add:
  case RowOpKind::Multiply: {
    ready(y);
    ChainWriter &c = open(x, index);
    kind == RowOpKind::Add ? add(c, y) : multiply(c, y);
    return true;
  }
  case RowOpKind::Subtract: {
    if (nodes[y].shape == shape) { // x + (−1)·y
      ready(x);
      ChainWriter &c = open(y, index);
      c.multiplyScalar(-1.0f);
      add(c, x);
      return true;
    }
    ready(y);
    ChainWriter &c = open(x, index);
    if (nodes[y].shape == Shape::Vector) {
      c.addStatistic(kRowScalar, true);
      return true;
    }
    c.multiplyScalar(-1.0f);
    c.addColumn(tileOf(y));
    c.multiplyScalar(-1.0f);
    return true;
  }
  case RowOpKind::Divide: {
    if (nodes[y].shape == shape) {
      ready(x);
      ChainWriter &c = open(y, index);
      c.function(Function::Reciprocal);
      multiply(c, x);
      return true;
    }
    if (nodes[y].shape == Shape::Vector) {
      ready(y);
      ChainWriter inverse(b, 1, columns(Shape::Vector), 0, Value());
      inverse.beginStatistic(kRowScalar);
      inverse.function(Function::Reciprocal);
      inverse.finishToStatistic(kRowScalar);
      open(x, index).multiplyStatistic(kRowScalar);
      return true;
    }
    // One row of reciprocals serves all rows.
    bool keep = chain && chainValue == x;
    if (keep)
      close();
    Value source = operand(y);
    int row = b.buffer("value", Space::Scratchpad, bufferRows(Shape::Column), 2,
                       nDepth);
    ChainWriter inverse(b, 1, columns(Shape::Column), 0, Value());
    inverse.begin(source);
    inverse.function(Function::Reciprocal);
    Value target;
    target.tile.buffer = row;
    target.tile.blockStride = 1;
    inverse.finish(target);
    open(x, index).multiplyColumn(target.tile);
    return true;
  }
  case RowOpKind::Maximum:
  case RowOpKind::Minimum: {
    if (nodes[x].shape != shape || nodes[y].shape != shape) {
      refusal = "a maximum or minimum of operands of different shapes";
      return false;
    }
    // max(x, y) = relu(y − x) + x; min(x, y) = x − relu(x − y).
    materialise(x);
    ready(y);
    bool maximum = kind == RowOpKind::Maximum;
    ChainWriter &c = open(maximum ? x : y, index);
    c.multiplyScalar(-1.0f);
    c.addElement({tileOf(maximum ? y : x), ValueType::Bf16});
    c.function(Function::Relu);
    if (!maximum)
      c.multiplyScalar(-1.0f);
    c.addElement({tileOf(x), ValueType::Bf16});
    return true;
  }
  default:
    return false;
  }
}

void RowsWriter::across(int index) {
  const RowOp &op = g.ops[index];
  int x = op.lhs;
  Extent r = rows(Shape::Tile), c = columns(Shape::Tile);
  // The pass that makes the operand reduces it too, where the operand ends in a
  // tile anyway.
  bool needed = op.kind == RowOpKind::Softmax ||
                op.kind == RowOpKind::Normalise || nodes[x].uses > 1;
  ChainWriter *first;
  std::optional<ChainWriter> own;
  bool fresh = !(chain && chainValue == x) || chain->readsStatistic();
  if (fresh) {
    close();
    own.emplace(b, r, c, 0, Value());
    own->begin({tileOf(x), ValueType::Bf16});
    first = &*own;
  } else {
    first = &*chain;
  }
  switch (op.kind) {
  case RowOpKind::Softmax:
  case RowOpKind::RowMaximum:
    first->reduce(Reduce::Maximum, kFirst);
    break;
  case RowOpKind::Normalise:
    first->reduce(Reduce::SumAndSquares, kFirst);
    break;
  default:
    first->reduce(Reduce::Sum, kFirst);
    break;
  }
  if (fresh || !needed) {
    first->finishStatistics();
    chain.reset();
    chainValue = -1;
  } else {
    close();
  }
  if (op.kind == RowOpKind::Softmax) {
    Value powers = spill(Shape::Tile);
    ChainWriter exponential(b, r, c, 0, Value());
    exponential.begin({tileOf(x), ValueType::Bf16});
    exponential.addStatistic(kFirst, true);
    exponential.function(Function::Exponential);
    exponential.reduce(Reduce::Sum, kSecond);
    exponential.finish(powers);
    ChainWriter inverse(b, 1, columns(Shape::Vector), 0, Value());
    inverse.beginStatistic(kSecond);
    inverse.function(Function::Reciprocal);
    inverse.finishToStatistic(kSecond);
    chain.emplace(b, r, c, 0, powers);
    chain->begin(powers);
    chain->multiplyStatistic(kSecond);
    chainValue = index;
    return;
  }
  if (op.kind == RowOpKind::Normalise) {
    finishNormStatistics(b, op.norm, g.n, columns(Shape::Vector), 0);
    chain.emplace(b, r, c, 0, spill(Shape::Tile));
    chain->begin({tileOf(x), ValueType::Bf16});
    chain->multiplyStatistic(1);
    if (!op.norm.root)
      chain->addStatistic(0, false);
    auto column = [&](int tensor) {
      Tile tile;
      tile.buffer = b.buffer("column", Space::Scratchpad,
                             bufferRows(Shape::Column), 2, nDepth);
      tile.blockStride = 1;
      DramTile dram;
      dram.tensor = tensor;
      b.load(dram, tile, 1, g.n);
      return tile;
    };
    if (op.norm.scale >= 0)
      chain->multiplyColumn(column(op.norm.scale));
    if (op.norm.shift >= 0)
      chain->addColumn(column(op.norm.shift));
    chainValue = index;
    return;
  }
  chain.emplace(b, 1, columns(Shape::Vector), 0, spill(Shape::Vector));
  chain->beginStatistic(kFirst);
  if (op.kind == RowOpKind::RowMean)
    chain->multiplyScalar(1.0f / static_cast<float>(g.n));
  chainValue = index;
}

bool RowsWriter::write(std::string &refusal) {
  nodes.assign(g.ops.size(), Node());
  for (size_t i = 0; i < g.ops.size(); ++i) {
    const RowOp &op = g.ops[i];
    Node &node = nodes[i];
    for (int x : {op.lhs, op.rhs})
      if (x >= 0)
        ++nodes[x].uses;
    switch (op.kind) {
    case RowOpKind::Input:
    case RowOpKind::Gather:
    case RowOpKind::Softmax:
    case RowOpKind::Normalise:
      node.shape = Shape::Tile;
      break;
    case RowOpKind::Column:
      node.shape = Shape::Column;
      break;
    case RowOpKind::RowScalar:
    case RowOpKind::RowSum:
    case RowOpKind::RowMean:
    case RowOpKind::RowMaximum:
      node.shape = Shape::Vector;
      break;
    default: {
      node.shape = nodes[op.lhs].shape;
      if (op.rhs >= 0 && nodes[op.rhs].shape != node.shape) {
        if (node.shape != Shape::Tile && nodes[op.rhs].shape != Shape::Tile) {
          refusal = "an operation on a row and a column, neither of which has "
                    "the result's shape";
          return false;
        }
        node.shape = Shape::Tile;
      }
      break;
    }
    }
  }
  for (const RowsGroup::Output &output : g.outputs)
    ++nodes[output.value].uses;
  for (int64_t size : g.batch)
    b.beginLoop(size);
  mDepth = b.beginLoop(ceilDiv(g.m, m));
  nDepth = b.beginLoop(ceilDiv(g.n, n));
  for (size_t i = 0; i < g.ops.size(); ++i) {
    const RowOp &op = g.ops[i];
    int index = static_cast<int>(i);
    source(index);
    switch (op.kind) {
    case RowOpKind::Input:
    case RowOpKind::Column:
    case RowOpKind::RowScalar:
    case RowOpKind::Gather:
      loadInput(index);
      break;
    case RowOpKind::Function:
      open(op.lhs, index).function(op.function);
      chainValue = index;
      break;
    case RowOpKind::AddScalar:
      open(op.lhs, index).addScalar(op.scalar);
      break;
    case RowOpKind::MultiplyScalar:
      open(op.lhs, index).multiplyScalar(op.scalar);
      break;
    default:
      if (spansRow(op.kind))
        across(index);
      else if (!binary(index, refusal))
        return false;
      break;
    }
    // A value with several readers, or an output, ends its chain here.
    if (chain && chainValue == index && nodes[index].uses > 1)
      close();
  }
  close();
  for (const RowsGroup::Output &output : g.outputs) {
    source(output.value);
    Shape shape = nodes[output.value].shape;
    DramTile dram;
    dram.tensor = output.access.tensor;
    dram.byte = batched(output.access);
    if (shape != Shape::Column)
      dram.byte.add(mDepth, m * output.access.rowStride);
    if (shape != Shape::Vector)
      dram.byte.add(nDepth, n * 2);
    dram.stride = shape == Shape::Tile ? output.access.rowStride : 0;
    b.store(dram, tileOf(output.value), rows(shape), columns(shape));
  }
  b.endLoop();
  b.endLoop();
  for (size_t d = 0; d < g.batch.size(); ++d)
    b.endLoop();
  return true;
}

} // namespace

Planned planRows(const RowsGroup &group, const Machine &machine) {
  Planned result;
  int64_t L = machine.lanes();
  bool whole = false, statistics = false;
  for (const RowOp &op : group.ops) {
    whole |= spansRow(op.kind);
    statistics |= spansRow(op.kind) || op.kind == RowOpKind::RowScalar;
  }
  int64_t most = statistics ? std::min<int64_t>(group.m, machine.statisticsRows)
                            : std::min<int64_t>(group.m, 16384);
  auto mChoices = tileChoices(group.m, 1, most);
  auto nChoices =
      whole ? std::vector<int64_t>{group.n} : tileChoices(group.n, L, 32768);
  int64_t least = -1, leastSums = -1;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t n : nChoices)
    for (int64_t m : mChoices) {
      double tiles = double(ceilDiv(group.m, m)) * double(ceilDiv(group.n, n));
      for (int64_t size : group.batch)
        tiles *= double(size);
      // Few tiles overlap badly, many cost a start each.
      double area = double(m) * double(std::min(n, group.n));
      double cost = tiles * 200.0 + area * 0.25 +
                    (n < group.n ? tiles * double(m) * 4.0 : 0.0);
      if (cost >= best)
        continue;
      Schedule schedule;
      RowsWriter writer(group, m, std::min(n, roundUp(group.n, L)), machine,
                        schedule);
      if (!writer.write(result.refusal))
        return result;
      least = scratchpadRowsNeeded(schedule, machine);
      leastSums = accumulatorRowsNeeded(schedule);
      if (!fits(schedule, machine))
        continue;
      best = cost;
      double bytes = 0;
      for (const Step &step : schedule.steps)
        if (step.kind == StepKind::Load || step.kind == StepKind::Store ||
            step.kind == StepKind::Gather)
          bytes += tiles * double(std::min<int64_t>(step.rows.tile, group.m)) *
                   double(std::min<int64_t>(step.columns.tile,
                                            std::max(group.n, group.m))) *
                   2.0;
      schedule.cost.dramBytes = bytes;
      schedule.cost.total = bytes / machine.dramBytesPerCycle + tiles * 200.0;
      result.schedule = std::move(schedule);
    }
  if (!result.schedule) {
    result.refusal = "no tile of a row of " + std::to_string(group.n) +
                     " elements fits: the smallest tried needs " +
                     std::to_string(least) + " scratchpad and " +
                     std::to_string(leastSums) +
                     " accumulator rows, the target has " +
                     std::to_string(machine.scratchpadRows()) + " and " +
                     std::to_string(machine.accumulatorRows());
    return result;
  }
  allocate(*result.schedule, machine, false);
  return result;
}

} // namespace tilework::planning
