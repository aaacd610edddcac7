// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The lowering of ONNX Runtime's GroupQueryAttention: keys and values of now
// behind those of a cache, rotary positions, a causal mask. Where the cache
// ends is data of the launch: the host names the row that each position has.

#include "compiler/import/Heads.h"

#include <algorithm>

using namespace tilework;
using namespace tilework::graph;
using Shape = NodeContext::Shape;

namespace {

class GroupedAttention {
public:
  explicit GroupedAttention(NodeContext &c) : c(c) {}
  void lower();

private:
  void refuseInputs();
  void readQueries();
  void readLengths();
  Val turned(const Val &x);
  /// Cached rows, [B, cache, width], and new ones as [B, keys, width].
  Val joined(const Val &cached, const Val &fresh);
  void readMask();

  NodeContext &c;
  Heads h;
  Val key, value;               ///< new ones, [B, S, heads, D]
  int64_t batch = 0, rows = 0;  ///< new tokens
  int64_t cached = 0, keys = 0; ///< positions before and after
  bool isPrompt = false;        ///< nothing cached counts
  Val start;                    ///< [B, 1], i64: where new tokens begin
};

} // namespace

void GroupedAttention::refuseInputs() {
  static const char *const kNames[] = {"head_sink",     "k_scale",
                                       "v_scale",       "q_norm_weight",
                                       "k_norm_weight", "query_seqlens"};
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (c.has(11 + i))
      throw UnsupportedNode(std::string("its input ") + kNames[i]);
  if (c.wants(3))
    throw UnsupportedNode("its output of scores is read");
  for (std::string_view name : {"k_quant_type", "v_quant_type"})
    if (c.text(name, "NONE") != "NONE")
      throw UnsupportedNode("a quantised cache (" + std::string(name) + ")");
  if (c.integer("smooth_softmax", 0) > 0)
    throw UnsupportedNode("smooth_softmax");
}

void GroupedAttention::readQueries() {
  const Val &query = c.in(0);
  if (query.rank() != 3 || c.has(1) != c.has(2))
    throw InvalidNode("its query, key and value do not fit each other");
  batch = query.dim(0);
  rows = query.dim(1);
  h.heads = c.integer("num_heads", 0);
  h.kvHeads = c.integer("kv_num_heads", 0);
  if (h.heads < 1 || h.kvHeads < 1 || h.heads % h.kvHeads)
    throw InvalidNode("its numbers of heads do not fit each other");
  const bool packed = !c.has(1);
  const int64_t all = packed ? h.heads + 2 * h.kvHeads : h.heads;
  h.headDim = h.valueDim = query.dim(2) / all;
  if (query.dim(2) % all || h.headDim < 1 || rows < 1)
    throw InvalidNode("its heads do not divide its query");
  auto part = [&](size_t input, int64_t first, int64_t count) {
    Val x = packed ? c.b.range(query, 2, first * h.headDim, count * h.headDim)
                   : c.in(input);
    if (x.rank() != 3 || x.dim(0) != batch || x.dim(1) != rows ||
        x.dim(2) != count * h.headDim)
      throw InvalidNode("its query, key and value do not fit each other");
    return c.b.reshape(x, {batch, rows, count, h.headDim});
  };
  h.query = part(0, 0, h.heads);
  key = part(1, h.heads, h.kvHeads);
  value = part(2, h.heads + h.kvHeads, h.kvHeads);
  if (float scale = c.real("scale", 0))
    h.scale = scale;
  if (float cap = c.real("softcap", 0))
    h.softcap = cap;
}

void GroupedAttention::readLengths() {
  if (c.has(3) != c.has(4))
    throw InvalidNode("past_key and past_value come together");
  if (c.has(3))
    for (size_t i : {3, 4}) {
      const Val &past = c.in(i);
      cached = past.rank() == 4 ? past.dim(2) : 0;
      if (past.shape() !=
          llvm::ArrayRef<int64_t>(Shape{batch, h.kvHeads, cached, h.headDim}))
        throw InvalidNode("its cache of shape " + shapeText(past.shape()) +
                          " does not fit its heads");
    }
  Shape total = c.b.requireInts(c.in(6), "total_sequence_length");
  if (total.size() != 1 || total[0] < rows)
    throw InvalidNode("its total_sequence_length is no number of its tokens");
  keys = std::max(cached, total[0]);
  if (keys > cached + rows)
    throw InvalidNode("its total_sequence_length is more than its cache and "
                      "its tokens");
  isPrompt = total[0] == rows;
  mlir::Type i64 = c.b.builder.getI64Type();
  if (isPrompt) {
    start = c.b.broadcast(c.b.ints({0}), {batch, 1});
    return;
  }
  const Val &last = c.in(5);
  if (last.type.getNumElements() != batch)
    throw InvalidNode("its seqlens_k is not one number for each of its batch");
  // The last position, which must be there.
  start =
      c.b.add(c.b.positions(c.b.reshape(c.b.cast(last, i64), {batch, 1}), keys),
              c.b.ints({1 - rows}));
}

Val GroupedAttention::turned(const Val &x) {
  Val position;
  if (c.has(9)) {
    position = c.b.cast(c.in(9), c.b.builder.getI64Type());
    if (position.rank() != 2)
      throw InvalidNode("its position_ids are no [batch, tokens]");
    // Of a prompt the first one counts, and the others follow it.
    if (isPrompt)
      position = c.b.add(c.b.range(c.b.range(position, 0, 0, 1), 1, 0, 1),
                         c.b.reshape(c.b.counting(rows), {1, rows}));
  } else {
    position = c.b.add(start, c.b.reshape(c.b.counting(rows), {1, rows}));
  }
  position = c.b.broadcast(position, {batch, rows});
  auto table = [&](size_t i) {
    if (c.in(i).rank() != 2)
      throw InvalidNode("its tables of angles have not two dimensions");
    Val part = c.b.gather(c.in(i), position, 0);
    return c.b.reshape(part, {batch, rows, 1, c.in(i).dim(1)});
  };
  return rotated(c, x, table(7), table(8),
                 c.integer("rotary_interleaved", 0) != 0);
}

Val GroupedAttention::joined(const Val &past, const Val &fresh) {
  if (isPrompt)
    return keys == rows
               ? fresh
               : c.b.concat({fresh, c.b.range(past, 1, rows, keys - rows)}, 1);
  if (start.host && start.host->isSplat() && start.host->intValue() == cached)
    return cached == 0 ? fresh : c.b.concat({past, fresh}, 1);
  if (cached == 0)
    throw InvalidNode("it has no cache for its first tokens");
  // Position t of the result is row t of the cache, or a new one.
  const int64_t width = fresh.dim(2);
  Val t = c.b.reshape(c.b.counting(keys), {1, keys});
  Val each = c.b.reshape(c.b.counting(batch), {batch, 1});
  Val at = c.b.binary(BinaryKind::Sub, t, start);
  Val isNew =
      c.b.binary(BinaryKind::And, c.b.binary(BinaryKind::Ge, at, c.b.ints({0})),
                 c.b.binary(BinaryKind::Lt, at, c.b.ints({rows})));
  Val old = c.b.add(c.b.mul(each, c.b.ints({cached})),
                    c.b.binary(BinaryKind::Min, t, c.b.ints({cached - 1})));
  Val added = c.b.add(c.b.mul(each, c.b.ints({rows})),
                      c.b.add(at, c.b.ints({batch * cached})));
  Val table = c.b.concat({c.b.reshape(past, {batch * cached, width}),
                          c.b.reshape(fresh, {batch * rows, width})},
                         0);
  return c.b.gather(table, c.b.select(isNew, added, old), 0);
}

void GroupedAttention::readMask() {
  const bool causal = c.integer("causal", 1) != 0;
  // Keys that a query sees, its own among them; none given: all before it.
  const int64_t width = c.integer("local_window_size", -1);
  if (width > 0 && !causal)
    throw InvalidNode("its local_window_size fits no causal mask");
  mlir::Type element = h.query.element();
  if (isPrompt && (causal || keys == rows)) {
    if (causal)
      h.band = {width > 0 ? 1 - width : 1 - rows, 0};
  } else {
    Val at = c.b.reshape(c.b.counting(keys), {1, 1, 1, keys});
    Val first = c.b.reshape(start, {batch, 1, 1, 1});
    Val query =
        c.b.add(first, c.b.reshape(c.b.counting(rows), {1, 1, rows, 1}));
    Val seen = causal ? c.b.binary(BinaryKind::Le, at, query)
                      : c.b.binary(BinaryKind::Lt, at,
                                   c.b.add(first, c.b.ints({rows})));
    if (width > 0)
      seen = c.b.binary(
          BinaryKind::And, seen,
          c.b.binary(BinaryKind::Gt, c.b.add(at, c.b.ints({width})), query));
    h.mask = maskOf(c, seen, element);
  }
  if (c.has(10)) {
    Val bias = rank4(c, padMask(c, c.in(10), keys));
    h.mask = h.mask.isAbsent() ? bias : c.b.add(bias, h.mask);
  }
}

void GroupedAttention::lower() {
  refuseInputs();
  readQueries();
  readLengths();
  if (c.integer("do_rotary", 0)) {
    h.query = turned(h.query);
    key = turned(key);
  }
  h.query = mergeHeads(c, h.query, false);
  auto all = [&](size_t past, const Val &fresh) {
    return joined(c.has(past) && cached ? mergeHeads(c, c.in(past), true)
                                        : Val(),
                  mergeHeads(c, fresh, false));
  };
  h.key = all(3, key);
  h.value = all(4, value);
  for (auto &window : h.window)
    window[1] = h.headDim;
  readMask();
  if (c.wants(0))
    c.set(0, emitAttention(c, h));
  if (c.wants(1))
    c.set(1, splitHeads(c, h.key, h.kvHeads));
  if (c.wants(2))
    c.set(2, splitHeads(c, h.value, h.kvHeads));
}

void tilework::lowerGroupQueryAttention(NodeContext &c) {
  GroupedAttention(c).lower();
}
