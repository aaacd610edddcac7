// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images survive the round trip; truncated and mutated ones are refused or
// read, never worse; files are whole or absent.

#include "dialects/isa/Image.h"
#include "dialects/isa/Codec.h"
#include "dialects/isa/ImageMeta.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

using namespace tilework;
using namespace tilework::isa;

namespace {

Image sample() {
  static const std::vector<uint8_t> weights(5000, 7);
  Image image;
  for (int i = 0; i < 5; ++i)
    image.text.push_back(encode(Halt{}));
  image.weights = {weights.data(), weights.size(), nullptr};
  Entry entry;
  entry.pc = 2;
  entry.inputs = {{"ids\n\xff", ElementType::Int64, {1, 16}, 0, 99}};
  entry.outputs = {{"y", ElementType::Float, {1, 16, 4}, 0, 1}};
  entry.bindings = {{"weights", BindingKind::Weights, 0, 5000},
                    {"ids32", BindingKind::Input, 3, 64}};
  entry.parameters = {{"length", 2, 1, 16, 16}};
  LaunchStep step;
  step.op = "cast";
  step.inputs = {"ids"};
  step.output = "ids32";
  step.attributes = {{"type", "int32"}, {"shape", {1, 16}}};
  entry.before = {step};
  image.entries = {entry};
  image.nodes = {"/layer/MatMul", "/layer/Add"};
  image.nodeOps = {"MatMul", ""};
  image.dims = {{"sequence", 16}};
  image.provenance = {{0, 3, 1, {1, 0}}};
  image.legality = {{"systolic_array.rows", 16}};
  image.legalityHash = "ab";
  return image;
}

std::shared_ptr<const std::vector<uint8_t>> share(std::vector<uint8_t> bytes) {
  return std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
}

// Words of another version mean something else.
TEST(ImageTest, AnotherVersionIsRefusedByName) {
  nlohmann::json meta = metaToJson(sample());
  const int schema = meta["schema"];
  meta["schema"] = schema - 1;
  Image image;
  try {
    metaFromJson(meta, image);
    FAIL() << "read";
  } catch (const ImageError &error) {
    EXPECT_EQ(error.what(),
              "the program has schema " + std::to_string(schema - 1) +
                  " and this version reads schema " + std::to_string(schema) +
                  ": compile the model again");
  }
}

TEST(ImageTest, SurvivesTheRoundTrip) {
  const std::vector<uint8_t> bytes = writeImage(sample());
  const Image read = readImage(share(bytes));
  EXPECT_EQ(read.text, sample().text);
  ASSERT_EQ(read.weights.size, 5000u);
  EXPECT_EQ(read.weights.data[4999], 7);
  ASSERT_EQ(read.entries.size(), 1u);
  EXPECT_EQ(read.entries[0].pc, 2u);
  EXPECT_EQ(read.entries[0].inputs[0].maximum, 99);
  EXPECT_EQ(read.entries[0].bindings[1].segment, 3u);
  EXPECT_EQ(read.entries[0].before[0].attributes["type"], "int32");
  EXPECT_EQ(read.provenance[0].nodes, (std::vector<uint32_t>{1, 0}));
  EXPECT_EQ(read.nodeOps, sample().nodeOps);
  EXPECT_EQ(read.dims, sample().dims);
  EXPECT_EQ(writeImage(read), writeImage(readImage(share(writeImage(read)))));
}

TEST(ImageTest, OperatorsForAnotherNumberOfNodesAreRefused) {
  Image image = sample();
  image.nodeOps.pop_back();
  EXPECT_THROW(readImage(share(writeImage(image))), ImageError);
}

TEST(ImageTest, EveryTruncationIsRefused) {
  const std::vector<uint8_t> bytes = writeImage(sample());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(readImage(share({bytes.begin(), bytes.begin() + size})),
                 ImageError)
        << size;
}

TEST(ImageTest, MutationsAreRefusedOrRead) {
  const std::vector<uint8_t> bytes = writeImage(sample());
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> mutated = bytes;
    for (int i = 0; i < 1 + int(random() % 4); ++i)
      mutated[random() % mutated.size()] = static_cast<uint8_t>(random());
    try {
      readImage(share(mutated));
    } catch (const ImageError &) {
    }
  }
}

TEST(ImageTest, FilesAreWholeOrAbsent) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "tilework-image-test";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "m.tw";
  writeImage(sample(), path);
  EXPECT_EQ(readImage(path).entries.size(), 1u);
  EXPECT_THROW(writeImage(sample(), (folder / "missing" / "m.tw").string()),
               ImageError);
  EXPECT_THROW(writeImage(sample(), "/dev/full/m.tw"), ImageError);
  EXPECT_THROW(readImage((folder / "nothing.tw").string()), ImageError);
  EXPECT_THROW(readImage(folder.string()), ImageError);
  size_t files = 0;
  for (auto &entry : std::filesystem::directory_iterator(folder))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 1u);
  std::filesystem::remove_all(folder);
}

} // namespace
