// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy arrays and the runtime's tensors: the same bytes seen from both sides.

#pragma once

#include "runtime/Tensor.h"

#include <nlohmann/json.hpp>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace tilework::python {

/// Borrows the array's bytes and keeps it alive; an array that is not dense in
/// C order is copied. Throws UserError for a type that no model has.
/// (bfloat16 and int4 are what an extension of NumPy calls so.)
Tensor toTensor(const std::string &name, const pybind11::array &array);
TensorMap toTensors(const pybind11::dict &arrays);

/// An array over the tensor's bytes, which it keeps alive; a type that NumPy
/// lacks is widened to the one that carries it: bfloat16 to float32, int4 to
/// int8. `writable`: whether the caller
/// may change the bytes.
pybind11::array toArray(const Tensor &tensor, bool writable);
pybind11::dict toArrays(const TensorMap &tensors, bool writable);

/// Text from a model need not be UTF-8: other bytes become escapes.
pybind11::str toText(const std::string &text);
/// Objects become dictionaries, arrays lists.
pybind11::object toPython(const nlohmann::json &value);

} // namespace tilework::python
