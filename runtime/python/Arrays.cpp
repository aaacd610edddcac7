// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sharing of bytes between NumPy and the runtime.

#include "runtime/python/Arrays.h"

#include "runtime/Error.h"
#include "runtime/LaunchSteps.h"

#include <optional>

namespace py = pybind11;

namespace tilework::python {

namespace {

/// Also of extensions of NumPy's, such as ml_dtypes has.
std::optional<ElementType> elementType(const py::dtype &type) {
  if (type.byteorder() == '>')
    return std::nullopt;
  return elementTypeNamed(py::cast<std::string>(type.attr("name")));
}

} // namespace

Tensor toTensor(const std::string &name, const py::array &array) {
  std::optional<ElementType> type = elementType(array.dtype());
  if (!type)
    throw UserError("input '" + name + "' has the type " +
                    py::cast<std::string>(py::str(array.dtype())) +
                    ", which no model takes: convert it with .astype()");
  py::array dense = array;
  if (!(array.flags() & py::array::c_style))
    dense = py::module_::import("numpy").attr("ascontiguousarray")(array);
  Tensor tensor;
  tensor.type = *type;
  for (py::ssize_t i = 0; i < array.ndim(); ++i)
    tensor.shape.push_back(array.shape(i));
  tensor.data = static_cast<const uint8_t *>(dense.data());
  tensor.bytes = static_cast<uint64_t>(dense.nbytes());
  // The last copy of a tensor may go in a thread that does not hold the lock.
  tensor.owner = std::shared_ptr<const void>(
      new py::array(std::move(dense)), [](const void *held) {
        py::gil_scoped_acquire lock;
        delete static_cast<const py::array *>(held);
      });
  return tensor;
}

TensorMap toTensors(const py::dict &arrays) {
  TensorMap tensors;
  for (const auto &[name, array] : arrays) {
    const std::string key = py::cast<std::string>(name);
    tensors[key] = toTensor(key, py::reinterpret_borrow<py::array>(array));
  }
  return tensors;
}

py::array toArray(const Tensor &given, bool writable) {
  const Tensor tensor = convert(given, elementTypeInfo(given.type).carrier);
  py::capsule owner(new std::shared_ptr<const void>(tensor.owner),
                    [](void *held) {
                      delete static_cast<std::shared_ptr<const void> *>(held);
                    });
  py::array array(py::dtype(elementTypeName(tensor.type)), tensor.shape,
                  tensor.data, owner);
  if (!writable)
    array.attr("setflags")(py::arg("write") = false);
  return array;
}

py::dict toArrays(const TensorMap &tensors, bool writable) {
  py::dict arrays;
  for (const auto &[name, tensor] : tensors)
    arrays[toText(name)] = toArray(tensor, writable);
  return arrays;
}

py::str toText(const std::string &text) {
  return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
      text.data(), Py_ssize_t(text.size()), "backslashreplace"));
}

py::object toPython(const nlohmann::json &value) {
  switch (value.type()) {
  case nlohmann::json::value_t::boolean:
    return py::bool_(value.get<bool>());
  case nlohmann::json::value_t::number_unsigned:
    return py::int_(value.get<uint64_t>());
  case nlohmann::json::value_t::number_integer:
    return py::int_(value.get<int64_t>());
  case nlohmann::json::value_t::number_float:
    return py::float_(value.get<double>());
  case nlohmann::json::value_t::string:
    return toText(value.get_ref<const std::string &>());
  case nlohmann::json::value_t::array: {
    py::list list;
    for (const nlohmann::json &item : value)
      list.append(toPython(item));
    return list;
  }
  case nlohmann::json::value_t::object: {
    py::dict dictionary;
    for (const auto &[key, item] : value.items())
      dictionary[toText(key)] = toPython(item);
    return dictionary;
  }
  default:
    return py::none();
  }
}

} // namespace tilework::python
