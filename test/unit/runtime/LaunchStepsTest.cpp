// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host steps: conversions at the border, and refusals that name the step.

#include "runtime/LaunchSteps.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tilework {
namespace {

template <typename T>
Tensor make(ElementType type, const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Tensor::own(type, {int64_t(values.size())}, std::move(bytes));
}

template <typename T> std::vector<T> valuesOf(const Tensor &tensor) {
  std::vector<T> values(tensor.bytes / sizeof(T));
  std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

Tensor noBinding(const std::string &name, ElementType,
                 const std::vector<int64_t> &) {
  throw UserError("no value '" + name + "'");
}

isa::LaunchStep step(const char *op, std::vector<std::string> inputs,
                     const char *type, std::vector<int64_t> shape) {
  return {op, std::move(inputs), "out", {{"type", type}, {"shape", shape}}};
}

TEST(LaunchStepsTest, RoundsToTheNearestEvenBf16) {
  // Halfway between 1 and the next value, and between that and its next.
  const Tensor rounded = convert(
      make<float>(ElementType::Float, {1.00390625f, 1.01171875f, -2.0f}),
      ElementType::Bfloat16);
  EXPECT_EQ(valuesOf<uint16_t>(rounded),
            (std::vector<uint16_t>{0x3f80, 0x3f82, 0xc000}));
  EXPECT_EQ(valuesOf<float>(convert(rounded, ElementType::Float)),
            (std::vector<float>{1.0f, 1.015625f, -2.0f}));
}

TEST(LaunchStepsTest, ACastWrapsAndWhatTheChipReadsSaturates) {
  TensorMap values = {
      {"a", make<int64_t>(ElementType::Int64, {(int64_t(1) << 40) + 3, -5})}};
  isa::LaunchStep wrapped = step("cast", {"a"}, "int32", {2});
  wrapped.output = "wrapped";
  isa::LaunchStep kept = step("saturate", {"a"}, "int32", {2});
  kept.output = "kept";
  executeLaunchSteps({wrapped, kept}, values, noBinding);
  EXPECT_EQ(valuesOf<int32_t>(values.at("wrapped")),
            (std::vector<int32_t>{3, -5}));
  EXPECT_EQ(valuesOf<int32_t>(values.at("kept")),
            (std::vector<int32_t>{INT32_MAX, -5}));
}

TEST(LaunchStepsTest, StepsFollowEachOther) {
  TensorMap values = {{"a", make<int64_t>(ElementType::Int64, {1, 2, 3})}};
  isa::LaunchStep sum = step("add", {"a", "a"}, "int64", {3});
  sum.output = "b";
  executeLaunchSteps({sum, step("cast", {"b"}, "int32", {3})}, values,
                     noBinding);
  EXPECT_EQ(valuesOf<int32_t>(values.at("out")),
            (std::vector<int32_t>{2, 4, 6}));
}

TEST(LaunchStepsTest, RefusalsNameTheStep) {
  const Tensor a = make<int64_t>(ElementType::Int64, {1, 2, 3});
  for (const isa::LaunchStep &wrong :
       {step("frobnicate", {"a"}, "int64", {3}),
        step("add", {"a"}, "int64", {3}), step("add", {"a", "a"}, "int64", {4}),
        step("add", {"a", "a"}, "int65", {3}),
        step("add", {"a", "missing"}, "int64", {3})}) {
    TensorMap values = {{"a", a}};
    try {
      executeLaunchSteps({wrong}, values, noBinding);
      ADD_FAILURE() << wrong.op;
    } catch (const UserError &error) {
      EXPECT_NE(std::string(error.what()).find("launch step '" + wrong.op),
                std::string::npos);
    }
  }
}

} // namespace
} // namespace tilework
