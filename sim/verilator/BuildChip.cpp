// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes sure that the Verilated chip of a target is in a folder; the build
// calls it for the targets that it ships. Prints the path of the library.
//
//   tilework-build-chip [--trace | --checked] TARGET FOLDER

#include "dialects/target/Target.h"
#include "sim/stats/Run.h"
#include "sim/verilator/ChipLibrary.h"

#include <cstring>
#include <iostream>

int main(int argc, char **argv) {
  using namespace tilework;
  sim::ChipVariant variant = sim::ChipVariant::Fast;
  if (argc > 1 && !std::strcmp(argv[1], "--trace"))
    variant = sim::ChipVariant::Trace;
  else if (argc > 1 && !std::strcmp(argv[1], "--checked"))
    variant = sim::ChipVariant::Checked;
  if (argc != (variant == sim::ChipVariant::Fast ? 3 : 4)) {
    std::cerr << "usage: tilework-build-chip [--trace | --checked] TARGET "
                 "FOLDER\n";
    return 1;
  }
  try {
    sim::ChipSources sources = sim::ChipSources::builtIn();
    sources.caches = {argv[argc - 1]};
    std::cout << sim::chipLibrary(
                     sources,
                     target::Target::load(argv[argc - 2]).configPackage(),
                     variant)
                     ->path()
              << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
