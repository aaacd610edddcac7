// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cycle model: sequencer, four units, scratchpad, accumulator and memory
// ports as one SystemC module, the off-chip memory as another behind a TLM-2.0
// socket. Exact: every instruction starts and retires in the cycle in which
// the RTL's does.

#pragma once

#include "sim/stats/Run.h"

namespace tilework::sim {

/// Runs until halt or trap. With RunOptions::timingOnly no value is computed:
/// the memory keeps its bytes (programs and index lists are read from it), and
/// cycles are the same. Calls from several threads run one after the other, as
/// there is one SystemC kernel. Throws RunCancelled, or RunError when
/// RunOptions::cycleLimit is passed or the request does not hold together.
RunResult runSystemC(const RunRequest &request);

} // namespace tilework::sim
