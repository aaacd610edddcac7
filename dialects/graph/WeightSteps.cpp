// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape and type rules of weight expressions: what each recorded step makes of
// the value before it, and what a span may say.

#include "dialects/graph/GraphDialect.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tilework::graph;

using ErrorFn = llvm::function_ref<InFlightDiagnostic()>;

/// Number of elements, or nothing where a dimension is negative or the product
/// does not fit 63 bits.
static std::optional<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  return count;
}

LogicalResult SpanAttr::verify(ErrorFn emitError, unsigned file,
                               uint64_t offset, uint64_t bytes, Type element,
                               ArrayRef<int64_t> shape) {
  if (!element.isIntOrFloat())
    return emitError() << "span element must be an integer or a float, not "
                       << element;
  std::optional<int64_t> count = countElements(shape);
  int64_t bits;
  if (!count || llvm::MulOverflow<int64_t>(*count, storedBits(element), bits))
    return emitError() << "span shape is negative or too large";
  uint64_t expected = (static_cast<uint64_t>(bits) + 7) / 8;
  if (bytes != expected)
    return emitError() << "span has " << bytes << " bytes, but its shape and "
                       << "element type take " << expected;
  if (offset + bytes < offset)
    return emitError() << "span ends past the largest file offset";
  return success();
}

LogicalResult ExprAttr::verify(ErrorFn emitError, Attribute source,
                               ArrayRef<Attribute> steps) {
  if (!isa<SpanAttr, DenseElementsAttr>(source))
    return emitError() << "the source of an expression is a span or dense "
                          "elements";
  return success();
}

static FailureOr<RankedTensorType>
inferConcat(ConcatStepAttr step, RankedTensorType type, ErrorFn emitError) {
  SmallVector<int64_t> shape(type.getShape());
  int64_t axis = step.getAxis();
  if (axis < 0 || axis >= type.getRank())
    return emitError() << "concat_step axis " << axis << " is not within rank "
                       << type.getRank();
  for (ExprAttr other : step.getOthers()) {
    FailureOr<RankedTensorType> next = other.inferType(emitError);
    if (failed(next))
      return failure();
    bool fits = next->getRank() == type.getRank() &&
                next->getElementType() == type.getElementType();
    for (int64_t i = 0; fits && i < type.getRank(); ++i)
      fits = i == axis || next->getDimSize(i) == shape[i];
    if (!fits)
      return emitError() << "concat_step cannot append " << *next << " to "
                         << type << " along dimension " << axis;
    shape[axis] += next->getDimSize(axis);
  }
  return RankedTensorType::get(shape, type.getElementType());
}

static FailureOr<RankedTensorType>
inferSlice(SliceStepAttr step, RankedTensorType type, ErrorFn emitError) {
  size_t rank = type.getRank();
  if (step.getOffsets().size() != rank || step.getSizes().size() != rank ||
      step.getStrides().size() != rank)
    return emitError() << "slice_step needs one offset, size and stride for "
                          "each of "
                       << rank << " dimensions";
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = step.getOffsets()[i], size = step.getSizes()[i];
    int64_t last = first + (size - 1) * step.getStrides()[i];
    int64_t dim = type.getDimSize(i);
    if (size < 0 ||
        (size > 0 && (first < 0 || first >= dim || last < 0 || last >= dim)))
      return emitError() << "slice_step leaves dimension " << i << " of size "
                         << dim;
  }
  return RankedTensorType::get(step.getSizes(), type.getElementType());
}

static FailureOr<RankedTensorType>
inferStep(Attribute attribute, RankedTensorType type, ErrorFn emitError) {
  using Result = FailureOr<RankedTensorType>;
  Type element = type.getElementType();
  return llvm::TypeSwitch<Attribute, Result>(attribute)
      .Case([&](CastStepAttr step) -> Result {
        if (!step.getElement().isIntOrFloat())
          return emitError() << "cast_step to " << step.getElement();
        return RankedTensorType::get(type.getShape(), step.getElement());
      })
      .Case([&](UnaryStepAttr step) -> Result { return type; })
      .Case([&](BinaryStepAttr step) -> Result {
        FailureOr<RankedTensorType> other =
            step.getOperand().inferType(emitError);
        if (failed(other))
          return failure();
        auto shape = broadcastShapes(type.getShape(), other->getShape());
        if (failed(shape) || other->getElementType() != element)
          return emitError()
                 << "binary_step cannot combine " << type << " with " << *other;
        Type result = isComparison(step.getKind())
                          ? IntegerType::get(type.getContext(), 1)
                          : element;
        return RankedTensorType::get(*shape, result);
      })
      .Case([&](SelectStepAttr step) -> Result {
        FailureOr<RankedTensorType> onTrue =
            step.getOnTrue().inferType(emitError);
        FailureOr<RankedTensorType> onFalse =
            step.getOnFalse().inferType(emitError);
        if (failed(onTrue) || failed(onFalse))
          return failure();
        auto sides = broadcastShapes(onTrue->getShape(), onFalse->getShape());
        auto shape =
            failed(sides) ? sides : broadcastShapes(type.getShape(), *sides);
        if (failed(shape) ||
            onTrue->getElementType() != onFalse->getElementType())
          return emitError() << "select_step cannot choose between " << *onTrue
                             << " and " << *onFalse << " by " << type;
        return RankedTensorType::get(*shape, onTrue->getElementType());
      })
      .Case([&](TransposeStepAttr step) -> Result {
        SmallVector<int64_t> shape;
        llvm::SmallBitVector seen(type.getRank());
        for (int64_t dim : step.getPermutation()) {
          if (dim < 0 || dim >= type.getRank() || seen.test(dim))
            break;
          seen.set(dim);
          shape.push_back(type.getDimSize(dim));
        }
        if (static_cast<int64_t>(shape.size()) != type.getRank() ||
            step.getPermutation().size() != shape.size())
          return emitError() << "transpose_step is no permutation of rank "
                             << type.getRank();
        return RankedTensorType::get(shape, element);
      })
      .Case([&](ReshapeStepAttr step) -> Result {
        if (countElements(step.getShape()) != type.getNumElements())
          return emitError() << "reshape_step changes the number of elements "
                             << "of " << type;
        return RankedTensorType::get(step.getShape(), element);
      })
      .Case(
          [&](SliceStepAttr step) { return inferSlice(step, type, emitError); })
      .Case([&](BroadcastStepAttr step) -> Result {
        if (!broadcastsTo(type.getShape(), step.getShape()))
          return emitError() << "broadcast_step does not fit " << type;
        return RankedTensorType::get(step.getShape(), element);
      })
      .Case([&](ConcatStepAttr step) {
        return inferConcat(step, type, emitError);
      })
      .Default([&](Attribute other) -> Result {
        return emitError() << "not a step of a weight: " << other;
      });
}

FailureOr<RankedTensorType> ExprAttr::inferType(ErrorFn emitError) const {
  RankedTensorType type;
  if (auto span = dyn_cast<SpanAttr>(getSource()))
    type = RankedTensorType::get(span.getShape(), span.getElement());
  else
    type = RankedTensorType::get(
        cast<DenseElementsAttr>(getSource()).getType().getShape(),
        cast<DenseElementsAttr>(getSource()).getElementType());
  for (Attribute step : getSteps()) {
    FailureOr<RankedTensorType> next = inferStep(step, type, emitError);
    if (failed(next))
      return failure();
    type = *next;
  }
  return type;
}
