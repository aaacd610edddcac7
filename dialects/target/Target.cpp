// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Targets from names, files and assignments, and what they turn into: JSON, a
// hash, the RTL's configuration.

#include "dialects/target/Target.h"

#include "dialects/target/Sha256.h"
#include "dialects/target/Tables.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace tilework::target {
namespace {

/// Files may name a base, which may name another; nobody needs more.
constexpr unsigned kMaxBases = 8;

std::string knownKey(const std::string &key) {
  std::vector<std::string> keys;
  for (const ParameterInfo &parameter : parameters())
    keys.push_back(parameter.key);
  const std::string near = nearestName(key, keys);
  return near.empty() ? "; `tilework targets` lists all of them"
                      : "; did you mean '" + near + "'?";
}

bool isFile(const std::string &specification) {
  return specification.find('/') != std::string::npos ||
         specification.find(".y") != std::string::npos;
}

void setOne(Target &target, const std::string &key, const std::string &text) {
  const ParameterInfo *parameter = findParameter(key);
  if (!parameter)
    throw TargetError("there is no parameter '" + key + "'" + knownKey(key));
  if (!parameter->isInteger()) {
    *parameter->choice(target) = text;
    return;
  }
  try {
    *parameter->integer(target) = parseNumber(text, parameter->unit);
  } catch (const TargetError &error) {
    throw TargetError(key + ": " + error.what());
  }
}

/// Sets what was written, the standard first: what it implies gives way to what
/// is written beside it.
void setAll(Target &target, const std::vector<Override> &overrides) {
  for (const auto &[key, value] : overrides)
    if (key == "dram.standard") {
      setOne(target, key, value);
      if (const StandardInfo *standard = findStandard(value))
        for (const StandardValue &implied : standard->values)
          *findParameter(implied.key)->integer(target) = implied.value;
    }
  for (const auto &[key, value] : overrides)
    setOne(target, key, value);
}

void refuseProblems(const Target &target, const std::string &origin) {
  const std::vector<std::string> problems = target.problems();
  if (problems.empty())
    return;
  std::string message =
      origin + ": " +
      (problems.size() == 1 ? ""
                            : std::to_string(problems.size()) + " problems: ");
  for (size_t i = 0; i < problems.size(); ++i)
    message += (i ? "\n  " : "") + problems[i];
  throw TargetError(message);
}

/// The assignments of a file; `name`, `like` and `base` are taken out.
struct File {
  std::string name, like, base;
  std::vector<Override> values;
};

std::string where(const std::string &origin, const YAML::Node &node) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? origin : origin + ":" + std::to_string(mark.line + 1);
}

std::string scalar(const YAML::Node &node, const std::string &key,
                   const std::string &origin) {
  if (!node.IsScalar())
    throw TargetError(where(origin, node) + ": " + key + " must be one value");
  return node.Scalar();
}

void addValue(File &file, const std::string &key, const YAML::Node &node,
              const std::string &origin) {
  if (!findParameter(key))
    throw TargetError(where(origin, node) + ": there is no parameter '" + key +
                      "'" + knownKey(key));
  for (const Override &earlier : file.values)
    if (earlier.first == key)
      throw TargetError(where(origin, node) + ": " + key + " is set twice");
  file.values.emplace_back(key, scalar(node, key, origin));
}

File parseFile(const std::string &text, const std::string &origin) {
  File file;
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception &error) {
    throw TargetError(origin + ":" + std::to_string(error.mark.line + 1) +
                      ": " + error.msg);
  }
  if (!root.IsMap())
    throw TargetError(origin + ": a target file is a map of blocks; `tilework "
                               "targets --schema` shows its form");
  for (const auto &item : root) {
    if (!item.first.IsScalar())
      throw TargetError(where(origin, item.first) + ": a key must be one word");
    const std::string key = item.first.Scalar();
    if (key == "name") {
      file.name = scalar(item.second, key, origin);
      for (unsigned char c : file.name)
        if (c < ' ')
          throw TargetError(where(origin, item.second) +
                            ": a name stands on one line");
    } else if (key == "like")
      file.like = scalar(item.second, key, origin);
    else if (key == "base")
      file.base = scalar(item.second, key, origin);
    else if (!item.second.IsMap())
      addValue(file, key, item.second, origin);
    else
      for (const auto &inner : item.second)
        addValue(file, key + "." + scalar(inner.first, key, origin),
                 inner.second, origin);
  }
  return file;
}

Target fromText(const std::string &text, const std::string &origin,
                const std::string &folder, unsigned depth);

std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (!stream.is_open() || stream.bad())
    throw TargetError("cannot read the target file '" + path +
                      "': " + std::strerror(errno));
  if (text.empty())
    throw TargetError("the target file '" + path + "' is empty");
  return text;
}

Target named(const std::string &name, const std::string &folder,
             unsigned depth) {
  if (isFile(name)) {
    const std::string path =
        name[0] == '/' || folder == "." ? name : folder + "/" + name;
    const size_t slash = path.rfind('/');
    return fromText(readFile(path), path,
                    slash == std::string::npos ? "." : path.substr(0, slash),
                    depth);
  }
  std::string list;
  for (const PresetInfo &preset : presets()) {
    if (name == preset.name)
      return fromText(preset.yaml, "built-in target " + name, ".", depth);
    list += (list.empty() ? "" : ", ") + std::string(preset.name);
  }
  const std::string near = nearestName(name, Target::presetNames());
  throw TargetError("there is no target '" + name + "'" +
                    (near.empty() ? "." : "; did you mean '" + near + "'?") +
                    " Built in: " + list + "; or give a .yaml file");
}

/// What a file without a name is called: its own, without folder and ending.
std::string stem(const std::string &path) {
  const size_t slash = path.rfind('/');
  const std::string file =
      slash == std::string::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.rfind('.'));
}

Target fromText(const std::string &text, const std::string &origin,
                const std::string &folder, unsigned depth) {
  if (depth == 0)
    throw TargetError(origin + ": more than " + std::to_string(kMaxBases) +
                      " files that each name a base");
  const File file = parseFile(text, origin);
  Target target;
  if (!file.base.empty())
    target = named(file.base, folder, depth - 1);
  target.name = file.name.empty() ? stem(origin) : file.name;
  target.like = file.like;
  try {
    setAll(target, file.values);
  } catch (const TargetError &error) {
    throw TargetError(origin + ": " + error.what());
  }
  refuseProblems(target, origin);
  return target;
}

Override split(const std::string &assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0 ||
      equals + 1 == assignment.size())
    throw TargetError("'" + assignment +
                      "' is no assignment: write key=value, as in "
                      "scratchpad.size_bytes=256K");
  return {assignment.substr(0, equals), assignment.substr(equals + 1)};
}

} // namespace

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

const std::vector<std::string> &Target::presetNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const PresetInfo &preset : presets())
      list.push_back(preset.name);
    return list;
  }();
  return names;
}

Target Target::load(const std::string &specification) {
  std::stringstream words(specification);
  std::string word;
  if (!std::getline(words, word, ',') || word.empty())
    throw TargetError("no target named: write a name or a .yaml file, then "
                      "key=value after commas");
  Target target = named(word, ".", kMaxBases);
  std::vector<std::string> assignments;
  while (std::getline(words, word, ','))
    assignments.push_back(word);
  target.apply(assignments);
  return target;
}

Target Target::preset(const std::string &name) {
  return isFile(name) ? throw TargetError("'" + name +
                                          "' is a file, not a built-in target")
                      : named(name, ".", kMaxBases);
}

Target Target::fromYaml(const std::string &text, const std::string &origin,
                        const std::string &folder) {
  return fromText(text, origin, folder, kMaxBases);
}

void Target::apply(const std::vector<Override> &overrides) {
  if (overrides.empty())
    return;
  for (size_t i = 0; i < overrides.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (overrides[i].first == overrides[j].first)
        throw TargetError(overrides[i].first + " is set twice, to " +
                          overrides[j].second + " and to " +
                          overrides[i].second + ": leave one");
  Target changed = *this;
  setAll(changed, overrides);
  refuseProblems(changed, name);
  *this = std::move(changed);
}

void Target::apply(const std::vector<std::string> &assignments) {
  std::vector<Override> overrides;
  for (const std::string &assignment : assignments)
    overrides.push_back(split(assignment));
  apply(overrides);
}

//===----------------------------------------------------------------------===//
// What a target turns into
//===----------------------------------------------------------------------===//

nlohmann::json Target::toJson() const {
  nlohmann::json out = {{"name", name}};
  if (!like.empty())
    out["like"] = like;
  for (const ParameterInfo &parameter : parameters())
    out[parameter.block][parameter.name] = parameter.jsonValue(*this);
  return out;
}

std::string Target::toYaml() const {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << name;
  if (!like.empty())
    out << YAML::Key << "like" << YAML::Value << like;
  std::string block;
  for (const ParameterInfo &parameter : parameters()) {
    if (block != parameter.block) {
      if (!block.empty())
        out << YAML::EndMap;
      block = parameter.block;
      out << YAML::Key << block << YAML::Value << YAML::BeginMap;
    }
    out << YAML::Key << parameter.name << YAML::Value << parameter.value(*this);
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

nlohmann::json Target::legality() const {
  nlohmann::json out = nlohmann::json::object();
  for (const ParameterInfo &parameter : parameters())
    if (parameter.parameterClass == ParameterClass::Legality)
      out[parameter.key] = parameter.jsonValue(*this);
  return out;
}

// nlohmann's objects are sorted by key and dump() writes no spaces: that is the
// canonical form.
std::string Target::legalityHash() const {
  return Sha256::of(legality().dump());
}

std::vector<std::string>
Target::legalityDifferences(const nlohmann::json &program) const {
  std::vector<std::string> out;
  const nlohmann::json own = legality();
  for (const auto &[key, value] : own.items()) {
    if (!program.is_object() || !program.contains(key))
      out.push_back("the program does not say what " + key +
                    " it was compiled for");
    else if (program[key] != value)
      out.push_back("the program was compiled for " + key + " = " +
                    program[key].dump() + ", " + name + " has " + value.dump());
  }
  if (program.is_object())
    for (const auto &[key, value] : program.items())
      if (!own.contains(key))
        out.push_back("the program depends on " + key +
                      ", which this version does not know");
  return out;
}

double Target::dramBytesPerCycle() const {
  const double dramBytes =
      dramBandwidthBytesPerSecond() / double(clock.frequency_hz);
  return std::min(dramBytes, double(axi.ports * axi.data_bytes));
}

std::string Target::configPackage() const {
  std::ostringstream out;
  out << "// Generated for the target " << name
      << ": do not edit.\n\npackage tw_config_pkg;\n\n"
      << "  // No design uses every figure.\n  /* verilator lint_off "
         "UNUSEDPARAM */\n";
  auto line = [&](const std::string &rtl, uint64_t value,
                  const std::string &sentence) {
    out << "  localparam int unsigned " << rtl << " = 32'd" << value << ";  // "
        << sentence << "\n";
  };
  for (const ParameterInfo &parameter : parameters())
    if (*parameter.rtl)
      line(parameter.rtl, *parameter.integer(const_cast<Target &>(*this)),
           parameter.sentence);
  line("Lanes", lanes(),
       "Lanes of 16 bits in a scratchpad row: max(Rows, Columns).");
  line("ScratchpadRowsPerBank", scratchpadRowsPerBank(),
       "Rows of a scratchpad bank.");
  line("AccumulatorRowsPerBank", accumulatorRowsPerBank(),
       "Rows of an accumulator bank.");
  line("RowBits", 8 * scratchpadRowBytes(), "Bits of a scratchpad row.");
  line("RowBytes", scratchpadRowBytes(), "Bytes of a scratchpad row.");
  line("SumBits", 8 * accumulatorRowBytes(), "Bits of an accumulator row.");
  out << "  /* verilator lint_on UNUSEDPARAM */\n\nendpackage\n";
  return out.str();
}

bool operator==(const Target &a, const Target &b) {
  return a.toJson() == b.toJson();
}

} // namespace tilework::target
