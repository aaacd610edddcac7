// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How large a value of the graph is and what it takes to make it, for what
// counts work.

#pragma once

#include "dialects/graph/GraphDialect.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace tilework {

/// 0 where the shape is not known.
inline int64_t elementsOf(mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? type.getNumElements() : 0;
}

/// How often the vector unit passes over the elements of the result. A gather
/// loads them.
inline int vectorPasses(mlir::Operation *op) {
  if (op->hasTrait<graph::IsNormalising>())
    return 2;
  return op->hasTrait<graph::IsRowWise>() && !mlir::isa<graph::EmbeddingOp>(op);
}

} // namespace tilework
