// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The container of program images: sections by name in an ELF64 file, written
// as a stream and read in place with every number checked.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::isa {

struct ElfSection {
  std::string name;
  const uint8_t *data = nullptr;
  uint64_t size = 0;
  uint64_t alignment = 1;  ///< of its offset in the file
  bool executable = false; ///< instructions
  bool allocated = false;  ///< loaded into DRAM
};

/// Takes consecutive pieces of the file.
using ElfSink = std::function<void(const void *data, uint64_t size)>;

/// Writes header, sections in order and the section table. `entry` is the byte
/// offset of the first instruction in the first section.
void writeElf(const std::vector<ElfSection> &sections, uint64_t entry,
              const ElfSink &sink);

/// The sections of a file in memory; their data points into it. Throws
/// ImageError that says which number is wrong.
std::vector<ElfSection> readElf(const uint8_t *file, uint64_t size);

} // namespace tilework::isa
