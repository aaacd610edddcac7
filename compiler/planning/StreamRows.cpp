// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row programs over rows that do not fit on the chip: the row is loaded once
// for its statistics and again for its result, a tile of columns at a time.

#include "compiler/planning/Planner.h"
#include "compiler/planning/RowsWriter.h"

namespace tilework::planning {

bool RowsWriter::streams(const RowsGroup &group) {
  if (group.ops.empty() || group.ops[0].kind != RowOpKind::Input ||
      group.outputs.size() != 1 ||
      group.outputs[0].value != static_cast<int>(group.ops.size()) - 1)
    return false;
  int spans = 0;
  for (size_t i = 1; i < group.ops.size(); ++i) {
    const RowOp &op = group.ops[i];
    spans += spansRow(op.kind);
    bool unary =
        op.kind == RowOpKind::Function || op.kind == RowOpKind::AddScalar ||
        op.kind == RowOpKind::MultiplyScalar ||
        (op.kind == RowOpKind::Combine && op.rhs < 0) || spansRow(op.kind);
    if (!unary || op.lhs != static_cast<int>(i) - 1)
      return false;
  }
  return spans == 1;
}

void RowsWriter::apply(ChainWriter &c, size_t begin, size_t end) const {
  for (size_t i = begin; i < end; ++i) {
    const RowOp &op = g.ops[i];
    if (op.kind == RowOpKind::Function)
      c.function(op.function);
    else if (op.kind == RowOpKind::Combine)
      c.functionScalar(op.function, op.scalar);
    else if (op.kind == RowOpKind::AddScalar)
      c.addScalar(op.scalar);
    else
      c.multiplyScalar(op.scalar);
  }
}

void RowsWriter::pass(size_t across,
                      const std::function<void(ChainWriter &)> &rest) {
  b.beginLoop(ceilDiv(g.n, n));
  nodes[0] = Node();
  loadInput(0);
  ChainWriter c(b, rows(Shape::Tile), columns(Shape::Tile), 0,
                spill(Shape::Tile));
  c.begin(as(0, Shape::Tile));
  apply(c, 1, across);
  rest(c);
  b.endLoop();
}

void RowsWriter::stream() {
  size_t across = 1;
  while (!spansRow(g.ops[across].kind))
    ++across;
  const RowOp &op = g.ops[across];
  const RowsGroup::Output &output = g.outputs[0];
  nodes.assign(g.ops.size(), Node());
  source(static_cast<int>(across));
  for (int64_t size : g.batch)
    b.beginLoop(size);
  mDepth = b.beginLoop(ceilDiv(g.m, m));
  nDepth = b.depth();
  auto store = [&](Shape shape, ChainWriter &c) {
    apply(c, across + 1, g.ops.size());
    const auto parts =
        partsOf(output, shape, shape == Shape::Tile ? nDepth : mDepth);
    const Value exact = spill(shape);
    c.finish(parts.size() > 1 ? exact : Value{parts[0].tile, VectorType::bf16});
    if (parts.size() > 1)
      storeParts(b, rows(shape), columns(shape), exact, exact, parts);
    else
      b.store(parts[0].dram, parts[0].tile, rows(shape), columns(shape));
  };
  auto storeTile = [&](ChainWriter &c) { store(Shape::Tile, c); };
  auto reduceInto = [&](ChainWriter &c, Reduce kind, int statistic) {
    c.reduce(kind, statistic, Accumulate::after_first, nDepth);
    c.finishStatistics();
  };
  Reduce kind =
      op.kind == RowOpKind::Softmax || op.kind == RowOpKind::RowMaximum
          ? Reduce::maximum
      : op.kind == RowOpKind::Normalise ? Reduce::sum_and_squares
                                        : Reduce::sum;
  bool shifts = op.kind == RowOpKind::Normalise && !op.norm.root;
  // What DRAM holds is bf16 and the mean may be that of the row itself; what is
  // computed of it stays fp32 and must be shifted again.
  bool unshift = across == 1;
  pass(across, [&](ChainWriter &c) {
    if (shifts)
      shiftRows(b, c, g.n, columns(Shape::Vector), nDepth);
    reduceInto(c, kind, kFirst);
  });
  if (op.kind == RowOpKind::Softmax) {
    if (op.zeroHidden)
      limitMaximum();
    auto power = [](ChainWriter &c) {
      c.addStatistic(kFirst, true);
      c.function(VectorFunction::exponential);
    };
    pass(across, [&](ChainWriter &c) {
      power(c);
      reduceInto(c, Reduce::sum, kSecond);
    });
    invertSum(op.zeroHidden);
    pass(across, [&](ChainWriter &c) {
      power(c);
      c.multiplyStatistic(kSecond);
      storeTile(c);
    });
  } else if (op.kind == RowOpKind::Normalise) {
    finishNormStatistics(b, op.norm, g.n, columns(Shape::Vector), unshift);
    pass(across, [&](ChainWriter &c) {
      if (shifts && !unshift)
        c.addStatistic(kNormShift, true);
      c.multiplyStatistic(1);
      if (!op.norm.root)
        c.addStatistic(0, false);
      if (op.norm.scale >= 0)
        c.multiplyColumn(loadColumn(op.norm.scale));
      if (op.norm.shift >= 0)
        c.addColumn(loadColumn(op.norm.shift));
      storeTile(c);
    });
  } else {
    ChainWriter c(b, 1, columns(Shape::Vector), 0, spill(Shape::Vector));
    c.beginStatistic(kFirst);
    if (op.kind == RowOpKind::RowMean)
      c.multiplyScalar(1.0f / static_cast<float>(g.n));
    store(Shape::Vector, c);
  }
  for (size_t d = 0; d <= g.batch.size(); ++d)
    b.endLoop();
}

} // namespace tilework::planning
