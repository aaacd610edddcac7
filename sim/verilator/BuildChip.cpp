// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes sure that the Verilated chip of a target is in a folder; the build
// calls it for the targets that it ships.
//
//   tilework-build-chip [--trace] TARGET FOLDER

#include "dialects/target/Target.h"
#include "sim/stats/Run.h"
#include "sim/verilator/ChipLibrary.h"

#include <cstring>
#include <iostream>

int main(int argc, char **argv) {
  const bool trace = argc > 1 && !std::strcmp(argv[1], "--trace");
  if (argc != (trace ? 4 : 3)) {
    std::cerr << "usage: tilework-build-chip [--trace] TARGET FOLDER\n";
    return 1;
  }
  try {
    using namespace tilework;
    sim::ChipSources sources = sim::ChipSources::builtIn();
    sources.caches = {argv[argc - 1]};
    sim::chipLibrary(
        sources, target::Target::load(argv[argc - 2]).configPackage(), trace);
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
