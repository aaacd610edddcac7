// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views of the graph folded into addresses: sizes and strides of values, the
// loops that walk them, and the ops that only change them.

#include "compiler/conversion/GraphPlanner.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::SmallVector;

int64_t View::elements() const {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

bool View::dense() const {
  SmallVector<int64_t> wanted = computeStrides(sizes);
  for (size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] != 1 && strides[d] != wanted[d])
      return false;
  return true;
}

SmallVector<int64_t> alignedStrides(ArrayRef<int64_t> viewSizes,
                                    ArrayRef<int64_t> viewStrides,
                                    ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> strides(sizes.size(), 0);
  for (size_t i = 0; i < viewSizes.size() && i < sizes.size(); ++i) {
    size_t from = viewSizes.size() - 1 - i, to = sizes.size() - 1 - i;
    strides[to] = viewSizes[from] == 1 ? 0 : viewStrides[from];
  }
  return strides;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

GraphPlanner::Loops
GraphPlanner::mergeLoops(ArrayRef<int64_t> sizes,
                         const std::vector<SmallVector<int64_t>> &strides) {
  Loops loops;
  loops.strides.resize(strides.size());
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1)
      continue;
    bool merge = !loops.sizes.empty();
    for (size_t o = 0; merge && o < strides.size(); ++o)
      merge = loops.strides[o].back() == strides[o][d] * sizes[d];
    if (merge) {
      loops.sizes.back() *= sizes[d];
      for (size_t o = 0; o < strides.size(); ++o)
        loops.strides[o].back() = strides[o][d];
      continue;
    }
    loops.sizes.push_back(sizes[d]);
    for (size_t o = 0; o < strides.size(); ++o)
      loops.strides[o].push_back(strides[o][d]);
  }
  if (loops.sizes.empty()) {
    loops.sizes.push_back(1);
    for (auto &s : loops.strides)
      s.push_back(0);
  }
  return loops;
}

Access GraphPlanner::access(const View &view, ArrayRef<int64_t> strides) const {
  Access access;
  access.tensor = view.tensor;
  access.offset = view.offset * view.elementBytes;
  for (int64_t stride : strides.drop_back())
    access.batchStrides.push_back(stride * view.elementBytes);
  access.rowStride = strides.back() * view.elementBytes;
  return access;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// The strides of a reshape that needs no copy; nothing where one is needed.
static std::optional<SmallVector<int64_t>>
reshapeStrides(const View &view, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> fromSizes, fromStrides;
  for (size_t d = 0; d < view.sizes.size(); ++d)
    if (view.sizes[d] != 1) {
      fromSizes.push_back(view.sizes[d]);
      fromStrides.push_back(view.strides[d]);
    }
  SmallVector<int64_t> strides(sizes.size(), 1);
  size_t from = 0;
  for (size_t to = 0; to < sizes.size();) {
    if (sizes[to] == 1) {
      ++to;
      continue;
    }
    if (from == fromSizes.size())
      return std::nullopt;
    size_t fromEnd = from + 1, toEnd = to + 1;
    int64_t fromCount = fromSizes[from], toCount = sizes[to];
    while (fromCount != toCount) {
      if (fromCount < toCount) {
        if (fromEnd == fromSizes.size() ||
            fromStrides[fromEnd - 1] !=
                fromStrides[fromEnd] * fromSizes[fromEnd])
          return std::nullopt;
        fromCount *= fromSizes[fromEnd++];
      } else {
        if (toEnd == sizes.size())
          return std::nullopt;
        toCount *= sizes[toEnd++];
      }
    }
    for (size_t i = from; i + 1 < fromEnd; ++i)
      if (fromStrides[i] != fromStrides[i + 1] * fromSizes[i + 1])
        return std::nullopt;
    int64_t stride = fromStrides[fromEnd - 1];
    for (size_t i = toEnd; i-- > to;) {
      strides[i] = stride;
      stride *= sizes[i];
    }
    from = fromEnd;
    to = toEnd;
  }
  return strides;
}

Error GraphPlanner::planViewOp(Operation *op) {
  auto input = viewOf(op->getOperand(0));
  if (!input)
    return input.takeError();
  View view = *input;
  auto type = graph::tensorTypeOf(op->getResult(0));
  if (auto reshape = dyn_cast<graph::ReshapeOp>(op)) {
    auto strides = reshapeStrides(view, type.getShape());
    if (!strides) {
      auto copy = materialise(view, op);
      if (!copy)
        return copy.takeError();
      view = *copy;
      strides = computeStrides(type.getShape());
    }
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides = *strides;
  } else if (auto transpose = dyn_cast<graph::TransposeOp>(op)) {
    View from = view;
    for (auto [to, d] : llvm::enumerate(transpose.getPermutation())) {
      view.sizes[to] = from.sizes[d];
      view.strides[to] = from.strides[d];
    }
  } else if (auto slice = dyn_cast<graph::SliceOp>(op)) {
    for (size_t d = 0; d < view.sizes.size(); ++d) {
      view.offset += slice.getOffsets()[d] * view.strides[d];
      view.sizes[d] = slice.getSizes()[d];
      view.strides[d] *= slice.getStrides()[d];
    }
  } else if (auto window = dyn_cast<graph::WindowOp>(op)) {
    const size_t axis = window.getAxis();
    const int64_t stride = view.strides[axis];
    view.offset += window.getOffset() * stride;
    view.sizes.erase(view.sizes.begin() + axis);
    view.strides.erase(view.strides.begin() + axis);
    view.sizes.insert(view.sizes.begin() + axis, window.getSizes().begin(),
                      window.getSizes().end());
    for (int64_t step : llvm::reverse(window.getStrides()))
      view.strides.insert(view.strides.begin() + axis, step * stride);
  } else {
    SmallVector<int64_t> strides =
        alignedStrides(view.sizes, view.strides, type.getShape());
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides = strides;
  }
  // What runs backwards is copied: an operand's rows and elements rise.
  for (auto [size, stride] : llvm::zip_equal(view.sizes, view.strides))
    if (size > 1 && stride < 0) {
      auto copy = materialise(view, op);
      if (!copy)
        return copy.takeError();
      view = *copy;
      break;
    }
  views[op->getResult(0)] = view;
  return Error::success();
}

Error GraphPlanner::planConcat(graph::ConcatOp op) {
  View out = newResult(op.getResult());
  int64_t axis = op.getAxis(), at = 0;
  for (Value input : op.getInputs()) {
    auto view = viewOf(input);
    if (!view)
      return view.takeError();
    View part = out;
    part.sizes = view->sizes;
    part.offset += at * out.strides[axis];
    at += view->sizes[axis];
    if (Error error = copyTo(*view, part, op))
      return error;
  }
  return Error::success();
}

} // namespace tilework
