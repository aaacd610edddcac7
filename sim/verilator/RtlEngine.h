// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The RTL engine: a Verilated chip in the same surroundings as the cycle model:
// same memory, same launch, same records.

#pragma once

#include "sim/stats/Run.h"
#include "sim/verilator/ChipLibrary.h"

namespace tilework::sim {

/// Runs until halt or trap. `chip` has the request's geometry. Waves need a
/// library that was built with tracing. Throws RunError or RunCancelled as the
/// other engines.
RunResult runRtl(const RunRequest &request, const ChipLibrary &chip);

} // namespace tilework::sim
