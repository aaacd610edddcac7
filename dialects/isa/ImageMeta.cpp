// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entries, bindings, launch steps and provenance as JSON and back. What is read
// is checked against the ranges that the loader and the chip rely on.

#include "dialects/isa/ImageMeta.h"

#include "dialects/isa/Instructions.h"

#include <set>

namespace tilework::isa {

namespace {

using nlohmann::json;

constexpr int kSchema = 2;
constexpr const char *kKinds[] = {"weights", "input", "output", "state",
                                  "scratch"};
constexpr uint64_t kMaxBytes = uint64_t(1) << 40;

[[noreturn]] void refuse(const std::string &what) {
  throw ImageError("damaged program: " + what + "; compile the model again");
}

ElementType parseType(const std::string &name) {
  if (std::optional<ElementType> type = elementTypeNamed(name))
    return *type;
  refuse("element type that does not exist");
}

json toJson(const Tensor &tensor) {
  return {{"name", tensor.name},
          {"type", elementTypeName(tensor.type)},
          {"shape", tensor.shape},
          {"minimum", tensor.minimum},
          {"maximum", tensor.maximum}};
}

Tensor tensorFromJson(const json &value) {
  Tensor tensor;
  tensor.name = value.at("name").get<std::string>();
  tensor.type = parseType(value.at("type").get<std::string>());
  tensor.shape = value.at("shape").get<std::vector<int64_t>>();
  tensor.minimum = value.at("minimum").get<int64_t>();
  tensor.maximum = value.at("maximum").get<int64_t>();
  uint64_t bytes = elementBytes(tensor.type);
  if (int64_t(tensor.shape.size()) > kMaxRank)
    refuse("a tensor of rank " + std::to_string(tensor.shape.size()));
  for (int64_t dimension : tensor.shape)
    if (dimension < 0 ||
        __builtin_mul_overflow(bytes, uint64_t(dimension), &bytes) ||
        bytes > kMaxBytes)
      refuse("a tensor shape that is not possible");
  if (tensor.minimum > tensor.maximum)
    refuse("an empty range of values");
  return tensor;
}

json toJson(const Binding &binding) {
  return {{"name", binding.name},
          {"kind", kKinds[static_cast<unsigned>(binding.kind)]},
          {"segment", binding.segment},
          {"bytes", binding.bytes}};
}

Binding bindingFromJson(const json &value) {
  Binding binding;
  binding.name = value.at("name").get<std::string>();
  binding.segment = value.at("segment").get<uint32_t>();
  binding.bytes = value.at("bytes").get<uint64_t>();
  const std::string kind = value.at("kind").get<std::string>();
  unsigned index = 0;
  while (index < std::size(kKinds) && kind != kKinds[index])
    ++index;
  if (index == std::size(kKinds))
    refuse("a binding of a kind that does not exist");
  binding.kind = static_cast<BindingKind>(index);
  if (binding.segment >= kSegments || binding.bytes > kMaxBytes)
    refuse("a binding out of range");
  return binding;
}

json toJson(const LaunchStep &step) {
  return {{"op", step.op},
          {"inputs", step.inputs},
          {"output", step.output},
          {"attributes", step.attributes}};
}

LaunchStep stepFromJson(const json &value) {
  LaunchStep step;
  step.op = value.at("op").get<std::string>();
  step.inputs = value.at("inputs").get<std::vector<std::string>>();
  step.output = value.at("output").get<std::string>();
  step.attributes = value.at("attributes");
  if (!step.attributes.is_object())
    refuse("launch step attributes that are no object");
  return step;
}

json toJson(const LaunchParameter &parameter) {
  return {{"name", parameter.name},
          {"index", parameter.index},
          {"minimum", parameter.minimum},
          {"maximum", parameter.maximum},
          {"initial", parameter.initial}};
}

LaunchParameter parameterFromJson(const json &value) {
  LaunchParameter parameter;
  parameter.name = value.at("name").get<std::string>();
  parameter.index = value.at("index").get<uint32_t>();
  parameter.minimum = value.at("minimum").get<uint32_t>();
  parameter.maximum = value.at("maximum").get<uint32_t>();
  parameter.initial = value.at("initial").get<uint32_t>();
  if (parameter.index >= kLaunchParameters ||
      parameter.initial < parameter.minimum ||
      parameter.initial > parameter.maximum)
    refuse("a launch parameter out of range");
  return parameter;
}

json toJson(const Entry &entry);
json toJson(const Routine &routine);
json toJson(const ExternalData &data);

template <typename T> json listToJson(const std::vector<T> &items) {
  json list = json::array();
  for (const T &item : items)
    list.push_back(toJson(item));
  return list;
}

template <typename T, typename Read>
std::vector<T> listFromJson(const json &list, Read read) {
  if (!list.is_array())
    refuse("a list is expected");
  std::vector<T> items;
  for (const json &item : list)
    items.push_back(read(item));
  return items;
}

json toJson(const Entry &entry) {
  return {{"name", entry.name},
          {"core", entry.core},
          {"pc", entry.pc},
          {"inputs", listToJson(entry.inputs)},
          {"outputs", listToJson(entry.outputs)},
          {"bindings", listToJson(entry.bindings)},
          {"parameters", listToJson(entry.parameters)},
          {"before", listToJson(entry.before)},
          {"after", listToJson(entry.after)}};
}

Entry entryFromJson(const json &value, const Image &image) {
  Entry entry;
  entry.name = value.at("name").get<std::string>();
  entry.core = value.at("core").get<uint32_t>();
  entry.pc = value.at("pc").get<uint32_t>();
  entry.inputs = listFromJson<Tensor>(value.at("inputs"), tensorFromJson);
  entry.outputs = listFromJson<Tensor>(value.at("outputs"), tensorFromJson);
  entry.bindings = listFromJson<Binding>(value.at("bindings"), bindingFromJson);
  entry.parameters =
      listFromJson<LaunchParameter>(value.at("parameters"), parameterFromJson);
  entry.before = listFromJson<LaunchStep>(value.at("before"), stepFromJson);
  entry.after = listFromJson<LaunchStep>(value.at("after"), stepFromJson);
  if (entry.pc >= image.text.size())
    refuse("an entry outside of the program");
  uint64_t total = 0;
  std::set<std::string> names;
  for (size_t i = 0; i < entry.bindings.size(); ++i) {
    const Binding &binding = entry.bindings[i];
    if (i > 0 && binding.segment < entry.bindings[i - 1].segment)
      refuse("bindings that are not in order of their segments");
    if (!names.insert(binding.name).second)
      refuse("two bindings of one name");
    if (binding.kind == BindingKind::Weights &&
        binding.bytes != image.weights.size)
      refuse("a weight binding of another size than the weights");
    total += alignBinding(binding.bytes);
    if (total > kMaxBytes)
      refuse("bindings larger than the address space");
  }
  return entry;
}

json toJson(const ExternalData &data) {
  return {{"location", data.location}, {"sha256", data.sha256}};
}

ExternalData externalDataFromJson(const json &value) {
  return {value.at("location").get<std::string>(),
          value.at("sha256").get<std::string>()};
}

json toJson(const Routine &routine) {
  return {
      {"name", routine.name}, {"begin", routine.begin}, {"end", routine.end}};
}

Routine routineFromJson(const json &value, const Image &image) {
  Routine routine;
  routine.name = value.at("name").get<std::string>();
  routine.begin = value.at("begin").get<uint32_t>();
  routine.end = value.at("end").get<uint32_t>();
  if (routine.begin >= routine.end || routine.end > image.text.size())
    refuse("a routine outside of the program");
  return routine;
}

} // namespace

json metaToJson(const Image &image) {
  return {{"schema", kSchema},
          {"target", image.targetName},
          {"target_parameters", image.target},
          {"legality", image.legality},
          {"legality_hash", image.legalityHash},
          {"model_hash", image.modelHash},
          {"external_data", listToJson(image.externalData)},
          {"dims", image.dims},
          {"statistics", image.statistics},
          {"routines", listToJson(image.routines)},
          {"entries", listToJson(image.entries)}};
}

void metaFromJson(const json &meta, Image &image) {
  const int schema = meta.at("schema").get<int>();
  if (schema != kSchema)
    throw ImageError("the program has schema " + std::to_string(schema) +
                     " and this version reads schema " +
                     std::to_string(kSchema) + ": compile the model again");
  image.targetName = meta.at("target").get<std::string>();
  image.legality = meta.at("legality");
  image.legalityHash = meta.at("legality_hash").get<std::string>();
  image.modelHash = meta.at("model_hash").get<std::string>();
  if (meta.contains("external_data"))
    image.externalData = listFromJson<ExternalData>(meta.at("external_data"),
                                                    externalDataFromJson);
  image.statistics = meta.at("statistics");
  image.target = meta.at("target_parameters");
  if (!image.target.is_object() || !image.legality.is_object() ||
      !image.statistics.is_object())
    refuse("target, legality or statistics that are no object");
  image.entries =
      listFromJson<Entry>(meta.at("entries"), [&](const json &value) {
        return entryFromJson(value, image);
      });
  if (image.entries.empty())
    refuse("no entry");
  // A program without open dimensions need not say so.
  if (meta.contains("dims"))
    image.dims = meta.at("dims").get<std::map<std::string, int64_t>>();
  // A program without routines need not say so.
  if (meta.contains("routines"))
    image.routines =
        listFromJson<Routine>(meta.at("routines"), [&](const json &value) {
          return routineFromJson(value, image);
        });
}

json provenanceToJson(const Image &image) {
  json ranges = json::array();
  for (const ProvenanceRange &range : image.provenance)
    ranges.push_back({range.begin, range.end, range.context, range.nodes});
  return {{"nodes", image.nodes}, {"ops", image.nodeOps}, {"ranges", ranges}};
}

void provenanceFromJson(const json &provenance, Image &image) {
  image.nodes = provenance.at("nodes").get<std::vector<std::string>>();
  if (provenance.contains("ops"))
    image.nodeOps = provenance.at("ops").get<std::vector<std::string>>();
  if (!image.nodeOps.empty() && image.nodeOps.size() != image.nodes.size())
    refuse("operators for another number of nodes");
  image.provenance = listFromJson<ProvenanceRange>(
      provenance.at("ranges"), [&](const json &value) {
        ProvenanceRange range;
        range.begin = value.at(0).get<uint32_t>();
        range.end = value.at(1).get<uint32_t>();
        range.context = value.at(2).get<uint16_t>();
        range.nodes = value.at(3).get<std::vector<uint32_t>>();
        for (uint32_t node : range.nodes)
          if (node >= image.nodes.size())
            refuse("provenance of a node that does not exist");
        if (range.begin > range.end || range.end > image.text.size())
          refuse("provenance outside of the program");
        return range;
      });
}

} // namespace tilework::isa
