// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy files, versions 1 to 3, dense in C order. bfloat16, which the
// format does not know, is written as uint16, and read as that or as the bytes
// that NumPy writes of an array with such a type.

#pragma once

#include "runtime/Tensor.h"

#include <string>

namespace tilework {

/// Throws UserError naming the file and what is wrong with it.
Tensor readNpy(const std::string &path);
/// The same from bytes of a file; `path` is for messages.
Tensor parseNpy(const std::vector<uint8_t> &bytes, const std::string &path);
/// Writes to a temporary name, then renames. Throws UserError.
void writeNpy(const Tensor &tensor, const std::string &path);

/// Reads a whole file; writes one whole or not at all. Throw UserError.
std::vector<uint8_t> readFile(const std::string &path);
void writeFile(const std::string &path, const void *data, uint64_t size);

} // namespace tilework
