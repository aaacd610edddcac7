// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowerings of elementwise ONNX ops, activations and dequantisation.

#include "compiler/import/Lowering.h"

#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>

using namespace tilework;
using graph::BinaryKind;
using graph::GeluForm;
using graph::UnaryKind;
using Shape = NodeContext::Shape;

static llvm::StringRef opName(const NodeContext &c) {
  return {c.node.op.data(), c.node.op.size()};
}

void tilework::lowerUnary(NodeContext &c) {
  static const llvm::StringMap<UnaryKind> kinds = {
      {"Abs", UnaryKind::Abs},
      {"Acos", UnaryKind::Acos},
      {"Acosh", UnaryKind::Acosh},
      {"Asin", UnaryKind::Asin},
      {"Asinh", UnaryKind::Asinh},
      {"Atan", UnaryKind::Atan},
      {"Atanh", UnaryKind::Atanh},
      {"BitwiseNot", UnaryKind::Not},
      {"Ceil", UnaryKind::Ceil},
      {"Cos", UnaryKind::Cos},
      {"Cosh", UnaryKind::Cosh},
      {"Erf", UnaryKind::Erf},
      {"Exp", UnaryKind::Exp},
      {"Floor", UnaryKind::Floor},
      {"IsNaN", UnaryKind::IsNan},
      {"Log", UnaryKind::Log},
      {"Neg", UnaryKind::Neg},
      {"Not", UnaryKind::Not},
      {"Reciprocal", UnaryKind::Reciprocal},
      {"Relu", UnaryKind::Relu},
      {"Round", UnaryKind::Round},
      {"Sigmoid", UnaryKind::Sigmoid},
      {"Sign", UnaryKind::Sign},
      {"Sin", UnaryKind::Sin},
      {"Sinh", UnaryKind::Sinh},
      {"Sqrt", UnaryKind::Sqrt},
      {"Tan", UnaryKind::Tan},
      {"Tanh", UnaryKind::Tanh}};
  c.set(0, c.b.unary(kinds.lookup(opName(c)), c.in(0)));
}

static BinaryKind binaryKind(llvm::StringRef op) {
  static const llvm::StringMap<BinaryKind> kinds = {
      {"Add", BinaryKind::Add},
      {"And", BinaryKind::And},
      {"BitwiseAnd", BinaryKind::And},
      {"BitwiseOr", BinaryKind::Or},
      {"BitwiseXor", BinaryKind::Xor},
      {"Div", BinaryKind::Div},
      {"Equal", BinaryKind::Eq},
      {"Greater", BinaryKind::Gt},
      {"GreaterOrEqual", BinaryKind::Ge},
      {"Less", BinaryKind::Lt},
      {"LessOrEqual", BinaryKind::Le},
      {"Max", BinaryKind::Max},
      {"Mean", BinaryKind::Add},
      {"Min", BinaryKind::Min},
      {"Mod", BinaryKind::Mod},
      {"Mul", BinaryKind::Mul},
      {"Or", BinaryKind::Or},
      {"Pow", BinaryKind::Pow},
      {"Sub", BinaryKind::Sub},
      {"Sum", BinaryKind::Add},
      {"Xor", BinaryKind::Xor}};
  return kinds.lookup(op);
}

void tilework::lowerBinary(NodeContext &c) {
  c.set(0, c.b.binary(binaryKind(opName(c)), c.in(0), c.in(1)));
}

void tilework::lowerPow(NodeContext &c) {
  // Alone takes an exponent of another type.
  Val x = c.in(0), y = c.b.cast(c.in(1), c.in(0).element());
  if (!x.isFloat() && c.in(1).isFloat())
    throw UnsupportedNode("a power of integers by an exponent of floats");
  if (auto power = c.b.known(y);
      power && power->isSplat() && power->floatValue() == 0) {
    auto shape = graph::broadcastShapes(x.shape(), y.shape());
    if (failed(shape))
      throw InvalidNode("shapes of its inputs do not broadcast: " +
                        shapeText(x.shape()) + " and " + shapeText(y.shape()));
    return c.set(0, c.b.broadcast(c.b.scalar(1, x.element()),
                                  Shape(shape->begin(), shape->end())));
  }
  c.set(0, c.b.binary(BinaryKind::Pow, x, y));
}

/// The graph's remainder has the sign of the dividend for floats, of the
/// divisor for integers; fmod asks for the dividend's.
void tilework::lowerMod(NodeContext &c) {
  Val x = c.in(0), y = c.in(1);
  bool asDividend = c.integer("fmod", 0) != 0;
  Val rest = c.b.binary(BinaryKind::Mod, x, y);
  if (asDividend == x.isFloat())
    return c.set(0, rest);
  Val zero = c.b.scalar(0, x.element());
  auto negative = [&](const Val &v) {
    return c.b.binary(BinaryKind::Lt, v, zero);
  };
  Val other =
      c.b.binary(BinaryKind::And, c.b.binary(BinaryKind::Ne, rest, zero),
                 c.b.binary(BinaryKind::Xor, negative(rest),
                            negative(asDividend ? x : y)));
  Val moved =
      c.b.binary(asDividend ? BinaryKind::Sub : BinaryKind::Add, rest, y);
  c.set(0, c.b.select(other, moved, rest));
}

void tilework::lowerIsInf(NodeContext &c) {
  Val x = c.in(0);
  bool below = c.integer("detect_negative", 1) != 0;
  bool above = c.integer("detect_positive", 1) != 0;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!below && !above)
    return c.set(
        0, c.b.broadcast(c.b.scalar(0, c.b.builder.getI1Type()), shapeOf(x)));
  if (below && above)
    x = c.b.unary(UnaryKind::Abs, x);
  c.set(0, c.b.binary(BinaryKind::Eq, x,
                      c.b.scalar(above ? infinity : -infinity, x.element())));
}

/// max(x, 0) + min(α·(e^(x/α) − 1), 0).
void tilework::lowerCelu(NodeContext &c) {
  Val x = c.in(0), zero = c.b.scalar(0, x.element());
  float alpha = c.real("alpha", 1.0f);
  Val power = c.b.unary(UnaryKind::Exp,
                        c.b.mul(x, c.b.scalar(1.0 / alpha, x.element())));
  Val below = c.b.mul(c.b.add(power, c.b.scalar(-1, x.element())),
                      c.b.scalar(alpha, x.element()));
  c.set(0, c.b.add(c.b.unary(UnaryKind::Relu, x),
                   c.b.binary(BinaryKind::Min, below, zero)));
}

void tilework::lowerVariadic(NodeContext &c) {
  Val result = c.in(0);
  for (size_t i = 1; i < c.inputs.size(); ++i)
    result = c.b.binary(binaryKind(opName(c)), result, c.in(i));
  if (c.node.op == "Mean" && c.inputs.size() > 1)
    result =
        c.b.mul(result, c.b.scalar(1.0 / c.inputs.size(), result.element()));
  c.set(0, result);
}

void tilework::lowerWhere(NodeContext &c) {
  c.set(0, c.b.select(c.in(0), c.in(1), c.in(2)));
}

void tilework::lowerCast(NodeContext &c) {
  auto to = static_cast<onnx::DataType>(c.integer("to", 0));
  mlir::Type element = c.b.elementType(to);
  if (!element)
    throw UnsupportedNode("a cast to " + std::string(elementTypeName(to)) +
                          " is not supported");
  c.set(0, c.b.cast(c.in(0), element));
}

void tilework::lowerCastLike(NodeContext &c) {
  c.set(0, c.b.cast(c.in(0), c.in(1).element()));
}

void tilework::lowerClip(NodeContext &c) {
  Val x = c.in(0), low = c.optional(1), high = c.optional(2);
  if (c.opset < 11) {
    if (c.attribute("min"))
      low = c.b.scalar(c.real("min", 0), x.element());
    if (c.attribute("max"))
      high = c.b.scalar(c.real("max", 0), x.element());
  }
  if (!low.isAbsent())
    x = c.b.binary(BinaryKind::Max, x, low);
  if (!high.isAbsent())
    x = c.b.binary(BinaryKind::Min, x, high);
  c.set(0, x);
}

void tilework::lowerGelu(NodeContext &c) {
  Val x = c.in(0);
  if (c.node.op == "BiasGelu")
    x = c.b.add(x, c.in(1));
  bool tanh = c.text("approximate", "none") == "tanh";
  c.set(0, c.b.gelu(x, tanh ? GeluForm::Tanh : GeluForm::Erf));
}

void tilework::lowerFastGelu(NodeContext &c) {
  Val x = c.in(0);
  if (c.has(1))
    x = c.b.add(x, c.in(1));
  c.set(0, c.b.gelu(x, GeluForm::Tanh));
}

static Val swish(NodeContext &c, float alpha) {
  Val x = c.in(0);
  if (alpha == 1.0f)
    return c.b.unary(UnaryKind::Silu, x);
  Val scaled = c.b.mul(x, c.b.scalar(alpha, x.element()));
  return c.b.mul(x, c.b.unary(UnaryKind::Sigmoid, scaled));
}

void tilework::lowerQuickGelu(NodeContext &c) {
  c.set(0, swish(c, c.real("alpha", 1.702f)));
}

void tilework::lowerSwish(NodeContext &c) {
  c.set(0, swish(c, c.real("alpha", 1.0f)));
}

void tilework::lowerLeakyRelu(NodeContext &c) {
  Val x = c.in(0);
  Val below = c.b.unary(UnaryKind::Relu, c.b.unary(UnaryKind::Neg, x));
  Val slope = c.b.scalar(c.real("alpha", 0.01f), x.element());
  c.set(0, c.b.binary(BinaryKind::Sub, c.b.unary(UnaryKind::Relu, x),
                      c.b.mul(below, slope)));
}

void tilework::lowerPRelu(NodeContext &c) {
  Val x = c.in(0);
  Val below = c.b.binary(BinaryKind::Lt, x, c.b.scalar(0, x.element()));
  c.set(0, c.b.select(below, c.b.mul(c.in(1), x), x));
}

void tilework::lowerSoftplus(NodeContext &c) {
  // relu(x) + log(1 + exp(−|x|)), which overflows nowhere.
  Val x = c.in(0);
  Val one = c.b.scalar(1, x.element()), minus = c.b.scalar(-1, x.element());
  Val small =
      c.b.unary(UnaryKind::Exp, c.b.mul(c.b.unary(UnaryKind::Abs, x), minus));
  c.set(0, c.b.add(c.b.unary(UnaryKind::Log, c.b.add(small, one)),
                   c.b.unary(UnaryKind::Relu, x)));
}

void tilework::lowerIdentity(NodeContext &c) { c.set(0, c.in(0)); }

void tilework::lowerDropout(NodeContext &c) {
  if (c.has(2)) {
    auto training = c.b.known(c.in(2));
    if (!training || training->intValue() != 0)
      throw UnsupportedNode("dropout in training mode; export the model in "
                            "evaluation mode");
  }
  Val x = c.in(0);
  c.set(0, x);
  if (!c.wants(1))
    return;
  if (c.opset < 12)
    throw UnsupportedNode("the mask of a dropout, which before operator set 12 "
                          "has no defined value outside training");
  c.set(1, c.b.broadcast(c.b.scalar(1, c.b.builder.getI1Type()), shapeOf(x)));
}

/// Scales and zero points in the shape of the tensor: of one axis, of blocks
/// along an axis, or of all.
static Val spread(NodeContext &c, const Val &x, const Val &parameter,
                  int64_t block) {
  if (parameter.type.getNumElements() == 1)
    return c.b.reshape(parameter, {});
  int64_t axis = c.axis(c.integer("axis", 1), x.rank());
  if (block == 0) {
    if (parameter.rank() != 1 || parameter.dim(0) != x.dim(axis))
      throw InvalidNode("its scale does not fit the axis");
    Shape shape(x.rank(), 1);
    shape[axis] = x.dim(axis);
    return c.b.reshape(parameter, shape);
  }
  if (parameter.rank() != x.rank() ||
      parameter.dim(axis) * block != x.dim(axis))
    throw InvalidNode("its block_size does not fit the scale");
  Shape split = parameter.shape().vec();
  split.insert(split.begin() + axis + 1, 1);
  Shape wide = split;
  wide[axis + 1] = block;
  return c.b.reshape(c.b.broadcast(c.b.reshape(parameter, split), wide),
                     x.shape().vec());
}

void tilework::lowerDequantize(NodeContext &c) {
  Val x = c.in(0), scale = c.in(1);
  if (!x.isConstant())
    throw UnsupportedNode("dequantisation of a computed tensor: only weights "
                          "may be stored as integers");
  int64_t block = c.integer("block_size", 0);
  Val result = c.b.cast(x, scale.element());
  if (c.has(2))
    result =
        c.b.binary(BinaryKind::Sub, result,
                   c.b.cast(spread(c, x, c.in(2), block), scale.element()));
  c.set(0, c.b.mul(result, spread(c, x, scale, block)));
}
