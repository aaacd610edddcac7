// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the DRAM image keep bytes, refuse what lies outside, and take files?

#include "sim/memory/DramImage.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <vector>

namespace tilework::sim {
namespace {

TEST(DramImage, StartsAsZerosAndKeepsBytes) {
  DramImage image(1000);
  uint32_t value = 1;
  image.read(996, &value, 4);
  EXPECT_EQ(value, 0u);
  value = 0x12345678;
  image.write(996, &value, 4);
  EXPECT_EQ(*image.data(996, 1), 0x78);
}

TEST(DramImage, RefusesEveryAccessOutside) {
  DramImage image(1000);
  EXPECT_NO_THROW(image.data(1000, 0));
  EXPECT_THROW(image.data(1000, 1), DramAccessError);
  EXPECT_THROW(image.data(997, 4), DramAccessError);
  EXPECT_THROW(image.data(UINT64_MAX, 2), DramAccessError);
  EXPECT_THROW(image.data(4, UINT64_MAX - 2), DramAccessError);
}

TEST(DramImage, CostsOnlyWhatIsTouched) {
  DramImage image(uint64_t(1) << 40);
  *image.data((uint64_t(1) << 40) - 1, 1) = 7;
  EXPECT_EQ(*image.data((uint64_t(1) << 40) - 1, 1), 7);
}

TEST(DramImage, ClearsAllButWhatItKeeps) {
  constexpr uint64_t kBytes = 48 << 20; // ends large enough to be given back
  DramImage image(kBytes);
  const DramImage &reader = image;
  std::vector<uint8_t> ones(kBytes, 1);
  image.write(0, ones.data(), kBytes);
  image.keep(100, 50);
  image.keep(20000, 7);
  EXPECT_TRUE(image.clear());
  EXPECT_TRUE(image.clear());
  for (uint64_t i = 0; i < kBytes; ++i) {
    const bool kept = (i >= 100 && i < 150) || (i >= 20000 && i < 20007);
    if (*reader.data(i, 1) != kept)
      FAIL() << i;
  }
  *image.data(99, 1) = 2;
  *image.data(150, 1) = 2;
  EXPECT_TRUE(image.clear());
  EXPECT_EQ(*reader.data(99, 1), 0);
  image.write(98, ones.data(), 3);
  EXPECT_FALSE(image.clear());
  EXPECT_EQ(*reader.data(99, 1), 0);
  EXPECT_TRUE(image.clear());
}

TEST(DramImage, TakesFilesAtAnyOffset) {
  std::string path = ::testing::TempDir() + "dram_image_test.bin";
  std::vector<uint8_t> bytes(40000);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 37 + i / 256);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  // The same offset in the page, so that the middle is mapped; and another one,
  // so that all is copied.
  for (uint64_t address : {uint64_t(8192 + 100), uint64_t(8192 + 101)}) {
    DramImage image(1 << 16);
    image.load(address, path, 100, 39900);
    for (uint64_t i = 0; i < 39900; ++i)
      ASSERT_EQ(*image.data(address + i, 1), bytes[100 + i]) << i;
    EXPECT_EQ(*image.data(address - 1, 1), 0);
    EXPECT_EQ(*image.data(address + 39900, 1), 0);
    *image.data(address + 5000, 1) = 1; // the file keeps its bytes
    EXPECT_THROW(image.load(0, path, 100, 39901), DramAccessError);
  }
  std::ifstream file(path, std::ios::binary);
  file.seekg(5100);
  EXPECT_EQ(file.get(), bytes[5100]);
  std::remove(path.c_str());
  DramImage image(64);
  EXPECT_THROW(image.load(0, path, 0, 1), DramAccessError);
}

} // namespace
} // namespace tilework::sim
