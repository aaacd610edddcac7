// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The least legal watchdog stops no program that runs: random programs on
// random memories, each with the least value of sequencer.watchdog_cycles that
// it allows, give on the cycle model what they give on the functional engine,
// which has no watchdog.

#include "dialects/target/Target.h"
#include "sim/cosim/ProgramGenerator.h"
#include "sim/functional/FunctionalEngine.h"
#include "sim/machine/TargetGeometry.h"
#include "sim/stats/RunChecker.h"
#include "sim/systemc/Engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace tilework;
using namespace tilework::sim;
using target::Target;

namespace {

constexpr unsigned kTargets = 60, kPrograms = 2;

class Draw {
public:
  explicit Draw(uint64_t seed) : random(seed) {}

  uint64_t below(uint64_t count) { return random() % count; }
  /// Of all magnitudes alike.
  uint64_t number(uint64_t low, uint64_t high) {
    const double share = std::uniform_real_distribution<double>(0, 1)(random);
    return static_cast<uint64_t>(double(low) *
                                 std::pow(double(high) / double(low), share));
  }
  uint64_t power(unsigned low, unsigned high) {
    return uint64_t(1) << (low + below(high - low + 1));
  }

private:
  std::mt19937_64 random;
};

/// A small chip beside any memory, at any clock; rules between its parameters
/// may be broken.
Target drawTarget(Draw &draw) {
  Target target = Target::preset("nano");
  target.clock.frequency_hz = draw.number(20000000, 5000000000);
  target.dram.channels = 1 + draw.below(4);
  target.dram.interleave_bytes = draw.power(5, 10);
  target.dram.channel_bandwidth_bytes_per_s =
      draw.number(2000000, 1000000000000);
  target.dram.access_bytes = draw.power(3, 10);
  target.dram.read_latency_ps = draw.number(1000, 20000000);
  target.dram.write_latency_ps = draw.number(1000, 20000000);
  target.dram.read_to_write_ps =
      draw.below(3) ? draw.number(1000, 50000000) : 0;
  target.dram.write_to_read_ps =
      draw.below(3) ? draw.number(1000, 50000000) : 0;
  target.axi.ports = 1 + draw.below(3);
  target.axi.data_bytes = draw.power(3, 7);
  target.dma.buffer_bytes = draw.power(6, 13);
  target.dma.burst_bytes = draw.power(3, 11);
  target.dma.interleave_bytes = draw.power(7, 11);
  target.dma.outstanding_bursts = draw.number(2, 64);
  target.sequencer.watchdog_cycles = target.leastWatchdogCycles();
  return target;
}

RunResult run(const Target &target, const TestProgram &source, DramImage &image,
              uint32_t length, RunResult (*engine)(const RunRequest &)) {
  DramTiming timing = dramTimingOf(target);
  if (source.seed % 2) {
    timing.randomLatencyPs = kRandomLatencyPs;
    timing.randomSeed = source.seed;
  }
  RunRequest request;
  request.geometry = geometryOf(target);
  request.launch = source.launch(length);
  request.memory = &image;
  request.timing = &timing;
  return engine(request);
}

TEST(Watchdog, TheLeastLegalValueStopsNoProgramThatRuns) {
  Draw draw(20);
  GeneratorOptions options;
  options.groups = 4;
  unsigned targets = 0, above = 0;
  uint64_t seed = 400;
  while (targets < kTargets) {
    Target target = drawTarget(draw);
    if (!target.problems().empty())
      continue;
    ++targets;
    for (unsigned i = 0; i < kPrograms; ++i) {
      TestProgram program =
          generateProgram(geometryOf(target), ++seed, options);
      const TestProgram::Flat flat = program.flatten();
      const auto length = static_cast<uint32_t>(flat.words.size());
      DramImage meant = program.image(flat.words),
                timed = program.image(flat.words);
      const RunResult a = run(target, program, meant, length, runFunctional);
      const RunResult b = run(target, program, timed, length, runSystemC);
      if (auto difference = compareRuns(a, b, {"functional", "systemc"})) {
        FAIL() << "seed " << seed << ": " << difference->what << "\n"
               << target.toYaml();
      }
    }
    above += target.leastWatchdogCycles() > 1024;
    if (target.leastWatchdogCycles() > 1024) {
      --target.sequencer.watchdog_cycles;
      EXPECT_EQ(target.problems().size(), 1u);
    }
  }
  EXPECT_GT(above, kTargets / 2);
}

} // namespace
