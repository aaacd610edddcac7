// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do load, gather and store put each byte where the instruction set says?

#include "sim/functional/Dma.h"
#include "sim/memory/DramImage.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

namespace tilework::sim {
namespace {

struct Dma : ::testing::Test {
  Dma() : memories(geometry()), image(1 << 16) {
    for (uint32_t i = 0; i < image.size(); ++i)
      *image.data(i, 1) = static_cast<uint8_t>(i * 7 + i / 251);
  }
  static Geometry geometry() {
    Geometry g;
    g.rows = 4;
    g.columns = 8; // rows of 16 bytes
    g.scratchpadBanks = 3;
    g.scratchpadRows = g.scratchpadBanks * 40;
    return g;
  }
  uint8_t scratchpad(uint32_t row, uint32_t byte) const {
    return memories.scratchpad[row * 16 + byte];
  }
  uint8_t dram(uint64_t address) const { return *image.data(address, 1); }

  OnChipMemories memories;
  DramImage image;
};

TEST_F(Dma, LoadWalksSlicesRowsAndBlocks) {
  DmaOperation dma;
  dma.dramAddress = 1001;
  dma.dramStride = 100;
  dma.dramOuterStride = 1000;
  dma.tile.row = 5;
  dma.tile.stride = 2;
  dma.tile.blockStride = 7;
  dma.tileOuterStride = 30;
  dma.outer = 2;
  dma.rows = 3;
  dma.rowBytes = 37; // blocks of 16, 16 and 5 bytes
  executeLoad(dma, geometry(), memories, image);
  for (uint32_t o = 0; o < 2; ++o)
    for (uint32_t m = 0; m < 3; ++m)
      for (uint32_t b = 0; b < 37; ++b)
        EXPECT_EQ(scratchpad(5 + o * 30 + m * 2 + b / 16 * 7, b % 16),
                  dram(1001 + o * 1000 + m * 100 + b));
  EXPECT_EQ(scratchpad(5 + 14, 5), 0); // behind the last block's bytes
  EXPECT_EQ(dmaBytes(OperationKind::Load, dma), 2u * 3 * 37);
}

TEST_F(Dma, WindowsLeaveTheRestOfTheRow) {
  DmaOperation dma;
  dma.tile.row = 3;
  dma.tile.first = 6;
  dma.tile.stride = 1;
  dma.outer = 1;
  dma.rows = 2;
  dma.rowBytes = 4;
  dma.dramStride = 4;
  executeLoad(dma, geometry(), memories, image);
  EXPECT_EQ(scratchpad(4, 5), 0);
  EXPECT_EQ(scratchpad(4, 6), dram(4));
  EXPECT_EQ(scratchpad(4, 9), dram(7));
  EXPECT_EQ(scratchpad(4, 10), 0);
  dma.dramAddress = 2000;
  uint8_t before = dram(2008);
  executeStore(dma, geometry(), memories, image);
  EXPECT_EQ(dram(2004), scratchpad(4, 6));
  EXPECT_EQ(dram(2008), before);
}

TEST_F(Dma, GatherZeroesRowsOutOfRange) {
  const int32_t indices[4] = {2, -1, 3, 0};
  image.write(512, indices, sizeof(indices));
  DmaOperation dma;
  dma.dramAddress = 4096;
  dma.dramStride = 24;
  dma.indexAddress = 512;
  dma.bound = 3;
  dma.tile.row = 10;
  dma.tile.stride = 1;
  dma.tile.blockStride = 4;
  dma.outer = 1;
  dma.rows = 4;
  dma.rowBytes = 20;
  memories.scratchpad.assign(memories.scratchpad.size(), 0xee);
  EXPECT_FALSE(executeGather(dma, geometry(), memories, image));
  EXPECT_EQ(scratchpad(10, 3), dram(4096 + 48 + 3));
  EXPECT_EQ(scratchpad(14, 3), dram(4096 + 48 + 19));
  EXPECT_EQ(scratchpad(14, 4), 0xee);
  EXPECT_EQ(scratchpad(11, 0), 0);
  EXPECT_EQ(scratchpad(12, 15), 0);
  EXPECT_EQ(scratchpad(16, 0), 0);
  EXPECT_EQ(scratchpad(16, 4), 0xee);
  EXPECT_EQ(scratchpad(13, 0), dram(4096));
  EXPECT_EQ(dmaBytes(OperationKind::Gather, dma), 4u * 20 + 4 * 4);
  dma.bound = 4;
  dma.rows = 1;
  EXPECT_TRUE(executeGather(dma, geometry(), memories, image));
}

// Regular shapes are copied in another order than the one that is meant.
TEST_F(Dma, AnyShapeIsCopiedInRowOrder) {
  std::mt19937 random(1);
  auto draw = [&](uint32_t low, uint32_t high) {
    return low + random() % (high - low + 1);
  };
  for (int i = 0; i < 3000; ++i) {
    DmaOperation dma;
    dma.dramAddress = draw(0, 2000);
    dma.dramStride = draw(0, 3) ? draw(0, 4) * 16 : draw(0, 70);
    dma.dramOuterStride = draw(0, 300);
    dma.tile.row = draw(0, 5);
    dma.tile.stride = static_cast<int32_t>(draw(0, 6));
    dma.tile.blockStride = static_cast<int32_t>(draw(0, 6));
    dma.tileOuterStride = draw(0, 20);
    dma.outer = draw(1, 3);
    dma.rows = draw(1, 5);
    dma.rowBytes = draw(0, 1) ? draw(1, 4) * 16 : draw(1, 64);
    dma.tile.first = dma.rowBytes <= 16 ? draw(0, 16 - dma.rowBytes) : 0;
    std::vector<uint8_t> scratchpad = memories.scratchpad;
    std::vector<uint8_t> bytes(image.size());
    image.read(0, bytes.data(), bytes.size());
    const bool load = draw(0, 1);
    for (uint32_t o = 0; o < dma.outer; ++o)
      for (uint32_t m = 0; m < dma.rows; ++m)
        for (uint32_t b = 0; b < dma.rowBytes; ++b) {
          uint8_t &chip =
              scratchpad[(dma.tile.row + o * dma.tileOuterStride +
                          m * dma.tile.stride + b / 16 * dma.tile.blockStride) *
                             16 +
                         dma.tile.first + b % 16];
          uint8_t &dram = bytes[dma.dramAddress + o * dma.dramOuterStride +
                                m * dma.dramStride + b];
          (load ? chip : dram) = load ? dram : chip;
        }
    if (load)
      executeLoad(dma, geometry(), memories, image);
    else
      executeStore(dma, geometry(), memories, image);
    ASSERT_EQ(memories.scratchpad, scratchpad) << i;
    ASSERT_EQ(
        std::memcmp(image.data(0, bytes.size()), bytes.data(), bytes.size()), 0)
        << i;
  }
}

TEST_F(Dma, ZeroExtentsMoveNothing) {
  DmaOperation dma;
  dma.dramAddress = image.size(); // no byte of it may be touched
  dma.tile.row = 4000;
  dma.outer = 1;
  dma.rows = 0;
  dma.rowBytes = 8;
  executeLoad(dma, geometry(), memories, image);
  executeStore(dma, geometry(), memories, image);
  EXPECT_TRUE(executeGather(dma, geometry(), memories, image));
  EXPECT_EQ(dmaBytes(OperationKind::Store, dma), 0u);
}

TEST_F(Dma, NothingOutsideIsTouched) {
  DmaOperation dma;
  dma.outer = dma.rows = 1;
  dma.rowBytes = 16;
  dma.tile.row = 120;
  EXPECT_THROW(executeLoad(dma, geometry(), memories, image),
               std::out_of_range);
  dma.tile.row = 119;
  dma.dramAddress = image.size() - 15;
  EXPECT_THROW(executeLoad(dma, geometry(), memories, image), DramAccessError);
}

} // namespace
} // namespace tilework::sim
