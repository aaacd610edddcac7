// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the checked-in table of function bodies, once.

#include "compiler/import/FunctionBodies.h"

using namespace tilework;

namespace {

struct Entry {
  std::string_view op;
  int64_t since;
  std::string_view bytes;
};

constexpr Entry kBodies[] = {
#include "compiler/import/FunctionBodies.inc"
};

/// By operator, then by the set since which the definition stands.
using Table = std::map<std::string_view,
                       std::map<int64_t, std::optional<onnx::Function>>>;

Table readAll() {
  Table table;
  for (const Entry &entry : kBodies)
    table[entry.op][entry.since] = onnx::parseFunction(entry.bytes);
  return table;
}

} // namespace

const onnx::Function *tilework::findFunctionBody(std::string_view op,
                                                 int64_t version) {
  static const Table table = readAll();
  auto versions = table.find(op);
  if (versions == table.end())
    return nullptr;
  auto next = versions->second.upper_bound(version);
  if (next == versions->second.begin())
    return nullptr;
  const std::optional<onnx::Function> &body = std::prev(next)->second;
  return body ? &*body : nullptr;
}
