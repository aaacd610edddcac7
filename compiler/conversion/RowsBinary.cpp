// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of two operands and selections in a row program.

#include "compiler/conversion/RowsBuilder.h"
#include "compiler/planning/RowFunctions.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

/// How the function stage does a binary op.
struct BinaryForm {
  VectorFunction function;
  bool inverted = false;
};

static std::optional<BinaryForm> functionOf(graph::BinaryKind kind) {
  switch (kind) {
  case graph::BinaryKind::Max:
  case graph::BinaryKind::Or: // conditions are 0 and 1
    return BinaryForm{VectorFunction::maximum};
  case graph::BinaryKind::Min:
    return BinaryForm{VectorFunction::minimum};
  case graph::BinaryKind::Eq:
    return BinaryForm{VectorFunction::equal};
  case graph::BinaryKind::Ne:
  case graph::BinaryKind::Xor:
    return BinaryForm{VectorFunction::equal, /*inverted=*/true};
  case graph::BinaryKind::Lt:
    return BinaryForm{VectorFunction::less};
  case graph::BinaryKind::Le:
    return BinaryForm{VectorFunction::less_or_equal};
  case graph::BinaryKind::Gt:
    return BinaryForm{VectorFunction::greater};
  case graph::BinaryKind::Ge:
    return BinaryForm{VectorFunction::greater_or_equal};
  default:
    return std::nullopt;
  }
}

/// A constant as values are stored: what is finite stays so in bf16.
static float heldConstant(double value) {
  if (std::isfinite(value))
    value = std::clamp(value, -graph::kLargestBf16, graph::kLargestBf16);
  return static_cast<float>(value);
}

Expected<int> RowsBuilder::withScalar(graph::BinaryOp op, double c, bool left) {
  bool isDivisor = left && op.getKind() == graph::BinaryKind::Div;
  int x = isDivisor ? wideOperand(op.getRhs())
                    : operand(left ? op.getRhs() : op.getLhs());
  float s = heldConstant(c);
  switch (op.getKind()) {
  case graph::BinaryKind::Add:
    return unary(RowOpKind::AddScalar, x, s);
  case graph::BinaryKind::Sub:
    if (left)
      return unary(RowOpKind::AddScalar,
                   unary(RowOpKind::MultiplyScalar, x, -1.0f), s);
    return unary(RowOpKind::AddScalar, x, -s);
  case graph::BinaryKind::Mul:
    return unary(RowOpKind::MultiplyScalar, x, s);
  case graph::BinaryKind::Div:
    if (left)
      return result(RowFunctions(group.ops, source).quotient(s, x));
    // The inverse of a large number is none of the unit's.
    if (std::isfinite(c) && std::fabs(1.0 / c) < 0x1p-126)
      return unary(RowOpKind::MultiplyScalar,
                   unary(RowOpKind::MultiplyScalar, x, 0x1p-32f),
                   static_cast<float>(0x1p32 / c));
    return unary(RowOpKind::MultiplyScalar, x, static_cast<float>(1.0 / c));
  case graph::BinaryKind::And:
    return unary(RowOpKind::MultiplyScalar, x, s);
  default:
    if (auto form = functionOf(op.getKind())) {
      int result =
          combine(left ? *mirrored(form->function) : form->function, x, -1, s);
      return form->inverted ? inverted(result) : result;
    }
    return planner.fail(op, "no stage of the vector unit does '" +
                                graph::stringifyBinaryKind(op.getKind()).str() +
                                "' with this constant");
  }
}

int RowsBuilder::addComposed(graph::BinaryOp op) {
  RowFunctions functions(group.ops, source);
  auto base = scalarOf(op.getLhsMutable()),
       exponent = scalarOf(op.getRhsMutable());
  bool isPower = op.getKind() == graph::BinaryKind::Pow;
  if (isPower && exponent && std::isfinite(*exponent)) {
    int x = operand(op.getLhs());
    int power = functions.power(x, static_cast<float>(*exponent));
    return power == x ? unary(RowOpKind::AddScalar, x, 0.0f) : result(power);
  }
  int x = base ? -1 : wideOperand(op.getLhs());
  int y = exponent ? -1 : wideOperand(op.getRhs());
  if (isPower && base && *base > 0 && std::isfinite(*base))
    return result(functions.powerOf(static_cast<float>(*base), y));
  if (base)
    x = functions.constantLike(y, static_cast<float>(*base));
  if (exponent)
    y = functions.constantLike(x, static_cast<float>(*exponent));
  return result(isPower ? functions.power(x, y) : functions.remainder(x, y));
}

Expected<int> RowsBuilder::addBinary(graph::BinaryOp op) {
  if (op.getKind() == graph::BinaryKind::Pow ||
      op.getKind() == graph::BinaryKind::Mod)
    return addComposed(op);
  if (auto c = scalarOf(op.getRhsMutable()))
    return withScalar(op, *c, false);
  if (auto c = scalarOf(op.getLhsMutable()))
    return withScalar(op, *c, true);
  int x = operand(op.getLhs());
  bool isQuotient = op.getKind() == graph::BinaryKind::Div;
  int y = isQuotient ? wideOperand(op.getRhs()) : operand(op.getRhs());
  RowFunctions functions(group.ops, source);
  switch (op.getKind()) {
  case graph::BinaryKind::Add:
    return binary(RowOpKind::Add, x, y);
  case graph::BinaryKind::Sub:
    return binary(RowOpKind::Subtract, x, y);
  case graph::BinaryKind::Mul:
  case graph::BinaryKind::And: // conditions are 0 and 1
    return binary(RowOpKind::Multiply, x, y);
  case graph::BinaryKind::Div:
    return functions.isBounded(y) ? binary(RowOpKind::Divide, x, y)
                                  : result(functions.quotient(x, y));
  default:
    break;
  }
  auto form = functionOf(op.getKind());
  if (!form)
    return planner.fail(op, "no stage of the vector unit does '" +
                                graph::stringifyBinaryKind(op.getKind()).str() +
                                "' on floats");
  int result = combine(form->function, x, y);
  return form->inverted ? inverted(result) : result;
}

static std::optional<float> chosenConstant(Value value) {
  if (std::optional<double> constant = splatOf(value))
    return heldConstant(*constant);
  return std::nullopt;
}

int RowsBuilder::addSelect(graph::SelectOp op) {
  auto onTrue = chosenConstant(op.getOnTrue()),
       onFalse = chosenConstant(op.getOnFalse());
  // A guard against NaN asks for the very value that it keeps.
  auto test = op.getCondition().getDefiningOp<graph::UnaryOp>();
  if (test && test.getKind() == graph::UnaryKind::IsNan && onTrue &&
      test.getInput() == op.getOnFalse()) {
    int x = operand(op.getOnFalse());
    return combine(VectorFunction::replace_nan, x, -1, *onTrue);
  }
  int condition = operand(op.getCondition());
  // A sum with −0 is the other summand to the bit.
  std::optional<int> kept, replaced;
  if (!onTrue || onFalse) {
    int x =
        onTrue ? combine(VectorFunction::replace, condition, condition, *onTrue)
               : operand(op.getOnTrue());
    kept = combine(VectorFunction::select, x, condition,
                   onFalse ? *onFalse : -0.0f);
  }
  if (!onFalse)
    replaced = combine(VectorFunction::replace, operand(op.getOnFalse()),
                       condition, onTrue ? *onTrue : -0.0f);
  return !kept       ? *replaced
         : !replaced ? *kept
                     : binary(RowOpKind::Add, *kept, *replaced);
}

} // namespace tilework
