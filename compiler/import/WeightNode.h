// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight expression as a tree: leaves read memory with strides, inner nodes
// combine rows of one width. Views are pushed down to the leaves. Private to
// the weight reader.

#ifndef TILEWORK_COMPILER_IMPORT_WEIGHTNODE_H
#define TILEWORK_COMPILER_IMPORT_WEIGHTNODE_H

#include "compiler/import/WeightReader.h"

namespace tilework::weights_detail {

/// A tensor of `shape` that can be read in runs along its last dimension.
struct Node {
  enum Kind { Leaf, Cast, Unary, Binary, Select, Concat } kind = Leaf;
  std::vector<int64_t> shape;
  // Leaf.
  ElementType type = ElementType::Float;
  const char *bytes = nullptr;
  std::shared_ptr<void> owner;
  std::vector<int64_t> strides;
  int64_t offset = 0;
  // Inner nodes.
  graph::UnaryKind unary{};
  graph::BinaryKind binary{};
  bool reversed = false;
  int64_t axis = 0;
  std::vector<std::unique_ptr<Node>> children;

  /// Reads `count` elements of the row at `index` (whose last entry is where
  /// to start).
  void read(const std::vector<int64_t> &index, int64_t count, float *out) const;
};

using NodePtr = std::unique_ptr<Node>;

/// Throws: the expression contradicts itself.
[[noreturn]] void fail(const char *what);

/// Elements of a tensor; throws where they are too many to count.
int64_t countOf(const std::vector<int64_t> &shape);

/// A leaf of the dense fp32 tensor at `bytes`, which `owner` keeps.
NodePtr denseLeaf(std::vector<int64_t> shape, const char *bytes,
                  std::shared_ptr<void> owner);

/// A leaf with the values of `node`, in memory of its own.
NodePtr materialised(NodePtr node);

// Views; each throws where it does not fit.
void transpose(Node &node, const std::vector<int64_t> &permutation);
void broadcast(Node &node, const std::vector<int64_t> &shape);
/// Whether every leaf can take the new shape with strides of its own; `apply`:
/// gives it.
bool reshape(Node &node, const std::vector<int64_t> &shape, bool apply);
NodePtr slice(NodePtr node, const WeightStep &step);

} // namespace tilework::weights_detail

#endif // TILEWORK_COMPILER_IMPORT_WEIGHTNODE_H
