// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier's walk. Errors are thrown inside and end it.

#include "compiler/verifier/Walk.h"

#include <algorithm>

namespace tilework::verifier {

static std::string text(int64_t n) { return std::to_string(n); }

void Walk::advance(Address &address, int64_t by) {
  address.value += by;
  if (address.wrap == 0)
    return;
  if (address.value >= address.limit)
    address.value -= address.wrap;
  else if (address.value < address.limit - address.wrap)
    address.value += address.wrap;
}

const Walk::Address &Walk::address(unsigned index, isa::Space space) const {
  const Address &a = addresses[index];
  if (!a.set)
    wrong("address register a" + text(index) + " is not set");
  if (a.space != space)
    wrong("address register a" + text(index) + " points into another memory");
  if (a.stride < 0 || a.block < 0)
    wrong("address register a" + text(index) + " has a negative stride");
  return a;
}

uint64_t Walk::size(const isa::Extent &extent) const {
  if (!extent.isRegister)
    return extent.value;
  const Size &s = sizes[extent.value];
  if (!s.set)
    wrong("extent register e" + text(extent.value) + " is not set");
  return std::min(s.tile, s.left);
}

void Walk::control(const isa::SetAddress &set) {
  uint64_t capacity = set.space == isa::Space::scratchpad
                          ? limits.scratchpadRows
                      : set.space == isa::Space::accumulator
                          ? limits.accumulatorRows
                          : program.segments[set.segment].bytes;
  if (set.limit > capacity)
    wrong("a register's limit " + text(set.limit) + " is past the " +
          text(capacity) + " there are");
  addresses[set.destination] = {true,
                                set.space,
                                set.segment,
                                static_cast<int64_t>(set.value),
                                set.stride,
                                set.block_stride,
                                static_cast<int64_t>(set.wrap),
                                static_cast<int64_t>(set.limit)};
}

void Walk::control(const isa::CopyAddress &copy) {
  if (!addresses[copy.source].set)
    wrong("copies an address register that is not set");
  addresses[copy.destination] = addresses[copy.source];
  advance(addresses[copy.destination], copy.offset);
}

void Walk::control(const isa::OffsetAddress &offset) {
  if (!addresses[offset.destination].set)
    wrong("moves an address register that is not set");
  advance(addresses[offset.destination],
          int64_t(parameters[offset.launch_parameter]) * offset.multiplier);
}

void Walk::control(const isa::SetExtent &set) {
  if (set.tile == 0)
    wrong("an extent register with a tile of zero");
  uint64_t total = set.total_source == isa::TotalSource::parameter
                       ? parameters[set.launch_parameter] & 0xffffff
                       : set.total;
  sizes[set.destination] = {true, set.tile, total, total};
}

void Walk::control(const isa::SetScalar &set) {
  scalars[set.destination] = true;
}

void Walk::control(const isa::Loop &inst) {
  Loop loop;
  loop.first = pc + 1;
  loop.last = pc + inst.length;
  loop.calls = returns.size();
  if (inst.length == 0)
    wrong("a loop without a body");
  if (loops.size() == isa::kLoopDepth)
    wrong("loops nest deeper than " + text(isa::kLoopDepth));
  if (!loops.empty() && loops.back().calls == returns.size() &&
      loop.last > loops.back().last)
    wrong("a loop that reaches past the end of the one around it");
  for (const isa::OptionalExtent &e : {inst.extent0, inst.extent1})
    if (e.valid) {
      if (!sizes[e.index].set)
        wrong("a loop advances an extent register that is not set");
      sizes[e.index].left = sizes[e.index].total;
      loop.extents.push_back(e.index);
    }
  for (const isa::Update &u : {inst.update0, inst.update1, inst.update2,
                               inst.update3, inst.update4, inst.update5})
    if (u.step != 0) {
      if (!addresses[u.register_index].set)
        wrong("a loop updates an address register that is not set");
      loop.updates.push_back({u.register_index, u.step});
      loop.entry.push_back(addresses[u.register_index].value);
    }
  switch (inst.trip_source) {
  case isa::TripSource::immediate:
    loop.left = inst.count;
    break;
  case isa::TripSource::parameter:
    loop.left = parameters[inst.index];
    break;
  case isa::TripSource::extent: {
    if (std::find(loop.extents.begin(), loop.extents.end(), inst.index) ==
        loop.extents.end())
      wrong("a loop counts by an extent register that it does not advance");
    const Size &s = sizes[inst.index];
    loop.left = (s.left + s.tile - 1) / s.tile;
    break;
  }
  }
  if (loop.left == 0) {
    pc = loop.last;
    return;
  }
  loops.push_back(std::move(loop));
}

void Walk::control(const isa::Call &call) {
  if (returns.size() == isa::kCallDepth)
    wrong("calls nest deeper than " + text(isa::kCallDepth));
  returns.push_back({pc, context, loops.size()});
  context = call.context_id;
  pc = call.target - 1;
}

void Walk::control(const isa::Return &) {
  if (returns.empty() || returns.back().loops != loops.size())
    wrong("a return that fits no call");
  pc = returns.back().pc;
  context = returns.back().context;
  returns.pop_back();
}

void Walk::control(const isa::Halt &) { halted = true; }

void Walk::endIterations() {
  while (!loops.empty() && loops.back().calls == returns.size() &&
         pc == loops.back().last) {
    Loop &loop = loops.back();
    for (unsigned e : loop.extents) {
      Size &s = sizes[e];
      s.left = s.left > s.tile ? s.left - s.tile : 0;
    }
    for (auto [reg, by] : loop.updates)
      advance(addresses[reg], by);
    loop.firstIteration = false;
    if (--loop.left > 0) {
      pc = loop.first - 1;
      return;
    }
    for (size_t i = 0; i < loop.updates.size(); ++i)
      if (addresses[loop.updates[i].first].wrap == 0)
        addresses[loop.updates[i].first].value = loop.entry[i];
    for (unsigned e : loop.extents)
      sizes[e].left = sizes[e].total;
    loops.pop_back();
  }
}

// Every instruction has one of `control` or `touch`, which its record declares.
bool Walk::meet(const isa::Instruction &instruction, Met &met) {
  return std::visit(
      [&](const auto &inst) {
        if constexpr (std::decay_t<decltype(inst)>::onUnit) {
          met.pc = pc;
          met.context = context;
          met.runs.clear();
          met.waits = inst.waits();
          met.unit = static_cast<uint8_t>(inst.retiredBy());
          touch(inst, met);
          return true;
        } else {
          control(inst);
          return false;
        }
      },
      instruction);
}

const isa::Instruction &Walk::instruction() {
  if (pc >= program.text.size())
    wrong("runs past the end of the program");
  if (!decoded[pc]) {
    isa::DecodeResult result = isa::decode(program.text[pc]);
    if (!result)
      wrong(result.error);
    decoded[pc] = *result.instruction;
  }
  return *decoded[pc];
}

Walk::Next Walk::next(Met &met, std::string &error) {
  if (!started) {
    pc = program.entry;
    started = true;
  }
  try {
    while (!halted) {
      const isa::Instruction &next = instruction();
      bool unit = meet(next, met);
      if (halted)
        break;
      endIterations();
      ++pc;
      if (unit)
        return Next::Met;
    }
  } catch (const Wrong &wrong) {
    std::string node = program.nodeOf ? program.nodeOf(pc, context) : "";
    error = "instruction " + text(pc) +
            (node.empty() ? "" : " (" + node + ")") + ": " + wrong.what;
    return Next::Wrong;
  }
  return Next::Halt;
}

} // namespace tilework::verifier
