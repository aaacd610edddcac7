// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operands the stages of a vector instruction read: the one place that
// engines, planner, lowering and verifier ask.

#pragma once

#include "dialects/isa/Instructions.h"

#include <array>

namespace tilework::isa {

struct VectorStages {
  Multiply0 multiply0;
  Add0 add0;
  Add1 add1;
  VectorFunction function;
  FunctionOperand operand;
  Multiply1 multiply1;
  Add2 add2;

  bool functionTakes(FunctionOperand kind) const {
    return takesOperand(function) && operand == kind;
  }
  bool usesElement() const {
    return add0 == Add0::element || add1 == Add1::element ||
           functionTakes(FunctionOperand::element) ||
           multiply1 == Multiply1::element;
  }
  /// Column operands 0 to 2.
  std::array<bool, 3> usesColumns() const {
    return {add0 == Add0::column,
            functionTakes(FunctionOperand::column) ||
                multiply1 == Multiply1::column,
            add2 == Add2::column};
  }
  /// Row statistics `multiply0_statistic`, `add1_statistic` and
  /// `multiply1_statistic`.
  std::array<bool, 3> usesStatistics() const {
    return {multiply0 == Multiply0::statistic,
            add1 == Add1::statistic || add1 == Add1::minus_statistic,
            functionTakes(FunctionOperand::statistic) ||
                multiply1 == Multiply1::statistic};
  }
  /// Scalar registers `multiply0_scalar` and `add0_scalar`.
  std::array<bool, 2> usesScalars() const {
    return {multiply0 == Multiply0::scalar,
            add0 == Add0::scalar || functionTakes(FunctionOperand::scalar) ||
                takesScalar(function)};
  }
};

inline VectorStages stagesOf(const Vector &inst) {
  return {inst.multiply0, inst.add0,      inst.add1, inst.func,
          inst.operand,   inst.multiply1, inst.add2};
}

} // namespace tilework::isa
