// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Targets and their parameters for Python.

#include "dialects/target/Target.h"
#include "runtime/python/Arrays.h"
#include "runtime/python/Program.h"

#include <pybind11/stl.h>

namespace py = pybind11;

namespace tilework::python {

namespace {

using target::ParameterInfo;
using target::Target;

py::object value(const Target &target, const std::string &key) {
  const ParameterInfo *parameter = target::findParameter(key);
  if (!parameter)
    throw py::key_error(key);
  return toPython(parameter->jsonValue(target));
}

py::dict describeParameter(const ParameterInfo &parameter) {
  py::dict report;
  report["key"] = parameter.key;
  report["unit"] = parameter.unit;
  report["class"] = target::className(parameter.parameterClass);
  report["sentence"] = parameter.sentence;
  report["affects"] = parameter.affects;
  if (parameter.isInteger()) {
    report["minimum"] = parameter.minimum;
    report["maximum"] = parameter.maximum;
  } else {
    py::list choices;
    for (unsigned i = 0; i < parameter.choiceCount; ++i)
      choices.append(parameter.choices[i]);
    report["choices"] = choices;
  }
  return report;
}

} // namespace

void registerTargets(py::module_ &module) {
  py::class_<Target>(module, "Target")
      .def(py::init(&Target::load), py::arg("specification"))
      .def(py::init<const Target &>())
      .def("apply",
           [](Target &target, const std::vector<target::Override> &overrides) {
             target.apply(overrides);
           })
      .def("value", &value)
      .def("to_dict",
           [](const Target &target) { return toPython(target.toJson()); })
      .def("to_yaml", &Target::toYaml)
      .def_readonly("name", &Target::name)
      .def_readonly("like", &Target::like)
      .def_property_readonly("dram_bytes_per_s",
                             &Target::dramBandwidthBytesPerSecond)
      .def("__eq__", [](const Target &a, const Target &b) { return a == b; })
      .def(py::pickle(
          [](const Target &target) {
            return py::make_tuple(target.toYaml(), target.like);
          },
          [](const py::tuple &state) {
            Target target = Target::fromYaml(py::cast<std::string>(state[0]),
                                             "a pickled target");
            target.like = py::cast<std::string>(state[1]);
            return target;
          }));

  module.def("preset_names", &Target::presetNames);
  module.def("parameters", [] {
    py::list reports;
    for (const ParameterInfo &parameter : target::parameters())
      reports.append(describeParameter(parameter));
    return reports;
  });
}

} // namespace tilework::python
