// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling, loading, running and reporting for Python.

#include "runtime/python/Program.h"

#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"
#include "runtime/Attribution.h"
#include "runtime/MemoryUse.h"
#include "runtime/OpenProgram.h"
#include "runtime/python/Arrays.h"
#include "runtime/python/Calls.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Compare.h"
#include "runtime/report/Layers.h"
#include "runtime/report/Progress.h"
#include "runtime/report/Report.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>

namespace py = pybind11;

namespace tilework::python {

namespace {

using nlohmann::json;

struct Program {
  Executable executable;
  CompileStatistics statistics; ///< empty for a loaded program
  std::vector<CompiledNode> nodes;
  std::vector<std::string> files; ///< that the model was read from
};

struct Run {
  Executable executable;
  RunReport report;
};

json tensorReport(const std::vector<isa::Tensor> &tensors) {
  json reports = json::array();
  for (const isa::Tensor &tensor : tensors)
    reports.push_back({{"name", tensor.name},
                       {"dtype", elementTypeName(tensor.type)},
                       {"shape", tensor.shape},
                       {"minimum", tensor.minimum},
                       {"maximum", tensor.maximum}});
  return reports;
}

const char *kindName(isa::BindingKind kind) {
  switch (kind) {
  case isa::BindingKind::Weights:
    return "weights";
  case isa::BindingKind::Input:
    return "input";
  case isa::BindingKind::Output:
    return "output";
  case isa::BindingKind::State:
    return "state";
  case isa::BindingKind::Scratch:
    return "scratch";
  }
  return "";
}

py::object inspect(const Program &program) {
  const isa::Image &image = program.executable.image();
  const isa::Entry &entry = program.executable.entry();
  json report = {{"kind", "program"},
                 {"schema", kReportSchema},
                 {"target", targetReport(program.executable.target())},
                 {"instructions", image.text.size()},
                 {"program_bytes", image.text.size() * sizeof(image.text[0])},
                 {"weights_bytes", image.weights.size},
                 {"entry", entry.name},
                 {"inputs", tensorReport(entry.inputs)},
                 {"outputs", tensorReport(entry.outputs)},
                 {"bindings", json::array()},
                 {"legality_sha256", image.legalityHash},
                 {"statistics", image.statistics}};
  for (const isa::Binding &binding : entry.bindings)
    report["bindings"].push_back({{"name", binding.name},
                                  {"kind", kindName(binding.kind)},
                                  {"segment", binding.segment},
                                  {"bytes", binding.bytes}});
  report.update(subjectReport(image));
  if (!program.statistics.stages.empty()) {
    report["scratchpad_peak_bytes"] = program.statistics.scratchpadPeakBytes;
    report["stages"] = json::array();
    for (const StageTime &stage : program.statistics.stages)
      report["stages"].push_back(
          {{"name", stage.name}, {"wall_s", stage.seconds}});
  }
  return toPython(report);
}

CompileOptions optionsOf(std::map<std::string, int64_t> dims,
                         std::map<std::string, std::vector<int64_t>> shapes) {
  CompileOptions options;
  options.dims = std::move(dims);
  options.shapes = std::move(shapes);
  return options;
}

/// `path` names a file, or, with `bytes`, the model that they are.
ModelSource sourceOf(const std::string &path,
                     const std::optional<py::bytes> &bytes) {
  ModelSource source;
  if (bytes) {
    source.bytes = std::string_view(*bytes);
    source.name = path;
  } else {
    source.path = path;
  }
  return source;
}

/// Compiles what sourceOf() says.
Program compileProgram(const std::string &path,
                       const std::optional<py::bytes> &bytes,
                       const target::Target &target,
                       std::map<std::string, int64_t> dims,
                       std::map<std::string, std::vector<int64_t>> shapes,
                       const py::object &show) {
  const ModelSource source = sourceOf(path, bytes);
  CompileOptions options = optionsOf(std::move(dims), std::move(shapes));
  const CompileProgress progress;
  progress.follow(options);
  CompileResult result = callReleased(
      [&](Call &call) {
        call.describe("compiling " + printable(path),
                      [&] { return progress.howFar(); });
        return compileModel(source, target, options, call.cancelled());
      },
      show);
  if (!result.image)
    throw InternalError("the compiler returned no program");
  return {Executable(std::move(*result.image)), std::move(result.statistics),
          std::move(result.nodes), std::move(result.files)};
}

std::unique_ptr<Run> runProgram(const Program &program, const py::dict &inputs,
                                const std::string &engine,
                                const std::vector<std::string> &set,
                                bool timingOnly, uint64_t total,
                                const py::object &show) {
  const TensorMap tensors = toTensors(inputs);
  RunSettings settings;
  settings.engine = parseEngine(engine);
  settings.set = set;
  settings.options.timingOnly = timingOnly;
  auto run = callReleased(
      [&](Call &call) {
        settings.options.cancelled = call.cancelled();
        RunReport report = runWithProgress(
            program.executable, settings, total, call.isShown(),
            [&](const RunSettings &followed, const RunProgress &progress) {
              call.describe(progress.title(),
                            [&] { return progress.howFar(); });
              return program.executable.run(tensors, followed);
            });
        auto run =
            std::make_unique<Run>(Run{program.executable, std::move(report)});
        requireHalt(run->executable, run->report);
        return run;
      },
      show);
  if (const std::string note = statusNote(run->report);
      !note.empty() && PyErr_WarnEx(PyExc_RuntimeWarning, note.c_str(), 1) != 0)
    throw py::error_already_set();
  return run;
}

/// One array for each field of the retire records, in their order; `node` is an
/// index into node_names or -1.
py::dict records(const Run &run) {
  const auto &all = run.report.result.records;
  py::dict columns;
  auto add = [&](const char *name, auto field) {
    py::array_t<uint64_t> column{py::ssize_t(all.size())};
    uint64_t *values = column.mutable_data();
    for (size_t i = 0; i < all.size(); ++i)
      values[i] = field(all[i]);
    columns[name] = column;
  };
  add("unit", [](const sim::RetireRecord &r) { return r.unit; });
  add("pc", [](const sim::RetireRecord &r) { return r.pc; });
  add("context", [](const sim::RetireRecord &r) { return r.context; });
  add("start", [](const sim::RetireRecord &r) { return r.start; });
  add("end", [](const sim::RetireRecord &r) { return r.end; });
  add("bytes", [](const sim::RetireRecord &r) { return r.bytes; });
  const Provenance provenance(run.executable.image());
  py::array_t<int64_t> nodes{py::ssize_t(all.size())};
  for (size_t i = 0; i < all.size(); ++i) {
    const uint32_t node = provenance.nodeOf(all[i].pc, all[i].context);
    nodes.mutable_data()[i] = node == Provenance::kNone ? -1 : int64_t(node);
  }
  columns["node"] = nodes;
  return columns;
}

/// scratchpadUse: capacity_bytes, cycles, and bytes by the unit that wrote
/// them.
py::dict scratchpad(const Run &run) {
  const MemoryUse use =
      callReleased([&](Call &) { return scratchpadUse(run.report); });
  const auto column = [](const std::vector<uint64_t> &values) {
    return py::array_t<uint64_t>(py::ssize_t(values.size()), values.data());
  };
  py::dict bytes;
  for (unsigned unit = 0; unit < sim::kUnitCount; ++unit)
    if (const auto &values = use.bytes[unit];
        std::any_of(values.begin(), values.end(),
                    [](uint64_t value) { return value > 0; }))
      bytes[sim::unitName(unit)] = column(values);
  py::dict report;
  report["capacity_bytes"] = use.capacityBytes;
  report["cycles"] = column(use.cycles);
  report["bytes"] = bytes;
  return report;
}

py::list nodeNames(const Run &run) {
  py::list names;
  for (const std::string &name : run.executable.image().nodes)
    names.append(toText(name));
  return names;
}

py::dict compareRuns(const Run &first, const Run &second) {
  const Comparison comparison =
      first.executable.compare(first.report, second.report);
  py::dict report;
  report["bytes"] = comparison.bytesEqual;
  report["cycles"] = comparison.cyclesEqual;
  if (!comparison.difference.empty())
    report["first_difference"] = toText(comparison.difference);
  return report;
}

/// Empty where the file cannot be read: a compilation says why.
py::object describe(const std::string &path,
                    const std::optional<py::bytes> &bytes) {
  const ModelSource source = sourceOf(path, bytes);
  std::string error;
  const auto model = describeModel(source, error);
  return toPython(model ? descriptionReport(*model) : json::object());
}

} // namespace

py::list nodeReports(const std::vector<CompiledNode> &nodes) {
  py::list reports;
  for (const CompiledNode &node : nodes) {
    py::dict report;
    report["name"] = toText(node.name);
    report["op"] = toText(node.op);
    report["domain"] = toText(node.domain);
    if (node.runsOn.empty())
      report["reason"] = toText(node.reason);
    else
      report["runs_on"] = node.runsOn;
    reports.append(report);
  }
  return reports;
}

void registerPrograms(py::module_ &module) {
  py::class_<Run>(module, "Run")
      .def("report",
           [](const Run &run) {
             return toPython(simulationReport(run.executable, run.report));
           })
      .def(
          "outputs",
          [](const Run &run, bool writable) {
            return toArrays(run.report.outputs, writable);
          },
          py::arg("writable"))
      .def("digest", [](const Run &run) { return outputsDigest(run.report); })
      .def("records", &records)
      .def("scratchpad", &scratchpad)
      .def("node_names", &nodeNames)
      .def("same_program",
           [](const Run &run, const Run &other) {
             return &run.executable.image() == &other.executable.image();
           })
      .def("planned_note",
           [](const Run &run) {
             return plannedNote(run.executable, run.report);
           })
      .def("compare", &compareRuns);

  py::class_<Program>(module, "Program")
      .def("run", &runProgram, py::arg("inputs"), py::arg("engine"),
           py::arg("set"), py::arg("timing_only"), py::arg("total") = 0,
           py::arg("show") = py::none())
      .def("draw_inputs",
           [](const Program &program, uint64_t seed) {
             return toArrays(drawInputs(program.executable.entry(), seed),
                             true);
           })
      .def("inspect", &inspect)
      .def("nodes",
           [](const Program &program) { return nodeReports(program.nodes); })
      .def("target",
           [](const Program &program) { return program.executable.target(); })
      .def("files",
           [](const Program &program) {
             py::list files;
             for (const std::string &file : program.files)
               files.append(py::bytes(file));
             return files;
           })
      .def("save", [](const Program &program, const std::string &path) {
        requireApart(path, program.files);
        callReleased([&](Call &) { program.executable.save(path); });
      });

  module.def("compile", &compileProgram, py::arg("path"), py::arg("bytes"),
             py::arg("target"), py::arg("dims"), py::arg("shapes"),
             py::arg("show") = py::none());
  module.def("load", [](const std::string &path) {
    return callReleased(
        [&](Call &) { return Program{Executable::load(path), {}, {}, {}}; });
  });
  module.def("is_program", &isProgramFile);
  module.def("require_apart", &requireApart);
  module.def("describe", &describe, py::arg("path"), py::arg("bytes"));
  module.def("group_layers",
             [](const std::string &rows, const std::string &key) {
               return toPython(groupLayers(json::parse(rows), key));
             });
  module.def("layers_table", [](const std::string &groups) {
    return layersTable(json::parse(groups));
  });
  module.def("layers_csv", [](const std::string &rows) {
    return layersCsv(json::parse(rows));
  });
  module.def("compare_reports", [](const std::string &first,
                                   const std::string &second) {
    return toPython(compareReports(json::parse(first), json::parse(second)));
  });
  module.def("comparison_text", [](const std::string &comparison, size_t most) {
    return comparisonText(json::parse(comparison), most);
  });
  module.def("with_commas", &withCommas);
  module.def("count_text", [](uint64_t count, const std::string &noun) {
    return countText(count, noun);
  });
  module.def("bytes_text", &bytesText);
  module.def("rate_text", &rateText);
  module.def("seconds_text", &secondsText);
  module.def("hertz_text", &hertzText);
  // The type of NumPy that holds the values of an element type.
  module.def("carrier", [](const std::string &name) {
    const ElementType type =
        elementTypeNamed(name).value_or(ElementType::Undefined);
    return std::string(elementTypeName(elementTypeInfo(type).carrier));
  });
  module.attr("report_schema") = kReportSchema;
}

} // namespace tilework::python
