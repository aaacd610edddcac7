// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds every access of a walked program against what was accessed before.
// Each instruction has a vector clock: how many of each unit have certainly
// retired when it starts.

#include "compiler/verifier/Verifier.h"

#include "compiler/verifier/Walk.h"

#include <algorithm>
#include <set>

namespace tilework::verifier {

namespace {

constexpr auto kVector = static_cast<uint8_t>(isa::UnitName::vector);
const char *const kMemoryNames[] = {"DRAM", "scratchpad", "accumulator",
                                    "statistics"};

class Checker {
public:
  Checker(const Program &program, const Limits &limits, size_t most)
      : program(program), limits(limits), most(most) {}
  void run(const std::array<uint32_t, 16> &parameters);
  std::vector<std::string> errors;

private:
  struct Dispatched {
    uint32_t pc;
    uint16_t context;
    UnitNumbers clock; ///< retired of each unit when it starts, at least
  };

  UnitNumbers startClock(const Met &met) const;
  void check(const Met &met);
  void overlap(const Met &met);
  void report(std::string text) {
    if (errors.size() < most && said.insert(text).second)
      errors.push_back(std::move(text));
  }
  std::string name(uint32_t pc, uint16_t context) const {
    std::string out = "instruction " + std::to_string(pc);
    std::string node = program.nodeOf ? program.nodeOf(pc, context) : "";
    return node.empty() ? out : out + " (" + node + ")";
  }

  const Program &program;
  const Limits &limits;
  size_t most;
  std::array<History, kMemories> memories;
  std::array<std::vector<Dispatched>, kUnits> units;
  std::set<std::string> said;
};

UnitNumbers Checker::startClock(const Met &met) const {
  UnitNumbers clock{};
  auto join = [&](const UnitNumbers &other) {
    for (unsigned u = 0; u < kUnits; ++u)
      clock[u] = std::max(clock[u], other[u]);
  };
  // A unit begins its instructions in order.
  if (!units[met.unit].empty())
    join(units[met.unit].back().clock);
  for (unsigned u = 0; u < kUnits; ++u) {
    if (met.waits[u] == 0)
      continue;
    uint64_t keep = met.waits[u] - 1, given = units[u].size();
    if (given <= keep)
      continue;
    uint32_t retired = static_cast<uint32_t>(given - keep);
    clock[u] = std::max(clock[u], retired);
    // What has retired had started, after all that it waited for.
    join(units[u][retired - 1].clock);
  }
  return clock;
}

void Checker::overlap(const Met &met) {
  std::vector<std::pair<uint64_t, uint64_t>> written[kMemories];
  for (const Run &run : met.runs)
    if (run.write)
      written[unsigned(run.memory)].push_back({run.begin, run.end});
  for (auto &list : written)
    std::sort(list.begin(), list.end());
  for (unsigned m = 0; m < kMemories; ++m)
    for (size_t i = 1; i < written[m].size(); ++i)
      if (written[m][i].first < written[m][i - 1].second) {
        report(name(met.pc, met.context) + " writes a byte of the " +
               kMemoryNames[m] + " twice");
        break;
      }
  for (const Run &run : met.runs) {
    if (run.write || run.inPlace)
      continue;
    auto &list = written[unsigned(run.memory)];
    auto it = std::lower_bound(list.begin(), list.end(),
                               std::make_pair(run.end, uint64_t(0)));
    if (it != list.begin() && std::prev(it)->second > run.begin) {
      report(name(met.pc, met.context) + " reads what it writes in the " +
             kMemoryNames[unsigned(run.memory)]);
      return;
    }
  }
}

void Checker::check(const Met &met) {
  overlap(met);
  UnitNumbers clock = startClock(met);
  uint32_t number = static_cast<uint32_t>(units[met.unit].size()) + 1;
  auto race = [&](const Run &run, uint64_t at, unsigned unit, uint32_t older,
                  const char *did) {
    const Dispatched &other = units[unit][older - 1];
    uint32_t distance = static_cast<uint32_t>(units[unit].size()) - older;
    report(name(met.pc, met.context) + (run.write ? " writes" : " reads") +
           " byte " + std::to_string(at & 0xffffffffffffu) + " of the " +
           kMemoryNames[unsigned(run.memory)] + ", which " +
           name(other.pc, other.context) + " of the " +
           isa::caseName(static_cast<isa::UnitName>(unit)) + " unit " + did +
           ": it must wait for all but the last " + std::to_string(distance) +
           " of that unit");
  };
  for (const Run &run : met.runs) {
    History &history = memories[unsigned(run.memory)];
    history.each(run.begin, run.end, [&](uint64_t begin, uint64_t, Touched &t) {
      if (!run.write && t.writerUnit == Touched::kNobody)
        report(name(met.pc, met.context) + " reads byte " +
               std::to_string(begin & 0xffffffffffffu) + " of the " +
               kMemoryNames[unsigned(run.memory)] + ", which nothing wrote");
      if (t.writerUnit < kUnits && t.writer > clock[t.writerUnit]) {
        // Within a unit only a vector instruction can overtake: it reads
        // before an older one has written.
        bool ordered =
            t.writerUnit == met.unit && (met.unit != kVector || run.write);
        if (!ordered)
          race(run, begin, t.writerUnit, t.writer, "writes");
      }
      if (run.write)
        for (unsigned u = 0; u < kUnits; ++u)
          if (u != met.unit && t.readers[u] > clock[u])
            race(run, begin, u, t.readers[u], "reads");
      if (!run.write)
        t.readers[met.unit] = number;
    });
    if (run.write) {
      Touched fresh;
      fresh.writerUnit = met.unit;
      fresh.writer = number;
      history.replace(run.begin, run.end, fresh);
    }
  }
  units[met.unit].push_back({met.pc, met.context, clock});
}

void Checker::run(const std::array<uint32_t, 16> &parameters) {
  memories = {};
  units = {};
  for (unsigned s = 0; s < isa::kSegments; ++s) {
    const SegmentInfo &segment = program.segments[s];
    if (!segment.written || segment.bytes == 0)
      continue;
    Touched loader;
    loader.writerUnit = Touched::kLoader;
    memories[unsigned(Memory::Dram)].replace(
        uint64_t(s) << 48, (uint64_t(s) << 48) + segment.bytes, loader);
  }
  Walk walk(program, limits, parameters);
  Met met;
  std::string error;
  while (errors.size() < most) {
    Walk::Next next = walk.next(met, error);
    if (next == Walk::Next::Halt)
      return;
    if (next == Walk::Next::Wrong) {
      report(error);
      return;
    }
    check(met);
  }
}

} // namespace

std::vector<std::string> verify(const Program &program, const Limits &limits,
                                size_t most) {
  Checker checker(program, limits, most);
  std::array<uint32_t, 16> values{};
  if (program.parameters.empty()) {
    checker.run(values);
    return std::move(checker.errors);
  }
  // Both ends of each range, and what lies next to them, others at their least.
  for (const ParameterRange &range : program.parameters)
    values[range.index] = range.minimum;
  for (const ParameterRange &range : program.parameters) {
    std::set<uint32_t> points = {range.minimum, range.maximum};
    if (range.maximum > range.minimum) {
      points.insert(range.minimum + 1);
      points.insert(range.maximum - 1);
      points.insert(range.minimum + (range.maximum - range.minimum) / 2);
    }
    for (uint32_t point : points) {
      values[range.index] = point;
      checker.run(values);
    }
    values[range.index] = range.minimum;
  }
  return std::move(checker.errors);
}

} // namespace tilework::verifier
