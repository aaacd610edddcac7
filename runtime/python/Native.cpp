// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiled module tilework._native: what the Python package stands on.

#include "runtime/python/Calls.h"
#include "runtime/python/Program.h"

PYBIND11_MODULE(_native, module) {
  module.doc() = "The compiler, the engines and their reports.";
  module.attr("version") = TILEWORK_VERSION;
  tilework::python::registerErrors();
  tilework::python::registerTargets(module);
  tilework::python::registerPrograms(module);
}
