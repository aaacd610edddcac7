// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folding by value, and that broadcast dimensions are never stored.

#include "compiler/import/HostTensor.h"

#include <gtest/gtest.h>

using namespace tilework;
using graph::BinaryKind;
using onnx::DataType;
using Ints = std::vector<int64_t>;

static HostTensor range(Ints shape) {
  Ints values(elementCount(shape).value());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i;
  return HostTensor::fromInts(DataType::Int64, shape, values);
}

TEST(HostTensorTest, broadcasts_store_what_differs) {
  HostTensor rows = range({1, 1, 1000, 1}).broadcastTo({8, 1, 1000, 1000});
  HostTensor columns = range({1, 1, 1, 1000}).broadcastTo({8, 1, 1000, 1000});
  EXPECT_EQ(rows.storedSize(), 1000);
  auto causal = HostTensor::binary(BinaryKind::Ge, rows, columns);
  ASSERT_TRUE(causal);
  EXPECT_EQ(causal->storedSize(), 1000000);
  EXPECT_EQ(causal->size(), 8000000);
  auto five = HostTensor::fromInts(DataType::Int64, {}, {5});
  auto mask = HostTensor::binary(BinaryKind::Lt, columns, five);
  ASSERT_TRUE(mask);
  EXPECT_EQ(mask->storedSize(), 1000);
}

TEST(HostTensorTest, concatenation_keeps_broadcast_dimensions) {
  HostTensor a = range({3, 1, 1, 1}).broadcastTo({3, 1, 50, 1});
  HostTensor b = range({1, 1, 50, 1}).broadcastTo({3, 1, 50, 1});
  auto both = HostTensor::concat({a, b}, 3);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->shape(), (Ints{3, 1, 50, 2}));
  EXPECT_EQ(both->storedSize(), 300);
  EXPECT_EQ(both->slice({2, 0, 7, 0}, {1, 1, 1, 2}, {1, 1, 1, 1}).intValues(),
            (Ints{2, 7}));
}

TEST(HostTensorTest, views_compose) {
  HostTensor x = range({2, 3, 4});
  EXPECT_EQ(
      x.transpose({2, 0, 1}).slice({3, 0, 0}, {1, 2, 3}, {1, 1, 1}).intValues(),
      (Ints{3, 7, 11, 15, 19, 23}));
  EXPECT_EQ(x.slice({0, 2, 3}, {2, 2, 2}, {1, -1, -2}).intValues(),
            (Ints{11, 9, 7, 5, 23, 21, 19, 17}));
  EXPECT_EQ(x.transpose({1, 0, 2})
                .reshape({6, 4})
                .slice({1, 0}, {1, 4}, {1, 1})
                .intValues(),
            (Ints{12, 13, 14, 15}));
}

TEST(HostTensorTest, gathers) {
  HostTensor x = range({3, 4});
  HostTensor last = HostTensor::fromInts(DataType::Int64, {2}, {-1, 0});
  EXPECT_EQ(x.gather(last, 0)->intValues(), (Ints{8, 9, 10, 11, 0, 1, 2, 3}));
  EXPECT_EQ(x.gather(last, 1)->intValues(), (Ints{3, 0, 7, 4, 11, 8}));
  HostTensor out = HostTensor::fromInts(DataType::Int64, {1}, {3});
  EXPECT_FALSE(x.gather(out, 0));
  HostTensor pairs =
      HostTensor::fromInts(DataType::Int64, {2, 2}, {0, 1, 2, 3});
  EXPECT_EQ(x.gatherND(pairs, 0)->intValues(), (Ints{1, 11}));
}

TEST(HostTensorTest, integer_arithmetic_cannot_trap) {
  auto scalar = [](int64_t v) {
    return HostTensor::fromInts(DataType::Int64, {}, {v});
  };
  int64_t low = std::numeric_limits<int64_t>::min();
  EXPECT_FALSE(HostTensor::binary(BinaryKind::Div, scalar(1), scalar(0)));
  EXPECT_EQ(
      HostTensor::binary(BinaryKind::Div, scalar(low), scalar(-1))->intValue(),
      low);
  EXPECT_EQ(
      HostTensor::binary(BinaryKind::Mod, scalar(-7), scalar(3))->intValue(),
      2);
  EXPECT_EQ(HostTensor::unary(graph::UnaryKind::Abs, scalar(low))->intValue(),
            low);
}

TEST(HostTensorTest, casts_wrap_and_round) {
  HostTensor x =
      HostTensor::fromFloats(DataType::Double, {3}, {1.7, -1.7, 300});
  EXPECT_EQ(x.cast(DataType::Int32)->intValues(), (Ints{1, -1, 300}));
  EXPECT_EQ(x.cast(DataType::Int8)->intValues(), (Ints{1, -1, 44}));
  EXPECT_EQ(x.cast(DataType::Bool)->intValues(), (Ints{1, 1, 1}));
  EXPECT_EQ(roundTo(DataType::Bfloat16, 1.00390625), 1.0);
  EXPECT_EQ(roundTo(DataType::Float16, 65520.0), HUGE_VAL);
}

TEST(HostTensorTest, running_sums) {
  HostTensor x =
      HostTensor::fromInts(DataType::Int64, {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(x.cumSum(1, false, false)->intValues(), (Ints{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(x.cumSum(1, true, true)->intValues(), (Ints{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(x.cumSum(0, false, false)->intValues(), (Ints{1, 2, 3, 5, 7, 9}));
}

TEST(HostTensorTest, every_type_is_stored_as_onnx_stores_it) {
  for (ElementType type : elementTypes()) {
    std::vector<int64_t> values = {1, 0, 1, 1, 0};
    if (type != ElementType::Bool && isIntegerType(type))
      values[0] = leastOf(type), values[3] = largestOf(type);
    HostTensor x =
        isFloatType(type)
            ? HostTensor::fromFloats(type, {5}, {values.begin(), values.end()})
            : HostTensor::fromInts(type, {5}, values);
    const std::string bytes = x.toBytes();
    EXPECT_EQ(bytes.size(), (5 * elementBits(type) + 7) / 8);
    auto back = HostTensor::fromBytes(type, {5}, bytes);
    ASSERT_TRUE(back) << elementTypeName(type);
    EXPECT_EQ(back->intValues(), values) << elementTypeName(type);
  }
}

TEST(HostTensorTest, bytes_that_are_too_few_are_refused) {
  EXPECT_FALSE(HostTensor::fromBytes(DataType::Int64, {2}, std::string(15, 0)));
  EXPECT_FALSE(
      HostTensor::fromBytes(DataType::Float, {1LL << 40, 1LL << 40}, ""));
  EXPECT_FALSE(HostTensor::fromBytes(DataType::String, {1}, "a"));
}
