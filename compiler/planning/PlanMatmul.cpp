// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans products: order of the loops over rows and columns, tile sizes, what
// stays on chip, ring depths. Each candidate is first judged in closed form;
// the best one is written as a schedule.

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilework::planning {

/// All numbers of tiles up to this one are tried, then each a quarter more than
/// the one before: the cost of many tiles is flat.
static constexpr int64_t kFewTiles = 8;

std::vector<int64_t> tileChoices(int64_t extent, int64_t unit, int64_t most) {
  std::vector<int64_t> choices;
  int64_t units = std::max<int64_t>(1, ceilDiv(extent, unit));
  for (int64_t parts = 1; parts <= units;
       parts = parts < kFewTiles ? parts + 1 : parts + parts / 4) {
    int64_t tile = ceilDiv(units, parts) * unit;
    if (tile <= most && (choices.empty() || choices.back() != tile))
      choices.push_back(tile);
  }
  if (choices.empty() || (choices.back() != unit && unit <= most))
    choices.push_back(unit);
  return choices;
}

namespace {

/// A bias of which all columns take at most this part of the scratchpad is
/// loaded once: what its buffer takes from the tiles costs less than loading it
/// for each of them.
constexpr int64_t kWholeBiasPart = 16;
/// Cycles that the array loses where the blocks of one tile follow another's.
constexpr double kTileSwitchCycles = 8.0;
/// Passes over one number a row, each waiting for the one before it, from the
/// sums of a layer normalisation to its factors (shiftRows,
/// finishNormStatistics), and of a root-mean-square one.
constexpr double kNormPasses = 7.0, kRootNormPasses = 1.0;
/// The part of a unit's work that the busiest unit does not hide: they meet at
/// the ports of the scratchpad.
constexpr double kUnhidden = 0.08;
/// What a full scratchpad costs of the total: room that is left lets the next
/// group prefetch. Small, so that it decides only between near equals.
constexpr double kFullCost = 0.02;

/// How much of an operand a slot holds.
enum class Hold { Tile, Panel, Whole };

struct Tiling {
  int64_t m = 0, n = 0, k = 0;
  bool rowsOuter = true; ///< loop over row tiles outside that over column tiles
  Hold a = Hold::Panel, b = Hold::Tile;
  int64_t aSlots = 1, bSlots = 2, sumSlots = 2, outSlots = 2;
};

class MatmulPlanner {
public:
  MatmulPlanner(const MatmulGroup &group, const Machine &machine)
      : g(group), machine(machine) {
    L = machine.lanes();
    for (int64_t size : g.batch)
      batches *= size;
  }
  Planned plan();

private:
  bool capacity(const Tiling &t, int64_t &scratchpad) const;
  Cost cost(const Tiling &t, int64_t scratchpad) const;
  Schedule write(const Tiling &t) const;
  int64_t trips(int64_t extent, int64_t tile) const {
    return ceilDiv(extent, tile);
  }
  int64_t weightPitch(int64_t rows) const {
    return roundUp(rows, machine.weightRows);
  }
  int64_t aRows(const Tiling &t) const {
    return (t.a == Hold::Whole ? g.m : t.m) *
           ceilDiv(t.a == Hold::Tile ? t.k : g.k, L);
  }
  int64_t bRows(const Tiling &t) const {
    int64_t k = t.b == Hold::Tile ? t.k : g.k,
            n = t.b == Hold::Whole ? g.n : t.n;
    return g.transposedB ? weightPitch(n) * ceilDiv(k, L)
                         : weightPitch(k) * ceilDiv(n, L);
  }
  bool wholeColumns() const {
    return g.norm || ceilDiv(g.n, L) <= machine.scratchpadRows / kWholeBiasPart;
  }
  int columnVectors() const {
    return g.norm ? (g.norm->scale >= 0) + (g.norm->shift >= 0) : 0;
  }
  int epiloguePasses() const {
    return 1 + (g.activation != VectorFunction::identity &&
                (g.residual || shifts()));
  }
  bool shifts() const { return g.norm && !g.norm->root; }

  const MatmulGroup &g;
  const Machine &machine;
  int64_t L, batches = 1;
};

bool MatmulPlanner::capacity(const Tiling &t, int64_t &scratchpad) const {
  int64_t sums = t.m * ceilDiv(t.n, machine.columns) * t.sumSlots;
  if (sums > machine.accumulatorRows)
    return false;
  auto pitch = [&](int64_t rows) { return weightPitch(rows); };
  scratchpad = pitch(aRows(t)) * t.aSlots + pitch(bRows(t)) * t.bSlots;
  int64_t outTile = t.m * ceilDiv(g.norm ? g.n : t.n, L);
  scratchpad += pitch(outTile) * t.outSlots;
  if (g.residual)
    scratchpad += pitch(t.m * ceilDiv(t.n, L)) * 2;
  if (g.bias >= 0)
    scratchpad +=
        wholeColumns() ? pitch(ceilDiv(g.n, L)) : 2 * pitch(ceilDiv(t.n, L));
  scratchpad += columnVectors() * pitch(ceilDiv(g.n, L));
  return scratchpad <= machine.scratchpadRows;
}

Cost MatmulPlanner::cost(const Tiling &t, int64_t scratchpad) const {
  int64_t mTrips = trips(g.m, t.m), nTrips = trips(g.n, t.n),
          kTrips = trips(g.k, t.k);
  auto sum = [](int64_t extent, int64_t tile, auto f) {
    int64_t full = extent / tile, rest = extent % tile;
    return full * f(tile) + (rest ? f(rest) : 0);
  };
  Cost c;
  int64_t load =
      (g.transposedB ? machine.columns : machine.rows) / machine.weightRows;
  int64_t least = std::max(load, kAdderCycles);
  double blocks =
      double(sum(g.n, t.n,
                 [&](int64_t n) { return ceilDiv(n, machine.columns); })) *
      double(
          sum(g.k, t.k, [&](int64_t k) { return ceilDiv(k, machine.rows); }));
  double rowCycles =
      double(sum(g.m, t.m, [&](int64_t m) { return std::max(m, least); }));
  c.array =
      double(batches) * (blocks * rowCycles +
                         double(mTrips * nTrips * kTrips) * kTileSwitchCycles);
  // The vector unit handles a chunk of lanes a cycle.
  double chunks =
      double(sum(g.n, t.n,
                 [&](int64_t n) { return ceilDiv(n, machine.vectorLanes); })) *
      double(g.m);
  double passes = epiloguePasses() + (g.norm ? 1 : 0);
  double drains =
      double(mTrips * nTrips) * epiloguePasses() * double(kVectorCycles);
  if (g.norm)
    drains += double(mTrips) * (g.norm->root ? kRootNormPasses : kNormPasses) *
                  double(kVectorCycles + ceilDiv(t.m, machine.vectorLanes)) +
              (shifts() ? double(g.m) : 0.0);
  c.vector = double(batches) * (chunks * passes + drains);

  double bw = machine.dramBytesPerCycle;
  // How often each operand crosses the pins.
  double aTimes = t.a == Hold::Tile ? double(nTrips) : 1.0;
  double bTimes = t.b == Hold::Tile ? double(mTrips) : 1.0;
  double n2 = 2.0 * double(g.n), k2 = 2.0 * double(g.k);
  double aBytes = k2 * double(g.m) * aTimes,
         bBytes = 2.0 * double(g.k) * double(roundUp(g.n, L)) * bTimes,
         outBytes = n2 * double(g.m) * (g.residual ? 2.0 : 1.0);
  c.dramBytes = double(batches) * (aBytes + bBytes + outBytes);
  // A tile's row is a burst of its own; blocked weights are one run a block.
  double burst = double(kBurstCycles);
  auto rowsCycles = [&](double rows, double bytes) {
    return rows * std::max(bytes / bw, burst);
  };
  double aCycles =
      rowsCycles(double(g.m) * double(kTrips) * aTimes, k2 / double(kTrips));
  double bCycles;
  if (g.blocked)
    bCycles = bBytes / bw;
  else if (g.transposedB)
    bCycles =
        rowsCycles(double(g.n) * double(kTrips) * bTimes, k2 / double(kTrips));
  else
    bCycles =
        rowsCycles(double(g.k) * double(nTrips) * bTimes, n2 / double(nTrips));
  double outRow = g.norm ? n2 : n2 / double(nTrips);
  double outRows = double(g.m) * (g.norm ? 1.0 : double(nTrips));
  double outCycles = rowsCycles(outRows, outRow);
  if (g.residual)
    outCycles += rowsCycles(double(g.m) * double(nTrips), n2 / double(nTrips));
  c.dram = double(batches) * (aCycles + bCycles + outCycles);

  // The first product waits for one tile of each operand; while the first
  // column (row) of tiles is computed, all of what is held streams in.
  double latency = double(kDramCycles);
  double tileA = aCycles / aTimes / double(mTrips) / double(kTrips);
  double tileB = bCycles / bTimes / double(nTrips) / double(kTrips);
  double perTile = c.array / double(batches) / double(mTrips * nTrips);
  double firstPass = double(kTrips) * (tileA + tileB) - perTile;
  c.start = latency + tileA + tileB + std::max(0.0, firstPass);
  double lastTile =
      double(t.m) * double(ceilDiv(g.norm ? g.n : t.n, machine.vectorLanes));
  c.tail = lastTile + double(t.m) * std::max(outRow / bw, burst) + 2 * latency;
  if (g.norm)
    c.tail += double(t.m) * double(ceilDiv(t.n, machine.vectorLanes)) +
              (kNormPasses + 1) * double(kVectorCycles);
  // Where a ring has one slot, filling and using it do not overlap.
  double serial = 0;
  int64_t tiles = mTrips * nTrips * batches;
  if (t.sumSlots == 1)
    serial += c.vector * double(tiles - 1) / double(tiles);
  auto refill = [&](int64_t slots, Hold hold, int64_t panels, double tile) {
    if (slots > 1)
      return;
    double fills = hold == Hold::Tile    ? double(tiles * kTrips)
                   : hold == Hold::Panel ? double(batches * panels)
                                         : double(batches);
    double cycles = hold == Hold::Tile ? tile : tile * double(kTrips);
    serial += (fills - 1) * (cycles + latency);
  };
  refill(t.aSlots, t.a, mTrips, tileA);
  refill(t.bSlots, t.b, nTrips, tileB);
  if (t.outSlots == 1)
    serial +=
        double(g.norm ? mTrips * batches - 1 : tiles - 1) * (c.tail - lastTile);
  // The units disturb each other: the more is under way, the less is hidden.
  double busiest = std::max({c.array, c.vector, c.dram});
  double others = c.array + c.vector + c.dram - busiest;
  c.total = busiest + kUnhidden * others + c.start + c.tail + serial;
  c.total *=
      1.0 + kFullCost * double(scratchpad) / double(machine.scratchpadRows);
  return c;
}

Schedule MatmulPlanner::write(const Tiling &t) const {
  Schedule s;
  ScheduleBuilder b(s, machine);
  int64_t mTrips = trips(g.m, t.m), nTrips = trips(g.n, t.n),
          kTrips = trips(g.k, t.k);
  std::vector<int> batchDepth;
  // Constant operands are loaded once, before everything.
  auto columnVector = [&](const char *name, int tensor) {
    int buffer = b.buffer(name, Space::scratchpad, ceilDiv(g.n, L));
    DramTile dram;
    dram.tensor = tensor;
    Tile tile;
    tile.buffer = buffer;
    tile.blockStride = 1;
    b.load(dram, tile, 1, g.n);
    return buffer;
  };
  int bias = g.bias >= 0 && wholeColumns() ? columnVector("bias", g.bias) : -1;
  int scale =
      g.norm && g.norm->scale >= 0 ? columnVector("scale", g.norm->scale) : -1;
  int shift =
      g.norm && g.norm->shift >= 0 ? columnVector("shift", g.norm->shift) : -1;
  for (int64_t size : g.batch)
    batchDepth.push_back(b.beginLoop(size));
  int lastBatch = batchDepth.empty() ? -1 : batchDepth.back();
  int first = static_cast<int>(batchDepth.size());
  int mDepth = t.rowsOuter ? first : first + 1,
      nDepth = t.rowsOuter ? first + 1 : first, kDepth = first + 2;
  int tileDepth = first + 1;

  auto batched = [&](const Access &access) {
    Affine byte = access.offset;
    for (size_t d = 0; d < access.batchStrides.size() && d < batchDepth.size();
         ++d)
      byte.add(batchDepth[d], access.batchStrides[d]);
    return byte;
  };
  Extent mExtent(t.m, g.m, mDepth), nExtent(t.n, g.n, nDepth),
      kExtent(t.k, g.k, kDepth);

  int aTurn = t.a == Hold::Whole   ? lastBatch
              : t.a == Hold::Panel ? mDepth
                                   : kDepth;
  int bTurn = t.b == Hold::Whole   ? lastBatch
              : t.b == Hold::Panel ? nDepth
                                   : kDepth;
  int aBuffer =
      b.buffer("activations", Space::scratchpad, aRows(t), t.aSlots, aTurn);
  int bBuffer =
      b.buffer("weights", Space::scratchpad, bRows(t), t.bSlots, bTurn);
  int sums = b.buffer("sums", Space::accumulator, b.sumRows(t.m, t.n),
                      t.sumSlots, tileDepth);
  int out =
      b.buffer("out", Space::scratchpad, t.m * ceilDiv(g.norm ? g.n : t.n, L),
               t.outSlots, g.norm ? mDepth : tileDepth);
  std::vector<int> rest;
  for (size_t i = 0; i < g.rest.size(); ++i)
    rest.push_back(b.buffer("rest", Space::scratchpad, t.m * ceilDiv(t.n, L),
                            t.outSlots, tileDepth));
  int residual = g.residual ? b.buffer("residual", Space::scratchpad,
                                       b.tileRows(t.m, t.n), 2, tileDepth)
                            : -1;
  int tileBias = g.bias >= 0 && bias < 0 ? b.buffer("bias", Space::scratchpad,
                                                    ceilDiv(t.n, L), 2, nDepth)
                                         : -1;

  // A: rows of K elements in blocks of L, block after block.
  int64_t aPitch = t.a == Hold::Whole ? g.m : t.m;
  // A held operand is filled tile by tile in the first iteration of the loop
  // that it is held across, so that the first product waits for one tile only;
  // in later iterations the load has no slices.
  bool holdA = t.a == Hold::Whole || (t.a == Hold::Panel && t.rowsOuter),
       holdB = t.b == Hold::Whole || (t.b == Hold::Panel && !t.rowsOuter);
  auto loadA = [&] {
    DramTile dram;
    dram.tensor = g.a.tensor;
    dram.byte =
        batched(g.a).add(mDepth, t.m * g.a.rowStride).add(kDepth, t.k * 2);
    dram.stride = g.a.rowStride;
    Tile tile;
    tile.buffer = aBuffer;
    tile.blockStride = aPitch;
    if (t.a == Hold::Whole)
      tile.row.add(mDepth, t.m);
    if (t.a != Hold::Tile)
      tile.row.add(kDepth, t.k / L * aPitch);
    Step &step = b.load(dram, tile, mExtent, kExtent);
    if (holdA)
      step.outer = Extent(1, 1, nDepth);
  };
  int64_t bK = t.b == Hold::Tile ? t.k : g.k,
          bN = t.b == Hold::Whole ? g.n : t.n;
  int64_t bPitch = weightPitch(g.transposedB ? bN : bK);
  auto loadB = [&] {
    DramTile dram;
    dram.tensor = g.b.tensor;
    dram.byte = batched(g.b);
    Tile tile;
    tile.buffer = bBuffer;
    tile.blockStride = bPitch;
    if (t.b == Hold::Whole)
      tile.row.add(nDepth, g.transposedB ? t.n : t.n / L * bPitch);
    if (t.b != Hold::Tile)
      tile.row.add(kDepth, g.transposedB ? t.k / L * bPitch : t.k);
    if (g.blocked) {
      int64_t rowBytes = machine.rowBytes();
      dram.stride = rowBytes;
      dram.outerStride = g.k * rowBytes;
      dram.byte.add(nDepth, t.n / L * dram.outerStride)
          .add(kDepth, t.k * rowBytes);
      Step &step = b.load(dram, tile, kExtent, L);
      step.outer = Extent(t.n / L, ceilDiv(g.n, L), nDepth);
      step.outerStride = bPitch;
      if (holdB)
        step.columns = Extent(L, L, mDepth);
      return;
    }
    dram.stride = g.b.rowStride;
    dram.byte.add(nDepth, t.n * (g.transposedB ? g.b.rowStride : 2))
        .add(kDepth, t.k * (g.transposedB ? 2 : g.b.rowStride));
    Step &step = b.load(dram, tile, g.transposedB ? nExtent : kExtent,
                        g.transposedB ? kExtent : nExtent);
    if (holdB)
      step.outer = Extent(1, 1, mDepth);
  };

  auto enter = [&](bool rowLoop) {
    b.beginLoop(rowLoop ? mTrips : nTrips);
    if (!rowLoop && tileBias >= 0) {
      DramTile dram;
      dram.tensor = g.bias;
      dram.byte.add(nDepth, t.n * 2);
      Tile tile;
      tile.buffer = tileBias;
      tile.blockStride = 1;
      b.load(dram, tile, 1, nExtent);
    }
  };
  enter(t.rowsOuter);
  enter(!t.rowsOuter);
  Tile residualTile;
  if (g.residual) {
    DramTile dram;
    dram.tensor = g.residual->tensor;
    dram.byte = batched(*g.residual)
                    .add(mDepth, t.m * g.residual->rowStride)
                    .add(nDepth, t.n * 2);
    dram.stride = g.residual->rowStride;
    residualTile.buffer = residual;
    residualTile.blockStride = t.m;
    b.load(dram, residualTile, mExtent, nExtent);
  }
  b.beginLoop(kTrips);
  loadB();
  loadA();
  {
    Step &step = b.step(StepKind::Matmul);
    step.tile.buffer = aBuffer;
    step.tile.blockStride = aPitch;
    if (t.a == Hold::Whole)
      step.tile.row.add(mDepth, t.m);
    if (t.a != Hold::Tile && kTrips > 1)
      step.tile.row.add(kDepth, t.k / L * aPitch);
    step.weights.buffer = bBuffer;
    step.weights.blockStride = bPitch;
    if (t.b == Hold::Whole && nTrips > 1)
      step.weights.row.add(nDepth, g.transposedB ? t.n : t.n / L * bPitch);
    if (t.b != Hold::Tile && kTrips > 1)
      step.weights.row.add(kDepth, g.transposedB ? t.k / L * bPitch : t.k);
    step.sums.buffer = sums;
    step.sums.blockStride = t.m;
    step.rows = mExtent;
    step.columns = nExtent;
    step.depth = kExtent;
    step.byColumns = g.transposedB;
    step.accumulate = kTrips > 1 ? Accumulate::after_first : Accumulate::never;
    step.accumulateDepth = kTrips > 1 ? kDepth : -1;
  }
  b.endLoop();

  // Epilogue, out of the accumulator.
  Value source;
  source.tile.buffer = sums;
  source.tile.blockStride = t.m;
  source.type = VectorType::fp32;
  Value destination;
  destination.tile.buffer = out;
  destination.tile.blockStride = t.m;
  if (g.norm)
    destination.tile.row.add(nDepth, t.n / L * t.m);
  ChainWriter chain(b, mExtent, nExtent, 0, source);
  chain.begin(source);
  chain.multiplyScalar(g.scale);
  auto addBias = [&] {
    if (g.bias < 0)
      return;
    Tile tile;
    tile.buffer = bias >= 0 ? bias : tileBias;
    tile.blockStride = 1;
    if (bias >= 0)
      tile.row.add(nDepth, t.n / L);
    chain.addColumn(tile);
  };
  auto addResidual = [&] {
    if (g.residual)
      chain.addElement({residualTile, VectorType::bf16});
  };
  if (g.activation == VectorFunction::identity && shifts()) {
    // In this order the stage between them is left to the shift.
    addResidual();
    addBias();
  } else {
    addBias();
    chain.function(g.activation);
    addResidual();
  }
  if (shifts())
    shiftRows(b, chain, g.n, mExtent, nTrips > 1 ? nDepth : -1);
  if (g.norm)
    chain.reduce(Reduce::sum_and_squares, 0,
                 nTrips > 1 ? Accumulate::after_first : Accumulate::never,
                 nTrips > 1 ? nDepth : -1);
  chain.finish(g.rest.empty() ? destination : source);
  auto place = [&](const Access &access) {
    DramTile dram;
    dram.tensor = access.tensor;
    dram.byte = batched(access).add(mDepth, t.m * access.rowStride);
    dram.stride = access.rowStride;
    return dram;
  };
  auto tilePlace = [&](const Access &access) {
    DramTile dram = place(access);
    dram.byte.add(nDepth, t.n * 2);
    return dram;
  };
  if (!g.rest.empty()) {
    std::vector<StoredTile> parts = {{destination.tile, tilePlace(g.out)}};
    for (size_t i = 0; i < rest.size(); ++i) {
      parts.push_back({destination.tile, tilePlace(g.rest[i])});
      parts.back().tile.buffer = rest[i];
    }
    storeParts(b, mExtent, nExtent, source, source, parts);
  } else if (!g.norm) {
    b.store(tilePlace(g.out), destination.tile, mExtent, nExtent);
  }
  b.endLoop();
  if (g.norm) {
    finishNormStatistics(b, *g.norm, g.n, mExtent, false);
    Value row;
    row.tile.buffer = out;
    row.tile.blockStride = t.m;
    ChainWriter second(b, mExtent, g.n, 0, row);
    second.begin(row);
    second.multiplyStatistic(1);
    if (!g.norm->root)
      second.addStatistic(0, false);
    Tile vector;
    vector.blockStride = 1;
    if (scale >= 0) {
      vector.buffer = scale;
      second.multiplyColumn(vector);
    }
    if (shift >= 0) {
      vector.buffer = shift;
      second.addColumn(vector);
    }
    second.finish(row);
    b.store(place(g.out), row.tile, mExtent, g.n);
  }
  b.endLoop();
  for (size_t d = 0; d < batchDepth.size(); ++d)
    b.endLoop();
  return s;
}

Planned MatmulPlanner::plan() {
  Tiling best;
  double bestTotal = std::numeric_limits<double>::infinity();
  Cost bestCost;
  int64_t mostRows = std::min<int64_t>(g.m, kMostTile);
  if (g.norm)
    mostRows = std::min(mostRows, machine.statisticsRows);
  // A tile's rows or the accumulator's, whichever are fewer, bound the search.
  int64_t mostColumns =
      std::max(L, std::min<int64_t>(kMostTile,
                                    machine.accumulatorRows * machine.columns));
  auto mChoices =
      tileChoices(g.m, 1, std::min(mostRows, machine.accumulatorRows));
  auto nChoices = tileChoices(g.n, L, mostColumns);
  auto kChoices = tileChoices(g.k, L, kMostTile);
  Tiling smallest;
  int64_t smallestRows = -1;
  for (int64_t k : kChoices)
    for (int64_t n : nChoices)
      for (int64_t m : mChoices) {
        Tiling t;
        t.m = m;
        t.n = n;
        t.k = std::min(k, g.k);
        if (m * ceilDiv(n, machine.columns) > machine.accumulatorRows)
          continue;
        for (bool rowsOuter : {true, false}) {
          if (g.norm && !rowsOuter)
            continue;
          t.rowsOuter = rowsOuter;
          // What the outer loop runs over is held tile by tile, the other
          // operand as a whole.
          for (Hold a : {Hold::Tile, rowsOuter ? Hold::Panel : Hold::Whole})
            for (Hold w : {Hold::Tile, rowsOuter ? Hold::Whole : Hold::Panel}) {
              t.a = a;
              t.b = w;
              for (int slots = 0; slots < 16; ++slots) {
                t.aSlots = slots & 1 ? 2 : 1;
                t.bSlots = slots & 2 ? 2 : 1;
                t.sumSlots = slots & 4 ? 2 : 1;
                t.outSlots = slots & 8 ? 2 : 1;
                int64_t rows;
                if (!capacity(t, rows)) {
                  int64_t need = rows;
                  if (slots == 0 && (smallestRows < 0 || need < smallestRows)) {
                    smallestRows = need;
                    smallest = t;
                  }
                  if (slots == 0)
                    break;
                  continue;
                }
                Cost c = cost(t, rows);
                if (c.total < bestTotal) {
                  bestTotal = c.total;
                  best = t;
                  bestCost = c;
                }
              }
            }
        }
      }
  Planned result;
  if (!std::isfinite(bestTotal)) {
    // A tile is a row of the scratchpad wide, so its sums may exceed the
    // accumulator whatever the scratchpad holds.
    int64_t sums = ceilDiv(nChoices.back(), machine.columns);
    std::string needs = std::to_string(sums) + " accumulator rows";
    std::string has = std::to_string(machine.accumulatorRows);
    if (smallestRows >= 0) {
      needs = std::to_string(smallestRows) + " scratchpad rows and " + needs;
      has = std::to_string(machine.scratchpadRows) + " and " + has;
    }
    result.refusal = "no tile of the product " + std::to_string(g.m) + "x" +
                     std::to_string(g.k) + "x" + std::to_string(g.n) +
                     " fits: the smallest tried needs " + needs +
                     ", the target has " + has;
    return result;
  }
  Schedule schedule = write(best);
  schedule.cost = bestCost;
  if (!allocate(schedule, machine, false)) {
    result.refusal =
        "the schedule of a product takes more rows than its estimate said";
    return result;
  }
  result.schedule = std::move(schedule);
  return result;
}

} // namespace

Planned planMatmul(const MatmulGroup &group, const Machine &machine) {
  // Three loops of tiles besides.
  if (group.batch.size() + 3 > static_cast<size_t>(kMaxDepth)) {
    Planned result;
    result.refusal = tooManyLoops(group.batch.size() + 3);
    return result;
  }
  return MatmulPlanner(group, machine).plan();
}

} // namespace tilework::planning
