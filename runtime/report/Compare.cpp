// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Latency first, then what may have moved it.

#include "runtime/report/Compare.h"

#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace tilework {

namespace {

using nlohmann::json;

constexpr const char *kCycles = "cycles";

/// Of all that is read below, so that nothing in a report can be a surprise.
void requireReport(const json &report, const std::string &name) {
  const auto has = [](const json &object, const char *key, auto isKind) {
    return object.contains(key) && (object.at(key).*isKind)();
  };
  const auto isChip = [&](const char *key) {
    return has(report, key, &json::is_object) &&
           has(report.at(key), "parameters", &json::is_object);
  };
  bool legal = report.is_object() &&
               has(report, "cycles", &json::is_number_unsigned) &&
               has(report, "latency_s", &json::is_number) &&
               has(report, "units", &json::is_object);
  if (legal)
    for (const json &unit : report.at("units"))
      legal &= unit.is_object() &&
               (!unit.contains("stalls") || unit.at("stalls").is_object());
  if (!legal)
    throw UserError(name + " is no report of a simulation");
  if (!isChip("target") ||
      (report.contains("planned_for") && !isChip("planned_for")))
    throw UserError(name + " does not say which chip it speaks of: another "
                           "version wrote it; simulate again");
  if (!has(report, "counters", &json::is_object))
    throw UserError(name + " has no counters: another version wrote it; "
                           "simulate again");
}

json chips(const json &a, const json &b) {
  json differences = json::object();
  auto chip = [&](const char *which, const std::string &prefix) {
    const json &first = a.contains(which) ? a.at(which) : a.at("target");
    const json &second = b.contains(which) ? b.at(which) : b.at("target");
    for (const auto &[key, value] : first.at("parameters").items()) {
      const json other = second.at("parameters").value(key, json());
      if (other != value)
        differences[prefix + key] = {value, other};
    }
  };
  chip("target", "");
  if (a.contains("planned_for") || b.contains("planned_for"))
    chip("planned_for", "planned for ");
  return differences;
}

/// {figure: cycles or bytes}.
std::map<std::string, double> figures(const json &report) {
  std::map<std::string, double> values = {{kCycles, report.at("cycles")}};
  const auto add = [&](const std::string &name, const json &value) {
    if (value.is_number())
      values[name] = value;
  };
  const json counters = report.value("counters", json::object());
  for (const auto &[name, sum] : counters.items())
    add(name, sum);
  for (const auto &[unit, figures] : report.at("units").items()) {
    add(unit + ".busy", figures.value("busy", json()));
    const json stalls = figures.value("stalls", json::object());
    for (const auto &[cause, cycles] : stalls.items())
      add(unit + "." + cause, cycles);
  }
  return values;
}

json changes(const json &a, const json &b) {
  std::map<std::string, std::pair<double, double>> pairs;
  for (const auto &[name, value] : figures(a))
    pairs[name].first = value;
  for (const auto &[name, value] : figures(b))
    pairs[name].second = value;
  json rows = json::array();
  for (const auto &[name, pair] : pairs)
    if (pair.first != pair.second)
      rows.push_back({{"figure", name},
                      {"first", int64_t(pair.first)},
                      {"second", int64_t(pair.second)}});
  std::stable_sort(rows.begin(), rows.end(), [](const json &x, const json &y) {
    const auto change = [](const json &row) {
      return std::abs(double(row.at("second")) - double(row.at("first")));
    };
    return change(x) > change(y);
  });
  return rows;
}

/// " (+1.5 %)"; empty where there was nothing before, or nothing moved.
std::string percentText(double before, double after) {
  char text[32] = "";
  if (before > 0 && before != after)
    std::snprintf(text, sizeof(text), " (%+.1f %%)",
                  100 * (after - before) / before);
  return text;
}

/// Latency decides what is faster: chips may have different clocks.
std::string latencyLines(const json &comparison) {
  const double before = comparison.at("latency_s").at(0),
               after = comparison.at("latency_s").at(1);
  const uint64_t first = comparison.at(kCycles).at(0),
                 second = comparison.at(kCycles).at(1);
  std::string text =
      "  latency: " + secondsText(before) + " → " + secondsText(after);
  char speedup[48] = "";
  if (before > 0 && after > 0 && before != after)
    std::snprintf(speedup, sizeof(speedup), ": %.3g × as fast, %s",
                  before / after, after < before ? "faster" : "slower");
  return text + speedup + "\n  cycles: " + withCommas(first) + " → " +
         withCommas(second) + percentText(double(first), double(second)) + "\n";
}

} // namespace

json compareReports(const json &first, const json &second,
                    const std::string &firstName,
                    const std::string &secondName) {
  requireReport(first, firstName);
  requireReport(second, secondName);
  json comparison = {{"chips", chips(first, second)},
                     {"warnings", json::array()}};
  for (const auto &[key, what] :
       {std::pair("model_sha256", "models"), std::pair("shapes", "shapes"),
        std::pair("inputs_sha256", "inputs")})
    if (first.value(key, json()) != second.value(key, json()))
      comparison["warnings"].push_back(
          std::string("the two reports speak of different ") + what);
  const json a = first.value("outputs_sha256", json()),
             b = second.value("outputs_sha256", json());
  comparison["bytes"] = a.is_null() || b.is_null() ? "not computed"
                        : a == b                   ? "equal"
                                                   : "different";
  comparison["cycles"] = {first.at("cycles"), second.at("cycles")};
  comparison["latency_s"] = {first.at("latency_s"), second.at("latency_s")};
  const double before = first.at("latency_s"), after = second.at("latency_s");
  comparison["speedup"] = after > 0 ? json(before / after) : json();
  comparison["changes"] = changes(first, second);
  comparison["equal"] = comparison["changes"].empty() && before == after;
  return comparison;
}

std::string comparisonText(const json &comparison, size_t most) {
  std::string text = latencyLines(comparison);
  for (const auto &[key, values] : comparison.at("chips").items())
    text += "  chip: " + printable(key) + " " + values.at(0).dump() + " → " +
            values.at(1).dump() + "\n";
  text +=
      "  bytes of the outputs: " + comparison.at("bytes").get<std::string>() +
      "\n";
  size_t shown = 0;
  for (const json &row : comparison.at("changes")) {
    if (row.at("figure") == kCycles)
      continue;
    if (most && shown++ == most)
      break;
    const double before = row.at("first"), after = row.at("second");
    text += "  " + printable(row.at("figure").get<std::string>()) + ": " +
            roundedText(before) + " → " + roundedText(after) +
            percentText(before, after) + "\n";
  }
  if (comparison.at("equal").get<bool>())
    text += "nothing moved\n";
  text.pop_back();
  return text;
}

} // namespace tilework
