// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results as JSON, under the names that scripts rely on, and the bound of a
// model on a target.

#pragma once

#include "runtime/Executable.h"
#include "runtime/Tolerance.h"

#include <nlohmann/json.hpp>

namespace tilework {

/// Version of every JSON object that leaves the tools.
constexpr int kReportSchema = 2;

/// Opens an object with `kind`, `schema` and the version of Tilework.
nlohmann::ordered_json stampReport(const std::string &kind,
                                   const nlohmann::json &object);

/// The least cycles that the model needs on a target, by each of three limits;
/// the bound is their maximum.
struct Bound {
  double arrayCycles = 0, vectorCycles = 0, dramCycles = 0;
  double cycles() const;
  const char *limit() const; ///< "array", "vector", "dram"
};

/// From the work that the compiler noted in the program ("work" in
/// Image::statistics: `matmuls` [[m, k, n, int8, count]…], `vector_elements`
/// elements × passes, `compulsory_bytes`). Absent when the program has none.
std::optional<Bound> boundOf(const isa::Image &image,
                             const target::Target &target);

/// MACs of the model over what the array could do in `cycles`; absent as above.
std::optional<double> macUtilization(const isa::Image &image,
                                     const target::Target &target,
                                     uint64_t cycles);

/// SHA-256 over the model's hash, the legality parameters' and the
/// instructions: hex.
std::string programHash(const isa::Image &image);

/// What says which model and program a report speaks of: model_sha256,
/// program_sha256 and the shapes of the inputs.
nlohmann::json subjectReport(const isa::Image &image);

/// "planned for edge, ran on edge(dram.channels=4)" where the program was
/// planned for another chip than it ran on; else empty.
std::string plannedNote(const Executable &executable, const RunReport &report);

/// One simulation: engine, target, planned_for where the plan is another
/// chip's, set {key: value} where it ran on other than it was compiled for,
/// cycles, latency_s, clock_hz, bound, mac_utilization, dram_bytes, units,
/// wall_s, cycles_per_s, trap, status.
nlohmann::json simulationReport(const Executable &executable,
                                const RunReport &report);

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
