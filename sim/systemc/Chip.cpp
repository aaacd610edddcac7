// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Propose, arbitrate, commit; counters; values at retirement.

#include "sim/systemc/Chip.h"

#include "sim/functional/Execute.h"
#include "sim/memory/DramImage.h"

#include <algorithm>

namespace tilework::sim {

Chip::Chip(const RunRequest &request, DramModel &dram)
    : request(request), geometry(request.geometry), memory(*request.memory),
      scratchpad(geometry, *this), accumulator(geometry, *this),
      ports(geometry, dram, *this, request.launch.core),
      load(geometry, counters, *this, ports,
           scratchpad.port(ScratchpadClient::Load), memory),
      store(geometry, counters, *this, ports,
            scratchpad.port(ScratchpadClient::Store)),
      array(geometry, counters, *this, scratchpad, accumulator),
      vector(geometry, counters, *this, scratchpad, accumulator),
      sequencer(geometry, request.launch, memory, counters, ports.fetch(),
                {&load, &store, &array, &vector}) {
  clearFault(memory, *request.timing);
  if (!request.options.timingOnly)
    memories = std::make_unique<OnChipMemories>(geometry);
}

Cycle Chip::advance(Cycle now) {
  const Cycle barks = quietFrom + geometry.watchdogCycles;
  if (sequencer.stopped() || now == barks) {
    stop(now, now == barks);
    return now;
  }
  // Looking for a stretch to skip pays only where the last cycle was idle.
  Cycle next = now + 1;
  if (!busy && !request.options.stepping) {
    next = std::max(next, std::min(nextEvent(now), barks));
  }
  step(now);
  if (next != now + 1) {
    load.skip(now + 1, next);
    store.skip(now + 1, next);
    array.skip(now + 1, next);
    vector.skip(now + 1, next);
  }
  count(now, next);
  return next;
}

void Chip::step(Cycle now) {
  sequencer.propose(now);
  load.propose(now);
  store.propose(now);
  array.propose(now);
  vector.propose(now);

  scratchpad.arbitrate();
  accumulator.arbitrate();
  ports.arbitrate(now);

  retired = false;
  sequencer.commit(now);
  load.commit(now);
  store.commit(now);
  array.commit(now);
  vector.commit(now);
  counters.endCycle();
}

Cycle Chip::nextEvent(Cycle now) const {
  Cycle next = sequencer.nextEvent(now);
  if (next > now)
    next = std::min(next, load.nextEvent(now));
  if (next > now)
    next = std::min(next, store.nextEvent(now));
  if (next > now)
    next = std::min(next, array.nextEvent(now));
  if (next > now)
    next = std::min(next, vector.nextEvent(now));
  return next;
}

void Chip::count(Cycle now, Cycle next) {
  const std::array<Activity, kCountedUnits> activities = {
      load.activity(), store.activity(), array.activity(), vector.activity(),
      sequencer.activity()};
  for (unsigned u = 0; u < kCountedUnits; ++u)
    result.counters.activity[u][static_cast<unsigned>(activities[u])] +=
        next - now;
  busy = retired || sequencer.fetchBeat();
  for (Activity activity : activities)
    busy |= activity == Activity::Busy;
  quietFrom = busy ? next : std::max(quietFrom, ports.quietFrom(next - 1));
}

void Chip::stop(Cycle now, bool watchdog) {
  isStopped = true;
  result.cycles = now;
  result.trap = sequencer.trap(watchdog);
  if (result.trap.cause != TrapCause::none)
    result.trap.cycle = now;
  else
    result.trap = Trap();
  if (load.gatherIndexError())
    result.stickyStatus |= statusBit(isa::Status::gather_index);
  if (ports.firstError() < now)
    result.stickyStatus |= statusBit(isa::Status::bus_error);
  for (unsigned u = 0; u < kUnitCount; ++u)
    result.counters.retired[u] = counters.count(static_cast<Unit>(u));
  result.counters.sums = counted();
}

void Chip::retire(const Operation &operation, Cycle start, Cycle end,
                  uint64_t bytes) {
  retired = true;
  counters.retire(operation.unit);
  if (request.options.records) {
    RetireRecord record;
    record.core = request.launch.core;
    record.unit = static_cast<uint8_t>(operation.unit);
    record.sequence = operation.sequence;
    record.pc = operation.pc;
    record.context = operation.context;
    record.start = start;
    record.end = end;
    record.bytes = bytes;
    result.records.push_back(record);
  }
  // Program order is legal and conflicting accesses are ordered by waits, so
  // whatever this instruction reads was written by one that retired earlier,
  // and nothing has overwritten it.
  if (memories)
    execute(operation);
}

void Chip::execute(const Operation &operation) {
  executeOperation(operation, geometry, *memories, memory);
  if (operation.unit == Unit::Store)
    clearFault(memory, *request.timing);
}

} // namespace tilework::sim
