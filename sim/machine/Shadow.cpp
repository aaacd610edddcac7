// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Per byte the last writer and the last reader of each unit; per operation a
// vector clock of what had retired when it started.

#include "sim/machine/Shadow.h"

#include "dialects/isa/Instructions.h"

#include <algorithm>

namespace tilework::sim {

namespace {

const char *memoryName(Memory memory) {
  static const char *const names[] = {"dram", "scratchpad", "accumulator",
                                      "statistics"};
  return names[static_cast<unsigned>(memory)];
}

} // namespace

std::string describe(const Violation &violation) {
  std::string where = std::string(memoryName(violation.memory)) + " byte " +
                      std::to_string(violation.byte) + ", instruction " +
                      std::to_string(violation.pc);
  switch (violation.kind) {
  case Violation::Kind::Race:
    return "race: " + where + " against instruction " +
           std::to_string(violation.olderPc) + " of unit " +
           events::kUnits[static_cast<unsigned>(violation.unit)].name +
           ": wait until all but the last " +
           std::to_string(violation.distance) + " of that unit have retired";
  case Violation::Kind::Unwritten:
    return "read of memory that nothing wrote: " + where;
  case Violation::Kind::SelfOverlap:
    return "an instruction overlaps itself: " + where;
  }
  return where;
}

Shadow::Page &Shadow::page(Memory memory, uint64_t number) {
  std::unique_ptr<Page> &slot = pages[static_cast<unsigned>(memory)][number];
  if (!slot)
    slot = std::make_unique<Page>();
  return *slot;
}

void Shadow::written(uint64_t address, uint64_t size) {
  for (uint64_t byte = address; byte < address + size;) {
    const uint64_t offset = byte % kPageBytes,
                   count = std::min(kPageBytes - offset, address + size - byte);
    Page &target = page(Memory::Dram, byte / kPageBytes);
    for (uint64_t i = 0; i < count; ++i)
      target[offset + i].writer =
          std::max<uint32_t>(target[offset + i].writer, 1);
    byte += count;
  }
}

Shadow::Clock Shadow::startClock(const Operation &operation) {
  const unsigned own = static_cast<unsigned>(operation.unit);
  Clock clock{};
  if (!clocks[own].empty())
    clock = clocks[own].back();
  for (unsigned unit = 0; unit < kUnitCount; ++unit) {
    const int32_t count = static_cast<int32_t>(operation.waits[unit].count);
    if (!operation.waits[unit].valid || count <= 0)
      continue;
    const Clock &retired = clocks[unit][count - 1];
    for (unsigned other = 0; other < kUnitCount; ++other)
      clock[other] = std::max(clock[other], retired[other]);
    clock[unit] = std::max(clock[unit], static_cast<uint32_t>(count));
  }
  return clock;
}

std::vector<Violation> Shadow::check(const Operation &operation,
                                     const IndexReader &index) {
  const unsigned own = static_cast<unsigned>(operation.unit);
  const Clock clock = startClock(operation);
  const uint32_t self = static_cast<uint32_t>(history.size()) + 2;
  history.push_back({operation.unit, operation.sequence, operation.pc});
  clocks[own].push_back(clock);
  pcs[own].push_back(operation.pc);

  std::array<std::array<int64_t, kUnitCount>, kMemoryCount>
      worst; // latest conflicting sequence
  std::array<std::array<uint64_t, kUnitCount>, kMemoryCount> worstByte{};
  for (auto &row : worst)
    row.fill(-1);
  std::vector<Violation> violations;
  bool unwritten = false, overlap = false;

  // The vector unit alone may start reading before its own earlier writes have
  // landed.
  auto ordered = [&](unsigned unit, uint32_t sequence, bool readAfterWrite) {
    if (unit == own && !(readAfterWrite && operation.unit == Unit::Vector))
      return true;
    return sequence < clock[unit];
  };
  auto conflict = [&](Memory memory, uint64_t byte, unsigned unit,
                      uint32_t sequence) {
    int64_t &latest = worst[static_cast<unsigned>(memory)][unit];
    if (int64_t(sequence) > latest) {
      latest = sequence;
      worstByte[static_cast<unsigned>(memory)][unit] = byte;
    }
  };

  forEachAccess(geometry, operation, index, [&](const Access &access) {
    for (uint64_t i = access.begin; i < access.begin + access.size; ++i) {
      Byte &byte = page(access.memory, i / kPageBytes)[i % kPageBytes];
      if (!access.write && byte.writer == 0 && !unwritten) {
        unwritten = true;
        violations.push_back({Violation::Kind::Unwritten,
                              operation.pc,
                              access.memory,
                              i,
                              {},
                              0,
                              0,
                              0});
      }
      const bool ownWrite = byte.writer == self;
      // A unit's pipeline may read before or after its own write.
      const bool overlaps = ownWrite || (access.write && byte.held == self);
      if (overlaps && !overlap) {
        overlap = true;
        violations.push_back({Violation::Kind::SelfOverlap,
                              operation.pc,
                              access.memory,
                              i,
                              {},
                              0,
                              0,
                              0});
      }
      if (byte.writer >= 2 && !ownWrite) {
        const Executed &writer = history[byte.writer - 2];
        const unsigned unit = static_cast<unsigned>(writer.unit);
        if (!ordered(unit, writer.sequence, !access.write))
          conflict(access.memory, i, unit, writer.sequence);
      }
      if (access.write) {
        for (unsigned unit = 0; unit < kUnitCount; ++unit)
          if (unit != own && byte.readers[unit] != 0 &&
              !ordered(unit, byte.readers[unit] - 1, false))
            conflict(access.memory, i, unit, byte.readers[unit] - 1);
        byte.writer = self;
      } else {
        byte.readers[own] = operation.sequence + 1;
        if (!access.inPlace)
          byte.held = self;
      }
    }
  });

  for (unsigned memory = 0; memory < kMemoryCount; ++memory)
    for (unsigned unit = 0; unit < kUnitCount; ++unit) {
      if (worst[memory][unit] < 0)
        continue;
      const uint32_t sequence = static_cast<uint32_t>(worst[memory][unit]);
      const uint32_t dispatched =
          unit == own ? operation.sequence
                      : static_cast<uint32_t>(clocks[unit].size());
      violations.push_back(
          {Violation::Kind::Race, operation.pc, static_cast<Memory>(memory),
           worstByte[memory][unit], static_cast<Unit>(unit), sequence,
           pcs[unit][sequence], dispatched - sequence - 1});
    }
  return violations;
}

} // namespace tilework::sim
