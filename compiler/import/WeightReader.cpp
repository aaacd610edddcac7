// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight expression becomes a tree, step by step, which is read in blocks.

#include "compiler/import/WeightReader.h"
#include "compiler/import/WeightElements.h"
#include "compiler/import/WeightNode.h"

#include <algorithm>
#include <cstdlib>

using namespace tilework;
using namespace tilework::weights_detail;
using Dims = std::vector<int64_t>;

static NodePtr build(const WeightExpr &expr);

static NodePtr combineNodes(NodePtr first, const WeightStep &step) {
  auto node = std::make_unique<Node>();
  bool isBinary = step.kind == WeightStep::Binary;
  if (step.operands.size() != (isBinary ? 1 : 2))
    fail("a step has too few operands, or too many");
  node->kind = isBinary ? Node::Binary : Node::Select;
  node->binary = step.binary;
  node->reversed = step.reversed;
  node->children.push_back(std::move(first));
  for (const auto &operand : step.operands)
    node->children.push_back(build(*operand));
  size_t rank = 0;
  for (const NodePtr &child : node->children)
    rank = std::max(rank, child->shape.size());
  node->shape.assign(rank, 1);
  for (const NodePtr &child : node->children)
    for (size_t i = 0; i < child->shape.size(); ++i) {
      int64_t &dim = node->shape[rank - child->shape.size() + i];
      dim = dim == 1 ? child->shape[i] : dim;
    }
  for (const NodePtr &child : node->children)
    broadcast(*child, node->shape);
  return node;
}

static NodePtr applyStep(NodePtr node, const WeightStep &step) {
  switch (step.kind) {
  case WeightStep::Cast:
  case WeightStep::Unary: {
    // A widening cast changes no value.
    auto outer = std::make_unique<Node>();
    bool isCast = step.kind == WeightStep::Cast;
    if (isCast &&
        (step.type == ElementType::Float || step.type == ElementType::Double))
      return node;
    outer->kind = isCast ? Node::Cast : Node::Unary;
    outer->type = step.type;
    outer->unary = step.unary;
    outer->shape = node->shape;
    outer->children.push_back(std::move(node));
    return outer;
  }
  case WeightStep::Binary:
  case WeightStep::Select:
    return combineNodes(std::move(node), step);
  case WeightStep::Transpose:
    transpose(*node, step.dims);
    return node;
  case WeightStep::Reshape:
    if (countOf(step.dims) != countOf(node->shape))
      fail("a reshape changes the number of elements");
    if (!reshape(*node, step.dims, /*apply=*/false))
      node = materialised(std::move(node));
    reshape(*node, step.dims, /*apply=*/true);
    return node;
  case WeightStep::Slice:
    return slice(std::move(node), step);
  case WeightStep::Broadcast:
    broadcast(*node, step.dims);
    return node;
  case WeightStep::Concat: {
    auto outer = std::make_unique<Node>();
    outer->kind = Node::Concat;
    outer->axis = step.axis;
    outer->shape = node->shape;
    if (step.axis < 0 || step.axis >= static_cast<int64_t>(node->shape.size()))
      fail("a concatenation leaves its dimensions");
    outer->children.push_back(std::move(node));
    for (const auto &operand : step.operands) {
      NodePtr next = build(*operand);
      if (next->shape.size() != outer->shape.size())
        fail("a concatenation joins different ranks");
      outer->shape[step.axis] += next->shape[step.axis];
      outer->children.push_back(std::move(next));
    }
    return outer;
  }
  }
  return node;
}

static NodePtr build(const WeightExpr &expr) {
  uint64_t bits =
      static_cast<uint64_t>(countOf(expr.shape)) * elementBits(expr.type);
  if (expr.bytes.size() < (bits + 7) / 8)
    fail("a span is shorter than its tensor");
  NodePtr node = denseLeaf(expr.shape, expr.bytes.data(), expr.owned);
  node->type = expr.type;
  for (const WeightStep &step : expr.steps)
    node = applyStep(std::move(node), step);
  return node;
}

WeightReader::WeightReader(const WeightExpr &expr) : node(build(expr)) {
  dims = node->shape;
  columnCount = dims.empty() ? 1 : dims.back();
  rowCount = columnCount ? countOf(dims) / columnCount : 0;
  // A transposed matrix is read along columns: gather it once, in tiles that
  // stay in the cache, rather than a cache line for each element.
  bool scattered = false;
  for (const Node *n = node.get(); n;
       n = n->children.empty() ? nullptr : n->children[0].get())
    scattered |= n->kind == Node::Leaf && !n->strides.empty() &&
                 std::abs(n->strides.back()) > 1 && n->shape.back() > 1;
  if (scattered && dims.size() == 2 && rowCount >= 64 && columnCount >= 64) {
    std::swap(dims[0], dims[1]);
    transpose(*node, {1, 0});
    NodePtr dense = materialised(std::move(node));
    auto values = std::make_shared<std::vector<float>>(rowCount * columnCount);
    const auto *in = reinterpret_cast<const float *>(dense->bytes);
    constexpr int64_t tile = 32;
    for (int64_t r = 0; r < rowCount; r += tile)
      for (int64_t c = 0; c < columnCount; c += tile)
        for (int64_t i = r; i < std::min(r + tile, rowCount); ++i)
          for (int64_t j = c; j < std::min(c + tile, columnCount); ++j)
            (*values)[i * columnCount + j] = in[j * rowCount + i];
    std::swap(dims[0], dims[1]);
    node =
        denseLeaf(dims, reinterpret_cast<const char *>(values->data()), values);
  }
}

WeightReader::~WeightReader() = default;
WeightReader::WeightReader(WeightReader &&) noexcept = default;
WeightReader &WeightReader::operator=(WeightReader &&) noexcept = default;

void WeightReader::readBlock(int64_t row, int64_t count, int64_t column,
                             int64_t width, float *out) const {
  if (row < 0 || count < 0 || row + count > rowCount || column < 0 ||
      width < 0 || column + width > columnCount)
    fail("a read leaves the tensor");
  Dims index(dims.size(), 0);
  for (int64_t r = row; r < row + count; ++r, out += width) {
    int64_t rest = r;
    for (size_t d = dims.size(); d-- > 0;) {
      if (d + 1 == dims.size()) {
        index[d] = column;
        continue;
      }
      index[d] = rest % dims[d];
      rest /= dims[d];
    }
    node->read(index, width, out);
  }
}

void WeightReader::read(int64_t first, int64_t count, float *out) const {
  readBlock(first, count, 0, columnCount, out);
}

void WeightReader::readBf16(int64_t first, int64_t count, uint16_t *out) const {
  std::vector<float> row(columnCount);
  for (int64_t r = 0; r < count; ++r) {
    readBlock(first + r, 1, 0, columnCount, row.data());
    roundToBf16(row.data(), out + r * columnCount, columnCount);
  }
}
