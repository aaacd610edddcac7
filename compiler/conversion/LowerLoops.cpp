// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops of a schedule to instructions: unrolled, or as hardware loops, whose
// streams, extents and scalars a first pass collects.

#include "compiler/conversion/LowerSchedule.h"

#include <algorithm>

namespace tilework {

using namespace planning;

void ScheduleLowering::matchEnds() {
  ends.assign(schedule.steps.size(), 0);
  std::vector<size_t> stack;
  for (size_t i = 0; i < schedule.steps.size(); ++i) {
    if (schedule.steps[i].kind == StepKind::Loop)
      stack.push_back(i);
    if (schedule.steps[i].kind == StepKind::End) {
      ends[stack.back()] = i;
      stack.pop_back();
    }
  }
}

bool ScheduleLowering::range(size_t begin, size_t end, LoweredProgram &out) {
  for (size_t i = begin; i < end; ++i) {
    const Step &step = schedule.steps[i];
    if (step.kind != StepKind::Loop) {
      if (!emit(step, out))
        return false;
      continue;
    }
    int d = depth++;
    trips[d] = step.trip;
    bool hardware = isRolled(d) && step.trip > 1;
    if (hardware) {
      if (open.size() >= isa::kLoopDepth || !hardwareLoop(i + 1, ends[i], out))
        return false;
    } else {
      for (int64_t n = 0; n < step.trip; ++n) {
        iteration[d] = n;
        if (!range(i + 1, ends[i], out))
          return false;
        for (size_t b = 0; b < schedule.buffers.size(); ++b)
          if (schedule.buffers[b].turnDepth == d)
            ++turned[b];
      }
      iteration[d] = 0;
    }
    --depth;
    i = ends[i];
  }
  return true;
}

bool ScheduleLowering::hardwareLoop(size_t begin, size_t end,
                                    LoweredProgram &out) {
  int d = depth - 1;
  int64_t trip = schedule.steps[begin - 1].trip;
  bool outermost = open.empty();
  // Slots of rings that unrolled loops turn begin anew in each iteration of
  // this loop.
  std::vector<int64_t> turnedBefore = turned;
  auto beginAnew = [&] {
    for (size_t i = 0; i < turned.size(); ++i)
      if (schedule.buffers[i].turnDepth > d)
        turned[i] = 0;
  };
  beginAnew();
  std::vector<size_t> pinnedAddresses, pinnedExtents, pinnedScalars;
  if (outermost) {
    // First pass: which streams, extents and scalars the nest uses.
    collecting = true;
    LoweredProgram scratch;
    open.push_back({d, 0});
    bool legal = range(begin, end, scratch);
    open.pop_back();
    collecting = false;
    if (!legal ||
        std::any_of(loopExtents.begin(), loopExtents.end(),
                    [](const LoopExtent &e) { return e.total > kMostCounted; }))
      return false;
    beginAnew();
    for (Stream &s : streams) {
      s.reg = owner.addressRegister(s.key, s.moves(), true, out);
      if (s.reg < 0)
        return false;
      pinnedAddresses.push_back(s.reg);
    }
    for (LoopExtent &e : loopExtents) {
      e.reg = owner.extentRegister(e.tile, e.total, true, true, out);
      if (e.reg < 0)
        return false;
      pinnedExtents.push_back(e.reg);
    }
    for (float value : loopScalars) {
      int reg = owner.scalarRegister(value, true, out);
      if (reg < 0)
        return false;
      pinnedScalars.push_back(reg);
    }
    // What the first use in the loop must wait for from before it is waited for
    // here, once.
    for (int unit = 0; unit < 4; ++unit) {
      isa::Null null;
      null.unit = static_cast<isa::UnitName>(unit);
      out.instructions.push_back(
          {null, owner.group, owner.source, owner.primary});
    }
  }
  int l = static_cast<int>(open.size());
  size_t at = out.instructions.size();
  out.instructions.push_back(
      {isa::Loop(), owner.group, owner.source, owner.primary});
  open.push_back({d, at});
  if (!range(begin, end, out))
    return false;
  open.pop_back();
  size_t length = out.instructions.size() - at - 1;
  if (length == 0 || length > 65535 || trip > kMostCounted)
    return false;
  isa::Loop loop;
  loop.count = static_cast<uint32_t>(trip);
  loop.length = static_cast<uint16_t>(length);
  std::array<isa::Update *, 6> updates = {&loop.update0, &loop.update1,
                                          &loop.update2, &loop.update3,
                                          &loop.update4, &loop.update5};
  size_t used = 0;
  std::vector<isa::CopyAddress> rewinds;
  for (const Stream &s : streams) {
    if (!s.motion[l])
      continue;
    int64_t step = s.motion[l];
    if (used == updates.size() || step >= (1 << 26) || step < -(1 << 26))
      return false;
    updates[used]->register_index = static_cast<uint8_t>(s.reg);
    updates[used]->step = static_cast<int32_t>(step);
    ++used;
    // A ring keeps what this loop added; only the turn itself may stay.
    bool turn = false;
    if (s.key.wrap)
      for (const Buffer &buffer : schedule.buffers)
        if (buffer.turnDepth == d && buffer.totalRows() == s.key.wrap &&
            buffer.pitchRows == step &&
            s.key.limit == buffer.base + buffer.totalRows() &&
            s.key.space == buffer.space)
          turn = true;
    if (s.key.wrap && !turn) {
      isa::CopyAddress rewind;
      rewind.destination = rewind.source = static_cast<uint8_t>(s.reg);
      rewind.offset = -step * trip;
      if (step <= -s.key.wrap || step >= s.key.wrap || step * trip > s.key.wrap)
        return false;
      rewinds.push_back(rewind);
    }
  }
  size_t extentsUsed = 0;
  for (const LoopExtent &e : loopExtents)
    if (e.level == l) {
      if (extentsUsed == 2)
        return false;
      isa::OptionalExtent &slot = extentsUsed++ ? loop.extent1 : loop.extent0;
      slot.valid = true;
      slot.index = static_cast<uint8_t>(std::max(e.reg, 0));
    }
  out.instructions[at].instruction = loop;
  for (const isa::CopyAddress &rewind : rewinds)
    out.instructions.push_back(
        {rewind, owner.group, owner.source, owner.primary});
  turned = turnedBefore;
  if (outermost) {
    for (size_t reg : pinnedAddresses) {
      owner.registers.addresses[reg].pinned = false;
      if (owner.registers.addresses[reg].key.wrap)
        owner.registers.addresses[reg].valid = false;
    }
    for (size_t reg : pinnedExtents)
      owner.registers.extents[reg].pinned = false;
    for (size_t reg : pinnedScalars)
      owner.registers.scalars[reg].pinned = false;
    streams.clear();
    loopExtents.clear();
    loopScalars.clear();
  }
  return true;
}

bool ScheduleLowering::run(LoweredProgram &out) {
  return range(0, schedule.steps.size(), out);
}

} // namespace tilework
