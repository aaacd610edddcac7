// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views of the import's values.

#include "compiler/import/ValueBuilder.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = ValueBuilder::Shape;

Val ValueBuilder::reshape(const Val &x, const Shape &shape) {
  if (x.shape() == ArrayRef<int64_t>(shape))
    return x;
  if (elementCount(shape) != x.type.getNumElements())
    throw InvalidNode("a reshape of " + shapeText(x.shape()) + " to " +
                      shapeText(shape) + " changes the number of elements");
  if (x.host)
    return fromHost(x.host->reshape(shape));
  if (x.expr)
    return withStep(x, ReshapeStepAttr::get(builder.getContext(), shape));
  return emit(ReshapeOp::create(builder, loc, tensorType(shape, x.element()),
                                materialise(x)));
}

Val ValueBuilder::transpose(const Val &x, const Shape &permutation) {
  Shape shape;
  std::vector<bool> seen(x.rank());
  for (int64_t dim : permutation) {
    if (dim < 0 || dim >= x.rank() || seen[dim])
      throw InvalidNode("its perm is no permutation of the dimensions");
    seen[dim] = true;
    shape.push_back(x.dim(dim));
  }
  if (static_cast<int64_t>(shape.size()) != x.rank())
    throw InvalidNode("its perm does not name every dimension");
  if (x.host)
    return fromHost(x.host->transpose(permutation));
  if (x.expr)
    return withStep(x,
                    TransposeStepAttr::get(builder.getContext(), permutation));
  return emit(TransposeOp::create(builder, loc, tensorType(shape, x.element()),
                                  materialise(x), permutation));
}

Val ValueBuilder::slice(const Val &x, const Shape &offsets, const Shape &sizes,
                        const Shape &steps) {
  bool whole = ArrayRef<int64_t>(sizes) == x.shape();
  for (int64_t step : steps)
    whole &= step == 1;
  if (whole)
    return x;
  if (x.host)
    return fromHost(x.host->slice(offsets, sizes, steps));
  if (x.expr)
    return withStep(
        x, SliceStepAttr::get(builder.getContext(), offsets, sizes, steps));
  // What lies within one part of what was joined is taken from there.
  if (auto joined = x.value.getDefiningOp<ConcatOp>()) {
    const int64_t axis = joined.getAxis(), from = offsets[axis];
    const int64_t to = from + (sizes[axis] - 1) * steps[axis];
    int64_t first = 0;
    for (Value input : joined.getInputs()) {
      const int64_t end =
          first +
          llvm::cast<RankedTensorType>(input.getType()).getDimSize(axis);
      if (std::min(from, to) >= first && std::max(from, to) < end) {
        Shape inner = offsets;
        inner[axis] -= first;
        return slice(fromOperand(input), inner, sizes, steps);
      }
      first = end;
    }
  }
  return emit(SliceOp::create(builder, loc, tensorType(sizes, x.element()),
                              materialise(x), offsets, sizes, steps));
}

Val ValueBuilder::range(const Val &x, int64_t axis, int64_t first,
                        int64_t count) {
  if (first < 0 || count < 0 || first > x.dim(axis) - count)
    throw InvalidNode("a slice leaves its input");
  Shape offsets(x.rank(), 0), sizes = x.shape().vec(), steps(x.rank(), 1);
  offsets[axis] = first;
  sizes[axis] = count;
  return slice(x, offsets, sizes, steps);
}

Val ValueBuilder::broadcast(const Val &x, const Shape &shape) {
  if (x.shape() == ArrayRef<int64_t>(shape))
    return x;
  if (!broadcastsTo(x.shape(), shape))
    throw InvalidNode("its shape " + shapeText(x.shape()) +
                      " cannot be expanded to " + shapeText(shape));
  if (!elementCount(shape))
    throw InvalidNode("its shape is too large");
  if (x.host)
    return fromHost(x.host->broadcastTo(shape));
  if (x.expr)
    return withStep(x, BroadcastStepAttr::get(builder.getContext(), shape));
  return emit(BroadcastOp::create(builder, loc, tensorType(shape, x.element()),
                                  materialise(x)));
}

Val ValueBuilder::concat(const std::vector<Val> &inputs, int64_t axis) {
  if (inputs.empty())
    throw InvalidNode("it has no input");
  Shape shape = inputs.front().shape().vec();
  bool allHost = true, allConstant = true;
  int64_t total = 0;
  for (const Val &input : inputs) {
    bool fits = input.rank() == static_cast<int64_t>(shape.size()) &&
                input.element() == inputs.front().element();
    for (int64_t i = 0; fits && i < input.rank(); ++i)
      fits = i == axis || input.dim(i) == shape[i];
    if (!fits)
      throw InvalidNode(
          input.element() != inputs.front().element()
              ? std::string("the types of its inputs differ")
              : "its inputs differ beyond axis " + std::to_string(axis) + ": " +
                    shapeText(shape) + " and " + shapeText(input.shape()));
    total += input.dim(axis);
    allHost &= input.host.has_value();
    allConstant &= input.isConstant();
  }
  shape[axis] = total;
  std::vector<Val> parts;
  for (const Val &input : inputs)
    if (input.type.getNumElements() > 0)
      parts.push_back(input);
  if (parts.empty())
    return broadcast(scalar(0, inputs.front().element()), shape);
  if (parts.size() == 1)
    return parts.front();
  if (allHost) {
    std::vector<HostTensor> tensors;
    for (const Val &input : parts)
      tensors.push_back(*input.host);
    if (auto folded = HostTensor::concat(tensors, axis))
      return fromHost(*folded);
  }
  if (allConstant) {
    SmallVector<ExprAttr> others;
    for (const Val &input : llvm::drop_begin(parts))
      others.push_back(expression(input));
    return withStep(parts.front(),
                    ConcatStepAttr::get(builder.getContext(), axis, others));
  }
  SmallVector<Value> operands;
  for (const Val &input : parts)
    operands.push_back(materialise(input));
  return emit(ConcatOp::create(builder, loc,
                               tensorType(shape, inputs.front().element()),
                               operands, axis));
}
