// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a file is that somebody takes for an ONNX model.

#ifndef TILEWORK_COMPILER_IMPORT_FILEKIND_H
#define TILEWORK_COMPILER_IMPORT_FILEKIND_H

#include <string>
#include <string_view>

namespace tilework {

/// By its first bytes: "a GGUF file, which …", with what to do; empty for what
/// may be an ONNX model.
std::string otherKindOfFile(std::string_view bytes);

/// What a file seems to be that no ONNX model could be read from, with what to
/// do.
std::string unreadableKind(std::string_view bytes);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_FILEKIND_H
