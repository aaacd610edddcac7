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

/// The file of a text's weights.
std::string weightsBeside(const std::string &path);

/// `path` not empty: the text will stand there and names the file of weights
/// beside it, `path`.weights; otherwise it says only how many bytes there are.
/// Throws UserError for words that are no instructions.
std::string disassembleImage(const isa::Image &image, const std::string &path);

/// Writes such a text to `path` and the weights beside it: both or neither.
/// Throws UserError when they cannot be written.
void writeAssembly(const isa::Image &image, const std::string &text,
                   const std::string &path);

/// Text without `.image` is a program with one entry at its first instruction
/// and no binding; it has one instruction at least. `origin` stands in
/// messages, and weights are looked for beside it. Throws UserError with one
/// line for each error: line, column, what to do.
isa::Image assembleImage(const std::string &text, const std::string &origin);

} // namespace tilework
