// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long calls from Python: the interpreter's lock is released, Ctrl-C is heard,
// and what the runtime throws becomes an exception of tilework.errors.

#pragma once

#include "sim/stats/Run.h"

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>
#include <functional>

namespace tilework::python {

/// Asks the interpreter for pending signals, at most every 20 ms.
class Interrupts {
public:
  /// Called without the lock. True once a signal's handler has raised.
  bool poll();
  /// With the lock: throws what the handler raised, if it did.
  void rethrow();

private:
  std::chrono::steady_clock::time_point next{};
  std::exception_ptr raised;
};

/// Calls `work(cancelled)` without the lock.
template <typename Work> auto callReleased(Work &&work) {
  Interrupts interrupts;
  const std::function<bool()> cancelled = [&] { return interrupts.poll(); };
  try {
    pybind11::gil_scoped_release released;
    return work(cancelled);
  } catch (...) {
    interrupts.rethrow();
    throw;
  }
}

/// Makes the runtime's exceptions those of tilework.errors.
void registerErrors();

} // namespace tilework::python
