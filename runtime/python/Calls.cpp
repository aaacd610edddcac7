// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals during a call without the interpreter's lock.

#include "runtime/python/Calls.h"

namespace py = pybind11;

namespace tilework::python {

namespace {

constexpr std::chrono::milliseconds kPollInterval(20);

} // namespace

bool Interrupts::poll() {
  if (raised)
    return true;
  const auto now = std::chrono::steady_clock::now();
  if (now < next)
    return false;
  next = now + kPollInterval;
  py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() == 0)
    return false;
  raised = std::make_exception_ptr(py::error_already_set());
  return true;
}

void Interrupts::rethrow() {
  if (raised)
    std::rethrow_exception(raised);
  // A signal can also have ended a tool that the call was waiting for.
  if (PyErr_CheckSignals() != 0)
    throw py::error_already_set();
}

} // namespace tilework::python
