// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops, rings, extents, calls, waits and traps of the sequencer, as
// dialects/isa/RationaleISA.md states them.

#include "sim/machine/Machine.h"

#include <gtest/gtest.h>

#include <vector>

using namespace tilework;
using namespace tilework::sim;

namespace {

isa::SetAddress scratchpad(uint8_t reg, uint64_t value, uint64_t limit,
                           uint32_t wrap = 0) {
  isa::SetAddress set;
  set.destination = reg;
  set.space = isa::Space::scratchpad;
  set.value = value;
  set.stride = 1;
  set.wrap = wrap;
  set.limit = limit;
  return set;
}

isa::SetAddress dram(uint8_t reg, uint64_t limit) {
  isa::SetAddress set;
  set.destination = reg;
  set.limit = limit;
  return set;
}

isa::Load load(uint8_t memory, uint8_t tile,
               isa::Extent rows = isa::Extent::number(1)) {
  isa::Load inst;
  inst.dram = memory;
  inst.tile = tile;
  inst.outer = isa::Extent::number(1);
  inst.rows = rows;
  inst.elements = isa::Extent::number(1);
  return inst;
}

class MachineTest : public testing::Test {
protected:
  MachineTest() {
    launch.segments[0] = {4096, 1024};
    launch.parameters[2] = 3;
  }

  template <typename... Insts> void program(const Insts &...insts) {
    words = {isa::encode(isa::Instruction(insts))...};
    launch.instructionCount = static_cast<uint32_t>(words.size());
  }

  /// Runs to halt or trap; operations are kept.
  Machine::Step run() {
    Machine machine(geometry, launch);
    for (int i = 0; i < 10000; ++i) {
      trapPc = machine.pc();
      Machine::Step step = machine.step(
          machine.fetchable() ? words[machine.pc()].data() : nullptr);
      if (step.kind == Machine::Step::Kind::Operation)
        operations.push_back(step.operation);
      else if (step.kind != Machine::Step::Kind::Control)
        return step;
    }
    ADD_FAILURE() << "does not end";
    return {};
  }

  void expectTrap(TrapCause cause, uint32_t pc) {
    Machine::Step step = run();
    EXPECT_EQ(step.kind, Machine::Step::Kind::Trap);
    EXPECT_EQ(isa::caseName(step.cause), std::string(isa::caseName(cause)))
        << step.detail;
    EXPECT_EQ(trapPc, pc);
  }

  std::vector<uint32_t> tileRows() const {
    std::vector<uint32_t> rows;
    for (const Operation &operation : operations)
      rows.push_back(operation.dma.tile.row);
    return rows;
  }

  Geometry geometry;
  Launch launch;
  std::vector<isa::Word> words;
  std::vector<Operation> operations;
  uint32_t trapPc = 0;
};

isa::Loop repeat(uint32_t count, uint16_t length) {
  isa::Loop loop;
  loop.count = count;
  loop.length = length;
  return loop;
}

TEST_F(MachineTest, LinearRegistersRewindAtLoopExitAndRingsKeepTurning) {
  isa::Loop outer = repeat(2, 3), inner = repeat(2, 2);
  inner.update0 = {1, 4};
  inner.update1 = {2, 8};
  program(dram(0, 64), scratchpad(1, 16, 64), scratchpad(2, 0, 24, 24), outer,
          inner, load(0, 1), load(0, 2), isa::Halt{});
  EXPECT_EQ(run().kind, Machine::Step::Kind::Halt);
  EXPECT_EQ(tileRows(), (std::vector<uint32_t>{16, 0, 20, 8, 16, 16, 20, 0}));
}

TEST_F(MachineTest, ExtentsReadTheRaggedRemainderAndResetAtExit) {
  isa::SetExtent extent;
  extent.destination = 5;
  extent.tile = 4;
  extent.total = 10;
  isa::Loop loop;
  loop.trip_source = isa::TripSource::extent;
  loop.index = 5;
  loop.extent0 = {true, 5};
  loop.length = 1;
  program(dram(0, 64), scratchpad(1, 0, 64), extent, loop,
          load(0, 1, isa::Extent::reg(5)), load(0, 1, isa::Extent::reg(5)),
          isa::Halt{});
  run();
  std::vector<uint32_t> rows;
  for (const Operation &operation : operations)
    rows.push_back(operation.dma.rows);
  EXPECT_EQ(rows, (std::vector<uint32_t>{4, 4, 2, 4}));
}

TEST_F(MachineTest, LoopsCountByParameterAndSkipAtZeroTrips) {
  isa::Loop loop;
  loop.trip_source = isa::TripSource::parameter;
  loop.index = 2;
  loop.length = 1;
  program(dram(0, 64), scratchpad(1, 0, 64), loop, load(0, 1), repeat(0, 1),
          load(0, 1), isa::Halt{});
  EXPECT_EQ(run().kind, Machine::Step::Kind::Halt);
  EXPECT_EQ(operations.size(), 3u);
}

TEST_F(MachineTest, CallsCarryContextAndReturnIntoTheLoop) {
  isa::Call call;
  call.target = 5;
  call.context_id = 77;
  program(dram(0, 64), scratchpad(1, 0, 64), repeat(2, 1), call, isa::Halt{},
          load(0, 1), isa::Return{});
  EXPECT_EQ(run().kind, Machine::Step::Kind::Halt);
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[1].context, 77);
  EXPECT_EQ(operations[1].pc, 5u);
}

TEST_F(MachineTest, WaitsBecomeRetireCountsBeforeTheInstructionItself) {
  isa::Load waiting = load(0, 1);
  waiting.wait_load = 1;  // all
  waiting.wait_array = 3; // all but two of none
  program(dram(0, 64), scratchpad(1, 0, 64), load(0, 1), load(0, 1), waiting,
          isa::Halt{});
  run();
  const Operation &operation = operations[2];
  EXPECT_EQ(operation.waits[0].count, 2u);
  EXPECT_EQ(static_cast<int32_t>(operation.waits[2].count), -2);
  EXPECT_FALSE(operation.waits[1].valid);
}

TEST_F(MachineTest, AfterFirstFollowsTheLoopNamed) {
  isa::SetAddress sums = scratchpad(3, 0, 64);
  sums.space = isa::Space::accumulator;
  isa::Matmul matmul;
  matmul.activations = matmul.weights = 1;
  matmul.sums = 3;
  matmul.rows = matmul.columns = matmul.depth = isa::Extent::number(2);
  matmul.accumulate = isa::Accumulate::after_first;
  matmul.accumulate_loop = 1;
  program(scratchpad(1, 0, 64), sums, repeat(2, 2), repeat(2, 1), matmul,
          isa::Halt{});
  EXPECT_EQ(run().kind, Machine::Step::Kind::Halt);
  std::vector<bool> flags;
  for (const Operation &operation : operations)
    flags.push_back(operation.matmul.accumulate);
  EXPECT_EQ(flags, (std::vector<bool>{false, true, false, true}));
}

TEST_F(MachineTest, EveryCauseTrapsAtItsInstruction) {
  program(isa::Return{});
  expectTrap(TrapCause::nesting, 0);
  program(load(0, 1));
  expectTrap(TrapCause::bad_register, 0);
  program(scratchpad(0, 0, 8), load(0, 0));
  expectTrap(TrapCause::bad_register, 1);
  program(dram(0, 64), scratchpad(1, 63, 64),
          load(0, 1, isa::Extent::number(2)));
  expectTrap(TrapCause::bounds, 2);
  program(dram(0, 1025));
  expectTrap(TrapCause::bounds, 0);
  program(repeat(1, 0));
  expectTrap(TrapCause::nesting, 0);
  program(isa::Call{});
  expectTrap(TrapCause::nesting, 0);
  program(scratchpad(0, 0, 8));
  expectTrap(TrapCause::fetch, 1);
  program(isa::SetExtent{});
  expectTrap(TrapCause::shape, 0);
  program(isa::Halt{});
  words[0][31] = 1;
  expectTrap(TrapCause::illegal_instruction, 0);
}

TEST_F(MachineTest, AFootprintStaysInsideItsRing) {
  program(dram(0, 64), scratchpad(1, 30, 32, 16),
          load(0, 1, isa::Extent::number(3)));
  expectTrap(TrapCause::bounds, 2);
}

TEST_F(MachineTest, ZeroExtentsAreDispatchedWithoutABoundCheck) {
  program(dram(0, 0), scratchpad(1, 64, 64), load(0, 1, isa::Extent::number(0)),
          isa::Halt{});
  EXPECT_EQ(run().kind, Machine::Step::Kind::Halt);
  EXPECT_EQ(operations.size(), 1u);
}

} // namespace
