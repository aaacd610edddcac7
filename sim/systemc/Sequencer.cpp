// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of the sequencer, a cycle at a time.

#include "sim/systemc/Sequencer.h"

#include "dialects/isa/Codec.h"
#include "sim/memory/DramImage.h"

#include <algorithm>
#include <utility>

namespace tilework::sim {

namespace {

unsigned updateCount(const isa::Loop &loop) {
  unsigned count = 0;
  for (const isa::Update *update :
       {&loop.update0, &loop.update1, &loop.update2, &loop.update3,
        &loop.update4, &loop.update5})
    count += update->step != 0;
  return count;
}

const uint8_t *programBytes(const Launch &launch, const DramImage &image) {
  const uint64_t bytes =
      uint64_t(launch.instructionCount) * isa::kInstructionBytes;
  if (!image.contains(launch.programBase, bytes))
    throw RunError("the program does not lie in the off-chip memory: place it "
                   "below " +
                   std::to_string(image.size()));
  if (launch.programBase % 128 != 0)
    throw RunError("the program's address " +
                   std::to_string(launch.programBase) +
                   " is not a multiple of a line of 128 bytes");
  return image.data(launch.programBase, bytes);
}

} // namespace

Sequencer::Sequencer(const Geometry &geometry, const Launch &launch,
                     const DramImage &image, const RetireCounters &counters,
                     MemoryPorts::Fetch &fetch, const Units &units)
    : launch(launch), counters(counters), units(units),
      machine(geometry, launch),
      buffer(geometry, launch.programBase, launch.instructionCount, fetch),
      program(programBytes(launch, image)), fetchPc(launch.entry) {}

bool Sequencer::stopped() const {
  if (!(check.valid && check.stops) || waiting.valid)
    return false;
  for (unsigned u = 0; u < kUnitCount; ++u)
    if (dispatched[u] != counters.count(static_cast<Unit>(u)))
      return false;
  return true;
}

Trap Sequencer::trap(bool watchdog) const {
  Trap trap;
  const bool stopping = check.valid && check.stops;
  trap.cause = watchdog ? TrapCause::watchdog : check.cause;
  trap.pc = stopping ? check.pc : wordValid ? wordPc : fetchPc;
  trap.context = stopping ? check.context : machine.context();
  if (!watchdog)
    trap.detail = check.detail;
  return trap;
}

Activity Sequencer::currentActivity(bool checkFree, bool stopping,
                                    bool hit) const {
  if (stopping)
    return Activity::Drain;
  if (state != State::Run)
    return Activity::Control;
  if (!wordValid)
    return hit ? Activity::Control : Activity::Fetch;
  if (checkFree)
    return Activity::Busy;
  return static_cast<Activity>(static_cast<unsigned>(Activity::QueueLoad) +
                               static_cast<unsigned>(waiting.operation.unit));
}

void Sequencer::commit(Cycle now) {
  const bool stopping = check.valid && check.stops;
  const bool leaves = waiting.valid && unitOf(waiting).ready();
  const bool checkLeaves =
      check.valid && !stopping && (!waiting.valid || leaves);
  const bool checkFree = !check.valid || checkLeaves;
  const bool executes = wordValid && state == State::Run && checkFree;
  const uint32_t pc = fetchPc;
  const bool inside = pc < launch.instructionCount;
  const bool hit = !inside || buffer.hit(pc);
  lastActivity = currentActivity(checkFree, stopping, hit);

  if (leaves) {
    ++dispatched[static_cast<unsigned>(waiting.operation.unit)];
    unitOf(waiting).dispatch(waiting.operation);
    waiting.valid = false;
  }
  if (checkLeaves) {
    std::swap(waiting, check);
    check.valid = false;
  }

  bool redirected = false;
  if (!stopping && state == State::Save) {
    if (--cyclesLeft == 0)
      state = State::Run;
  } else if (!stopping && state == State::Iterate) {
    redirected = iterate();
  }
  if (executes)
    redirected = execute();

  const bool takesWord =
      !stopping && (!wordValid || executes) && !redirected && hit;
  if (redirected || executes)
    wordValid = false;
  if (takesWord) {
    wordValid = true;
    wordPc = pc;
  }
  buffer.commit(now, pc, stopping);
  if (redirected)
    fetchPc = redirectPc;
  else if (takesWord && inside)
    ++fetchPc;
}

bool Sequencer::execute() {
  const uint16_t context = machine.context();
  const unsigned depth = machine.loopDepth();
  const uint8_t *bytes =
      wordPc < launch.instructionCount
          ? program + uint64_t(wordPc) * isa::kInstructionBytes
          : nullptr;
  Machine::Step step = machine.step(bytes);
  if (step.kind != Machine::Step::Kind::Control) {
    check.valid = true;
    check.stops = step.kind != Machine::Step::Kind::Operation;
    check.cause = step.cause;
    check.detail = std::move(step.detail);
    check.pc = wordPc;
    check.context = context;
    if (check.stops)
      return false;
    check.operation = step.operation;
  }

  if (machine.loopDepth() > depth) {
    const isa::DecodeResult decoded = isa::decode(bytes);
    const isa::Loop &loop = std::get<isa::Loop>(*decoded.instruction);
    loops.push_back({wordPc + 1, wordPc + 1 + loop.length, updateCount(loop)});
    if (loops.back().updates > 1) {
      state = State::Save;
      cyclesLeft = loops.back().updates - 1;
    }
    return false;
  }
  if (step.loopsEnded != 0) {
    state = State::Iterate;
    levelsLeft = step.loopsEnded;
    exitsLeft = depth - machine.loopDepth();
    redirectPc = loops.back().start;
    enterLevel();
    return true;
  }
  redirectPc = machine.pc();
  return step.jumped;
}

bool Sequencer::iterate() {
  if (--cyclesLeft != 0)
    return false;
  if (exitsLeft == 0) {
    state = State::Run;
    return false;
  }
  redirectPc = loops.back().stop;
  loops.pop_back();
  --exitsLeft;
  if (--levelsLeft == 0) {
    state = State::Run;
  } else {
    redirectPc = loops.back().start;
    enterLevel();
  }
  return true;
}

Cycle Sequencer::nextEvent(Cycle now) const {
  const bool stopping = check.valid && check.stops;
  if (waiting.valid ? unitOf(waiting).ready() : check.valid && !stopping)
    return now;
  const bool checkFree = !check.valid;
  if (!stopping && (state != State::Run || (wordValid && checkFree) ||
                    (!wordValid && (fetchPc >= launch.instructionCount ||
                                    buffer.hit(fetchPc)))))
    return now;
  return buffer.nextEvent(now, fetchPc, stopping);
}

} // namespace tilework::sim
