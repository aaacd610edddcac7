// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading rows of a weight's tree, and views of it.

#include "compiler/import/WeightNode.h"
#include "compiler/import/WeightElements.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <algorithm>
#include <stdexcept>

namespace tilework::weights_detail {

using Dims = std::vector<int64_t>;

[[noreturn]] void fail(const char *what) {
  throw std::runtime_error(std::string("weight expression: ") + what);
}

int64_t countOf(const Dims &shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
      fail("a shape is negative or too large");
  return count;
}

NodePtr denseLeaf(Dims shape, const char *bytes, std::shared_ptr<void> owner) {
  auto leaf = std::make_unique<Node>();
  const llvm::SmallVector<int64_t> strides = mlir::computeStrides(shape);
  leaf->strides.assign(strides.begin(), strides.end());
  leaf->shape = std::move(shape);
  leaf->bytes = bytes;
  leaf->owner = std::move(owner);
  return leaf;
}

void Node::read(const Dims &index, int64_t count, float *out) const {
  switch (kind) {
  case Leaf: {
    int64_t at = offset;
    for (size_t i = 0; i < index.size(); ++i)
      at += index[i] * strides[i];
    int64_t stride = strides.empty() ? 0 : strides.back();
    if (stride == 0 && count > 1) {
      loadAs(type, bytes, at, 1, 1, out);
      std::fill_n(out + 1, count - 1, out[0]);
      return;
    }
    loadAs(type, bytes, at, stride, count, out);
    return;
  }
  case Cast:
    children[0]->read(index, count, out);
    castTo(type, out, count);
    return;
  case Unary:
    children[0]->read(index, count, out);
    apply(unary, out, count);
    return;
  case Binary: {
    constexpr int64_t chunk = 512;
    float other[chunk];
    Dims at = index;
    for (int64_t done = 0; done < count; done += chunk) {
      int64_t n = std::min(chunk, count - done);
      children[reversed]->read(at, n, out + done);
      children[!reversed]->read(at, n, other);
      apply(binary, out + done, other, n);
      if (!at.empty())
        at.back() += n;
    }
    return;
  }
  case Select: {
    constexpr int64_t chunk = 512;
    float sides[2][chunk];
    Dims at = index;
    for (int64_t done = 0; done < count; done += chunk) {
      int64_t n = std::min(chunk, count - done);
      children[0]->read(at, n, out + done);
      children[1]->read(at, n, sides[0]);
      children[2]->read(at, n, sides[1]);
      for (int64_t i = 0; i < n; ++i)
        out[done + i] = sides[out[done + i] == 0][i];
      if (!at.empty())
        at.back() += n;
    }
    return;
  }
  case Concat: {
    Dims at = index;
    bool last = axis + 1 == static_cast<int64_t>(shape.size());
    for (const auto &child : children) {
      int64_t size = child->shape[axis];
      if (at[axis] >= size) {
        at[axis] -= size;
        continue;
      }
      if (!last)
        return child->read(at, count, out);
      int64_t n = std::min(count, size - at[axis]);
      child->read(at, n, out);
      out += n;
      count -= n;
      at[axis] = 0;
      if (count == 0)
        return;
    }
    return;
  }
  }
}

/// Reads a whole tensor, row by row.
static void readAll(const Node &node, float *out) {
  Dims index(node.shape.size(), 0);
  int64_t total = countOf(node.shape);
  int64_t columns = node.shape.empty() ? 1 : node.shape.back();
  for (int64_t done = 0; done < total; done += columns) {
    node.read(index, columns, out + done);
    for (size_t d = node.shape.size() - 1; d-- > 0;) {
      if (++index[d] < node.shape[d])
        break;
      index[d] = 0;
    }
    if (node.shape.size() < 2)
      return;
  }
}

NodePtr materialised(NodePtr node) {
  auto values = std::make_shared<std::vector<float>>(countOf(node->shape));
  readAll(*node, values->data());
  return denseLeaf(node->shape, reinterpret_cast<const char *>(values->data()),
                   values);
}

void transpose(Node &node, const Dims &permutation) {
  if (permutation.size() != node.shape.size())
    fail("a permutation does not fit");
  Dims shape, strides;
  for (size_t i = 0; i < permutation.size(); ++i) {
    int64_t dim = permutation[i];
    if (dim < 0 || dim >= static_cast<int64_t>(permutation.size()))
      fail("a permutation does not fit");
    shape.push_back(node.shape[dim]);
    if (node.kind == Node::Leaf)
      strides.push_back(node.strides[dim]);
  }
  if (node.kind == Node::Concat)
    node.axis = std::find(permutation.begin(), permutation.end(), node.axis) -
                permutation.begin();
  node.shape = shape;
  node.strides = strides;
  for (NodePtr &child : node.children)
    transpose(*child, permutation);
}

void broadcast(Node &node, const Dims &shape) {
  if (shape.size() < node.shape.size())
    fail("a broadcast does not fit");
  size_t added = shape.size() - node.shape.size();
  Dims strides(shape.size(), 0);
  for (size_t i = 0; i < node.shape.size(); ++i) {
    if (node.shape[i] != shape[i + added] && node.shape[i] != 1)
      fail("a broadcast does not fit");
    if (node.kind == Node::Leaf && node.shape[i] == shape[i + added])
      strides[i + added] = node.strides[i];
  }
  if (node.kind == Node::Leaf)
    node.strides = strides;
  node.shape = shape;
  for (NodePtr &child : node.children) {
    Dims wanted = shape;
    if (node.kind == Node::Concat)
      wanted[node.axis + added] = child->shape[node.axis];
    broadcast(*child, wanted);
  }
  node.axis += added;
}

bool reshape(Node &node, const Dims &shape, bool apply) {
  if (node.kind == Node::Concat)
    return false;
  if (node.kind == Node::Leaf) {
    // Walk groups of dimensions with equal products; each must run on.
    Dims strides(shape.size(), 0);
    size_t from = 0, to = 0;
    while (from < node.shape.size() || to < shape.size()) {
      size_t firstFrom = from, firstTo = to;
      int64_t a = from < node.shape.size() ? node.shape[from++] : 1;
      int64_t b = to < shape.size() ? shape[to++] : 1;
      while (a != b) {
        if (a < b ? from == node.shape.size() : to == shape.size())
          return false;
        if (a < b)
          a *= node.shape[from++];
        else
          b *= shape[to++];
      }
      Dims sizes, steps;
      for (size_t i = firstFrom; i < from; ++i)
        if (node.shape[i] != 1) {
          if (!sizes.empty() && steps.back() != node.strides[i] * node.shape[i])
            return false;
          sizes.push_back(node.shape[i]);
          steps.push_back(node.strides[i]);
        }
      int64_t stride = steps.empty() ? 0 : steps.back();
      for (size_t i = to; i-- > firstTo;) {
        strides[i] = stride;
        stride *= shape[i];
      }
    }
    if (apply) {
      node.strides = strides;
      node.shape = shape;
    }
    return true;
  }
  for (NodePtr &child : node.children)
    if (!reshape(*child, shape, apply))
      return false;
  if (apply)
    node.shape = shape;
  return true;
}

NodePtr slice(NodePtr node, const WeightStep &step) {
  size_t rank = node->shape.size();
  if (step.dims.size() != rank || step.sizes.size() != rank ||
      step.strides.size() != rank)
    fail("a slice does not fit");
  if (node->kind == Node::Concat) {
    int64_t axis = node->axis;
    bool whole = step.dims[axis] == 0 && step.strides[axis] == 1 &&
                 step.sizes[axis] == node->shape[axis];
    if (!whole)
      return slice(materialised(std::move(node)), step);
    for (NodePtr &child : node->children) {
      WeightStep inner = step;
      inner.sizes[axis] = child->shape[axis];
      child = slice(std::move(child), inner);
    }
    node->shape = step.sizes;
    return node;
  }
  if (node->kind == Node::Leaf)
    for (size_t i = 0; i < rank; ++i) {
      int64_t last = step.dims[i] + (step.sizes[i] - 1) * step.strides[i];
      if (step.sizes[i] < 0 ||
          (step.sizes[i] > 0 &&
           (std::min(step.dims[i], last) < 0 ||
            std::max(step.dims[i], last) >= node->shape[i])))
        fail("a slice leaves its tensor");
      node->offset += step.dims[i] * node->strides[i];
      node->strides[i] *= step.strides[i];
    }
  for (NodePtr &child : node->children)
    child = slice(std::move(child), step);
  node->shape = step.sizes;
  return node;
}

} // namespace tilework::weights_detail
