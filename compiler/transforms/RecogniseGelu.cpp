// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// graph-recognise-gelu: finds GELU and SiLU among products. The argument of the
// inner function is compared as a polynomial of x, so that every association
// and order of the same formula matches.

#include "compiler/transforms/Matchers.h"
#include "compiler/transforms/Passes.h"

#include <array>
#include <cmath>

namespace tilework {
#define GEN_PASS_DEF_RECOGNISEGELU
#include "compiler/transforms/Passes.h.inc"
} // namespace tilework

using namespace mlir;
using namespace tilework;
using namespace tilework::graph;

/// Coefficients of 1, x, x², x³.
using Polynomial = std::array<double, 4>;

static std::optional<Polynomial> product(const Polynomial &a,
                                         const Polynomial &b) {
  Polynomial result{};
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      if (i + j < result.size())
        result[i + j] += a[i] * b[j];
      else if (a[i] * b[j] != 0)
        return std::nullopt;
    }
  return result;
}

/// The value as a polynomial of `x`, looking at `depth` ops at most.
static std::optional<Polynomial> polynomial(Value value, Value x,
                                            unsigned depth = 8) {
  if (value == x)
    return Polynomial{0, 1, 0, 0};
  if (auto constant = scalarConstant(value))
    return Polynomial{*constant, 0, 0, 0};
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || depth == 0)
    return std::nullopt;
  auto lhs = polynomial(op.getLhs(), x, depth - 1);
  if (!lhs)
    return std::nullopt;
  if (op.getKind() == BinaryKind::Pow) {
    std::optional<double> exponent = scalarConstant(op.getRhs());
    if (exponent != 2.0 && exponent != 3.0)
      return std::nullopt;
    auto square = product(*lhs, *lhs);
    return square && exponent == 3.0 ? product(*square, *lhs) : square;
  }
  auto rhs = polynomial(op.getRhs(), x, depth - 1);
  if (!rhs)
    return std::nullopt;
  Polynomial result{};
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Sub:
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = (*lhs)[i] +
                  (op.getKind() == BinaryKind::Add ? (*rhs)[i] : -(*rhs)[i]);
    return result;
  case BinaryKind::Mul:
    return product(*lhs, *rhs);
  case BinaryKind::Div:
    if ((*rhs)[0] == 0 || (*rhs)[1] || (*rhs)[2] || (*rhs)[3])
      return std::nullopt;
    return product(*lhs, Polynomial{1 / (*rhs)[0], 0, 0, 0});
  default:
    return std::nullopt;
  }
}

/// Exporters write these constants with as few as four digits.
static bool matches(const std::optional<Polynomial> &a, const Polynomial &b) {
  for (size_t i = 0; a && i < b.size(); ++i)
    if (std::fabs((*a)[i] - b[i]) > 2e-4 * std::fabs(b[i]))
      return false;
  return a.has_value();
}

/// Flattens a product into factors and a constant.
static void flatten(Value value, bool isRoot, SmallVectorImpl<Value> &factors,
                    double &constant) {
  if (auto scalar = scalarConstant(value)) {
    constant *= *scalar;
    return;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  bool inside = op && (isRoot || value.hasOneUse());
  if (inside && op.getKind() == BinaryKind::Mul) {
    flatten(op.getLhs(), false, factors, constant);
    flatten(op.getRhs(), false, factors, constant);
    return;
  }
  auto divisor = inside && op.getKind() == BinaryKind::Div
                     ? scalarConstant(op.getRhs())
                     : std::nullopt;
  if (divisor && *divisor != 0) {
    constant /= *divisor;
    flatten(op.getLhs(), false, factors, constant);
    return;
  }
  factors.push_back(value);
}

/// The function inside `1 + f(u)`.
static UnaryOp onePlus(Value value) {
  BinaryOp add = binaryOf(value, BinaryKind::Add);
  if (!add)
    return {};
  if (scalarConstant(add.getRhs()) == 1.0)
    return add.getLhs().getDefiningOp<UnaryOp>();
  if (scalarConstant(add.getLhs()) == 1.0)
    return add.getRhs().getDefiningOp<UnaryOp>();
  return {};
}

static bool recogniseGelu(BinaryOp root) {
  SmallVector<Value> factors;
  double constant = 1;
  flatten(root.getResult(), true, factors, constant);
  // The product may go on: only the outermost op of it is the root.
  if (factors.size() != 2)
    return false;
  OpBuilder builder(root);
  const double sqrtHalf = std::sqrt(0.5), tanhScale = std::sqrt(2 / M_PI);
  for (auto [x, other] :
       {std::pair{factors[0], factors[1]}, std::pair{factors[1], factors[0]}}) {
    if (x.getType() != root.getType())
      continue;
    Location loc = fuseLocations(opsBetween(root, x));
    Value result;
    if (UnaryOp sigmoid = unaryOf(other, UnaryKind::Sigmoid);
        sigmoid && sigmoid.getInput() == x && constant == 1.0)
      result = UnaryOp::create(builder, loc, x.getType(), UnaryKind::Silu, x);
    UnaryOp function = onePlus(other);
    if (function && std::fabs(constant - 0.5) < 1e-6) {
      auto u = polynomial(function.getInput(), x);
      if (function.getKind() == UnaryKind::Erf &&
          matches(u, {0, sqrtHalf, 0, 0}))
        result = GeluOp::create(builder, loc, x.getType(), x, GeluForm::Erf);
      else if (function.getKind() == UnaryKind::Tanh &&
               matches(u, {0, tanhScale, 0, tanhScale * 0.044715}))
        result = GeluOp::create(builder, loc, x.getType(), x, GeluForm::Tanh);
    }
    if (!result)
      continue;
    root.getResult().replaceAllUsesWith(result);
    return true;
  }
  return false;
}

namespace {
struct RecogniseGeluPass
    : tilework::impl::RecogniseGeluBase<RecogniseGeluPass> {
  void runOnOperation() override {
    SmallVector<BinaryOp> candidates;
    getOperation().walk([&](BinaryOp op) { candidates.push_back(op); });
    // From the last op back, so that the whole of a product is seen first.
    for (BinaryOp op : llvm::reverse(candidates))
      if (!op->use_empty())
        recogniseGelu(op);
  }
};
} // namespace
