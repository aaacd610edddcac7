// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention whose scores and probabilities the model changes by graphs of its
// own. It is written as products around a softmax, which the recogniser finds
// again where the graphs leave one.

#include "compiler/import/Lowering.h"

#include <cmath>

using namespace tilework;
using Shape = NodeContext::Shape;

/// What a graph of the node makes of x, or x where it has none.
static Val modified(NodeContext &c, std::string_view name, const Val &x) {
  const onnx::Attribute *attribute = c.attribute(name);
  if (!attribute)
    return x;
  if (!attribute->g || attribute->g->outputs.size() != 1)
    throw InvalidNode("its " + std::string(name) +
                      " is no graph of one output");
  Val result = c.call(*attribute->g, {x}).front();
  if (result.type != x.type)
    throw InvalidNode("its " + std::string(name) + " changes the shape " +
                      shapeText(x.shape()) + " or the type");
  return result;
}

void tilework::lowerFlexAttention(NodeContext &c) {
  Val q = c.in(0), k = c.in(1), v = c.in(2);
  for (const Val &x : {q, k, v})
    if (x.rank() != 4 || !x.isFloat())
      throw InvalidNode("its inputs are no [batch, heads, length, size]");
  int64_t batch = q.dim(0), heads = q.dim(1), kvHeads = k.dim(1);
  if (kvHeads < 1 || heads % kvHeads || v.dim(1) != kvHeads)
    throw InvalidNode("its numbers of heads do not fit");
  int64_t rows = q.dim(2), keys = k.dim(2), size = q.dim(3);
  mlir::Type element = q.element(), wide = c.b.builder.getF32Type();
  if (element.isF64())
    wide = element;
  if (int64_t precision = c.integer("softmax_precision", 0))
    wide = c.b.elementType(static_cast<onnx::DataType>(precision));
  if (!wide || !mlir::isa<mlir::FloatType>(wide))
    throw InvalidNode("its softmax_precision is no type of floats");
  float scale = c.real("scale", 1.0f / std::sqrt(static_cast<float>(size)));
  // Query heads that share a key head are rows of one product.
  int64_t joined = heads / kvHeads * rows;
  Val scores =
      c.matmul(c.b.reshape(q, {batch, kvHeads, joined, size}), k, false, true);
  scores = c.b.reshape(scores, {batch, heads, rows, keys});
  scores = c.b.cast(c.b.mul(scores, c.b.scalar(scale, element)), wide);
  Val shares =
      modified(c, "prob_mod", c.b.softmax(modified(c, "score_mod", scores)));
  shares =
      c.b.reshape(c.b.cast(shares, element), {batch, kvHeads, joined, keys});
  Val result = c.matmul(shares, v, false, false);
  c.set(0, c.b.reshape(result, {batch, heads, rows, v.dim(3)}));
}
