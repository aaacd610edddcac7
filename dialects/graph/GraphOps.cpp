// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers and builders of the graph ops: the relation between the shapes of
// an op's operands and its result.

#include "dialects/graph/GraphDialect.h"

#include "mlir/IR/Builders.h"

#include <limits>

using namespace mlir;
using namespace tilework::graph;

#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.cpp.inc"

/// Requires a rank-1 tensor of `size` elements.
static LogicalResult verifyVector(Operation *op, Value value, int64_t size,
                                  StringRef what) {
  if (!value)
    return success();
  RankedTensorType type = tensorTypeOf(value);
  if (type.getRank() != 1 || type.getDimSize(0) != size)
    return op->emitOpError() << what << " must have the shape [" << size
                             << "], not that of " << type;
  return success();
}

static LogicalResult verifySameElement(Operation *op, Type input, Type result) {
  if (getElementTypeOrSelf(input) != getElementTypeOrSelf(result))
    return op->emitOpError()
           << "changes the element type from " << getElementTypeOrSelf(input)
           << " to " << getElementTypeOrSelf(result);
  return success();
}

//===----------------------------------------------------------------------===//
// Constants and products
//===----------------------------------------------------------------------===//

LogicalResult WeightOp::verify() {
  FailureOr<RankedTensorType> type =
      getExpr().inferType([&] { return emitOpError(); });
  if (failed(type))
    return failure();
  if (*type != getResult().getType())
    return emitOpError() << "expression gives " << *type << ", result type is "
                         << getResult().getType();
  return success();
}

void MatmulOp::build(OpBuilder &builder, OperationState &state, Type result,
                     Value lhs, Value rhs) {
  build(builder, state, result, lhs, rhs, /*bias=*/Value(),
        /*residual=*/Value(), /*norm_scale=*/Value(), /*norm_shift=*/Value(),
        /*transpose_lhs=*/false, /*transpose_rhs=*/false, Activation::None,
        Norm::None, /*epsilon=*/FloatAttr());
}

int64_t MatmulOp::getM() {
  ArrayRef<int64_t> shape = shapeOf(getLhs());
  return shape[shape.size() - (getTransposeLhs() ? 1 : 2)];
}

int64_t MatmulOp::getK() {
  ArrayRef<int64_t> shape = shapeOf(getLhs());
  return shape[shape.size() - (getTransposeLhs() ? 2 : 1)];
}

int64_t MatmulOp::getN() {
  ArrayRef<int64_t> shape = shapeOf(getRhs());
  return shape[shape.size() - (getTransposeRhs() ? 2 : 1)];
}

int64_t MatmulOp::getBatch() {
  int64_t batch = 1;
  for (int64_t dim : shapeOf(getResult()).drop_back(2))
    batch *= dim;
  return batch;
}

bool MatmulOp::hasEpilogue() {
  return getBias() || getResidual() || getNorm() != Norm::None ||
         getActivation() != Activation::None;
}

LogicalResult MatmulOp::verify() {
  RankedTensorType lhs = tensorTypeOf(getLhs()), rhs = tensorTypeOf(getRhs());
  RankedTensorType result = tensorTypeOf(getResult());
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emitOpError() << "needs operands of rank 2 or more";
  int64_t inner = rhs.getDimSize(rhs.getRank() - (getTransposeRhs() ? 1 : 2));
  if (getK() != inner)
    return emitOpError() << "sums over " << getK() << " elements of lhs but "
                         << inner << " of rhs";
  auto batch =
      broadcastShapes(lhs.getShape().drop_back(2), rhs.getShape().drop_back(2));
  if (failed(batch))
    return emitOpError() << "batch dimensions of " << lhs << " and " << rhs
                         << " do not broadcast";
  batch->push_back(getM());
  batch->push_back(getN());
  if (result.getShape() != ArrayRef<int64_t>(*batch))
    return emitOpError() << "result has a shape other than that of the product";
  if (getBias() && tensorTypeOf(getBias()).getNumElements() != 1 &&
      failed(verifyVector(*this, getBias(), getN(), "bias")))
    return failure();
  if (getResidual() && shapeOf(getResidual()) != result.getShape())
    return emitOpError() << "residual must have the shape of the result";
  if ((getNorm() != Norm::None) != static_cast<bool>(getNormScale()) ||
      (getNorm() != Norm::None) != getEpsilon().has_value())
    return emitOpError() << "a normalisation needs its scale and epsilon";
  if (getNormShift() && getNorm() == Norm::RmsNorm)
    return emitOpError() << "rms_norm takes no shift";
  return success(
      succeeded(verifyVector(*this, getNormScale(), getN(), "norm scale")) &&
      succeeded(verifyVector(*this, getNormShift(), getN(), "norm shift")));
}

/// Requires `count` windows of `size` columns inside a tensor of `width`.
static LogicalResult verifyWindow(Operation *op, ArrayRef<int64_t> window,
                                  int64_t count, int64_t size, int64_t width,
                                  StringRef what) {
  if (window.size() != 2)
    return op->emitOpError() << what << "_window must be [first, stride]";
  int64_t last = window[0] + (count - 1) * window[1];
  if (std::min(window[0], last) < 0 || std::max(window[0], last) + size > width)
    return op->emitOpError() << what << "_window leaves the " << width
                             << " columns of its tensor";
  return success();
}

float AttentionOp::getHiddenValue() {
  return getBandValue() ? getBandValue()->convertToFloat()
                        : -std::numeric_limits<float>::infinity();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType query = tensorTypeOf(getQuery()),
                   key = tensorTypeOf(getKey());
  RankedTensorType value = tensorTypeOf(getValue()),
                   result = tensorTypeOf(getResult());
  if (query.getRank() != 3 || key.getRank() != 3 || value.getRank() != 3)
    return emitOpError() << "needs query, key and value as [B, S, width]";
  if (getHeads() < 1 || getKvHeads() < 1 || getHeads() % getKvHeads() != 0)
    return emitOpError() << "needs heads to be a multiple of kv_heads";
  if (getHeadDim() < 1 || getValueDim() < 1)
    return emitOpError() << "needs head_dim and value_dim to be positive";
  int64_t batch = query.getDimSize(0), rows = query.getDimSize(1);
  int64_t keys = key.getDimSize(1);
  if (key.getDimSize(0) != batch || value.getDimSize(0) != batch ||
      value.getDimSize(1) != keys)
    return emitOpError() << "batch or key lengths of query, key and value "
                            "differ";
  if (failed(verifyWindow(*this, getQWindow(), getHeads(), getHeadDim(),
                          query.getDimSize(2), "q")) ||
      failed(verifyWindow(*this, getKWindow(), getKvHeads(), getHeadDim(),
                          key.getDimSize(2), "k")) ||
      failed(verifyWindow(*this, getVWindow(), getKvHeads(), getValueDim(),
                          value.getDimSize(2), "v")))
    return failure();
  if (result.getShape() !=
      ArrayRef<int64_t>({batch, rows, getHeads() * getValueDim()}))
    return emitOpError() << "result must be [" << batch << ", " << rows << ", "
                         << getHeads() * getValueDim() << "]";
  if (auto band = getBand(); band && band->size() != 2)
    return emitOpError() << "needs a lower and an upper bound as band";
  if (getBandValue() && !getBand())
    return emitOpError() << "band_value needs a band";
  if (getOtherwise() && getBandValue())
    return emitOpError() << "has band_value and otherwise";
  if (getOtherwise() ? !getSeen() && !getBand() : bool(getSeen()))
    return emitOpError() << "otherwise needs seen or a band, and seen needs it";
  for (auto [what, given] :
       {std::pair{"mask ", getMask()}, std::pair{"seen ", getSeen()},
        std::pair{"bias ", getBias()}}) {
    if (!given)
      continue;
    RankedTensorType mask = tensorTypeOf(given);
    SmallVector<int64_t> full{batch, getHeads(), rows, keys};
    if (mask.getRank() == 2)
      full = {batch, keys};
    bool fits = mask.getRank() == static_cast<int64_t>(full.size()) &&
                broadcastsTo(mask.getShape(), full) &&
                mask.getShape().back() == keys;
    if (!fits)
      return emitOpError() << what << mask << " is neither [B or 1, " << keys
                           << "] nor [B or 1, heads or 1, Sq or 1, " << keys
                           << "]";
  }
  if (Value kept = getKept()) {
    RankedTensorType type = tensorTypeOf(kept);
    if (type.getRank() != 3 ||
        !broadcastsTo(type.getShape(), {batch, int64_t(getHeads()), rows}) ||
        type.getShape().back() != rows)
      return emitOpError() << "kept " << type << " is not [B or 1, heads or 1, "
                           << rows << "]";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Normalisation and lookup
//===----------------------------------------------------------------------===//

void LayerNormOp::build(OpBuilder &builder, OperationState &state, Value input,
                        Value scale, Value shift, float epsilon) {
  build(builder, state, input.getType(), input, scale, shift,
        builder.getF32FloatAttr(epsilon));
}

void RmsNormOp::build(OpBuilder &builder, OperationState &state, Value input,
                      Value scale, float epsilon) {
  build(builder, state, input.getType(), input, scale,
        builder.getF32FloatAttr(epsilon));
}

static LogicalResult verifyNorm(Operation *op, Value input, Value scale,
                                Value shift) {
  RankedTensorType type = tensorTypeOf(input);
  if (type.getRank() < 1)
    return op->emitOpError() << "needs an input of rank 1 or more";
  if (failed(verifyVector(op, scale, type.getShape().back(), "scale")))
    return failure();
  return verifyVector(op, shift, type.getShape().back(), "shift");
}

LogicalResult LayerNormOp::verify() {
  return verifyNorm(*this, getInput(), getScale(), getShift());
}

LogicalResult RmsNormOp::verify() {
  return verifyNorm(*this, getInput(), getScale(), Value());
}

LogicalResult SoftmaxOp::verify() {
  if (tensorTypeOf(getInput()).getRank() < 1)
    return emitOpError() << "needs an input of rank 1 or more";
  return success();
}

LogicalResult EmbeddingOp::verify() {
  RankedTensorType table = tensorTypeOf(getTable()),
                   ids = tensorTypeOf(getIds());
  if (table.getRank() != 2)
    return emitOpError() << "needs a table of rank 2, not " << table;
  if (!ids.getElementType().isInteger(32) &&
      !ids.getElementType().isInteger(64))
    return emitOpError() << "needs ids of type i32 or i64, not " << ids;
  SmallVector<int64_t> shape(ids.getShape());
  shape.push_back(table.getDimSize(1));
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "result must have the shape of ids with "
                         << table.getDimSize(1) << " appended";
  return verifySameElement(*this, table, getResult().getType());
}

LogicalResult GatherOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()),
                   indices = tensorTypeOf(getIndices());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= input.getRank())
    return emitOpError() << "axis " << axis << " is not within rank "
                         << input.getRank();
  SmallVector<int64_t> shape(input.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, input.getShape().drop_front(axis + 1));
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "result must have the shape of the input with "
                            "that of the indices at the axis";
  return verifySameElement(*this, input, getResult().getType());
}

//===----------------------------------------------------------------------===//
// Elementwise, reductions
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()),
                   result = tensorTypeOf(getResult());
  if (input.getShape() != result.getShape())
    return emitOpError() << "changes the shape";
  if (getKind() == UnaryKind::IsNan)
    return result.getElementType().isInteger(1)
               ? success()
               : emitOpError() << "is_nan gives i1";
  return verifySameElement(*this, input, result);
}

LogicalResult BinaryOp::verify() {
  RankedTensorType lhs = tensorTypeOf(getLhs()), rhs = tensorTypeOf(getRhs());
  RankedTensorType result = tensorTypeOf(getResult());
  auto shape = broadcastShapes(lhs.getShape(), rhs.getShape());
  if (failed(shape))
    return emitOpError() << "operands " << lhs << " and " << rhs
                         << " do not broadcast";
  if (result.getShape() != ArrayRef<int64_t>(*shape))
    return emitOpError() << "result has a shape other than the operands give";
  if (failed(verifySameElement(*this, lhs, rhs)))
    return failure();
  if (isComparison(getKind()))
    return result.getElementType().isInteger(1)
               ? success()
               : emitOpError() << "a comparison gives i1";
  return verifySameElement(*this, lhs, result);
}

LogicalResult SelectOp::verify() {
  RankedTensorType condition = tensorTypeOf(getCondition());
  RankedTensorType lhs = tensorTypeOf(getOnTrue()),
                   rhs = tensorTypeOf(getOnFalse());
  if (!condition.getElementType().isInteger(1))
    return emitOpError() << "needs a condition of i1";
  auto shape = broadcastShapes(lhs.getShape(), rhs.getShape());
  if (succeeded(shape))
    shape = broadcastShapes(*shape, condition.getShape());
  if (failed(shape))
    return emitOpError() << "operands do not broadcast";
  if (shapeOf(getResult()) != ArrayRef<int64_t>(*shape))
    return emitOpError() << "result has a shape other than the operands give";
  if (failed(verifySameElement(*this, lhs, rhs)))
    return failure();
  return verifySameElement(*this, lhs, getResult().getType());
}

LogicalResult CastOp::verify() {
  if (shapeOf(getInput()) != shapeOf(getResult()))
    return emitOpError() << "changes the shape";
  return success();
}

LogicalResult ReduceOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput());
  SmallVector<int64_t> shape(input.getShape());
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= input.getRank())
      return emitOpError() << "axis " << axis << " is not within rank "
                           << input.getRank();
    shape[axis] = 1;
  }
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "result keeps reduced dimensions as 1";
  return verifySameElement(*this, input, getResult().getType());
}

LogicalResult CumSumOp::verify() {
  int64_t rank = tensorTypeOf(getInput()).getRank();
  if (getAxis() < 0 || getAxis() >= rank)
    return emitOpError() << "axis " << getAxis() << " is not within rank "
                         << rank;
  return success();
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()),
                   result = tensorTypeOf(getResult());
  if (input.hasStaticShape() && result.hasStaticShape() &&
      input.getNumElements() != result.getNumElements())
    return emitOpError() << "changes the number of elements from "
                         << input.getNumElements() << " to "
                         << result.getNumElements();
  return verifySameElement(*this, input, result);
}

LogicalResult TransposeOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput());
  SmallVector<int64_t> shape;
  llvm::SmallBitVector seen(input.getRank());
  for (int64_t dim : getPermutation()) {
    if (dim < 0 || dim >= input.getRank() || seen.test(dim))
      return emitOpError() << "permutation names dimension " << dim
                           << " twice or outside rank " << input.getRank();
    seen.set(dim);
    shape.push_back(input.getDimSize(dim));
  }
  if (!seen.all())
    return emitOpError() << "permutation must name each of " << input.getRank()
                         << " dimensions";
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "result has a shape other than the permutation "
                            "gives";
  return verifySameElement(*this, input, getResult().getType());
}

LogicalResult SliceOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput());
  size_t rank = input.getRank();
  if (getOffsets().size() != rank || getSizes().size() != rank ||
      getStrides().size() != rank)
    return emitOpError() << "needs one offset, size and stride for each of "
                         << rank << " dimensions";
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = getOffsets()[i], size = getSizes()[i];
    int64_t last = first + (size - 1) * getStrides()[i];
    int64_t dim = input.getDimSize(i);
    if (size < 0 ||
        (size > 0 && (first < 0 || first >= dim || last < 0 || last >= dim)))
      return emitOpError() << "leaves dimension " << i << " of size " << dim;
  }
  if (shapeOf(getResult()) != getSizes())
    return emitOpError() << "result has a shape other than sizes";
  return verifySameElement(*this, input, getResult().getType());
}

LogicalResult WindowOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= input.getRank())
    return emitOpError() << "axis " << axis << " is not within rank "
                         << input.getRank();
  if (getSizes().size() != getStrides().size())
    return emitOpError("needs one stride for each size");
  int64_t lowest = getOffset(), highest = getOffset();
  for (auto [size, stride] : llvm::zip_equal(getSizes(), getStrides())) {
    if (size < 1)
      return emitOpError("has a size below one");
    (stride < 0 ? lowest : highest) += (size - 1) * stride;
  }
  if (lowest < 0 || highest >= input.getDimSize(axis))
    return emitOpError() << "leaves dimension " << axis << " of size "
                         << input.getDimSize(axis);
  SmallVector<int64_t> shape(input.getShape().take_front(axis));
  llvm::append_range(shape, getSizes());
  llvm::append_range(shape, input.getShape().drop_front(axis + 1));
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError("result has a shape other than sizes give");
  return verifySameElement(*this, input, getResult().getType());
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()),
                   result = tensorTypeOf(getResult());
  if (!broadcastsTo(input.getShape(), result.getShape()))
    return emitOpError() << input << " does not broadcast to " << result;
  return verifySameElement(*this, input, result);
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "needs an input";
  RankedTensorType result = tensorTypeOf(getResult());
  int64_t axis = getAxis(), total = 0;
  if (axis < 0 || axis >= result.getRank())
    return emitOpError() << "axis " << axis << " is not within rank "
                         << result.getRank();
  for (Value input : getInputs()) {
    RankedTensorType type = tensorTypeOf(input);
    bool fits = type.getRank() == result.getRank();
    for (int64_t i = 0; fits && i < result.getRank(); ++i)
      fits = i == axis || type.getDimSize(i) == result.getDimSize(i);
    if (!fits)
      return emitOpError() << type << " does not fit " << result
                           << " beside dimension " << axis;
    if (failed(verifySameElement(*this, type, result)))
      return failure();
    total += type.getDimSize(axis);
  }
  if (total != result.getDimSize(axis))
    return emitOpError() << "inputs give " << total << " along dimension "
                         << axis << ", result has " << result.getDimSize(axis);
  return success();
}

//===----------------------------------------------------------------------===//
// Host
//===----------------------------------------------------------------------===//

/// Operands that a launch step takes; nothing where any number will do.
static std::optional<unsigned> stepArity(StepKind kind) {
  switch (kind) {
  case StepKind::Concat:
    return std::nullopt;
  case StepKind::Select:
    return 3;
  case StepKind::Cast:
  case StepKind::CumSum:
  case StepKind::ReduceSum:
  case StepKind::ReduceMean:
  case StepKind::ReduceMax:
  case StepKind::ReduceMin:
  case StepKind::ReduceProd:
  case StepKind::Reshape:
  case StepKind::Transpose:
  case StepKind::Slice:
  case StepKind::Broadcast:
  case StepKind::Index:
    return 1;
  default: // the functions of elements have the same names
    return symbolizeUnaryKind(stringifyStepKind(kind)) ? 1 : 2;
  }
}

LogicalResult LaunchStepOp::verify() {
  std::optional<unsigned> arity = stepArity(getKind());
  if (getInputs().empty() || (arity && *arity != getInputs().size()))
    return emitOpError() << stringifyStepKind(getKind()) << " takes "
                         << arity.value_or(1) << " operands, not "
                         << getInputs().size();
  bool needsAxis = false, needsDims = false, broadcasts = false;
  switch (getKind()) {
  case StepKind::CumSum:
  case StepKind::ReduceSum:
  case StepKind::ReduceMean:
  case StepKind::ReduceMax:
  case StepKind::ReduceMin:
  case StepKind::ReduceProd:
  case StepKind::Gather:
  case StepKind::Concat:
    needsAxis = true;
    break;
  case StepKind::Transpose:
  case StepKind::Slice:
  case StepKind::Index:
    needsDims = true;
    break;
  case StepKind::Reshape:
  case StepKind::Broadcast:
    break;
  default:
    broadcasts = true;
  }
  if (needsAxis != getAxis().has_value())
    return emitOpError() << stringifyStepKind(getKind())
                         << (needsAxis ? " needs" : " takes no") << " axis";
  if (needsDims != getDims().has_value())
    return emitOpError() << stringifyStepKind(getKind())
                         << (needsDims ? " needs" : " takes no") << " dims";
  if (getKind() == StepKind::Index &&
      (getDims()->size() != 1 || (*getDims())[0] < 1 ||
       shapeOf(getInputs()[0]) != shapeOf(getResult())))
    return emitOpError("index needs the rows of one table and keeps the shape");
  if (!broadcasts)
    return success();
  SmallVector<int64_t> shape;
  for (Value input : getInputs()) {
    auto next = broadcastShapes(shape, shapeOf(input));
    if (failed(next))
      return emitOpError() << "operands do not broadcast";
    shape = *next;
  }
  if (shapeOf(getResult()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "result has a shape other than the operands give";
  return success();
}
