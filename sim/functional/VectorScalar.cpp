// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit's arithmetic one value at a time: what the SIMD kernel is
// compared with, and the way of hosts whose FPU flushes otherwise.

#include "dialects/isa/Instructions.h"
#include "sim/functional/Float.h"
#include "sim/functional/SpecialFunctions.h"
#include "sim/functional/VectorKernel.h"

#include <cstring>

namespace tilework::sim {

namespace {

using isa::VectorType;

constexpr uint32_t kMinusInfinity = 0xff800000u;

void convertIn(isa::VectorType type, const uint8_t *source, uint32_t *result,
               size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (type == VectorType::bf16) {
      uint16_t value;
      std::memcpy(&value, source + 2 * i, 2);
      result[i] = bf16ToF32(value);
    } else if (type == VectorType::int8) {
      result[i] = int32ToF32(static_cast<int8_t>(source[i]));
    } else {
      uint32_t value;
      std::memcpy(&value, source + 4 * i, 4);
      result[i] = type == VectorType::int32
                      ? int32ToF32(static_cast<int32_t>(value))
                      : flushF32(value);
    }
  }
}

void convertOut(isa::VectorType type, const uint32_t *source, uint8_t *result,
                size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (type == VectorType::bf16) {
      uint16_t value = f32ToBf16(source[i]);
      std::memcpy(result + 2 * i, &value, 2);
    } else if (type == VectorType::int8) {
      result[i] = static_cast<uint8_t>(f32ToInt8(source[i]));
    } else {
      uint32_t value = type == VectorType::int32
                           ? static_cast<uint32_t>(f32ToInt32(source[i]))
                           : source[i];
      std::memcpy(result + 4 * i, &value, 4);
    }
  }
}

uint32_t runElement(const VectorBlock &block, size_t row, size_t lane) {
  const VectorOperation &op = *block.operation;
  const size_t at = row * block.lanes + lane;
  uint32_t x = flushF32(block.x[at]);
  const uint32_t element = block.element ? block.element[at] : 0;
  switch (op.multiply0) {
  case isa::Multiply0::none:
    break;
  case isa::Multiply0::scalar:
    x = multiplyF32(x, bitsFromFloat(op.multiply0Scalar));
    break;
  case isa::Multiply0::statistic:
    x = multiplyF32(x, block.multiply0[row]);
    break;
  }
  switch (op.add0) {
  case isa::Add0::none:
    break;
  case isa::Add0::scalar:
    x = addF32(x, bitsFromFloat(op.add0Scalar));
    break;
  case isa::Add0::column:
    x = addF32(x, block.columns[0][lane]);
    break;
  case isa::Add0::element:
    x = addF32(x, element);
    break;
  }
  switch (op.add1) {
  case isa::Add1::none:
    break;
  case isa::Add1::statistic:
    x = addF32(x, block.add1[row]);
    break;
  case isa::Add1::minus_statistic:
    x = addF32(x, negateF32(block.add1[row]));
    break;
  case isa::Add1::element:
    x = addF32(x, element);
    break;
  }
  const uint32_t scalar = flushF32(bitsFromFloat(op.add0Scalar));
  uint32_t y = scalar;
  const isa::VectorStages stages = op.stages();
  if (stages.functionTakes(isa::FunctionOperand::column))
    y = block.columns[1][lane];
  else if (stages.functionTakes(isa::FunctionOperand::statistic))
    y = block.multiply1[row];
  else if (stages.functionTakes(isa::FunctionOperand::element))
    y = element;
  x = applyFunction(stages.function, x, y, scalar);
  switch (op.multiply1) {
  case isa::Multiply1::none:
    break;
  case isa::Multiply1::column:
    x = multiplyF32(x, block.columns[1][lane]);
    break;
  case isa::Multiply1::statistic:
    x = multiplyF32(x, block.multiply1[row]);
    break;
  case isa::Multiply1::element:
    x = multiplyF32(x, element);
    break;
  }
  if (op.add2 == isa::Add2::column)
    x = addF32(x, block.columns[2][lane]);
  return x;
}

uint32_t reduceRow(uint32_t *values, size_t lanes, bool maximum) {
  for (; lanes > 1; lanes /= 2)
    for (size_t i = 0; i < lanes / 2; ++i)
      values[i] = maximum ? maximumF32(values[2 * i], values[2 * i + 1])
                          : addF32(values[2 * i], values[2 * i + 1]);
  return values[0];
}

void run(const VectorBlock &block) {
  for (size_t row = 0; row < block.rows; ++row)
    for (size_t lane = 0; lane < block.lanes; ++lane)
      block.scratch[row * block.lanes + lane] = runElement(block, row, lane);
  std::memcpy(block.x, block.scratch,
              block.rows * block.lanes * sizeof(uint32_t));
  if (!block.tree)
    return;
  const bool maximum = block.operation->reduce == isa::Reduce::maximum;
  uint32_t *values = block.scratch;
  for (size_t row = 0; row < block.rows; ++row) {
    const uint32_t *x = block.x + row * block.lanes;
    for (size_t lane = 0; lane < block.lanes; ++lane)
      values[lane] = lane < block.valid ? x[lane]
                     : maximum          ? kMinusInfinity
                                        : 0;
    block.tree[row] = reduceRow(values, block.lanes, maximum);
    if (!block.treeSquares)
      continue;
    for (size_t lane = 0; lane < block.lanes; ++lane)
      values[lane] = lane < block.valid ? multiplyF32(x[lane], x[lane]) : 0;
    block.treeSquares[row] = reduceRow(values, block.lanes, false);
  }
}

void combine(bool maximum, uint32_t *statistic, const uint32_t *tree,
             size_t count) {
  for (size_t i = 0; i < count; ++i)
    statistic[i] = maximum ? maximumF32(flushF32(statistic[i]), tree[i])
                           : addF32(statistic[i], tree[i]);
}

} // namespace

const VectorKernel &scalarVectorKernel() {
  static const VectorKernel kernel = {convertIn, convertOut, run, combine};
  return kernel;
}

} // namespace tilework::sim
