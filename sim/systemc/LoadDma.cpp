// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cycle by cycle behaviour of the load DMA. What the RTL counts up beat by beat
// is kept here as time stamps: a word's entry says when it can be taken, a
// burst's when it leaves the table.

#include "sim/systemc/LoadDma.h"

#include "sim/memory/DramImage.h"

#include <algorithm>

namespace tilework::sim {

LoadDma::LoadDma(const Geometry &geometry, const RetireCounters &counters,
                 RetireSink &sink, MemoryPorts &memory, ScratchpadPort &rows,
                 const DramImage &image)
    : shape(geometry), counters(counters), sink(sink), memory(memory),
      scratchpad(rows), image(image), queue(geometry.queueDepth),
      ports(geometry.axiPorts) {
  for (Port &port : ports)
    port.freeWords = shape.bufferWords;
}

void LoadDma::GatherCounts::start(const DmaOperation &dma) {
  indexLeft = rowLeft = dma.rows;
  indexAddress = dma.indexAddress;
}

void LoadDma::propose(Cycle now) {
  if (fits)
    memory.port(burstPort).load.request = false;
  fits = false;
  if (requestState == Request::Burst)
    prepareBurst(now);
  if (fits) {
    BurstRequest &request = memory.port(burstPort).load;
    request.request = true;
    request.burst = shape.burst(burstAddress, burstBytes);
  }
  scratchpad.request = token.valid && token.kind == TokenKind::Row;
  if (scratchpad.request)
    scratchpad.bank = token.row / shape.rowsPerBank;
}

void LoadDma::prepareBurst(Cycle now) {
  burstBytes = std::min<uint64_t>(
      left, shape.burstBytes - (burstAddress & (shape.burstBytes - 1)));
  burstPort = shape.port(burstAddress);
  Port &port = ports[burstPort];
  while (!port.bursts.empty() && port.bursts.front() < now)
    port.bursts.pop_front();
  fits = port.freeWords >= shape.words(burstAddress, burstBytes) &&
         port.bursts.size() < shape.outstandingBursts;
}

void LoadDma::commit(Cycle now) {
  if (queue.empty() && !token.valid && requestState == Request::Idle &&
      drainState == Drain::Idle && pushedJobs == takenJobs) {
    lastActivity = Activity::Empty;
    queue.endCycle();
    return;
  }
  bool jobValid = pushedJobs != takenJobs;
  bool requestIdle = requestState == Request::Idle;
  bool queueValid = !queue.empty();
  bool drainIdle = drainState == Drain::Idle && !token.valid;
  bool full = requestState == Request::Burst && !fits;
  bool rowRequested = token.valid && token.kind == TokenKind::Row;
  granted = fits && memory.port(burstPort).load.granted;
  const Operation *blocked =
      requestIdle && queueValid && !counters.satisfied(queue.front())
          ? &queue.front()
          : nullptr;

  if (granted)
    lastActivity = Activity::Busy;
  else if (requestIdle && !queueValid && !jobValid && drainIdle)
    lastActivity = Activity::Empty;
  else if (blocked)
    lastActivity = waitActivity(counters.blockedBy(*blocked));
  else
    lastActivity = Activity::Latency;
  bool fallThrough = lastActivity == Activity::Latency;
  bool requesting = fits;

  commitRequest(now);
  commitDrain(now, jobValid);
  queue.endCycle();

  if (moved)
    lastActivity = Activity::Busy;
  else if (fallThrough) {
    if (rowRequested)
      lastActivity = Activity::Scratchpad;
    else if (starved || requesting)
      lastActivity = Activity::Memory;
    else if (full)
      lastActivity = Activity::Buffer;
  }
}

void LoadDma::commitRequest(Cycle now) {
  DmaJob &job = slot(requestJob);
  const DmaOperation &dma = job.operation.dma;
  switch (requestState) {
  case Request::Idle:
    if (!queue.empty() && counters.satisfied(queue.front())) {
      job.operation = queue.pop();
      job.start = now;
      job.bytes = 0;
      job.prepare();
      requestState = Request::Slice;
    }
    break;
  case Request::Slice:
    requestState = Request::Runs;
    break;
  case Request::Runs:
    if (pushedJobs - takenJobs == DmaShape::kJobDepth)
      break;
    pushedJobs = requestJob + 1;
    if (job.empty) {
      ++requestJob;
      requestState = Request::Idle;
      break;
    }
    burstAddress = runAddress = sliceAddress =
        dma.dramAddress & DmaShape::kAddressMask;
    runBytes = dma.rowBytes;
    if (job.mergeRows)
      runBytes *= dma.rows;
    if (job.mergeOuter)
      runBytes *= dma.outer;
    left = runBytes;
    inner = innerLeft = job.mergeRows ? 1 : dma.rows;
    requestOuterLeft = job.mergeOuter ? 1 : dma.outer;
    listing = false;
    requestGather.start(dma);
    requestState = job.gather ? Request::Choose : Request::Burst;
    break;
  case Request::Burst:
    if (granted)
      takeGrant();
    break;
  case Request::Choose:
    listing = requestGather.listNext();
    if (listing) {
      uint32_t count = std::min(requestGather.indexLeft, DmaShape::kIndexCount);
      burstAddress = requestGather.indexAddress;
      left = uint64_t(count) * 4;
      requestGather.indexAddress += left;
      requestGather.indexLeft -= count;
      requestState = Request::Burst;
    } else {
      requestGather.chunkLeft =
          std::min(requestGather.rowLeft, DmaShape::kIndexCount);
      requestState = Request::Row;
    }
    break;
  case Request::Row:
    if (resolved == requested)
      break;
    const Entry &entry = ring[requested++ % kRing];
    if (entry.outside) {
      rowRequested();
    } else {
      burstAddress = entry.address;
      left = dma.rowBytes;
      requestState = Request::Burst;
    }
    break;
  }
}

void LoadDma::takeGrant() {
  Port &port = ports[burstPort];
  const std::vector<uint64_t> &beats = memory.port(burstPort).beatCycles;
  uint32_t words = shape.words(burstAddress, burstBytes);
  uint32_t firstSub = static_cast<uint32_t>(burstAddress >> shape.beatShift) &
                      (shape.wordBeats - 1);
  port.freeWords -= words;
  for (uint32_t w = 1; w <= words; ++w) {
    size_t lastBeat =
        std::min<size_t>(beats.size(), size_t(w) * shape.wordBeats - firstSub) -
        1;
    port.words.push_back(beats[lastBeat] + 2);
  }
  port.bursts.push_back(beats.back());

  burstAddress = (burstAddress + burstBytes) & DmaShape::kAddressMask;
  left -= burstBytes;
  if (left == 0)
    nextRun();
}

void LoadDma::nextRun() {
  const DmaJob &job = slot(requestJob);
  const DmaOperation &dma = job.operation.dma;
  if (job.gather) {
    if (listing)
      requestState = Request::Choose;
    else
      rowRequested();
    return;
  }
  left = runBytes;
  if (innerLeft > 1) {
    --innerLeft;
    runAddress = (runAddress + static_cast<uint64_t>(dma.dramStride)) &
                 DmaShape::kAddressMask;
  } else if (requestOuterLeft > 1) {
    innerLeft = inner;
    --requestOuterLeft;
    sliceAddress = (sliceAddress + static_cast<uint64_t>(dma.dramOuterStride)) &
                   DmaShape::kAddressMask;
    runAddress = sliceAddress;
  } else {
    requestState = Request::Idle;
    ++requestJob;
  }
  burstAddress = runAddress;
}

void LoadDma::rowRequested() {
  bool lastRow = --requestGather.rowLeft == 0;
  bool lastOfChunk = --requestGather.chunkLeft == 0;
  if (lastRow) {
    requestState = Request::Idle;
    ++requestJob;
  } else {
    requestState = lastOfChunk ? Request::Choose : Request::Row;
  }
}

void LoadDma::describeFragment() {
  Fragment f;
  const DmaJob &job = slot(takenJobs - 1);
  f.known = true;
  if (drainState == Drain::List) {
    f.address = drainGather.indexAddress;
    f.length = 4;
    f.runEnd = drainGather.chunkLeft == 1;
  } else {
    if (job.gather) {
      f.known = !walk.rowStart() || resolved != drained;
      if (!f.known) {
        fragment = f;
        fragmentValid = false; // until the index is resolved
        return;
      }
      const Entry &entry = ring[drained % kRing];
      f.outside = entry.outside;
      if (walk.rowStart())
        walk.setAddress(entry.address);
    }
    f.address = walk.address();
    f.length = walk.length();
    f.runEnd = walk.runEnd();
  }
  f.end = f.address + f.length - 1;
  f.crossing = (f.address ^ f.end) >> shape.wordShift & 1;
  f.lowPort = shape.port(f.address);
  f.highPort = f.crossing ? shape.port(f.end) : f.lowPort;
  fragment = f;
  fragmentValid = true;
}

void LoadDma::commitDrain(Cycle now, bool jobValid) {
  bool leaves =
      token.valid && (token.kind != TokenKind::Row || scratchpad.granted);
  bool free = !token.valid || leaves;
  moved = leaves;
  starved = false;
  Token next;
  uint32_t number = drainState == Drain::Idle ? takenJobs : takenJobs - 1;
  DmaJob &job = slot(number);

  switch (drainState) {
  case Drain::Idle:
    if (!jobValid)
      break;
    ++takenJobs;
    if (job.empty) {
      drainState = Drain::Mark;
    } else {
      walk.load(job, shape);
      drainGather.start(job.operation.dma);
      drainState = job.gather ? Drain::Choose : Drain::Copy;
      fragmentValid = false;
    }
    break;
  case Drain::Mark:
    if (free) {
      next.valid = next.last = true;
      next.job = number;
      drainState = Drain::Idle;
    }
    break;
  case Drain::Choose:
    if (drainGather.listNext()) {
      drainGather.chunkLeft =
          std::min(drainGather.indexLeft, DmaShape::kIndexCount);
      drainState = Drain::List;
    } else {
      drainGather.chunkLeft =
          std::min(drainGather.rowLeft, DmaShape::kIndexCount);
      drainState = Drain::Copy;
    }
    fragmentValid = false;
    break;
  case Drain::Copy:
  case Drain::List: {
    if (!fragmentValid)
      describeFragment();
    const Fragment &f = fragment;
    if (!f.known)
      break;
    bool lowReady = holdValid || (!f.outside && wordReady(f.lowPort, now));
    if (!f.outside && f.crossing && !holdValid) {
      // The run's first word goes to the hold register alone.
      starved = !lowReady;
      if (lowReady) {
        takeWord(f.lowPort);
        holdValid = true;
      }
      break;
    }
    bool haveWords =
        f.outside || (f.crossing ? wordReady(f.highPort, now) : lowReady);
    starved = !haveWords;
    if (!haveWords || !free)
      break;
    if (!f.outside && (f.crossing || !holdValid))
      takeWord(f.highPort);
    holdValid = !f.outside && !f.runEnd && (f.end + 1) % shape.wordBytes != 0;
    job.bytes += f.length;
    fragmentValid = false;
    next.valid = true;
    next.job = number;
    if (drainState == Drain::List) {
      next.kind = TokenKind::Index;
      next.indexAddress = f.address;
      drainGather.indexAddress += 4;
      --drainGather.indexLeft;
      if (--drainGather.chunkLeft == 0)
        drainState = Drain::Choose;
      break;
    }
    next.kind = TokenKind::Row;
    next.row = walk.row();
    next.last = walk.last();
    bool rowEnd = walk.rowEnd();
    if (!next.last)
      walk.step();
    if (rowEnd && job.gather) {
      ++drained;
      --drainGather.rowLeft;
      if (--drainGather.chunkLeft == 0)
        drainState = Drain::Choose;
    }
    if (next.last)
      drainState = Drain::Idle;
    break;
  }
  }

  if (!leaves && token.valid)
    return;
  if (leaves) {
    if (token.kind == TokenKind::Index)
      resolveIndex();
    if (token.last) {
      const DmaJob &done = slot(token.job);
      sink.retire(done.operation, done.start, now, done.bytes);
    }
  }
  token = next;
}

void LoadDma::resolveIndex() {
  const DmaOperation &dma = slot(token.job).operation.dma;
  const uint8_t *bytes = image.data(token.indexAddress, 4);
  uint32_t index = uint32_t(bytes[0]) | uint32_t(bytes[1]) << 8 |
                   uint32_t(bytes[2]) << 16 | uint32_t(bytes[3]) << 24;
  Entry &entry = ring[resolved++ % kRing];
  entry.outside = index >= dma.bound;
  entry.address = (dma.dramAddress +
                   uint64_t(index) * static_cast<uint64_t>(dma.dramStride)) &
                  DmaShape::kAddressMask;
  indexError |= entry.outside;
}

Cycle LoadDma::nextEvent(Cycle now) const {
  Cycle next = kNever;
  if (token.valid)
    return now;
  switch (requestState) {
  case Request::Idle:
    if (!queue.empty() && counters.satisfied(queue.front()))
      return now;
    break;
  case Request::Runs:
    if (pushedJobs - takenJobs != DmaShape::kJobDepth)
      return now;
    break;
  case Request::Row:
    if (resolved != requested)
      return now;
    break;
  case Request::Burst: {
    const Port &port = ports[shape.port(burstAddress)];
    uint64_t bytes = std::min<uint64_t>(
        left, shape.burstBytes - (burstAddress & (shape.burstBytes - 1)));
    if (port.freeWords < shape.words(burstAddress, bytes))
      break; // until the row side takes a word
    size_t live = port.bursts.size();
    for (Cycle lastBeat : port.bursts)
      live -= lastBeat < now;
    if (live < shape.outstandingBursts)
      return now;
    next = *(port.bursts.end() - live) + 1;
    break;
  }
  case Request::Slice:
  case Request::Choose:
    return now;
  }
  switch (drainState) {
  case Drain::Idle:
    if (pushedJobs != takenJobs)
      return now;
    break;
  case Drain::Mark:
  case Drain::Choose:
    return now;
  case Drain::Copy:
  case Drain::List: {
    if (!fragmentValid)
      return fragment.known || resolved != drained ? now : next;
    if (fragment.outside)
      return now;
    const Port &port = ports[fragment.crossing && holdValid ? fragment.highPort
                                                            : fragment.lowPort];
    if (holdValid && !fragment.crossing)
      return now;
    if (!port.words.empty())
      next = std::min(next, std::max(now, port.words.front()));
    break;
  }
  }
  return next;
}

} // namespace tilework::sim
