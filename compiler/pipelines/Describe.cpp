// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is known without a compilation: the ops of the import, and what a model
// file says of itself.

#include "compiler/Compile.h"
#include "compiler/import/FileKind.h"
#include "compiler/import/Lowering.h"
#include "compiler/import/SourceFiles.h"
#include "dialects/isa/Printable.h"

#include <algorithm>
#include <set>

namespace tilework {

namespace {

ModelDescription::Value describe(const onnx::ValueInfo &info) {
  ModelDescription::Value value;
  value.name = legalUtf8(info.name);
  value.type =
      info.isTensor ? std::string(elementTypeName(info.type)) : "no tensor";
  for (const onnx::Dim &dim : info.shape)
    value.shape.push_back(dim.value          ? std::to_string(*dim.value)
                          : dim.name.empty() ? "?"
                                             : legalUtf8(dim.name));
  if (!info.hasShape)
    value.shape.push_back("…");
  return value;
}

bool isSize(const std::string &text) {
  return text.find_first_not_of("0123456789") == std::string::npos;
}

/// --dim for the names of axes that no --shape fixes.
std::string sizeOptions(const ModelDescription &model) {
  using OpenAxis = ModelDescription::OpenAxis;
  std::set<std::string> shaped, dims;
  for (const OpenAxis &axis : model.openAxes)
    if (axis.name.empty())
      shaped.insert(axis.input);
  for (const OpenAxis &axis : model.openAxes)
    if (!shaped.count(axis.input))
      dims.insert(axis.name);
  std::string text;
  for (const std::string &name : dims)
    text += " --dim " + printable(name) + "=N";
  for (const ModelDescription::Value &input : model.inputs)
    if (shaped.count(input.name)) {
      std::string sizes;
      for (const std::string &size : input.shape)
        sizes += (sizes.empty() ? "" : "x") + (size == "…"    ? "NxN…"
                                               : isSize(size) ? size
                                                              : "N");
      text += " --shape " + printable(input.name) + "=" + sizes;
    }
  return text;
}

} // namespace

std::vector<OperatorInfo> operators() {
  std::vector<OperatorInfo> list;
  for (const OpEntry &entry : opEntries())
    list.push_back({entry.domain, entry.op, entry.since, entry.until});
  std::sort(list.begin(), list.end(),
            [](const OperatorInfo &a, const OperatorInfo &b) {
              return std::tie(a.domain, a.op) < std::tie(b.domain, b.op);
            });
  return list;
}

std::optional<ModelDescription> describeModel(const ModelSource &source,
                                              std::string &error) {
  SourceFiles files;
  if (source.path.empty())
    files.addBorrowed(source.bytes, source.name);
  else if (files.addFile(source.path, error) == SourceFiles::kFailed)
    return std::nullopt;
  const std::string name =
      onnx::quoted(source.path.empty() ? source.name : source.path);
  if (std::string kind = otherKindOfFile(files.bytes(0)); !kind.empty()) {
    error = name + " is " + kind;
    return std::nullopt;
  }
  std::optional<onnx::Model> model = onnx::parseModel(files.bytes(0), error);
  if (!model) {
    error = name + ": " + error;
    return std::nullopt;
  }
  ModelDescription description;
  std::string producer(model->producer);
  if (!producer.empty() && !model->producerVersion.empty())
    producer += " ";
  producer += model->producerVersion;
  description.producer = legalUtf8(producer);
  for (const auto &[domain, version] : model->opsets)
    description.opsets[legalUtf8(domain)] = version;
  std::set<std::string_view> constants;
  for (const onnx::Tensor &initializer : model->graph.initializers)
    constants.insert(initializer.name);
  std::set<std::string> open;
  for (const onnx::ValueInfo &input : model->graph.inputs) {
    if (constants.count(input.name))
      continue;
    description.inputs.push_back(describe(input));
    const std::string &name = description.inputs.back().name;
    if (!input.hasShape)
      description.openAxes.push_back({name, -1, ""});
    for (size_t axis = 0; axis < input.shape.size(); ++axis)
      if (const onnx::Dim &dim = input.shape[axis]; !dim.value) {
        description.openAxes.push_back(
            {name, int64_t(axis), legalUtf8(dim.name)});
        if (!dim.name.empty())
          open.insert(legalUtf8(dim.name));
      }
  }
  description.openDimensions = {open.begin(), open.end()};
  description.sizeOptions = sizeOptions(description);
  for (const onnx::ValueInfo &output : model->graph.outputs)
    description.outputs.push_back(describe(output));
  std::set<std::string> unknown;
  for (const onnx::Node &node : model->graph.nodes) {
    const std::string op =
        legalUtf8(node.domain.empty()
                      ? std::string(node.op)
                      : std::string(node.domain) + "." + std::string(node.op));
    ++description.ops[op];
    bool known = node.domain.empty() && (node.op == "If");
    for (const onnx::Function &function : model->functions)
      known |= function.name == node.op && function.domain == node.domain;
    if (!known)
      findOp(node.domain, node.op, 0, known);
    if (!known)
      unknown.insert(op);
  }
  description.unknownOps = {unknown.begin(), unknown.end()};
  return description;
}

} // namespace tilework
