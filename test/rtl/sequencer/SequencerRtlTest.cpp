// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Verilated sequencer against its timing class and the machine: every
// request, dispatch, activity and trap of random programs, cycle by cycle.

#include "VSequencerEdge.h"
#include "VSequencerNano.h"
#include "VSequencerTall.h"
#include "VSequencerWide.h"

#include "sim/cosim/ProgramGenerator.h"
#include "test/rtl/sequencer/SequencerBench.h"

#include <algorithm>
#include <map>

using namespace tilework;
using namespace tilework::sim;

namespace {

// The geometries of CMakeLists.txt.
Geometry small() {
  Geometry geometry;
  geometry.rows = geometry.columns = 8;
  geometry.weightRows = 1;
  geometry.scratchpadRows = geometry.scratchpadBanks * 64;
  geometry.accumulatorRows = geometry.accumulatorBanks * 32;
  geometry.vectorLanes = 8;
  geometry.statisticsRows = 64;
  geometry.queueDepth = 4;
  geometry.bufferLines = 4;
  geometry.axiDataBytes = 16;
  return geometry;
}
Geometry edge() {
  Geometry geometry;
  geometry.queueDepth = 4;
  return geometry;
}
Geometry tall() {
  Geometry geometry = small();
  geometry.rows = 16;
  geometry.weightRows = 4;
  geometry.scratchpadBanks = 3;
  geometry.scratchpadRows = geometry.scratchpadBanks * 64;
  geometry.vectorLanes = 4;
  geometry.axiDataBytes = 8;
  return geometry;
}
Geometry wide() {
  Geometry geometry = small();
  geometry.rows = 4;
  geometry.weightRows = 2;
  geometry.vectorLanes = 2;
  geometry.bufferLines = 8;
  geometry.axiDataBytes = 128;
  return geometry;
}

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

template <class Model>
void runLegal(const Geometry &geometry, uint64_t firstSeed, unsigned count) {
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
template <class Model>
void runMutated(const Geometry &geometry, uint64_t firstSeed, unsigned count) {
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

TEST(SequencerRtl, LegalProgramsNano) {
  runLegal<VSequencerNano>(small(), 100, 120);
}
TEST(SequencerRtl, LegalProgramsEdge) {
  runLegal<VSequencerEdge>(edge(), 300, 80);
}
TEST(SequencerRtl, LegalProgramsTall) {
  runLegal<VSequencerTall>(tall(), 500, 80);
}
TEST(SequencerRtl, LegalProgramsWide) {
  runLegal<VSequencerWide>(wide(), 700, 80);
}
TEST(SequencerRtl, MutatedProgramsNano) {
  runMutated<VSequencerNano>(small(), 1000, 600);
}
TEST(SequencerRtl, MutatedProgramsTall) {
  runMutated<VSequencerTall>(tall(), 2000, 400);
}
TEST(SequencerRtl, MutatedProgramsWide) {
  runMutated<VSequencerWide>(wide(), 3000, 400);
}

} // namespace
