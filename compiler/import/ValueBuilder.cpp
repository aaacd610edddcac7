// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants, elementwise operations and products of the import's values. Views
// and indexing stand in ValueViews.cpp.

#include "compiler/import/ValueBuilder.h"

#include "compiler/import/WeightExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = ValueBuilder::Shape;

/// A constant of at most this many bytes may stand in the module itself.
static constexpr int64_t kMaxInlineBytes = 1024;
/// Constants of floats and of narrow integers that stand in the file are known
/// by value from the start up to this many elements; larger ones, which may be
/// weights, are read where something asks for their value (`known`).
static constexpr int64_t kMaxReadAtOnce = 16;

Type ValueBuilder::elementType(DataType type) const {
  return mlirElementType(builder.getContext(), type);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// A value without elements, as every function that makes a Val returns it.
static HostTensor emptyTensor(RankedTensorType type) {
  DataType element = elementTypeOf(type.getElementType());
  Shape shape = type.getShape().vec();
  return isFloatType(element) ? HostTensor::fromFloats(element, shape, {})
                              : HostTensor::fromInts(element, shape, {});
}

Val ValueBuilder::fromHost(HostTensor tensor) {
  Val val;
  val.type = tensorType(tensor.shape(), elementType(tensor.type()));
  val.host = std::move(tensor);
  return val;
}

Val ValueBuilder::fromExpr(ExprAttr expr, StringRef name) {
  FailureOr<RankedTensorType> type =
      expr.inferType([&] { return mlir::emitError(loc); });
  if (failed(type))
    throw InvalidNode("the shapes of its constants do not fit");
  if (type->getNumElements() == 0)
    return fromHost(emptyTensor(*type));
  Val val;
  val.type = *type;
  val.expr = expr;
  val.name = name.str();
  if (auto span = dyn_cast<SpanAttr>(expr.getSource());
      span && expr.getSteps().empty()) {
    int64_t limit =
        val.isFloat() ? kMaxReadAtOnce
        : storedBits(val.element()) >= 32 || val.element().isInteger(1)
            ? HostTensor::kMaxElements
            : kMaxReadAtOnce;
    if (val.type.getNumElements() <= limit)
      val.host = HostTensor::fromBytes(
          elementTypeOf(val.element()), val.shape().vec(),
          files.read(span.getFile(), span.getOffset(), span.getBytes()));
  }
  return val;
}

Val ValueBuilder::fromValue(Value value) {
  auto type = llvm::cast<RankedTensorType>(value.getType());
  if (type.getNumElements() == 0)
    return fromHost(emptyTensor(type));
  Val val;
  val.type = type;
  val.value = value;
  return val;
}

Val ValueBuilder::fromOperand(Value operand) {
  if (auto weight = operand.getDefiningOp<WeightOp>())
    return fromExpr(weight.getExpr(), weight.getName());
  if (auto constant = operand.getDefiningOp<arith::ConstantOp>())
    return fromExpr(
        ExprAttr::get(builder.getContext(), constant.getValue(), {}), "");
  if (auto repeated = operand.getDefiningOp<BroadcastOp>()) {
    Val input = fromOperand(repeated.getInput());
    if (input.isConstant())
      return broadcast(input, repeated.getType().getShape().vec());
  }
  return fromValue(operand);
}

Val ValueBuilder::emit(Operation *op) {
  Val val = fromValue(op->getResult(0));
  if (!val.value)
    op->erase();
  return val;
}

Val ValueBuilder::scalar(double value, Type element) {
  DataType type = elementTypeOf(element);
  if (isFloatType(type))
    return fromHost(HostTensor::fromFloats(type, {}, {roundTo(type, value)}));
  return fromHost(
      HostTensor::fromInts(type, {}, {static_cast<int64_t>(value)}));
}

Val ValueBuilder::ints(const Shape &values) {
  return fromHost(HostTensor::fromInts(
      DataType::Int64, {static_cast<int64_t>(values.size())}, values));
}

namespace {
/// A mask of two dimensions that sees a band: see `kBandAttrName`.
struct Band {
  int64_t lower, upper;
  double hidden;
};
} // namespace

/// The band that the last two dimensions see: as booleans, or as an additive
/// mask of zeros and one negative number. Nothing where it hides nothing.
static std::optional<Band> findBand(const HostTensor &tensor) {
  if (tensor.rank() < 2)
    return std::nullopt;
  int64_t rows = tensor.shape()[tensor.rank() - 2];
  int64_t columns = tensor.shape()[tensor.rank() - 1];
  HostTensor stored = tensor.compact();
  if (rows < 2 || columns < 2 || stored.size() != rows * columns)
    return std::nullopt;
  std::vector<double> values = stored.floatValues();
  auto isSeen = [&](double value) { return (value == 0) == tensor.isFloat(); };
  Band band{columns, -rows, 0};
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (double value = values[i * columns + j]; isSeen(value)) {
        band.lower = std::min(band.lower, j - i);
        band.upper = std::max(band.upper, j - i);
      } else if (tensor.isFloat() &&
                 (!(value < 0) || (band.hidden != 0 && value != band.hidden))) {
        return std::nullopt;
      } else {
        band.hidden = value;
      }
  bool hides = false;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      bool within = band.lower <= j - i && j - i <= band.upper;
      if (within != isSeen(values[i * columns + j]))
        return std::nullopt;
      hides |= !within;
    }
  return hides ? std::optional<Band>(band) : std::nullopt;
}

static DenseElementsAttr denseAttribute(const HostTensor &tensor,
                                        RankedTensorType type) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits;
    for (int64_t value : tensor.intValues())
      bits.push_back(value != 0);
    return DenseElementsAttr::get(type, bits);
  }
  if (storedBits(type.getElementType()) < 8) {
    SmallVector<APInt> values;
    for (int64_t value : tensor.intValues())
      values.push_back(
          APInt(type.getElementTypeBitWidth(), value, false, true));
    return DenseElementsAttr::get(type, values);
  }
  std::string bytes = tensor.toBytes();
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(bytes.data(), bytes.size()));
}

ExprAttr ValueBuilder::expression(const Val &val) {
  if (val.expr || !val.host)
    return val.expr;
  MLIRContext *context = builder.getContext();
  HostTensor stored = val.host->compact();
  auto type = tensorType(stored.shape(), val.element());
  SmallVector<Attribute> steps;
  if (stored.shape() != val.host->shape())
    steps.push_back(BroadcastStepAttr::get(context, val.shape()));
  if (stored.size() * storedBits(val.element()) / 8 <= kMaxInlineBytes)
    return ExprAttr::get(context, denseAttribute(stored, type), steps);
  std::string bytes = stored.toBytes();
  uint64_t size = bytes.size();
  unsigned file = files.addBytes(std::move(bytes),
                                 "constant:" + std::to_string(files.size()));
  return ExprAttr::get(
      context,
      SpanAttr::get(context, file, 0, size, val.element(), stored.shape()),
      steps);
}

Value ValueBuilder::materialise(const Val &val) {
  if (val.value)
    return val.value;
  if (val.host) {
    // One repeated element: a scalar, and a broadcast that folds away.
    if (val.type.getNumElements() > 1 && val.host->isSplat()) {
      HostTensor one = val.host
                           ->slice(Shape(val.rank(), 0), Shape(val.rank(), 1),
                                   Shape(val.rank(), 1))
                           .reshape({});
      return BroadcastOp::create(builder, loc, val.type,
                                 materialise(fromHost(one)));
    }
    // A band is marked, which an inline constant cannot be.
    bool inlined = !findBand(*val.host) &&
                   (!val.isFloat() || val.type.getNumElements() <= 1);
    if (inlined && val.type.getNumElements() * storedBits(val.element()) / 8 <=
                       kMaxInlineBytes)
      return arith::ConstantOp::create(builder, loc,
                                       denseAttribute(*val.host, val.type));
  }
  auto op = WeightOp::create(builder, loc, val.type, val.name, expression(val));
  std::optional<Band> band = val.host ? findBand(*val.host) : std::nullopt;
  if (band) {
    op->setAttr(kBandAttrName,
                builder.getDenseI64ArrayAttr({band->lower, band->upper}));
    if (val.isFloat())
      op->setAttr(kBandValueAttrName,
                  builder.getF32FloatAttr(static_cast<float>(band->hidden)));
  }
  return op;
}

/// One step of an expression, by the computation that folds small constants;
/// nothing where there is no such.
static std::optional<HostTensor>
evaluateStep(Attribute step, const HostTensor &x, const SourceFiles &files) {
  if (auto a = dyn_cast<CastStepAttr>(step))
    return x.cast(elementTypeOf(a.getElement()));
  if (auto a = dyn_cast<UnaryStepAttr>(step))
    return HostTensor::unary(a.getKind(), x);
  if (auto a = dyn_cast<TransposeStepAttr>(step))
    return x.transpose(a.getPermutation().vec());
  if (auto a = dyn_cast<ReshapeStepAttr>(step))
    return x.reshape(a.getShape().vec());
  if (auto a = dyn_cast<SliceStepAttr>(step))
    return x.slice(a.getOffsets().vec(), a.getSizes().vec(),
                   a.getStrides().vec());
  if (auto a = dyn_cast<BroadcastStepAttr>(step))
    return x.broadcastTo(a.getShape().vec());
  if (auto a = dyn_cast<BinaryStepAttr>(step)) {
    std::optional<HostTensor> y = evaluate(a.getOperand(), files);
    if (!y)
      return std::nullopt;
    return a.getReversed() ? HostTensor::binary(a.getKind(), *y, x)
                           : HostTensor::binary(a.getKind(), x, *y);
  }
  if (auto a = dyn_cast<SelectStepAttr>(step)) {
    std::optional<HostTensor> condition = x.cast(DataType::Bool),
                              y = evaluate(a.getOnTrue(), files),
                              z = evaluate(a.getOnFalse(), files);
    if (!condition || !y || !z)
      return std::nullopt;
    return HostTensor::select(*condition, *y, *z);
  }
  if (auto a = dyn_cast<ConcatStepAttr>(step)) {
    std::vector<HostTensor> parts = {x};
    for (ExprAttr other : a.getOthers()) {
      std::optional<HostTensor> part = evaluate(other, files);
      if (!part)
        return std::nullopt;
      parts.push_back(*part);
    }
    return HostTensor::concat(parts, a.getAxis());
  }
  return std::nullopt;
}

std::optional<HostTensor> tilework::evaluate(ExprAttr expr,
                                             const SourceFiles &files) {
  std::optional<HostTensor> x;
  if (auto span = dyn_cast<SpanAttr>(expr.getSource())) {
    x = HostTensor::fromBytes(
        elementTypeOf(span.getElement()), span.getShape().vec(),
        files.read(span.getFile(), span.getOffset(), span.getBytes()));
  } else {
    auto dense = cast<DenseElementsAttr>(expr.getSource());
    x = HostTensor::fromBytes(elementTypeOf(dense.getElementType()),
                              dense.getType().getShape().vec(),
                              storedBytes(dense));
  }
  for (Attribute step : expr.getSteps())
    if (x)
      x = evaluateStep(step, *x, files);
  return x;
}

std::optional<HostTensor> ValueBuilder::known(const Val &val) {
  return val.host || !val.expr ? val.host : evaluate(val.expr, files);
}

ValueBuilder::Shape ValueBuilder::requireInts(const Val &val,
                                              const char *what) {
  if (val.isAbsent())
    throw InvalidNode(std::string(what) + " is missing");
  std::optional<HostTensor> host = known(val);
  if (!host)
    throw UnsupportedNode(std::string(what) +
                          " depends on the data of an input, so shapes would "
                          "change from run to run");
  if (host->size() > HostTensor::kMaxElements)
    throw HostTensorTooLarge(host->size());
  return host->intValues();
}

Val ValueBuilder::withStep(const Val &x, Attribute step) {
  ExprAttr expr = expression(x);
  SmallVector<Attribute> steps(expr.getSteps());
  steps.push_back(step);
  return fromExpr(ExprAttr::get(builder.getContext(), expr.getSource(), steps),
                  x.name);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

std::string tilework::shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

static std::vector<int64_t> broadcastShape(const Val &a, const Val &b) {
  auto shape = broadcastShapes(a.shape(), b.shape());
  if (failed(shape))
    throw InvalidNode("shapes of its inputs do not broadcast: " +
                      shapeText(a.shape()) + " and " + shapeText(b.shape()));
  return {shape->begin(), shape->end()};
}

Val ValueBuilder::unary(UnaryKind kind, const Val &x) {
  // What a weight's reader, which computes in fp32, has not.
  const bool byValue =
      x.isConstant() && (!x.isFloat() || kind == UnaryKind::IsNan);
  if (auto host = byValue ? known(x) : x.host)
    if (auto folded = HostTensor::unary(kind, *host))
      return fromHost(*folded);
  Type element = kind == UnaryKind::IsNan ? builder.getI1Type() : x.element();
  if (x.expr && kind != UnaryKind::IsNan)
    return withStep(x, UnaryStepAttr::get(builder.getContext(), kind));
  return emit(UnaryOp::create(builder, loc,
                              tensorType(x.shape().vec(), element), kind,
                              materialise(x)));
}

std::optional<Val> ValueBuilder::foldBinary(BinaryKind kind, const Val &a,
                                            const Val &b) {
  std::optional<HostTensor> x = known(a), y = known(b);
  if (!x || !y)
    return std::nullopt;
  std::optional<HostTensor> folded = HostTensor::binary(kind, *x, *y);
  return folded ? std::optional<Val>(fromHost(*folded)) : std::nullopt;
}

Val ValueBuilder::binary(BinaryKind kind, const Val &a, const Val &b) {
  if (a.element() != b.element())
    throw InvalidNode("its inputs differ in element type");
  Shape shape = broadcastShape(a, b);
  const bool constant = a.isConstant() && b.isConstant();
  if ((a.host && b.host) || (constant && (!a.isFloat() || isComparison(kind))))
    if (auto folded = foldBinary(kind, a, b))
      return *folded;
  if (constant && a.isFloat() && !isComparison(kind)) {
    MLIRContext *context = builder.getContext();
    bool reversed = !a.expr;
    const Val &left = reversed ? b : a, &right = reversed ? a : b;
    return withStep(
        left, BinaryStepAttr::get(context, kind, expression(right), reversed));
  }
  Type element = isComparison(kind) ? builder.getI1Type() : a.element();
  return emit(BinaryOp::create(builder, loc, tensorType(shape, element), kind,
                               materialise(a), materialise(b)));
}

Val ValueBuilder::select(const Val &c, const Val &a, const Val &b) {
  if (a.element() != b.element())
    throw InvalidNode("its inputs differ in element type");
  if (!c.element().isInteger(1))
    throw InvalidNode("its condition is not boolean");
  Val shaped;
  shaped.type = tensorType(broadcastShape(a, b), a.element());
  Shape shape = broadcastShape(shaped, c);
  if (c.host && c.type.getNumElements() > 0 && c.host->isSplat())
    return broadcast(c.host->intValue() ? a : b, shape);
  if (a.isConstant() && b.isConstant() && c.isConstant()) {
    std::optional<HostTensor> x = known(a), y = known(b), z = known(c);
    if (x && y && z)
      if (auto folded = HostTensor::select(*z, *x, *y))
        return fromHost(*folded);
  }
  return emit(SelectOp::create(builder, loc, tensorType(shape, a.element()),
                               materialise(c), materialise(a), materialise(b)));
}

Val ValueBuilder::cast(const Val &x, Type element) {
  if (x.element() == element)
    return x;
  // A weight's reader has integers up to 24 bits.
  const bool byValue = x.isConstant() && !mlir::isa<FloatType>(element);
  if (auto host = byValue ? known(x) : x.host)
    if (auto folded = host->cast(elementTypeOf(element)))
      return fromHost(*folded);
  if (x.isConstant())
    return withStep(x, CastStepAttr::get(builder.getContext(), element));
  return emit(CastOp::create(builder, loc, tensorType(x.shape().vec(), element),
                             materialise(x)));
}

//===----------------------------------------------------------------------===//
// Products, normalisations, reductions
//===----------------------------------------------------------------------===//

Val ValueBuilder::matmul(const Val &a, const Val &b, bool transposeA,
                         bool transposeB, const Val &bias) {
  if (!a.isFloat() || !b.isFloat())
    throw UnsupportedNode("products of integers are not supported");
  if (a.element() != b.element())
    throw InvalidNode("its inputs have different element types: " +
                      std::string(elementTypeName(elementTypeOf(a.element()))) +
                      " and " +
                      std::string(elementTypeName(elementTypeOf(b.element()))));
  if (a.rank() < 2 || b.rank() < 2)
    throw InvalidNode("its inputs must have rank 2 or more, not shapes " +
                      shapeText(a.shape()) + " and " + shapeText(b.shape()));
  int64_t m = a.dim(transposeA ? -1 : -2), ka = a.dim(transposeA ? -2 : -1);
  int64_t n = b.dim(transposeB ? -2 : -1), kb = b.dim(transposeB ? -1 : -2);
  auto batch = broadcastShapes(a.shape().drop_back(2), b.shape().drop_back(2));
  if (ka != kb || failed(batch))
    throw InvalidNode("the shapes of its inputs do not fit a product: " +
                      shapeText(a.shape()) + " and " + shapeText(b.shape()));
  // A weight is read as [K, N]: the order is recorded with its span.
  Val right = b;
  if (transposeB && b.isConstant() && b.rank() == 2) {
    right = transpose(b, {1, 0});
    transposeB = false;
  }
  Shape shape(batch->begin(), batch->end());
  shape.push_back(m);
  shape.push_back(n);
  if (ka == 0) {
    Val zeros = broadcast(scalar(0, a.element()), shape);
    return bias.isAbsent() ? zeros : add(zeros, bias);
  }
  auto op = MatmulOp::create(builder, loc, tensorType(shape, a.element()),
                             materialise(a), materialise(right));
  op.setTransposeLhs(transposeA);
  op.setTransposeRhs(transposeB);
  Val result = emit(op);
  return bias.isAbsent() ? result : add(result, bias);
}

Val ValueBuilder::softmax(const Val &x) {
  return emit(SoftmaxOp::create(builder, loc, materialise(x)));
}

Val ValueBuilder::layerNorm(const Val &x, const Val &scale, const Val &shift,
                            float epsilon) {
  int64_t n = x.dim(-1);
  auto vector = [&](const Val &v) {
    return materialise(v.shape() == ArrayRef<int64_t>{n} ? v
                                                         : broadcast(v, {n}));
  };
  return emit(LayerNormOp::create(builder, loc, materialise(x), vector(scale),
                                  shift.isAbsent() ? Value() : vector(shift),
                                  epsilon));
}

Val ValueBuilder::rmsNorm(const Val &x, const Val &scale, float epsilon) {
  return emit(RmsNormOp::create(builder, loc, materialise(x),
                                materialise(broadcast(scale, {x.dim(-1)})),
                                epsilon));
}

Val ValueBuilder::gelu(const Val &x, GeluForm form) {
  return emit(GeluOp::create(builder, loc, x.type, materialise(x), form));
}

Val ValueBuilder::reduce(ReduceKind kind, const Val &x, const Shape &axes) {
  if (axes.empty())
    return x;
  if (auto host = known(x))
    if (auto folded = host->reduce(kind, axes))
      return fromHost(*folded);
  Shape shape = x.shape().vec();
  for (int64_t axis : axes)
    shape[axis] = 1;
  return emit(ReduceOp::create(builder, loc, tensorType(shape, x.element()),
                               kind, materialise(x), axes));
}

Val ValueBuilder::cumSum(const Val &x, int64_t axis, bool exclusive,
                         bool reverse) {
  if (auto host = known(x))
    if (auto folded = host->cumSum(axis, exclusive, reverse))
      return fromHost(*folded);
  return emit(CumSumOp::create(builder, loc, x.type, materialise(x), axis,
                               exclusive, reverse));
}
