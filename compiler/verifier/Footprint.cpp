// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an instruction of a unit reads and writes, and the rules that it must
// keep alone.

#include "compiler/verifier/Walk.h"

#include "dialects/isa/VectorStages.h"

#include <algorithm>

namespace tilework::verifier {

static std::string text(int64_t n) { return std::to_string(n); }

void Walk::tile(Met &met, bool write, unsigned index, isa::Space space,
                uint64_t offset, uint64_t firstByte, uint64_t rows,
                uint64_t bytes, uint64_t rowBytes, uint64_t rowShift) {
  const Address &a = address(index, space);
  if (firstByte != 0 && firstByte + bytes > rowBytes)
    wrong("a window that leaves its row");
  if (write && rows > 1 && a.stride == 0)
    wrong("a destination whose rows are one row");
  Memory memory = space == isa::Space::scratchpad ? Memory::Scratchpad
                                                  : Memory::Accumulator;
  uint64_t start = static_cast<uint64_t>(a.value) + offset + rowShift;
  uint64_t blocks = firstByte ? 1 : (bytes + rowBytes - 1) / rowBytes;
  uint64_t last = start + (blocks - 1) * a.block + (rows - 1) * a.stride;
  int64_t low = a.wrap ? a.limit - a.wrap : 0;
  if (static_cast<int64_t>(start) < low ||
      static_cast<int64_t>(last) >= a.limit)
    wrong("rows " + text(start) + " to " + text(last) + " of the " +
          (memory == Memory::Scratchpad ? "scratchpad" : "accumulator") +
          " leave the region [" + text(low) + ", " + text(a.limit) + ")");
  for (uint64_t b = 0; b < blocks; ++b) {
    uint64_t from = firstByte,
             width = std::min(rowBytes - firstByte, bytes - b * rowBytes);
    uint64_t at = (start + b * a.block) * rowBytes + from;
    if (a.stride == 1 && width == rowBytes) {
      met.runs.push_back({memory, write, at, at + rows * rowBytes});
      continue;
    }
    for (uint64_t r = 0; r < rows; ++r)
      met.runs.push_back({memory, write, at + r * a.stride * rowBytes,
                          at + r * a.stride * rowBytes + width});
  }
}

void Walk::dram(Met &met, bool write, unsigned index, int64_t offset,
                uint64_t outer, uint64_t rows, uint64_t bytes) {
  const Address &a = address(index, isa::Space::dram);
  int64_t start = a.value + offset;
  int64_t last = start + int64_t(outer - 1) * a.block +
                 int64_t(rows - 1) * a.stride + int64_t(bytes);
  int64_t low = a.wrap ? a.limit - a.wrap : 0;
  if (start < low || last > a.limit)
    wrong("bytes " + text(start) + " to " + text(last) + " of segment " +
          text(a.segment) + " leave the region [" + text(low) + ", " +
          text(a.limit) + ")");
  uint64_t base = uint64_t(a.segment) << 48;
  for (uint64_t o = 0; o < outer; ++o) {
    uint64_t at = base + uint64_t(start) + o * a.block;
    if (uint64_t(a.stride) == bytes) {
      met.runs.push_back({Memory::Dram, write, at, at + rows * bytes});
      continue;
    }
    for (uint64_t r = 0; r < rows; ++r)
      met.runs.push_back(
          {Memory::Dram, write, at + r * a.stride, at + r * a.stride + bytes});
  }
}

void Walk::column(Met &met, unsigned index, uint64_t offset,
                  uint64_t elements) {
  const Address &a = address(index, isa::Space::scratchpad);
  uint64_t rowBytes = 2 * lanes();
  uint64_t start = static_cast<uint64_t>(a.value) + offset;
  uint64_t blocks = (elements + lanes() - 1) / lanes();
  if (static_cast<int64_t>(start + (blocks - 1) * a.block) >= a.limit)
    wrong("a column operand leaves its region");
  for (uint64_t b = 0; b < blocks; ++b) {
    uint64_t at = (start + b * a.block) * rowBytes;
    uint64_t width = std::min(rowBytes, 2 * elements - b * rowBytes);
    met.runs.push_back({Memory::Scratchpad, false, at, at + width});
  }
}

void Walk::statistic(Met &met, bool write, unsigned which, uint64_t base,
                     uint64_t entries) {
  uint64_t first = base * limits.vectorLanes;
  if (first + entries > limits.statisticsRows)
    wrong("statistics entries " + text(first) + " to " + text(first + entries) +
          " of " + text(limits.statisticsRows));
  uint64_t at = 4 * ((which % 4) * limits.statisticsRows + first);
  met.runs.push_back({Memory::Statistics, write, at, at + 4 * entries});
}

template <typename Inst>
void Walk::copy(const Inst &inst, bool load, Met &met) {
  if (inst.element_log2_bytes > 2)
    wrong("elements of eight bytes");
  uint64_t outer = size(inst.outer), rows = size(inst.rows);
  uint64_t bytes = size(inst.elements) << inst.element_log2_bytes;
  // The registers must be right even where nothing moves.
  address(inst.dram, isa::Space::dram);
  address(inst.tile, isa::Space::scratchpad);
  if (outer == 0 || rows == 0 || bytes == 0)
    return;
  auto chip = [&] {
    for (uint64_t o = 0; o < outer; ++o)
      tile(met, load, inst.tile, isa::Space::scratchpad, inst.tile_offset,
           inst.tile_first, rows, bytes, 2 * lanes(), o * inst.outer_stride);
  };
  if (load)
    dram(met, false, inst.dram, inst.dram_offset, outer, rows, bytes);
  else
    chip();
  if (load)
    chip();
  else
    dram(met, true, inst.dram, inst.dram_offset, outer, rows, bytes);
}

void Walk::touch(const isa::Null &, Met &) {}

void Walk::touch(const isa::Load &inst, Met &met) { copy(inst, true, met); }

void Walk::touch(const isa::Store &inst, Met &met) { copy(inst, false, met); }

void Walk::touch(const isa::Gather &inst, Met &met) {
  uint64_t rows = size(inst.rows), bytes = size(inst.elements)
                                           << inst.element_log2_bytes;
  address(inst.dram, isa::Space::dram);
  address(inst.indices, isa::Space::dram);
  if (rows == 0 || bytes == 0)
    return;
  const Address &list = address(inst.indices, isa::Space::dram);
  if ((list.value + inst.indices_offset) % 4 != 0)
    wrong("an index list that is not aligned to 4 bytes");
  dram(met, false, inst.indices, inst.indices_offset, 1, 1, 4 * rows);
  // Any row of the table may be read.
  if (inst.bound > 0) {
    const Address &table = address(inst.dram, isa::Space::dram);
    int64_t start = table.value + inst.dram_offset;
    int64_t end =
        start + int64_t(inst.bound - 1) * table.stride + int64_t(bytes);
    if (start < 0 || end > table.limit)
      wrong("a table that leaves its region");
    uint64_t base = uint64_t(table.segment) << 48;
    met.runs.push_back(
        {Memory::Dram, false, base + uint64_t(start), base + uint64_t(end)});
  }
  tile(met, true, inst.tile, isa::Space::scratchpad, inst.tile_offset,
       inst.tile_first, rows, bytes, 2 * lanes());
}

void Walk::touch(const isa::Matmul &inst, Met &met) {
  uint64_t m = size(inst.rows), n = size(inst.columns), k = size(inst.depth);
  const Address &weights = address(inst.weights, isa::Space::scratchpad);
  address(inst.activations, isa::Space::scratchpad);
  address(inst.sums, isa::Space::accumulator);
  if (weights.stride != 1 || weights.block % limits.weightRows != 0 ||
      (weights.value + inst.weights_offset) % limits.weightRows != 0)
    wrong("weights that do not stand on words of " + text(limits.weightRows) +
          " rows");
  if (inst.activations_first % 2 != 0 || inst.weights_first % 2 != 0)
    wrong("a window of the array that begins at an odd byte");
  bool accumulate = inst.accumulate == isa::Accumulate::always;
  if (inst.accumulate == isa::Accumulate::after_first) {
    if (inst.accumulate_loop >= loops.size())
      wrong(
          "accumulates after the first iteration of a loop that is not active");
    accumulate = !loops[inst.accumulate_loop].firstIteration;
  }
  if (m == 0 || n == 0 || k == 0)
    return;
  bool wide = inst.operand_type == isa::MatmulType::bf16;
  uint64_t kBytes = wide ? 2 * k : k, rowBytes = 2 * lanes();
  tile(met, false, inst.activations, isa::Space::scratchpad,
       inst.activations_offset, inst.activations_first, m, kBytes, rowBytes);
  if (inst.side == isa::WeightSide::rows)
    tile(met, false, inst.weights, isa::Space::scratchpad, inst.weights_offset,
         inst.weights_first, wide ? k : (k + 1) / 2, 2 * n, rowBytes);
  else
    tile(met, false, inst.weights, isa::Space::scratchpad, inst.weights_offset,
         inst.weights_first, n, kBytes, rowBytes);
  if (accumulate) {
    size_t first = met.runs.size();
    tile(met, false, inst.sums, isa::Space::accumulator, inst.sums_offset, 0, m,
         4 * n, 4 * limits.columns);
    met.mayOverwrite(first);
  }
  tile(met, true, inst.sums, isa::Space::accumulator, inst.sums_offset, 0, m,
       4 * n, 4 * limits.columns);
}

void Walk::touch(const isa::Vector &v, Met &met) {
  uint64_t m = size(v.rows), n = size(v.columns);
  const isa::VectorStages stages = isa::stagesOf(v);
  bool elementUsed = stages.usesElement();
  if (v.source_type == isa::VectorType::none)
    wrong("a vector instruction without a source");
  if (elementUsed && v.element_type == isa::VectorType::none)
    wrong("an element stage without an element operand");
  if ((stages.usesScalars()[0] && !scalars[v.multiply0_scalar]) ||
      (stages.usesScalars()[1] && !scalars[v.add0_scalar]))
    wrong("a scalar register that is not set");
  if (m == 0 || n == 0)
    return;
  auto bytesOf = [](isa::VectorType type) -> uint64_t {
    switch (type) {
    case isa::VectorType::bf16:
      return 2;
    case isa::VectorType::int8:
      return 1;
    case isa::VectorType::fp32:
    case isa::VectorType::int32:
      return 4;
    case isa::VectorType::none:
    case isa::VectorType::statistics:
      break;
    }
    return 0;
  };
  auto operand = [&](bool write, isa::VectorType type, unsigned reg,
                     uint64_t offset, uint64_t first) {
    if (type == isa::VectorType::none)
      return;
    if (type == isa::VectorType::statistics) {
      if (m > 1)
        wrong("statistics along rows with several rows");
      if (offset >= isa::kStatistics)
        wrong("no statistic " + text(offset));
      statistic(met, write, offset, v.statistics_base, n);
      return;
    }
    if (first != 0 && n > limits.vectorLanes && first % limits.vectorLanes != 0)
      wrong("a window that begins inside a chunk of lanes");
    bool sums = type == isa::VectorType::fp32 || type == isa::VectorType::int32;
    if (sums && first != 0)
      wrong("a window of the accumulator");
    tile(met, write, reg,
         sums ? isa::Space::accumulator : isa::Space::scratchpad, offset,
         first * bytesOf(type), m, n * bytesOf(type),
         sums ? 4 * limits.columns : 2 * lanes());
  };
  // Reads an operand; where it is the destination, element by element, the
  // instruction may write over it.
  auto read = [&](isa::VectorType type, unsigned reg, uint64_t offset,
                  uint64_t first) {
    size_t begin = met.runs.size();
    operand(false, type, reg, offset, first);
    bool same =
        type == isa::VectorType::statistics
            ? v.destination_type == type && offset == v.destination_offset
            : bytesOf(type) == bytesOf(v.destination_type) &&
                  reg == v.destination && offset == v.destination_offset &&
                  first == v.destination_first;
    if (same)
      met.mayOverwrite(begin);
  };
  read(v.source_type, v.source, v.source_offset, v.source_first);
  if (elementUsed)
    read(v.element_type, v.element, v.element_offset, v.element_first);
  if (stages.usesColumns()[0])
    column(met, v.column0, v.column0_offset, n);
  if (stages.usesColumns()[1])
    column(met, v.column1, v.column1_offset, n);
  if (stages.usesColumns()[2])
    column(met, v.column2, v.column2_offset, n);
  std::vector<unsigned> rowScalars;
  if (stages.usesStatistics()[0])
    rowScalars.push_back(v.multiply0_statistic);
  if (stages.usesStatistics()[1])
    rowScalars.push_back(v.add1_statistic);
  if (stages.usesStatistics()[2])
    rowScalars.push_back(v.multiply1_statistic);
  for (unsigned s : rowScalars)
    statistic(met, false, s, v.statistics_base, m);
  unsigned reduced = v.reduce == isa::Reduce::none              ? 0
                     : v.reduce == isa::Reduce::sum_and_squares ? 2
                                                                : 1;
  for (unsigned i = 0; i < reduced; ++i) {
    unsigned s = (v.reduce_statistic + i) % 4;
    if (std::find(rowScalars.begin(), rowScalars.end(), s) != rowScalars.end())
      wrong("a row statistic that the same instruction writes");
    if (v.reduce_accumulate) {
      statistic(met, false, s, v.statistics_base, m);
      met.mayOverwrite(met.runs.size() - 1);
    }
  }
  for (unsigned i = 0; i < reduced; ++i)
    statistic(met, true, (v.reduce_statistic + i) % 4, v.statistics_base, m);
  operand(true, v.destination_type, v.destination, v.destination_offset,
          v.destination_first);
}

} // namespace tilework::verifier
