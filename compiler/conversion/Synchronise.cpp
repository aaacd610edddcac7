// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Waits by replay. For each dynamic instruction and each unit the latest
// conflicting access gives the largest distance that is still safe; the static
// field takes the least over all its executions, in every iteration and every
// call. What the first iterations of a hardware loop or the first call of a
// routine need from before it goes to the null instruction in front of it, so
// that it does not bind the later ones.

#include "compiler/conversion/Synchronise.h"
#include "compiler/conversion/Replay.h"

#include <algorithm>
#include <limits>
#include <map>

namespace tilework {

namespace {

constexpr int kVector = static_cast<int>(isa::UnitName::vector), kUnits = 4;
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMostDistance = (1u << isa::kWaitBits) - 2;

/// The last access of each range; later accesses replace earlier ones. Sequence
/// numbers count from 1, 0 is nobody.
class RangeTable {
public:
  void assign(uint64_t begin, uint64_t end, uint32_t value) {
    auto it = map.lower_bound(begin);
    if (it != map.begin()) {
      auto before = std::prev(it);
      if (before->second.first > begin) {
        auto [oldEnd, oldValue] = before->second;
        before->second.first = begin;
        if (oldEnd > end)
          map[end] = {oldEnd, oldValue};
      }
    }
    while (it != map.end() && it->first < end) {
      if (it->second.first > end)
        map[end] = it->second;
      it = map.erase(it);
    }
    map[begin] = {end, value};
  }
  uint32_t latest(uint64_t begin, uint64_t end) const {
    uint32_t latest = 0;
    auto it = map.lower_bound(begin);
    if (it != map.begin() && std::prev(it)->second.first > begin)
      latest = std::prev(it)->second.second;
    for (; it != map.end() && it->first < end; ++it)
      latest = std::max(latest, it->second.second);
    return latest;
  }

private:
  std::map<uint64_t, std::pair<uint64_t, uint32_t>> map;
};

/// Who touched a memory last, by unit.
struct History {
  std::array<RangeTable, kUnits> writes, reads;
};

using Distances = std::array<uint32_t, kUnits>;

class Synchroniser {
public:
  Synchroniser(LoweredProgram &program, const planning::Machine &machine)
      : program(program), machine(machine) {
    Distances none;
    none.fill(kNone);
    distance.assign(program.instructions.size(), none);
    for (Crossing *crossing : {&loop, &call}) {
      crossing->least.assign(program.instructions.size(), none);
      crossing->atNull.assign(program.instructions.size(), none);
      crossing->nullOf.assign(program.instructions.size(), 0);
    }
    nullCounts.assign(program.instructions.size(), {});
  }

  bool run(std::string &error);

private:
  /// Waits that lead out of the outermost hardware loop in execution, or out of
  /// a call, where nulls stand in front of it, one a unit in their order.
  struct Crossing {
    bool inside = false;
    size_t pc = 0;                 ///< of the loop or call
    Distances atEntry{};           ///< dispatched then
    std::vector<Distances> least;  ///< by instruction: least distance
    std::vector<Distances> atNull; ///< the same, seen from the null
    std::vector<size_t> nullOf;
  };
  void enter(Crossing &crossing, size_t pc);
  bool cross(Crossing &crossing, const Replay::Event &event, int other,
             uint32_t latest);
  void dispatch(const Replay::Event &event);
  void visit(const TouchedRange &range, int unit, Distances &latest);
  void record(const TouchedRange &range, int unit, uint32_t sequence);
  void writeFields();

  LoweredProgram &program;
  const planning::Machine &machine;
  std::array<History, 4> memories; ///< by TouchedRange::Memory
  Distances dispatched{};
  Crossing loop, call;
  std::vector<Distances> distance;   ///< by instruction: least distance to what
                                     ///< no crossing takes
  std::vector<Distances> nullCounts; ///< by null instruction: dispatched counts
                                     ///< at its last execution
};

void Synchroniser::visit(const TouchedRange &range, int unit,
                         Distances &latest) {
  const History &history = memories[static_cast<size_t>(range.memory)];
  for (int other = 0; other < kUnits; ++other) {
    auto raise = [&](const RangeTable &table) {
      latest[other] =
          std::max(latest[other], table.latest(range.begin, range.end));
    };
    // Within a unit order is kept, but a vector instruction may read before an
    // earlier one has written.
    if (other != unit || (unit == kVector && !range.write))
      raise(history.writes[other]);
    if (other != unit && range.write)
      raise(history.reads[other]);
  }
}

void Synchroniser::record(const TouchedRange &range, int unit,
                          uint32_t sequence) {
  History &history = memories[static_cast<size_t>(range.memory)];
  (range.write ? history.writes : history.reads)[unit].assign(
      range.begin, range.end, sequence);
}

void Synchroniser::enter(Crossing &crossing, size_t pc) {
  crossing.inside = pc >= kUnits;
  for (int unit = 0; crossing.inside && unit < kUnits; ++unit)
    crossing.inside = std::holds_alternative<isa::Null>(
        program.instructions[pc - kUnits + unit].instruction);
  crossing.pc = pc;
  crossing.atEntry = dispatched;
}

bool Synchroniser::cross(Crossing &crossing, const Replay::Event &event,
                         int other, uint32_t latest) {
  if (!crossing.inside || latest > crossing.atEntry[other])
    return false;
  size_t null = crossing.pc - kUnits + event.unit;
  auto lower = [](uint32_t &least, uint32_t k) { least = std::min(least, k); };
  crossing.nullOf[event.pc] = null;
  lower(crossing.least[event.pc][other], dispatched[other] - latest);
  lower(crossing.atNull[event.pc][other], nullCounts[null][other] >= latest
                                              ? nullCounts[null][other] - latest
                                              : 0);
  return true;
}

void Synchroniser::dispatch(const Replay::Event &event) {
  if (std::holds_alternative<isa::Null>(
          program.instructions[event.pc].instruction)) {
    nullCounts[event.pc] = dispatched;
    ++dispatched[event.unit];
    return;
  }
  Distances latest{};
  for (const TouchedRange &range : *event.ranges)
    visit(range, event.unit, latest);
  // Sequence numbers count from 1: everything up to `latest` must have
  // retired.
  for (int other = 0; other < kUnits; ++other)
    if (latest[other] && !cross(call, event, other, latest[other]) &&
        !cross(loop, event, other, latest[other])) {
      uint32_t &least = distance[event.pc][other];
      least = std::min(least, dispatched[other] - latest[other]);
    }
  uint32_t sequence = ++dispatched[event.unit];
  for (const TouchedRange &range : *event.ranges)
    record(range, event.unit, sequence);
}

void Synchroniser::writeFields() {
  for (const Crossing *crossing : {&loop, &call})
    for (size_t pc = 0; pc < distance.size(); ++pc)
      for (int other = 0; other < kUnits; ++other) {
        uint32_t cross = crossing->least[pc][other];
        if (cross == kNone || cross >= distance[pc][other])
          continue;
        uint32_t &null = distance[crossing->nullOf[pc]][other];
        null = std::min(null, crossing->atNull[pc][other]);
      }
  for (size_t pc = 0; pc < distance.size(); ++pc) {
    auto field = [&](int unit) -> uint8_t {
      uint32_t k = distance[pc][unit];
      return k == kNone ? 0
                        : static_cast<uint8_t>(std::min(k, kMostDistance) + 1);
    };
    std::visit(
        [&](auto &inst) {
          if constexpr (std::decay_t<decltype(inst)>::onUnit)
            for (int unit = 0; unit < kUnits; ++unit)
              *inst.waits()[unit] = field(unit);
        },
        program.instructions[pc].instruction);
  }
}

bool Synchroniser::run(std::string &error) {
  Replay replay(machine, program);
  Replay::Handlers handlers;
  handlers.dispatch = [&](const Replay::Event &event) { dispatch(event); };
  handlers.enterOutermost = [&](size_t pc) { enter(loop, pc); };
  handlers.leaveOutermost = [&] { loop.inside = false; };
  handlers.enterCall = [&](size_t pc) { enter(call, pc); };
  handlers.leaveCall = [&] { call.inside = false; };
  if (!replay.run(handlers, {}, error))
    return false;
  writeFields();
  return true;
}

} // namespace

bool synchronise(LoweredProgram &program, const planning::Machine &machine,
                 std::string &error) {
  return Synchroniser(program, machine).run(error);
}

} // namespace tilework
