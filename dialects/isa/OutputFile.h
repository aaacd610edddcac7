// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that is written whole or not at all.

#pragma once

#include <cstdint>
#include <string>

namespace tilework::isa {

/// Writes to a temporary name beside the file, which keep() renames; without
/// it nothing is left behind. A symbolic link stays and its file is replaced; a
/// device or a pipe is written as it is. Throws ImageError naming the path and
/// the reason.
class OutputFile {
public:
  explicit OutputFile(const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  void put(const void *data, uint64_t size);
  void keep();

private:
  std::string target;
  std::string temporary; ///< empty: written in place, or renamed already
  int descriptor = -1;
};

} // namespace tilework::isa
