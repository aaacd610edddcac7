// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that is written whole or not at all.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::isa {

/// Writes to a temporary name beside the file, which keep() renames; without
/// it nothing is left behind. A symbolic link stays and its file is replaced; a
/// device or a pipe is written as it is. Throws ImageError naming the path and
/// the reason. Several threads may have files of their own.
class OutputFile {
public:
  explicit OutputFile(const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  void put(const void *data, uint64_t size);
  void keep();

  /// Ends the process from a signal's handler, and removes the temporary names
  /// of all threads. Returns where a thread makes, renames or removes one just
  /// then: that thread ends the process when it is done.
  static void exitWithoutUnkept(int code);

private:
  class Change;
  std::string target;
  std::string temporary; ///< empty: written in place, or renamed already
  int descriptor = -1;
  OutputFile *next = nullptr; ///< of those with a temporary name
};

/// Whether two names, of files that are there or not, are of one file.
bool isSameFile(const std::string &first, const std::string &second);

/// What is wrong with writing to `output` what is made from `inputs`: a
/// sentence where it is one of them, by whatever name; else empty, as for a
/// device or no name at all.
std::string overwriteProblem(const std::string &output,
                             const std::vector<std::string> &inputs);

} // namespace tilework::isa
