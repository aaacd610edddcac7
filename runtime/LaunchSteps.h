// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's share of a launch: integer preparation of ids and masks, and
// conversion of types at the border. The same functions for every engine.

#pragma once

#include "runtime/Tensor.h"

#include <functional>

namespace tilework {

/// Executes `steps` in order. `values` holds the tensors known by name and
/// takes every result; `readBinding` gives the bytes of a binding that is not
/// in `values`. Throws UserError naming the step and what is wrong with it.
void executeLaunchSteps(
    const std::vector<isa::LaunchStep> &steps, TensorMap &values,
    const std::function<Tensor(const std::string &name, ElementType type,
                               const std::vector<int64_t> &shape)>
        &readBinding);

/// Rounds to the nearest even or widens; bytes of the result are dense.
Tensor convert(const Tensor &tensor, ElementType to);

} // namespace tilework
