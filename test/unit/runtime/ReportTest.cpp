// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors against a reference, the bound, and files that are programs.

#include "runtime/report/Report.h"
#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Chip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>

namespace tilework {
namespace {

Tensor floats(const std::vector<float> &values) {
  std::vector<uint8_t> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Tensor::own(ElementType::Float, {int64_t(values.size())},
                     std::move(bytes));
}

TEST(ReportTest, ErrorsAgainstAReference) {
  const TensorError error = compareTensors(floats({3, 4}), floats({3, 2}));
  EXPECT_DOUBLE_EQ(error.maxAbsolute, 2);
  EXPECT_DOUBLE_EQ(error.rms, std::sqrt(2.0));
  EXPECT_NEAR(error.cosine, 17 / (5 * std::sqrt(13.0)), 1e-12);
  EXPECT_THROW(compareTensors(floats({1}), floats({1, 2})), MismatchError);
}

TEST(ReportTest, WhatIsNoNumberOnBothSidesIsNoError) {
  const float inf = INFINITY, nan = NAN;
  const TensorError same =
      compareTensors(floats({1, inf, -inf, nan}), floats({1, inf, -inf, nan}));
  EXPECT_TRUE(same.within({0, 0}));
  EXPECT_DOUBLE_EQ(same.cosine, 1);
  for (float other : {1.0f, -inf, nan})
    EXPECT_FALSE(compareTensors(floats({1, other}), floats({1, inf}))
                     .within(kModelTolerance));
  for (float other : {1.0f, -inf, inf})
    EXPECT_FALSE(compareTensors(floats({1, other}), floats({1, nan}))
                     .within(kModelTolerance));
}

TEST(ReportTest, AToleranceIsRelativeToTheReference) {
  const TensorError error =
      compareTensors(floats({100, 200, 301}), floats({100, 200, 300}));
  EXPECT_TRUE(error.within({0.01, 0.01}));
  EXPECT_FALSE(error.within({0.001, 0.01}));
  EXPECT_FALSE(error.within({0.01, 0.001}));
  // One odd element among many hides in the mean, not in the largest error.
  std::vector<float> many(100000, 1), odd = many;
  odd[7] = 2;
  EXPECT_FALSE(
      compareTensors(floats(odd), floats(many)).within(kModelTolerance));
  EXPECT_FALSE(
      compareTensors(floats({1e-3f}), floats({0})).within(kModelTolerance));
}

TEST(ReportTest, ATargetIsNamedByItsPresetAndEveryChange) {
  const auto text = [](const std::string &specification) {
    return targetText(target::Target::load(specification));
  };
  for (const std::string &name : target::Target::presetNames())
    EXPECT_EQ(text(name), name);
  EXPECT_EQ(text("edge,dram.channels=4,scratchpad.banks=16"),
            "edge(scratchpad.banks=16, dram.channels=4)");
  // What a standard brings along is no change of its own.
  EXPECT_EQ(text("edge,dram.standard=LPDDR5-6400"),
            "edge(dram.standard=LPDDR5-6400)");
  target::Target other = target::Target::load("mobile,dram.channels=3");
  other.name = "mine";
  const nlohmann::json report = targetReport(other);
  EXPECT_EQ(report["preset"], "mobile");
  EXPECT_EQ(report["changes"], nlohmann::json({{"dram.channels", 3}}));
  EXPECT_EQ(report["text"], "mine = mobile(dram.channels=3)");
  EXPECT_EQ(report["parameters"].size(), target::parameters().size());
}

/// One instruction of the array, which ends in a cycle.
RunReport runUntil(uint64_t end, Engine engine, const target::Target &target) {
  RunReport report;
  report.engine = engine;
  report.target = target;
  sim::RetireRecord record;
  record.unit = 2;
  record.start = 100;
  record.end = end;
  report.result.records = {record};
  report.result.cycles = end + 1;
  return report;
}

TEST(ExecutableTest, WavesAreOfferedWhereOneChipDiffersFromItsRtl) {
  const target::Target nano = target::Target::preset("nano");
  const target::Target other = target::Target::load("nano,dram.channels=4");
  isa::Image image;
  image.targetName = "nano";
  image.legality = nano.legality();
  image.entries.emplace_back();
  const Executable executable(std::move(image));
  const auto difference = [&](Engine engine, const target::Target &target) {
    const Comparison found = executable.compare(
        runUntil(200, Engine::SystemC, nano), runUntil(210, engine, target));
    EXPECT_FALSE(found.cyclesEqual);
    return found.difference;
  };
  const std::string text = difference(Engine::Rtl, nano);
  const size_t at = text.find("; waves: --window ");
  ASSERT_NE(at, std::string::npos) << text;
  uint64_t begin = 0, end = 0;
  ASSERT_EQ(
      std::sscanf(text.c_str() + at, "; waves: --window %lu:%lu", &begin, &end),
      2);
  EXPECT_LE(begin, 200u); // both ends of the instruction are in it
  EXPECT_GT(end, 210u);
  for (const std::string &without :
       {difference(Engine::SystemC, nano), difference(Engine::Rtl, other)})
    EXPECT_EQ(without.find("waves"), std::string::npos) << without;
}

TEST(OpenProgramTest, RefusesWhatIsNoFile) {
  EXPECT_FALSE(isProgramFile("/no/such/file"));
  EXPECT_THROW(openProgram("/no/such/file", "", {}), UserError);
  EXPECT_THROW(openProgram(::testing::TempDir(), "", {}), UserError);
  EXPECT_THROW(compileModel({"/no/such.onnx", {}, {}},
                            target::Target::preset("nano"), {}),
               UserError);
  EXPECT_THROW(
      compileModel({{}, "", "bytes"}, target::Target::preset("nano"), {}),
      InvalidModelError);
  EXPECT_THROW(compileModel({{}, "no model", "bytes"},
                            target::Target::preset("nano"), {}),
               UserError);
}

} // namespace
} // namespace tilework
