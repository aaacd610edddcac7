// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cycle of the vector unit's issue side and of its result queue.

#include "sim/systemc/VectorUnit.h"

#include "dialects/isa/Instructions.h"
#include "sim/systemc/Dma.h"

#include <algorithm>

namespace tilework::sim {

namespace {

constexpr uint32_t kRowMask = (1u << 20) - 1;

bool granted(const ScratchpadPort &port) {
  return port.request && port.granted;
}
bool refused(const ScratchpadPort &port) {
  return port.request && !port.granted;
}

} // namespace

VectorUnit::VectorUnit(const Geometry &geometry, const RetireCounters &counters,
                       RetireSink &sink, Scratchpad &scratchpad,
                       Accumulator &accumulator)
    : geometry(geometry), counters(counters), sink(sink),
      accumulator(accumulator),
      source(scratchpad.port(ScratchpadClient::Source)),
      element(scratchpad.port(ScratchpadClient::Element)),
      columnsPort(scratchpad.port(ScratchpadClient::Columns)),
      result(scratchpad.port(ScratchpadClient::Result)),
      sumSource(accumulator.port(AccumulatorClient::Source)),
      sumElement(accumulator.port(AccumulatorClient::Element)),
      sumResult(accumulator.port(AccumulatorClient::Result)),
      queue(geometry.queueDepth) {
  while ((1u << treeLevels) < geometry.vectorLanes)
    ++treeLevels;
}

void VectorUnit::Walk::start(const TileAddress &tile, isa::VectorType type,
                             const Geometry &geometry) {
  place = type == isa::VectorType::bf16 || type == isa::VectorType::int8
              ? Place::Scratchpad
          : type == isa::VectorType::fp32 || type == isa::VectorType::int32
              ? Place::Accumulator
              : Place::None;
  rowElements = place == Place::Accumulator     ? geometry.columns
                : type == isa::VectorType::int8 ? 2 * geometry.lanes()
                                                : geometry.lanes();
  block = row = tile.row;
  element = tile.first;
  stride = tile.stride;
  blockStride = tile.blockStride;
}

void VectorUnit::Walk::nextRow() {
  row = (row + static_cast<uint32_t>(stride)) & kRowMask;
}

void VectorUnit::Walk::nextChunk(uint32_t lanes) {
  element += lanes;
  if (element == rowElements) {
    element = 0;
    block = (block + static_cast<uint32_t>(blockStride)) & kRowMask;
  }
  row = block;
}

uint8_t VectorUnit::columnsUsed(const VectorOperation &op) {
  const std::array<bool, 3> used = op.stages().usesColumns();
  return static_cast<uint8_t>(used[0] | used[1] << 1 | used[2] << 2);
}

bool VectorUnit::isEmpty(const Operation &operation) {
  return operation.kind == OperationKind::Null || operation.vector.rows == 0 ||
         operation.vector.elements == 0;
}

bool VectorUnit::mayIssue() const {
  if (!work.valid || items.size() == kCredits)
    return false;
  if (work.columns && work.firstRow && columns.staged == 0)
    return false;
  if (work.reduces && work.rows == 1 && issuedBefore && !work.firstItem)
    return false;
  return !(work.reduces && alongs != 0) &&
         !(work.along && work.firstItem && reducing != 0);
}

void VectorUnit::askFor(const Walk &walk, bool wanted, ScratchpadPort &row,
                        ScratchpadPort &sum) const {
  row.request = wanted && walk.place == Place::Scratchpad;
  sum.request = wanted && walk.place == Place::Accumulator;
  row.bank = sum.bank = bankOf(walk);
}

void VectorUnit::propose(Cycle now) {
  const bool may = mayIssue();
  askFor(work.source, may && !work.sourceHeld, source, sumSource);
  askFor(work.element, may && !work.elementHeld, element, sumElement);
  columnsPort.request = columnsAsk();
  columnsPort.bank = scratchpadBank(columns.row[columns.number()]);
  result.request = sumResult.request = false;
  if (!items.empty() && items.front().ready <= now) {
    const Item &head = items.front();
    result.request = head.place == Place::Scratchpad;
    sumResult.request = head.place == Place::Accumulator;
    result.bank = sumResult.bank = head.bank;
  }
}

Activity VectorUnit::stillActivity() const {
  if (queue.empty() && !next.valid && !work.valid && items.empty())
    return Activity::Empty;
  if (headWaits())
    return waitActivity(counters.blockedBy(queue.front()));
  if (refused(source) || refused(element) || refused(columnsPort) ||
      refused(result))
    return Activity::Scratchpad;
  if (refused(sumSource) || refused(sumElement) || refused(sumResult))
    return Activity::Accumulator;
  return Activity::Latency;
}

void VectorUnit::commit(Cycle now) {
  const bool may = mayIssue();
  const bool sourceNow = granted(source) || granted(sumSource);
  const bool elementNow = granted(element) || granted(sumElement);
  const bool issue =
      may &&
      (work.source.place == Place::None || work.sourceHeld || sourceNow) &&
      (work.element.place == Place::None || work.elementHeld || elementNow);
  const bool take = issue && work.columns && work.firstRow;
  const bool last = issue && lastItem();
  const bool move = next.valid && (!work.valid || last);
  const bool load = columnsLoad();
  const bool leave = !queue.empty() && !next.valid && !headWaits();
  const bool head = !items.empty() && items.front().ready <= now;
  const bool pop = head && (!result.request || result.granted) &&
                   (!sumResult.request || sumResult.granted);
  lastActivity = issue || pop || sourceNow || elementNow || granted(columnsPort)
                     ? Activity::Busy
                     : stillActivity();

  if (granted(columnsPort))
    grantColumns();
  if (take)
    --columns.staged;
  if (load)
    loadColumns();
  if (pop) {
    const bool end = items.front().last;
    items.pop_front();
    if (end) {
      const Flight &flight = flights.front();
      reducing -= flight.reduces;
      alongs -= flight.along;
      sink.retire(flight.operation, flight.start, now, 0);
      flights.pop_front();
    }
  }
  issuedBefore = issue;
  if (issue) {
    issueItem(now);
  } else {
    work.sourceHeld |= sourceNow;
    work.elementHeld |= elementNow;
  }
  if (move)
    startWork();
  if (leave) {
    next.valid = true;
    next.loaded = false;
    next.operation = queue.pop();
    next.start = now;
  }
  queue.endCycle();
}

void VectorUnit::countItem() {
  const VectorOperation &op = work.operation.vector;
  const isa::VectorStages stages = op.stages();
  const std::array<bool, 3> scalars = stages.usesStatistics();
  const bool words =
      op.sourceType == isa::VectorType::statistics ||
      (stages.usesElement() && op.elementType == isa::VectorType::statistics);
  const bool overwrites =
      work.elementsLeft == op.elements && !op.reduceAccumulate;
  sink.count(Counter::VectorItems, 1);
  sink.count(Counter::VectorMultiplies,
             (op.multiply0 != isa::Multiply0::none) +
                 (op.multiply1 != isa::Multiply1::none));
  sink.count(Counter::VectorAdds, (op.add0 != isa::Add0::none) +
                                      (op.add1 != isa::Add1::none) +
                                      (op.add2 != isa::Add2::none));
  sink.count(Counter::VectorFunctions,
             op.function != isa::VectorFunction::identity);
  sink.count(Counter::VectorReductions, work.reduces);
  sink.count(Counter::StatisticsWordReads, words);
  sink.count(Counter::StatisticsWordWrites, work.along);
  sink.count(Counter::StatisticsRowReads,
             (scalars[0] || scalars[1] || scalars[2]) +
                 (work.reduces && !overwrites));
  sink.count(Counter::StatisticsRowWrites, work.reduces);
}

void VectorUnit::issueItem(Cycle now) {
  if (!work.empty)
    countItem();
  const bool last = lastItem();
  const bool slow = last && work.reduces;
  items.push_back(
      {now + (slow ? kStatisticLatency + treeLevels : kResultLatency),
       bankOf(work.destination), work.destination.place, last});
  work.sourceHeld = work.elementHeld = false;
  if (work.firstItem) {
    reducing += work.reduces;
    alongs += work.along;
  }
  work.firstItem = false;
  if (last) {
    flights.push_back(
        {std::move(work.operation), work.start, work.reduces, work.along});
    work = Work();
    return;
  }
  work.firstRow = work.rowsLeft == 1;
  if (work.rowsLeft == 1) {
    work.rowsLeft = work.rows;
    work.elementsLeft -= geometry.vectorLanes;
    for (Walk *walk : {&work.source, &work.element, &work.destination})
      walk->nextChunk(geometry.vectorLanes);
  } else {
    --work.rowsLeft;
    for (Walk *walk : {&work.source, &work.element, &work.destination})
      walk->nextRow();
  }
}

void VectorUnit::startWork() {
  work = Work();
  work.valid = true;
  work.operation = std::move(next.operation);
  work.start = next.start;
  next.valid = false;
  work.firstItem = work.firstRow = true;
  work.empty = isEmpty(work.operation);
  if (work.empty)
    return;
  const VectorOperation &op = work.operation.vector;
  work.reduces = op.reduce != isa::Reduce::none;
  work.along = op.destinationType == isa::VectorType::statistics;
  work.columns = columnsUsed(op) != 0;
  work.rows = work.rowsLeft = op.rows;
  work.elementsLeft = op.elements;
  work.source.start(op.source, op.sourceType, geometry);
  if (op.stages().usesElement())
    work.element.start(op.element, op.elementType, geometry);
  work.destination.start(op.destination, op.destinationType, geometry);
}

void VectorUnit::loadColumns() {
  const VectorOperation &op = next.operation.vector;
  next.loaded = true;
  columns.active = true;
  columns.used = columns.pending = columnsUsed(op);
  columns.element = 0;
  columns.elementsLeft = op.elements;
  for (unsigned i = 0; i < 3; ++i) {
    columns.row[i] = op.columns[i].row;
    columns.blockStride[i] = op.columns[i].blockStride;
  }
}

void VectorUnit::grantColumns() {
  columns.pending &= static_cast<uint8_t>(~(1u << columns.number()));
  if (columns.pending)
    return;
  ++columns.staged;
  columns.pending = columns.used;
  columns.element += geometry.vectorLanes;
  if (columns.element == geometry.lanes()) {
    columns.element = 0;
    for (unsigned i = 0; i < 3; ++i)
      columns.row[i] =
          (columns.row[i] + static_cast<uint32_t>(columns.blockStride[i])) &
          kRowMask;
  }
  if (columns.elementsLeft <= geometry.vectorLanes)
    columns.active = false;
  else
    columns.elementsLeft -= geometry.vectorLanes;
}

Cycle VectorUnit::nextEvent(Cycle now) const {
  if (!queue.empty() && !next.valid && !headWaits())
    return now;
  if ((next.valid && !work.valid) || columnsLoad() || columnsAsk() ||
      mayIssue())
    return now;
  // A reduction of one row issues in every second cycle.
  if (work.valid && issuedBefore)
    return now;
  return items.empty() ? kNever : std::max(now, items.front().ready);
}

void VectorUnit::skip(Cycle now, Cycle to) {
  if (now == to)
    return;
  issuedBefore = false;
  source.request = element.request = columnsPort.request = false;
  result.request = sumSource.request = sumElement.request = false;
  sumResult.request = false;
  lastActivity = stillActivity();
}

} // namespace tilework::sim
