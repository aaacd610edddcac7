// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attribution of cycles: every cycle has one owner, by the order of units and
// by age within a unit.

#include "runtime/Attribution.h"

#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <random>

using namespace tilework;
using sim::Unit;

namespace {

sim::RetireRecord record(Unit unit, uint32_t pc, uint64_t start, uint64_t end,
                         uint16_t context = 0) {
  sim::RetireRecord result;
  result.unit = static_cast<uint8_t>(unit);
  result.pc = pc;
  result.start = start;
  result.end = end;
  result.context = context;
  result.bytes = unit == Unit::Load || unit == Unit::Store ? 64 : 0;
  return result;
}

/// Instructions 0–9 are of node a, 10–19 of b with c, 10–19 called as context 1
/// of c; the others have none.
isa::Image image() {
  isa::Image result;
  result.nodes = {"a", "b", "c"};
  result.provenance = {{0, 10, 0, {0}}, {10, 20, 0, {1, 2}}, {10, 20, 1, {2}}};
  return result;
}

sim::RunResult runOf(std::vector<sim::RetireRecord> records, uint64_t cycles) {
  sim::RunResult run;
  run.records = std::move(records);
  run.cycles = cycles;
  return run;
}

uint64_t sum(const Attribution &attribution) {
  uint64_t cycles = attribution.idle;
  for (const NodeCycles &row : attribution.rows)
    cycles += row.total();
  return cycles;
}

TEST(Attribution, ComputationOwnsWhatALoadHidesBehind) {
  const Attribution attribution = attribute(
      image(),
      runOf({record(Unit::Load, 0, 0, 49), record(Unit::Load, 11, 20, 79),
             record(Unit::Array, 1, 50, 99), record(Unit::Vector, 12, 90, 119)},
            130));
  ASSERT_EQ(attribution.rows.size(), 2u);
  const NodeCycles &a = attribution.rows[0], &b = attribution.rows[1];
  EXPECT_EQ(a.cycles, (std::array<uint64_t, 4>{50, 0, 50, 0}));
  EXPECT_EQ(b.cycles, (std::array<uint64_t, 4>{0, 0, 0, 20}));
  EXPECT_EQ(attribution.idle, 10u);
  EXPECT_EQ(b.nodes, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(b.retired, 2u);
  EXPECT_EQ(b.readBytes, 64u);
}

TEST(Attribution, TheOldestInFlightOfAUnitOwnsTheCycle) {
  const Attribution attribution = attribute(
      image(),
      runOf({record(Unit::Array, 0, 0, 99), record(Unit::Array, 10, 10, 109)},
            110));
  EXPECT_EQ(attribution.rows[0].total(), 100u);
  EXPECT_EQ(attribution.rows[1].total(), 10u);
}

TEST(Attribution, ARoutineBelongsToWhoCallsIt) {
  const Attribution attribution =
      attribute(image(), runOf({record(Unit::Array, 10, 0, 9, 0),
                                record(Unit::Array, 10, 10, 29, 1),
                                record(Unit::Array, 30, 30, 34, 1)},
                               35));
  ASSERT_EQ(attribution.rows.size(), 3u);
  EXPECT_EQ(attribution.rows[0].node, 1u);
  EXPECT_EQ(attribution.rows[1].node, 2u);
  EXPECT_EQ(attribution.rows[1].total(), 20u);
  EXPECT_EQ(attribution.rows[2].node, Provenance::kNone);
  EXPECT_EQ(attribution.rows[2].total(), 5u);
}

TEST(Attribution, RowsAddUpToTheCyclesOfAnyRun) {
  std::mt19937 random(7);
  auto below = [&](unsigned bound) { return random() % bound; };
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<sim::RetireRecord> records;
    std::array<uint64_t, sim::kUnitCount> start{}, end{};
    for (int i = 0; i < 60; ++i) {
      const unsigned unit = below(sim::kUnitCount);
      start[unit] += below(30);
      end[unit] = std::max(end[unit], start[unit]) + below(40);
      records.push_back(record(Unit(unit), below(30), start[unit], end[unit],
                               uint16_t(below(3))));
    }
    std::stable_sort(records.begin(), records.end(),
                     [](auto &a, auto &b) { return a.end < b.end; });
    const uint64_t cycles = records.back().end + 1 + below(20);
    EXPECT_EQ(sum(attribute(image(), runOf(records, cycles))), cycles);
  }
}

TEST(Attribution, ARunWithoutTimesIsRefused) {
  EXPECT_THROW(attribute(image(), runOf({record(Unit::Array, 0, 0, 0)}, 0)),
               UserError);
  sim::RunResult unrecorded = runOf({}, 10);
  unrecorded.counters.retired[0] = 1;
  EXPECT_THROW(attribute(image(), unrecorded), UserError);
}

TEST(Attribution, ARunInWhichNothingRetiresIdles) {
  const Attribution attribution = attribute(image(), runOf({}, 10));
  EXPECT_TRUE(attribution.rows.empty());
  EXPECT_EQ(attribution.idle, 10u);
}

} // namespace
