// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills the weight segment: every weight read once from its span and written
// once, in the layout that the geometry asks for.

#pragma once

#include "compiler/conversion/PlannedProgram.h"
#include "compiler/import/SourceFiles.h"

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

#include <atomic>
#include <memory>
#include <vector>

namespace tilework {

/// The bytes of segment 0. Failure, with an error at `loc`, where a span leaves
/// its file or the work is cancelled (`cancelled` may be null).
mlir::FailureOr<std::shared_ptr<std::vector<uint8_t>>>
fillWeights(const PlannedProgram &program, const planning::Machine &machine,
            const SourceFiles &files, mlir::Location loc,
            const std::atomic<bool> *cancelled);

} // namespace tilework
