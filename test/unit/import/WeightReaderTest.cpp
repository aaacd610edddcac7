// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight expressions give the values of the same steps done one after another
// on whole tensors, whichever part is read.

#include "compiler/import/WeightReader.h"
#include "dialects/graph/GraphDialect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace tilework;

namespace {

WeightExpr floats(std::vector<int64_t> shape, float first = 0) {
  WeightExpr expr;
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  expr.shape = std::move(shape);
  expr.owned = std::make_shared<std::string>();
  for (int64_t i = 0; i < count; ++i) {
    float value = first + static_cast<float>(i);
    expr.owned->append(reinterpret_cast<const char *>(&value), 4);
  }
  expr.bytes = *expr.owned;
  return expr;
}

WeightExpr bytes(std::vector<int64_t> shape, ElementType type,
                 std::string data) {
  WeightExpr expr;
  expr.shape = std::move(shape);
  expr.type = type;
  expr.owned = std::make_shared<std::string>(std::move(data));
  expr.bytes = *expr.owned;
  return expr;
}

WeightStep step(WeightStep::Kind kind, std::vector<int64_t> dims) {
  WeightStep s{};
  s.kind = kind;
  s.dims = std::move(dims);
  return s;
}

WeightStep binary(graph::BinaryKind kind, WeightExpr operand) {
  WeightStep s{};
  s.kind = WeightStep::Binary;
  s.binary = kind;
  s.operands.push_back(std::make_shared<WeightExpr>(std::move(operand)));
  return s;
}

std::vector<float> all(const WeightExpr &expr) {
  WeightReader reader(expr);
  std::vector<float> values(reader.rows() * reader.columns());
  reader.read(0, reader.rows(), values.data());
  return values;
}

using Values = std::vector<float>;

} // namespace

TEST(WeightReaderTest, dequantises_with_scale_and_zero_point) {
  WeightExpr w = bytes({2, 3}, ElementType::Int8, {1, 2, 3, -1, -2, -128});
  w.steps = {binary(graph::BinaryKind::Sub, floats({1}, 1)),
             binary(graph::BinaryKind::Mul, floats({1, 3}, 1))};
  EXPECT_EQ(all(w), (Values{0, 2, 6, -2, -6, -387}));
}

TEST(WeightReaderTest, transposes_after_dequantising) {
  WeightExpr w = floats({2, 3});
  w.steps = {binary(graph::BinaryKind::Mul, floats({2, 1}, 1)),
             step(WeightStep::Transpose, {1, 0})};
  EXPECT_EQ(all(w), (Values{0, 6, 1, 8, 2, 10}));
}

TEST(WeightReaderTest, concatenates_along_rows_and_columns) {
  WeightExpr columns = floats({2, 2});
  WeightStep concat{};
  concat.kind = WeightStep::Concat;
  concat.axis = 1;
  concat.operands = {std::make_shared<WeightExpr>(floats({2, 1}, 10)),
                     std::make_shared<WeightExpr>(floats({2, 2}, 20))};
  columns.steps = {concat};
  EXPECT_EQ(all(columns), (Values{0, 1, 10, 20, 21, 2, 3, 11, 22, 23}));
  columns.steps.push_back(step(WeightStep::Transpose, {1, 0}));
  EXPECT_EQ(all(columns), (Values{0, 2, 1, 3, 10, 11, 20, 22, 21, 23}));
  WeightExpr rows = floats({1, 2});
  concat.axis = 0;
  concat.operands = {std::make_shared<WeightExpr>(floats({2, 2}, 5))};
  rows.steps = {concat};
  EXPECT_EQ(all(rows), (Values{0, 1, 5, 6, 7, 8}));
}

TEST(WeightReaderTest, blocks_may_cross_a_concatenation) {
  WeightExpr w = floats({2, 3});
  WeightStep concat{};
  concat.kind = WeightStep::Concat;
  concat.axis = 1;
  concat.operands = {std::make_shared<WeightExpr>(floats({2, 3}, 100))};
  w.steps = {concat};
  WeightReader reader(w);
  Values block(4);
  reader.readBlock(0, 2, 2, 2, block.data());
  EXPECT_EQ(block, (Values{2, 100, 5, 103}));
}

TEST(WeightReaderTest, reshapes_what_strides_cannot_say) {
  WeightExpr w = floats({2, 3});
  w.steps = {step(WeightStep::Transpose, {1, 0}),
             step(WeightStep::Reshape, {2, 3})};
  EXPECT_EQ(all(w), (Values{0, 3, 1, 4, 2, 5}));
}

TEST(WeightReaderTest, slices_with_negative_strides) {
  WeightExpr w = floats({3, 4});
  WeightStep slice = step(WeightStep::Slice, {2, 3});
  slice.sizes = {2, 2};
  slice.strides = {-1, -2};
  w.steps = {slice};
  EXPECT_EQ(all(w), (Values{11, 9, 7, 5}));
}

TEST(WeightReaderTest, broadcasts_and_scalars) {
  WeightExpr w = floats({}, 3);
  w.steps = {step(WeightStep::Broadcast, {2, 2})};
  EXPECT_EQ(all(w), (Values{3, 3, 3, 3}));
  EXPECT_EQ(all(floats({}, 9)), (Values{9}));
}

TEST(WeightReaderTest, widens_nibbles_and_halves) {
  WeightExpr nibbles = bytes({1, 3}, ElementType::Int4, {'\x71', '\x0f'});
  EXPECT_EQ(all(nibbles), (Values{1, 7, -1}));
  WeightExpr halves = bytes({3}, ElementType::Float16,
                            std::string("\x00\x3c\x01\x00\x00\xfc", 6));
  EXPECT_EQ(all(halves), (Values{1, std::ldexp(1.0f, -24), -HUGE_VALF}));
}

TEST(WeightReaderTest, a_large_transpose_equals_a_small_one) {
  WeightExpr w = floats({100, 130});
  w.steps = {step(WeightStep::Transpose, {1, 0})};
  Values values = all(w);
  for (int64_t i = 0; i < 130; ++i)
    for (int64_t j = 0; j < 100; ++j)
      ASSERT_EQ(values[i * 100 + j], static_cast<float>(j * 130 + i));
}

TEST(WeightReaderTest, long_rows_are_combined_in_chunks) {
  WeightExpr w = floats({2, 1500});
  w.steps = {binary(graph::BinaryKind::Add, floats({1500}))};
  Values values = all(w);
  for (int64_t i = 0; i < 1500; ++i)
    ASSERT_EQ(values[1500 + i], static_cast<float>(1500 + 2 * i));
}

TEST(WeightReaderTest, contradictions_throw) {
  WeightExpr w = floats({2, 3});
  w.shape = {2, 4};
  EXPECT_THROW(WeightReader{w}, std::runtime_error);
  WeightExpr v = floats({2, 3});
  v.steps = {step(WeightStep::Reshape, {5})};
  EXPECT_THROW(WeightReader{v}, std::runtime_error);
  WeightReader reader(floats({2, 3}));
  float out[8];
  EXPECT_THROW(reader.read(1, 2, out), std::runtime_error);
}

TEST(WeightReaderTest, bf16_rounds_to_nearest_even) {
  auto round = [](uint32_t bits) {
    float value;
    uint16_t result;
    std::memcpy(&value, &bits, 4);
    roundToBf16(&value, &result, 1);
    return result;
  };
  EXPECT_EQ(round(0x3f808000), 0x3f80);
  EXPECT_EQ(round(0x3f818000), 0x3f82);
  EXPECT_EQ(round(0x3f808001), 0x3f81);
  EXPECT_EQ(round(0x7f7fffff), 0x7f7f); // finite numbers stay finite
  EXPECT_EQ(round(0x7f7f8000), 0x7f7f);
  EXPECT_EQ(round(0xff800000), 0xff80);
  EXPECT_EQ(round(0x00400000), 0x0000);
  EXPECT_EQ(round(0x80400000), 0x8000);
  EXPECT_EQ(round(0xffffffff), 0x7fc0);
}
