// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cycle by cycle behaviour of the store DMA. Beats on their way out and
// responses are kept as time stamps.

#include "sim/systemc/StoreDma.h"

#include <algorithm>

namespace tilework::sim {

StoreDma::StoreDma(const Geometry &geometry, const RetireCounters &counters,
                   RetireSink &sink, MemoryPorts &memory, ScratchpadPort &rows)
    : shape(geometry), counters(counters), sink(sink), memory(memory),
      scratchpad(rows), queue(geometry.queueDepth), ports(geometry.axiPorts) {
  for (Port &port : ports)
    port.freeWords = shape.bufferWords;
}

void StoreDma::propose(Cycle now) {
  if (next == oldest) { // nothing in flight
    scratchpad.request = false;
    return;
  }
  for (uint32_t p = 0; p < shape.ports; ++p) {
    Port &port = ports[p];
    while (!port.releases.empty() && port.releases.front() <= now) {
      port.releases.pop_front();
      ++port.freeWords;
    }
    while (!port.responses.empty() && port.responses.front().first < now) {
      --place(port.responses.front().second).underWay;
      --port.burstsUnderWay;
      port.responses.pop_front();
    }
    MemoryPorts::Port &pins = memory.port(p);
    pins.storeReady = !port.bursts.empty() && port.bursts.front().ready <= now;
    pins.store.request = pins.storeReady && port.dataFree <= now;
    if (pins.store.request)
      pins.store.burst = port.bursts.front().burst;
  }
  room = false;
  if (state == State::Walk) {
    if (!fragmentValid)
      describeFragment();
    const Fragment &f = fragment;
    room = true;
    for (uint32_t p : {f.lowPort, f.highPort}) {
      uint32_t words =
          (!wordOpen && f.lowPort == p) + (f.crossing && f.highPort == p);
      uint32_t bursts = (!burstOpen && f.lowPort == p) +
                        (f.crossing && f.atBoundary && f.highPort == p);
      room &= ports[p].freeWords >= words &&
              ports[p].burstsUnderWay + bursts <= shape.outstandingBursts;
    }
  }
  scratchpad.request = room && !gap;
  if (scratchpad.request)
    scratchpad.bank = walk.row() / shape.rowsPerBank;
}

void StoreDma::describeFragment() {
  Fragment &f = fragment;
  f.address = walk.address();
  f.end = f.address + walk.length() - 1;
  f.highAddress = f.end & ~uint64_t(shape.wordBytes - 1);
  f.crossing = (f.address ^ f.end) >> shape.wordShift & 1;
  f.runEnd = walk.runEnd();
  uint64_t boundary = f.crossing ? f.highAddress : f.end + 1;
  f.atBoundary = (boundary & (shape.burstBytes - 1)) == 0;
  f.lowPort = shape.port(f.address);
  f.highPort = f.crossing ? shape.port(f.end) : f.lowPort;
  fragmentValid = true;
}

void StoreDma::commit(Cycle now) {
  if (next == oldest && queue.empty()) {
    lastActivity = Activity::Empty;
    queue.endCycle();
    return;
  }
  granted = scratchpad.request && scratchpad.granted;
  bool placeFree = next - oldest != DmaShape::kJobDepth;
  bool inFlight = next != oldest;
  bool queueValid = !queue.empty();
  bool satisfied = queueValid && counters.satisfied(queue.front());
  bool sent = false;
  for (uint32_t p = 0; p < shape.ports; ++p)
    sent |= memory.port(p).store.request && memory.port(p).store.granted;

  if (granted || sent)
    lastActivity = Activity::Busy;
  else if (state == State::Idle && !queueValid && !inFlight)
    lastActivity = Activity::Empty;
  else if (state == State::Idle && queueValid && !satisfied)
    lastActivity = waitActivity(counters.blockedBy(queue.front()));
  else if (scratchpad.request)
    lastActivity = Activity::Scratchpad;
  else if (state == State::Idle && inFlight)
    lastActivity = Activity::Memory;
  else if (state == State::Walk && !room)
    lastActivity = Activity::Buffer;
  else
    lastActivity = Activity::Latency;

  // State of this cycle, before anything below changes it.
  Place &eldest = place(oldest);
  bool retire = inFlight && eldest.walked && eldest.underWay == 0;

  nextGap = false;
  switch (state) {
  case State::Idle:
    if (satisfied && placeFree) {
      Place &mine = place(next++);
      mine.job.operation = queue.pop();
      mine.job.start = now;
      mine.job.bytes = 0;
      mine.walked = false;
      mine.underWay = 0;
      state = State::Runs;
    }
    break;
  case State::Runs: {
    Place &mine = place(next - 1);
    mine.job.prepare();
    if (mine.job.empty) {
      mine.walked = true;
      state = State::Idle;
    } else {
      walk.load(mine.job, shape);
      fragmentValid = false;
      state = State::Walk;
    }
    break;
  }
  case State::Walk:
    if (granted)
      commitFragment(now);
    break;
  }
  gap = nextGap;

  for (uint32_t p = 0; p < shape.ports; ++p)
    if (memory.port(p).store.request && memory.port(p).store.granted)
      send(ports[p], p, now);

  if (retire) {
    sink.retire(eldest.job.operation, eldest.job.start, now, eldest.job.bytes);
    ++oldest;
  }
  queue.endCycle();
}

void StoreDma::commitFragment(Cycle now) {
  const Fragment &f = fragment;
  uint32_t number = next - 1;
  Place &mine = place(number);
  auto begin = [&](uint32_t port) {
    ++ports[port].burstsUnderWay;
    ++mine.underWay;
  };
  auto end = [&](uint32_t port, uint64_t first, uint64_t last, Cycle packed) {
    // Packed in the cycle `packed`, ready two cycles later.
    ports[port].bursts.push_back(
        {shape.burst(first, last - first + 1), packed + 2, number});
  };

  if (!wordOpen)
    --ports[f.lowPort].freeWords;
  if (!burstOpen) {
    begin(f.lowPort);
    burstAddress = f.address;
  }
  bool lowEnds = f.atBoundary || (f.runEnd && !f.crossing);
  if (lowEnds)
    end(f.lowPort, burstAddress, f.crossing ? f.highAddress - 1 : f.end,
        now + 1);
  if (f.crossing) {
    --ports[f.highPort].freeWords;
    if (f.atBoundary) {
      begin(f.highPort);
      burstAddress = f.highAddress;
    }
    if (f.runEnd) {
      end(f.highPort, burstAddress, f.end, now + 2);
      nextGap = true;
    }
  }
  wordOpen = !f.runEnd && (f.crossing || (f.end + 1) % shape.wordBytes != 0);
  burstOpen = !f.runEnd && (f.crossing || !lowEnds);

  mine.job.bytes += walk.length();
  fragmentValid = false;
  if (walk.last()) {
    mine.walked = true;
    state = State::Idle;
  } else {
    walk.step();
  }
}

void StoreDma::send(Port &port, uint32_t index, Cycle now) {
  // Beat i enters the data register in cycle now + i; the room of a word shows
  // in the cycle after its last beat's.
  const PackedBurst packed = port.bursts.front();
  const Burst &burst = packed.burst;
  port.bursts.pop_front();
  uint32_t sub = static_cast<uint32_t>(burst.address >> shape.beatShift) &
                 (shape.wordBeats - 1);
  for (uint32_t beat = 0; beat < burst.beats;
       beat += shape.wordBeats - sub, sub = 0)
    port.releases.push_back(
        now + std::min(burst.beats, beat + shape.wordBeats - sub));
  port.dataFree = now + burst.beats;
  port.responses.push_back({memory.port(index).responseCycle, packed.job});
}

Cycle StoreDma::nextEvent(Cycle now) const {
  Cycle result = kNever;
  auto at = [&](Cycle cycle) {
    result = std::min(result, std::max(now, cycle));
  };
  for (const Port &port : ports) {
    if (!port.bursts.empty())
      at(std::max(port.bursts.front().ready, port.dataFree));
    if (!port.bursts.empty())
      at(port.bursts.front().ready); // the arbiter may turn
    if (!port.responses.empty())
      at(port.responses.front().first + 1);
    if (state == State::Walk && !port.releases.empty())
      at(port.releases.front());
  }
  const Place &eldest = places[oldest % DmaShape::kJobDepth];
  if (next != oldest && eldest.walked && eldest.underWay == 0)
    return now;
  if (state == State::Runs || gap || (state == State::Walk && room))
    return now;
  if (state == State::Walk && !fragmentValid)
    return now;
  if (state == State::Idle && !queue.empty() &&
      next - oldest != DmaShape::kJobDepth && counters.satisfied(queue.front()))
    return now;
  return result;
}

} // namespace tilework::sim
