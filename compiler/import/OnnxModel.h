// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model as its messages say it, read in place: strings and tensor
// bytes are views into the file, so a model of any size takes memory for its
// nodes only. The file is not trusted: a truncated, cyclic or over-deep
// message is an error, never a crash.

#ifndef TILEWORK_COMPILER_IMPORT_ONNXMODEL_H
#define TILEWORK_COMPILER_IMPORT_ONNXMODEL_H

#include "dialects/isa/ElementType.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::onnx {

using DataType = ElementType;

/// A constant tensor. Its bytes are raw (`raw`), in an external file
/// (`isExternal`), or decoded from a typed field that cannot be read in place
/// (`decoded`, little-endian as raw bytes would be).
struct Tensor {
  std::string_view name;
  DataType type = DataType::Undefined;
  std::vector<int64_t> dims;
  std::string_view raw;
  bool hasRaw = false;
  std::string decoded;
  bool isExternal = false;
  std::string_view location;
  std::string_view externalOffset, externalLength;
};

struct Graph;

/// AttributeProto; `kind` is the schema's AttributeType.
struct Attribute {
  enum Kind {
    Undefined = 0,
    Float = 1,
    Int = 2,
    String = 3,
    TensorValue = 4,
    GraphValue = 5,
    Floats = 6,
    Ints = 7,
    Strings = 8
  };
  std::string_view name;
  int kind = Undefined;
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::shared_ptr<Tensor> t;
  std::shared_ptr<Graph> g;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
  /// In a function body: the attribute of the calling node to read instead.
  std::string_view refName;
};

struct Node {
  std::string_view name, op, domain, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<Attribute> attributes;
};

/// One dimension: a number, a name, or neither.
struct Dim {
  std::optional<int64_t> value;
  std::string_view name;
};

struct ValueInfo {
  std::string_view name;
  bool isTensor = false;
  DataType type = DataType::Undefined;
  bool hasShape = false;
  std::vector<Dim> shape;
};

struct Graph {
  std::string_view name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs, values;
  bool hasSparseInitializers = false;
};

struct Function {
  std::string_view name, domain, overload;
  std::vector<std::string_view> inputs, outputs, attributes;
  std::vector<Attribute> defaults;
  std::vector<Node> nodes;
  std::map<std::string_view, int64_t> opsets;
};

struct Model {
  int64_t irVersion = 0;
  std::string_view producer, producerVersion;
  std::map<std::string_view, int64_t> opsets;
  Graph graph;
  std::vector<Function> functions;
};

/// Reads a model from bytes, which must outlive it. On failure returns nothing
/// and sets `error` to a sentence that says what is wrong with the file.
std::optional<Model> parseModel(std::string_view bytes, std::string &error);

/// The same of a function alone; nothing where it is damaged.
std::optional<Function> parseFunction(std::string_view bytes);

/// The text with everything but printable ASCII written as \xNN, quoted, and
/// cut after 120 characters: names in a model are whatever its author wrote.
std::string quoted(std::string_view text);

} // namespace tilework::onnx

#endif // TILEWORK_COMPILER_IMPORT_ONNXMODEL_H
