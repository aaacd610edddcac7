// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the program as the sequencer does and gives each operation the times
// that the run's record of it has: records of a unit are in the order in which
// it was given its operations. Conflicting accesses are ordered by waits, so
// those of a row come in program order.

#include "runtime/MemoryUse.h"

#include "runtime/Error.h"
#include "runtime/Loader.h"
#include "sim/machine/Footprint.h"
#include "sim/machine/TargetGeometry.h"

#include <algorithm>
#include <map>

namespace tilework {

namespace {

/// What a row holds: nothing while `writer` is kUnitCount.
struct Row {
  unsigned writer = sim::kUnitCount;
  uint64_t begin = 0, end = 0; ///< cycles [begin, end): in use so far
  uint64_t low = 0, high = 0;  ///< bytes [low, high) of it are written
  bool wasRead = false;
};

class Sweep {
public:
  Sweep(const sim::Geometry &geometry)
      : rowBytes(geometry.rowBytes()), rows(geometry.scratchpadRows) {}

  void access(const sim::Access &access, unsigned unit, uint64_t start,
              uint64_t end) {
    const uint64_t behind = access.begin + access.size;
    for (uint64_t at = access.begin / rowBytes; at * rowBytes < behind; ++at) {
      Row &row = rows[at];
      const uint64_t low = std::max(access.begin, at * rowBytes);
      const uint64_t high = std::min(behind, (at + 1) * rowBytes);
      if (!access.write) {
        row.end = std::max(row.end, end);
        row.wasRead = true;
      } else if (row.wasRead || row.writer == sim::kUnitCount ||
                 (low < row.high && high > row.low)) {
        close(row, start);
        row = {unit, start, start, low, high, false};
      } else {
        row.low = std::min(row.low, low);
        row.high = std::max(row.high, high);
      }
    }
  }

  MemoryUse finish() {
    for (Row &row : rows)
      close(row, ~uint64_t(0));
    MemoryUse use;
    use.capacityBytes = rows.size() * rowBytes;
    std::array<int64_t, sim::kUnitCount> now{};
    changes[0]; // from the first cycle on
    for (const auto &[cycle, change] : changes) {
      use.cycles.push_back(cycle);
      for (unsigned unit = 0; unit < sim::kUnitCount; ++unit) {
        now[unit] += change[unit];
        use.bytes[unit].push_back(uint64_t(now[unit]) * rowBytes);
      }
    }
    return use;
  }

private:
  /// Ends what a row holds, before `next` at the latest.
  void close(const Row &row, uint64_t next) {
    const uint64_t end = std::min(row.end, next);
    if (row.writer == sim::kUnitCount || end <= row.begin)
      return;
    ++changes[row.begin][row.writer];
    --changes[end][row.writer];
  }

  uint64_t rowBytes;
  std::vector<Row> rows;
  std::map<uint64_t, std::array<int64_t, sim::kUnitCount>> changes;
};

} // namespace

MemoryUse scratchpadUse(const RunReport &report) {
  std::array<std::vector<const sim::RetireRecord *>, sim::kUnitCount> records;
  for (const sim::RetireRecord &record : report.result.records)
    records[record.unit].push_back(&record);
  if (!report.result.hasTimes())
    throw UserError("the run has no records with cycles: simulate the program");
  const sim::Geometry geometry = sim::geometryOf(report.target);
  const isa::Image &image = *report.program;
  sim::Machine machine(
      geometry, launchOf(image, image.entries.front(),
                         isa::placeBindings(image, image.entries.front())));
  Sweep sweep(geometry);
  for (;;) {
    const uint8_t *bytes = nullptr;
    if (machine.fetchable())
      bytes = reinterpret_cast<const uint8_t *>(&image.text[machine.pc()]);
    const sim::Machine::Step step = machine.step(bytes);
    if (step.kind == sim::Machine::Step::Kind::Control)
      continue;
    if (step.kind != sim::Machine::Step::Kind::Operation)
      break;
    const sim::Operation &operation = step.operation;
    const unsigned unit = static_cast<unsigned>(operation.unit);
    if (operation.sequence >= records[unit].size())
      break; // a trap ended the run
    const sim::RetireRecord &record = *records[unit][operation.sequence];
    sim::forEachAccess(
        geometry, operation, [](uint64_t) { return -1; },
        [&](const sim::Access &access) {
          if (access.memory == sim::Memory::Scratchpad)
            sweep.access(access, unit, record.start, record.end + 1);
        });
  }
  return sweep.finish();
}

} // namespace tilework
