// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of ops along a sequence that stand beside attention: rotary
// positions, convolutions that look back, and attention as a recurrence.

#include "compiler/import/Heads.h"

#include <cmath>

using namespace tilework;
using graph::BinaryKind;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

Val tilework::rotated(NodeContext &c, const Val &x, const Val &cosine,
                      const Val &sine, bool interleaved) {
  int64_t last = x.rank() - 1, half = cosine.dim(-1), turned = 2 * half;
  if (turned > x.dim(-1) || sine.shape() != cosine.shape())
    throw InvalidNode(
        "its tables do not fit its heads: " + shapeText(cosine.shape()) +
        " and " + shapeText(sine.shape()) + " for " + shapeText(x.shape()));
  Val even, odd;
  Shape first(x.rank(), 0), sizes = x.shape().vec(), steps(x.rank(), 1);
  if (interleaved) {
    sizes.back() = half;
    steps.back() = 2;
    even = c.b.slice(x, first, sizes, steps);
    first.back() = 1;
    odd = c.b.slice(x, first, sizes, steps);
  } else {
    even = c.b.range(x, last, 0, half);
    odd = c.b.range(x, last, half, half);
  }
  Val real =
      c.b.binary(BinaryKind::Sub, c.b.mul(even, cosine), c.b.mul(odd, sine));
  Val imaginary = c.b.add(c.b.mul(even, sine), c.b.mul(odd, cosine));
  Val result;
  if (interleaved) {
    Shape pairs = real.shape().vec(), flat = pairs;
    pairs.push_back(1);
    flat.back() = turned;
    result = c.b.reshape(
        c.b.concat({c.b.reshape(real, pairs), c.b.reshape(imaginary, pairs)},
                   last + 1),
        flat);
  } else {
    result = c.b.concat({real, imaginary}, last);
  }
  if (turned < x.dim(-1))
    result = c.b.concat(
        {result, c.b.range(x, last, turned, x.dim(-1) - turned)}, last);
  return result;
}

void tilework::lowerRotary(NodeContext &c) {
  bool microsoft = !c.node.domain.empty();
  Val x = c.in(0), cosine = c.in(microsoft ? 2 : 1);
  Val sine = c.in(microsoft ? 3 : 2);
  Val positions = c.optional(microsoft ? 1 : 3);
  if (x.rank() != 3 && x.rank() != 4)
    throw InvalidNode("its input has neither 3 nor 4 dimensions");
  if (microsoft) {
    if (c.integer("is_packed_batching", 0))
      throw UnsupportedNode("packed batches (is_packed_batching)");
    if (c.real("scale", 1.0f) != 1.0f)
      throw UnsupportedNode("a scale");
  }
  int64_t batch = x.dim(0), length = x.dim(x.rank() == 3 ? 1 : 2);
  int64_t dimension = c.integer("rotary_embedding_dim", 0);
  int64_t heads = c.integer("num_heads", 0);
  Val wide = x;
  if (x.rank() == 3) {
    // ONNX Runtime's op takes the size of a head from its table.
    if (heads == 0 && microsoft && cosine.dim(-1) > 0)
      heads = x.dim(2) / (2 * cosine.dim(-1));
    if (heads < 1 || x.dim(2) % heads)
      throw InvalidNode("its num_heads does not divide its hidden size");
    wide = c.b.reshape(x, {batch, length, heads, x.dim(2) / heads});
  }
  if (dimension > 0 && dimension != 2 * cosine.dim(-1))
    throw InvalidNode("its rotary_embedding_dim is not twice its table's "
                      "columns");
  // [batch or 1, length, columns] of each table.
  auto rows = [&](const Val &table) {
    if (positions.isAbsent())
      return table;
    if (table.rank() != 2)
      throw InvalidNode("its table is no [positions, columns]");
    Val ids = positions;
    if (ids.type.getNumElements() == 1 && length != 1) {
      std::vector<int64_t> counting(length);
      for (int64_t i = 0; i < length; ++i)
        counting[i] = i;
      ids = c.b.add(c.b.cast(c.b.ints(counting), ids.element()),
                    c.b.reshape(ids, {1}));
    }
    if (ids.rank() == 1)
      ids = c.b.reshape(ids, {1, ids.dim(0)});
    return c.b.gather(table, ids, 0);
  };
  auto aligned = [&](const Val &table) {
    Val v = rows(table);
    if (v.rank() != 3 || v.dim(1) != length)
      throw InvalidNode("its tables or positions do not fit its sequence: " +
                        shapeText(v.shape()));
    return c.b.reshape(v, x.rank() == 3 ? Shape{v.dim(0), length, 1, v.dim(2)}
                                        : Shape{v.dim(0), 1, length, v.dim(2)});
  };
  Val result = rotated(c, wide, aligned(cosine), aligned(sine),
                       c.integer("interleaved", 0) != 0);
  c.set(0, c.b.reshape(result, x.shape().vec()));
}

/// Each channel by its own kernel, of now and before: a sum of shifted
/// products.
void tilework::lowerCausalConv(NodeContext &c) {
  Val x = c.in(0), weight = c.in(1), past = c.optional(3);
  if (x.rank() != 3 || weight.rank() != 3 || weight.dim(0) != x.dim(1) ||
      weight.dim(1) != 1 || weight.dim(2) < 1)
    throw InvalidNode("its weight " + shapeText(weight.shape()) +
                      " does not fit its input " + shapeText(x.shape()));
  int64_t batch = x.dim(0), channels = x.dim(1), length = x.dim(2);
  int64_t taps = weight.dim(2);
  Shape state = {batch, channels, taps - 1};
  if (past.isAbsent())
    past = c.b.broadcast(c.b.scalar(0, x.element()), state);
  if (past.shape() != llvm::ArrayRef<int64_t>(state))
    throw InvalidNode("its state is no " + shapeText(state));
  Val whole = taps > 1 ? c.b.concat({past, x}, 2) : x, sum;
  for (int64_t tap = 0; tap < taps; ++tap) {
    Val factor = c.b.reshape(c.b.range(weight, 2, tap, 1), {1, channels, 1});
    Val part = c.b.mul(c.b.range(whole, 2, tap, length), factor);
    sum = sum.isAbsent() ? part : c.b.add(sum, part);
  }
  if (c.has(2))
    sum = c.b.add(sum, c.b.reshape(c.in(2), {1, channels, 1}));
  std::string_view activation = c.text("activation", "none");
  if (activation == "silu" || activation == "swish")
    sum = c.b.unary(UnaryKind::Silu, sum);
  else if (activation != "none" && !activation.empty())
    throw InvalidNode("its activation is none of silu, swish and none");
  c.set(0, sum);
  c.set(1, c.b.range(whole, 2, length, taps - 1));
}

namespace {
/// A recurrent attention: a matrix for each head, [batch, key heads, key size,
/// value size], that each token changes and each query reads.
struct Recurrence {
  NodeContext &c;
  int64_t heads, kvHeads;
  Val query, key, value, decay, rate;
  bool corrects = false;

  /// Token t of [batch, length, heads · size] as [batch, heads, rows, columns].
  Val token(const Val &x, int64_t t, int64_t rows, int64_t columns) const {
    int64_t count = x.dim(2) / (rows * columns);
    return c.b.reshape(c.b.range(x, 1, t, 1), {x.dim(0), count, rows, columns});
  }
  Val step(const Val &state, int64_t t) const;
  Val read(const Val &state, int64_t t) const;
};
} // namespace

Val Recurrence::step(const Val &state, int64_t t) const {
  int64_t keySize = state.dim(2), valueSize = state.dim(3);
  Val kept = state;
  if (!decay.isAbsent()) {
    bool perKey = decay.dim(2) == kvHeads * keySize;
    kept = c.b.mul(state, c.b.unary(UnaryKind::Exp,
                                    token(decay, t, perKey ? keySize : 1, 1)));
  }
  Val change = token(value, t, 1, valueSize);
  if (corrects)
    change =
        c.b.binary(BinaryKind::Sub, change,
                   c.matmul(token(key, t, 1, keySize), kept, false, false));
  if (!rate.isAbsent())
    change = c.b.mul(change, token(rate, t, 1, 1));
  return c.b.add(kept, c.b.mul(token(key, t, keySize, 1), change));
}

Val Recurrence::read(const Val &state, int64_t t) const {
  int64_t keySize = state.dim(2);
  // Queries that share a key head are the rows of one product.
  Val rows = token(query, t, heads / kvHeads, keySize);
  return c.b.reshape(c.matmul(rows, state, false, false),
                     {state.dim(0), 1, heads * state.dim(3)});
}

void tilework::lowerLinearAttention(NodeContext &c) {
  Recurrence r{c,
               c.integer("q_num_heads", 0),
               c.integer("kv_num_heads", 0),
               c.in(0),
               c.in(1),
               c.in(2),
               Val(),
               Val()};
  std::string_view rule = c.text("update_rule", "gated_delta");
  bool decays = rule == "gated" || rule == "gated_delta";
  r.corrects = rule == "delta" || rule == "gated_delta";
  if (!decays && !r.corrects && rule != "linear")
    throw InvalidNode("its update_rule is none of linear, gated, delta and "
                      "gated_delta");
  for (const Val &x : {r.query, r.key, r.value})
    if (x.rank() != 3 ||
        x.shape().take_front(2) != r.query.shape().take_front(2))
      throw InvalidNode("its inputs are no [batch, length, heads * size]");
  int64_t batch = r.query.dim(0), length = r.query.dim(1);
  if (r.heads < 1 || r.kvHeads < 1 || r.heads % r.kvHeads ||
      r.query.dim(2) % r.heads || r.value.dim(2) % r.kvHeads ||
      r.key.dim(2) != r.query.dim(2) / r.heads * r.kvHeads)
    throw InvalidNode("its numbers of heads do not fit its inputs");
  Shape shape = {batch, r.kvHeads, r.key.dim(2) / r.kvHeads,
                 r.value.dim(2) / r.kvHeads};
  if (decays) {
    r.decay = c.in(4);
    if (r.decay.rank() != 3 ||
        (r.decay.dim(2) != r.kvHeads && r.decay.dim(2) != r.key.dim(2)))
      throw InvalidNode("its decay has no element a head or a key");
  }
  if (r.corrects) {
    r.rate = c.in(5);
    if (r.rate.rank() != 3 ||
        (r.rate.dim(2) != r.kvHeads && r.rate.dim(2) != 1))
      throw InvalidNode("its beta has no element a head");
  }
  Val state = c.has(3) ? c.in(3)
                       : c.b.broadcast(c.b.scalar(0, r.query.element()), shape);
  if (state.shape() != llvm::ArrayRef<int64_t>(shape))
    throw InvalidNode("its state is no " + shapeText(shape));
  float scale = c.real("scale", 0);
  if (scale == 0)
    scale = 1.0f / std::sqrt(static_cast<float>(shape[2]));
  std::vector<Val> rows;
  for (int64_t t = 0; t < length; ++t) {
    state = r.step(state, t);
    rows.push_back(r.read(state, t));
  }
  Val output = rows.empty() ? c.b.broadcast(c.b.scalar(0, r.query.element()),
                                            {batch, 0, r.heads * shape[3]})
                            : c.b.concat(rows, 1);
  c.set(0, c.b.mul(output, c.b.scalar(scale, output.element())));
  c.set(1, state);
}
