// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps of a schedule to instructions: registers, offsets and extents of their
// operands.

#include "compiler/conversion/LowerSchedule.h"

namespace tilework {

using namespace planning;

int64_t
ScheduleLowering::split(const Affine &affine,
                        std::array<int64_t, isa::kLoopDepth> &motion) const {
  int64_t known = affine.base;
  for (int d = 0; d < kMaxDepth; ++d) {
    if (!affine.steps[d])
      continue;
    int l = level(d);
    if (l >= 0)
      motion[l] += affine.steps[d];
    else
      known += affine.steps[d] * iteration[d];
  }
  return known;
}

bool ScheduleLowering::stream(Stream wanted, int &reg, LoweredProgram &out) {
  if (open.empty()) {
    reg = owner.addressRegister(wanted.key, false, false, out);
    return reg >= 0;
  }
  for (Stream &known : streams)
    if (known == wanted) {
      reg = std::max(known.reg, 0);
      return true;
    }
  if (!collecting)
    return false;
  streams.push_back(wanted);
  reg = 0;
  return true;
}

bool ScheduleLowering::onChip(const Tile &tile, int &reg, int64_t &offset,
                              LoweredProgram &out, int64_t most) {
  const Buffer &buffer = schedule.buffers[tile.buffer];
  Stream wanted;
  wanted.key.space = buffer.space;
  wanted.key.stride = tile.stride;
  wanted.key.blockStride = tile.blockStride;
  int64_t row = split(tile.row, wanted.motion);
  int64_t base = buffer.base;
  wanted.key.limit = buffer.base + buffer.totalRows();
  int turnLevel = buffer.turnDepth >= 0 ? level(buffer.turnDepth) : -1;
  if (buffer.slots > 1 && turnLevel >= 0) {
    wanted.key.wrap = buffer.totalRows();
    wanted.motion[turnLevel] += buffer.pitchRows;
    base += tile.ahead % buffer.slots * buffer.pitchRows;
  } else {
    row += (turned[tile.buffer] + tile.ahead) % buffer.slots * buffer.pitchRows;
  }
  int64_t high = row - row % most;
  if (row < 0)
    return false;
  wanted.key.value = base + high;
  offset = row - high;
  return stream(wanted, reg, out);
}

bool ScheduleLowering::dram(const Step &step, const DramTile &tile, int &reg,
                            int64_t &offset, LoweredProgram &out) {
  Stream wanted;
  wanted.key.space = isa::Space::dram;
  int64_t byte = split(tile.byte, wanted.motion), distance = 0;
  const Lowering::Base *base =
      owner.baseOf(tile.tensor, Lowering::stridesOf(step, tile), distance);
  byte += distance;
  // A register that falls begins at the operand: below 0 its value would wrap.
  bool falls = std::any_of(wanted.motion.begin(), wanted.motion.end(),
                           [](int64_t step) { return step < 0; });
  int64_t high = falls ? byte : byte - byte % (int64_t(1) << 30);
  offset = byte - high;
  if (base) {
    reg = base->reg;
    if (!high && !wanted.moves())
      return true;
    wanted.key.base = base->reg;
    wanted.key.value = high;
    return stream(wanted, reg, out);
  }
  const Placement &place = owner.placements[tile.tensor];
  wanted.key.segment = place.segment;
  wanted.key.stride = tile.stride;
  wanted.key.blockStride = tile.outerStride;
  wanted.key.limit = place.offset + place.bytes;
  wanted.key.value = place.offset + high;
  return stream(wanted, reg, out);
}

bool ScheduleLowering::extent(const Extent &e, isa::Extent &operand,
                              LoweredProgram &out) {
  int l = e.depth >= 0 ? level(e.depth) : -1;
  // The last iteration, or all but the first, may be smaller.
  bool varies = l >= 0 && e.total < e.tile * trips[e.depth];
  if (!varies) {
    int64_t value = l < 0 && e.depth >= 0
                        ? e.at(iteration[e.depth])
                        : std::min(e.tile, std::max<int64_t>(e.total, 0));
    if (value <= 65535) {
      operand = isa::Extent::number(static_cast<uint16_t>(value));
      return true;
    }
    l = -1;
    if (open.empty()) {
      int reg = owner.extentRegister(value, value, false, false, out);
      operand = isa::Extent::reg(static_cast<uint8_t>(reg));
      return reg >= 0;
    }
    LoopExtent wanted{value, value, -1};
    for (LoopExtent &known : loopExtents)
      if (known == wanted) {
        operand =
            isa::Extent::reg(static_cast<uint8_t>(std::max(known.reg, 0)));
        return true;
      }
    loopExtents.push_back(wanted);
    operand = isa::Extent::reg(0);
    return collecting;
  }
  LoopExtent wanted{e.tile, e.total, l};
  for (LoopExtent &known : loopExtents)
    if (known == wanted) {
      operand = isa::Extent::reg(static_cast<uint8_t>(std::max(known.reg, 0)));
      return true;
    }
  loopExtents.push_back(wanted);
  operand = isa::Extent::reg(0);
  return collecting;
}

bool ScheduleLowering::scalar(float value, uint8_t &reg, LoweredProgram &out) {
  if (collecting) {
    loopScalars.push_back(value);
    reg = 0;
    return true;
  }
  int index = owner.scalarRegister(value, false, out);
  reg = static_cast<uint8_t>(index);
  return index >= 0;
}

void ScheduleLowering::accumulation(isa::Accumulate &mode, uint8_t &loop,
                                    Accumulate wanted, int d) const {
  loop = 0;
  if (wanted == Accumulate::after_first) {
    int l = level(d);
    if (l >= 0) {
      mode = isa::Accumulate::after_first;
      loop = static_cast<uint8_t>(l);
    } else {
      mode =
          iteration[d] == 0 ? isa::Accumulate::never : isa::Accumulate::always;
    }
    return;
  }
  mode = wanted == Accumulate::always ? isa::Accumulate::always
                                      : isa::Accumulate::never;
}

bool ScheduleLowering::emit(const Step &step, LoweredProgram &out) {
  // A step that an unrolled loop leaves nothing of is no instruction. (A
  // product of no depth makes zeros.)
  if (step.kind != StepKind::Matmul)
    for (const Extent &e : {step.outer, step.rows, step.columns})
      if (e.depth >= 0 && level(e.depth) < 0 && e.at(iteration[e.depth]) == 0)
        return true;
  owner.primary = step.primary;
  owner.source = step.primary < static_cast<int>(schedule.sources.size())
                     ? schedule.sources[step.primary]
                     : -1;
  int reg = 0;
  int64_t offset = 0;
  auto push = [&](const isa::Instruction &instruction) {
    out.instructions.push_back(
        {instruction, owner.group, owner.source, owner.primary});
    return true;
  };
  // An operand's first field counts bytes or elements; no tile of a schedule
  // leaves its row with one.
  constexpr int64_t kDmaOffset = 1 << 19, kSumsOffset = 1 << 15,
                    kVectorOffset = 1 << 13, kColumnOffset = 1 << 12;
  auto tileCopy = [&](auto &inst) {
    if (!dram(step, step.dram, reg, offset, out))
      return false;
    inst.dram = static_cast<uint8_t>(reg);
    inst.dram_offset = static_cast<int32_t>(offset);
    if (!onChip(step.tile, reg, offset, out, kDmaOffset))
      return false;
    inst.tile = static_cast<uint8_t>(reg);
    inst.tile_offset = static_cast<uint32_t>(offset);
    inst.tile_first = static_cast<uint16_t>(step.tile.first);
    inst.element_log2_bytes = static_cast<uint8_t>(step.elementLog2);
    return extent(step.rows, inst.rows, out) &&
           extent(step.columns, inst.elements, out);
  };
  switch (step.kind) {
  case StepKind::Load: {
    isa::Load inst;
    inst.outer_stride = static_cast<uint32_t>(step.outerStride);
    return tileCopy(inst) && extent(step.outer, inst.outer, out) && push(inst);
  }
  case StepKind::Store: {
    isa::Store inst;
    inst.outer_stride = static_cast<uint32_t>(step.outerStride);
    return tileCopy(inst) && extent(step.outer, inst.outer, out) && push(inst);
  }
  case StepKind::Gather: {
    isa::Gather inst;
    if (!tileCopy(inst) || !dram(step, step.indices, reg, offset, out))
      return false;
    inst.indices = static_cast<uint8_t>(reg);
    inst.indices_offset = static_cast<int32_t>(offset);
    inst.bound = static_cast<uint32_t>(step.bound);
    return push(inst);
  }
  case StepKind::Matmul: {
    isa::Matmul inst;
    if (!onChip(step.tile, reg, offset, out, kDmaOffset))
      return false;
    inst.activations = static_cast<uint8_t>(reg);
    inst.activations_offset = static_cast<uint32_t>(offset);
    inst.activations_first = static_cast<uint16_t>(step.tile.first);
    if (!onChip(step.weights, reg, offset, out, kDmaOffset))
      return false;
    inst.weights = static_cast<uint8_t>(reg);
    inst.weights_offset = static_cast<uint32_t>(offset);
    inst.weights_first = static_cast<uint16_t>(step.weights.first);
    if (!onChip(step.sums, reg, offset, out, kSumsOffset))
      return false;
    inst.sums = static_cast<uint8_t>(reg);
    inst.sums_offset = static_cast<uint16_t>(offset);
    inst.side =
        step.byColumns ? isa::WeightSide::columns : isa::WeightSide::rows;
    accumulation(inst.accumulate, inst.accumulate_loop, step.accumulate,
                 step.accumulateDepth);
    return extent(step.rows, inst.rows, out) &&
           extent(step.columns, inst.columns, out) &&
           extent(step.depth, inst.depth, out) && push(inst);
  }
  case StepKind::Vector: {
    isa::Vector inst;
    const Chain &c = step.chain;
    auto inMemory = [](VectorType type) {
      return type != VectorType::none && type != VectorType::statistics;
    };
    auto operand = [&](VectorType type, const Tile &tile, uint8_t &field,
                       uint16_t &fieldOffset, uint8_t &first) {
      if (!inMemory(type))
        return true;
      if (!onChip(tile, reg, offset, out, kVectorOffset))
        return false;
      field = static_cast<uint8_t>(reg);
      fieldOffset = static_cast<uint16_t>(offset);
      first = static_cast<uint8_t>(tile.first);
      return true;
    };
    const isa::VectorStages stages = c.stages();
    bool elementUsed = stages.usesElement();
    if (!operand(c.sourceType, step.tile, inst.source, inst.source_offset,
                 inst.source_first) ||
        (elementUsed && !operand(c.elementType, step.element, inst.element,
                                 inst.element_offset, inst.element_first)) ||
        !operand(c.destinationType, step.sums, inst.destination,
                 inst.destination_offset, inst.destination_first))
      return false;
    auto column = [&](bool used, const Tile &tile, uint8_t &field,
                      uint16_t &fieldOffset) {
      if (!used)
        return true;
      if (!onChip(tile, reg, offset, out, kColumnOffset))
        return false;
      field = static_cast<uint8_t>(reg);
      fieldOffset = static_cast<uint16_t>(offset);
      return true;
    };
    const std::array<bool, 3> columns = stages.usesColumns();
    if (!column(columns[0], step.column[0], inst.column0,
                inst.column0_offset) ||
        !column(columns[1], step.column[1], inst.column1,
                inst.column1_offset) ||
        !column(columns[2], step.column[2], inst.column2, inst.column2_offset))
      return false;
    inst.source_type = c.sourceType;
    inst.element_type = elementUsed ? c.elementType : isa::VectorType::none;
    inst.destination_type = c.destinationType;
    inst.multiply0 = c.multiply0;
    inst.add0 = c.add0;
    inst.add1 = c.add1;
    inst.func = c.function;
    inst.operand = c.operand;
    inst.multiply1 = c.multiply1;
    inst.add2 = c.add2;
    inst.reduce = c.reduce;
    if (c.reduceAccumulate == Accumulate::after_first) {
      // The flag is static: a hardware loop cannot change it.
      if (level(c.reduceDepth) >= 0)
        return false;
      inst.reduce_accumulate = iteration[c.reduceDepth] != 0;
    } else {
      inst.reduce_accumulate = c.reduceAccumulate == Accumulate::always;
    }
    if (stages.usesScalars()[0] &&
        !scalar(c.multiply0Scalar, inst.multiply0_scalar, out))
      return false;
    if (stages.usesScalars()[1] && !scalar(c.add0Scalar, inst.add0_scalar, out))
      return false;
    if (inst.source_type == isa::VectorType::statistics)
      inst.source_offset = static_cast<uint16_t>(c.sourceStatistic);
    if (inst.element_type == isa::VectorType::statistics)
      inst.element_offset = static_cast<uint16_t>(c.elementStatistic);
    if (inst.destination_type == isa::VectorType::statistics)
      inst.destination_offset = static_cast<uint16_t>(c.destinationStatistic);
    inst.multiply0_statistic = static_cast<uint8_t>(c.multiply0Statistic);
    inst.add1_statistic = static_cast<uint8_t>(c.add1Statistic);
    inst.multiply1_statistic = static_cast<uint8_t>(c.multiply1Statistic);
    inst.reduce_statistic = static_cast<uint8_t>(c.reduceStatistic);
    inst.statistics_base = static_cast<uint8_t>(c.statisticsBase);
    return extent(step.rows, inst.rows, out) &&
           extent(step.columns, inst.columns, out) && push(inst);
  }
  case StepKind::Loop:
  case StepKind::End:
    break;
  }
  return false;
}

} // namespace tilework
