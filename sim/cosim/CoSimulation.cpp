// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop of random co-simulation.

#include "sim/cosim/CoSimulation.h"

#include "dialects/isa/Assembly.h"
#include "sim/cosim/Shrink.h"
#include "sim/stats/RunChecker.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace tilework::sim {

namespace {

/// No program of the generator needs more where a burst takes the memory
/// kBurstCycles.
constexpr uint64_t kCycleLimit = 4000000, kBurstCycles = 1024;

/// Cycles after which a chip hangs: in proportion to the longest burst, as a
/// program may wait for each before it asks for the next.
uint64_t cycleLimit(const Geometry &geometry, const DramTiming &timing) {
  const uint64_t bytes = std::max<uint64_t>(geometry.dmaBurstBytes, 128),
                 accesses = bytes / timing.accessBytes + 2,
                 ps = std::max(timing.readToWritePs, timing.writeToReadPs) +
                      accesses * timing.accessPs +
                      std::max(timing.readLatencyPs, timing.writeLatencyPs) +
                      2 * timing.randomLatencyPs;
  const uint64_t cycles = ps / timing.clockPs;
  return kCycleLimit * std::max<uint64_t>(1, cycles / kBurstCycles + 1);
}

struct Outcome {
  RunResult result;
  DramImage memory{0};
};

class Trial {
public:
  Trial(const CosimSettings &settings, const std::vector<CosimEngine> &engines,
        uint64_t seed)
      : settings(settings), engines(engines), timing(settings.timing),
        seed(seed) {
    if (seed % 2 != 0) {
      timing.randomLatencyPs = kRandomLatencyPs;
      timing.randomSeed = seed;
    }
  }

  /// The first difference; empty when all engines agree. `last` takes the
  /// result of the last engine.
  std::string difference(TestProgram &program, RunResult *last = nullptr) {
    const TestProgram::Flat flat = program.flatten();
    std::vector<Outcome> outcomes;
    for (const CosimEngine &engine : engines) {
      Outcome outcome;
      outcome.memory = program.image(flat.words);
      RunRequest request;
      request.geometry = settings.geometry;
      request.launch = program.launch(static_cast<uint32_t>(flat.words.size()));
      request.memory = &outcome.memory;
      request.timing = &timing;
      request.options.cycleLimit = cycleLimit(settings.geometry, timing);
      request.options.cancelled = settings.cancelled;
      request.options.chipSeed = static_cast<uint32_t>(seed % 1000000 + 1);
      try {
        outcome.result = engine.run(request);
      } catch (const RunCancelled &) {
        throw;
      } catch (const RunError &error) {
        return engine.name + ": " + error.what();
      }
      outcomes.push_back(std::move(outcome));
    }
    for (size_t i = 1; i < engines.size(); ++i) {
      const RunNames names{engines[i - 1].name, engines[i].name};
      if (auto found =
              compareRuns(outcomes[i - 1].result, outcomes[i].result, names))
        return found->what;
      const uint64_t bytes = outcomes[0].memory.size();
      const uint8_t *a = outcomes[i - 1].memory.data(0, bytes),
                    *b = outcomes[i].memory.data(0, bytes);
      if (std::memcmp(a, b, bytes) != 0) {
        uint64_t at = 0;
        while (a[at] == b[at])
          ++at;
        return "DRAM byte " + std::to_string(at) + ": " + names.first +
               " has " + std::to_string(a[at]) + ", " + names.second + " has " +
               std::to_string(b[at]);
      }
    }
    if (last && !outcomes.empty())
      *last = std::move(outcomes.back().result);
    return "";
  }

private:
  const CosimSettings &settings;
  const std::vector<CosimEngine> &engines;
  DramTiming timing;
  uint64_t seed;
};

/// What a difference is about: its words.
std::string kindOf(const std::string &difference) {
  std::string kind;
  for (char c : difference)
    if (!std::isdigit(static_cast<unsigned char>(c)))
      kind += c;
    else if (kind.empty() || kind.back() != '#')
      kind += '#';
  return kind;
}

std::string assemblyOf(TestProgram &program, const std::string &difference) {
  std::string text =
      "// seed " + std::to_string(program.seed) + ": " + difference + "\n";
  std::vector<isa::Instruction> instructions;
  for (const isa::Word &word : program.flatten().words) {
    isa::DecodeResult decoded = isa::decode(word);
    if (!decoded) {
      text += "// ends in an illegal encoding: " + decoded.error + "\n";
      break;
    }
    instructions.push_back(*decoded.instruction);
  }
  return text + isa::print(instructions);
}

} // namespace

std::string cosimulateOne(const CosimSettings &settings,
                          const std::vector<CosimEngine> &engines,
                          TestProgram &program, RunResult *last) {
  return Trial(settings, engines, program.seed).difference(program, last);
}

CosimResult cosimulate(const CosimSettings &settings,
                       const std::vector<CosimEngine> &engines) {
  CosimResult result;
  for (uint64_t i = 0; i < settings.count; ++i) {
    if (settings.cancelled && settings.cancelled())
      throw RunCancelled("cancelled");
    const uint64_t seed = settings.seed + i;
    TestProgram program =
        generateProgram(settings.geometry, seed, settings.generator);
    Trial trial(settings, engines, seed);
    RunResult last;
    const std::string difference = trial.difference(program, &last);
    ++result.programs;
    result.cycles += last.cycles;
    result.operations += last.records.size();
    result.traps += last.trap.cause != TrapCause::none;
    if (!difference.empty()) {
      const std::string kind = kindOf(difference);
      auto same = std::find_if(
          result.failures.begin(), result.failures.end(),
          [&](const CosimFailure &other) { return other.kind == kind; });
      if (same != result.failures.end()) {
        ++same->programs;
      } else {
        TestProgram small = shrink(
            program, settings.geometry, settings.generator.operationLimit,
            settings.shrinkAttempts, [&](TestProgram &candidate) {
              return kindOf(trial.difference(candidate)) == kind;
            });
        const std::string smallest = trial.difference(small);
        const size_t instructions = small.size();
        const std::string assembly = assemblyOf(small, smallest);
        result.failures.push_back({seed, kind, 1, std::move(small), smallest,
                                   assembly, instructions});
        if (result.failures.size() >= settings.maxFailures)
          return result;
      }
    }
    if (settings.progress)
      settings.progress(i + 1);
  }
  return result;
}

} // namespace tilework::sim
