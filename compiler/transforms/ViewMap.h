// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The composition of view ops by value: which element of a root tensor stands
// at an index of the view.

#ifndef TILEWORK_COMPILER_TRANSFORMS_VIEWMAP_H
#define TILEWORK_COMPILER_TRANSFORMS_VIEWMAP_H

#include "dialects/graph/GraphDialect.h"

namespace tilework {

/// A run of `size` elements, `stride` elements of the root apart.
struct ViewFactor {
  int64_t size;
  int64_t stride;
};

/// A view of `root`, which is dense and row-major. Each dimension is a list of
/// factors, outermost first, because a reshape may join dimensions that are not
/// adjacent in the root (heads and batch): their elements have no one stride.
struct ViewMap {
  mlir::Value root;
  int64_t offset = 0;
  llvm::SmallVector<llvm::SmallVector<ViewFactor, 2>> dims;
  /// Product of the scalar factors on the way, where tracing looked through
  /// them.
  double scale = 1.0;

  /// The identity view of a tensor.
  static ViewMap of(mlir::Value root);

  /// Applies a view op's effect; failure where it has no such form.
  mlir::LogicalResult apply(mlir::Operation *op);

  /// All factors of dimensions [first, last), outermost first, adjacent ones
  /// that run on merged and those of one element left out.
  llvm::SmallVector<ViewFactor> factors(size_t first, size_t last) const;

  /// Whether the view is all of the root in its own order.
  bool isDense() const;
};

/// Traces a value through reshapes, transposes, slices and broadcasts to where
/// it was computed; with `throughScales` through products with scalars too.
ViewMap traceViews(mlir::Value value, bool throughScales = false);

} // namespace tilework

#endif // TILEWORK_COMPILER_TRANSFORMS_VIEWMAP_H
