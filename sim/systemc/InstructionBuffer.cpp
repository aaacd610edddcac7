// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lookup, choice and fill of the instruction buffer, a cycle at a time.

#include "sim/systemc/InstructionBuffer.h"

#include <algorithm>

namespace tilework::sim {

InstructionBuffer::InstructionBuffer(const Geometry &geometry,
                                     uint64_t programBase,
                                     uint32_t instructionCount,
                                     MemoryPorts::Fetch &fetch)
    : programBase(programBase), count(instructionCount),
      slotMask(geometry.bufferLines - 1), fetch(fetch),
      slots(geometry.bufferLines) {}

InstructionBuffer::Choice InstructionBuffer::choose(uint32_t pc,
                                                    bool granted) const {
  Choice choice;
  const uint32_t line = pc >> 2;
  const bool inside = pc < count;
  const Slot &slot = slots[line & slotMask];
  const bool owned = slot.line == line && (slot.valid || slot.pending);
  const bool demand = inside && !owned && !slot.pending;
  const bool canRequest = (!requested || granted) && level != kMaxInflight;
  choice.newLine = inside && !(seen && seenLine == line);

  if (!choice.newLine && windowLeft != 0) {
    const Slot &target = slots[windowLine & slotMask];
    if (uint64_t(windowLine) * 4 >= count) {
      choice.windowEnds = true;
    } else if (target.pending || (target.valid && target.line == windowLine)) {
      choice.windowStep = true;
    } else if (canRequest && !demand) {
      choice.windowStep = choice.putUp = true;
      choice.line = windowLine;
    }
  }
  if (canRequest && demand) {
    choice.putUp = true;
    choice.line = line;
  }
  return choice;
}

void InstructionBuffer::commit(Cycle now, uint32_t pc, bool hold) {
  const bool granted = fetch.request && fetch.granted;
  Choice choice;
  if (!hold)
    choice = choose(pc, granted);

  if (granted) {
    Inflight &line = inflight[(head + level - 1) % kMaxInflight];
    line.granted = true;
    line.beats.assign(fetch.beatCycles.begin(), fetch.beatCycles.end());
    line.next = 0;
    requested = false;
  }

  // Fill: a line in the buffer's order, its beats as they come.
  beatArrived = false;
  unsigned done = 0;
  if (level != 0 && inflight[head].granted &&
      inflight[head].beats[inflight[head].next] == now) {
    Inflight &line = inflight[head];
    beatArrived = true;
    if (++line.next == line.beats.size()) {
      slots[line.slot].valid = true;
      slots[line.slot].pending = false;
      done = 1;
    }
  }

  if (choice.putUp) {
    Slot &slot = slots[choice.line & slotMask];
    slot = {choice.line, false, true};
    Inflight &line = inflight[(head + level) % kMaxInflight];
    line.slot = choice.line & slotMask;
    line.granted = false;
    requested = true;
    requestAddress =
        (programBase + uint64_t(choice.line) * 128) & ((uint64_t(1) << 40) - 1);
    ++level;
  }
  head = (head + done) % kMaxInflight;
  level -= done;

  if (choice.newLine) {
    seen = true;
    seenLine = pc >> 2;
    windowLine = seenLine + 1;
    windowLeft = kPrefetchLines;
  } else if (choice.windowEnds) {
    windowLeft = 0;
  } else if (choice.windowStep) {
    ++windowLine;
    --windowLeft;
  }
}

Cycle InstructionBuffer::nextEvent(Cycle now, uint32_t pc, bool hold) const {
  if (requested)
    return now;
  if (!hold) {
    Choice choice = choose(pc, false);
    if (choice.putUp || choice.newLine || choice.windowEnds ||
        choice.windowStep)
      return now;
  }
  if (level != 0 && inflight[head].granted)
    return std::max<Cycle>(now, inflight[head].beats[inflight[head].next]);
  return kNever;
}

} // namespace tilework::sim
