// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Placement in DRAM, inputs that do not fit, drawn inputs.

#include "runtime/Loader.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tilework {
namespace {

std::shared_ptr<isa::Image> image() {
  auto image = std::make_shared<isa::Image>();
  image->text.resize(3);
  auto bytes = std::make_shared<std::vector<uint8_t>>(100, 7);
  image->weights = {bytes->data(), bytes->size(), bytes};
  isa::Entry entry;
  entry.inputs = {{"x", ElementType::Int32, {4}, 0, 9}};
  entry.outputs = {{"x.copy", ElementType::Int32, {4}}};
  entry.bindings = {{"weights", isa::BindingKind::Weights, 0, 100},
                    {"x", isa::BindingKind::Input, 1, 16},
                    {"x.copy", isa::BindingKind::Output, 2, 16}};
  image->entries.push_back(entry);
  return image;
}

TEST(LoaderTest, PlacesBindingsByPages) {
  auto program = image();
  LoadedEntry loaded(program, program->entries[0], 1 << 20);
  const auto &segments = loaded.launch().segments;
  EXPECT_EQ(segments[0].base, 4096u);
  EXPECT_EQ(segments[1].base, 8192u);
  EXPECT_EQ(segments[2].base, 12288u);
  uint8_t byte = 0;
  loaded.memory().read(4096 + 99, &byte, 1);
  EXPECT_EQ(byte, 7);
}

TEST(LoaderTest, PlacesSeveralBindingsInOneSegment) {
  auto program = std::make_shared<isa::Image>(*image());
  isa::Entry &entry = program->entries[0];
  entry.inputs.push_back({"y", ElementType::Int32, {2}, 0, 9});
  entry.outputs.push_back({"y.copy", ElementType::Int32, {2}});
  entry.bindings = {{"weights", isa::BindingKind::Weights, 0, 100},
                    {"x", isa::BindingKind::Input, 1, 4100},
                    {"y", isa::BindingKind::Input, 1, 8},
                    {"x.copy", isa::BindingKind::Output, 2, 16},
                    {"y.copy", isa::BindingKind::Output, 2, 8}};
  LoadedEntry loaded(program, entry, 1 << 20);
  const auto &segments = loaded.launch().segments;
  EXPECT_EQ(segments[1].base, 8192u);
  EXPECT_EQ(segments[1].size, 8192u + 8);
  EXPECT_EQ(segments[2].base, 8192u + 3 * 4096);
  EXPECT_EQ(segments[2].size, 4096u + 8);
  TensorMap inputs = drawInputs(entry, 3);
  loaded.setInputs(inputs);
  for (const auto &[name, address] :
       {std::pair("x", segments[1].base), {"y", segments[1].base + 8192}}) {
    const Tensor &input = inputs.at(name);
    std::vector<uint8_t> bytes(input.bytes);
    loaded.memory().read(address, bytes.data(), bytes.size());
    EXPECT_EQ(std::memcmp(bytes.data(), input.data, bytes.size()), 0) << name;
  }
  const uint8_t wrote[] = {1, 2, 3, 4, 5, 6, 7, 8};
  loaded.memory().write(segments[2].base + 4096, wrote, sizeof(wrote));
  const TensorMap outputs = loaded.outputs();
  EXPECT_EQ(std::memcmp(outputs.at("y.copy").data, wrote, sizeof(wrote)), 0);
}

TEST(LoaderTest, ResetsToWhatItLoaded) {
  auto program = image();
  LoadedEntry fresh(program, program->entries[0], 1 << 20),
      used(program, program->entries[0], 1 << 20);
  for (bool weightsToo : {false, true}) {
    used.setInputs(drawInputs(program->entries[0], 5));
    const std::vector<uint8_t> noise(16384 - (weightsToo ? 0 : 8192), 9);
    used.memory().write(16384 - noise.size(), noise.data(), noise.size());
    used.reset();
    ASSERT_EQ(used.memory().size(), 16384u);
    EXPECT_EQ(std::memcmp(used.memory().data(0, 16384),
                          fresh.memory().data(0, 16384), 16384),
              0);
    EXPECT_EQ(used.written().size(), fresh.written().size());
  }
}

TEST(LoaderTest, RefusesACoreThatTheMachineDoesNotHave) {
  auto program = image();
  program->entries[0].core = 256;
  EXPECT_THROW(LoadedEntry(program, program->entries[0], 1 << 20), UserError);
}

TEST(LoaderTest, RefusesAProgramLargerThanMemory) {
  auto program = image();
  EXPECT_THROW(LoadedEntry(program, program->entries[0], 8192), UserError);
}

TEST(LoaderTest, NamesEveryInputThatDoesNotFit) {
  auto program = image();
  LoadedEntry loaded(program, program->entries[0], 1 << 20);
  TensorMap inputs = {{"y", Tensor::own(ElementType::Int8, {1}, {0})}};
  try {
    loaded.setInputs(inputs);
    FAIL();
  } catch (const UserError &error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("'x' int32[4] is missing"), std::string::npos);
    EXPECT_NE(text.find("'y' is no input"), std::string::npos);
  }
}

TEST(LoaderTest, DrawnInputsKeepTheirRangeAndSeed) {
  auto program = image();
  const TensorMap drawn = drawInputs(program->entries[0], 5),
                  again = drawInputs(program->entries[0], 5);
  const Tensor &x = drawn.at("x");
  ASSERT_EQ(x.bytes, 16u);
  EXPECT_EQ(std::memcmp(x.data, again.at("x").data, 16), 0);
  for (int i = 0; i < 4; ++i) {
    int32_t value;
    std::memcpy(&value, x.data + 4 * i, 4);
    EXPECT_GE(value, 0);
    EXPECT_LE(value, 9);
  }
  LoadedEntry loaded(program, program->entries[0], 1 << 20);
  loaded.setInputs(drawn);
  uint8_t bytes[16];
  loaded.memory().read(loaded.launch().segments[1].base, bytes, 16);
  EXPECT_EQ(std::memcmp(bytes, x.data, 16), 0);
}

} // namespace
} // namespace tilework
