// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fixes the shapes of a model's inputs from its own dimensions, the user's
// `--dim` and `--shape`, and says what is missing, unknown or contradictory.

#include "compiler/import/Importer.h"
#include "dialects/target/Figures.h"

#include "llvm/ADT/StringExtras.h"

using namespace tilework;
using onnx::quoted;
using Kind = ImportError::Class;

static std::string listOf(const std::set<std::string_view> &names) {
  std::string text;
  for (std::string_view name : names)
    text += (text.empty() ? "" : ", ") + quoted(name);
  return text.empty() ? "none" : text;
}

static std::string statedText(const std::vector<onnx::Dim> &shape) {
  std::string text = "[";
  for (const onnx::Dim &dim : shape) {
    text += text.size() > 1 ? ", " : "";
    text += dim.value          ? std::to_string(*dim.value)
            : dim.name.empty() ? "?"
                               : quoted(dim.name);
  }
  return text + "]";
}

std::optional<std::vector<int64_t>>
Importer::statedShape(const onnx::ValueInfo &info) {
  std::vector<int64_t> shape;
  if (!info.isTensor || !info.hasShape || !values.elementType(info.type))
    return std::nullopt;
  for (const onnx::Dim &dim : info.shape) {
    auto known = dims.find(std::string(dim.name));
    if (dim.value && *dim.value >= 0)
      shape.push_back(*dim.value);
    else if (!dim.name.empty() && known != dims.end())
      shape.push_back(known->second);
    else
      return std::nullopt;
  }
  return shape;
}

std::vector<mlir::RankedTensorType>
Importer::inputTypes(const std::vector<const onnx::ValueInfo *> &inputs) {
  std::set<std::string_view> inputNames, dimNames;
  for (const onnx::ValueInfo *input : inputs) {
    inputNames.insert(input->name);
    if (!input->isTensor)
      fail(Kind::Unsupported, "input " + quoted(input->name) +
                                  " is no tensor; sequences and maps are not "
                                  "supported");
    if (!values.elementType(input->type))
      fail(Kind::Unsupported, "input " + quoted(input->name) +
                                  " has elements "
                                  "of type " +
                                  std::string(elementTypeName(input->type)) +
                                  ", which is not supported");
    for (const onnx::Dim &dim : input->shape)
      if (!dim.value && !dim.name.empty())
        dimNames.insert(dim.name);
  }
  for (const auto &[name, value] : options.dims) {
    if (!dimNames.count(name))
      fail(Kind::User, "--dim " + quoted(name) +
                           ": the model has no such "
                           "symbolic dimension; it has " +
                           listOf(dimNames));
    if (value < 0)
      fail(Kind::User, "--dim " + quoted(name) + "=" + std::to_string(value) +
                           ": a dimension is not negative");
    dims[name] = value;
  }
  // Exporters give one name to dimensions that differ. Where the user gives the
  // shapes, each counts, and the name stands for none of them.
  std::set<std::string> several;
  for (const auto &[name, shape] : options.shapes) {
    auto input =
        llvm::find_if(inputs, [&](auto *i) { return i->name == name; });
    if (input == inputs.end())
      fail(Kind::User, "--shape " + quoted(name) +
                           ": the model has no such "
                           "input; it has " +
                           listOf(inputNames));
    const onnx::ValueInfo &info = **input;
    if (info.hasShape && info.shape.size() != shape.size())
      fail(Kind::User, "--shape " + quoted(name) + " has " +
                           countText(shape.size(), "dimension") +
                           ", the input has " + statedText(info.shape));
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] < 0)
        fail(Kind::User,
             "--shape " + quoted(name) + ": a dimension is not negative");
      if (!info.hasShape)
        continue;
      const onnx::Dim &dim = info.shape[i];
      if (dim.value && *dim.value != shape[i])
        fail(Kind::User, "--shape " + quoted(name) + ": dimension " +
                             std::to_string(i) + " is " +
                             std::to_string(*dim.value) +
                             " in the model, not " + std::to_string(shape[i]));
      if (dim.value || dim.name.empty())
        continue;
      auto [old, fresh] = dims.insert({std::string(dim.name), shape[i]});
      if (fresh || old->second == shape[i])
        continue;
      several.insert(old->first);
      if (options.dims.count(old->first))
        fail(Kind::User, "--shape " + quoted(name) + " makes the dimension " +
                             quoted(dim.name) + " " + std::to_string(shape[i]) +
                             ", but it is " + std::to_string(old->second) +
                             " elsewhere");
    }
  }
  for (const std::string &name : several)
    dims.erase(name);
  std::vector<mlir::RankedTensorType> types;
  std::set<std::string_view> missing;
  std::string unnamed;
  for (const onnx::ValueInfo *input : inputs) {
    auto given = options.shapes.find(std::string(input->name));
    if (given == options.shapes.end() && !input->hasShape)
      unnamed = std::string(input->name);
    std::vector<int64_t> shape;
    if (given != options.shapes.end())
      shape = given->second;
    for (size_t i = 0; given == options.shapes.end() && i < input->shape.size();
         ++i) {
      const onnx::Dim &dim = input->shape[i];
      auto known = dims.find(std::string(dim.name));
      if (dim.value && *dim.value < 0)
        fail(Kind::Invalid, "input " + quoted(input->name) + " has dimension " +
                                std::to_string(i) + " of size " +
                                std::to_string(*dim.value));
      if (!dim.value && dim.name.empty())
        unnamed = std::string(input->name);
      else if (!dim.value && known == dims.end())
        missing.insert(dim.name);
      else
        shape.push_back(dim.value ? *dim.value : known->second);
    }
    if (int64_t(shape.size()) > kMaxRank)
      fail(Kind::Unsupported, "input " + quoted(input->name) + " has " +
                                  countText(shape.size(), "dimension") +
                                  "; up to " + std::to_string(kMaxRank) +
                                  " are supported");
    std::optional<int64_t> count = elementCount(shape);
    if (!count || *count > (int64_t(1) << 40))
      fail(Kind::User, "input " + quoted(input->name) +
                           " is too large: more than 2^40 elements; "
                           "give it a smaller size with --dim or "
                           "--shape (in Python, dims or shapes)");
    types.push_back(
        mlir::RankedTensorType::get(shape, values.elementType(input->type)));
  }
  if (!missing.empty()) {
    std::string example, python;
    for (std::string_view name : missing) {
      example +=
          " --dim " + quoted(name).substr(1, quoted(name).size() - 2) + "=N";
      python += (python.empty() ? "" : ", ") + quoted(name) + ": N";
    }
    fail(Kind::User, "the model leaves the dimension" +
                         std::string(missing.size() > 1 ? "s " : " ") +
                         listOf(missing) + " open; fix " +
                         (missing.size() > 1 ? "them" : "it") + " with" +
                         example + " (in Python, dims={" + python + "})");
  }
  if (!unnamed.empty())
    fail(Kind::User,
         "input " + quoted(unnamed) +
             " has no fixed shape, and no name to fix one by; give it with "
             "--shape " +
             quoted(unnamed).substr(1, quoted(unnamed).size() - 2) +
             "=1x128, or as many sizes as it has (in Python, shapes={" +
             quoted(unnamed) + ": (1, 128)})");
  return types;
}
