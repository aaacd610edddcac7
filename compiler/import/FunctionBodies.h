// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bodies that ONNX gives to operators, for those without a lowering here.

#ifndef TILEWORK_COMPILER_IMPORT_FUNCTIONBODIES_H
#define TILEWORK_COMPILER_IMPORT_FUNCTIONBODIES_H

#include "compiler/import/OnnxModel.h"

namespace tilework {

/// The body of an operator of the default domain as a set of version `version`
/// defines it, or null. It names the set of its own nodes and holds defaults of
/// its attributes; it lives as long as the program.
const onnx::Function *findFunctionBody(std::string_view op, int64_t version);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_FUNCTIONBODIES_H
