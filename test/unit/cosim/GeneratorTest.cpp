// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random programs are legal, the same for the same seed, and reach every field
// of every instruction in all that it may hold; shrinking keeps the failure.

#include "sim/cosim/ProgramGenerator.h"
#include "sim/cosim/Shrink.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

using namespace tilework;
using namespace tilework::sim;

namespace {

Geometry oddGeometry() {
  Geometry geometry;
  geometry.rows = 4;
  geometry.columns = 8;
  geometry.vectorLanes = 4;
  geometry.scratchpadBanks = 3;
  geometry.scratchpadRows = geometry.scratchpadBanks * 256;
  geometry.accumulatorBanks = 2;
  geometry.accumulatorRows = geometry.accumulatorBanks * 64;
  geometry.statisticsRows = 64;
  return geometry;
}

/// What programs reached: the classes of every field's values in instructions
/// that were executed, causes of traps, depths.
struct Coverage {
  std::set<std::string> classes;
  unsigned traps = 0, programs = 0;

  void number(const std::string &name, int64_t value) {
    classes.insert(name + (value == 0  ? " zero"
                           : value > 0 ? " positive"
                                       : " negative"));
  }
  void field(const std::string &name, const isa::FieldInfo &info,
             const isa::Extent &extent) {
    (void)info;
    if (extent.isRegister)
      classes.insert(name + " register");
    else
      number(name, extent.value);
  }
  void field(const std::string &name, const isa::FieldInfo &,
             const isa::OptionalExtent &extent) {
    number(name, extent.valid);
  }
  void field(const std::string &name, const isa::FieldInfo &,
             const isa::Update &update) {
    number(name, update.step);
  }
  void field(const std::string &, const isa::FieldInfo &, float) {}
  template <typename Value>
  void field(const std::string &name, const isa::FieldInfo &info,
             const Value &value) {
    if (info.enumeration)
      classes.insert(
          name + " " +
          info.enumeration->find(static_cast<uint64_t>(value))->name);
    else
      number(name, static_cast<int64_t>(value));
  }

  void instruction(const isa::Instruction &instruction) {
    const isa::InstructionInfo &info = isa::info(instruction);
    classes.insert(info.mnemonic);
    std::visit(
        [&](const auto &inst) {
          inst.visitFields(inst, [&](unsigned index, unsigned, unsigned,
                                     const auto &value) {
            field(std::string(info.mnemonic) + "." + info.fields[index].name,
                  info.fields[index], value);
          });
        },
        instruction);
  }

  void run(TestProgram &program, const Geometry &geometry) {
    const TestProgram::Flat flat = program.flatten();
    Machine machine(geometry,
                    program.launch(static_cast<uint32_t>(flat.words.size())));
    size_t calls = 0;
    for (;;) {
      const uint32_t pc = machine.pc();
      const Machine::Step step =
          machine.step(machine.fetchable() ? flat.words[pc].data() : nullptr);
      isa::DecodeResult decoded;
      if (pc < flat.words.size())
        decoded = isa::decode(flat.words[pc]);
      if (decoded)
        instruction(*decoded.instruction);
      if (step.kind == Machine::Step::Kind::Trap) {
        classes.insert(std::string("trap ") + isa::caseName(step.cause));
        ++traps;
        return;
      }
      const isa::Instruction &inst = *decoded.instruction;
      calls += std::holds_alternative<isa::Call>(inst);
      calls -= std::holds_alternative<isa::Return>(inst);
      classes.insert("loops " + std::to_string(machine.loopDepth()));
      classes.insert("calls " + std::to_string(calls));
      if (calls != 0 && std::holds_alternative<isa::Matmul>(inst) &&
          std::get<isa::Matmul>(inst).accumulate ==
              isa::Accumulate::after_first)
        classes.insert("after_first in a routine");
      if (const auto *gather = std::get_if<isa::Gather>(&inst);
          gather && step.operation.dma.rows > 64)
        classes.insert("gather of more than 64 rows");
      if (step.kind == Machine::Step::Kind::Halt)
        return;
    }
  }
};

/// All that the tables of the instruction set say a field may hold.
std::set<std::string> everything() {
  std::set<std::string> all;
  for (const isa::InstructionInfo &info : isa::instructions()) {
    all.insert(info.mnemonic);
    for (const isa::FieldInfo &field : info) {
      const std::string name = std::string(info.mnemonic) + "." + field.name;
      auto classes = [&](std::initializer_list<const char *> names) {
        for (const char *word : names)
          all.insert(name + " " + word);
      };
      switch (field.kind) {
      case isa::FieldKind::Float:
        break;
      case isa::FieldKind::Enumeration:
        for (unsigned i = 0; i < field.enumeration->caseCount; ++i)
          all.insert(name + " " + field.enumeration->cases[i].name);
        break;
      case isa::FieldKind::Signed:
      case isa::FieldKind::Update:
        classes({"negative", "zero", "positive"});
        break;
      case isa::FieldKind::Extent:
        classes({"zero", "positive", "register"});
        break;
      case isa::FieldKind::BodyLength:
      case isa::FieldKind::InstructionIndex:
        classes({"positive"});
        break;
      default:
        classes({"zero", "positive"});
      }
    }
  }
  for (TrapCause cause : {TrapCause::fetch, TrapCause::illegal_instruction,
                          TrapCause::bad_register, TrapCause::nesting,
                          TrapCause::shape, TrapCause::bounds})
    all.insert(std::string("trap ") + isa::caseName(cause));
  for (unsigned depth = 0; depth <= isa::kLoopDepth; ++depth)
    all.insert("loops " + std::to_string(depth));
  for (unsigned depth = 0; depth <= isa::kCallDepth; ++depth)
    all.insert("calls " + std::to_string(depth));
  all.insert("after_first in a routine");
  all.insert("gather of more than 64 rows");
  return all;
}

/// As many programs as every target of random co-simulation runs, and then
/// endings alone.
TEST(GeneratorTest, ProgramsAreLegalAndReachAllThatFieldsMayHold) {
  for (const Geometry &geometry : {Geometry(), oddGeometry()}) {
    Coverage coverage;
    for (uint64_t seed = 1000; seed < 1200; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      TestProgram program = generateProgram(geometry, seed);
      EXPECT_EQ(walk(program, geometry, 10000).problem, "");
      coverage.run(program, geometry);
    }
    EXPECT_LT(coverage.traps, 60u);
    GeneratorOptions endings;
    endings.groups = 1;
    endings.trapProbability = 1;
    for (uint64_t seed = 0; seed < 500; ++seed) {
      TestProgram program = generateProgram(geometry, seed, endings);
      coverage.run(program, geometry);
    }
    for (const std::string &wanted : everything())
      EXPECT_TRUE(coverage.classes.count(wanted)) << "never drawn: " << wanted;
  }
}

TEST(GeneratorTest, TheSameSeedGivesTheSameProgram) {
  TestProgram a = generateProgram(Geometry(), 7),
              b = generateProgram(Geometry(), 7),
              c = generateProgram(Geometry(), 8);
  EXPECT_EQ(a.flatten().words, b.flatten().words);
  EXPECT_EQ(a.segments[0].bytes, b.segments[0].bytes);
  EXPECT_NE(a.flatten().words, c.flatten().words);
}

TEST(GeneratorTest, ShrinkingKeepsTheFailureAndLegality) {
  const Geometry geometry;
  GeneratorOptions options;
  options.trapProbability = 0;
  TestProgram program = generateProgram(geometry, 3, options);
  auto hasMatmul = [](TestProgram &candidate) {
    for (const isa::Word &word : candidate.flatten().words)
      if (isa::DecodeResult decoded = isa::decode(word);
          decoded && std::holds_alternative<isa::Matmul>(*decoded.instruction))
        return true;
    return false;
  };
  ASSERT_TRUE(hasMatmul(program));
  TestProgram small = shrink(program, geometry, 10000, 500, hasMatmul);
  EXPECT_TRUE(hasMatmul(small));
  EXPECT_LT(small.size(), 20u);
  EXPECT_EQ(walk(small, geometry, 10000).problem, "");
}

} // namespace
