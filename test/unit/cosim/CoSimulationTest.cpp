// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What random co-simulation does with engines that differ: one failure for each
// kind of difference, shrunk to what still differs so.

#include "sim/cosim/CoSimulation.h"
#include "sim/memory/DramImage.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace tilework;
using namespace tilework::sim;

namespace {

/// An engine that only counts instructions; `fault` may change what it says.
template <typename Fault> CosimEngine counting(const char *name, Fault fault) {
  return {name, [=](const RunRequest &request) {
            RunResult result;
            result.cycles = 1000 + request.launch.instructionCount;
            fault(request, result);
            return result;
          }};
}

CosimSettings settings() {
  CosimSettings settings;
  settings.count = 12;
  return settings;
}

const CosimEngine kGood =
    counting("good", [](const RunRequest &, RunResult &) {});

TEST(CoSimulationTest, EnginesThatAgreeGiveNoFailure) {
  const CosimResult result = cosimulate(settings(), {kGood, kGood});
  EXPECT_EQ(result.programs, 12u);
  EXPECT_TRUE(result.failures.empty());
}

TEST(CoSimulationTest, OneKindOfDifferenceIsOneFailure) {
  const CosimEngine slow =
      counting("slow", [](const RunRequest &, RunResult &r) { r.cycles += 7; });
  const CosimResult result = cosimulate(settings(), {kGood, slow});
  ASSERT_EQ(result.failures.size(), 1u);
  const CosimFailure &failure = result.failures[0];
  EXPECT_EQ(failure.seed, 1u);
  EXPECT_EQ(failure.programs, 12u);
  EXPECT_EQ(result.programs, 12u);
  EXPECT_EQ(failure.kind.find_first_of("0123456789"), std::string::npos);
  EXPECT_LE(failure.instructions, 2u);
  TestProgram again = failure.program;
  EXPECT_EQ(cosimulateOne(settings(), {kGood, slow}, again),
            failure.difference);
}

TEST(CoSimulationTest, TheLimitOfCyclesGrowsWithTheMemory) {
  uint64_t limit = 0;
  const CosimEngine asking =
      counting("asking", [&](const RunRequest &request, RunResult &) {
        limit = request.options.cycleLimit;
      });
  const auto limitWith = [&](auto change) {
    CosimSettings slower = settings();
    slower.count = 1;
    change(slower.timing);
    cosimulate(slower, {kGood, asking});
    return limit;
  };
  const uint64_t usual = limitWith([](DramTiming &) {});
  EXPECT_GE(usual, 4000000u);
  EXPECT_GE(limitWith([](DramTiming &t) { t.readLatencyPs *= 1000; }),
            40 * usual);
  EXPECT_GE(limitWith([](DramTiming &t) { t.accessPs *= 10000; }), 100 * usual);
}

TEST(CoSimulationTest, EveryKindIsReportedUpToTheLimit) {
  // By the place of the program: other bytes, other cycles, an exception.
  const CosimEngine broken =
      counting("broken", [](const RunRequest &request, RunResult &r) {
        switch (request.launch.programBase / 4096) {
        case 0:
          r.cycles += 1;
          break;
        case 1:
          *request.memory->data(65536, 1) ^= 0x80;
          break;
        default:
          throw RunError("the engine broke");
        }
      });
  CosimSettings wanted = settings();
  wanted.count = 40;
  CosimResult result = cosimulate(wanted, {kGood, broken});
  ASSERT_EQ(result.failures.size(), 3u);
  EXPECT_EQ(result.failures[0].programs + result.failures[1].programs +
                result.failures[2].programs,
            40u);
  for (const char *words : {"cycles", "DRAM byte", "the engine broke"})
    EXPECT_TRUE(std::any_of(result.failures.begin(), result.failures.end(),
                            [&](const CosimFailure &failure) {
                              return failure.difference.find(words) !=
                                     std::string::npos;
                            }))
        << words;
  wanted.maxFailures = 2;
  result = cosimulate(wanted, {kGood, broken});
  EXPECT_EQ(result.failures.size(), 2u);
  EXPECT_LT(result.programs, 40u);
}

} // namespace
