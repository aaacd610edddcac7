// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals and progress during a call without the interpreter's lock.

#include "runtime/python/Calls.h"

#include "runtime/python/Arrays.h"
#include "runtime/report/Progress.h"

namespace py = pybind11;

namespace tilework::python {

namespace {

constexpr std::chrono::milliseconds kPollInterval(20);

} // namespace

void Call::describe(std::string newTitle,
                    std::function<std::string()> newHowFar) {
  title = std::move(newTitle);
  howFar = std::move(newHowFar);
  described = Clock::now();
  nextLine = described + kProgressDelay;
}

bool Call::poll() {
  if (raised)
    return true;
  const auto now = Clock::now();
  if (now < next)
    return false;
  next = now + kPollInterval;
  const bool tells = howFar && now >= nextLine;
  const std::string line =
      tells ? progressLine(title, howFar(), now - described) : "";
  py::gil_scoped_acquire lock;
  try {
    if (PyErr_CheckSignals() != 0)
      throw py::error_already_set();
    if (tells && isShown()) {
      nextLine = now + kProgressInterval;
      show(toText(line));
    }
  } catch (const py::error_already_set &) {
    raised = std::current_exception();
  }
  return raised != nullptr;
}

void Call::rethrow() {
  if (raised)
    std::rethrow_exception(raised);
  // A signal can also have ended a tool that the call was waiting for.
  if (PyErr_CheckSignals() != 0)
    throw py::error_already_set();
}

} // namespace tilework::python
