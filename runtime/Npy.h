// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy files, versions 1 to 3, dense in C order. bfloat16, which the
// format does not know, is the bytes without a type that NumPy writes of such
// an array: numpy.load(path).view("uint16") has its bits. Integers of less than
// a byte are int8 or uint8.

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
