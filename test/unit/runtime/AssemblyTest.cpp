// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images as text and back, with and without their weights.

#include "runtime/Assembly.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace tilework {
namespace {

namespace fs = std::filesystem;

isa::Image program() {
  isa::Image image = assembleImage("main:\n  halt\n", "text");
  auto bytes = std::make_shared<std::vector<uint8_t>>(10, 3);
  image.weights = {bytes->data(), bytes->size(), bytes};
  image.entries[0].bindings = {{"weights", isa::BindingKind::Weights, 0, 10}};
  return image;
}

TEST(AssemblyTest, ComesBackWithItsWeights) {
  const fs::path folder =
      fs::path(::testing::TempDir()) / ("asm-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const isa::Image image = program();
  const std::string text = disassembleImage(image, folder / "p.s");
  EXPECT_FALSE(fs::exists(folder / "p.s.weights"));
  writeAssembly(image, text, folder / "p.s");
  EXPECT_TRUE(fs::exists(folder / "p.s"));
  const isa::Image back = assembleImage(text, folder / "p.s");
  EXPECT_EQ(isa::writeImage(back), isa::writeImage(image));
  fs::remove(folder / "p.s.weights");
  EXPECT_THROW(assembleImage(text, folder / "p.s"), UserError);
  fs::remove_all(folder);
}

TEST(AssemblyTest, WithoutItsWeightsATextIsRefused) {
  EXPECT_THROW(assembleImage(disassembleImage(program(), ""), "text"),
               UserError);
}

TEST(AssemblyTest, ErrorsHaveTheLineOfTheWholeText) {
  const std::string text = disassembleImage(program(), "") + "frobnicate\n";
  const size_t line = std::count(text.begin(), text.end(), '\n');
  try {
    assembleImage(text, "p.s");
    FAIL();
  } catch (const UserError &error) {
    EXPECT_EQ(std::string(error.what()).find("p.s:" + std::to_string(line)), 0u)
        << error.what();
  }
  EXPECT_THROW(assembleImage(".image\n{\n.text\n", "p.s"), UserError);
  EXPECT_THROW(assembleImage(".image\n{}\n.text\nhalt\n", "p.s"), UserError);
  EXPECT_THROW(assembleImage(".image\n{}", "p.s"), UserError);
}

} // namespace
} // namespace tilework
