// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results as JSON, under the names that scripts rely on.

#pragma once

#include "compiler/Compile.h"
#include "runtime/Executable.h"
#include "runtime/Tolerance.h"

#include <nlohmann/json.hpp>

namespace tilework {

/// Version of every JSON object that leaves the tools.
constexpr int kReportSchema = 2;

/// Opens an object with `kind`, `schema` and the version of Tilework.
nlohmann::ordered_json stampReport(const std::string &kind,
                                   const nlohmann::json &object);

/// The report as text for files and terminals, in ASCII: everything else is
/// escaped as JSON does, bytes that are no UTF-8 become \xNN.
std::string reportText(const nlohmann::ordered_json &report);

/// SHA-256 over the model's hash, the legality parameters' and the
/// instructions: hex.
std::string programHash(const isa::Image &image);

/// What says which model and program a report speaks of: model_sha256,
/// program_sha256, dims and the shapes of the inputs.
nlohmann::json subjectReport(const isa::Image &image);

/// A model whose dimensions are open: supported (null), open_axes,
/// open_dimensions, producer, opsets, operators {name: nodes},
/// unknown_operators, inputs, outputs with name, dtype and shape.
nlohmann::json descriptionReport(const ModelDescription &model);

/// "planned for edge, ran on edge(dram.channels=4)" where the program was
/// planned for another chip than it ran on; else empty.
std::string plannedNote(const Executable &executable, const RunReport &report);

/// One simulation: engine, target, planned_for where the plan is another
/// chip's, set {key: value} where it ran on other than it was compiled for,
/// cycles, latency_s, clock_hz, bound, mac_utilization, counters, dram_bytes,
/// layers, units, wall_s, cycles_per_s, trap, status.
nlohmann::json simulationReport(const Executable &executable,
                                const RunReport &report);

/// Bytes a second off the chip that a run reached, and that the target lets
/// through for as much reading and writing; what limits it (Limits::limit).
struct Bandwidth {
  double reached = 0, possible = 0;
  std::string limit;
};
Bandwidth bandwidthOf(const RunReport &report);

/// What the chip noted about a run's data, for people; empty when all is well.
std::string statusNote(const RunReport &report);

/// Largest absolute error, root mean square error and cosine of a value against
/// a reference, element by element as floats. Elements that are NaN on both
/// sides, or the same infinity, are no error and leave the cosine.
struct TensorError {
  double maxAbsolute = 0, rms = 0, cosine = 1;
  /// Of the finite elements of the reference.
  double referenceRms = 0, referenceLargest = 0;
  bool within(const Tolerance &tolerance) const;
};
/// Throws MismatchError for different shapes.
TensorError compareTensors(const Tensor &value, const Tensor &reference);

} // namespace tilework
