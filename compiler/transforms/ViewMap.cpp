// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Composes views. A reshape splits and joins factors; it fails only where it
// cuts through a factor at a point that is no divisor.

#include "compiler/transforms/ViewMap.h"

#include "compiler/transforms/Matchers.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

ViewMap ViewMap::of(Value root) {
  ViewMap map;
  map.root = root;
  int64_t stride = 1;
  for (int64_t size : llvm::reverse(shapeOf(root))) {
    map.dims.insert(map.dims.begin(),
                    SmallVector<ViewFactor, 2>{{size, stride}});
    stride *= size;
  }
  return map;
}

SmallVector<ViewFactor> ViewMap::factors(size_t first, size_t last) const {
  SmallVector<ViewFactor> merged;
  for (size_t i = first; i < last; ++i)
    for (ViewFactor factor : dims[i]) {
      if (factor.size == 1)
        continue;
      if (!merged.empty() &&
          merged.back().stride == factor.stride * factor.size &&
          factor.stride != 0)
        merged.back() = {merged.back().size * factor.size, factor.stride};
      else
        merged.push_back(factor);
    }
  return merged;
}

bool ViewMap::isDense() const {
  SmallVector<ViewFactor> all = factors(0, dims.size());
  int64_t elements = 1;
  for (int64_t size : shapeOf(root))
    elements *= size;
  if (offset != 0)
    return false;
  if (all.empty())
    return elements == 1;
  return all.size() == 1 && all[0].stride == 1 && all[0].size == elements;
}

static LogicalResult reshape(ViewMap &map, ArrayRef<int64_t> shape) {
  SmallVector<ViewFactor> rest = map.factors(0, map.dims.size());
  std::reverse(rest.begin(), rest.end());
  SmallVector<SmallVector<ViewFactor, 2>> dims;
  for (int64_t size : shape) {
    SmallVector<ViewFactor, 2> dim;
    while (size > 1) {
      if (rest.empty())
        return failure();
      ViewFactor factor = rest.pop_back_val();
      if (size % factor.size == 0) {
        dim.push_back(factor);
        size /= factor.size;
      } else if (factor.size % size == 0) {
        int64_t inner = factor.size / size;
        dim.push_back({size, factor.stride * inner});
        rest.push_back({inner, factor.stride});
        size = 1;
      } else {
        return failure();
      }
    }
    dims.push_back(std::move(dim));
  }
  map.dims = std::move(dims);
  return success();
}

static LogicalResult slice(ViewMap &map, SliceOp op) {
  ViewMap next = map;
  for (size_t i = 0; i < map.dims.size(); ++i) {
    int64_t size = op.getSizes()[i], step = op.getStrides()[i];
    SmallVector<ViewFactor> merged = map.factors(i, i + 1);
    if (size == shapeOf(op.getInput())[i] && step == 1)
      continue;
    if (merged.size() > 1)
      return failure();
    int64_t stride = merged.empty() ? 0 : merged[0].stride;
    next.offset += op.getOffsets()[i] * stride;
    next.dims[i] = {{size, stride * step}};
  }
  map = std::move(next);
  return success();
}

LogicalResult ViewMap::apply(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case(
          [&](ReshapeOp op) { return reshape(*this, shapeOf(op.getResult())); })
      .Case([&](TransposeOp op) {
        auto old = dims;
        for (auto [i, dim] : llvm::enumerate(op.getPermutation()))
          dims[i] = old[dim];
        return success();
      })
      .Case([&](SliceOp op) { return slice(*this, op); })
      .Case([&](BroadcastOp op) {
        ArrayRef<int64_t> from = shapeOf(op.getInput());
        ArrayRef<int64_t> to = shapeOf(op.getResult());
        size_t added = to.size() - from.size();
        dims.insert(dims.begin(), added, {});
        for (size_t i = 0; i < to.size(); ++i)
          if (i < added || from[i - added] != to[i])
            dims[i] = {{to[i], 0}};
        return success();
      })
      .Default([](Operation *) { return failure(); });
}

ViewMap tilework::traceViews(Value value, bool throughScales) {
  SmallVector<Operation *> chain;
  double scale = 1.0;
  Value root = value;
  while (Operation *op = root.getDefiningOp()) {
    if (op->hasTrait<IsView>()) {
      chain.push_back(op);
      root = op->getOperand(0);
    } else if (std::optional<ScaledValue> scaled =
                   throughScales ? matchScaled(root) : std::nullopt) {
      scale *= scaled->factor;
      root = scaled->value;
    } else {
      break;
    }
  }
  ViewMap map = ViewMap::of(root);
  map.scale = scale;
  for (Operation *op : llvm::reverse(chain))
    if (failed(map.apply(op))) {
      map = ViewMap::of(op->getResult(0));
      map.scale = 1.0;
      // Scales below this op were applied to what is now the root.
      Value inner = value;
      while (inner != op->getResult(0)) {
        if (std::optional<ScaledValue> scaled = matchScaled(inner)) {
          map.scale *= scaled->factor;
          inner = scaled->value;
        } else {
          inner = inner.getDefiningOp()->getOperand(0);
        }
      }
    }
  return map;
}
