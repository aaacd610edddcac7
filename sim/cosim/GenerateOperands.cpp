// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Address and extent registers: where they point, how loops move them.

#include "sim/cosim/Generator.h"

namespace tilework::sim {

namespace {

uint64_t alignUp(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

} // namespace

void Generator::update(LoopScope &loop, uint8_t reg, int64_t step) {
  isa::Update *const updates[] = {
      &loop.instruction.update0, &loop.instruction.update1,
      &loop.instruction.update2, &loop.instruction.update3,
      &loop.instruction.update4, &loop.instruction.update5};
  if (loop.updates < std::size(updates) && step != 0)
    *updates[loop.updates++] = {reg, static_cast<int32_t>(step)};
}

uint64_t Generator::moves(uint8_t reg, uint64_t step, uint64_t align,
                          uint64_t &room, const Site &site) {
  uint64_t below = 0;
  for (size_t i = site.home; i < site.nest.loops.size(); ++i) {
    LoopScope &loop = site.nest.loops[i];
    if (!random.chance(0.7) || loop.updates == 6)
      continue;
    uint64_t by = random.chance(0.7) ? step : random.below(step + 1);
    by = alignUp(by, align);
    const uint64_t reach = (loop.trips - 1) * by;
    if (by == 0 || reach > room)
      continue;
    room -= reach;
    const bool back = random.chance(0.3);
    update(loop, reg, back ? -int64_t(by) : int64_t(by));
    below += back ? reach : 0;
  }
  return below;
}

Generator::Operand Generator::tile(isa::Space space, uint32_t rows,
                                   uint32_t blocks, uint32_t maxOffset,
                                   bool unitStride, uint32_t align,
                                   const Site &site) {
  const std::vector<Region> &regions =
      space == isa::Space::scratchpad ? scratchpad : accumulator;
  const Region region =
      regions[random.below(static_cast<uint32_t>(regions.size()))];
  rows = std::max(rows, 1u);
  blocks = std::max(blocks, 1u);
  uint64_t stride = 1, blockStride = rows;
  if (!unitStride && random.chance(0.25)) {
    stride = blocks; // blocks of a row side by side
    blockStride = 1;
  } else if (!unitStride && random.chance(0.2)) {
    stride = 2;
    blockStride = 2 * rows;
  }
  blockStride = alignUp(blockStride, align);
  const uint64_t span =
      alignUp((blocks - 1) * blockStride + (rows - 1) * stride + 1, align);
  const uint64_t size = region.size / align * align;
  const uint64_t begin = alignUp(region.begin, align);

  Operand operand;
  operand.reg = freshAddress();
  isa::SetAddress set;
  set.destination = operand.reg;
  set.space = space;
  set.stride = static_cast<int32_t>(stride);
  set.block_stride = static_cast<int32_t>(blockStride);
  const bool ring =
      random.chance(site.home < site.nest.loops.size() ? 0.4 : 0.1);
  if (ring) {
    // Slots of one tile; steps of whole slots, either way round.
    const uint64_t slots = std::max<uint64_t>(
        1, std::min<uint64_t>(1 + random.below(4), size / span));
    const uint64_t slack = size > slots * span ? size - slots * span : 0;
    const uint64_t low =
        begin + random.below(static_cast<uint32_t>(slack) + 1) / align * align;
    set.wrap = static_cast<uint32_t>(slots * span);
    set.limit = low + set.wrap;
    set.value = low + span * random.below(static_cast<uint32_t>(slots));
    for (size_t i = site.home; i < site.nest.loops.size(); ++i)
      if (random.chance(0.7)) {
        const int64_t step =
            int64_t(span) * (1 + random.below(static_cast<uint32_t>(slots)));
        update(site.nest.loops[i], operand.reg,
               random.chance(0.3) ? -step : step);
      }
  } else {
    set.limit = region.begin + region.size;
    uint64_t room = size > span ? size - span : 0;
    uint64_t start =
        begin + moves(operand.reg, rows * stride, align, room, site);
    start += random.below(static_cast<uint32_t>(room) + 1) / align * align;
    if (random.chance(0.5))
      operand.offset =
          std::min(maxOffset, random.below(static_cast<uint32_t>(start) + 1)) /
          align * align;
    set.value = start - operand.offset;
  }
  Nodes &sets = site.sets();
  if (random.chance(0.1)) { // moved by a launch parameter to where it begins
    isa::OffsetAddress move;
    move.destination = operand.reg;
    move.launch_parameter = static_cast<uint8_t>(random.below(16));
    const uint64_t parameter = program.parameters[move.launch_parameter];
    move.multiplier = ring ? static_cast<int32_t>(span)
                           : static_cast<int32_t>(random.below(8));
    const uint64_t by = parameter * static_cast<uint64_t>(move.multiplier);
    if (!ring && by <= set.value) {
      set.value -= by;
      add(sets, set);
      add(sets, move);
      return operand;
    }
    add(sets, set);
    if (ring && by <= set.wrap)
      add(sets, move);
    return operand;
  }
  add(sets, set);
  if (random.chance(0.1)) { // by way of a copy
    isa::CopyAddress go;
    go.destination = freshAddress();
    go.source = operand.reg;
    go.offset = ring ? int64_t(span) * (int64_t(random.below(3)) - 1)
                     : int64_t(random.below(3));
    if (ring &&
        (go.offset > int64_t(set.wrap) || -go.offset > int64_t(set.wrap)))
      go.offset = 0;
    add(sets, go);
    isa::CopyAddress back;
    back.destination = operand.reg;
    back.source = go.destination;
    back.offset = -go.offset;
    add(sets, back);
  }
  return operand;
}

Generator::Operand Generator::dramRegister(isa::SetAddress set, uint64_t start,
                                           const Site &site) {
  Operand operand;
  operand.reg = set.destination;
  if (random.chance(0.3))
    operand.offset = random.below(static_cast<uint32_t>(start) + 1);
  else if (random.chance(0.15))
    operand.offset = -int64_t(random.below(5000));
  set.value = start - operand.offset;
  isa::OffsetAddress move;
  move.destination = operand.reg;
  move.launch_parameter = static_cast<uint8_t>(random.below(16));
  move.multiplier = static_cast<int32_t>(random.below(128)) - 64;
  const int64_t by =
      int64_t(program.parameters[move.launch_parameter]) * move.multiplier;
  const bool moved =
      random.chance(0.15) && by <= static_cast<int64_t>(set.value);
  if (moved)
    set.value -= by;
  add(site.sets(), set);
  if (moved)
    add(site.sets(), move);
  return operand;
}

Generator::Operand Generator::dram(unsigned number, uint32_t outer,
                                   uint32_t rows, uint32_t rowBytes,
                                   const Site &site) {
  const uint64_t size = segment(number).size;
  uint32_t stride = std::max(rowBytes, 1u);
  if (random.chance(0.4))
    stride += random.below(80);
  if (number == dataSegment && random.chance(0.1))
    stride = random.below(stride + 1);
  uint32_t outerStride = stride * std::max(rows, 1u);
  if (random.chance(0.3))
    outerStride += random.below(200);
  const uint64_t span = uint64_t(std::max(outer, 1u)) * outerStride + rowBytes;
  uint64_t room = size > span ? size - span : 0;
  isa::SetAddress set;
  set.destination = freshAddress();
  set.space = isa::Space::dram;
  set.segment = static_cast<uint8_t>(number);
  set.stride = static_cast<int32_t>(stride);
  set.block_stride = static_cast<int32_t>(outerStride);
  set.limit = size;
  const uint64_t below = moves(
      set.destination, uint64_t(stride) * std::max(rows, 1u), 1, room, site);
  return dramRegister(
      set, below + random.below(static_cast<uint32_t>(room) + 1), site);
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

std::pair<uint32_t, Generator::ExtentRegister>
Generator::extentRegister(uint32_t trips, uint32_t limit, Nodes &sets) {
  isa::SetExtent set;
  set.destination = nextExtent = (nextExtent + 1) % isa::kExtentRegisters;
  set.tile = 1 + random.below(random.chance(0.3) ? 3 * geometry.lanes() : 12);
  set.total =
      trips == 0 ? 0 : (trips - 1) * set.tile + 1 + random.below(set.tile);
  if (random.chance(0.15)) {
    const uint32_t index = random.below(isa::kLaunchParameters),
                   total = program.parameters[index];
    if ((total + set.tile - 1) / set.tile <= limit) {
      trips = (total + set.tile - 1) / set.tile;
      set.total_source = isa::TotalSource::parameter;
      set.total = 0;
      set.launch_parameter = static_cast<uint8_t>(index);
    }
  }
  add(sets, set);
  return {trips, {set.destination, set.tile}};
}

Generator::Dimension Generator::dimension(uint32_t limit, const Site &site) {
  std::vector<ExtentRegister> fitting;
  for (const ExtentRegister &extent : site.nest.extents)
    if (extent.tile <= limit)
      fitting.push_back(extent);
  if (!fitting.empty() && random.chance(0.5)) {
    const ExtentRegister &extent =
        fitting[random.below(static_cast<uint32_t>(fitting.size()))];
    return {extent.tile, isa::Extent::reg(extent.reg)};
  }
  return fixed(small(std::max(limit, 1u)));
}

} // namespace tilework::sim
