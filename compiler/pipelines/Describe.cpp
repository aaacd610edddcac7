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
    for (const onnx::Dim &dim : input.shape)
      if (!dim.value && !dim.name.empty())
        open.insert(legalUtf8(dim.name));
  }
  description.openDimensions = {open.begin(), open.end()};
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
