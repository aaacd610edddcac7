// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row programs as steps: the whole row in one tile. Values that end a chain get
// a tile of their own; within a chain they stay in the lanes.

#include "compiler/planning/RowsWriter.h"

#include "compiler/planning/Planner.h"

#include <algorithm>
#include <limits>

namespace tilework::planning {

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
    tile.buffer = node.buffer = b.buffer("column", Space::scratchpad,
                                         bufferRows(Shape::Column), 2, nDepth);
    tile.blockStride = 1;
    b.load(dram, tile, 1, columns(Shape::Column));
    return;
  }
  if (op.kind == RowOpKind::RowScalar) {
    tile.buffer = node.buffer = b.buffer("scalars", Space::scratchpad,
                                         bufferRows(Shape::Vector), 2, nDepth);
    tile.blockStride = 1;
    dram.byte.add(mDepth, m * op.access.rowStride);
    dram.stride = 0;
    b.load(dram, tile, 1, columns(Shape::Vector));
    return;
  }
  tile.buffer = node.buffer =
      b.buffer("input", Space::scratchpad, bufferRows(Shape::Tile), 2, nDepth);
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
    spillBuffer = b.buffer("spill", Space::accumulator,
                           std::max(b.sumRows(m, n), b.sumRows(1, m)), 1, -1);
  Value value;
  value.tile.buffer = spillBuffer;
  value.tile.blockStride = rowCount(shape);
  value.type = VectorType::fp32;
  return value;
}

void RowsWriter::materialise(int value) {
  if (chain && chainValue == value)
    close();
}

void RowsWriter::place(Node &node) {
  if (!node.wide) {
    node.buffer =
        b.buffer("value", Space::scratchpad, bufferRows(node.shape), 2, nDepth);
    return;
  }
  const int64_t size = sumRowsOf(node.shape);
  auto found = std::find_if(unused.begin(), unused.end(),
                            [&](auto &free) { return free.first == size; });
  if (found == unused.end()) {
    node.buffer = b.buffer("wide", Space::accumulator, size, 1, -1);
    return;
  }
  node.buffer = found->second;
  unused.erase(found);
}

void RowsWriter::release(int value) {
  Node &node = nodes[value];
  if (--node.left > 0 || !node.wide || node.buffer < 0)
    return;
  unused.push_back({schedule.buffers[node.buffer].slotRows, node.buffer});
}

void RowsWriter::narrow(int value) {
  Node &node = nodes[value];
  if (!node.wide)
    return;
  ChainWriter c(b, rows(node.shape), columns(node.shape), 0, Value());
  c.begin(as(value, node.shape));
  node.wide = false;
  place(node);
  c.finish({tileOf(value), VectorType::bf16});
}

DramTile RowsWriter::placeOf(const Access &access, Shape shape) const {
  DramTile dram;
  dram.tensor = access.tensor;
  dram.byte = batched(access);
  if (shape != Shape::Column)
    dram.byte.add(mDepth, m * access.rowStride);
  if (shape != Shape::Vector)
    dram.byte.add(nDepth, n * 2);
  dram.stride = shape == Shape::Tile ? access.rowStride : 0;
  return dram;
}

std::vector<StoredTile> RowsWriter::partsOf(const RowsGroup::Output &output,
                                            Shape shape, int depth) {
  std::vector<StoredTile> parts;
  auto add = [&](const Access &access) {
    Tile tile;
    tile.buffer =
        b.buffer("part", Space::scratchpad, bufferRows(shape), 2, depth);
    tile.blockStride = rowCount(shape);
    parts.push_back({tile, placeOf(access, shape)});
  };
  add(output.access);
  for (const Access &access : output.rest)
    add(access);
  return parts;
}

void RowsWriter::storeOutput(const RowsGroup::Output &output) {
  source(output.value);
  const Shape shape = nodes[output.value].shape;
  if (output.rest.empty()) {
    narrow(output.value);
    b.store(placeOf(output.access, shape), tileOf(output.value), rows(shape),
            columns(shape));
    return;
  }
  Value left;
  left.tile.buffer =
      b.buffer("rest", Space::accumulator, sumRowsOf(shape), 1, -1);
  left.tile.blockStride = rowCount(shape);
  left.type = VectorType::fp32;
  storeParts(b, rows(shape), columns(shape), as(output.value, shape), left,
             partsOf(output, shape, nDepth));
}

void RowsWriter::close() {
  if (!chain)
    return;
  place(nodes[chainValue]);
  chain->finish({tileOf(chainValue), typeOf(chainValue)});
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
  chain->begin(as(value, shape));
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

void RowsWriter::add(ChainWriter &c, int value, Shape shape) {
  if (isElement(value, shape))
    c.addElement(as(value, shape));
  else if (nodes[value].shape == Shape::Column)
    c.addColumn(tileOf(value));
  else
    c.addStatistic(kRowScalar, false);
}

void RowsWriter::multiply(ChainWriter &c, int value, Shape shape) {
  if (isElement(value, shape))
    c.multiplyElement(as(value, shape));
  else if (nodes[value].shape == Shape::Column)
    c.multiplyColumn(tileOf(value));
  else
    c.multiplyStatistic(kRowScalar);
}

void RowsWriter::ready(int value, Shape shape) {
  materialise(value);
  if (nodes[value].shape == Shape::Vector && shape != Shape::Vector) {
    close();
    rowScalar(value);
  }
}

void RowsWriter::binary(int index) {
  const RowOp &op = g.ops[index];
  int x = op.lhs, y = op.rhs;
  Shape shape = nodes[index].shape;
  if (x == y)
    materialise(x);
  switch (op.kind) {
  case RowOpKind::Subtract:
    return subtract(x, y, index);
  case RowOpKind::Divide:
    return divide(x, y, index);
  default:
    break;
  }
  if (preference(y, shape) > preference(x, shape) ||
      (chain && chainValue == y && x != y &&
       preference(y, shape) == preference(x, shape)))
    std::swap(x, y);
  ready(y, shape);
  ChainWriter &c = open(x, index);
  op.kind == RowOpKind::Add ? add(c, y, shape) : multiply(c, y, shape);
}

void RowsWriter::subtract(int x, int y, int index) {
  Shape shape = nodes[index].shape;
  bool onColumn =
      nodes[x].shape == Shape::Vector && nodes[y].shape == Shape::Column;
  if (nodes[y].shape == shape || onColumn) { // x + (−1)·y
    ready(x, shape);
    ChainWriter &c = open(y, index);
    c.multiplyScalar(-1.0f);
    add(c, x, shape);
    return;
  }
  ready(y, shape);
  ChainWriter &c = open(x, index);
  if (nodes[y].shape == Shape::Vector) {
    c.addStatistic(kRowScalar, true);
    return;
  }
  c.multiplyScalar(-1.0f);
  add(c, y, shape);
  c.multiplyScalar(-1.0f);
}

void RowsWriter::divide(int x, int y, int index) {
  Shape shape = nodes[index].shape;
  bool onColumn =
      nodes[x].shape == Shape::Vector && nodes[y].shape == Shape::Column;
  if (nodes[y].shape == shape || onColumn) {
    ready(x, shape);
    ChainWriter &c = open(y, index);
    c.function(VectorFunction::reciprocal);
    multiply(c, x, shape);
    return;
  }
  if (nodes[y].shape == Shape::Vector) {
    ready(y, shape);
    ChainWriter inverse(b, 1, columns(Shape::Vector), 0, Value());
    inverse.beginStatistic(kRowScalar);
    inverse.function(VectorFunction::reciprocal);
    inverse.finishToStatistic(kRowScalar);
    open(x, index).multiplyStatistic(kRowScalar);
    return;
  }
  // One row of reciprocals serves all rows.
  materialise(x);
  Value source = operand(y);
  int row = b.buffer("value", Space::scratchpad, bufferRows(Shape::Column), 2,
                     nDepth);
  ChainWriter inverse(b, 1, columns(Shape::Column), 0, Value());
  inverse.begin(source);
  inverse.function(VectorFunction::reciprocal);
  Value target;
  target.tile.buffer = row;
  target.tile.blockStride = 1;
  inverse.finish(target);
  open(x, index).multiplyColumn(target.tile);
}

std::optional<VectorFunction> mirrored(VectorFunction function) {
  switch (function) {
  case VectorFunction::maximum:
  case VectorFunction::minimum:
  case VectorFunction::equal:
    return function;
  case VectorFunction::less:
    return VectorFunction::greater;
  case VectorFunction::less_or_equal:
    return VectorFunction::greater_or_equal;
  case VectorFunction::greater:
    return VectorFunction::less;
  case VectorFunction::greater_or_equal:
    return VectorFunction::less_or_equal;
  default:
    return std::nullopt;
  }
}

int RowsWriter::widened(int value, int other) {
  materialise(other);
  close();
  rowScalar(value);
  Node node;
  node.uses = 1;
  node.buffer =
      b.buffer("wide", Space::scratchpad, bufferRows(Shape::Tile), 2, nDepth);
  nodes.push_back(node);
  int index = static_cast<int>(nodes.size()) - 1;
  // −0 times a number that is finite, plus the statistic: its very bits.
  ChainWriter c(b, rows(Shape::Tile), columns(Shape::Tile), 0,
                spill(Shape::Tile));
  c.begin(as(other, Shape::Tile));
  c.function(VectorFunction::is_nan);
  c.multiplyScalar(-0.0f);
  c.addStatistic(kRowScalar, false);
  c.finish({tileOf(index), VectorType::bf16});
  return index;
}

void RowsWriter::combine(int index) {
  const RowOp &op = g.ops[index];
  int x = op.lhs, y = op.rhs;
  VectorFunction function = op.function;
  if (y < 0) {
    open(x, index).functionScalar(function, op.scalar);
    return;
  }
  Shape shape = nodes[index].shape;
  if (x == y)
    materialise(x);
  if (std::optional<VectorFunction> other = mirrored(function);
      other && (preference(y, shape) > preference(x, shape) ||
                (chain && chainValue == y && x != y &&
                 preference(y, shape) == preference(x, shape)))) {
    std::swap(x, y);
    function = *other;
  }
  if (preference(x, shape) == 0)
    x = widened(x, y);
  ready(y, shape);
  ChainWriter &c = open(x, index);
  if (isElement(y, shape))
    c.functionElement(function, as(y, shape), op.scalar);
  else if (nodes[y].shape == Shape::Column)
    c.functionColumn(function, tileOf(y), op.scalar);
  else
    c.functionStatistic(function, kRowScalar, op.scalar);
}

Tile RowsWriter::loadColumn(int tensor) {
  Tile tile;
  tile.buffer = b.buffer("column", Space::scratchpad, bufferRows(Shape::Column),
                         2, nDepth);
  tile.blockStride = 1;
  DramTile dram;
  dram.tensor = tensor;
  dram.byte.add(nDepth, n * 2);
  b.load(dram, tile, 1, columns(Shape::Column));
  return tile;
}

void RowsWriter::limitMaximum() {
  ChainWriter limit(b, 1, columns(Shape::Vector), 0, Value());
  limit.beginStatistic(kFirst);
  limit.functionScalar(VectorFunction::maximum,
                       std::numeric_limits<float>::lowest());
  limit.finishToStatistic(kFirst);
}

void RowsWriter::invertSum(bool zeroHidden) {
  ChainWriter inverse(b, 1, columns(Shape::Vector), 0, Value());
  inverse.beginStatistic(kSecond);
  if (zeroHidden) // other sums are at least 1 and stay as they are
    inverse.addScalar(0x1p-100f);
  inverse.function(VectorFunction::reciprocal);
  inverse.finishToStatistic(kSecond);
}

void RowsWriter::across(int index) {
  const RowOp &op = g.ops[index];
  int x = op.lhs;
  Extent r = rows(Shape::Tile), c = columns(Shape::Tile);
  // The pass that makes the operand reduces it too, where the operand ends in a
  // tile anyway.
  bool needed = op.kind == RowOpKind::Softmax ||
                op.kind == RowOpKind::Normalise || nodes[x].uses > 1;
  // A shifted row serves the normalisation alone; others read the row as it is,
  // and then its statistics must be those of what it was rounded to.
  bool shifts = op.kind == RowOpKind::Normalise && !op.norm.root;
  if (shifts && nodes[x].uses > 1)
    materialise(x);
  ChainWriter *first;
  std::optional<ChainWriter> own;
  bool fresh = !(chain && chainValue == x) || chain->readsStatistic() ||
               nodes[x].shape != Shape::Tile;
  if (fresh) {
    close();
    own.emplace(b, r, c, 0, Value());
    own->begin(as(x, Shape::Tile));
    first = &*own;
  } else {
    first = &*chain;
  }
  if (shifts)
    shiftRows(b, *first, g.n, columns(Shape::Vector));
  switch (op.kind) {
  case RowOpKind::Softmax:
  case RowOpKind::RowMaximum:
    first->reduce(Reduce::maximum, kFirst);
    break;
  case RowOpKind::Normalise:
    first->reduce(Reduce::sum_and_squares, kFirst);
    break;
  default:
    first->reduce(Reduce::sum, kFirst);
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
    if (op.zeroHidden)
      limitMaximum();
    Value powers = spill(Shape::Tile);
    ChainWriter exponential(b, r, c, 0, Value());
    exponential.begin(as(x, Shape::Tile));
    exponential.addStatistic(kFirst, true);
    exponential.function(VectorFunction::exponential);
    exponential.reduce(Reduce::sum, kSecond);
    exponential.finish(powers);
    invertSum(op.zeroHidden);
    chain.emplace(b, r, c, 0, powers);
    chain->begin(powers);
    chain->multiplyStatistic(kSecond);
    chainValue = index;
    return;
  }
  if (op.kind == RowOpKind::Normalise) {
    finishNormStatistics(b, op.norm, g.n, columns(Shape::Vector), fresh);
    chain.emplace(b, r, c, 0, spill(Shape::Tile));
    chain->begin(as(x, Shape::Tile));
    chain->multiplyStatistic(1);
    if (!op.norm.root)
      chain->addStatistic(0, false);
    if (op.norm.scale >= 0)
      chain->multiplyColumn(loadColumn(op.norm.scale));
    if (op.norm.shift >= 0)
      chain->addColumn(loadColumn(op.norm.shift));
    chainValue = index;
    return;
  }
  chain.emplace(b, 1, columns(Shape::Vector), 0, spill(Shape::Vector));
  chain->beginStatistic(kFirst);
  if (op.kind == RowOpKind::RowMean)
    chain->multiplyScalar(1.0f / static_cast<float>(g.n));
  chainValue = index;
}

void RowsWriter::write() {
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
      if (op.rhs >= 0 && nodes[op.rhs].shape != node.shape)
        node.shape = Shape::Tile;
      break;
    }
    }
    node.wide = op.wide;
  }
  for (const RowsGroup::Output &output : g.outputs)
    ++nodes[output.value].uses;
  for (Node &node : nodes)
    node.left = node.uses;
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
    case RowOpKind::Combine:
      combine(index);
      break;
    default:
      if (spansRow(op.kind))
        across(index);
      else
        binary(index);
      break;
    }
    // A value with several readers, or an output, ends its chain here.
    if (chain && chainValue == index && nodes[index].uses > 1)
      close();
    for (int x : {op.lhs, op.rhs})
      if (x >= 0)
        release(x);
  }
  close();
  // Parts are of the value before others read it as bf16.
  for (bool inParts : {true, false})
    for (const RowsGroup::Output &output : g.outputs)
      if (output.rest.empty() != inParts)
        storeOutput(output);
  b.endLoop();
  b.endLoop();
  for (size_t d = 0; d < g.batch.size(); ++d)
    b.endLoop();
}

} // namespace tilework::planning
