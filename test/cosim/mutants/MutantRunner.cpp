// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does random co-simulation notice a fault? Linked with one mutant of the cycle
// model, runs random programs on it and on the RTL until they differ.
//
//   mutant TARGET PROGRAMS
//
// Ends with 0 when a program told them apart, with 1 when none did.

#include "dialects/target/Target.h"
#include "sim/cosim/CoSimulation.h"
#include "sim/machine/TargetGeometry.h"
#include "sim/systemc/Engine.h"
#include "sim/verilator/RtlEngine.h"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>

int main(int argc, char **argv) {
  using namespace tilework;
  if (argc != 3) {
    std::cerr << "usage: mutant TARGET PROGRAMS\n";
    return 2;
  }
  sim::CosimSettings settings;
  std::shared_ptr<sim::ChipLibrary> chip;
  try {
    const target::Target target = target::Target::load(argv[1]);
    chip = sim::chipLibrary(sim::ChipSources::builtIn(), target.configPackage(),
                            sim::ChipVariant::Fast);
    settings.geometry = sim::geometryOf(target);
    settings.timing = sim::dramTimingOf(target);
    settings.count = std::strtoull(argv[2], nullptr, 10);
    settings.shrinkAttempts = 0;
    settings.maxFailures = 1;
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  try {
    const sim::CosimResult result =
        sim::cosimulate(settings, {{"systemc", sim::runSystemC},
                                   {"rtl", [&](const sim::RunRequest &request) {
                                      return sim::runRtl(request, *chip);
                                    }}});
    if (result.failures.empty()) {
      std::cout << "survives " << result.programs << " programs on " << argv[1]
                << " from seed " << settings.seed << "\n";
      return 1;
    }
    std::cout << "caught by program " << result.programs << ", seed "
              << result.failures[0].seed << ": "
              << result.failures[0].difference << "\n";
  } catch (const std::exception &error) {
    std::cout << "caught by an exception: " << error.what() << "\n";
  }
  return 0;
}
