// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last stage: instructions, weights, bindings, host steps and provenance as
// a program image.

#pragma once

#include "compiler/conversion/PlannedProgram.h"
#include "compiler/import/SourceFiles.h"
#include "dialects/isa/Image.h"
#include "dialects/target/Target.h"

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

namespace tilework {

/// Everything but the weights. Failure, with an error at `loc`, for a constant
/// that cannot be read.
mlir::FailureOr<isa::Image> buildImage(const PlannedProgram &planned,
                                       const LoweredProgram &lowered,
                                       const target::Target &target,
                                       const SourceFiles &files,
                                       mlir::Location loc);

} // namespace tilework
