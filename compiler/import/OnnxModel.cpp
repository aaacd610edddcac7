// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the protobuf messages of an ONNX file with protozero. Field numbers
// are those of onnx.proto, which are never reused, so files of every version
// can be read; unknown fields are skipped.

#include "compiler/import/OnnxModel.h"

#include "compiler/import/FileKind.h"

#include <protozero/pbf_reader.hpp>

#include <cstring>
#include <stdexcept>

using namespace tilework::onnx;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

namespace {

/// Graphs inside attributes of nodes of graphs: exporters use two or three.
constexpr unsigned kMaxNesting = 16;
/// Far above any real tensor; keeps a hostile list of dimensions short.
constexpr size_t kMostDimensions = 64;

/// What is wrong with the file, thrown inside this file only.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string_view view(pbf_reader &reader) {
  protozero::data_view data = reader.get_view();
  return {data.data(), data.size()};
}

void require(pbf_reader &reader, pbf_wire_type type) {
  if (reader.wire_type() != type)
    throw protozero::unknown_pbf_wire_type_exception{};
}

std::string_view text(pbf_reader &reader) {
  require(reader, pbf_wire_type::length_delimited);
  return view(reader);
}

pbf_reader message(pbf_reader &reader) {
  require(reader, pbf_wire_type::length_delimited);
  return reader.get_message();
}

int64_t integer(pbf_reader &reader) {
  require(reader, pbf_wire_type::varint);
  return reader.get_int64();
}

/// A repeated integer field, packed or not.
void integers(pbf_reader &reader, std::vector<int64_t> &values) {
  if (reader.wire_type() == pbf_wire_type::length_delimited) {
    for (int64_t value : reader.get_packed_int64())
      values.push_back(value);
    return;
  }
  values.push_back(integer(reader));
}

/// A repeated field of fixed-size elements: appends their bytes.
template <typename T> void fixedBytes(pbf_reader &reader, std::string &bytes) {
  if (reader.wire_type() == pbf_wire_type::length_delimited) {
    std::string_view data = view(reader);
    if (data.size() % sizeof(T))
      throw protozero::invalid_length_exception{};
    bytes.append(data);
    return;
  }
  T value;
  if constexpr (sizeof(T) == 4) {
    require(reader, pbf_wire_type::fixed32);
    uint32_t raw = reader.get_fixed32();
    std::memcpy(&value, &raw, 4);
  } else {
    require(reader, pbf_wire_type::fixed64);
    uint64_t raw = reader.get_fixed64();
    std::memcpy(&value, &raw, 8);
  }
  bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

/// Writes integers of a typed field as the raw bytes of the tensor's type.
void narrow(const std::vector<int64_t> &values, unsigned bits,
            std::string &bytes) {
  if (bits < 8) {
    for (int64_t value : values)
      bytes.push_back(static_cast<char>(value));
    return;
  }
  size_t size = bits / 8;
  bytes.reserve(values.size() * size);
  for (int64_t value : values)
    for (size_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<char>(static_cast<uint64_t>(value) >> 8 * i));
}

void readExternal(pbf_reader reader, Tensor &tensor) {
  std::string_view key, value;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      key = text(reader);
      break;
    case 2:
      value = text(reader);
      break;
    default:
      reader.skip();
    }
  if (key == "location")
    tensor.location = value;
  else if (key == "offset")
    tensor.externalOffset = value;
  else if (key == "length")
    tensor.externalLength = value;
}

Tensor readTensor(pbf_reader reader) {
  Tensor tensor;
  std::vector<int64_t> typed;
  std::string fixed;
  bool external = false;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      integers(reader, tensor.dims);
      break;
    case 2:
      tensor.type = static_cast<DataType>(integer(reader));
      break;
    case 4: // float_data
      // One packed run can be read in place, as raw bytes are.
      if (reader.wire_type() == pbf_wire_type::length_delimited &&
          fixed.empty() && !tensor.hasRaw) {
        std::string_view data = view(reader);
        if (data.size() % 4)
          throw protozero::invalid_length_exception{};
        tensor.raw = data;
        tensor.hasRaw = !data.empty();
        break;
      }
      if (tensor.hasRaw) {
        fixed.assign(tensor.raw);
        tensor.hasRaw = false;
      }
      fixedBytes<float>(reader, fixed);
      break;
    case 5:
    case 7:
    case 11:
      integers(reader, typed);
      break;
    case 8:
      tensor.name = text(reader);
      break;
    case 9:
      tensor.raw = text(reader);
      tensor.hasRaw = true;
      break;
    case 10:
      fixedBytes<double>(reader, fixed);
      break;
    case 13:
      readExternal(message(reader), tensor);
      break;
    case 14:
      external = integer(reader) == 1;
      break;
    default:
      reader.skip();
    }
  tensor.isExternal = external;
  if (tensor.dims.size() > kMostDimensions)
    throw Malformed("a tensor has " + std::to_string(tensor.dims.size()) +
                    " dimensions");
  if (!fixed.empty())
    tensor.decoded = std::move(fixed);
  else if (!typed.empty())
    narrow(typed, elementBits(tensor.type), tensor.decoded);
  return tensor;
}

Graph readGraph(pbf_reader reader, unsigned depth);

Attribute readAttribute(pbf_reader reader, unsigned depth) {
  Attribute attribute;
  std::string floats;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      attribute.name = text(reader);
      break;
    case 2:
      require(reader, pbf_wire_type::fixed32);
      attribute.f = reader.get_float();
      break;
    case 3:
      attribute.i = integer(reader);
      break;
    case 4:
      attribute.s = text(reader);
      break;
    case 5:
      attribute.t = std::make_shared<Tensor>(readTensor(message(reader)));
      break;
    case 6:
      attribute.g =
          std::make_shared<Graph>(readGraph(message(reader), depth + 1));
      break;
    case 7:
      fixedBytes<float>(reader, floats);
      break;
    case 8:
      integers(reader, attribute.ints);
      break;
    case 9:
      attribute.strings.push_back(text(reader));
      break;
    case 20:
      attribute.kind = static_cast<int>(integer(reader));
      break;
    case 21:
      attribute.refName = text(reader);
      break;
    default:
      reader.skip();
    }
  attribute.floats.resize(floats.size() / sizeof(float));
  if (!floats.empty())
    std::memcpy(attribute.floats.data(), floats.data(), floats.size());
  return attribute;
}

Node readNode(pbf_reader reader, unsigned depth) {
  Node node;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      node.inputs.push_back(text(reader));
      break;
    case 2:
      node.outputs.push_back(text(reader));
      break;
    case 3:
      node.name = text(reader);
      break;
    case 4:
      node.op = text(reader);
      break;
    case 5:
      node.attributes.push_back(readAttribute(message(reader), depth));
      break;
    case 7:
      node.domain = text(reader);
      break;
    case 8:
      node.overload = text(reader);
      break;
    default:
      reader.skip();
    }
  if (node.domain == "ai.onnx")
    node.domain = "";
  return node;
}

Dim readDim(pbf_reader reader) {
  Dim dim;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      dim.value = integer(reader);
      break;
    case 2:
      dim.name = text(reader);
      break;
    default:
      reader.skip();
    }
  return dim;
}

void readTensorType(pbf_reader reader, ValueInfo &info) {
  info.isTensor = true;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      info.type = static_cast<DataType>(integer(reader));
      break;
    case 2: {
      info.hasShape = true;
      pbf_reader shape = message(reader);
      while (shape.next())
        if (shape.tag() == 1)
          info.shape.push_back(readDim(message(shape)));
        else
          shape.skip();
      if (info.shape.size() > kMostDimensions)
        throw Malformed("a value has too many dimensions");
      break;
    }
    default:
      reader.skip();
    }
}

ValueInfo readValueInfo(pbf_reader reader) {
  ValueInfo info;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      info.name = text(reader);
      break;
    case 2: {
      pbf_reader type = message(reader);
      while (type.next())
        if (type.tag() == 1)
          readTensorType(message(type), info);
        else
          type.skip();
      break;
    }
    default:
      reader.skip();
    }
  return info;
}

Graph readGraph(pbf_reader reader, unsigned depth) {
  if (depth > kMaxNesting)
    throw Malformed("graphs are nested more than " +
                    std::to_string(kMaxNesting) + " deep");
  Graph graph;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      graph.nodes.push_back(readNode(message(reader), depth));
      break;
    case 2:
      graph.name = text(reader);
      break;
    case 5:
      graph.initializers.push_back(readTensor(message(reader)));
      break;
    case 11:
      graph.inputs.push_back(readValueInfo(message(reader)));
      break;
    case 12:
      graph.outputs.push_back(readValueInfo(message(reader)));
      break;
    case 13:
      graph.values.push_back(readValueInfo(message(reader)));
      break;
    case 15:
      graph.hasSparseInitializers = true;
      reader.skip();
      break;
    default:
      reader.skip();
    }
  return graph;
}

void readOpset(pbf_reader reader, std::map<std::string_view, int64_t> &opsets) {
  std::string_view domain;
  int64_t version = 0;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      domain = text(reader);
      break;
    case 2:
      version = integer(reader);
      break;
    default:
      reader.skip();
    }
  opsets[domain == "ai.onnx" ? "" : domain] = version;
}

Function readFunction(pbf_reader reader) {
  Function function;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      function.name = text(reader);
      break;
    case 4:
      function.inputs.push_back(text(reader));
      break;
    case 5:
      function.outputs.push_back(text(reader));
      break;
    case 6:
      function.attributes.push_back(text(reader));
      break;
    case 7:
      function.nodes.push_back(readNode(message(reader), 1));
      break;
    case 9:
      readOpset(message(reader), function.opsets);
      break;
    case 10:
      function.domain = text(reader);
      break;
    case 11:
      function.defaults.push_back(readAttribute(message(reader), 1));
      break;
    case 13:
      function.overload = text(reader);
      break;
    default:
      reader.skip();
    }
  return function;
}

Model readModel(pbf_reader &reader, bool &hasGraph) {
  Model model;
  while (reader.next())
    switch (reader.tag()) {
    case 1:
      model.irVersion = integer(reader);
      break;
    case 2:
      model.producer = text(reader);
      break;
    case 3:
      model.producerVersion = text(reader);
      break;
    case 7:
      model.graph = readGraph(message(reader), 0);
      hasGraph = true;
      break;
    case 8:
      readOpset(message(reader), model.opsets);
      break;
    case 25:
      model.functions.push_back(readFunction(message(reader)));
      break;
    default:
      reader.skip();
    }
  return model;
}

} // namespace

std::optional<Model> tilework::onnx::parseModel(std::string_view bytes,
                                                std::string &error) {
  pbf_reader reader(bytes.data(), bytes.size());
  try {
    bool hasGraph = false;
    Model model = readModel(reader, hasGraph);
    if (hasGraph)
      return model;
    error = bytes.empty() ? "the file is empty"
                          : "the file has no graph: " + unreadableKind(bytes);
  } catch (const std::bad_alloc &) {
    error = "the file asks for more memory than there is";
  } catch (const Malformed &problem) {
    error =
        "the file is no well-formed ONNX model: " + std::string(problem.what());
  } catch (const std::exception &) {
    error =
        "the file cannot be read as an ONNX model: " + unreadableKind(bytes);
  }
  return std::nullopt;
}

std::optional<Function> tilework::onnx::parseFunction(std::string_view bytes) {
  try {
    return readFunction(pbf_reader(bytes.data(), bytes.size()));
  } catch (const std::exception &) {
    return std::nullopt;
  }
}

std::string tilework::onnx::quoted(std::string_view text) {
  static constexpr size_t limit = 120;
  static constexpr char digits[] = "0123456789abcdef";
  std::string result = "'";
  for (unsigned char c : text.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f && c != '\\' && c != '\'') {
      result.push_back(static_cast<char>(c));
    } else {
      result += "\\x";
      result.push_back(digits[c >> 4]);
      result.push_back(digits[c & 15]);
    }
  }
  result += text.size() > limit ? "...'" : "'";
  return result;
}
