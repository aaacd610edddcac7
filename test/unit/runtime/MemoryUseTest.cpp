// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Use of the scratchpad: from the first write of a row to its last read.

#include "runtime/MemoryUse.h"

#include "runtime/Assembly.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

namespace tilework {
namespace {

using sim::Unit;

/// Loads rows 0–3 and, of another tile, 8–9; stores rows 0–1 twice; loads rows
/// 0–3 anew; stores row 3. Rows are 32 bytes of edge.
constexpr const char *kText = R"(main:
  set_address destination=a0, space=dram, stride=32, limit=1024
  set_address destination=a1, space=scratchpad, stride=1, block_stride=8, limit=16384
  load dram=a0, tile=a1, outer=1, rows=4, elements=16, element_log2_bytes=1
  load dram=a0, tile=a1, tile_offset=8, outer=1, rows=2, elements=16, element_log2_bytes=1
  store dram=a0, tile=a1, outer=1, rows=2, elements=16, element_log2_bytes=1
  store dram=a0, tile=a1, outer=1, rows=2, elements=16, element_log2_bytes=1
  load dram=a0, tile=a1, outer=1, rows=4, elements=16, element_log2_bytes=1
  store dram=a0, tile=a1, tile_offset=3, outer=1, rows=1, elements=16, element_log2_bytes=1
  halt
)";

RunReport runOf(std::vector<std::array<uint64_t, 3>> times) {
  RunReport report;
  auto image = std::make_shared<isa::Image>(assembleImage(kText, "text"));
  image->entries[0].bindings = {
      {"scratch", isa::BindingKind::Scratch, 0, 1024}};
  report.program = image;
  report.target = target::Target::preset("edge");
  std::array<uint32_t, sim::kUnitCount> sequences{};
  for (const auto &[unit, start, end] : times) {
    sim::RetireRecord record;
    record.unit = static_cast<uint8_t>(unit);
    record.sequence = sequences[unit]++;
    record.start = start;
    record.end = end;
    report.result.records.push_back(record);
    report.result.cycles = end + 1;
  }
  return report;
}

constexpr uint64_t kLoad = uint64_t(Unit::Load), kStore = uint64_t(Unit::Store);

TEST(MemoryUse, ARowIsInUseFromItsWriteToItsLastRead) {
  const MemoryUse use = scratchpadUse(runOf({{kLoad, 10, 19},
                                             {kLoad, 12, 21},
                                             {kStore, 30, 39},
                                             {kStore, 40, 49},
                                             {kLoad, 60, 69},
                                             {kStore, 80, 89}}));
  EXPECT_EQ(use.capacityBytes, 512u * 1024);
  // Rows 0 and 1 until the second store; rows 2, 8 and 9, and of the last load
  // all rows but 3, are never read.
  EXPECT_EQ(use.cycles, (std::vector<uint64_t>{0, 10, 50, 60, 90}));
  EXPECT_EQ(use.bytes[kLoad], (std::vector<uint64_t>{0, 64, 0, 32, 0}));
  EXPECT_EQ(use.bytes[kStore], std::vector<uint64_t>(5, 0));
}

TEST(MemoryUse, WhatIsWrittenAnewCountsOnce) {
  // The last load begins while the second store still reads: rows are never in
  // use twice.
  const MemoryUse use = scratchpadUse(runOf({{kLoad, 10, 19},
                                             {kLoad, 12, 21},
                                             {kStore, 30, 39},
                                             {kStore, 40, 69},
                                             {kLoad, 60, 69},
                                             {kStore, 80, 89}}));
  EXPECT_EQ(use.cycles, (std::vector<uint64_t>{0, 10, 60, 90}));
  EXPECT_EQ(use.bytes[kLoad], (std::vector<uint64_t>{0, 64, 32, 0}));
}

TEST(MemoryUse, ARunThatEndedEarlyHasWhatItDid) {
  const MemoryUse use = scratchpadUse(
      runOf({{kLoad, 10, 19}, {kLoad, 12, 21}, {kStore, 30, 39}}));
  EXPECT_EQ(use.cycles, (std::vector<uint64_t>{0, 10, 40}));
}

TEST(MemoryUse, ARunWithoutRecordsIsRefused) {
  EXPECT_THROW(scratchpadUse(runOf({})), UserError);
}

} // namespace
} // namespace tilework
