// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans attention as one loop over batch, heads and query tiles. Scores stay in
// the accumulator, probabilities in the scratchpad; several key tiles are
// combined with a running maximum and sum, so that the room needed does not
// grow with the sequence. The next tile's scores are made while the vector unit
// works on this one's.

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilework::planning {

namespace {

struct Tiling {
  int64_t queries = 0, keys = 0;
  bool holdKeys =
      true; ///< keys and values of a head stay on chip for all query tiles
  bool ahead = true; ///< the next scores are made before this tile's values
  int64_t slots = 2;
};

// Row statistics: the maximum so far, the new maximum, the factor of the old
// sums, the sum.
constexpr int kOldMaximum = 0, kMaximum = 1, kFactor = 2, kSum = 3;

/// What keys and values in one slot cost of the total: a load waits for the
/// products that read what is there.
constexpr double kOneSlotCost = 1.1;
/// Passes of the vector unit that wait for the one before them, for the first
/// tile of keys and, with the factors that rescale what is there, for each that
/// follows it.
constexpr double kFirstWaits = 5.0, kMoreWaits = 7.0;

class AttentionPlanner {
public:
  AttentionPlanner(const AttentionGroup &group, const Machine &machine)
      : g(group), machine(machine) {
    L = machine.lanes();
  }
  Planned plan();

private:
  Schedule write(const Tiling &t) const;
  Cost cost(const Tiling &t) const;

  const AttentionGroup &g;
  const Machine &machine;
  int64_t L;
};

/// Writes the steps of one schedule; the parts are methods because the first
/// tile and the last stand outside loops.
class AttentionWriter {
public:
  AttentionWriter(const AttentionGroup &group, const Tiling &tiling,
                  const Machine &machine, Schedule &schedule)
      : g(group), t(tiling), machine(machine), b(schedule, machine),
        L(machine.lanes()) {}
  void write();

private:
  int64_t pitch(int64_t rows) const {
    return roundUp(rows, machine.weightRows);
  }
  int64_t heldKeys() const { return t.holdKeys ? g.keys : t.keys; }
  Affine place(const Access &access, bool perKvHead) const {
    Affine byte = access.offset;
    byte.add(0, access.batchStrides[0]);
    int64_t group = g.heads / g.kvHeads;
    byte.add(1, access.batchStrides[1] * (perKvHead ? 1 : group));
    if (!perKvHead)
      byte.add(2, access.batchStrides[1]);
    return byte;
  }
  /// Query rows of the tile `at` iterations behind the query loop's present
  /// one; `fixed`: counted from the first.
  Extent queryExtent(int64_t shift, bool inLoop) const {
    if (!inLoop)
      return Extent(std::min(t.queries, g.queries - shift * t.queries));
    return Extent(t.queries, g.queries - shift * t.queries, kQueryDepth);
  }
  Extent keyExtent(int64_t shift, int keyDepth) const {
    if (keyDepth < 0)
      return Extent(std::min(t.keys, g.keys - shift * t.keys));
    return Extent(t.keys, g.keys - shift * t.keys, keyDepth);
  }
  void loadKeysAndValues(int64_t shift, int keyDepth, bool whole);
  /// A query tile: iteration `shift`, plus the query loop's when `inLoop`.
  void loadQueries(int64_t shift, bool inLoop, int ahead);
  void scores(int64_t shift, bool inLoop, int ahead, int64_t keyShift,
              int keyDepth);
  /// Begins the maxima at a finite number, so that a row whose scores are minus
  /// infinity so far, hidden or computed, has sums of zero, not of NaN. Behind
  /// the scores it would be in their way.
  void beginMaxima(int64_t shift, bool inLoop);
  bool startsMaxima() const { return g.zeroHidden || g.keys > t.keys; }
  /// Makes the sums' reciprocals of rows that are not kept NaN; the factor
  /// becomes NaN for rows that are kept and are NaN, and 1 for others.
  void dropRows(int64_t shift, bool inLoop);
  /// What a row whose weights are all zero gives: zeros, or NaN where a value
  /// is not finite. Rows whose weights are NaN become it: they are NaN
  /// throughout, and where another row is, so is this one.
  Value emptyRow() const { return {rowOf(emptyBuffer), VectorType::bf16}; }
  Value emptySums() const { return {rowOf(emptySumsBuffer), VectorType::fp32}; }
  static Tile rowOf(int buffer) {
    Tile tile;
    tile.buffer = buffer;
    tile.blockStride = 1;
    return tile;
  }
  void sumEmptyRow(int64_t keyShift, int keyDepth, bool whole, bool first);
  void storeEmptyRow();
  /// Where the mask of a tile of scores stands.
  Tile maskTile(size_t i, int64_t keyShift, int keyDepth) const {
    Tile tile;
    tile.buffer = maskBuffers[i];
    tile.blockStride = g.masks[i].perKey ? 1 : t.queries;
    if (g.masks[i].perKey) {
      tile.row = keyShift * t.keys / L;
      tile.row.add(keyDepth, t.keys / L);
    }
    return tile;
  }
  void softmax(int64_t shift, bool inLoop, int64_t keyShift, int keyDepth,
               bool first);
  void values(bool inLoop, int64_t shift, int64_t keyShift, int keyDepth,
              bool first);
  void finish(int64_t shift, bool inLoop);

  static constexpr int kQueryDepth = 3, kKeyDepth = 4;
  const AttentionGroup &g;
  const Tiling &t;
  const Machine &machine;
  ScheduleBuilder b;
  int64_t L;
  int qBuffer = -1, kBuffer = -1, vBuffer = -1, pBuffer = -1, outBuffer = -1;
  int sBuffer = -1, oBuffer = -1, onesBuffer = -1, keptBuffer = -1;
  int zerosBuffer = -1, emptySumsBuffer = -1, emptyBuffer = -1;
  std::vector<int> maskBuffers;
};

void AttentionWriter::loadKeysAndValues(int64_t shift, int keyDepth,
                                        bool whole) {
  Extent rows = whole ? Extent(g.keys) : keyExtent(shift, keyDepth);
  auto load = [&](const Access &access, int buffer, int64_t width) {
    DramTile dram;
    dram.tensor = access.tensor;
    dram.stride = access.rowStride;
    dram.byte = place(access, true).plus(shift * t.keys * access.rowStride);
    dram.byte.add(whole ? -1 : keyDepth, t.keys * access.rowStride);
    Tile tile;
    tile.buffer = buffer;
    tile.blockStride = pitch(heldKeys());
    b.load(dram, tile, rows, width);
  };
  load(g.k, kBuffer, g.headDim);
  load(g.v, vBuffer, g.valueDim);
}

void AttentionWriter::loadQueries(int64_t shift, bool inLoop, int ahead) {
  DramTile dram;
  dram.tensor = g.q.tensor;
  dram.stride = g.q.rowStride;
  dram.byte = place(g.q, false).plus(shift * t.queries * g.q.rowStride);
  dram.byte.add(inLoop ? kQueryDepth : -1, t.queries * g.q.rowStride);
  Tile tile;
  tile.buffer = qBuffer;
  tile.blockStride = t.queries;
  tile.ahead = ahead;
  b.load(dram, tile, queryExtent(shift, inLoop), g.headDim);
}

void AttentionWriter::scores(int64_t shift, bool inLoop, int ahead,
                             int64_t keyShift, int keyDepth) {
  Step &step = b.step(StepKind::Matmul);
  step.tile.buffer = qBuffer;
  step.tile.blockStride = t.queries;
  step.tile.ahead = ahead;
  step.weights.buffer = kBuffer;
  step.weights.blockStride = pitch(heldKeys());
  if (t.holdKeys) {
    step.weights.row = keyShift * t.keys;
    step.weights.row.add(keyDepth, t.keys);
  }
  step.sums.buffer = sBuffer;
  step.sums.blockStride = t.queries;
  step.sums.ahead = ahead;
  step.rows = queryExtent(shift, inLoop);
  step.columns = keyExtent(keyShift, keyDepth);
  step.depth = g.headDim;
  step.byColumns = true;
}

void AttentionWriter::beginMaxima(int64_t shift, bool inLoop) {
  Value ones;
  ones.tile.buffer = onesBuffer;
  ones.tile.blockStride = 1;
  ChainWriter least(b, 1, queryExtent(shift, inLoop), 0, Value());
  least.begin(ones);
  least.multiplyScalar(std::numeric_limits<float>::lowest());
  least.finishToStatistic(kMaximum);
}

void AttentionWriter::softmax(int64_t shift, bool inLoop, int64_t keyShift,
                              int keyDepth, bool first) {
  Extent rows = queryExtent(shift, inLoop),
         columns = keyExtent(keyShift, keyDepth);
  if (first && startsMaxima())
    beginMaxima(shift, inLoop);
  Value s;
  s.tile.buffer = sBuffer;
  s.tile.blockStride = t.queries;
  s.type = VectorType::fp32;
  for (size_t i = 0; i < g.masks.size(); ++i) {
    if (g.masks[i].perKey)
      continue;
    const Access &mask = g.masks[i].access;
    DramTile dram;
    dram.tensor = mask.tensor;
    dram.stride = mask.rowStride;
    dram.byte =
        place(mask, false)
            .plus(shift * t.queries * mask.rowStride + keyShift * t.keys * 2);
    dram.byte.add(inLoop ? kQueryDepth : -1, t.queries * mask.rowStride);
    dram.byte.add(keyDepth, t.keys * 2);
    b.load(dram, maskTile(i, keyShift, keyDepth), rows, columns);
  }
  if (!first) {
    ChainWriter keep(b, 1, rows, 0, Value());
    keep.beginStatistic(kMaximum);
    keep.finishToStatistic(kOldMaximum);
  }
  if (g.softcap) {
    ChainWriter capped(b, rows, columns, 0, s);
    capped.begin(s);
    capped.multiplyScalar(g.scale / g.softcap);
    capped.function(VectorFunction::tanh);
    capped.finish(s);
  }
  // Scaled and masked scores stay where the array put them; their maximum
  // starts anew or goes on.
  ChainWriter one(b, rows, columns, 0, s);
  one.begin(s);
  one.multiplyScalar(g.softcap ? g.softcap : g.scale);
  for (size_t i = 0; i < g.masks.size(); ++i) {
    const AttentionMask &mask = g.masks[i];
    Value element;
    element.tile = maskTile(i, keyShift, keyDepth);
    if (mask.selects && mask.perKey)
      one.functionColumn(VectorFunction::select, element.tile, g.otherwise);
    else if (mask.selects)
      one.functionElement(VectorFunction::select, element, g.otherwise);
    else if (mask.perKey)
      one.addColumn(element.tile);
    else
      one.addElement(element);
  }
  one.reduce(Reduce::maximum, kMaximum,
             first && !startsMaxima() ? Accumulate::never : Accumulate::always);
  one.finish(s);
  if (!first) {
    ChainWriter factor(b, 1, rows, 0, Value());
    factor.beginStatistic(kMaximum);
    factor.multiplyScalar(-1.0f);
    factor.addStatisticElement(kOldMaximum);
    factor.function(VectorFunction::exponential);
    factor.finishToStatistic(kFactor);
    ChainWriter sum(b, 1, rows, 0, Value());
    sum.beginStatistic(kSum);
    sum.multiplyStatisticElement(kFactor);
    sum.finishToStatistic(kSum);
  }
  Value p;
  p.tile.buffer = pBuffer;
  p.tile.blockStride = t.queries;
  ChainWriter two(b, rows, columns, 0, s);
  two.begin(s);
  two.addStatistic(kMaximum, true);
  two.function(VectorFunction::exponential);
  two.reduce(Reduce::sum, kSum, first ? Accumulate::never : Accumulate::always);
  two.finish(p);
  if (!first) {
    Value o;
    o.tile.buffer = oBuffer;
    o.tile.blockStride = t.queries;
    o.type = VectorType::fp32;
    ChainWriter rescale(b, rows, g.valueDim, 0, o);
    rescale.begin(o);
    rescale.multiplyStatistic(kFactor);
    rescale.finish(o);
  }
}

void AttentionWriter::values(bool inLoop, int64_t shift, int64_t keyShift,
                             int keyDepth, bool first) {
  Step &step = b.step(StepKind::Matmul);
  step.tile.buffer = pBuffer;
  step.tile.blockStride = t.queries;
  step.weights.buffer = vBuffer;
  step.weights.blockStride = pitch(heldKeys());
  if (t.holdKeys) {
    step.weights.row = keyShift * t.keys;
    step.weights.row.add(keyDepth, t.keys);
  }
  step.sums.buffer = oBuffer;
  step.sums.blockStride = t.queries;
  step.rows = queryExtent(shift, inLoop);
  step.columns = g.valueDim;
  step.depth = keyExtent(keyShift, keyDepth);
  step.accumulate = first ? Accumulate::never : Accumulate::always;
  if (g.zeros >= 0 && !t.holdKeys)
    sumEmptyRow(keyShift, keyDepth, false, first);
}

void AttentionWriter::sumEmptyRow(int64_t keyShift, int keyDepth, bool whole,
                                  bool first) {
  Step &step = b.step(StepKind::Matmul);
  step.tile.buffer = zerosBuffer;
  step.tile.blockStride = 1;
  step.weights.buffer = vBuffer;
  step.weights.blockStride = pitch(heldKeys());
  step.sums = emptySums().tile;
  step.rows = 1;
  step.columns = g.valueDim;
  step.depth = whole ? Extent(g.keys) : keyExtent(keyShift, keyDepth);
  step.accumulate = first ? Accumulate::never : Accumulate::always;
}

void AttentionWriter::storeEmptyRow() {
  ChainWriter store(b, 1, g.valueDim, 0, Value());
  store.begin(emptySums());
  store.finish(emptyRow());
}

void AttentionWriter::dropRows(int64_t shift, bool inLoop) {
  Extent rows = queryExtent(shift, inLoop);
  Value kept{rowOf(keptBuffer), VectorType::bf16};
  DramTile dram;
  dram.tensor = g.kept->tensor;
  dram.byte = place(*g.kept, false).plus(shift * t.queries * 2);
  dram.byte.add(inLoop ? kQueryDepth : -1, t.queries * 2);
  b.load(dram, kept.tile, 1, rows);
  ChainWriter stays(b, 1, rows, 0, Value());
  stays.beginStatistic(kSum);
  stays.multiplyScalar(0);
  stays.addScalar(1);
  stays.functionElement(VectorFunction::select, kept, 1);
  stays.finishToStatistic(kFactor);
  ChainWriter drops(b, 1, rows, 0, Value());
  drops.beginStatistic(kSum);
  drops.functionElement(VectorFunction::select, kept,
                        std::numeric_limits<float>::quiet_NaN());
  drops.finishToStatistic(kSum);
}

void AttentionWriter::finish(int64_t shift, bool inLoop) {
  Extent rows = queryExtent(shift, inLoop);
  ChainWriter inverse(b, 1, rows, 0, Value());
  inverse.beginStatistic(kSum);
  // A sum of zero is a hidden row's; others are at least 1 and stay as they
  // are.
  if (g.zeroHidden)
    inverse.addScalar(0x1p-100f);
  inverse.function(VectorFunction::reciprocal);
  inverse.finishToStatistic(kSum);
  if (g.kept)
    dropRows(shift, inLoop);
  Value o, out;
  o.tile.buffer = oBuffer;
  o.tile.blockStride = t.queries;
  o.type = VectorType::fp32;
  out.tile.buffer = outBuffer;
  out.tile.blockStride = t.queries;
  ChainWriter last(b, rows, g.valueDim, 0, o);
  last.begin(o);
  last.multiplyStatistic(kSum);
  if (g.zeros >= 0) {
    if (!t.holdKeys)
      storeEmptyRow();
    last.functionColumn(VectorFunction::replace_nan, emptyRow().tile, 0);
    if (!g.zeroNaN)
      last.multiplyStatistic(kFactor);
  }
  last.finish(out);
  DramTile dram;
  dram.tensor = g.out.tensor;
  dram.stride = g.out.rowStride;
  dram.byte = place(g.out, false).plus(shift * t.queries * g.out.rowStride);
  dram.byte.add(inLoop ? kQueryDepth : -1, t.queries * g.out.rowStride);
  b.store(dram, out.tile, rows, g.valueDim);
}

void AttentionWriter::write() {
  int64_t queryTrips = ceilDiv(g.queries, t.queries),
          keyTrips = ceilDiv(g.keys, t.keys);
  bool ahead = t.ahead && keyTrips == 1 && queryTrips > 1;
  int keyTurn = t.holdKeys ? 1 : kKeyDepth;
  qBuffer = b.buffer("queries", Space::scratchpad,
                     b.tileRows(t.queries, g.headDim), 2, kQueryDepth);
  int64_t keyRows = pitch(heldKeys());
  kBuffer = b.buffer("keys", Space::scratchpad, keyRows * ceilDiv(g.headDim, L),
                     t.slots, keyTurn);
  vBuffer = b.buffer("values", Space::scratchpad,
                     keyRows * ceilDiv(g.valueDim, L), t.slots, keyTurn);
  if (startsMaxima())
    onesBuffer =
        b.buffer("ones", Space::scratchpad, ceilDiv(t.queries, L), 1, -1);
  if (g.kept)
    keptBuffer = b.buffer("kept", Space::scratchpad, ceilDiv(t.queries, L),
                          t.slots, kQueryDepth);
  if (g.zeros >= 0) {
    int turn = t.holdKeys ? 1 : kQueryDepth;
    zerosBuffer =
        b.buffer("zeros", Space::scratchpad, b.tileRows(1, heldKeys()), 1, -1);
    emptySumsBuffer = b.buffer("empty sums", Space::accumulator,
                               b.sumRows(1, g.valueDim), t.slots, turn);
    emptyBuffer = b.buffer("empty row", Space::scratchpad,
                           b.tileRows(1, g.valueDim), t.slots, turn);
  }
  for (const AttentionMask &mask : g.masks)
    maskBuffers.push_back(
        mask.perKey
            ? b.buffer("mask", Space::scratchpad, ceilDiv(g.keys, L), 1, -1)
            : b.buffer("mask", Space::scratchpad, b.tileRows(t.queries, t.keys),
                       t.slots, keyTrips > 1 ? kKeyDepth : kQueryDepth));
  pBuffer = b.buffer("probabilities", Space::scratchpad,
                     b.tileRows(t.queries, t.keys), t.slots,
                     keyTrips > 1 ? kKeyDepth : kQueryDepth);
  outBuffer = b.buffer("out", Space::scratchpad,
                       b.tileRows(t.queries, g.valueDim), t.slots, kQueryDepth);
  sBuffer = b.buffer("scores", Space::accumulator, b.sumRows(t.queries, t.keys),
                     ahead || t.slots > 1 ? 2 : 1,
                     keyTrips > 1 ? kKeyDepth : kQueryDepth);
  oBuffer = b.buffer("sums", Space::accumulator,
                     b.sumRows(t.queries, g.valueDim), t.slots, kQueryDepth);

  auto loadRow = [&](int tensor, int buffer, int64_t count) {
    DramTile dram;
    dram.tensor = tensor;
    b.load(dram, rowOf(buffer), 1, count);
  };
  if (startsMaxima())
    loadRow(g.ones, onesBuffer, std::min(t.queries, g.queries));
  if (g.zeros >= 0)
    loadRow(g.zeros, zerosBuffer, heldKeys());
  b.beginLoop(g.batch);
  for (size_t i = 0; i < g.masks.size(); ++i) {
    const Access &mask = g.masks[i].access;
    if (!g.masks[i].perKey)
      continue;
    DramTile dram;
    dram.tensor = mask.tensor;
    dram.byte = mask.offset;
    dram.byte.add(0, mask.batchStrides[0]);
    b.load(dram, maskTile(i, 0, -1), 1, g.keys);
  }
  b.beginLoop(g.kvHeads);
  if (t.holdKeys) {
    loadKeysAndValues(0, -1, true);
    if (g.zeros >= 0) {
      sumEmptyRow(0, -1, true, true);
      storeEmptyRow();
    }
  }
  b.beginLoop(g.heads / g.kvHeads);
  if (ahead) {
    loadQueries(0, false, 0);
    scores(0, false, 0, 0, -1);
    b.beginLoop(queryTrips - 1);
    loadQueries(1, true, 1);
    scores(1, true, 1, 0, -1);
    // All but the last tile are whole.
    softmax(0, true, 0, -1, true);
    values(true, 0, 0, -1, true);
    finish(0, true);
    b.endLoop();
    softmax(queryTrips - 1, false, 0, -1, true);
    values(false, queryTrips - 1, 0, -1, true);
    finish(queryTrips - 1, false);
  } else {
    b.beginLoop(queryTrips);
    loadQueries(0, true, 0);
    if (!t.holdKeys)
      loadKeysAndValues(0, -1, false);
    scores(0, true, 0, 0, -1);
    softmax(0, true, 0, -1, true);
    values(true, 0, 0, -1, true);
    if (keyTrips > 1) {
      b.beginLoop(keyTrips - 1);
      if (!t.holdKeys)
        loadKeysAndValues(1, kKeyDepth, false);
      scores(0, true, 0, 1, kKeyDepth);
      softmax(0, true, 1, kKeyDepth, false);
      values(true, 0, 1, kKeyDepth, false);
      b.endLoop();
    }
    finish(0, true);
    b.endLoop();
  }
  b.endLoop();
  b.endLoop();
  b.endLoop();
}

Schedule AttentionPlanner::write(const Tiling &t) const {
  Schedule schedule;
  AttentionWriter(g, t, machine, schedule).write();
  return schedule;
}

Cost AttentionPlanner::cost(const Tiling &t) const {
  Cost c;
  auto sum = [](int64_t extent, int64_t tile, auto f) {
    int64_t full = extent / tile, rest = extent % tile;
    return double(full * f(tile) + (rest ? f(rest) : 0));
  };
  int64_t R = machine.rows, C = machine.columns, V = machine.vectorLanes;
  double heads = double(g.batch * g.heads);
  int64_t side = std::max(C / machine.weightRows, kAdderCycles),
          row = std::max(R / machine.weightRows, kAdderCycles);
  double keyColumns =
      sum(g.keys, t.keys, [&](int64_t k) { return ceilDiv(k, C); });
  double keyDepths =
      sum(g.keys, t.keys, [&](int64_t k) { return ceilDiv(k, R); });
  double scoreRows =
      sum(g.queries, t.queries, [&](int64_t m) { return std::max(m, side); });
  double valueRows =
      sum(g.queries, t.queries, [&](int64_t m) { return std::max(m, row); });
  c.array = heads * (keyColumns * double(ceilDiv(g.headDim, R)) * scoreRows +
                     keyDepths * double(ceilDiv(g.valueDim, C)) * valueRows);
  double keyTrips = double(ceilDiv(g.keys, t.keys)),
         queryTrips = double(ceilDiv(g.queries, t.queries));
  double chunks = sum(g.keys, t.keys, [&](int64_t k) { return ceilDiv(k, V); });
  double lat = double(kVectorCycles);
  double passes = g.softcap ? 3.0 : 2.0; // over the scores
  c.vector =
      heads * (double(g.queries) * (passes * chunks +
                                    double(ceilDiv(g.valueDim, V)) * keyTrips) +
               queryTrips * (kFirstWaits + kMoreWaits * (keyTrips - 1)) * lat);
  double kvTimes = t.holdKeys ? 1.0 : queryTrips * double(g.heads / g.kvHeads);
  c.dramBytes =
      2.0 * heads * double(g.queries) * double(g.headDim + g.valueDim) +
      2.0 * double(g.batch * g.kvHeads) * double(g.keys) *
          double(g.headDim + g.valueDim) * kvTimes;
  for (const AttentionMask &mask : g.masks)
    if (!mask.perKey)
      c.dramBytes += 2.0 * heads * double(g.queries) * double(g.keys);
  c.dram = c.dramBytes / machine.dramBytesPerCycle;
  c.start = double(kDramCycles) + 2.0 * double(t.keys + t.queries) *
                                      double(g.headDim) /
                                      machine.dramBytesPerCycle;
  c.tail =
      double(t.queries * ceilDiv(g.valueDim, V)) + 2.0 * double(kDramCycles);
  bool ahead = t.ahead && keyTrips == 1 && queryTrips > 1;
  double busy =
      ahead ? std::max(c.array, c.vector + c.array / 2) : c.array + c.vector;
  c.total = std::max(busy, c.dram) + c.start + c.tail;
  return c;
}

Planned AttentionPlanner::plan() {
  Planned result;
  double best = std::numeric_limits<double>::infinity();
  int64_t least = -1;
  auto queryChoices = tileChoices(
      g.queries, 1, std::min(machine.statisticsRows, machine.accumulatorRows));
  auto keyChoices = tileChoices(g.keys, L, kMostTile);
  for (int64_t keys : keyChoices)
    for (int64_t queries : queryChoices)
      for (bool hold : {true, false})
        for (int64_t slots : {2, 1})
          for (bool ahead : {true, false}) {
            Tiling t;
            t.queries = queries;
            t.keys = std::min(keys, g.keys);
            t.holdKeys = hold;
            t.slots = slots;
            t.ahead = ahead && slots == 2;
            int64_t sums = queries *
                           (ceilDiv(t.keys, machine.columns) +
                            ceilDiv(g.valueDim, machine.columns)) *
                           slots;
            if (sums > machine.accumulatorRows)
              continue;
            Cost c = cost(t);
            if (slots == 1)
              c.total *= kOneSlotCost;
            if (c.total >= best)
              continue;
            Schedule schedule = write(t);
            int64_t rows = scratchpadRowsNeeded(schedule, machine);
            least = least < 0 ? rows : std::min(least, rows);
            if (!fits(schedule, machine))
              continue;
            best = c.total;
            schedule.cost = c;
            result.schedule = std::move(schedule);
          }
  if (!result.schedule) {
    result.refusal =
        "no tile of an attention over " + std::to_string(g.keys) + " keys of " +
        std::to_string(g.headDim) +
        " elements fits: the smallest tried needs " + std::to_string(least) +
        " scratchpad rows, the target has " +
        std::to_string(machine.scratchpadRows) + ", and " +
        std::to_string(machine.accumulatorRows) + " accumulator rows";
    return result;
  }
  allocate(*result.schedule, machine, false);
  return result;
}

} // namespace

Planned planAttention(const AttentionGroup &group, const Machine &machine) {
  return AttentionPlanner(group, machine).plan();
}

} // namespace tilework::planning
