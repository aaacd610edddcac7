// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of ops that are a whole attention: ONNX's Attention, and ONNX
// Runtime's Attention and MultiHeadAttention.

#include "compiler/import/Heads.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

using namespace tilework;
using namespace tilework::graph;
using Shape = NodeContext::Shape;

Val tilework::emitAttention(NodeContext &c, Heads h) {
  ValueBuilder &b = c.b;
  int64_t batch = h.query.dim(0), rows = h.query.dim(1), keys = h.key.dim(1);
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
  auto real = [&](std::optional<float> value) {
    return value ? builder.getF32FloatAttr(*value) : mlir::FloatAttr();
  };
  auto given = [&](const Val &x) {
    return x.isAbsent() ? mlir::Value() : b.materialise(x);
  };
  auto type = mlir::RankedTensorType::get({batch, rows, h.heads * h.valueDim},
                                          h.query.element());
  auto op = AttentionOp::create(
      b.builder, b.loc, type, b.materialise(h.query), b.materialise(h.key),
      b.materialise(h.value), given(h.mask), given(h.seen), given(h.bias),
      /*kept=*/mlir::Value(), builder.getI64IntegerAttr(h.heads),
      builder.getI64IntegerAttr(h.kvHeads),
      builder.getI64IntegerAttr(h.headDim),
      builder.getI64IntegerAttr(h.valueDim), window(0), window(1), window(2),
      real(h.scaleFactor()), real(h.softcap),
      h.band ? builder.getDenseI64ArrayAttr(*h.band)
             : mlir::DenseI64ArrayAttr(),
      real(h.bandValue), real(h.otherwise),
      h.zeroHidden ? builder.getUnitAttr() : nullptr, /*zero_nan=*/nullptr);
  c.count(batch * h.heads, rows, keys, h.headDim + h.valueDim);
  return b.fromValue(op->getResult(0));
}

Val tilework::maskOf(NodeContext &c, const Val &seen, mlir::Type element,
                     double hidden) {
  return c.b.select(seen, c.b.scalar(0, element), c.b.scalar(hidden, element));
}

Val tilework::rank4(NodeContext &c, Val mask) {
  Shape shape = mask.shape().vec();
  if (shape.size() > 4)
    throw InvalidNode("its mask has more than four dimensions");
  shape.insert(shape.begin(), 4 - shape.size(), 1);
  return c.b.reshape(mask, shape);
}

Val tilework::mergeHeads(NodeContext &c, Val x, bool transposed) {
  if (transposed)
    x = c.b.transpose(x, {0, 2, 1, 3});
  return c.b.reshape(x, {x.dim(0), x.dim(1), x.dim(2) * x.dim(3)});
}

Val tilework::splitHeads(NodeContext &c, const Val &x, int64_t heads) {
  return c.b.transpose(
      c.b.reshape(x, {x.dim(0), x.dim(1), heads, x.dim(2) / heads}),
      {0, 2, 1, 3});
}

/// The integers from 0 to before `count`.
static Val positions(NodeContext &c, int64_t count, const Shape &shape) {
  Shape values(count);
  std::iota(values.begin(), values.end(), 0);
  return c.b.reshape(c.b.ints(values), shape);
}

Val tilework::padMask(NodeContext &c, const Val &mask, int64_t keys) {
  Shape shape = mask.shape().vec();
  if (shape.empty() || shape.back() > keys)
    throw InvalidNode("its mask does not fit its keys");
  int64_t missing = keys - shape.back();
  if (missing == 0)
    return mask;
  shape.back() = missing;
  bool isBool = mask.element().isInteger(1);
  Val rest = c.b.scalar(isBool ? 0 : -std::numeric_limits<double>::infinity(),
                        mask.element());
  return c.b.concat({mask, c.b.broadcast(rest, shape)}, shape.size() - 1);
}

namespace {

/// ONNX's Attention, read from its node.
class StandardAttention {
public:
  explicit StandardAttention(NodeContext &c) : c(c) {}
  void lower();

private:
  void readOperands();
  void readMask();
  /// The keys that a mask of boolean input and lengths leaves to be seen.
  Val seenKeys(int64_t rows, int64_t keys);
  /// Output 3, after the stage that `qk_matmul_output_mode` names.
  Val scores(int64_t mode);

  NodeContext &c;
  Heads h;
  Val key4, value4; ///< [B, N, S, D], with what was cached
  bool isRank4 = false;
  int64_t past = 0, left = -1, right = -1;
};

} // namespace

void StandardAttention::readOperands() {
  isRank4 = c.in(0).rank() == 4;
  for (size_t i = 0; i < 3; ++i)
    if (c.in(i).rank() != (isRank4 ? 4 : 3))
      throw InvalidNode("its inputs differ in rank");
  h.heads = isRank4 ? c.in(0).dim(1) : c.integer("q_num_heads", 0);
  h.kvHeads = isRank4 ? c.in(1).dim(1) : c.integer("kv_num_heads", 0);
  if (h.heads < 1 || h.kvHeads < 1)
    throw InvalidNode("its numbers of heads are missing");
  if (c.has(4) != c.has(5))
    throw InvalidNode("past_key and past_value come together");
  if (c.has(4) && c.has(6))
    throw InvalidNode("nonpad_kv_seqlen and a cache exclude each other");
  auto operand = [&](size_t i, size_t cached, Val &four) {
    const Val &x = c.in(i);
    bool grows = c.has(cached) && c.in(cached).dim(2) > 0;
    if (!isRank4 && !grows && !c.wants(i) && !c.wants(3))
      return x;
    four = isRank4 ? x : splitHeads(c, x, h.kvHeads);
    if (grows)
      four = c.b.concat({c.in(cached), four}, 2);
    return isRank4 || grows ? mergeHeads(c, four, true) : x;
  };
  h.query = isRank4 ? mergeHeads(c, c.in(0), true) : c.in(0);
  h.key = operand(1, 4, key4);
  h.value = operand(2, 5, value4);
  past = c.has(4) ? c.in(4).dim(2) : 0;
  h.headDim = h.query.dim(2) / h.heads;
  h.valueDim = h.value.dim(2) / h.kvHeads;
  h.window[0][1] = h.window[1][1] = h.headDim;
  h.window[2][1] = h.valueDim;
}

Val StandardAttention::seenKeys(int64_t rows, int64_t keys) {
  Val seen;
  if (c.has(3) && c.in(3).element().isInteger(1))
    seen = rank4(c, padMask(c, c.in(3), keys));
  auto require = [&](const Val &more) {
    seen = seen.isAbsent() ? more : c.b.binary(BinaryKind::And, seen, more);
  };
  if (!c.has(6))
    return seen;
  // Where each batch element ends is known at the launch: so are its bounds.
  Val length = c.b.reshape(c.b.cast(c.in(6), c.b.builder.getI64Type()),
                           {h.query.dim(0), 1, 1, 1});
  Val key = positions(c, keys, {1, 1, 1, keys});
  require(c.b.binary(BinaryKind::Lt, key, length));
  Val query =
      c.b.add(c.b.binary(BinaryKind::Sub, positions(c, rows, {1, 1, rows, 1}),
                         c.b.ints({rows})),
              length);
  if (right >= 0)
    require(c.b.binary(BinaryKind::Le, key, c.b.add(query, c.b.ints({right}))));
  if (left >= 0)
    require(c.b.binary(BinaryKind::Ge, key,
                       c.b.binary(BinaryKind::Sub, query, c.b.ints({left}))));
  return seen;
}

void StandardAttention::readMask() {
  int64_t rows = h.query.dim(1), keys = h.key.dim(1);
  left = c.integer("left_window_size", -1);
  right = c.integer("right_window_size", -1);
  if (left < -1 || right < -1)
    throw InvalidNode("a window size is below -1");
  // Nothing reaches past the last key.
  left = std::min(left, rows + keys);
  right = std::min(right, rows + keys);
  if (c.integer("is_causal", 0))
    right = 0;
  mlir::Type element = h.query.element();
  Val seen = seenKeys(rows, keys);
  if (!seen.isAbsent())
    h.mask = maskOf(c, seen, element);
  if (c.has(3) && !c.in(3).element().isInteger(1)) {
    Val given = rank4(c, padMask(c, c.in(3), keys));
    h.mask = h.mask.isAbsent() ? given : c.b.add(given, h.mask);
  }
  if (!c.has(6) && (left >= 0 || right >= 0))
    h.band = {left >= 0 ? past - left : 1 - rows,
              right >= 0 ? past + right : keys - 1};
  const bool seesAKey =
      h.mask.isAbsent() &&
      (!h.band || ((*h.band)[0] <= keys - rows && (*h.band)[1] >= 0));
  h.zeroHidden = !seesAKey;
  // Finite where it can be, as ONNX Runtime has it: what a row gives whose
  // scores are all minus infinity depends on it.
  if (h.band && seesAKey)
    h.bandValue = std::numeric_limits<float>::lowest();
}

Val StandardAttention::scores(int64_t mode) {
  mlir::Type element = h.query.element();
  int64_t batch = h.query.dim(0), rows = h.query.dim(1), keys = h.key.dim(1);
  // The query heads of a key head are rows of one product.
  Val query =
      c.b.reshape(isRank4 ? c.in(0) : splitHeads(c, c.in(0), h.heads),
                  {batch, h.kvHeads, h.heads / h.kvHeads * rows, h.headDim});
  Val x = c.b.reshape(c.matmul(query, key4, false, true),
                      {batch, h.heads, rows, keys});
  auto times = [&](float factor) {
    x = c.b.mul(x, c.b.scalar(factor, element));
  };
  times(h.scaleFactor());
  if (mode >= 1 && h.softcap) {
    times(1 / *h.softcap);
    x = c.b.unary(UnaryKind::Tanh, x);
    times(*h.softcap);
  }
  if (mode < 2)
    return x;
  if (!h.mask.isAbsent())
    x = c.b.add(x, h.mask);
  if (h.band) {
    Val distance = c.b.binary(BinaryKind::Sub, positions(c, keys, {1, keys}),
                              positions(c, rows, {rows, 1}));
    auto bound = [&](BinaryKind kind, int64_t value) {
      return c.b.binary(kind, distance, c.b.ints({value}));
    };
    x = c.b.add(x, maskOf(c,
                          c.b.binary(BinaryKind::And,
                                     bound(BinaryKind::Ge, (*h.band)[0]),
                                     bound(BinaryKind::Le, (*h.band)[1])),
                          element));
  }
  if (mode < 3)
    return x;
  mlir::Value in = c.b.materialise(x);
  auto softmax = SoftmaxOp::create(c.b.builder, c.b.loc, in.getType(), in,
                                   c.b.builder.getUnitAttr());
  return c.b.fromValue(softmax.getResult());
}

void StandardAttention::lower() {
  // Scores and their softmax are computed in fp32 whatever the model asks.
  int64_t precision = c.integer("softmax_precision", 1);
  if (precision == 11)
    throw UnsupportedNode("softmax_precision asks for double: the softmax is "
                          "computed in fp32");
  if (precision != 1 && precision != 10 && precision != 16)
    throw InvalidNode("softmax_precision names no float type");
  int64_t mode = c.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    throw InvalidNode("qk_matmul_output_mode is not 0, 1, 2 or 3");
  if (c.attribute("scale"))
    h.scale = c.real("scale", 0);
  float softcap = c.real("softcap", 0);
  if (softcap < 0)
    throw InvalidNode("softcap is negative");
  if (softcap > 0)
    h.softcap = softcap;
  readOperands();
  readMask();
  if (c.wants(0)) {
    Val result = emitAttention(c, h);
    c.set(0, isRank4 ? splitHeads(c, result, h.heads) : result);
  }
  if (c.wants(1))
    c.set(1, key4);
  if (c.wants(2))
    c.set(2, value4);
  if (c.wants(3))
    c.set(3, scores(mode));
}

void tilework::lowerAttention(NodeContext &c) { StandardAttention(c).lower(); }

/// ONNX Runtime's masks: [B, S] or [B, Sq, S] of ones and zeros, or [B] of
/// lengths, with the first keys behind them in [2 · B].
static Val integerMask(NodeContext &c, const Val &mask, int64_t batch,
                       int64_t keys, mlir::Type element, float hidden) {
  mlir::Type type = mask.element();
  Val seen;
  if (mask.rank() == 1 && (mask.dim(0) == batch || mask.dim(0) == 2 * batch)) {
    Val key = c.b.cast(positions(c, keys, {keys}), type);
    auto bound = [&](BinaryKind kind, int64_t first) {
      return c.b.binary(
          kind, key, c.b.reshape(c.b.range(mask, 0, first, batch), {batch, 1}));
    };
    seen = bound(BinaryKind::Lt, 0);
    if (mask.dim(0) == 2 * batch)
      seen = c.b.binary(BinaryKind::And, seen, bound(BinaryKind::Ge, batch));
  } else if (mask.rank() == 2 || mask.rank() == 3) {
    seen = c.b.binary(BinaryKind::Gt, mask, c.b.scalar(0, type));
  } else {
    throw UnsupportedNode("a mask of this shape");
  }
  Shape shape = seen.shape().vec();
  shape.insert(shape.begin() + 1, 4 - shape.size(), 1);
  // Finite: a row of masked keys alone keeps the order of its scores.
  return maskOf(c, c.b.reshape(seen, shape), element, hidden);
}

/// Adds the part [first, first + size) of a packed bias.
static Val withBias(NodeContext &c, const Val &x, const Val &bias,
                    int64_t first) {
  return bias.isAbsent() ? x : c.b.add(x, c.b.range(bias, 0, first, x.dim(-1)));
}

static Val sumOf(NodeContext &c, const Val &a, const Val &b) {
  return a.isAbsent() ? b : b.isAbsent() ? a : c.b.add(a, b);
}

/// Query i sees keys 0 to i, whatever their numbers are, and the last query
/// sees every key: so does ONNX Runtime, which puts the lowest number in place
/// of a later key's `filter`. Where the sum of both is no number it takes the
/// place of the score.
static void hideLaterKeys(NodeContext &c, Heads &h, float filter) {
  int64_t rows = h.query.dim(1), keys = h.key.dim(1);
  constexpr float hidden = std::numeric_limits<float>::lowest();
  const bool replaces = !h.mask.isAbsent() && std::isinf(filter + hidden);
  if (replaces)
    h.otherwise = hidden;
  if (rows >= keys) {
    h.band = {1 - rows, 0};
    if (!replaces)
      h.bandValue = hidden;
    return;
  }
  Val query = positions(c, rows, {1, 1, rows, 1});
  Val seen = c.b.binary(
      BinaryKind::Or,
      c.b.binary(BinaryKind::Le, positions(c, keys, {1, 1, 1, keys}), query),
      c.b.binary(BinaryKind::Eq, query, c.b.ints({rows - 1})));
  if (replaces)
    h.seen = seen;
  else
    h.mask = sumOf(c, h.mask, maskOf(c, seen, h.query.element(), hidden));
}

static void addMask(NodeContext &c, Heads &h, size_t mask, size_t bias) {
  const float filter = c.real("mask_filter_value", -10000.0f);
  if (c.has(mask))
    h.mask = integerMask(c, c.in(mask), h.query.dim(0), h.key.dim(1),
                         h.query.element(), filter);
  if (c.integer("unidirectional", 0))
    hideLaterKeys(c, h, filter);
  // A mask that is stored as bf16 has no room for a bias.
  if (c.has(bias) && c.has(mask))
    h.bias = rank4(c, c.in(bias));
  else if (c.has(bias))
    h.mask = sumOf(c, h.mask, rank4(c, c.in(bias)));
  if (float scale = c.real("scale", 0))
    h.scale = scale;
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
