// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier's walk. Errors are thrown inside and end it.

#include "compiler/verifier/Walk.h"

#include "dialects/isa/VectorStages.h"

#include <algorithm>
#include <type_traits>

namespace tilework::verifier {

static std::string text(int64_t n) { return std::to_string(n); }

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void Walk::advance(Address &address, int64_t by) {
  address.value += by;
  if (address.wrap == 0)
    return;
  if (address.value >= address.limit)
    address.value -= address.wrap;
  else if (address.value < address.limit - address.wrap)
    address.value += address.wrap;
}

const Walk::Address &Walk::address(unsigned index, isa::Space space) const {
  const Address &a = addresses[index];
  if (!a.set)
    wrong("address register a" + text(index) + " is not set");
  if (a.space != space)
    wrong("address register a" + text(index) + " points into another memory");
  if (a.stride < 0 || a.block < 0)
    wrong("address register a" + text(index) + " has a negative stride");
  return a;
}

uint64_t Walk::size(const isa::Extent &extent) const {
  if (!extent.isRegister)
    return extent.value;
  const Size &s = sizes[extent.value];
  if (!s.set)
    wrong("extent register e" + text(extent.value) + " is not set");
  return std::min(s.tile, s.left);
}

bool Walk::control(const isa::Instruction &instruction) {
  if (auto *set = std::get_if<isa::SetAddress>(&instruction)) {
    uint64_t capacity = set->space == isa::Space::scratchpad
                            ? limits.scratchpadRows
                        : set->space == isa::Space::accumulator
                            ? limits.accumulatorRows
                            : program.segments[set->segment].bytes;
    if (set->limit > capacity)
      wrong("a register's limit " + text(set->limit) + " is past the " +
            text(capacity) + " there are");
    addresses[set->destination] = {true,
                                   set->space,
                                   set->segment,
                                   static_cast<int64_t>(set->value),
                                   set->stride,
                                   set->block_stride,
                                   static_cast<int64_t>(set->wrap),
                                   static_cast<int64_t>(set->limit)};
    return true;
  }
  if (auto *copy = std::get_if<isa::CopyAddress>(&instruction)) {
    if (!addresses[copy->source].set)
      wrong("copies an address register that is not set");
    addresses[copy->destination] = addresses[copy->source];
    advance(addresses[copy->destination], copy->offset);
    return true;
  }
  if (auto *offset = std::get_if<isa::OffsetAddress>(&instruction)) {
    if (!addresses[offset->destination].set)
      wrong("moves an address register that is not set");
    advance(addresses[offset->destination],
            int64_t(parameters[offset->launch_parameter]) * offset->multiplier);
    return true;
  }
  if (auto *set = std::get_if<isa::SetExtent>(&instruction)) {
    if (set->tile == 0)
      wrong("an extent register with a tile of zero");
    uint64_t total = set->total_source == isa::TotalSource::parameter
                         ? parameters[set->launch_parameter] & 0xffffff
                         : set->total;
    sizes[set->destination] = {true, set->tile, total, total};
    return true;
  }
  if (auto *set = std::get_if<isa::SetScalar>(&instruction)) {
    scalars[set->destination] = true;
    return true;
  }
  if (auto *inst = std::get_if<isa::Loop>(&instruction)) {
    Loop loop;
    loop.first = pc + 1;
    loop.last = pc + inst->length;
    loop.calls = returns.size();
    if (inst->length == 0)
      wrong("a loop without a body");
    if (loops.size() == isa::kLoopDepth)
      wrong("loops nest deeper than " + text(isa::kLoopDepth));
    if (!loops.empty() && loops.back().calls == returns.size() &&
        loop.last > loops.back().last)
      wrong("a loop that reaches past the end of the one around it");
    for (const isa::OptionalExtent &e : {inst->extent0, inst->extent1})
      if (e.valid) {
        if (!sizes[e.index].set)
          wrong("a loop advances an extent register that is not set");
        sizes[e.index].left = sizes[e.index].total;
        loop.extents.push_back(e.index);
      }
    for (const isa::Update &u : {inst->update0, inst->update1, inst->update2,
                                 inst->update3, inst->update4, inst->update5})
      if (u.step != 0) {
        if (!addresses[u.register_index].set)
          wrong("a loop updates an address register that is not set");
        loop.updates.push_back({u.register_index, u.step});
        loop.entry.push_back(addresses[u.register_index].value);
      }
    switch (inst->trip_source) {
    case isa::TripSource::immediate:
      loop.left = inst->count;
      break;
    case isa::TripSource::parameter:
      loop.left = parameters[inst->index];
      break;
    case isa::TripSource::extent: {
      if (std::find(loop.extents.begin(), loop.extents.end(), inst->index) ==
          loop.extents.end())
        wrong("a loop counts by an extent register that it does not advance");
      const Size &s = sizes[inst->index];
      loop.left = (s.left + s.tile - 1) / s.tile;
      break;
    }
    }
    if (loop.left == 0) {
      pc = loop.last;
      return true;
    }
    loops.push_back(std::move(loop));
    return true;
  }
  if (auto *call = std::get_if<isa::Call>(&instruction)) {
    if (returns.size() == isa::kCallDepth)
      wrong("calls nest deeper than " + text(isa::kCallDepth));
    returns.push_back({pc, context, loops.size()});
    context = call->context_id;
    pc = call->target - 1;
    return true;
  }
  if (std::holds_alternative<isa::Return>(instruction)) {
    if (returns.empty() || returns.back().loops != loops.size())
      wrong("a return that fits no call");
    pc = returns.back().pc;
    context = returns.back().context;
    returns.pop_back();
    return true;
  }
  if (std::holds_alternative<isa::Halt>(instruction)) {
    halted = true;
    return true;
  }
  return false;
}

void Walk::endIterations() {
  while (!loops.empty() && loops.back().calls == returns.size() &&
         pc == loops.back().last) {
    Loop &loop = loops.back();
    for (unsigned e : loop.extents) {
      Size &s = sizes[e];
      s.left = s.left > s.tile ? s.left - s.tile : 0;
    }
    for (auto [reg, by] : loop.updates)
      advance(addresses[reg], by);
    loop.firstIteration = false;
    if (--loop.left > 0) {
      pc = loop.first - 1;
      return;
    }
    for (size_t i = 0; i < loop.updates.size(); ++i)
      if (addresses[loop.updates[i].first].wrap == 0)
        addresses[loop.updates[i].first].value = loop.entry[i];
    for (unsigned e : loop.extents)
      sizes[e].left = sizes[e].total;
    loops.pop_back();
  }
}

//===----------------------------------------------------------------------===//
// Footprints
//===----------------------------------------------------------------------===//

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

void Walk::gather(const isa::Gather &inst, Met &met) {
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

void Walk::matmul(const isa::Matmul &inst, Met &met) {
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

void Walk::vector(const isa::Vector &v, Met &met) {
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
                     uint64_t offset, uint64_t first, unsigned which) {
    if (type == isa::VectorType::none)
      return;
    if (type == isa::VectorType::statistics) {
      if (m > 1)
        wrong("statistics along rows with several rows");
      statistic(met, write, which, v.statistics_base, n);
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
                  uint64_t first, unsigned which) {
    size_t begin = met.runs.size();
    operand(false, type, reg, offset, first, which);
    bool same = type == isa::VectorType::statistics
                    ? v.destination_type == type &&
                          which % 4 == v.destination_statistic % 4u
                    : bytesOf(type) == bytesOf(v.destination_type) &&
                          reg == v.destination &&
                          offset == v.destination_offset &&
                          first == v.destination_first;
    if (same)
      met.mayOverwrite(begin);
  };
  read(v.source_type, v.source, v.source_offset, v.source_first,
       v.source_statistic);
  if (elementUsed)
    read(v.element_type, v.element, v.element_offset, v.element_first,
         v.element_statistic);
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
          v.destination_first, v.destination_statistic);
}

bool Walk::unitInstruction(const isa::Instruction &instruction, Met &met) {
  met.pc = pc;
  met.context = context;
  met.runs.clear();
  return std::visit(
      [&](const auto &inst) {
        using Inst = std::decay_t<decltype(inst)>;
        constexpr bool isUnit = std::is_same_v<Inst, isa::Null> ||
                                std::is_same_v<Inst, isa::Load> ||
                                std::is_same_v<Inst, isa::Store> ||
                                std::is_same_v<Inst, isa::Gather> ||
                                std::is_same_v<Inst, isa::Matmul> ||
                                std::is_same_v<Inst, isa::Vector>;
        if constexpr (isUnit) {
          met.waits = {inst.wait_load, inst.wait_store, inst.wait_array,
                       inst.wait_vector};
          if constexpr (std::is_same_v<Inst, isa::Null>) {
            met.unit = static_cast<uint8_t>(inst.unit);
          } else if constexpr (std::is_same_v<Inst, isa::Load>) {
            met.unit = 0;
            copy(inst, true, met);
          } else if constexpr (std::is_same_v<Inst, isa::Store>) {
            met.unit = 1;
            copy(inst, false, met);
          } else if constexpr (std::is_same_v<Inst, isa::Gather>) {
            met.unit = 0;
            gather(inst, met);
          } else if constexpr (std::is_same_v<Inst, isa::Matmul>) {
            met.unit = 2;
            matmul(inst, met);
          } else {
            met.unit = 3;
            vector(inst, met);
          }
        }
        return isUnit;
      },
      instruction);
}

const isa::Instruction &Walk::instruction() {
  if (pc >= program.text.size())
    wrong("runs past the end of the program");
  if (!decoded[pc]) {
    isa::DecodeResult result = isa::decode(program.text[pc]);
    if (!result)
      wrong(result.error);
    decoded[pc] = *result.instruction;
  }
  return *decoded[pc];
}

Walk::Next Walk::next(Met &met, std::string &error) {
  if (!started) {
    pc = program.entry;
    started = true;
  }
  try {
    while (!halted) {
      const isa::Instruction &next = instruction();
      bool unit = unitInstruction(next, met);
      if (!unit)
        control(next);
      if (halted)
        break;
      endIterations();
      ++pc;
      if (unit)
        return Next::Met;
    }
  } catch (const Wrong &wrong) {
    std::string node = program.nodeOf ? program.nodeOf(pc, context) : "";
    error = "instruction " + text(pc) +
            (node.empty() ? "" : " (" + node + ")") + ": " + wrong.what;
    return Next::Wrong;
  }
  return Next::Halt;
}

} // namespace tilework::verifier
