// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Verilated sequencer against its timing class and the machine: every
// request, dispatch, activity and trap of random programs, cycle by cycle.

#include "test/rtl/sequencer/SequencerEdge.h"
#include "test/rtl/sequencer/SequencerNano.h"
#include "test/rtl/sequencer/SequencerTall.h"
#include "test/rtl/sequencer/SequencerWide.h"

#include "sim/cosim/ProgramGenerator.h"
#include "test/rtl/sequencer/SequencerBench.h"

#include <algorithm>
#include <map>

using namespace tilework;
using namespace tilework::sim;

namespace {

SequencerWorld worldOf(uint64_t seed) {
  SequencerWorld world;
  world.seed = static_cast<unsigned>(seed) * 2654435761u + 1;
  if (seed % 3 == 1) { // everything at once
    world.grantPercent = world.readyPercent = 100;
    world.retirePercent = 100;
    world.fetchLatency = 1;
  } else if (seed % 3 == 2) { // slow memory
    world.grantPercent = 30;
    world.fetchLatency = 200;
  }
  return world;
}

template <class Model>
void runProgram(TestProgram &program, const std::vector<isa::Word> &words,
                const Geometry &geometry, const SequencerWorld &world,
                std::map<TrapCause, unsigned> &ends, uint64_t cycleLimit) {
  const DramImage image = program.image(words);
  const Launch launch = program.launch(static_cast<uint32_t>(words.size()));
  SequencerBench<Model> bench(geometry, launch, image, world);
  ++ends[bench.run(cycleLimit)];
}

template <class Model> void runLegal(uint64_t firstSeed, unsigned count) {
  const Geometry geometry = geometryOf<Model>();
  std::map<TrapCause, unsigned> ends;
  for (uint64_t seed = firstSeed; seed < firstSeed + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    GeneratorOptions options;
    options.trapProbability = 0.3;
    TestProgram program = generateProgram(geometry, seed, options);
    runProgram<Model>(program, program.flatten().words, geometry, worldOf(seed),
                      ends, 4000000);
    if (::testing::Test::HasFailure())
      return;
  }
  EXPECT_GT(ends[TrapCause::none], count / 3);
}

/// Legal programs with bits changed: most of them trap sooner or later, and
/// whatever they do, both do the same.
template <class Model> void runMutated(uint64_t firstSeed, unsigned count) {
  const Geometry geometry = geometryOf<Model>();
  std::map<TrapCause, unsigned> ends;
  for (uint64_t seed = firstSeed; seed < firstSeed + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(static_cast<unsigned>(seed));
    GeneratorOptions options;
    options.groups = 4;
    options.operationLimit = 300;
    TestProgram program = generateProgram(geometry, seed, options);
    std::vector<isa::Word> words = program.flatten().words;
    for (unsigned changes = 1 + random() % 3; changes != 0; --changes) {
      isa::Word &word = words[random() % words.size()];
      const isa::InstructionInfo *info = isa::findInstruction(word[0] & 63u);
      if (info && info->fieldCount != 0 && random() % 8 != 0) {
        const isa::FieldInfo &field = info->fields[random() % info->fieldCount];
        // Loops stay short, so that programs end.
        if (info->opcode == isa::Opcode::Loop && field.lsb < 36)
          continue;
        const uint64_t old = isa::getBits(word, field.lsb, field.width);
        const uint64_t bit = uint64_t(1) << random() % field.width;
        isa::setBits(word, field.lsb, field.width,
                     random() % 2 ? old ^ bit : uint64_t(random()) % (2 * bit));
      } else {
        word[random() % word.size()] ^= uint8_t(1u << random() % 8);
      }
    }
    // A walk of the meaning alone finds programs that go on for ever.
    const DramImage image = program.image(words);
    Machine machine(geometry,
                    program.launch(static_cast<uint32_t>(words.size())));
    unsigned steps = 0;
    for (; steps < 20000; ++steps) {
      Machine::Step step = machine.step(
          machine.fetchable() ? words[machine.pc()].data() : nullptr);
      if (step.kind == Machine::Step::Kind::Halt ||
          step.kind == Machine::Step::Kind::Trap)
        break;
    }
    if (steps == 20000)
      continue;
    runProgram<Model>(program, words, geometry, worldOf(seed), ends, 4000000);
    if (::testing::Test::HasFailure())
      return;
  }
  for (TrapCause cause :
       {TrapCause::illegal_instruction, TrapCause::bad_register,
        TrapCause::shape, TrapCause::bounds})
    EXPECT_GT(ends[cause], 0u) << isa::caseName(cause);
}

TEST(SequencerRtl, LegalProgramsNano) { runLegal<VSequencerNano>(100, 120); }
TEST(SequencerRtl, LegalProgramsEdge) { runLegal<VSequencerEdge>(300, 80); }
TEST(SequencerRtl, LegalProgramsTall) { runLegal<VSequencerTall>(500, 80); }
TEST(SequencerRtl, LegalProgramsWide) { runLegal<VSequencerWide>(700, 80); }
TEST(SequencerRtl, MutatedProgramsNano) {
  runMutated<VSequencerNano>(1000, 600);
}
TEST(SequencerRtl, MutatedProgramsTall) {
  runMutated<VSequencerTall>(2000, 400);
}
TEST(SequencerRtl, MutatedProgramsWide) {
  runMutated<VSequencerWide>(3000, 400);
}

} // namespace
