// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is found in the cache of compiled models, and what stays in it.

#include "runtime/ProgramCache.h"

#include "dialects/target/Sha256.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace tilework {
namespace {

namespace fs = std::filesystem;

void write(const fs::path &file, const std::string &text) {
  std::ofstream(file, std::ios::binary) << text;
}

class ProgramCacheTest : public ::testing::Test {
protected:
  void SetUp() override {
    folder = fs::path(::testing::TempDir()) /
             ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
    fs::create_directories(folder);
    write(folder / "model.onnx", "a model");
    write(folder / "weights", "numbers");
  }
  void TearDown() override { fs::remove_all(folder); }

  ProgramCache::Key key(const std::string &target = "nano",
                        const CompileOptions &options = {}) const {
    return ProgramCache::key((folder / "model.onnx").string(),
                             target::Target::load(target), options);
  }
  /// A program of the model and its weights as they are now.
  isa::Image program() const {
    isa::Image image;
    image.text.resize(1);
    image.entries.emplace_back();
    image.externalData = {{"weights", digest("weights")}};
    image.modelHash =
        isa::modelHashOf(digest("model.onnx"), image.externalData);
    return image;
  }
  std::string digest(const std::string &name) const {
    std::ifstream file(folder / name, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    return target::Sha256::of(bytes);
  }

  fs::path folder;
};

TEST_F(ProgramCacheTest, FindsWhatWasKept) {
  const ProgramCache cache(folder / "cache");
  EXPECT_FALSE(cache.find(key()));
  cache.keep(key(), program());
  const std::optional<isa::Image> found = cache.find(key());
  ASSERT_TRUE(found);
  EXPECT_EQ(isa::writeImage(*found), isa::writeImage(program()));
}

TEST_F(ProgramCacheTest, EverythingThatWentInMatters) {
  CompileOptions dims, shapes, kept, bare, unchecked;
  dims.dims = {{"n", 1}};
  shapes.shapes = {{"n", {1}}};
  kept.keepTensors = true;
  bare.weights = false;
  unchecked.verify = false;
  std::vector<ProgramCache::Key> keys = {key(),
                                         key("edge"),
                                         key("nano,dram.channels=2"),
                                         key("nano", dims),
                                         key("nano", shapes),
                                         key("nano", kept),
                                         key("nano", bare),
                                         key("nano", unchecked)};
  write(folder / "model.onnx", "another model");
  keys.push_back(key());
  std::set<std::string> names;
  for (const ProgramCache::Key &key : keys)
    names.insert(key.name);
  EXPECT_EQ(names.size(), keys.size());
}

TEST_F(ProgramCacheTest, AChangedFileBesideTheModelIsNoticed) {
  const ProgramCache cache(folder / "cache");
  cache.keep(key(), program());
  const auto time = fs::last_write_time(folder / "weights");
  write(folder / "weights", "numberS"); // as long and as old as before
  fs::last_write_time(folder / "weights", time);
  EXPECT_FALSE(cache.find(key()));
  cache.keep(key(), program());
  EXPECT_TRUE(cache.find(key()));
  fs::remove(folder / "weights");
  EXPECT_FALSE(cache.find(key()));
}

TEST_F(ProgramCacheTest, AModelThatChangedWhileItCompiledIsNotFound) {
  const ProgramCache cache(folder / "cache");
  const ProgramCache::Key before = key();
  const std::string old = digest("model.onnx");
  write(folder / "model.onnx", "a newer model");
  cache.keep(before, program());
  write(folder / "model.onnx", "a model");
  ASSERT_EQ(digest("model.onnx"), old);
  EXPECT_FALSE(cache.find(key()));
}

TEST_F(ProgramCacheTest, ADamagedProgramIsNotFound) {
  const ProgramCache cache(folder / "cache");
  cache.keep(key(), program());
  write(folder / "cache" / key().name, "half a program");
  EXPECT_FALSE(cache.find(key()));
}

TEST_F(ProgramCacheTest, WhatWasUsedLastStaysWithinTheLimit) {
  const uint64_t one = isa::writeImage(program()).size();
  const ProgramCache cache(folder / "cache", 3 * one);
  fs::create_directories(folder / "cache" / "chips");
  write(folder / "cache" / "chips" / "other", std::string(4 * one, ' '));
  std::vector<ProgramCache::Key> keys;
  const auto now = fs::file_time_type::clock::now();
  for (unsigned i = 0; i < 3; ++i) {
    CompileOptions options;
    options.dims = {{"n", i}};
    keys.push_back(key("nano", options));
    cache.keep(keys.back(), program());
    fs::last_write_time(folder / "cache" / keys.back().name,
                        now - std::chrono::hours(10 - i));
  }
  EXPECT_EQ(cache.size(), 3 * one);
  EXPECT_TRUE(cache.find(keys[0])); // used, so no longer the oldest
  cache.keep(key("edge"), program());
  EXPECT_EQ(cache.size(), 3 * one);
  EXPECT_TRUE(cache.find(keys[0]));
  EXPECT_FALSE(cache.find(keys[1]));
  EXPECT_TRUE(cache.find(keys[2]));
  EXPECT_TRUE(cache.find(key("edge")));
  EXPECT_TRUE(fs::exists(folder / "cache" / "chips" / "other"));
  ProgramCache(folder / "cache", one - 1).keep(key(), program());
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(ProgramCacheTest, AFolderThatCannotBeWrittenCostsOnlyTime) {
  const ProgramCache cache(folder / "model.onnx" / "cache");
  cache.keep(key(), program());
  EXPECT_FALSE(cache.find(key()));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_THROW(ProgramCache::key((folder / "none").string(),
                                 target::Target::preset("nano"), {}),
               UserError);
}

} // namespace
} // namespace tilework
