// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lowerings of a whole attention share: where heads stand in tensors,
// masks and the op that they become.

#ifndef TILEWORK_COMPILER_IMPORT_HEADS_H
#define TILEWORK_COMPILER_IMPORT_HEADS_H

#include "compiler/import/Lowering.h"

#include <cmath>
#include <limits>

namespace tilework {

/// What attention reads: tensors [B, S, width] and where heads stand in them.
struct Heads {
  Val query, key, value, mask, seen, bias;
  int64_t heads = 1, kvHeads = 1, headDim = 0, valueDim = 0;
  int64_t window[3][2] = {{0, 0}, {0, 0}, {0, 0}};
  std::optional<float> scale, softcap;
  /// As the attributes of graph.attention.
  std::optional<NodeContext::Shape> band;
  std::optional<float> bandValue, otherwise;
  bool zeroHidden = false;

  float scaleFactor() const {
    return scale.value_or(1.0f / std::sqrt(static_cast<float>(headDim)));
  }
};

/// The attention, [B, S, heads · valueDim], counted.
Val emitAttention(NodeContext &c, Heads h);

/// An additive mask of a boolean that says which keys are seen.
Val maskOf(NodeContext &c, const Val &seen, mlir::Type element,
           double hidden = -std::numeric_limits<double>::infinity());

/// A mask of rank 4, from one that lacks leading dimensions.
Val rank4(NodeContext &c, Val mask);

/// ONNX's mask in the last dimension of `keys`; what is missing is hidden.
Val padMask(NodeContext &c, const Val &mask, int64_t keys);

/// [B, S, N, D] or [B, N, S, D] as [B, S, N·D].
Val mergeHeads(NodeContext &c, Val x, bool transposed);

/// [B, S, N·D] as [B, N, S, D].
Val splitHeads(NodeContext &c, const Val &x, int64_t heads);

/// Turns pairs of the first elements of each head of `x`, [.., head size]: the
/// halves' elements, or neighbours. The tables have half as many columns and
/// broadcast against the dimensions before.
Val rotated(NodeContext &c, const Val &x, const Val &cosine, const Val &sine,
            bool interleaved);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_HEADS_H
