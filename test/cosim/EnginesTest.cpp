// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The laws of the machine on the built-in targets that every build has as RTL:
// one program, one meaning and one time on all engines.

#include "dialects/target/Target.h"
#include "sim/cosim/CoSimulation.h"
#include "sim/functional/Float.h"
#include "sim/functional/FunctionalEngine.h"
#include "sim/machine/TargetGeometry.h"
#include "sim/stats/RunChecker.h"
#include "sim/systemc/Engine.h"
#include "sim/verilator/RtlEngine.h"
#include "test/cosim/MatmulProgram.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

using namespace tilework;
using namespace tilework::sim;

namespace {

class Engines : public ::testing::TestWithParam<const char *> {
protected:
  Engines()
      : target(target::Target::preset(GetParam())),
        geometry(geometryOf(target)), timing(dramTimingOf(target)),
        chip(chipLibrary(ChipSources::builtIn(), target.configPackage(),
                         ChipVariant::Fast)) {}

  RunRequest request(const Launch &launch, DramImage &image) const {
    RunRequest request;
    request.geometry = geometry;
    request.launch = launch;
    request.memory = &image;
    request.timing = &timing;
    request.options.cycleLimit = 50000000;
    return request;
  }
  RunResult rtl(const RunRequest &request) const {
    return runRtl(request, *chip);
  }

  target::Target target;
  Geometry geometry;
  DramTiming timing;
  std::shared_ptr<ChipLibrary> chip;
};

void expectEqual(const RunResult &a, const RunResult &b,
                 const RunNames &names) {
  if (std::optional<RunDifference> difference = compareRuns(a, b, names))
    ADD_FAILURE() << difference->what;
}

void expectSameBytes(const DramImage &a, const DramImage &b,
                     const char *names) {
  EXPECT_EQ(std::memcmp(a.data(0, a.size()), b.data(0, b.size()), a.size()), 0)
      << names;
}

TEST_P(Engines, MatmulIsEqualOnAllOfThem) {
  const MatmulProgram program = matmulProgram(
      geometry, 24, 5, 4 * geometry.lanes(), 2 * geometry.lanes());
  const DramImage initial = matmulImage(program, 1);
  DramImage functional = matmulImage(program, 1);
  DramImage cycle = matmulImage(program, 1),
            chipMemory = matmulImage(program, 1);
  const RunResult a = runFunctional(request(program.launch, functional));
  const RunResult b = runSystemC(request(program.launch, cycle));
  const RunResult c = rtl(request(program.launch, chipMemory));
  EXPECT_EQ(a.trap.cause, TrapCause::none) << a.trap.detail;
  expectEqual(a, b, {"functional", "systemc"});
  expectEqual(b, c, {"systemc", "rtl"});
  expectSameBytes(functional, cycle, "functional and systemc");
  expectSameBytes(functional, chipMemory, "functional and rtl");

  // The product itself, in the order of the array.
  auto value = [&](const DramImage &image, uint64_t base, uint64_t index) {
    uint16_t bits;
    image.read(base + 2 * index, &bits, 2);
    return uint32_t(bits) << 16;
  };
  const uint32_t m = program.rows() - 1, n = program.columns - 3;
  uint32_t sum = 0;
  for (uint32_t block = 0; block < program.depth; block += geometry.rows) {
    uint32_t partial = 0;
    for (uint32_t k = block; k < block + geometry.rows; ++k)
      partial = addF32(
          partial,
          multiplyF32(
              value(initial, program.a, uint64_t(m) * program.depth + k),
              value(initial, program.b, uint64_t(k) * program.columns + n)));
    sum = block == 0 ? partial : addF32(sum, partial);
  }
  const uint32_t stored =
      value(functional, program.c, uint64_t(m) * program.columns + n);
  EXPECT_LE((sum > stored ? sum - stored : stored - sum), 0x8000u);
}

TEST_P(Engines, RecordsNameTheCore) {
  MatmulProgram program =
      matmulProgram(geometry, 8, 1, geometry.lanes(), geometry.lanes());
  program.launch.core = 3;
  for (auto run : {&runFunctional, &runSystemC}) {
    DramImage image = matmulImage(program, 1);
    for (const RetireRecord &record :
         run(request(program.launch, image)).records)
      EXPECT_EQ(record.core, 3u);
  }
  DramImage image = matmulImage(program, 1);
  for (const RetireRecord &record : rtl(request(program.launch, image)).records)
    EXPECT_EQ(record.core, 3u);
}

TEST_P(Engines, CountersOfEveryUnitAddUpToTheRun) {
  const MatmulProgram program = matmulProgram(
      geometry, 24, 5, 4 * geometry.lanes(), 2 * geometry.lanes());
  DramImage image = matmulImage(program, 2);
  const RunResult result = runSystemC(request(program.launch, image));
  for (unsigned unit = 0; unit < kCountedUnits; ++unit)
    EXPECT_EQ(result.counters.total(unit), result.cycles) << unitName(unit);
  EXPECT_EQ(result.records.size(), 1u + 4 * program.tiles);
  EXPECT_EQ(result.counters[Counter::StoreBytes],
            2ull * program.rows() * program.columns);
}

TEST_P(Engines, TimingOnlyAndSteppingTakeTheSameCycles) {
  const MatmulProgram program = matmulProgram(
      geometry, 24, 9, 4 * geometry.lanes(), 2 * geometry.lanes());
  DramImage image = matmulImage(program, 3);
  RunRequest run = request(program.launch, image);
  run.options.timingOnly = true;
  const RunResult skipping = runSystemC(run);
  uint16_t untouched;
  image.read(program.c, &untouched, 2);
  EXPECT_EQ(untouched, 0u);
  run.options.stepping = true;
  const RunResult stepping = runSystemC(run);
  run.options.timingOnly = run.options.stepping = false;
  const RunResult values = runSystemC(run);
  expectEqual(stepping, skipping, {"stepping", "skipping"});
  expectEqual(values, skipping, {"with values", "timing only"});
}

TEST_P(Engines, RandomProgramsAreEqual) {
  CosimSettings settings;
  settings.geometry = geometry;
  settings.timing = timing;
  settings.count = 60;
  settings.seed = 11;
  auto stepping = [](RunRequest request) {
    request.options.stepping = true;
    return runSystemC(request);
  };
  const CosimResult result = cosimulate(
      settings,
      {{"functional", runFunctional},
       {"systemc", runSystemC},
       {"stepping", stepping},
       {"rtl", [&](const RunRequest &request) { return rtl(request); }}});
  EXPECT_EQ(result.programs, settings.count);
  EXPECT_GT(result.traps, 0u);
  for (const CosimFailure &failure : result.failures)
    ADD_FAILURE() << "seed " << failure.seed << ": " << failure.difference
                  << "\n"
                  << failure.assembly;
}

TEST_P(Engines, ASilentMemoryWakesTheWatchdog) {
  // Reads are not answered, or writes.
  const MatmulProgram program =
      matmulProgram(geometry, 8, 1, geometry.lanes(), geometry.lanes());
  const uint64_t silence =
      uint64_t(100) * geometry.watchdogCycles * timing.clockPs;
  DramTiming reads = timing, writes = timing;
  reads.readLatencyPs = silence;
  writes.writeLatencyPs = silence;
  for (const DramTiming &silent : {reads, writes}) {
    DramImage image = matmulImage(program, 4);
    RunRequest run = request(program.launch, image);
    run.timing = &silent;
    const RunResult a = runSystemC(run);
    EXPECT_EQ(a.trap.cause, TrapCause::watchdog);
    if (std::string(GetParam()) == "nano")
      expectEqual(a, rtl(run), {"systemc", "rtl"});
  }
}

TEST_P(Engines, ABusErrorGivesZeroRowsAndAStickyStatus) {
  const MatmulProgram program = matmulProgram(
      geometry, 24, 3, 4 * geometry.lanes(), 2 * geometry.lanes());
  auto runs = [&](uint64_t base, uint64_t bytes) {
    DramTiming faulty = timing;
    faulty.faultBase = base;
    faulty.faultBytes = bytes;
    DramImage cycle = matmulImage(program, 6),
              chipMemory = matmulImage(program, 6);
    RunRequest run = request(program.launch, cycle);
    run.timing = &faulty;
    const RunResult a = runSystemC(run);
    run.memory = &chipMemory;
    const RunResult b = rtl(run);
    expectEqual(a, b, {"systemc", "rtl"});
    expectSameBytes(cycle, chipMemory, "systemc and rtl");
    EXPECT_EQ(a.trap.cause, TrapCause::none);
    EXPECT_EQ(a.stickyStatus, statusBit(isa::Status::bus_error)) << base;
    return cycle;
  };
  // The first row of A is lost: its products are 0.
  const uint64_t rowBytes = 2 * uint64_t(program.depth);
  const DramImage without = runs(program.a, rowBytes);
  for (uint32_t n = 0; n < program.columns; ++n)
    EXPECT_EQ(*without.data(program.c + 2 * n, 1) |
                  *without.data(program.c + 2 * n + 1, 1),
              0);
  // A place of C that takes no data.
  runs(program.c + 256, 128);
}

TEST_P(Engines, ABusErrorInTheProgramHaltsAndIsReported) {
  const MatmulProgram program =
      matmulProgram(geometry, 8, 1, geometry.lanes(), geometry.lanes());
  DramTiming faulty = timing;
  faulty.faultBase = 128;
  faulty.faultBytes = 128;
  DramImage image = matmulImage(program, 7);
  RunRequest run = request(program.launch, image);
  run.timing = &faulty;
  const RunResult a = runSystemC(run);
  expectEqual(a, rtl(run), {"systemc", "rtl"});
  EXPECT_EQ(a.trap.cause, TrapCause::none);
  EXPECT_TRUE(a.records.empty());
  EXPECT_EQ(a.stickyStatus, statusBit(isa::Status::bus_error));
}

TEST_P(Engines, AChipThatHasHaltedStartsAgainLikeANewOne) {
  RtlMachine machine(*chip);
  for (uint64_t seed = 0; seed < 12; ++seed) {
    GeneratorOptions options;
    options.trapProbability = seed % 3 == 0 ? 1 : 0;
    TestProgram program = generateProgram(geometry, seed, options);
    const TestProgram::Flat flat = program.flatten();
    DramImage image = program.image(flat.words),
              fresh = program.image(flat.words);
    const Launch launch =
        program.launch(static_cast<uint32_t>(flat.words.size()));
    const RunResult again = machine.run(request(launch, image));
    expectEqual(again, rtl(request(launch, fresh)), {"again", "fresh"});
    expectSameBytes(image, fresh, "again and fresh");
  }
}

TEST_P(Engines, ALimitOfCyclesAndCancellingEndARun) {
  const MatmulProgram program = matmulProgram(
      geometry, 24, 5, 4 * geometry.lanes(), 2 * geometry.lanes());
  DramImage image = matmulImage(program, 5);
  RunRequest run = request(program.launch, image);
  run.options.cycleLimit = 100;
  EXPECT_THROW(runSystemC(run), RunError);
  EXPECT_THROW(rtl(run), RunError);
  run.options.cycleLimit = 0;
  run.options.stepping = true;
  run.options.cancelled = [] { return true; };
  EXPECT_THROW(rtl(run), RunCancelled);
}

INSTANTIATE_TEST_SUITE_P(Targets, Engines, ::testing::Values("nano", "edge"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
