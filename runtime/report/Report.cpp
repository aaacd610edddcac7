// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON of runs; the bound as three sums over the model's work.

#include "runtime/report/Report.h"

#include "runtime/Error.h"
#include "runtime/LaunchSteps.h"
#include "runtime/report/Chip.h"

#include "dialects/target/Sha256.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tilework {

namespace {

using nlohmann::json;

double ceilDiv(double a, double b) { return std::ceil(a / b); }

/// Throws isa::ImageError where it is not as the compiler writes it.
const json *workOf(const isa::Image &image) {
  auto work = image.statistics.find("work");
  if (work == image.statistics.end())
    return nullptr;
  auto isNumber = [](const json &value) { return value.is_number(); };
  auto holds = [&](const char *name) {
    return work->is_object() && work->contains(name);
  };
  bool whole = holds("matmuls") && holds("vector_elements") &&
               holds("compulsory_bytes") && work->at("matmuls").is_array() &&
               isNumber(work->at("vector_elements")) &&
               isNumber(work->at("compulsory_bytes"));
  if (whole)
    for (const json &matmul : work->at("matmuls"))
      whole &= matmul.is_array() && matmul.size() == 5 &&
               std::all_of(matmul.begin(), matmul.end(), [&](const json &v) {
                 return isNumber(v) || v.is_boolean();
               });
  if (!whole)
    throw isa::ImageError("damaged program: the work that the compiler noted "
                          "is not whole; compile the model again");
  return &*work;
}

std::vector<float> floatsOf(const Tensor &tensor) {
  const Tensor wide = convert(tensor, isa::ElementType::Fp32);
  std::vector<float> values(wide.bytes / sizeof(float));
  std::memcpy(values.data(), wide.data, wide.bytes);
  return values;
}

} // namespace

double Bound::cycles() const {
  return std::max({arrayCycles, vectorCycles, dramCycles});
}

const char *Bound::limit() const {
  return arrayCycles >= std::max(vectorCycles, dramCycles) ? "array"
         : vectorCycles >= dramCycles                      ? "vector"
                                                           : "dram";
}

std::optional<Bound> boundOf(const isa::Image &image,
                             const target::Target &target) {
  const json *work = workOf(image);
  if (!work)
    return std::nullopt;
  Bound bound;
  const auto &array = target.systolic_array;
  for (const json &matmul : work->at("matmuls")) {
    const double m = matmul.at(0), k = matmul.at(1), n = matmul.at(2);
    const double rows = double(array.rows) * (matmul.at(3) != 0 ? 2 : 1);
    bound.arrayCycles +=
        double(matmul.at(4)) * ceilDiv(k, rows) *
        ceilDiv(n, double(array.columns)) *
        std::max(m, double(array.rows) / double(array.weight_rows_per_cycle));
  }
  bound.vectorCycles =
      double(work->at("vector_elements")) / double(target.vector_unit.lanes);
  bound.dramCycles =
      double(work->at("compulsory_bytes")) / target.dramBytesPerCycle();
  return bound;
}

std::optional<double> macUtilization(const isa::Image &image,
                                     const target::Target &target,
                                     uint64_t cycles) {
  const json *work = workOf(image);
  if (!work || cycles == 0)
    return std::nullopt;
  double busy = 0; // in cycles of a full array
  for (const json &matmul : work->at("matmuls"))
    busy += double(matmul.at(0)) * double(matmul.at(1)) * double(matmul.at(2)) *
            double(matmul.at(4)) / (matmul.at(3) != 0 ? 2 : 1);
  return busy / (double(target.systolic_array.rows) *
                 double(target.systolic_array.columns) * double(cycles));
}

nlohmann::ordered_json stampReport(const std::string &kind,
                                   const json &object) {
  nlohmann::ordered_json report = {
      {"kind", kind}, {"schema", kReportSchema}, {"version", TILEWORK_VERSION}};
  for (const auto &[key, value] : object.items())
    report[key] = value;
  return report;
}

std::string programHash(const isa::Image &image) {
  target::Sha256 hash;
  hash.update(image.modelHash);
  hash.update(image.legalityHash);
  hash.update(image.text.data(), image.text.size() * sizeof(image.text[0]));
  return hash.finish();
}

json subjectReport(const isa::Image &image) {
  json shapes = json::object();
  for (const isa::Tensor &input : image.entries.front().inputs)
    shapes[input.name] = input.shape;
  return {{"model_sha256", image.modelHash},
          {"program_sha256", programHash(image)},
          {"shapes", shapes}};
}

static bool plannedForAnother(const Executable &executable,
                              const RunReport &report) {
  const target::ParameterClass planning = target::ParameterClass::Planning;
  return !targetDifferences(executable.target(), report.target, &planning)
              .empty();
}

std::string plannedNote(const Executable &executable, const RunReport &report) {
  if (!plannedForAnother(executable, report))
    return "";
  return "planned for " + targetText(executable.target()) + ", ran on " +
         targetText(report.target);
}

json simulationReport(const Executable &executable, const RunReport &report) {
  const sim::RunResult &result = report.result;
  json object = {
      {"kind", "simulate"},
      {"schema", kReportSchema},
      {"version", TILEWORK_VERSION},
      {"engine", engineName(report.engine)},
      {"target", targetReport(report.target)},
      {"cycles", result.cycles},
      {"clock_hz", report.target.clock.frequency_hz},
      {"latency_s", report.latencySeconds()},
      {"wall_s", result.wallSeconds},
      {"cycles_per_s", result.wallSeconds > 0
                           ? double(result.cycles) / result.wallSeconds
                           : 0.0},
      {"status", result.stickyStatus}};
  object.update(subjectReport(executable.image()));
  if (plannedForAnother(executable, report))
    object["planned_for"] = targetReport(executable.target());
  const json set = targetDifferences(executable.target(), report.target);
  for (const auto &[key, values] : set.items())
    object["set"][key] = values.at(1);
  if (const auto digest = outputsDigest(report))
    object["outputs_sha256"] = *digest;
  if (auto bound = boundOf(executable.image(), report.target))
    object["bound"] = {{"array_cycles", bound->arrayCycles},
                       {"vector_cycles", bound->vectorCycles},
                       {"dram_cycles", bound->dramCycles}};
  if (auto utilization =
          macUtilization(executable.image(), report.target, result.cycles))
    object["mac_utilization"] = *utilization;
  object["dram_bytes"] = {
      {"read", result.counters[sim::Counter::LoadBytes]},
      {"write", result.counters[sim::Counter::StoreBytes]},
      {"instructions", result.counters[sim::Counter::FetchBytes]}};
  json units = json::object();
  for (unsigned unit = 0; unit < sim::kCountedUnits; ++unit) {
    json stalls = json::object();
    for (unsigned cause = 1; cause < sim::kActivityCount; ++cause)
      if (uint64_t cycles = result.counters.activity[unit][cause])
        stalls[sim::activityName(static_cast<sim::Activity>(cause))] = cycles;
    units[sim::unitName(unit)] = {{"busy", result.counters.busy(unit)},
                                  {"stalls", stalls}};
    if (unit < sim::kUnitCount)
      units[sim::unitName(unit)]["retired"] = result.counters.retired[unit];
  }
  object["units"] = units;
  if (result.trap.cause != sim::TrapCause::none)
    object["trap"] = {
        {"cause", isa::caseName(result.trap.cause)},
        {"pc", result.trap.pc},
        {"cycle", result.trap.cycle},
        {"detail", result.trap.detail},
        {"node", executable.nodeOf(result.trap.pc, result.trap.context)}};
  return object;
}

std::string statusNote(const RunReport &report) {
  const uint32_t status = report.result.stickyStatus;
  std::string note;
  if (status & sim::statusBit(isa::Status::gather_index))
    note = "a gather met an index outside of its table and gave a row of zeros";
  if (status & sim::statusBit(isa::Status::bus_error))
    note += std::string(note.empty() ? "" : "; ") +
            "the memory answered a request with an error";
  return note;
}

bool TensorError::within(const Tolerance &tolerance) const {
  return rms <= tolerance.rms * std::max(referenceRms, kLeastMagnitude) &&
         maxAbsolute <=
             tolerance.largest * std::max(referenceLargest, kLeastMagnitude);
}

TensorError compareTensors(const Tensor &value, const Tensor &reference) {
  if (value.shape != reference.shape)
    throw MismatchError("the output is " + describe(value.type, value.shape) +
                        " and its reference " +
                        describe(reference.type, reference.shape));
  const std::vector<float> a = floatsOf(value), b = floatsOf(reference);
  TensorError error;
  double ab = 0, aa = 0, bb = 0, squares = 0, referenceSquares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] ? std::isinf(a[i]) : std::isnan(a[i]) && std::isnan(b[i]))
      continue;
    const double difference = std::abs(double(a[i]) - double(b[i]));
    error.maxAbsolute = std::isnan(difference)
                            ? difference
                            : std::max(error.maxAbsolute, difference);
    squares += difference * difference;
    ab += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
    if (std::isfinite(b[i])) {
      referenceSquares += double(b[i]) * b[i];
      error.referenceLargest =
          std::max(error.referenceLargest, std::abs(double(b[i])));
    }
  }
  const double count = std::max<double>(1, double(a.size()));
  error.rms = std::sqrt(squares / count);
  error.referenceRms = std::sqrt(referenceSquares / count);
  if (aa == 0 || bb == 0)
    error.cosine = aa == bb ? 1 : 0;
  else
    error.cosine = ab / std::sqrt(aa * bb);
  return error;
}

} // namespace tilework
