// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner's choices and the form of what is lowered: refusals carry
// figures, large groups keep their loops, placement follows the streams.

#include "test/unit/planning/PlanningFixture.h"

#include <gtest/gtest.h>

#include <type_traits>

using namespace tilework;
using namespace tilework::planning;
using namespace tilework::test;

/// Whether a view has the depth of the queues, a number of class timing.
template <typename View, typename = void> struct HasTiming : std::false_type {};
template <typename View>
struct HasTiming<View, std::void_t<decltype(View::queueDepth)>>
    : std::true_type {};
static_assert(HasTiming<sim::Geometry>::value,
              "the engines read every number of the chip");
static_assert(!HasTiming<Machine>::value,
              "a change of a number of class timing changes no program");

static MatmulGroup square(int64_t size, const Machine &machine,
                          Tensors &tensors) {
  MatmulGroup g;
  g.m = g.n = g.k = size;
  g.a.tensor = tensors.add(2 * size * size, true);
  g.a.rowStride = 2 * size;
  g.blocked = true;
  g.b.tensor = tensors.add(2 * roundUp(size, machine.lanes()) * size, true);
  g.out.tensor = tensors.add(2 * size * size, false);
  g.out.rowStride = 2 * size;
  return g;
}

TEST(Schedule, test_square_products_are_planned_close_to_the_array_bound) {
  Machine machine;
  for (int64_t size : {256, 512, 1024}) {
    Tensors tensors;
    Planned planned = planMatmul(square(size, machine, tensors), machine);
    ASSERT_TRUE(planned.schedule);
    double bound = double(ceilDiv(size, 16) * ceilDiv(size, 16) * size);
    EXPECT_LT(planned.schedule->cost.total, 1.2 * bound) << size;
  }
}

TEST(Schedule, test_nothing_fits_is_said_with_figures) {
  Machine machine;
  machine.rows = machine.columns = 128;
  machine.scratchpadBanks = 2;
  machine.scratchpadRows = machine.scratchpadBanks * 4;
  Tensors tensors;
  Planned planned = planMatmul(square(256, machine, tensors), machine);
  EXPECT_FALSE(planned.schedule);
  EXPECT_NE(planned.refusal.find("the target has 8"), std::string::npos)
      << planned.refusal;
}

TEST(Schedule, test_a_long_schedule_keeps_its_loops) {
  Machine machine = machines()[1];
  Tensors tensors;
  Planned planned = planMatmul(square(1000, machine, tensors), machine);
  ASSERT_TRUE(planned.schedule);
  Schedule schedule = *planned.schedule;
  schedule.cost.dramBytes = 0; // no traffic to hide unrolled code behind
  Lowering lowering(machine, tensors.placements);
  lowering.append(schedule, 0);
  LoweredProgram program = lowering.finish();
  EXPECT_LT(program.instructions.size(), 100u);
  std::string error;
  ASSERT_TRUE(synchronise(program, machine, error)) << error;
}

TEST(Schedule, test_rings_and_loops_are_legal_when_rolled) {
  for (const Machine &machine : machines()) {
    Tensors tensors;
    MatmulGroup g = square(100, machine, tensors);
    g.bias = tensors.add(200, true);
    Planned planned = planMatmul(g, machine);
    ASSERT_TRUE(planned.schedule);
    Schedule schedule = *planned.schedule;
    schedule.cost.dramBytes = 0;
    Lowering lowering(machine, tensors.placements);
    lowering.append(schedule, 0);
    lowering.append(schedule, 1);
    LoweredProgram program = lowering.finish();
    std::string error;
    ASSERT_TRUE(synchronise(program, machine, error)) << error;
    EXPECT_EQ(illegality(machine, program, tensors), "") << print(schedule);
  }
}
