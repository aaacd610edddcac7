// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for what the planned groups name: tensors in DRAM, buffers on the
// chip. Layers that are to be one routine get their weights at one distance,
// their intermediates at one place and their buffers at the same rows.

#include "compiler/conversion/GraphPlanner.h"
#include "compiler/planning/Allocator.h"
#include "dialects/isa/Image.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace tilework {

using namespace planning;

static int64_t align(int64_t bytes) { return roundUp(bytes, 128); }

/// Bytes of weights that a schedule loads: what can be loaded before the
/// schedule in front of it is done.
static int64_t weightBytes(const Schedule &schedule,
                           const std::vector<PlannedTensor> &tensors) {
  std::set<int> named;
  int64_t bytes = 0;
  for (const Step &step : schedule.steps)
    if (step.kind == StepKind::Load &&
        tensors[step.dram.tensor].kind == TensorKind::Weight &&
        named.insert(step.dram.tensor).second)
      bytes += tensors[step.dram.tensor].bytes;
  return bytes;
}

/// In a cycle of an odd number of schedules two neighbours share a side of the
/// scratchpad, so that the second cannot load ahead: the position of the one
/// that has least to load, and its share of all weights.
static size_t leastAhead(const PlannedProgram &program, const Repeat &repeat,
                         double &share) {
  size_t best = 0;
  int64_t least = -1, all = 0;
  for (size_t g = 0; g < repeat.period; ++g) {
    int64_t bytes =
        weightBytes(program.schedules[repeat.first + g], program.tensors);
    all += bytes;
    if (least < 0 || bytes < least) {
      least = bytes;
      best = g;
    }
  }
  share = all ? static_cast<double>(least) / static_cast<double>(all) : 0;
  return best;
}

void GraphPlanner::findRoutines() {
  // A pair that cannot load ahead costs time; two iterations as one do not
  // have it.
  constexpr double kMostShare = 1.0 / 16;
  for (Repeat repeat : findRepeats(program.schedules)) {
    double share = 0;
    if (repeat.period % 2 == 1 && repeat.count >= 4) {
      leastAhead(program, repeat, share);
      if (share > kMostShare)
        repeat = {repeat.first, repeat.period * 2, repeat.count / 2};
    }
    program.routines.push_back(
        {"layer" + std::to_string(program.routines.size()), repeat});
  }
}

void GraphPlanner::placeBuffers() {
  // Neighbours on opposite sides, so that the next one's loads need not wait.
  bool side = true;
  size_t next = 0;
  auto place = [&](const Repeat &repeat, size_t keep) {
    std::vector<bool> sides;
    for (size_t g = 0; g < repeat.period; ++g) {
      side = g != 0 && g == keep ? side : !side;
      sides.push_back(side);
    }
    for (size_t i = 0; i < repeat.period * repeat.count; ++i)
      allocate(program.schedules[repeat.first + i], machine,
               sides[i % repeat.period]);
    next = repeat.end();
  };
  for (const PlannedRoutine &routine : program.routines) {
    place({next, routine.repeat.first - next, 1}, program.schedules.size());
    double share;
    place(routine.repeat, routine.repeat.period % 2 == 1
                              ? leastAhead(program, routine.repeat, share)
                              : routine.repeat.period);
  }
  place({next, program.schedules.size() - next, 1}, program.schedules.size());
}

//===----------------------------------------------------------------------===//
// DRAM
//===----------------------------------------------------------------------===//

void GraphPlanner::finishPlaces() {
  // Segment 0 holds the weights, the inputs and outputs follow, the last is
  // shared by the intermediates.
  std::vector<bool> used(program.tensors.size(), false);
  for (const Schedule &schedule : program.schedules)
    for (int tensor : tensorsOf(schedule))
      used[tensor] = true;
  auto segment = [&](std::string name) {
    program.segmentNames.push_back(std::move(name));
    program.segmentBytes.push_back(0);
    return static_cast<int>(program.segmentBytes.size()) - 1;
  };
  placeWeights(segment("weights"), used);
  // Each input and output has a segment while there are enough; otherwise a
  // segment takes as few of one kind as make them suffice, as the loader places
  // bindings of one segment.
  std::vector<PlannedTensor *> inputs, outputs;
  for (PlannedTensor &tensor : program.tensors)
    if (tensor.kind == TensorKind::Input)
      inputs.push_back(&tensor);
    else if (tensor.kind == TensorKind::Output)
      outputs.push_back(&tensor);
  constexpr size_t kMost = isa::kSegments - 2; // besides weights and scratch
  size_t each = 1;
  auto segments = [&](size_t tensors) { return (tensors + each - 1) / each; };
  while (segments(inputs.size()) + segments(outputs.size()) > kMost)
    ++each;
  for (const auto &tensors : {inputs, outputs})
    for (size_t i = 0; i < tensors.size(); ++i) {
      PlannedTensor &tensor = *tensors[i];
      if (i % each == 0)
        segment(tensor.name);
      int64_t &bytes = program.segmentBytes.back();
      int64_t offset = roundUp(bytes, int64_t(isa::kBindingAlignment));
      tensor.place = {static_cast<int>(program.segmentBytes.size()) - 1, offset,
                      align(tensor.bytes)};
      bytes = offset + align(tensor.bytes);
      if (i % each == 1)
        program.segmentNames.back() += " …";
    }
  placeScratch(segment("scratch"));
}

void GraphPlanner::placeWeights(int segment, const std::vector<bool> &used) {
  // What differs from layer to layer stands layer by layer in one order.
  std::vector<std::vector<int>> layers(program.routines.size());
  std::vector<int> layerOf(program.tensors.size(), -1);
  for (size_t r = 0; r < program.routines.size(); ++r) {
    const Repeat &repeat = program.routines[r].repeat;
    std::vector<Slot> slots = slotsOf(program.schedules, repeat);
    for (size_t i = 0; i < repeat.count; ++i)
      for (const Slot &slot : slots) {
        int tensor = slot.tensors[i];
        if (slot.tensors.front() == slot.tensors.back() ||
            program.tensors[tensor].kind != TensorKind::Weight ||
            layerOf[tensor] >= 0)
          continue;
        layerOf[tensor] = static_cast<int>(r);
        layers[r].push_back(tensor);
      }
  }
  int64_t &next = program.segmentBytes[segment];
  auto put = [&](int t) {
    PlannedTensor &tensor = program.tensors[t];
    tensor.place = {segment, next, align(tensor.bytes)};
    next += align(tensor.bytes);
  };
  for (size_t t = 0; t < program.tensors.size(); ++t) {
    if (program.tensors[t].kind != TensorKind::Weight || !used[t])
      continue;
    if (layerOf[t] < 0) {
      put(static_cast<int>(t));
      continue;
    }
    for (int tensor : layers[layerOf[t]])
      put(tensor);
    layers[layerOf[t]].clear();
  }
}

namespace {

/// Intermediates that take one place, one after the other.
struct Shared {
  std::vector<int> tensors;
  std::vector<std::pair<size_t, size_t>> live; ///< first and last schedule
  int64_t bytes = 0, at = 0;

  bool meets(const Shared &other) const {
    for (auto [begin, end] : live)
      for (auto [otherBegin, otherEnd] : other.live)
        if (begin <= otherEnd && otherBegin <= end)
          return true;
    return false;
  }
};

} // namespace

void GraphPlanner::placeScratch(int segment) {
  std::vector<int> sharedOf(program.tensors.size(), -1);
  std::vector<Shared> shared;
  for (size_t g = 0; g < program.schedules.size(); ++g)
    for (int t : tensorsOf(program.schedules[g])) {
      if (program.tensors[t].kind != TensorKind::Scratch)
        continue;
      if (sharedOf[t] < 0) {
        sharedOf[t] = static_cast<int>(shared.size());
        shared.push_back({{t}, {{g, g}}, align(program.tensors[t].bytes), 0});
      }
      shared[sharedOf[t]].live.front().second = g;
    }
  // What stands at one place of all layers takes one place in DRAM if no two of
  // it are needed at once: then the layers' code can name it.
  for (const PlannedRoutine &routine : program.routines)
    for (const Slot &slot : slotsOf(program.schedules, routine.repeat)) {
      std::set<int> parts;
      for (int t : slot.tensors)
        if (sharedOf[t] >= 0)
          parts.insert(sharedOf[t]);
      bool apart = true;
      for (auto a = parts.begin(); apart && a != parts.end(); ++a)
        for (auto b = std::next(a); apart && b != parts.end(); ++b)
          apart = !shared[*a].meets(shared[*b]);
      if (!apart || parts.size() < 2)
        continue;
      Shared &into = shared[*parts.begin()];
      for (auto p = std::next(parts.begin()); p != parts.end(); ++p) {
        Shared &from = shared[*p];
        for (int t : from.tensors)
          sharedOf[t] = *parts.begin();
        into.tensors.insert(into.tensors.end(), from.tensors.begin(),
                            from.tensors.end());
        into.live.insert(into.live.end(), from.live.begin(), from.live.end());
        into.bytes = std::max(into.bytes, from.bytes);
        from = Shared();
      }
    }
  std::vector<const Shared *> placed;
  for (Shared &s : shared) {
    if (s.tensors.empty())
      continue;
    std::vector<const Shared *> beside;
    for (const Shared *other : placed)
      if (s.meets(*other))
        beside.push_back(other);
    std::sort(beside.begin(), beside.end(),
              [](auto *a, auto *b) { return a->at < b->at; });
    for (const Shared *other : beside) {
      if (s.at + s.bytes <= other->at)
        break;
      s.at = std::max(s.at, other->at + other->bytes);
    }
    placed.push_back(&s);
    for (int t : s.tensors)
      program.tensors[t].place = {segment, s.at,
                                  align(program.tensors[t].bytes)};
    program.segmentBytes[segment] =
        std::max(program.segmentBytes[segment], s.at + s.bytes);
  }
}

} // namespace tilework
