// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The systolic array's two processes and its way to the accumulator, cycle by
// cycle.

#include "sim/systemc/SystolicArray.h"

#include <algorithm>

namespace tilework::sim {

SystolicArray::SystolicArray(const Geometry &geometry,
                             const RetireCounters &counters, RetireSink &sink,
                             Scratchpad &scratchpad, Accumulator &accumulator)
    : geometry(geometry), counters(counters), sink(sink),
      activationsPort(scratchpad.port(ScratchpadClient::Activations)),
      weightsPort(scratchpad.port(ScratchpadClient::Weights)),
      sumsRead(accumulator.port(AccumulatorClient::SumsRead)),
      sumsWrite(accumulator.port(AccumulatorClient::SumsWrite)),
      queue(geometry.queueDepth) {}

void SystolicArray::start(Walk &walk, const Job &job, const TileAddress &tile) {
  walk.active = true;
  walk.job = job;
  walk.depthLeft = job.depthBytes;
  walk.columnsLeft = job.matmul.columns;
  walk.base = walk.row = tile.row;
  walk.lane = 0;
}

void SystolicArray::moveLane(Walk &walk, const TileAddress &tile,
                             uint32_t step) const {
  walk.lane += step;
  if (walk.lane == geometry.lanes()) {
    walk.lane = 0;
    walk.base += tile.blockStride;
  }
}

void SystolicArray::nextExtents(Walk &walk) const {
  if (lastDepth(walk)) {
    walk.depthLeft = walk.job.depthBytes;
    walk.columnsLeft -= geometry.columns;
  } else {
    walk.depthLeft -= 2 * geometry.rows;
  }
}

bool SystolicArray::waveEmpty() const {
  uint32_t blockRows =
      weights.job.matmul.weightsByColumn
          ? std::min(weights.columnsLeft, geometry.columns)
          : (std::min(weights.depthLeft, 2 * geometry.rows) + 1) / 2;
  return wave * geometry.weightRows >= blockRows;
}

bool SystolicArray::waveIsLast() const {
  uint32_t side =
      weights.job.matmul.weightsByColumn ? geometry.columns : geometry.rows;
  return (wave + 1) * geometry.weightRows == side;
}

bool SystolicArray::canStart(bool weightsFree) const {
  return !queue.empty() && weightsFree && jobs.size() < kJobs &&
         flights.size() < kInFlight && counters.satisfied(queue.front());
}

void SystolicArray::propose(Cycle now) {
  activationsPort.request = rowDue();
  activationsPort.bank = rows.row / geometry.scratchpadRowsPerBank();
  weightsPort.request = waveDue() && !waveEmpty();
  weightsPort.bank = weights.row / geometry.scratchpadRowsPerBank();

  sumsRead.request = sumsWrite.request = false;
  if (tagsRead < tags.size() && tags[tagsRead].read == now &&
      tags[tagsRead].reads) {
    sumsRead.request = true;
    sumsRead.bank = tags[tagsRead].sumsRow / geometry.accumulatorRowsPerBank();
  }
  if (!tags.empty() && tags.front().read + 2 == now && tags.front().writes) {
    sumsWrite.request = true;
    sumsWrite.bank = tags.front().sumsRow / geometry.accumulatorRowsPerBank();
  }
}

void SystolicArray::commit(Cycle now) {
  const bool rowSteps =
      rows.active && (rows.job.empty || (rowDue() && activationsPort.granted));
  const bool waveSteps = waveDue() && (waveEmpty() || weightsPort.granted);
  const bool waveRefused = weightsPort.request && !weightsPort.granted;
  const bool rowsEnd =
      rowSteps && (rows.job.empty ||
                   (rowsLeft == 1 && lastDepth(rows) && lastColumns(rows)));
  const bool weightsEnd =
      waveSteps && waveIsLast() && lastDepth(weights) && lastColumns(weights);
  const bool starts = canStart(!weights.active || weightsEnd);
  const bool takesJob = !jobs.empty() && (!rows.active || rowsEnd);
  const bool swaps = swapDue();
  lastActivity = classify(rowSteps && !rows.job.empty, rowSteps, waveRefused);

  passTags(now);
  if (swaps) {
    begun = true;
    full = false;
  }
  if (waveSteps)
    stepWave();
  if (rowSteps) {
    if (!rows.job.empty)
      sink.count(rows.job.matmul.isInt8() ? Counter::ArrayInt8Rows
                                          : Counter::ArrayBf16Rows,
                 1);
    stepRow(now);
  }
  if (takesJob) {
    const Job &job = jobs.front();
    start(rows, job, job.matmul.activations);
    adds = job.matmul.accumulate;
    rowsLeft = job.matmul.rows;
    sumsBase = sumsRow = job.matmul.sums.row;
    jobs.pop_front();
  }
  if (starts) {
    flights.push_back({queue.pop(), now});
    const Operation &operation = flights.back().operation;
    Job job;
    job.matmul = operation.matmul;
    job.empty = operation.kind != OperationKind::Matmul || !job.matmul.rows ||
                !job.matmul.columns || !job.matmul.depth;
    job.depthBytes = job.matmul.depth * (job.matmul.isInt8() ? 1 : 2);
    jobs.push_back(job);
    start(weights, job, job.matmul.weights);
    weights.active = !job.empty;
    wave = weightsOffset = 0;
  }
  queue.endCycle();
}

void SystolicArray::stepWave() {
  if (!waveIsLast()) {
    ++wave;
    weights.row += geometry.weightRows;
    return;
  }
  const MatmulOperation &matmul = weights.job.matmul;
  const bool columnsMove = lastDepth(weights);
  full = true;
  wave = 0;
  if (columnsMove && lastColumns(weights)) {
    weights.active = false;
    return;
  }
  if (matmul.weightsByColumn) {
    if (columnsMove) {
      weights.base = matmul.weights.row;
      weights.lane = 0;
      weightsOffset += geometry.columns;
    } else {
      moveLane(weights, matmul.weights, geometry.rows);
    }
  } else if (columnsMove) {
    moveLane(weights, matmul.weights, geometry.columns);
    weightsOffset = 0;
  } else {
    weightsOffset += geometry.rows;
  }
  weights.row = weights.base + weightsOffset;
  nextExtents(weights);
}

void SystolicArray::stepRow(Cycle now) {
  const Cycle read = now + geometry.rows + geometry.columns + 1;
  const MatmulOperation &matmul = rows.job.matmul;
  if (rows.job.empty) {
    tags.push_back({read, 0, false, false, true});
    rows.active = false;
    return;
  }
  const bool columnsMove = lastDepth(rows), blockEnds = rowsLeft == 1;
  const bool last = blockEnds && columnsMove && lastColumns(rows);
  tags.push_back({read, sumsRow, adds, true, last});
  if (!blockEnds) {
    --rowsLeft;
    rows.row += matmul.activations.stride;
    sumsRow += matmul.sums.stride;
    return;
  }
  begun = false;
  if (last) {
    rows.active = false;
    return;
  }
  rowsLeft = matmul.rows;
  adds = !columnsMove || matmul.accumulate;
  if (columnsMove) {
    rows.base = matmul.activations.row;
    rows.lane = 0;
    sumsBase += matmul.sums.blockStride;
  } else {
    moveLane(rows, matmul.activations, geometry.rows);
  }
  rows.row = rows.base;
  sumsRow = sumsBase;
  nextExtents(rows);
}

void SystolicArray::passTags(Cycle now) {
  for (; tagsRead < tags.size() && tags[tagsRead].read <= now; ++tagsRead)
    sink.count(Counter::AccumulatorSumsRead, tags[tagsRead].reads);
  for (; !tags.empty() && tags.front().read + 2 <= now; --tagsRead) {
    sink.count(Counter::AccumulatorSumsWrite, tags.front().writes);
    if (tags.front().last) {
      sink.retire(flights.front().operation, flights.front().start, now, 0);
      flights.pop_front();
    }
    tags.pop_front();
  }
}

Activity SystolicArray::classify(bool rowGranted, bool tokenPassed,
                                 bool waveRefused) const {
  if (rowGranted)
    return Activity::Busy;
  if (rows.active) {
    if (tokenPassed)
      return Activity::Latency;
    return rowDue() || waveRefused ? Activity::Scratchpad : Activity::Weights;
  }
  if (!queue.empty()) {
    const unsigned blocker = counters.blockedBy(queue.front());
    return blocker < kUnitCount ? waitActivity(blocker) : Activity::Latency;
  }
  return flights.empty() ? Activity::Empty : Activity::Latency;
}

Cycle SystolicArray::nextEvent(Cycle now) const {
  if (rowDue() || (rows.active && rows.job.empty) || waveDue() ||
      (!jobs.empty() && !rows.active) || canStart(!weights.active))
    return now;
  for (const Tag &tag : tags)
    if (tag.last)
      return std::max(now, tag.read + 2);
  return kNever;
}

void SystolicArray::skip(Cycle now, Cycle to) {
  if (to == now)
    return;
  passTags(to - 1);
  lastActivity = classify(false, false, false);
}

} // namespace tilework::sim
