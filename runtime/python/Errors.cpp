// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From exceptions of the runtime to those of tilework.errors.

#include "runtime/OpenProgram.h"
#include "runtime/python/Arrays.h"
#include "runtime/python/Calls.h"
#include "runtime/python/Program.h"

namespace py = pybind11;

namespace tilework::python {

namespace {

void raise(const char *name, const std::exception &error) {
  const py::object type = py::module_::import("tilework.errors").attr(name);
  py::object exception = type(toText(error.what()));
  if (auto *refused = dynamic_cast<const RefusedModelError *>(&error)) {
    exception.attr("nodes") = nodeReports(refused->failure.nodes);
    exception.attr("unsupported_share") = refused->failure.unsupportedShare;
    exception.attr("unchecked_nodes") = refused->failure.uncheckedNodes;
  }
  PyErr_SetObject(type.ptr(), exception.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown)
      std::rethrow_exception(thrown);
  } catch (const UnsupportedModelError &error) {
    raise("UnsupportedModel", error);
  } catch (const InvalidModelError &error) {
    raise("InvalidModel", error);
  } catch (const UserError &error) {
    raise("InvalidArgument", error);
  } catch (const MismatchError &error) {
    raise("Mismatch", error);
  } catch (const ProgramTrapError &error) {
    raise("ProgramTrap", error);
  } catch (const InternalError &error) {
    raise("InternalError", error);
  } catch (const isa::ImageError &error) {
    raise("InvalidProgram", error);
  } catch (const target::TargetError &error) {
    raise("InvalidTarget", error);
  } catch (const sim::RunError &error) {
    raise("EngineError", error);
  }
}

} // namespace

void registerErrors() { py::register_local_exception_translator(translate); }

} // namespace tilework::python
