// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers, loops and calls. Unit instructions are resolved in Resolve.cpp.

#include "sim/machine/Machine.h"

#include <algorithm>

namespace tilework::sim {

namespace {

constexpr unsigned kMaxLoops = 6;
constexpr unsigned kMaxCalls = 4;
constexpr uint64_t kAddressMask = (uint64_t(1) << 40) - 1;

} // namespace

Machine::Machine(const Geometry &geometry, const Launch &launch)
    : geometry(geometry), launch(launch), nextPc(launch.entry) {}

void Machine::trap(TrapCause cause, std::string detail) {
  throw TrapSignal{cause, std::move(detail)};
}

Machine::Step Machine::step(const uint8_t *bytes) {
  Step step;
  const uint32_t pc = nextPc;
  try {
    if (!fetchable())
      trap(TrapCause::fetch, "instruction " + std::to_string(pc) + " of " +
                                 std::to_string(launch.instructionCount));
    isa::DecodeResult decoded = isa::decode(bytes);
    if (!decoded.instruction)
      trap(TrapCause::illegal_instruction, decoded.error);
    std::visit([&](const auto &inst) { execute(inst, step); },
               *decoded.instruction);
  } catch (TrapSignal &signal) {
    step = Step();
    step.kind = Step::Kind::Trap;
    step.cause = signal.cause;
    step.detail = std::move(signal.detail);
    nextPc = pc;
    return step;
  }
  if (step.kind == Step::Kind::Halt)
    return step;
  if (!step.jumped)
    nextPc = pc + 1;
  const uint32_t fallThrough = nextPc;
  endIterations(step);
  step.jumped |= nextPc != fallThrough;
  return step;
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void Machine::execute(const isa::SetAddress &inst, Step &) {
  if (inst.space == isa::Space::dram) {
    if (inst.limit > launch.segments[inst.segment].size)
      trap(TrapCause::bounds,
           "limit " + std::to_string(inst.limit) + " past segment " +
               std::to_string(inst.segment) + " of " +
               std::to_string(launch.segments[inst.segment].size) + " bytes");
  } else {
    uint64_t rows = inst.space == isa::Space::scratchpad
                        ? geometry.scratchpadRows
                        : geometry.accumulatorRows;
    if (inst.limit > rows)
      trap(TrapCause::bounds, "limit " + std::to_string(inst.limit) +
                                  " past a memory of " + std::to_string(rows) +
                                  " rows");
  }
  AddressRegister &reg = addresses[inst.destination];
  reg.set = true;
  reg.space = inst.space;
  reg.segment = inst.space == isa::Space::dram ? inst.segment : 0;
  reg.value = inst.value;
  reg.stride = inst.stride;
  reg.blockStride = inst.block_stride;
  reg.wrap = inst.wrap;
  reg.limit = inst.limit;
}

void Machine::execute(const isa::CopyAddress &inst, Step &) {
  const AddressRegister &source = addresses[inst.source];
  if (!source.set)
    trap(TrapCause::bad_register,
         "source a" + std::to_string(inst.source) + " is not set");
  AddressRegister copy = source;
  advance(copy, inst.offset);
  addresses[inst.destination] = copy;
}

void Machine::execute(const isa::OffsetAddress &inst, Step &) {
  AddressRegister &reg = addresses[inst.destination];
  if (!reg.set)
    trap(TrapCause::bad_register,
         "register a" + std::to_string(inst.destination) + " is not set");
  advance(reg,
          int64_t(launch.parameters[inst.launch_parameter]) * inst.multiplier);
}

void Machine::execute(const isa::SetExtent &inst, Step &) {
  if (inst.tile == 0)
    trap(TrapCause::shape, "tile 0 never ends");
  uint32_t total =
      inst.total_source == isa::TotalSource::immediate
          ? inst.total
          : launch.parameters[inst.launch_parameter] & ((1u << 24) - 1);
  extents[inst.destination] = {true, inst.tile, total, total};
}

void Machine::execute(const isa::SetScalar &inst, Step &) {
  scalars[inst.destination] = {true, inst.value};
}

void Machine::advance(AddressRegister &reg, int64_t step) const {
  uint64_t value = (reg.value + static_cast<uint64_t>(step)) & kAddressMask;
  if (reg.wrap != 0) {
    uint64_t low = (reg.limit - reg.wrap) & kAddressMask;
    if (step >= 0 && value >= reg.limit)
      value = (value - reg.wrap) & kAddressMask;
    else if (step < 0 && (value < low || value >= reg.limit))
      value = (value + reg.wrap) & kAddressMask;
  }
  reg.value = value;
}

const Machine::AddressRegister &
Machine::address(unsigned index, isa::Space space, const char *field) const {
  const AddressRegister &reg = addresses[index];
  if (!reg.set)
    trap(TrapCause::bad_register,
         std::string(field) + ": a" + std::to_string(index) + " is not set");
  if (reg.space != space)
    trap(TrapCause::bad_register, std::string(field) + ": a" +
                                      std::to_string(index) +
                                      " points into another memory");
  return reg;
}

uint32_t Machine::extent(const isa::Extent &operand, const char *field) const {
  if (!operand.isRegister)
    return operand.value;
  const ExtentRegister &reg = extents[operand.value & 15];
  if (!reg.set)
    trap(TrapCause::bad_register, std::string(field) + ": extent e" +
                                      std::to_string(operand.value & 15) +
                                      " is not set");
  return std::min(reg.tile, reg.remaining);
}

float Machine::scalar(unsigned index, const char *field) const {
  if (!scalars[index].set)
    trap(TrapCause::bad_register, std::string(field) + ": scalar s" +
                                      std::to_string(index) + " is not set");
  return scalars[index].value;
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void Machine::execute(const isa::Halt &, Step &step) {
  step.kind = Step::Kind::Halt;
}

void Machine::execute(const isa::Loop &inst, Step &step) {
  for (const isa::OptionalExtent &operand : {inst.extent0, inst.extent1})
    if (operand.valid && !extents[operand.index].set)
      trap(TrapCause::bad_register,
           "extent e" + std::to_string(operand.index) + " is not set");
  const std::array<isa::Update, 6> updates = {inst.update0, inst.update1,
                                              inst.update2, inst.update3,
                                              inst.update4, inst.update5};
  for (const isa::Update &update : updates)
    if (update.step != 0 && !addresses[update.register_index].set)
      trap(TrapCause::bad_register, "update of a" +
                                        std::to_string(update.register_index) +
                                        ", which is not set");
  const bool byExtent = inst.trip_source == isa::TripSource::extent;
  if (byExtent && !(inst.extent0.valid && inst.extent0.index == inst.index) &&
      !(inst.extent1.valid && inst.extent1.index == inst.index))
    trap(TrapCause::nesting, "the loop ends by extent e" +
                                 std::to_string(inst.index) +
                                 " but does not advance it");
  const uint32_t end = nextPc + 1 + inst.length;
  const uint32_t base = frames.empty() ? 0 : frames.back().loopDepth;
  if (inst.length == 0)
    trap(TrapCause::nesting, "empty loop body");
  if (loops.size() >= kMaxLoops)
    trap(TrapCause::nesting, "more than 6 loops deep");
  if (loops.size() > base && end > loops.back().end)
    trap(TrapCause::nesting, "the body ends at " + std::to_string(end) +
                                 ", past the enclosing loop's end at " +
                                 std::to_string(loops.back().end));

  Loop loop;
  loop.start = nextPc + 1;
  loop.end = end;
  loop.byExtent = byExtent;
  loop.extentIndex = inst.index;
  loop.extents = {inst.extent0, inst.extent1};
  loop.updates = updates;
  for (unsigned i = 0; i < updates.size(); ++i)
    loop.entryValues[i] = addresses[updates[i].register_index].value;
  resetExtents(loop);
  if (inst.trip_source == isa::TripSource::immediate)
    loop.tripsLeft = inst.count;
  else if (inst.trip_source == isa::TripSource::parameter)
    loop.tripsLeft = launch.parameters[inst.index];
  else
    loop.tripsLeft =
        extents[inst.index].remaining; // only whether it is zero matters
  if (loop.tripsLeft == 0) {
    nextPc = end;
    step.jumped = true;
    return;
  }
  loops.push_back(loop);
}

void Machine::resetExtents(const Loop &loop) {
  for (const isa::OptionalExtent &operand : loop.extents)
    if (operand.valid)
      extents[operand.index].remaining = extents[operand.index].total;
}

void Machine::endIterations(Step &step) {
  const uint32_t base = frames.empty() ? 0 : frames.back().loopDepth;
  while (loops.size() > base && loops.back().end == nextPc) {
    Loop &loop = loops.back();
    ++step.loopsEnded;
    for (const isa::OptionalExtent &operand : loop.extents)
      if (operand.valid) {
        ExtentRegister &reg = extents[operand.index];
        reg.remaining -= std::min(reg.tile, reg.remaining);
      }
    for (const isa::Update &update : loop.updates)
      if (update.step != 0)
        advance(addresses[update.register_index], update.step);
    loop.first = false;
    bool again = loop.byExtent ? extents[loop.extentIndex].remaining != 0
                               : --loop.tripsLeft != 0;
    if (again) {
      nextPc = loop.start;
      return;
    }
    for (unsigned i = 0; i < loop.updates.size(); ++i) {
      AddressRegister &reg = addresses[loop.updates[i].register_index];
      if (loop.updates[i].step != 0 && reg.wrap == 0)
        reg.value = loop.entryValues[i];
    }
    resetExtents(loop);
    loops.pop_back();
  }
}

void Machine::execute(const isa::Call &inst, Step &step) {
  if (frames.size() >= kMaxCalls)
    trap(TrapCause::nesting, "more than 4 calls deep");
  frames.push_back(
      {nextPc + 1, static_cast<uint32_t>(loops.size()), callContext});
  callContext = inst.context_id;
  nextPc = inst.target;
  step.jumped = true;
}

void Machine::execute(const isa::Return &, Step &step) {
  if (frames.empty())
    trap(TrapCause::nesting, "return without a call");
  if (loops.size() != frames.back().loopDepth)
    trap(TrapCause::nesting, "return out of a loop");
  nextPc = frames.back().returnPc;
  callContext = frames.back().context;
  frames.pop_back();
  step.jumped = true;
}

} // namespace tilework::sim
