// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers in a list of schedules. A schedule becomes a list of numbers in which
// tensors are numbered by their first mention; equal lists get equal names, and
// periods are sought in the names.

#include "compiler/planning/Repeats.h"

#include <cstring>
#include <map>
#include <set>

namespace tilework::planning {

namespace {

/// Writes everything of a schedule that instructions depend on, but for places.
class Shape {
public:
  explicit Shape(const Schedule &schedule) {
    for (char c : schedule.name)
      add(c);
    add(static_cast<int64_t>(schedule.sources.size()),
        static_cast<int64_t>(schedule.buffers.size()),
        bits(static_cast<float>(schedule.cost.dramBytes)));
    for (const Buffer &b : schedule.buffers)
      add(b.space, b.slotRows, b.slots, b.turnDepth);
    for (const Step &s : schedule.steps)
      add(s);
  }
  std::vector<int64_t> numbers;
  std::vector<int> tensors;

private:
  template <typename... Values> void add(Values... values) {
    (numbers.push_back(static_cast<int64_t>(values)), ...);
  }
  static int64_t bits(float value) {
    uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    return word;
  }
  void add(const Affine &a) {
    add(a.base);
    numbers.insert(numbers.end(), a.steps.begin(), a.steps.end());
  }
  void add(const Extent &e) { add(e.tile, e.total, e.depth); }
  void add(const Tile &t) {
    add(t.buffer, t.stride, t.blockStride, t.first, t.ahead);
    add(t.row);
  }
  void add(const DramTile &d) {
    int64_t name = -1;
    if (d.tensor >= 0) {
      auto it = std::find(tensors.begin(), tensors.end(), d.tensor);
      name = it - tensors.begin();
      if (it == tensors.end())
        tensors.push_back(d.tensor);
    }
    add(name, d.stride, d.outerStride);
    add(d.byte);
  }
  void add(const Step &s) {
    add(s.kind, s.trip, s.elementLog2, s.outerStride, s.bound, s.byColumns,
        s.accumulate, s.accumulateDepth, s.primary);
    add(s.dram);
    add(s.indices);
    for (const Tile *t : {&s.tile, &s.weights, &s.sums, &s.element,
                          &s.column[0], &s.column[1], &s.column[2]})
      add(*t);
    for (const Extent *e : {&s.outer, &s.rows, &s.columns, &s.depth})
      add(*e);
    const Chain &c = s.chain;
    add(c.sourceType, c.elementType, c.destinationType, c.multiply0, c.add0,
        c.add1, c.function, c.operand, c.multiply1, c.add2, c.reduce,
        c.reduceAccumulate, c.reduceDepth, bits(c.multiply0Scalar),
        bits(c.add0Scalar), c.sourceStatistic, c.elementStatistic,
        c.destinationStatistic, c.multiply0Statistic, c.add1Statistic,
        c.multiply1Statistic, c.reduceStatistic, c.statisticsBase);
  }
};

/// The repeat in [begin, end) that saves most; count 0: none.
Repeat bestRepeat(const std::vector<int> &names, size_t begin, size_t end) {
  Repeat best;
  size_t saved = 0;
  for (size_t period = 1; period <= (end - begin) / 2; ++period) {
    size_t run = 0;
    for (size_t i = begin; i + period <= end; ++i) {
      if (i + period < end && names[i] == names[i + period]) {
        ++run;
        continue;
      }
      if (run >= period && run / period * period > saved) {
        saved = run / period * period;
        best = {i - run, period, run / period + 1};
      }
      run = 0;
    }
  }
  return best;
}

void collect(const std::vector<int> &names, size_t begin, size_t end,
             std::vector<Repeat> &out) {
  Repeat best = bestRepeat(names, begin, end);
  if (!best.count)
    return;
  collect(names, begin, best.first, out);
  out.push_back(best);
  collect(names, best.end(), end, out);
}

} // namespace

std::vector<int> tensorsOf(const Schedule &schedule) {
  std::vector<int> tensors;
  for (const Step &step : schedule.steps)
    for (int tensor : {step.dram.tensor, step.indices.tensor})
      if (tensor >= 0 &&
          std::find(tensors.begin(), tensors.end(), tensor) == tensors.end())
        tensors.push_back(tensor);
  return tensors;
}

std::vector<Repeat> findRepeats(const std::vector<Schedule> &schedules) {
  std::map<std::vector<int64_t>, int> known;
  std::vector<int> names;
  for (const Schedule &schedule : schedules)
    names.push_back(known
                        .try_emplace(Shape(schedule).numbers,
                                     static_cast<int>(known.size()))
                        .first->second);
  std::vector<Repeat> repeats;
  collect(names, 0, names.size(), repeats);
  return repeats;
}

std::vector<Slot> slotsOf(const std::vector<Schedule> &schedules,
                          const Repeat &repeat) {
  std::vector<Slot> slots;
  std::set<Slot> seen;
  for (size_t g = 0; g < repeat.period; ++g) {
    std::vector<std::vector<int>> named;
    for (size_t i = 0; i < repeat.count; ++i)
      named.push_back(
          tensorsOf(schedules[repeat.first + i * repeat.period + g]));
    for (size_t t = 0; t < named.front().size(); ++t) {
      Slot slot;
      for (const std::vector<int> &tensors : named)
        slot.tensors.push_back(tensors[t]);
      if (seen.insert(slot).second)
        slots.push_back(std::move(slot));
    }
  }
  return slots;
}

} // namespace tilework::planning
