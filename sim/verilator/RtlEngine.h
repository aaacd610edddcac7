// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The RTL engine: a Verilated chip in the same surroundings as the cycle model:
// same memory, same launch, same records.

#pragma once

#include "sim/stats/Run.h"
#include "sim/verilator/ChipLibrary.h"

namespace tilework::sim {

/// A chip that has been reset, and keeps running one program after another.
class RtlMachine {
public:
  /// `library` outlives the machine; `seed` is that of a checked chip. Throws
  /// RunError when memory runs out.
  explicit RtlMachine(const ChipLibrary &library, uint32_t seed = 1);
  ~RtlMachine();
  RtlMachine(const RtlMachine &) = delete;
  RtlMachine &operator=(const RtlMachine &) = delete;

  /// Runs until halt or trap, without a reset before: the result is that of a
  /// chip that was reset. Not for use behind a trap of the watchdog or an
  /// exception. The chip has the request's geometry. Waves need a library that
  /// was built with tracing. Throws RunError or RunCancelled as the other
  /// engines, and RunError when an assertion of a checked chip fails.
  RunResult run(const RunRequest &request);

private:
  const ChipLibrary &library;
  TwChip *chip;
};

/// One run on a chip of its own.
RunResult runRtl(const RunRequest &request, const ChipLibrary &chip);

} // namespace tilework::sim
