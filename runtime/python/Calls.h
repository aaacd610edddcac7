// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long calls from Python: the interpreter's lock is released, Ctrl-C is heard,
// the caller is told how far the work is, and what the runtime throws becomes
// an exception of tilework.errors.

#pragma once

#include "sim/stats/Run.h"

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>
#include <functional>
#include <string>

namespace tilework::python {

/// A call of the package while it lasts: asks the interpreter for pending
/// signals, at most every 20 ms, and tells it now and then how far the work is.
class Call {
public:
  /// `show`: a function of one line of text, or None.
  explicit Call(pybind11::object show) : show(std::move(show)) {}
  bool isShown() const { return !show.is_none(); }
  /// What the lines say from here on; without the lock.
  void describe(std::string title, std::function<std::string()> howFar);
  /// To be asked without the lock: true once a signal's handler has raised.
  std::function<bool()> cancelled() {
    return [this] { return poll(); };
  }
  /// With the lock: throws what the handler raised, if it did.
  void rethrow();

private:
  using Clock = std::chrono::steady_clock;

  bool poll();

  pybind11::object show;
  std::string title;
  std::function<std::string()> howFar;
  Clock::time_point next{}, described{}, nextLine{};
  std::exception_ptr raised;
};

/// Calls `work(call)` without the lock.
template <typename Work>
auto callReleased(Work &&work, pybind11::object show = pybind11::none()) {
  Call call(std::move(show));
  try {
    pybind11::gil_scoped_release released;
    return work(call);
  } catch (...) {
    call.rethrow();
    throw;
  }
}

/// Makes the runtime's exceptions those of tilework.errors.
void registerErrors();

} // namespace tilework::python
