// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checker of runs: equal runs are equal, and each kind of difference is
// found, named and placed.

#include "sim/stats/RunChecker.h"

#include <gtest/gtest.h>

using namespace tilework::sim;

namespace {

const RunNames kNames{"systemc", "rtl"};

RetireRecord record(unsigned unit, uint32_t sequence, uint32_t pc,
                    uint64_t start, uint64_t end) {
  RetireRecord result;
  result.unit = static_cast<uint8_t>(unit);
  result.sequence = sequence;
  result.pc = pc;
  result.start = start;
  result.end = end;
  return result;
}

RunResult timedRun() {
  RunResult run;
  run.records = {record(0, 0, 3, 10, 200), record(2, 0, 4, 200, 300),
                 record(0, 1, 5, 50, 310), record(1, 0, 6, 310, 420)};
  run.records[0].bytes = 512;
  run.cycles = 425;
  run.counters.retired = {2, 1, 1, 0};
  for (auto &unit : run.counters.activity)
    unit[0] = 425;
  return run;
}

std::string whatDiffers(const RunResult &a, const RunResult &b) {
  std::optional<RunDifference> difference = compareRuns(a, b, kNames);
  return difference ? difference->what : "";
}

TEST(RunChecker, EqualRunsAreEqual) {
  EXPECT_EQ(whatDiffers(timedRun(), timedRun()), "");
}

TEST(RunChecker, TheEarliestDifferenceIsNamed) {
  RunResult other = timedRun();
  other.records[3].end = 421; // store, late
  other.records[1].end = 299; // array, early
  std::optional<RunDifference> difference =
      compareRuns(timedRun(), other, kNames);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->what,
            "systemc and rtl differ in systolic_array instruction 0 at pc 4, "
            "cycles 200 to 300: end 300 against 299");
  ASSERT_TRUE(difference->first && difference->second);
  EXPECT_EQ(difference->second->end, 299u);
  EXPECT_LE(difference->windowBegin, 200u);
  EXPECT_GE(difference->windowEnd, 300u);
}

TEST(RunChecker, EveryFieldCounts) {
  auto changed = [](auto change) {
    RunResult other = timedRun();
    change(other);
    return whatDiffers(timedRun(), other);
  };
  EXPECT_NE(changed([](RunResult &r) { r.records[0].pc = 9; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.records[0].bytes = 9; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.records[0].context = 9; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.records[0].start = 9; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.records.pop_back(); }), "");
  EXPECT_NE(changed([](RunResult &r) { r.trap.cause = TrapCause::shape; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.stickyStatus = 1; }), "");
  EXPECT_NE(changed([](RunResult &r) { r.cycles = 426; }), "");
  EXPECT_NE(
      changed([](RunResult &r) { r.counters[Counter::FetchBytes] = 128; }), "");
  EXPECT_EQ(changed([](RunResult &r) {
              r.counters.activity[4][0] = 400;
              r.counters.activity[4][12] = 25;
            }),
            "systemc and rtl differ in cycles of sequencer busy: 425 against "
            "400");
}

TEST(RunChecker, TrapsComparePcAndContext) {
  RunResult a = timedRun(), b = timedRun();
  a.trap.cause = b.trap.cause = TrapCause::bounds;
  a.trap.pc = 7;
  b.trap.pc = 8;
  EXPECT_EQ(whatDiffers(a, b), "pc of the trap: systemc 7, rtl 8");
}

TEST(RunChecker, WithoutTimesTheOrderWithinUnitsCounts) {
  RunResult functional = timedRun();
  functional.cycles = 0;
  functional.counters = RunCounters();
  std::swap(functional.records[1], functional.records[2]);
  for (RetireRecord &r : functional.records)
    r.start = r.end = 0;
  EXPECT_EQ(whatDiffers(functional, timedRun()), "");
  functional.records[1].pc = 77;
  EXPECT_NE(whatDiffers(functional, timedRun()), "");
}

TEST(RunChecker, CountersOfAUnitAddUp) {
  RunCounters counters;
  counters.activity[2][0] = 5;
  counters.activity[2][11] = 7;
  EXPECT_EQ(counters.total(2), 12u);
  EXPECT_EQ(counters.busy(2), 5u);
  EXPECT_STREQ(activityName(Activity::QueueVector), "queue_vector");
  EXPECT_STREQ(unitName(kSequencerIndex), "sequencer");
}

} // namespace
