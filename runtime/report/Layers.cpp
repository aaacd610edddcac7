// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Joins who owned the cycles with the work that the compiler noted.

#include "runtime/report/Layers.h"

#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"
#include "runtime/Attribution.h"
#include "runtime/Error.h"
#include "runtime/report/Bound.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace tilework {

namespace {

using nlohmann::json;

constexpr const char *kCounts[] = {"cycles",   "systolic_array", "vector_unit",
                                   "load_dma", "store_dma",      "macs",
                                   "retired",  "read_bytes",     "write_bytes"};
constexpr const char *kColumns[] = {
    "node",           "op",          "block",        "shape",       "count",
    "cycles",         "share",       "bound_cycles", "bound_limit", "macs",
    "systolic_array", "vector_unit", "load_dma",     "store_dma",   "retired",
    "read_bytes",     "write_bytes", "nodes"};

/// "/layer.3/attention/MatMul_12" as "/layer.*/attention/MatMul_*".
std::string blockOf(const std::string &node) {
  std::string block;
  for (char c : node)
    if (!std::isdigit(static_cast<unsigned char>(c)))
      block += c;
    else if (block.empty() || block.back() != '*')
      block += '*';
  return block;
}

/// What the compiler noted of the ops whose primary node has one name.
struct NodeWork {
  std::string shape;
  double macs = 0;
  Bound bound;
};

std::map<std::string, NodeWork> workByNode(const isa::Image &image,
                                           const target::Target &target) {
  std::map<std::string, NodeWork> nodes;
  const json *work = workOf(image);
  if (!work || !work->contains("layers"))
    return nodes;
  const Limits limits = limitsOf(target);
  std::map<std::string, double> largest;
  for (const json &layer : work->at("layers")) {
    const std::string name = layer.at("node");
    NodeWork &node = nodes[name];
    const Bound bound = boundOf(layer, limits);
    // A node's ops run one after another: the shape is the longest one's.
    double &most = largest[name];
    if (node.shape.empty() || bound.cycles() > most) {
      node.shape = layer.at("shape");
      most = bound.cycles();
    }
    node.macs += macsOf(layer);
    node.bound.array += bound.array;
    node.bound.weightLoad += bound.weightLoad;
    node.bound.vector += bound.vector;
    if (bound.memory > 0)
      node.bound.memoryLimit = bound.memoryLimit;
    node.bound.memory += bound.memory;
  }
  return nodes;
}

json rowOf(const NodeCycles &cycles, uint64_t total, uint64_t all) {
  json row = {{"op", nullptr},
              {"shape", ""},
              {"nodes", json::array()},
              {"cycles", total},
              {"share", double(total) / double(std::max<uint64_t>(all, 1))},
              {"macs", 0},
              {"bound_cycles", nullptr},
              {"bound_limit", nullptr},
              {"retired", cycles.retired},
              {"read_bytes", cycles.readBytes},
              {"write_bytes", cycles.writeBytes}};
  for (unsigned unit = 0; unit < sim::kUnitCount; ++unit)
    row[sim::unitName(unit)] = cycles.cycles[unit];
  return row;
}

std::string textOf(const json &value) {
  if (value.is_null())
    return "";
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_number_float()) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.6g", value.get<double>());
    return text;
  }
  if (!value.is_array())
    return value.dump();
  std::string text;
  for (const json &item : value)
    text += (text.empty() ? "" : " ") + textOf(item);
  return text;
}

/// Of characters, not bytes.
size_t widthOf(const std::string &text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(),
                    [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string &text, size_t width, bool left) {
  const size_t used = widthOf(text);
  const std::string blanks(used < width ? width - used : 0, ' ');
  return left ? text + blanks : blanks + text;
}

} // namespace

json layersReport(const Executable &executable, const RunReport &report) {
  const isa::Image &image = executable.image();
  const uint64_t all = report.result.cycles;
  const Attribution attribution = attribute(image, report.result);
  const std::map<std::string, NodeWork> works =
      workByNode(image, report.target);
  json rows = json::array();
  for (const NodeCycles &cycles : attribution.rows) {
    json row = rowOf(cycles, cycles.total(), all);
    row["node"] = row["block"] = kNoNode;
    if (cycles.node != Provenance::kNone) {
      const std::string &name = image.nodes[cycles.node];
      row["node"] = printable(name);
      row["block"] = printable(blockOf(name));
      if (!image.nodeOps.empty())
        row["op"] = printable(image.nodeOps[cycles.node]);
      if (auto found = works.find(name); found != works.end()) {
        const NodeWork &work = found->second;
        row["shape"] = work.shape;
        row["macs"] = uint64_t(work.macs);
        row["bound_cycles"] = work.bound.cycles();
        row["bound_limit"] = work.bound.limit();
      }
    }
    for (uint32_t node : cycles.nodes)
      row["nodes"].push_back(printable(image.nodes[node]));
    rows.push_back(std::move(row));
  }
  json idle = rowOf({}, attribution.idle, all);
  idle["node"] = idle["block"] = kIdle;
  rows.push_back(std::move(idle));
  return rows;
}

json groupLayers(const json &rows, const std::string &key) {
  if (key != "block" && key != "op" && key != "shape")
    throw UserError("layers are summed by 'block', 'op' or 'shape', not by '" +
                    printable(key) + "'");
  json groups = json::array();
  std::map<std::string, size_t> places;
  std::vector<double> mostBound;
  for (const json &row : rows) {
    const bool isNode = row.at("node") != kNoNode && row.at("node") != kIdle;
    std::string name = textOf(row.at(key));
    if (!isNode)
      name = row.at("node");
    else if (name.empty())
      name = "(unknown)";
    const std::string id = key == "block" ? name + '\n' + textOf(row.at("op")) +
                                                '\n' + textOf(row.at("shape"))
                                          : name;
    const auto [place, fresh] = places.try_emplace(id, groups.size());
    const json &limit = row.at("bound_limit");
    if (fresh) {
      groups.push_back(row);
      groups.back()["node"] = name;
      groups.back()["count"] = 1;
      mostBound.push_back(limit.is_null() ? 0 : double(row["bound_cycles"]));
      continue;
    }
    json &group = groups[place->second];
    group["count"] = group["count"].get<uint64_t>() + 1;
    for (const char *count : kCounts)
      group[count] =
          group[count].get<uint64_t>() + row.at(count).get<uint64_t>();
    group["share"] = group["share"].get<double>() + double(row.at("share"));
    for (const json &node : row.at("nodes"))
      group["nodes"].push_back(node);
    for (const char *same : {"op", "block", "shape"})
      if (group[same] != row.at(same))
        group[same] = same == std::string("op") ? json() : json("");
    if (limit.is_null())
      continue;
    const double bound = row.at("bound_cycles");
    group["bound_cycles"] =
        bound +
        (group["bound_cycles"].is_null() ? 0.0 : double(group["bound_cycles"]));
    if (bound > mostBound[place->second]) {
      mostBound[place->second] = bound;
      group["bound_limit"] = limit;
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const json &a, const json &b) {
                     return a.at("cycles") > b.at("cycles");
                   });
  return groups;
}

std::string layersTable(const json &groups) {
  constexpr size_t kWidest = 44;
  std::vector<std::vector<std::string>> lines = {{"block", "op", "shape",
                                                  "count", "cycles", "share",
                                                  "× bound", "limit", "MACs"}};
  uint64_t sum = 0;
  for (const json &group : groups) {
    sum += group.at("cycles").get<uint64_t>();
    std::string name = group.at("node");
    if (name.size() > kWidest && widthOf(name) == name.size())
      name = "…" + name.substr(name.size() - kWidest + 1);
    char share[16], ratio[16] = "";
    std::snprintf(share, sizeof(share), "%.1f %%",
                  100 * group.at("share").get<double>());
    const json &bound = group.at("bound_cycles");
    if (!bound.is_null() && bound.get<double>() > 0)
      std::snprintf(ratio, sizeof(ratio), "%.2f",
                    double(group.at("cycles")) / bound.get<double>());
    const double macs = group.at("macs");
    lines.push_back({name, textOf(group.at("op")), textOf(group.at("shape")),
                     std::to_string(group.value("count", 1)),
                     withCommas(group.at("cycles")), share, ratio,
                     *ratio ? textOf(group.at("bound_limit")) : "",
                     macs > 0 ? roundedText(macs) : ""});
  }
  lines.push_back({"sum", "", "", "", withCommas(sum), "", "", "", ""});
  std::vector<size_t> widths(lines.front().size());
  for (const auto &line : lines)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], widthOf(line[i]));
  std::string text;
  for (const auto &line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const bool left = i < 3 || i == 7;
      row += (i ? "  " : "") + padded(line[i], widths[i], left);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string layersCsv(const json &rows) {
  std::string text;
  auto line = [&text](auto &&cell) {
    std::string row;
    for (const char *column : kColumns) {
      std::string value = cell(column);
      // A spreadsheet would take it for a formula.
      if (!value.empty() && std::string("=+-@").find(value[0]) != value.npos)
        value.insert(0, "'");
      if (value.find_first_of(",\"\r\n") != value.npos) {
        for (size_t i = 0; (i = value.find('"', i)) != value.npos; i += 2)
          value.insert(i, "\"");
        value = '"' + value + '"';
      }
      row += (row.empty() && column == kColumns[0] ? "" : ",") + value;
    }
    text += row + "\r\n";
  };
  line([](const char *column) { return std::string(column); });
  for (const json &row : rows)
    line([&row](const char *column) {
      return row.contains(column)             ? textOf(row.at(column))
             : column == std::string("count") ? std::string("1")
                                              : std::string();
    });
  return text;
}

} // namespace tilework
