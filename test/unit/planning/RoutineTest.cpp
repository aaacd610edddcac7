// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers as routines: which runs repeat, that calls with other bases are legal
// on every machine, and that a routine waits as the layers one by one did.

#include "compiler/planning/Allocator.h"
#include "test/unit/planning/PlanningFixture.h"

#include <gtest/gtest.h>

using namespace tilework;
using namespace tilework::planning;
using namespace tilework::test;

namespace {

/// Layers of products, each of the sum of the one before and with weights of
/// its own at one distance in segment 0, or at growing ones.
struct Layers {
  Tensors tensors;
  std::vector<Schedule> schedules;
  Repeat repeat;

  Layers(const Machine &machine, size_t period, size_t count, int64_t m,
         int64_t n, bool uniform) {
    repeat = {0, period, count};
    int64_t bytes = roundUp(2 * roundUp(n, machine.lanes()) * n, 128);
    tensors.add(static_cast<int64_t>(period * count + count * count) * bytes,
                true);
    int64_t next = 0;
    int value = tensors.add(2 * m * n, true);
    for (size_t i = 0; i < count; ++i) {
      for (size_t g = 0; g < period; ++g) {
        MatmulGroup group;
        group.m = m;
        group.n = group.k = n;
        group.a.tensor = value;
        group.b.tensor = static_cast<int>(tensors.placements.size());
        tensors.placements.push_back({0, next, bytes});
        tensors.given.push_back(true);
        next += bytes;
        value = group.out.tensor = tensors.add(2 * m * n, false);
        tensors.placements.back().segment = value;
        group.a.rowStride = group.out.rowStride = 2 * n;
        group.blocked = true;
        Planned planned = planMatmul(group, machine);
        EXPECT_TRUE(planned.schedule) << planned.refusal;
        allocate(*planned.schedule, machine, g % 2 == 1);
        planned.schedule->sources = {static_cast<int>(schedules.size())};
        schedules.push_back(*planned.schedule);
      }
      if (!uniform)
        next += static_cast<int64_t>(i) * bytes;
    }
  }

  LoweredProgram lower(const Machine &machine, bool routine) const {
    Lowering lowering(machine, tensors.placements);
    if (routine)
      lowering.append(schedules, repeat, "layer");
    else
      for (size_t i = 0; i < schedules.size(); ++i)
        lowering.append(schedules[i], static_cast<int>(i));
    LoweredProgram program = lowering.finish();
    std::string error;
    EXPECT_TRUE(synchronise(program, machine, error)) << error;
    return program;
  }
};

std::vector<Schedule> named(const std::string &names) {
  std::vector<Schedule> schedules;
  for (char name : names) {
    schedules.emplace_back();
    schedules.back().name = name;
  }
  return schedules;
}

std::string repeatsIn(const std::string &names) {
  std::string text;
  for (const Repeat &r : findRepeats(named(names)))
    text += std::to_string(r.first) + ":" + std::to_string(r.period) + "x" +
            std::to_string(r.count) + " ";
  return text;
}

/// The waits of the instructions of units in [begin, end).
std::vector<std::array<uint8_t, 4>>
waits(const LoweredProgram &program, size_t begin, size_t end, int group = -1) {
  std::vector<std::array<uint8_t, 4>> out;
  for (size_t i = begin; i < end; ++i)
    if (group < 0 || program.instructions[i].group == group)
      std::visit(
          [&](const auto &inst) {
            using Inst = std::decay_t<decltype(inst)>;
            if constexpr (Inst::onUnit && !std::is_same_v<Inst, isa::Null>)
              out.push_back(inst.waits());
          },
          program.instructions[i].instruction);
  return out;
}

} // namespace

TEST(Repeats, test_the_reading_that_leaves_least_is_taken) {
  EXPECT_EQ(repeatsIn(""), "");
  EXPECT_EQ(repeatsIn("abc"), "");
  EXPECT_EQ(repeatsIn("aa"), "0:1x2 ");
  EXPECT_EQ(repeatsIn("exyzxyzxyzx"), "1:3x3 ");
  EXPECT_EQ(repeatsIn("abababab"), "0:2x4 ");
  EXPECT_EQ(repeatsIn("aabaabaab"), "0:3x3 ");
  EXPECT_EQ(repeatsIn("eababpcdecdecde"), "1:2x2 6:3x3 ");
}

TEST(Repeats, test_tensors_may_differ_but_not_how_they_are_shared) {
  auto step = [](int loaded, int stored) {
    Schedule s;
    s.steps.resize(2);
    s.steps[0].kind = StepKind::Load;
    s.steps[0].dram.tensor = loaded;
    s.steps[1].kind = StepKind::Store;
    s.steps[1].dram.tensor = stored;
    return s;
  };
  EXPECT_EQ(findRepeats({step(0, 1), step(1, 2), step(5, 3)}).size(), 1u);
  EXPECT_EQ(findRepeats({step(0, 1), step(1, 1)}).size(), 0u);
}

TEST(Routine, test_code_hardly_grows_with_depth) {
  Machine machine = machines()[1];
  auto size = [&](size_t count) {
    return Layers(machine, 2, count, 20, 40, true)
        .lower(machine, true)
        .instructions.size();
  };
  // A layer more: a base for its weights, one for each value, and the call.
  EXPECT_LE(size(8), size(4) + 4 * 5);
}

TEST(Routine, test_calls_are_legal_on_every_machine) {
  std::mt19937_64 random(3);
  for (const Machine &machine : machines())
    for (int i = 0; i < 8; ++i) {
      int64_t m = 1 + static_cast<int64_t>(random() % 40),
              n = 1 + static_cast<int64_t>(random() % 60);
      Layers layers(machine, 1 + random() % 3, 2 + random() % 4, m, n,
                    random() & 1);
      EXPECT_EQ(
          illegality(machine, layers.lower(machine, true), layers.tensors), "")
          << m << "x" << n;
    }
}

TEST(Routine, test_rolled_layers_are_legal) {
  for (const Machine &machine : machines()) {
    Layers layers(machine, 2, 3, 70, 60, true);
    for (Schedule &schedule : layers.schedules)
      schedule.cost.dramBytes = 0; // no traffic to hide unrolled code behind
    LoweredProgram program = layers.lower(machine, true);
    EXPECT_EQ(illegality(machine, program, layers.tensors), "");
  }
}

TEST(Routine, test_a_routine_waits_as_the_layers_in_a_row) {
  Machine machine = machines()[0];
  Layers layers(machine, 2, 4, 64, 96, true);
  LoweredProgram calls = layers.lower(machine, true),
                 row = layers.lower(machine, false);
  ASSERT_EQ(calls.routines.size(), 1u);
  const LoweredRoutine &routine = calls.routines.front();
  std::vector<std::array<uint8_t, 4>> expected;
  for (int group : {4, 5})
    for (const auto &each : waits(row, 0, row.instructions.size(), group))
      expected.push_back(each);
  EXPECT_EQ(waits(calls, routine.begin, routine.end), expected);
}

TEST(Routine, test_the_first_call_waits_for_what_was_before_in_nulls) {
  Machine machine = machines()[0];
  Layers layers(machine, 2, 4, 64, 96, true);
  // Something else before the layers, on the side that they begin with.
  Tensors &tensors = layers.tensors;
  MatmulGroup other;
  other.m = 60;
  other.n = other.k = 100;
  other.a.tensor = tensors.add(12000, true);
  other.b.tensor = tensors.add(2 * 112 * 100, true);
  other.out.tensor = tensors.add(12000, false);
  other.a.rowStride = other.out.rowStride = 200;
  other.blocked = true;
  Planned planned = planMatmul(other, machine);
  ASSERT_TRUE(planned.schedule);
  Lowering lowering(machine, tensors.placements);
  lowering.append(*planned.schedule, 8);
  lowering.append(layers.schedules, layers.repeat, "layer");
  LoweredProgram program = lowering.finish();
  std::string error;
  ASSERT_TRUE(synchronise(program, machine, error)) << error;
  EXPECT_EQ(illegality(machine, program, tensors), "");
  LoweredProgram alone = layers.lower(machine, true);
  EXPECT_EQ(waits(program, program.routines[0].begin, program.routines[0].end),
            waits(alone, alone.routines[0].begin, alone.routines[0].end));
}

TEST(Routine, test_calls_have_contexts_of_their_own) {
  Machine machine = machines()[0];
  Layers layers(machine, 1, 3, 64, 96, true);
  LoweredProgram program = layers.lower(machine, true);
  ASSERT_EQ(program.routines.size(), 1u);
  EXPECT_EQ(program.routines[0].name, "layer");
  std::vector<int> contexts, sources;
  for (const LoweredInstruction &each : program.instructions)
    if (auto *call = std::get_if<isa::Call>(&each.instruction)) {
      EXPECT_EQ(call->target, program.routines[0].begin);
      contexts.push_back(call->context_id);
      sources.push_back(each.source);
    }
  EXPECT_EQ(contexts, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(sources, (std::vector<int>{0, 1, 2}));
}
