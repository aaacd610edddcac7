// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes small ONNX models for tests.

#ifndef TILEWORK_TEST_UNIT_IMPORT_ONNXBUILDER_H
#define TILEWORK_TEST_UNIT_IMPORT_ONNXBUILDER_H

#include <protozero/pbf_writer.hpp>

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace tilework::test {

using Writer = protozero::pbf_writer;

inline std::string integerAttribute(const std::string &name, int64_t value) {
  std::string data;
  Writer w(data);
  w.add_string(1, name);
  w.add_int64(3, value);
  w.add_int32(20, 2);
  return data;
}

inline std::string graphAttribute(const std::string &name,
                                  const std::string &graph) {
  std::string data;
  Writer w(data);
  w.add_string(1, name);
  w.add_message(6, graph);
  w.add_int32(20, 5);
  return data;
}

inline std::string node(const std::string &name, const std::string &op,
                        const std::vector<std::string> &inputs,
                        const std::vector<std::string> &outputs,
                        const std::vector<std::string> &attributes = {},
                        const std::string &domain = "") {
  std::string data;
  Writer w(data);
  for (const std::string &input : inputs)
    w.add_string(1, input);
  for (const std::string &output : outputs)
    w.add_string(2, output);
  w.add_string(3, name);
  w.add_string(4, op);
  for (const std::string &attribute : attributes)
    w.add_message(5, attribute);
  if (!domain.empty())
    w.add_string(7, domain);
  return data;
}

inline std::string tensor(const std::string &name, int type,
                          const std::vector<int64_t> &dims,
                          const std::string &raw) {
  std::string data;
  Writer w(data);
  for (int64_t dim : dims)
    w.add_int64(1, dim);
  w.add_int32(2, type);
  w.add_string(8, name);
  w.add_bytes(9, raw);
  return data;
}

inline std::string externalTensor(const std::string &name,
                                  const std::vector<int64_t> &dims,
                                  const std::string &location,
                                  const std::string &offset = "0") {
  std::string data;
  Writer w(data);
  for (int64_t dim : dims)
    w.add_int64(1, dim);
  w.add_int32(2, 1);
  w.add_string(8, name);
  for (auto [key, value] :
       {std::pair<std::string, std::string>{"location", location},
        {"offset", offset}}) {
    std::string entry;
    Writer e(entry);
    e.add_string(1, key);
    e.add_string(2, value);
    w.add_message(13, entry);
  }
  w.add_int32(14, 1);
  return data;
}

template <typename T> std::string bytesOf(std::initializer_list<T> values) {
  std::string bytes;
  for (T value : values)
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
  return bytes;
}

/// A dimension is a number, or a name that starts with a letter.
inline std::string value(const std::string &name, int type,
                         const std::vector<std::string> &dims) {
  std::string shape;
  Writer s(shape);
  for (const std::string &dim : dims) {
    std::string inner;
    Writer d(inner);
    if (std::isdigit(static_cast<unsigned char>(dim[0])))
      d.add_int64(1, std::stoll(dim));
    else
      d.add_string(2, dim);
    s.add_message(1, inner);
  }
  std::string tensorType;
  Writer t(tensorType);
  t.add_int32(1, type);
  t.add_message(2, shape);
  std::string wrapped;
  Writer x(wrapped);
  x.add_message(1, tensorType);
  std::string data;
  Writer w(data);
  w.add_string(1, name);
  w.add_message(2, wrapped);
  return data;
}

struct GraphParts {
  std::vector<std::string> nodes, initializers, inputs, outputs;
};

inline std::string graph(const GraphParts &parts) {
  std::string data;
  Writer w(data);
  for (const std::string &n : parts.nodes)
    w.add_message(1, n);
  w.add_string(2, "g");
  for (const std::string &i : parts.initializers)
    w.add_message(5, i);
  for (const std::string &i : parts.inputs)
    w.add_message(11, i);
  for (const std::string &o : parts.outputs)
    w.add_message(12, o);
  return data;
}

inline std::string model(const GraphParts &parts, int64_t opset = 17,
                         const std::vector<std::string> &functions = {}) {
  std::string data;
  Writer w(data);
  w.add_int64(1, 8);
  w.add_message(7, graph(parts));
  std::string set;
  Writer s(set);
  s.add_int64(2, opset);
  w.add_message(8, set);
  for (const std::string &function : functions)
    w.add_message(25, function);
  return data;
}

} // namespace tilework::test

#endif // TILEWORK_TEST_UNIT_IMPORT_ONNXBUILDER_H
