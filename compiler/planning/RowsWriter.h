// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the schedule of a row program for given tile sizes: loads, chains of
// vector steps, statistics, stores. PlanRows.cpp searches the sizes.

#pragma once

#include "compiler/planning/Group.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <functional>
#include <optional>

namespace tilework::planning {

inline bool spansRow(RowOpKind kind) {
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
  /// Writes everything; once.
  void write();
  /// Whether `stream` can write a group: a chain of ops on one operand, one of
  /// which spans the row.
  static bool streams(const RowsGroup &group);
  /// Writes the group with column tiles: one pass over the row for each of its
  /// statistics and one for the result. Used instead of `write` where no tile
  /// holds a whole row.
  void stream();

private:
  /// What a value is as large as: a tile, one row of the columns, or one entry
  /// a row.
  enum class Shape { Tile, Column, Vector };
  /// Row statistics by use.
  static constexpr int kFirst = 0, kSecond = 1, kRowScalar = 3;

  struct Node {
    Shape shape = Shape::Tile;
    int buffer = -1;   ///< -1: not in memory
    int uses = 0;      ///< by ops and outputs
    int left = 0;      ///< of them those that are not written yet
    bool wide = false; ///< held in fp32, in the accumulator
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
  int64_t sumRowsOf(Shape s) const {
    return b.sumRows(rowCount(s), s == Shape::Vector ? m : n);
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
  VectorType typeOf(int value) const {
    return nodes[value].wide ? VectorType::fp32 : VectorType::bf16;
  }
  Value operand(int value) {
    materialise(value);
    return {tileOf(value), typeOf(value)};
  }
  /// A value in memory, read as `shape`: a column repeats its row.
  Value as(int value, Shape shape) const {
    Tile tile = tileOf(value);
    if (nodes[value].shape == Shape::Column && shape == Shape::Tile)
      tile.stride = 0;
    return {tile, typeOf(value)};
  }
  /// Whether a chain of `shape` reads the value as an element operand. The
  /// unit's columns are bf16 in the scratchpad.
  bool isElement(int value, Shape shape) const {
    return nodes[value].shape == shape ||
           (nodes[value].shape == Shape::Column && nodes[value].wide);
  }
  /// Gives the value that a chain ends with its place.
  void place(Node &node);
  /// Counts a use as written; behind the last one a wide value's place is free.
  void release(int value);
  /// A wide value as bf16, which the DMA stores.
  void narrow(int value);
  DramTile placeOf(const Access &access, Shape shape) const;
  /// New tiles for an output that leaves in parts; `depth` turns them.
  std::vector<StoredTile> partsOf(const RowsGroup::Output &output, Shape shape,
                                  int depth);
  void storeOutput(const RowsGroup::Output &output);
  /// The statistic that holds a vector of M.
  int rowScalar(int value);
  void binary(int index);
  void subtract(int x, int y, int index);
  void divide(int x, int y, int index);
  /// One function of two values, of any shapes, or of one and a scalar.
  void combine(int index);
  /// How well the chain of a result of `shape` runs on a value: on its own
  /// shape, on the repeated row of a column, or (0) not at all.
  int preference(int value, Shape shape) const {
    return nodes[value].shape == shape ? 2
                                       : nodes[value].shape != Shape::Vector;
  }
  /// A vector of M as a tile; `other` is a value that is none.
  int widened(int value, int other);
  void add(ChainWriter &c, int value, Shape shape);
  void multiply(ChainWriter &c, int value, Shape shape);
  /// An operand that is not the chain's must be in memory (or in the
  /// statistic) before the chain goes on.
  void ready(int value, Shape shape);
  void across(int index);
  /// Makes the row maximum finite, so that e^(−inf − maximum) is zero.
  void limitMaximum();
  /// The reciprocal of the sum of powers; with `zeroHidden` that of no power is
  /// finite.
  void invertSum(bool zeroHidden);
  Value spill(Shape shape);
  /// The ops from `begin` to before `end`, none of which spans the row.
  void apply(ChainWriter &c, size_t begin, size_t end) const;
  /// One loop over the column tiles: loads a tile, applies what stands before
  /// op `across`, and leaves the chain to `rest`.
  void pass(size_t across, const std::function<void(ChainWriter &)> &rest);
  /// The tile's part of a vector of N.
  Tile loadColumn(int tensor);

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
  /// Accumulator buffers whose value nobody reads any more, by their rows.
  std::vector<std::pair<int64_t, int>> unused;
};

} // namespace tilework::planning
