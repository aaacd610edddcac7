// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of ops that are a whole attention: ONNX's Attention, and ONNX
// Runtime's Attention and MultiHeadAttention.

#include "compiler/import/Lowering.h"

#include <cmath>

using namespace tilework;
using namespace tilework::graph;
using Shape = NodeContext::Shape;

namespace {
/// What attention reads: tensors [B, S, width] and where heads stand in them.
struct Heads {
  Val query, key, value, mask;
  int64_t heads = 1, kvHeads = 1, headDim = 0, valueDim = 0;
  int64_t window[3][2] = {{0, 0}, {0, 0}, {0, 0}};
  float scale = 0;
  bool causal = false;
};
} // namespace

static Val emitAttention(NodeContext &c, Heads h) {
  ValueBuilder &b = c.b;
  int64_t batch = h.query.dim(0), rows = h.query.dim(1), keys = h.key.dim(1);
  if (h.scale == 0)
    h.scale = 1.0f / std::sqrt(static_cast<float>(h.headDim));
  if (h.heads < 1 || h.kvHeads < 1 || h.headDim < 1 || h.valueDim < 1 ||
      h.heads % h.kvHeads)
    throw InvalidNode("its numbers of heads do not fit its inputs");
  for (int i = 0; i < 3; ++i) {
    const Val &x = i == 0 ? h.query : i == 1 ? h.key : h.value;
    int64_t size = i == 2 ? h.valueDim : h.headDim;
    int64_t count = i == 0 ? h.heads : h.kvHeads;
    if (h.window[i][0] + (count - 1) * h.window[i][1] + size > x.dim(2) ||
        x.dim(0) != batch || (i > 0 && x.dim(1) != keys))
      throw InvalidNode("its inputs do not fit its heads");
  }
  if (keys == 0)
    return b.broadcast(b.scalar(0, h.query.element()),
                       {batch, rows, h.heads * h.valueDim});
  mlir::Builder &builder = b.builder;
  auto window = [&](int i) {
    return builder.getDenseI64ArrayAttr({h.window[i][0], h.window[i][1]});
  };
  auto type = mlir::RankedTensorType::get({batch, rows, h.heads * h.valueDim},
                                          h.query.element());
  auto op = AttentionOp::create(
      b.builder, b.loc, type, b.materialise(h.query), b.materialise(h.key),
      b.materialise(h.value),
      h.mask.isAbsent() ? mlir::Value() : b.materialise(h.mask),
      builder.getI64IntegerAttr(h.heads), builder.getI64IntegerAttr(h.kvHeads),
      builder.getI64IntegerAttr(h.headDim),
      builder.getI64IntegerAttr(h.valueDim), window(0), window(1), window(2),
      builder.getF32FloatAttr(h.scale),
      h.causal ? builder.getUnitAttr() : nullptr);
  c.count(batch * h.heads, rows, keys, h.headDim + h.valueDim);
  return b.fromValue(op->getResult(0));
}

/// An additive mask of a boolean that says which keys are seen; the others are
/// given `hidden`.
static Val maskOf(NodeContext &c, const Val &seen, mlir::Type element,
                  double hidden = kMaskFloor) {
  return c.b.select(seen, c.b.scalar(0, element), c.b.scalar(hidden, element));
}

/// A mask of rank 4, from one that lacks leading dimensions.
static Val rank4(NodeContext &c, Val mask) {
  Shape shape = mask.shape().vec();
  if (shape.size() > 4)
    throw InvalidNode("its mask has more than four dimensions");
  shape.insert(shape.begin(), 4 - shape.size(), 1);
  return c.b.reshape(mask, shape);
}

/// [B, S, N, D] or [B, N, S, D] as [B, S, N·D].
static Val mergeHeads(NodeContext &c, Val x, bool transposed) {
  if (transposed)
    x = c.b.transpose(x, {0, 2, 1, 3});
  return c.b.reshape(x, {x.dim(0), x.dim(1), x.dim(2) * x.dim(3)});
}

void tilework::lowerAttention(NodeContext &c) {
  Heads h;
  bool rank4Inputs = c.in(0).rank() == 4;
  if (c.has(4) || c.has(5) || c.wants(1) || c.wants(2))
    throw UnsupportedNode("a key-value cache");
  if (c.wants(3))
    throw UnsupportedNode("its output of scores is read");
  if (c.has(6))
    throw UnsupportedNode("a length for each batch element");
  if (c.real("softcap", 0) != 0)
    throw UnsupportedNode("a soft cap on scores");
  auto merge = [&](size_t i) {
    const Val &x = c.in(i);
    if (x.rank() != (rank4Inputs ? 4 : 3))
      throw InvalidNode("its inputs differ in rank");
    return rank4Inputs ? mergeHeads(c, x, true) : x;
  };
  h.heads = rank4Inputs ? c.in(0).dim(1) : c.integer("q_num_heads", 0);
  h.kvHeads = rank4Inputs ? c.in(1).dim(1) : c.integer("kv_num_heads", 0);
  if (h.heads < 1 || h.kvHeads < 1)
    throw InvalidNode("its numbers of heads are missing");
  h.query = merge(0);
  h.key = merge(1);
  h.value = merge(2);
  h.headDim = h.query.dim(2) / h.heads;
  h.valueDim = h.value.dim(2) / h.kvHeads;
  h.window[0][1] = h.window[1][1] = h.headDim;
  h.window[2][1] = h.valueDim;
  h.scale = c.real("scale", 0);
  h.causal = c.integer("is_causal", 0) != 0;
  // ONNX counts the causal triangle from the first key, not from the last.
  if (h.causal && h.query.dim(1) != h.key.dim(1))
    throw UnsupportedNode("a causal mask with more or fewer keys than queries");
  if (c.has(3))
    h.mask = rank4(c, c.in(3).element().isInteger(1)
                          ? maskOf(c, c.in(3), h.query.element())
                          : c.in(3));
  Val result = emitAttention(c, h);
  if (rank4Inputs)
    result = c.b.transpose(c.b.reshape(result, {result.dim(0), result.dim(1),
                                                h.heads, h.valueDim}),
                           {0, 2, 1, 3});
  c.set(0, result);
}

/// ONNX Runtime's masks: [B, S] or [B, Sq, S] of ones and zeros, or [B] of
/// lengths.
static Val integerMask(NodeContext &c, const Val &mask, int64_t batch,
                       int64_t keys, mlir::Type element) {
  mlir::Type type = mask.element();
  Val seen;
  if (mask.rank() == 1 && mask.dim(0) == batch) {
    std::vector<int64_t> values(keys);
    for (int64_t i = 0; i < keys; ++i)
      values[i] = i;
    Val positions = c.b.fromHost(
        HostTensor::fromInts(c.b.dataType(type), {keys}, std::move(values)));
    seen = c.b.binary(BinaryKind::Lt, positions, c.b.reshape(mask, {batch, 1}));
  } else if (mask.rank() == 2 || mask.rank() == 3) {
    seen = c.b.cast(mask, c.b.builder.getI1Type());
  } else {
    throw UnsupportedNode("a mask of this shape");
  }
  Shape shape = seen.shape().vec();
  shape.insert(shape.begin() + 1, 4 - shape.size(), 1);
  return maskOf(c, c.b.reshape(seen, shape), element,
                c.real("mask_filter_value", -10000));
}

/// Adds the part [first, first + size) of a packed bias.
static Val withBias(NodeContext &c, const Val &x, const Val &bias,
                    int64_t first) {
  return bias.isAbsent() ? x : c.b.add(x, c.b.range(bias, 0, first, x.dim(-1)));
}

static void addMask(NodeContext &c, Heads &h, size_t mask, size_t bias) {
  if (c.has(mask))
    h.mask = integerMask(c, c.in(mask), h.query.dim(0), h.key.dim(1),
                         h.query.element());
  if (c.has(bias)) {
    Val more = rank4(c, c.in(bias));
    h.mask = h.mask.isAbsent() ? more : c.b.add(h.mask, more);
  }
  h.causal = c.integer("unidirectional", 0) != 0;
  h.scale = c.real("scale", 0);
}

void tilework::lowerFusedAttention(NodeContext &c) {
  Heads h;
  const Val &x = c.in(0), &weight = c.in(1);
  if (c.has(4) || c.has(6) || c.wants(1))
    throw UnsupportedNode("a key-value cache");
  if (c.integer("do_rotary", 0))
    throw UnsupportedNode("a rotary embedding inside attention");
  if (x.rank() != 3 || weight.rank() != 2)
    throw InvalidNode("its input is no [batch, sequence, width]");
  h.heads = h.kvHeads = c.integer("num_heads", 0);
  if (h.heads < 1)
    throw InvalidNode("num_heads is missing");
  int64_t third = weight.dim(1) / 3;
  Shape sizes =
      c.integers("qkv_hidden_sizes").value_or(Shape{third, third, third});
  if (sizes.size() != 3 || sizes[0] != sizes[1] ||
      sizes[0] + sizes[1] + sizes[2] != weight.dim(1))
    throw InvalidNode("qkv_hidden_sizes do not fit its weight");
  h.query = h.key = h.value = c.matmul(x, weight, false, false, c.optional(2));
  h.headDim = sizes[0] / h.heads;
  h.valueDim = sizes[2] / h.heads;
  for (int i = 0; i < 3; ++i) {
    h.window[i][0] = i == 0 ? 0 : i == 1 ? sizes[0] : sizes[0] + sizes[1];
    h.window[i][1] = i == 2 ? h.valueDim : h.headDim;
  }
  addMask(c, h, 3, 5);
  c.set(0, emitAttention(c, h));
}

void tilework::lowerMultiHeadAttention(NodeContext &c) {
  Heads h;
  Val query = c.in(0);
  if (c.has(6) || c.has(7) || c.wants(1) || c.wants(2))
    throw UnsupportedNode("a key-value cache");
  h.heads = h.kvHeads = c.integer("num_heads", 0);
  if (h.heads < 1)
    throw InvalidNode("num_heads is missing");
  Val bias = c.optional(3);
  if (query.rank() == 5) {
    // Packed [B, S, heads, 3, D]: one tensor with interleaved windows.
    if (!bias.isAbsent())
      throw UnsupportedNode("a bias on packed projections");
    if (query.dim(2) != h.heads || query.dim(3) != 3)
      throw InvalidNode("its packed input is no [B, S, heads, 3, D]");
    h.headDim = h.valueDim = query.dim(4);
    h.query = h.key = h.value = c.b.reshape(
        query, {query.dim(0), query.dim(1), h.heads * 3 * h.headDim});
    for (int i = 0; i < 3; ++i) {
      h.window[i][0] = i * h.headDim;
      h.window[i][1] = 3 * h.headDim;
    }
  } else {
    if (query.rank() != 3)
      throw InvalidNode("its query is no [batch, sequence, width]");
    h.headDim = query.dim(2) / h.heads;
    h.query = withBias(c, query, bias, 0);
    h.window[0][1] = h.headDim;
    Val key = c.in(1);
    if (key.rank() == 5) {
      h.valueDim = h.headDim;
      h.key = h.value =
          c.b.reshape(key, {key.dim(0), key.dim(1), h.heads * 2 * h.headDim});
      h.window[1][1] = h.window[2][1] = 2 * h.headDim;
      h.window[2][0] = h.headDim;
    } else if (key.rank() == 3) {
      h.key = withBias(c, key, bias, query.dim(2));
      h.value = withBias(c, c.in(2), bias, 2 * query.dim(2));
      if (h.value.rank() != 3)
        throw InvalidNode("its value differs in rank from its key");
      h.valueDim = h.value.dim(2) / h.heads;
      h.window[1][1] = h.headDim;
      h.window[2][1] = h.valueDim;
    } else {
      // Cross attention hands over [B, heads, S, D].
      if (key.rank() != 4 || c.in(2).rank() != 4)
        throw InvalidNode("its key has neither three nor four dimensions");
      h.key = mergeHeads(c, key, true);
      h.value = mergeHeads(c, c.in(2), true);
      h.valueDim = h.value.dim(2) / h.heads;
      h.window[1][1] = h.headDim;
      h.window[2][1] = h.valueDim;
    }
  }
  addMask(c, h, 4, 5);
  c.set(0, emitAttention(c, h));
}
