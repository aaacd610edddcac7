// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Repeats to routines. DRAM tensors that stand still are named in the code;
// those that move from call to call by one distance are reached from one
// register for each pair of strides, which the caller sets.

#include "compiler/conversion/Lowering.h"

#include <algorithm>
#include <limits>

namespace tilework {

using namespace planning;

/// More would leave too few registers for the tiles on the chip.
static constexpr size_t kMostBases = isa::kAddressRegisters / 2;
/// Distances from a base are offsets of instructions.
static constexpr int64_t kMostDistance = int64_t(1) << 30;

void Lowering::findRegions(const std::vector<Schedule> &schedules,
                           const Repeat &repeat) {
  // A new tensor may begin in front of the region that it belongs to.
  auto join = [&](Region &region, const std::vector<Placement> &places,
                  int64_t &distance) {
    distance = places[0].offset - region.places[0].offset;
    for (size_t i = 0; i < places.size(); ++i)
      if (places[i].segment != region.places[i].segment ||
          places[i].offset - region.places[i].offset != distance)
        return false;
    int64_t end = 0;
    for (size_t i = 0; i < places.size(); ++i)
      end = std::max({end, distance + places[i].bytes, region.places[i].bytes});
    if (end - std::min<int64_t>(distance, 0) > kMostDistance)
      return false;
    for (size_t i = 0; i < places.size(); ++i) {
      Placement &whole = region.places[i];
      int64_t begin = std::min(whole.offset, places[i].offset);
      whole.bytes = std::max(whole.offset + whole.bytes,
                             places[i].offset + places[i].bytes) -
                    begin;
      whole.offset = begin;
    }
    return true;
  };
  regions.clear();
  moving.clear();
  for (size_t g = 0; g < repeat.period; ++g) {
    std::vector<std::vector<int>> named;
    for (size_t i = 0; i < repeat.count; ++i)
      named.push_back(
          tensorsOf(schedules[repeat.first + i * repeat.period + g]));
    for (size_t t = 0; t < named.front().size(); ++t) {
      std::vector<Placement> places;
      bool moves = false;
      for (const std::vector<int> &tensors : named) {
        places.push_back(placements[tensors[t]]);
        const Placement &a = places.front(), &b = places.back();
        moves |= a.segment != b.segment || a.offset != b.offset;
      }
      if (!moves)
        continue;
      size_t r = 0;
      int64_t distance = 0;
      while (r < regions.size() && !join(regions[r], places, distance))
        ++r;
      if (r == regions.size()) {
        regions.push_back({places});
        distance = 0;
      }
      if (distance < 0) {
        for (auto &[key, other] : moving)
          if (other.region == r)
            other.distance -= distance;
        distance = 0;
      }
      moving[{static_cast<int>(repeat.first + g), named.front()[t]}] = {
          r, distance};
    }
  }
}

Lowering::Strides Lowering::stridesOf(const Step &step, const DramTile &tile) {
  Strides strides;
  if (&tile == &step.indices)
    return strides;
  if (step.kind == StepKind::Gather || step.rows.tile > 1)
    strides.stride = tile.stride;
  if (step.kind != StepKind::Gather && step.outer.tile > 1)
    strides.blockStride = tile.outerStride;
  return strides;
}

const Lowering::Base *Lowering::baseOf(int tensor, const Strides &strides,
                                       int64_t &distance) const {
  auto it = moving.find({group, tensor});
  if (it == moving.end())
    return nullptr;
  distance = it->second.distance;
  for (const Base &base : bases)
    if (base.region == it->second.region &&
        strides.stride.value_or(base.stride) == base.stride &&
        strides.blockStride.value_or(base.blockStride) == base.blockStride)
      return &base;
  return nullptr;
}

bool Lowering::findBases(const std::vector<Schedule> &schedules,
                         const Repeat &repeat) {
  findRegions(schedules, repeat);
  bases.clear();
  // Operands whose strides all count first: the others take what is there.
  for (int counting : {2, 1, 0})
    for (size_t g = 0; g < repeat.period; ++g) {
      group = static_cast<int>(repeat.first + g);
      for (const Step &step : schedules[group].steps)
        for (const DramTile *tile : {&step.dram, &step.indices}) {
          auto it = moving.find({group, tile->tensor});
          if (it == moving.end())
            continue;
          Strides strides = stridesOf(step, *tile);
          int64_t distance;
          if (strides.stride.has_value() + strides.blockStride.has_value() !=
                  counting ||
              baseOf(tile->tensor, strides, distance))
            continue;
          int reg = static_cast<int>(isa::kAddressRegisters - 1 - bases.size());
          bases.push_back({it->second.region, strides.stride.value_or(0),
                           strides.blockStride.value_or(0), reg});
        }
    }
  return bases.size() <= kMostBases;
}

Lowering::AddressKey Lowering::keyOf(const Base &base, size_t call) const {
  const Placement &place = regions[base.region].places[call];
  AddressKey key;
  key.segment = place.segment;
  key.value = place.offset;
  key.stride = base.stride;
  key.blockStride = base.blockStride;
  key.limit = place.offset + place.bytes;
  return key;
}

bool Lowering::makeRoutine(const std::vector<Schedule> &schedules,
                           const Repeat &repeat, LoweredProgram &body) {
  constexpr size_t kMostContexts = std::numeric_limits<uint16_t>::max();
  if (repeat.count < 2 || nextContext + repeat.count > kMostContexts ||
      !findBases(schedules, repeat))
    return false;
  registers = Registers();
  for (const Base &base : bases) {
    AddressEntry &entry = registers.addresses[base.reg];
    entry.key.base = -2; // no operand asks for it
    entry.valid = entry.pinned = true;
  }
  for (size_t g = 0; g < repeat.period; ++g)
    if (!lower(schedules[repeat.first + g], static_cast<int>(repeat.first + g),
               body))
      return false;
  size_t size = body.instructions.size(),
         caller = repeat.count * (bases.size() + 1);
  return size + caller + 5 < repeat.count * size;
}

void Lowering::append(const std::vector<Schedule> &schedules,
                      const Repeat &repeat, const std::string &name) {
  Registers before = registers;
  LoweredProgram body;
  if (!makeRoutine(schedules, repeat, body)) {
    registers = std::move(before);
    moving.clear();
    bases.clear();
    for (size_t i = repeat.first; i < repeat.end(); ++i)
      append(schedules[i], static_cast<int>(i));
    return;
  }
  // What the body left in the registers is what every call leaves.
  for (AddressEntry &entry : registers.addresses)
    if (entry.key.base != -1)
      entry = AddressEntry();
  uint16_t firstContext = nextContext;
  for (size_t n = 0; n < repeat.count; ++n) {
    group = static_cast<int>(repeat.first + n * repeat.period);
    primary = schedules[group].sources.empty() ? -1 : 0;
    source = primary < 0 ? -1 : schedules[group].sources[primary];
    ++clock;
    for (const Base &base : bases)
      if (n == 0 || !(keyOf(base, n) == keyOf(base, n - 1)))
        setAddress(base.reg, keyOf(base, n), program);
    // What the first call must wait for from before it is waited for here, so
    // that it does not bind the others.
    for (int unit = 0; n == 0 && unit < 4; ++unit) {
      isa::Null null;
      null.unit = static_cast<isa::UnitName>(unit);
      program.instructions.push_back({null, group, source, primary});
    }
    isa::Call call;
    call.target = static_cast<uint32_t>(bodies.size());
    call.context_id = nextContext++;
    program.instructions.push_back({call, group, source, primary});
  }
  program.routines.push_back({name, 0, 0, repeat, firstContext});
  bodies.push_back(std::move(body));
  moving.clear();
  bases.clear();
}

} // namespace tilework
