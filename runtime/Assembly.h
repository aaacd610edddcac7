// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Program images as text and back. The instructions stand in the assembly of
// dialects/isa; everything else of the image stands before them in one JSON
// object between the lines `.image` and `.text`.

#pragma once

#include "dialects/isa/Image.h"

#include <string>

namespace tilework {

/// `weightsPath` not empty: the weights are written to `weightsPath`.weights
/// and named in the text; otherwise the text says only how many bytes there
/// are. Throws UserError when the file cannot be written.
std::string disassembleImage(const isa::Image &image,
                             const std::string &weightsPath);

/// Text without `.image` is a program with one entry at its first instruction
/// and no binding. `origin` stands in messages, and weights are looked for
/// beside it. Throws UserError with one line for each error: line, column, what
/// to do.
isa::Image assembleImage(const std::string &text, const std::string &origin);

} // namespace tilework
