// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON of runs, and errors against a reference.

#include "runtime/report/Report.h"

#include "runtime/Error.h"
#include "runtime/LaunchSteps.h"
#include "runtime/report/Bound.h"
#include "runtime/report/Chip.h"
#include "runtime/report/Layers.h"

#include "dialects/isa/Printable.h"
#include "dialects/target/Sha256.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tilework {

namespace {

using nlohmann::json;

std::vector<double> numbersOf(const Tensor &tensor) {
  const Tensor wide = convert(tensor, ElementType::Double);
  std::vector<double> values(wide.bytes / sizeof(double));
  std::memcpy(values.data(), wide.data, wide.bytes);
  return values;
}

/// Whether integers differ that are the same number as doubles.
bool differBeyondDouble(const Tensor &value, const Tensor &reference) {
  return value.type == reference.type && isIntegerType(value.type) &&
         std::memcmp(value.data, reference.data, value.bytes) != 0;
}

} // namespace

nlohmann::ordered_json stampReport(const std::string &kind,
                                   const json &object) {
  nlohmann::ordered_json report = {
      {"kind", kind}, {"schema", kReportSchema}, {"version", TILEWORK_VERSION}};
  for (const auto &[key, value] : object.items())
    report[key] = value;
  return report;
}

static nlohmann::ordered_json
withLegalText(const nlohmann::ordered_json &value) {
  if (value.is_string())
    return legalUtf8(value.get_ref<const std::string &>());
  if (!value.is_structured())
    return value;
  nlohmann::ordered_json copy = value.is_object()
                                    ? nlohmann::ordered_json::object()
                                    : nlohmann::ordered_json::array();
  for (const auto &[key, item] : value.items())
    if (value.is_object())
      copy[legalUtf8(key)] = withLegalText(item);
    else
      copy.push_back(withLegalText(item));
  return copy;
}

std::string reportText(const nlohmann::ordered_json &report) {
  return withLegalText(report).dump(2, ' ', /*ensure_ascii=*/true);
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
          {"dims", image.dims},
          {"shapes", shapes}};
}

static json describe(const std::vector<ModelDescription::Value> &values) {
  json list = json::array();
  for (const ModelDescription::Value &value : values) {
    json shape = json::array();
    for (const std::string &size : value.shape) {
      const bool isNumber =
          size.find_first_not_of("0123456789") == std::string::npos &&
          !size.empty() && size.size() < 19;
      shape.push_back(isNumber ? json(std::stoll(size)) : json(size));
    }
    list.push_back(
        {{"name", value.name}, {"dtype", value.type}, {"shape", shape}});
  }
  return list;
}

json descriptionReport(const ModelDescription &model) {
  json axes = json::array();
  for (const ModelDescription::OpenAxis &axis : model.openAxes)
    axes.push_back(
        {{"input", axis.input},
         {"axis", axis.axis < 0 ? json(nullptr) : json(axis.axis)},
         {"name", axis.name.empty() ? json(nullptr) : json(axis.name)}});
  return {{"kind", "model"},
          {"schema", kReportSchema},
          {"supported", nullptr},
          {"open_dimensions", model.openDimensions},
          {"open_axes", axes},
          {"producer", model.producer},
          {"opsets", model.opsets},
          {"operators", model.ops},
          {"unknown_operators", model.unknownOps},
          {"inputs", describe(model.inputs)},
          {"outputs", describe(model.outputs)}};
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
  if (!report.inputsDigest.empty())
    object["inputs_sha256"] = report.inputsDigest;
  if (const auto digest = outputsDigest(report))
    object["outputs_sha256"] = *digest;
  if (const json *work = workOf(executable.image())) {
    const Bound bound = boundOf(*work, limitsOf(report.target));
    object["bound"] = bound.report();
    if (bound.cycles() > 0) // else nothing of the model runs on the chip
      object["bound_limit"] = bound.limit();
    object["work"] = {{"macs", macsOf(*work)},
                      {"dram_bytes", trafficOf(*work).total()}};
  }
  if (auto utilization =
          macUtilization(executable.image(), report.target, result.cycles))
    object["mac_utilization"] = *utilization;
  const Bandwidth bandwidth = bandwidthOf(report);
  object["limits"] = {
      {"macs_per_s", double(report.target.systolic_array.rows) *
                         double(report.target.systolic_array.columns) *
                         double(report.target.clock.frequency_hz)},
      {"dram_bytes_per_s", bandwidth.possible},
      {"dram_bytes_limit", bandwidth.limit}};
  for (unsigned c = 0; c < sim::kCounterCount; ++c)
    object["counters"][sim::counterName(static_cast<sim::Counter>(c))] =
        result.counters.sums[c];
  object["dram_bytes"] = {
      {"read", result.counters[sim::Counter::LoadBytes]},
      {"write", result.counters[sim::Counter::StoreBytes]},
      {"instructions", result.counters[sim::Counter::FetchBytes]}};
  object["layers"] =
      result.hasTimes() ? layersReport(executable, report) : json::array();
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

Bandwidth bandwidthOf(const RunReport &report) {
  const auto &counters = report.result.counters;
  Traffic traffic;
  traffic.readBytes = double(counters[sim::Counter::LoadBytes]);
  traffic.writeBytes = double(counters[sim::Counter::StoreBytes]);
  traffic.fetchBytes = double(counters[sim::Counter::FetchBytes]);
  const double seconds = report.latencySeconds();
  const double bytes = traffic.total();
  // Without traffic, what reads alone would reach.
  if (bytes == 0)
    traffic.readBytes = 1;
  const Limits limits = limitsOf(report.target);
  return {seconds > 0 ? bytes / seconds : 0,
          traffic.total() / limits.cycles(traffic) *
              double(report.target.clock.frequency_hz),
          limits.limit(traffic)};
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
  const std::vector<double> a = numbersOf(value), b = numbersOf(reference);
  TensorError error;
  double ab = 0, aa = 0, bb = 0, squares = 0, referenceSquares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] ? std::isinf(a[i]) : std::isnan(a[i]) && std::isnan(b[i]))
      continue;
    const double difference = std::abs(a[i] - b[i]);
    error.maxAbsolute = std::isnan(difference)
                            ? difference
                            : std::max(error.maxAbsolute, difference);
    squares += difference * difference;
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    if (std::isfinite(b[i])) {
      referenceSquares += b[i] * b[i];
      error.referenceLargest = std::max(error.referenceLargest, std::abs(b[i]));
    }
  }
  if (squares == 0 && differBeyondDouble(value, reference))
    squares = error.maxAbsolute = 1;
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
