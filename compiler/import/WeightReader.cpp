// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight expression becomes a tree: leaves read memory with strides, inner
// nodes combine rows of one width. Views are pushed down to the leaves.

#include "compiler/import/WeightReader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

using namespace tilework;
using Dims = std::vector<int64_t>;

namespace {

unsigned bitsOf(WeightType type) {
  switch (type) {
  case WeightType::Int4:
  case WeightType::Uint4:
    return 4;
  case WeightType::Bool:
  case WeightType::Int8:
  case WeightType::Uint8:
    return 8;
  case WeightType::Int16:
  case WeightType::Uint16:
  case WeightType::Float16:
  case WeightType::Bfloat16:
    return 16;
  case WeightType::Int32:
  case WeightType::Uint32:
  case WeightType::Float32:
    return 32;
  default:
    return 64;
  }
}

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

Dims denseStrides(const Dims &shape) {
  Dims strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    strides[i] = stride;
  return strides;
}

float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

float halfToFloat(uint16_t half) {
  uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31;
  uint32_t fraction = half & 1023;
  if (exponent == 31)
    return bitsToFloat(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0)
    return (sign ? -1.0f : 1.0f) *
           std::ldexp(static_cast<float>(fraction), -24);
  return bitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
}

/// Converts `count` elements, `stride` apart, from element `first`.
template <typename T>
void load(const char *bytes, int64_t first, int64_t stride, int64_t count,
          float *out) {
  // Spans start at any byte, so elements are copied and not dereferenced.
  const char *source = bytes + first * static_cast<int64_t>(sizeof(T));
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, source + i * sizeof(T), sizeof(T));
      out[i] = static_cast<float>(value);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, source + i * stride * static_cast<int64_t>(sizeof(T)),
                sizeof(T));
    out[i] = static_cast<float>(value);
  }
}

void loadAs(WeightType type, const char *bytes, int64_t first, int64_t stride,
            int64_t count, float *out) {
  switch (type) {
  case WeightType::Bool:
    load<uint8_t>(bytes, first, stride, count, out);
    for (int64_t i = 0; i < count; ++i)
      out[i] = out[i] != 0;
    return;
  case WeightType::Int4:
  case WeightType::Uint4:
    for (int64_t i = 0; i < count; ++i) {
      int64_t at = first + i * stride;
      int nibble = static_cast<uint8_t>(bytes[at / 2]) >> 4 * (at & 1) & 15;
      out[i] = static_cast<float>(
          type == WeightType::Int4 && nibble > 7 ? nibble - 16 : nibble);
    }
    return;
  case WeightType::Int8:
    return load<int8_t>(bytes, first, stride, count, out);
  case WeightType::Uint8:
    return load<uint8_t>(bytes, first, stride, count, out);
  case WeightType::Int16:
    return load<int16_t>(bytes, first, stride, count, out);
  case WeightType::Uint16:
    return load<uint16_t>(bytes, first, stride, count, out);
  case WeightType::Int32:
    return load<int32_t>(bytes, first, stride, count, out);
  case WeightType::Uint32:
    return load<uint32_t>(bytes, first, stride, count, out);
  case WeightType::Int64:
    return load<int64_t>(bytes, first, stride, count, out);
  case WeightType::Uint64:
    return load<uint64_t>(bytes, first, stride, count, out);
  case WeightType::Float32:
    return load<float>(bytes, first, stride, count, out);
  case WeightType::Float64:
    return load<double>(bytes, first, stride, count, out);
  case WeightType::Float16:
  case WeightType::Bfloat16:
    for (int64_t i = 0; i < count; ++i) {
      uint16_t raw;
      std::memcpy(&raw, bytes + (first + i * stride) * 2, 2);
      out[i] = type == WeightType::Float16
                   ? halfToFloat(raw)
                   : bitsToFloat(static_cast<uint32_t>(raw) << 16);
    }
    return;
  }
}

float apply(WeightUnary kind, float x) {
  switch (kind) {
  case WeightUnary::Neg:
    return -x;
  case WeightUnary::Abs:
    return std::fabs(x);
  case WeightUnary::Sqrt:
    return std::sqrt(x);
  case WeightUnary::Rsqrt:
    return 1.0f / std::sqrt(x);
  case WeightUnary::Reciprocal:
    return 1.0f / x;
  case WeightUnary::Exp:
    return std::exp(x);
  case WeightUnary::Log:
    return std::log(x);
  case WeightUnary::Tanh:
    return std::tanh(x);
  case WeightUnary::Erf:
    return std::erf(x);
  case WeightUnary::Sigmoid:
    return 1.0f / (1.0f + std::exp(-x));
  case WeightUnary::Silu:
    return x / (1.0f + std::exp(-x));
  case WeightUnary::Relu:
    return std::max(x, 0.0f);
  case WeightUnary::Not:
    return x == 0;
  case WeightUnary::Floor:
    return std::floor(x);
  case WeightUnary::Ceil:
    return std::ceil(x);
  case WeightUnary::Round:
    return std::nearbyint(x);
  case WeightUnary::Sign:
    return static_cast<float>((x > 0) - (x < 0));
  case WeightUnary::Cos:
    return std::cos(x);
  case WeightUnary::Sin:
    return std::sin(x);
  }
  return x;
}

template <typename Fn>
void combine(float *a, const float *b, int64_t count, Fn fn) {
  for (int64_t i = 0; i < count; ++i)
    a[i] = fn(a[i], b[i]);
}

void apply(WeightBinary kind, float *a, const float *b, int64_t count) {
  switch (kind) {
  case WeightBinary::Add:
    return combine(a, b, count, [](float x, float y) { return x + y; });
  case WeightBinary::Sub:
    return combine(a, b, count, [](float x, float y) { return x - y; });
  case WeightBinary::Mul:
    return combine(a, b, count, [](float x, float y) { return x * y; });
  case WeightBinary::Div:
    return combine(a, b, count, [](float x, float y) { return x / y; });
  case WeightBinary::Max:
    return combine(a, b, count, [](float x, float y) {
      return x > y || std::isnan(x) ? x : y; // a NaN wins, as on the chip
    });
  case WeightBinary::Min:
    return combine(a, b, count, [](float x, float y) {
      return x < y || std::isnan(x) ? x : y;
    });
  case WeightBinary::Pow:
    return combine(a, b, count,
                   [](float x, float y) { return std::pow(x, y); });
  case WeightBinary::Mod:
    return combine(a, b, count,
                   [](float x, float y) { return std::fmod(x, y); });
  case WeightBinary::Eq:
    return combine(a, b, count, [](float x, float y) { return x == y; });
  case WeightBinary::Ne:
    return combine(a, b, count, [](float x, float y) { return x != y; });
  case WeightBinary::Lt:
    return combine(a, b, count, [](float x, float y) { return x < y; });
  case WeightBinary::Le:
    return combine(a, b, count, [](float x, float y) { return x <= y; });
  case WeightBinary::Gt:
    return combine(a, b, count, [](float x, float y) { return x > y; });
  case WeightBinary::Ge:
    return combine(a, b, count, [](float x, float y) { return x >= y; });
  case WeightBinary::And:
  case WeightBinary::Or:
  case WeightBinary::Xor:
    return combine(a, b, count, [kind](float x, float y) -> float {
      bool l = x != 0, r = y != 0;
      return kind == WeightBinary::And  ? l && r
             : kind == WeightBinary::Or ? l || r
                                        : l != r;
    });
  }
}

/// Rounds a value as a cast to `type` would; the reader keeps it in fp32.
void castTo(WeightType type, float *values, int64_t count) {
  if (type == WeightType::Float32 || type == WeightType::Float64)
    return;
  if (type == WeightType::Bfloat16) {
    for (int64_t i = 0; i < count; ++i) {
      uint16_t bits;
      roundToBf16(values + i, &bits, 1);
      values[i] = bitsToFloat(static_cast<uint32_t>(bits) << 16);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (type == WeightType::Bool)
      values[i] = values[i] != 0;
    else if (type == WeightType::Float16) {
      // Add and subtract a power of two whose unit is half's last place.
      float magnitude = std::fabs(values[i]);
      int exponent = magnitude > 0 ? std::max(std::ilogb(magnitude), -14) : -14;
      float unit = std::ldexp(1.0f, exponent - 10);
      float rounded = std::nearbyint(values[i] / unit) * unit;
      values[i] = std::fabs(rounded) > 65504.0f
                      ? std::copysign(HUGE_VALF, rounded)
                      : rounded;
    } else {
      values[i] = std::trunc(values[i]);
    }
  }
}

} // namespace

namespace tilework::weights_detail {

/// A tensor of `shape` that can be read in runs along its last dimension.
struct Node {
  enum Kind { Leaf, Cast, Unary, Binary, Select, Concat } kind = Leaf;
  Dims shape;
  // Leaf.
  WeightType type = WeightType::Float32;
  const char *bytes = nullptr;
  std::shared_ptr<void> owner;
  Dims strides;
  int64_t offset = 0;
  // Inner nodes.
  WeightUnary unary = WeightUnary::Neg;
  WeightBinary binary = WeightBinary::Add;
  bool reversed = false;
  int64_t axis = 0;
  std::vector<std::unique_ptr<Node>> children;

  /// Reads `count` elements of the row at `index` (whose last entry is where
  /// to start).
  void read(const Dims &index, int64_t count, float *out) const {
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
      for (int64_t i = 0; i < count; ++i)
        out[i] = apply(unary, out[i]);
      return;
    case Binary: {
      constexpr int64_t chunk = 512;
      float other[chunk];
      Dims at = index;
      for (int64_t done = 0; done < count; done += chunk) {
        int64_t n = std::min(chunk, count - done);
        children[reversed]->read(at, n, out + done);
        children[!reversed]->read(at, n, other);
        ::apply(binary, out + done, other, n);
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
};

} // namespace tilework::weights_detail

using tilework::weights_detail::Node;
using NodePtr = std::unique_ptr<Node>;

namespace {

/// Reads a whole tensor, row by row.
void readAll(const Node &node, float *out) {
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
  auto leaf = std::make_unique<Node>();
  leaf->shape = node->shape;
  leaf->strides = denseStrides(leaf->shape);
  leaf->bytes = reinterpret_cast<const char *>(values->data());
  leaf->owner = values;
  return leaf;
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

/// Whether every leaf can take the new shape with strides of its own.
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

NodePtr build(const WeightExpr &expr);

NodePtr combineNodes(NodePtr first, const WeightStep &step) {
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

NodePtr applyStep(NodePtr node, const WeightStep &step) {
  switch (step.kind) {
  case WeightStep::Cast:
  case WeightStep::Unary: {
    // A widening cast changes no value.
    auto outer = std::make_unique<Node>();
    bool isCast = step.kind == WeightStep::Cast;
    if (isCast &&
        (step.type == WeightType::Float32 || step.type == WeightType::Float64))
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

NodePtr build(const WeightExpr &expr) {
  auto node = std::make_unique<Node>();
  uint64_t bits =
      static_cast<uint64_t>(countOf(expr.shape)) * bitsOf(expr.type);
  if (expr.bytes.size() < (bits + 7) / 8)
    fail("a span is shorter than its tensor");
  node->shape = expr.shape;
  node->strides = denseStrides(expr.shape);
  node->type = expr.type;
  node->bytes = expr.bytes.data();
  node->owner = expr.owned;
  for (const WeightStep &step : expr.steps)
    node = applyStep(std::move(node), step);
  return node;
}

} // namespace

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
    node = std::make_unique<Node>();
    node->shape = dims;
    node->strides = denseStrides(dims);
    node->bytes = reinterpret_cast<const char *>(values->data());
    node->owner = values;
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

void tilework::roundToBf16(const float *in, uint16_t *out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, in + i, 4);
    uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    uint32_t sign = bits >> 16 & 0x8000u;
    // A subnormal result is zero; the largest subnormal rounds up to normal.
    if ((rounded & 0x7f80u) == 0)
      rounded = sign;
    // A finite number stays finite: a mask of −FLT_MAX is no minus infinity.
    if (magnitude > 0x7f7f0000u && magnitude < 0x7f800000u)
      rounded = sign | 0x7f7fu;
    out[i] = static_cast<uint16_t>(magnitude > 0x7f800000u ? 0x7fc0u : rounded);
  }
}
