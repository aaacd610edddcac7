// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bound as sums over the work, each over what the target lets through.

#include "runtime/report/Bound.h"

#include "sim/machine/TargetGeometry.h"
#include "sim/systemc/Dma.h"
#include "sim/systemc/InstructionBuffer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tilework {

namespace {

using nlohmann::json;

double ceilDiv(double a, double b) { return std::ceil(a / b); }

using Named = std::pair<double, const char *>;

Named longest(const Limits &limits, const Traffic &traffic) {
  const double read = traffic.readBytes, write = traffic.writeBytes,
               fetch = traffic.fetchBytes;
  return std::max(
      {Named(traffic.total() / limits.dramBytes, "dram"),
       Named(std::max(read + fetch, write) / limits.axiBytes, "axi"),
       Named(read / limits.pathBytes, "load path"),
       Named(write / limits.pathBytes, "store path"),
       Named(std::max(read / limits.readWindowBytes,
                      write / limits.writeWindowBytes),
             "bursts under way"),
       Named(fetch / limits.fetchWindowBytes, "fetch")},
      [](const Named &a, const Named &b) {
        return a.first < b.first; // the first of equals stays
      });
}

/// Whether `work` has what boundOf reads.
bool isWhole(const json &work) {
  auto isNumber = [](const json &value) { return value.is_number(); };
  if (!work.is_object() || !work.contains("matmuls") ||
      !work.at("matmuls").is_array())
    return false;
  for (const char *name :
       {"vector_elements", "compulsory_read_bytes", "compulsory_write_bytes"})
    if (!work.contains(name) || !isNumber(work.at(name)))
      return false;
  // A layer has neither.
  if (work.contains("partial_macs") && !isNumber(work.at("partial_macs")))
    return false;
  if (work.contains("reused_weights"))
    for (const json &weight : work.at("reused_weights"))
      if (!weight.is_array() || weight.size() != 2 ||
          !std::all_of(weight.begin(), weight.end(), isNumber))
        return false;
  for (const json &matmul : work.at("matmuls"))
    if (!matmul.is_array() || matmul.size() != 5 ||
        !std::all_of(matmul.begin(), matmul.end(), isNumber))
      return false;
  return true;
}

bool areLayers(const json &layers) {
  auto isText = [](const json &layer, const char *name) {
    return layer.contains(name) && layer.at(name).is_string();
  };
  return layers.is_array() &&
         std::all_of(layers.begin(), layers.end(), [&](const json &layer) {
           return isWhole(layer) && isText(layer, "node") &&
                  isText(layer, "shape");
         });
}

} // namespace

double Limits::cycles(const Traffic &traffic) const {
  return longest(*this, traffic).first;
}

const char *Limits::limit(const Traffic &traffic) const {
  return longest(*this, traffic).second;
}

Limits limitsOf(const target::Target &target) {
  Limits limits;
  const double period = double(target.clockPeriodPs());
  const auto inTime = [&](double bytes, uint64_t picoseconds) {
    return bytes * period / double(std::max<uint64_t>(picoseconds, 1));
  };
  limits.rows = double(target.systolic_array.rows);
  limits.columns = double(target.systolic_array.columns);
  limits.weightRows = double(target.systolic_array.weight_rows_per_cycle);
  limits.vectorElements = double(target.vector_unit.lanes);
  limits.scratchpadBytes = double(target.scratchpad.size_bytes);
  const double ports = double(target.axi.ports);
  limits.dramBytes =
      inTime(double(target.dram.channels) * double(target.dram.access_bytes),
             target.dramAccessPs());
  limits.axiBytes = ports * double(target.axi.data_bytes);
  limits.pathBytes = double(target.scratchpadRowBytes());
  const sim::DmaShape dma(sim::geometryOf(target));
  const double window = double(dma.outstandingBursts) * double(dma.burstBytes);
  limits.readWindowBytes =
      inTime(ports * std::min(window, double(target.dma.buffer_bytes)),
             target.dram.read_latency_ps);
  limits.writeWindowBytes =
      inTime(ports * window, target.dram.write_latency_ps);
  limits.fetchWindowBytes =
      inTime(double(sim::InstructionBuffer::kMaxInflight) *
                 double(sim::MemoryPorts::kFetchLineBytes),
             target.dram.read_latency_ps);
  return limits;
}

double Bound::cycles() const { return std::max({array, vector, memory}); }

const char *Bound::limit() const {
  if (array >= std::max(vector, memory))
    return 2 * weightLoad > array ? "weight load" : "array";
  return vector >= memory ? "vector" : memoryLimit;
}

json Bound::report() const {
  return {{"cycles", cycles()},
          {"array_cycles", array},
          {"weight_load_cycles", weightLoad},
          {"vector_cycles", vector},
          {"dram_cycles", memory}};
}

const json *workOf(const isa::Image &image) {
  auto work = image.statistics.find("work");
  if (work == image.statistics.end())
    return nullptr;
  if (!isWhole(*work) ||
      (work->contains("layers") && !areLayers(work->at("layers"))))
    throw isa::ImageError("damaged program: the work that the compiler noted "
                          "is not whole; compile the model again");
  return &*work;
}

Bound boundOf(const json &work, const Limits &limits) {
  Bound bound;
  const double load = limits.rows / limits.weightRows;
  for (const json &matmul : work.at("matmuls")) {
    const double m = matmul.at(0), k = matmul.at(1), n = matmul.at(2);
    const double rows = limits.rows * (matmul.at(3) != 0 ? 2 : 1);
    // Either side may stay in the array.
    const auto cycles = [&](double streamed, double staying) {
      const double blocks = ceilDiv(k, rows) * ceilDiv(staying, limits.columns);
      return std::pair(blocks * std::max(streamed, load),
                       blocks * std::max(load - streamed, 0.0));
    };
    const auto [whole, waiting] = std::min(cycles(m, n), cycles(n, m));
    bound.array += double(matmul.at(4)) * whole;
    bound.weightLoad += double(matmul.at(4)) * waiting;
  }
  bound.array +=
      work.value("partial_macs", 0.0) / (limits.rows * limits.columns);
  bound.vector = double(work.at("vector_elements")) / limits.vectorElements;
  Traffic traffic = trafficOf(work);
  if (work.contains("reused_weights"))
    for (const json &weight : work.at("reused_weights"))
      traffic.readBytes +=
          double(weight.at(1)) *
          std::max(double(weight.at(0)) - limits.scratchpadBytes, 0.0);
  bound.memory = limits.cycles(traffic);
  bound.memoryLimit = limits.limit(traffic);
  return bound;
}

double macsOf(const json &work) {
  double macs = work.value("partial_macs", 0.0);
  for (const json &matmul : work.at("matmuls"))
    macs += double(matmul.at(0)) * double(matmul.at(1)) * double(matmul.at(2)) *
            double(matmul.at(4)) / (matmul.at(3) != 0 ? 2 : 1);
  return macs;
}

Traffic trafficOf(const json &work) {
  return {work.at("compulsory_read_bytes"), work.at("compulsory_write_bytes")};
}

std::optional<Bound> boundOf(const isa::Image &image,
                             const target::Target &target) {
  const json *work = workOf(image);
  if (!work)
    return std::nullopt;
  return boundOf(*work, limitsOf(target));
}

std::optional<double> macUtilization(const isa::Image &image,
                                     const target::Target &target,
                                     uint64_t cycles) {
  const json *work = workOf(image);
  if (!work || cycles == 0)
    return std::nullopt;
  const Limits limits = limitsOf(target);
  return macsOf(*work) / (limits.rows * limits.columns * double(cycles));
}

} // namespace tilework
