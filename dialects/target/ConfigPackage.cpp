// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes tw_config_pkg.sv for a target; builds call it before they verilate or
// synthesise the chip.
//
//   tilework-config-package TARGET OUTPUT

#include "dialects/target/Target.h"

#include <cstdio>
#include <fstream>
#include <iostream>

int main(int argc, char **argv) {
  if (argc != 3) {
    std::cerr << "usage: tilework-config-package TARGET OUTPUT\n";
    return 1;
  }
  try {
    const std::string text =
        tilework::target::Target::load(argv[1]).configPackage();
    const std::string path = argv[2], temporary = path + ".new";
    std::ofstream file(temporary);
    file << text;
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str())) {
      std::remove(temporary.c_str());
      std::cerr << "error: cannot write '" << path
                << "': " << std::generic_category().message(errno) << "\n";
      return 1;
    }
  } catch (const tilework::target::TargetError &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
