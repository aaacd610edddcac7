// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans products: order of the loops over rows and columns, tile sizes, what
// stays on chip, ring depths. Each candidate is first judged in closed form;
// the best one is written as a schedule.

#include "compiler/planning/Allocator.h"
#include "compiler/planning/MatmulTiling.h"
#include "compiler/planning/Planner.h"

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

class MatmulPlanner : TiledMatmul {
public:
  MatmulPlanner(const MatmulGroup &group, const Machine &machine)
      : TiledMatmul(group, machine) {
    for (int64_t size : g.batch)
      batches *= size;
  }
  Planned plan();

private:
  bool capacity(const MatmulTiling &t, int64_t &scratchpad) const;
  Cost cost(const MatmulTiling &t, int64_t scratchpad) const;
  int columnVectors() const {
    return g.norm ? (g.norm->scale >= 0) + (g.norm->shift >= 0) : 0;
  }
  int epiloguePasses() const {
    return 1 + (g.activation != VectorFunction::identity &&
                (g.residual || shifts()));
  }

  int64_t batches = 1;
};

bool MatmulPlanner::capacity(const MatmulTiling &t, int64_t &scratchpad) const {
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

Cost MatmulPlanner::cost(const MatmulTiling &t, int64_t scratchpad) const {
  int64_t mTrips = ceilDiv(g.m, t.m), nTrips = ceilDiv(g.n, t.n),
          kTrips = ceilDiv(g.k, t.k);
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

Planned MatmulPlanner::plan() {
  MatmulTiling best;
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
  int64_t smallestRows = -1;
  for (int64_t k : kChoices)
    for (int64_t n : nChoices)
      for (int64_t m : mChoices) {
        MatmulTiling t;
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
                  if (slots > 0)
                    continue;
                  smallestRows =
                      smallestRows < 0 ? rows : std::min(smallestRows, rows);
                  break;
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
  Schedule schedule = writeMatmul(g, machine, best);
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
