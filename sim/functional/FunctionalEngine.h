// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functional engine: semantics only, in program order, at host speed.

#pragma once

#include "sim/stats/Run.h"

namespace tilework::sim {

/// Runs until halt or trap. Cycles, times and activity in the result are 0;
/// retire records come in program order. Throws RunCancelled when asked to
/// stop, RunError when RunOptions::cycleLimit, here a count of instructions, is
/// passed.
RunResult runFunctional(const RunRequest &request);

} // namespace tilework::sim
