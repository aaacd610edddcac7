// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lowerings of convolutions, pools and resizing share: where windows stand
// along a dimension, and products of one dimension with a constant matrix.

#ifndef TILEWORK_COMPILER_IMPORT_SAMPLING_H
#define TILEWORK_COMPILER_IMPORT_SAMPLING_H

#include "compiler/import/Lowering.h"

namespace tilework {

/// Where a window stands along one spatial dimension; sizes in elements.
struct Windows {
  int64_t input, kernel, stride, dilation, before, after, output;

  /// The first element of window `i`; below 0 in the padding.
  int64_t first(int64_t i) const { return i * stride - before; }
  int64_t span() const { return (kernel - 1) * dilation + 1; }
};

/// Integers of a node, one a spatial dimension, or `otherwise` for each;
/// `otherwise` is the least that makes sense.
NodeContext::Shape perAxis(NodeContext &c, std::string_view name, size_t count,
                           int64_t otherwise);

/// The windows of a convolution or a pool over x = [batch, channels, ...], as
/// its attributes strides, dilations, pads, auto_pad and ceil_mode say.
std::vector<Windows> windowsOf(NodeContext &c, const Val &x,
                               llvm::ArrayRef<int64_t> kernel);

/// A matrix by which outputs along one dimension are sums of its inputs.
struct Sampling {
  int64_t inputs, outputs;
  std::vector<double> weights;

  Sampling(int64_t inputs, int64_t outputs);
  double &at(int64_t from, int64_t to) { return weights[from * outputs + to]; }
};

/// The sums Σ x[…, i, …] · weights[i, o] in place of dimension `axis`, as one
/// product.
Val combine(NodeContext &c, const Val &x, int64_t axis,
            const Sampling &sampling);

/// As above, but what has
/// the weight zero is not taken: an infinity or NaN reaches only the sums that
/// it is part of.
Val sample(NodeContext &c, const Val &x, int64_t axis,
           const Sampling &sampling);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_SAMPLING_H
