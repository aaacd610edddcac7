// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a lowered program. Footprints are ranges of whole rows; DRAM
// footprints are hulls, which is exact enough for waits: what is stored and
// what is loaded in one group never interleave within a tensor.

#include "compiler/conversion/Replay.h"

#include "dialects/isa/VectorStages.h"

#include <algorithm>

namespace tilework {

using Memory = TouchedRange::Memory;

void Replay::step(Register &reg, int64_t by) const {
  reg.value += by;
  if (!reg.wrap)
    return;
  if (reg.value >= reg.limit)
    reg.value -= reg.wrap;
  else if (reg.value < reg.limit - reg.wrap)
    reg.value += reg.wrap;
}

int64_t Replay::value(const isa::Extent &extent) const {
  if (!extent.isRegister)
    return extent.value;
  const ExtentState &state = extents[extent.value];
  return std::min(state.tile, state.remaining);
}

void Replay::rows(Memory memory, bool write, int64_t start, int64_t count,
                  int64_t stride) {
  if (count <= 0)
    return;
  if (stride == 1 || count == 1) {
    ranges.push_back({memory, write, static_cast<uint64_t>(start),
                      static_cast<uint64_t>(start + count)});
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    ranges.push_back({memory, write, static_cast<uint64_t>(start + i * stride),
                      static_cast<uint64_t>(start + i * stride + 1)});
}

void Replay::tile(bool write, unsigned index, int64_t offset, int64_t first,
                  int64_t count, int64_t elements, int64_t perRow) {
  const Register &reg = registers[index];
  Memory memory = reg.space == isa::Space::accumulator ? Memory::Accumulator
                                                       : Memory::Scratchpad;
  int64_t blocks = first ? 1 : (elements + perRow - 1) / perRow;
  int64_t start = reg.value + offset;
  if (reg.blockStride == count && reg.stride == 1) {
    rows(memory, write, start, blocks * count, 1);
    return;
  }
  for (int64_t b = 0; b < blocks; ++b)
    rows(memory, write, start + b * reg.blockStride, count, reg.stride);
}

void Replay::dram(bool write, unsigned index, int64_t offset, int64_t outer,
                  int64_t count, int64_t bytes) {
  const Register &reg = registers[index];
  int64_t start = reg.value + offset;
  int64_t low = start, high = start + bytes;
  for (int64_t span :
       {(outer - 1) * reg.blockStride, (count - 1) * reg.stride}) {
    low += std::min<int64_t>(span, 0);
    high += std::max<int64_t>(span, 0);
  }
  uint64_t segment = static_cast<uint64_t>(reg.segment) << 44;
  ranges.push_back({Memory::Dram, write,
                    segment | static_cast<uint64_t>(std::max<int64_t>(low, 0)),
                    segment | static_cast<uint64_t>(high)});
}

void Replay::touch(const isa::Vector &v) {
  int64_t m = value(v.rows), n = value(v.columns);
  if (!m || !n)
    return;
  int64_t L = machine.lanes();
  auto statistic = [&](bool write, int which, int64_t count) {
    int64_t start = which % 4 * machine.statisticsRows +
                    v.statistics_base * machine.vectorLanes;
    rows(Memory::Statistics, write, start, count, 1);
  };
  auto operand = [&](bool write, isa::VectorType type, unsigned reg,
                     int64_t offset, int64_t first) {
    switch (type) {
    case isa::VectorType::none:
      break;
    case isa::VectorType::bf16:
      tile(write, reg, offset, first, m, n, L);
      break;
    case isa::VectorType::int8:
      tile(write, reg, offset, first, m, n, 2 * L);
      break;
    case isa::VectorType::fp32:
    case isa::VectorType::int32:
      tile(write, reg, offset, first, m, n, machine.columns);
      break;
    case isa::VectorType::statistics:
      statistic(write, static_cast<int>(offset), n);
      break;
    }
  };
  operand(false, v.source_type, v.source, v.source_offset, v.source_first);
  const isa::VectorStages stages = isa::stagesOf(v);
  if (stages.usesElement())
    operand(false, v.element_type, v.element, v.element_offset,
            v.element_first);
  auto column = [&](bool used, unsigned reg, int64_t offset) {
    if (used)
      rows(Memory::Scratchpad, false, registers[reg].value + offset,
           (n + L - 1) / L, registers[reg].blockStride);
  };
  const std::array<bool, 3> columns = stages.usesColumns(),
                            statistics = stages.usesStatistics();
  column(columns[0], v.column0, v.column0_offset);
  column(columns[1], v.column1, v.column1_offset);
  column(columns[2], v.column2, v.column2_offset);
  if (statistics[0])
    statistic(false, v.multiply0_statistic, m);
  if (statistics[1])
    statistic(false, v.add1_statistic, m);
  if (statistics[2])
    statistic(false, v.multiply1_statistic, m);
  if (v.reduce != isa::Reduce::none) {
    int results = v.reduce == isa::Reduce::sum_and_squares ? 2 : 1;
    for (int i = 0; i < results; ++i) {
      if (v.reduce_accumulate)
        statistic(false, v.reduce_statistic + i, m);
      statistic(true, v.reduce_statistic + i, m);
    }
  }
  operand(true, v.destination_type, v.destination, v.destination_offset,
          v.destination_first);
}

template <typename Inst> void Replay::copy(const Inst &inst, bool toChip) {
  int64_t outer = value(inst.outer), count = value(inst.rows),
          bytes = value(inst.elements) << inst.element_log2_bytes;
  if (!outer || !count || !bytes)
    return;
  for (int64_t o = 0; o < outer; ++o)
    tile(toChip, inst.tile, inst.tile_offset + o * inst.outer_stride,
         inst.tile_first, count, bytes, machine.rowBytes());
  dram(!toChip, inst.dram, inst.dram_offset, outer, count, bytes);
}

void Replay::touch(const isa::Null &) {}

void Replay::touch(const isa::Load &load) { copy(load, true); }

void Replay::touch(const isa::Store &store) { copy(store, false); }

void Replay::touch(const isa::Gather &gather) {
  int64_t count = value(gather.rows), bytes = value(gather.elements)
                                              << gather.element_log2_bytes;
  if (!count || !bytes)
    return;
  tile(true, gather.tile, gather.tile_offset, gather.tile_first, count, bytes,
       machine.rowBytes());
  dram(false, gather.dram, gather.dram_offset, 1, gather.bound, bytes);
  dram(false, gather.indices, gather.indices_offset, 1, 1, 4 * count);
}

void Replay::touch(const isa::Matmul &matmul) {
  int64_t m = value(matmul.rows), n = value(matmul.columns),
          k = value(matmul.depth);
  if (!m || !n || !k)
    return;
  // Bytes for the scratchpad, lanes of 32 bits for the accumulator.
  bool wide = matmul.operand_type == isa::MatmulType::bf16;
  int64_t kBytes = wide ? 2 * k : k, L = machine.rowBytes();
  tile(false, matmul.activations, matmul.activations_offset,
       matmul.activations_first, m, kBytes, L);
  if (matmul.side == isa::WeightSide::rows)
    tile(false, matmul.weights, matmul.weights_offset, matmul.weights_first,
         wide ? k : (k + 1) / 2, 2 * n, L);
  else
    tile(false, matmul.weights, matmul.weights_offset, matmul.weights_first, n,
         kBytes, L);
  tile(false, matmul.sums, matmul.sums_offset, 0, m, n, machine.columns);
  tile(true, matmul.sums, matmul.sums_offset, 0, m, n, machine.columns);
}

//===----------------------------------------------------------------------===//
// The sequencer
//===----------------------------------------------------------------------===//

void Replay::control(const isa::SetAddress &set) {
  registers[set.destination] = {set.space,
                                set.segment,
                                static_cast<int64_t>(set.value),
                                set.stride,
                                set.block_stride,
                                static_cast<int64_t>(set.wrap),
                                static_cast<int64_t>(set.limit)};
}

void Replay::control(const isa::CopyAddress &copy) {
  registers[copy.destination] = registers[copy.source];
  step(registers[copy.destination], copy.offset);
}

void Replay::control(const isa::OffsetAddress &offset) {
  step(registers[offset.destination],
       int64_t((*parameters)[offset.launch_parameter]) * offset.multiplier);
}

void Replay::control(const isa::SetExtent &set) {
  int64_t total = set.total_source == isa::TotalSource::parameter
                      ? (*parameters)[set.launch_parameter] & 0xffffff
                      : set.total;
  extents[set.destination] = {set.tile, total, total};
}

void Replay::control(const isa::SetScalar &) {}

void Replay::control(const isa::Loop &loop) {
  OpenLoop entry;
  entry.begin = pc + 1;
  entry.end = pc + 1 + loop.length;
  entry.extents = {loop.extent0, loop.extent1};
  entry.updates = {loop.update0, loop.update1, loop.update2,
                   loop.update3, loop.update4, loop.update5};
  for (size_t i = 0; i < 6; ++i)
    entry.entry[i] = registers[entry.updates[i].register_index].value;
  reset(entry);
  if (loop.trip_source == isa::TripSource::extent) {
    const ExtentState &e = extents[loop.index];
    entry.left = (e.remaining + e.tile - 1) / e.tile;
  } else {
    entry.left = loop.trip_source == isa::TripSource::parameter
                     ? (*parameters)[loop.index]
                     : loop.count;
  }
  if (entry.left == 0) {
    next = entry.end;
    return;
  }
  if (loops.empty() && handlers->enterOutermost)
    handlers->enterOutermost(pc);
  loops.push_back(entry);
}

void Replay::control(const isa::Call &call) {
  if (calls.empty() && handlers->enterCall)
    handlers->enterCall(pc);
  calls.push_back(pc + 1);
  next = call.target;
}

void Replay::control(const isa::Return &) {
  if (calls.empty()) {
    problem = "return without a call at instruction " + std::to_string(pc);
    return;
  }
  next = calls.back();
  calls.pop_back();
  if (calls.empty() && handlers->leaveCall)
    handlers->leaveCall();
}

void Replay::control(const isa::Halt &) { halted = true; }

void Replay::reset(const OpenLoop &loop) {
  for (const isa::OptionalExtent &e : loop.extents)
    if (e.valid)
      extents[e.index].remaining = extents[e.index].total;
}

void Replay::endIterations() {
  while (!loops.empty() && next == loops.back().end) {
    OpenLoop &loop = loops.back();
    for (const isa::OptionalExtent &e : loop.extents)
      if (e.valid)
        extents[e.index].remaining = std::max<int64_t>(
            0, extents[e.index].remaining - extents[e.index].tile);
    for (const isa::Update &update : loop.updates)
      if (update.step)
        step(registers[update.register_index], update.step);
    if (--loop.left > 0) {
      next = loop.begin;
      break;
    }
    for (size_t i = 0; i < 6; ++i)
      if (loop.updates[i].step &&
          !registers[loop.updates[i].register_index].wrap)
        registers[loop.updates[i].register_index].value = loop.entry[i];
    reset(loop);
    loops.pop_back();
    if (loops.empty() && handlers->leaveOutermost)
      handlers->leaveOutermost();
  }
}

// Every instruction has one of `control` or `touch`, which its record declares.
void Replay::visit(const isa::Instruction &instruction) {
  std::visit(
      [&](const auto &inst) {
        if constexpr (std::decay_t<decltype(inst)>::onUnit) {
          ranges.clear();
          touch(inst);
          handlers->dispatch({pc, static_cast<int>(inst.retiredBy()), &ranges});
        } else {
          control(inst);
        }
      },
      instruction);
}

bool Replay::run(const Handlers &calledBack,
                 const std::array<uint32_t, 16> &launchParameters,
                 std::string &error) {
  handlers = &calledBack;
  parameters = &launchParameters;
  for (pc = 0; pc < program.instructions.size(); pc = next) {
    next = pc + 1;
    visit(program.instructions[pc].instruction);
    if (halted)
      return true;
    if (!problem.empty()) {
      error = problem;
      return false;
    }
    endIterations();
  }
  error = "the program has no halt";
  return false;
}

} // namespace tilework
