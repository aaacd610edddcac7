// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of callers as the importer's host tensors, and the launch steps on
// those: what the loader and the host interpreter share.

#pragma once

#include "compiler/import/HostTensor.h"
#include "runtime/Tensor.h"

#include <optional>
#include <vector>

namespace tilework {

/// The elements of a tensor. Throws UserError where its bytes are too few.
HostTensor toHost(const Tensor &tensor);

/// One step over its operands; nothing where the kind is unknown or the shapes
/// do not go together.
std::optional<HostTensor>
evaluateLaunchStep(const isa::LaunchStep &step,
                   const std::vector<HostTensor> &operands, onnx::DataType type,
                   const std::vector<int64_t> &shape);

} // namespace tilework
