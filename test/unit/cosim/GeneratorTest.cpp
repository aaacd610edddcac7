// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random programs are legal, the same for the same seed, and reach every
// instruction; shrinking keeps the failure.

#include "sim/cosim/ProgramGenerator.h"
#include "sim/cosim/Shrink.h"

#include <gtest/gtest.h>

#include <set>

using namespace tilework;
using namespace tilework::sim;

namespace {

Geometry oddGeometry() {
  Geometry geometry;
  geometry.rows = 4;
  geometry.columns = 8;
  geometry.vectorLanes = 4;
  geometry.scratchpadBanks = 3;
  geometry.scratchpadRowsPerBank = 256;
  geometry.accumulatorBanks = 2;
  geometry.accumulatorRowsPerBank = 64;
  geometry.statisticsRows = 64;
  return geometry;
}

TEST(GeneratorTest, ProgramsAreLegalAndReachEveryInstruction) {
  std::set<size_t> reached;
  unsigned traps = 0;
  for (const Geometry &geometry : {Geometry(), oddGeometry()})
    for (uint64_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      TestProgram program = generateProgram(geometry, seed);
      Walk result = walk(program, geometry, 10000);
      EXPECT_EQ(result.problem, "");
      traps += result.trap != TrapCause::None;
      for (const isa::Word &word : program.flatten().words)
        if (isa::DecodeResult decoded = isa::decode(word))
          reached.insert(decoded.instruction->index());
    }
  EXPECT_EQ(reached.size(), isa::instructions().size());
  EXPECT_GT(traps, 0u);
  EXPECT_LT(traps, 40u);
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
