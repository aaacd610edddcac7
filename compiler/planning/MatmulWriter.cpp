// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the schedule of a product: loops over tiles of rows, columns and
// depth, the loads in front of each product, and the epilogue behind the last
// product of a tile.

#include "compiler/planning/MatmulTiling.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <utility>

namespace tilework::planning {

namespace {

class MatmulWriter : TiledMatmul {
public:
  MatmulWriter(const MatmulGroup &group, const Machine &machine,
               const MatmulTiling &tiling)
      : TiledMatmul(group, machine), t(tiling), b(schedule, machine),
        mTrips(ceilDiv(g.m, t.m)), nTrips(ceilDiv(g.n, t.n)),
        kTrips(ceilDiv(g.k, t.k)), batchLoops(static_cast<int>(g.batch.size())),
        mDepth(batchLoops + (t.rowsOuter ? 0 : 1)),
        nDepth(batchLoops + (t.rowsOuter ? 1 : 0)), kDepth(batchLoops + 2),
        tileDepth(batchLoops + 1), mExtent(t.m, g.m, mDepth),
        nExtent(t.n, g.n, nDepth), kExtent(t.k, g.k, kDepth) {}
  Schedule write();

private:
  /// Loads a constant row of N elements; its buffer.
  int columnVector(const char *name, int tensor);
  void declareBuffers();
  void enterTiles(bool rows);
  void loadA();
  void loadB();
  void loadResidual();
  void multiply();
  /// From the accumulator to the tile of the result.
  void finishTile();
  void addBias(ChainWriter &chain);
  void addResidual(ChainWriter &chain);
  void storeTile(const Value &source, const Tile &destination);
  /// Over the rows that the tiles of columns made.
  void normalise();

  /// Where the tile is, without its columns and with them.
  DramTile rowsOf(const Access &access) const;
  DramTile tileOf(const Access &access) const;
  Affine batched(const Access &access) const;
  /// Where the tile is in a slot.
  Tile aTile(bool moves) const;
  Tile bTile(bool movesColumns, bool movesDepth) const;
  static Tile tileIn(int buffer, int64_t blockStride) {
    Tile tile;
    tile.buffer = buffer;
    tile.blockStride = blockStride;
    return tile;
  }

  const MatmulTiling &t;
  Schedule schedule;
  ScheduleBuilder b;
  const int64_t mTrips, nTrips, kTrips;
  const int batchLoops, mDepth, nDepth, kDepth, tileDepth;
  const Extent mExtent, nExtent, kExtent;
  // Buffers; -1: none.
  int bias = -1, scale = -1, shift = -1; ///< of all columns
  int aBuffer = -1, bBuffer = -1, sums = -1, out = -1, residual = -1;
  int tileBias = -1;
  std::vector<int> rest;
};

} // namespace

int MatmulWriter::columnVector(const char *name, int tensor) {
  int buffer = b.buffer(name, Space::scratchpad, ceilDiv(g.n, L));
  DramTile dram;
  dram.tensor = tensor;
  b.load(dram, tileIn(buffer, 1), 1, g.n);
  return buffer;
}

void MatmulWriter::declareBuffers() {
  const int lastBatch = batchLoops - 1;
  int aTurn = t.a == Hold::Whole   ? lastBatch
              : t.a == Hold::Panel ? mDepth
                                   : kDepth;
  int bTurn = t.b == Hold::Whole   ? lastBatch
              : t.b == Hold::Panel ? nDepth
                                   : kDepth;
  aBuffer =
      b.buffer("activations", Space::scratchpad, aRows(t), t.aSlots, aTurn);
  bBuffer = b.buffer("weights", Space::scratchpad, bRows(t), t.bSlots, bTurn);
  sums = b.buffer("sums", Space::accumulator, b.sumRows(t.m, t.n), t.sumSlots,
                  tileDepth);
  out = b.buffer("out", Space::scratchpad, t.m * ceilDiv(g.norm ? g.n : t.n, L),
                 t.outSlots, g.norm ? mDepth : tileDepth);
  for (size_t i = 0; i < g.rest.size(); ++i)
    rest.push_back(b.buffer("rest", Space::scratchpad, t.m * ceilDiv(t.n, L),
                            t.outSlots, tileDepth));
  if (g.residual)
    residual = b.buffer("residual", Space::scratchpad, b.tileRows(t.m, t.n), 2,
                        tileDepth);
  if (g.bias >= 0 && bias < 0)
    tileBias = b.buffer("bias", Space::scratchpad, ceilDiv(t.n, L), 2, nDepth);
}

Affine MatmulWriter::batched(const Access &access) const {
  Affine byte = access.offset;
  for (size_t d = 0; d < access.batchStrides.size() && d < g.batch.size(); ++d)
    byte.add(static_cast<int>(d), access.batchStrides[d]);
  return byte;
}

DramTile MatmulWriter::rowsOf(const Access &access) const {
  DramTile dram;
  dram.tensor = access.tensor;
  dram.byte = batched(access).add(mDepth, t.m * access.rowStride);
  dram.stride = access.rowStride;
  return dram;
}

DramTile MatmulWriter::tileOf(const Access &access) const {
  DramTile dram = rowsOf(access);
  dram.byte.add(nDepth, t.n * 2);
  return dram;
}

Tile MatmulWriter::aTile(bool moves) const {
  // Rows of K elements in blocks of L, block after block.
  Tile tile = tileIn(aBuffer, t.a == Hold::Whole ? g.m : t.m);
  if (t.a == Hold::Whole)
    tile.row.add(mDepth, t.m);
  if (t.a != Hold::Tile && moves)
    tile.row.add(kDepth, t.k / L * tile.blockStride);
  return tile;
}

Tile MatmulWriter::bTile(bool movesColumns, bool movesDepth) const {
  Tile tile = tileIn(bBuffer, bPitch(t));
  if (t.b == Hold::Whole && movesColumns)
    tile.row.add(nDepth, g.transposedB ? t.n : t.n / L * tile.blockStride);
  if (t.b != Hold::Tile && movesDepth)
    tile.row.add(kDepth, g.transposedB ? t.k / L * tile.blockStride : t.k);
  return tile;
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

// A held operand is filled tile by tile in the first iteration of the loop that
// it is held across, so that the first product waits for one tile only; in
// later iterations the load has no slices.

void MatmulWriter::loadA() {
  DramTile dram = rowsOf(g.a);
  dram.byte.add(kDepth, t.k * 2);
  Step &step = b.load(dram, aTile(true), mExtent, kExtent);
  if (t.a == Hold::Whole || (t.a == Hold::Panel && t.rowsOuter))
    step.outer = Extent(1, 1, nDepth);
}

void MatmulWriter::loadB() {
  const bool held = t.b == Hold::Whole || (t.b == Hold::Panel && !t.rowsOuter);
  DramTile dram;
  dram.tensor = g.b.tensor;
  dram.byte = batched(g.b);
  const Tile tile = bTile(true, true);
  if (g.blocked) {
    int64_t rowBytes = machine.rowBytes();
    dram.stride = rowBytes;
    dram.outerStride = g.k * rowBytes;
    dram.byte.add(nDepth, t.n / L * dram.outerStride)
        .add(kDepth, t.k * rowBytes);
    Step &step = b.load(dram, tile, kExtent, L);
    step.outer = Extent(t.n / L, ceilDiv(g.n, L), nDepth);
    step.outerStride = tile.blockStride;
    if (held)
      step.columns = Extent(L, L, mDepth);
    return;
  }
  dram.stride = g.b.rowStride;
  dram.byte.add(nDepth, t.n * (g.transposedB ? g.b.rowStride : 2))
      .add(kDepth, t.k * (g.transposedB ? 2 : g.b.rowStride));
  Step &step = b.load(dram, tile, g.transposedB ? nExtent : kExtent,
                      g.transposedB ? kExtent : nExtent);
  if (held)
    step.outer = Extent(1, 1, mDepth);
}

void MatmulWriter::loadResidual() {
  b.load(tileOf(*g.residual), tileIn(residual, t.m), mExtent, nExtent);
}

void MatmulWriter::enterTiles(bool rows) {
  b.beginLoop(rows ? mTrips : nTrips);
  if (rows || tileBias < 0)
    return;
  DramTile dram;
  dram.tensor = g.bias;
  dram.byte.add(nDepth, t.n * 2);
  b.load(dram, tileIn(tileBias, 1), 1, nExtent);
}

//===----------------------------------------------------------------------===//
// Product and epilogue
//===----------------------------------------------------------------------===//

void MatmulWriter::multiply() {
  Step &step = b.step(StepKind::Matmul);
  step.tile = aTile(kTrips > 1);
  step.weights = bTile(nTrips > 1, kTrips > 1);
  step.sums = tileIn(sums, t.m);
  step.rows = mExtent;
  step.columns = nExtent;
  step.depth = kExtent;
  step.byColumns = g.transposedB;
  step.accumulate = kTrips > 1 ? Accumulate::after_first : Accumulate::never;
  step.accumulateDepth = kTrips > 1 ? kDepth : -1;
}

void MatmulWriter::addBias(ChainWriter &chain) {
  if (g.bias < 0)
    return;
  Tile tile = tileIn(bias >= 0 ? bias : tileBias, 1);
  if (bias >= 0)
    tile.row.add(nDepth, t.n / L);
  chain.addColumn(tile);
}

void MatmulWriter::addResidual(ChainWriter &chain) {
  if (g.residual)
    chain.addElement({tileIn(residual, t.m), VectorType::bf16});
}

void MatmulWriter::finishTile() {
  const Value source{tileIn(sums, t.m), VectorType::fp32};
  Value destination;
  destination.tile = tileIn(out, t.m);
  if (g.norm)
    destination.tile.row.add(nDepth, t.n / L * t.m);
  ChainWriter chain(b, mExtent, nExtent, 0, source);
  chain.begin(source);
  chain.multiplyScalar(g.scale);
  if (g.activation == VectorFunction::identity && shifts()) {
    // In this order the stage between them is left to the shift.
    addResidual(chain);
    addBias(chain);
  } else {
    addBias(chain);
    chain.function(g.activation);
    addResidual(chain);
  }
  const int depth = nTrips > 1 ? nDepth : -1;
  if (shifts())
    shiftRows(b, chain, g.n, mExtent, depth);
  if (g.norm)
    chain.reduce(Reduce::sum_and_squares, 0,
                 nTrips > 1 ? Accumulate::after_first : Accumulate::never,
                 depth);
  chain.finish(g.rest.empty() ? destination : source);
  if (!g.norm)
    storeTile(source, destination.tile);
}

void MatmulWriter::storeTile(const Value &source, const Tile &destination) {
  if (g.rest.empty()) {
    b.store(tileOf(g.out), destination, mExtent, nExtent);
    return;
  }
  std::vector<StoredTile> parts = {{destination, tileOf(g.out)}};
  for (size_t i = 0; i < rest.size(); ++i)
    parts.push_back({tileIn(rest[i], t.m), tileOf(g.rest[i])});
  storeParts(b, mExtent, nExtent, source, source, parts);
}

void MatmulWriter::normalise() {
  finishNormStatistics(b, *g.norm, g.n, mExtent, false);
  Value row;
  row.tile = tileIn(out, t.m);
  ChainWriter chain(b, mExtent, g.n, 0, row);
  chain.begin(row);
  chain.multiplyStatistic(1);
  if (!g.norm->root)
    chain.addStatistic(0, false);
  if (scale >= 0)
    chain.multiplyColumn(tileIn(scale, 1));
  if (shift >= 0)
    chain.addColumn(tileIn(shift, 1));
  chain.finish(row);
  b.store(rowsOf(g.out), row.tile, mExtent, g.n);
}

Schedule MatmulWriter::write() {
  // Constant operands are loaded once, before everything.
  if (g.bias >= 0 && wholeColumns())
    bias = columnVector("bias", g.bias);
  if (g.norm && g.norm->scale >= 0)
    scale = columnVector("scale", g.norm->scale);
  if (g.norm && g.norm->shift >= 0)
    shift = columnVector("shift", g.norm->shift);
  for (int64_t size : g.batch)
    b.beginLoop(size);
  declareBuffers();
  enterTiles(t.rowsOuter);
  enterTiles(!t.rowsOuter);
  if (g.residual)
    loadResidual();
  b.beginLoop(kTrips);
  loadB();
  loadA();
  multiply();
  b.endLoop();
  finishTile();
  b.endLoop();
  if (g.norm)
    normalise();
  b.endLoop();
  for (int i = 0; i < batchLoops; ++i)
    b.endLoop();
  return std::move(schedule);
}

Schedule writeMatmul(const MatmulGroup &group, const Machine &machine,
                     const MatmulTiling &tiling) {
  return MatmulWriter(group, machine, tiling).write();
}

} // namespace tilework::planning
