// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unit instructions: sizes first, then operands that have room for them.

#include "sim/cosim/Generator.h"

#include "dialects/isa/VectorStages.h"

#include <map>

namespace tilework::sim {

namespace {

uint32_t ceilDiv(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

constexpr uint32_t kMaxTileOffset = (1u << 20) - 1;

} // namespace

const isa::EnumerationInfo &Generator::enumerationOf(const std::string &name) {
  static const std::map<std::string, const isa::EnumerationInfo *> all = [] {
    std::map<std::string, const isa::EnumerationInfo *> named;
    for (const isa::EnumerationInfo *info : isa::enumerations())
      named[info->name] = info;
    return named;
  }();
  return *all.at(name);
}

template <typename Inst> void Generator::randomWaits(Inst &inst) {
  for (uint8_t *field : inst.waits())
    if (random.chance(0.06))
      *field = static_cast<uint8_t>(
          1 +
          random.below(random.chance(0.5) ? 4 : (1u << isa::kWaitBits) - 1));
}

//===----------------------------------------------------------------------===//
// DMA
//===----------------------------------------------------------------------===//

template <typename Inst>
void Generator::tileCopy(Inst &inst, unsigned number, const Site &site) {
  const uint32_t rowBytes = geometry.rowBytes();
  const uint32_t log2 = random.below(3);
  uint32_t first = 0, bytes = random.chance(0.5) ? 3 * rowBytes : rowBytes;
  if (random.chance(0.25)) {
    first = 1 + random.below(rowBytes - 1);
    bytes = rowBytes - first;
  }
  const Dimension outer = random.chance(0.6) ? fixed(1) : dimension(4, site),
                  rows = dimension(random.chance(0.2) ? 48 : 12, site);
  Dimension elements = fixed(bytes >> log2);
  if (!random.chance(0.3))
    elements = dimension(bytes >> log2, site);
  const uint32_t width = elements.size << log2;
  if (first + width > rowBytes)
    first = 0;
  const uint32_t blocks = std::max(1u, ceilDiv(width, rowBytes));
  const Operand memory = dram(number, outer.size, rows.size, width, site);
  const Operand scratch =
      tile(isa::Space::scratchpad, rows.size, blocks * std::max(outer.size, 1u),
           kMaxTileOffset, false, 1, site);
  inst.dram = memory.reg;
  inst.dram_offset = static_cast<int32_t>(memory.offset);
  inst.tile = scratch.reg;
  inst.tile_offset = static_cast<uint32_t>(scratch.offset);
  inst.tile_first = static_cast<uint16_t>(first);
  inst.outer = outer.extent;
  inst.rows = rows.extent;
  inst.elements = elements.extent;
  inst.element_log2_bytes = static_cast<uint8_t>(log2);
  inst.outer_stride = rows.size * blocks + random.below(2);
}

void Generator::fill(isa::Load &inst, const Site &site) {
  tileCopy(inst, dataSegment, site);
}

void Generator::fill(isa::Store &inst, const Site &site) {
  tileCopy(inst, resultSegment, site);
}

void Generator::fill(isa::Gather &inst, const Site &site) {
  const uint32_t rowBytes = geometry.rowBytes();
  const uint32_t log2 = random.below(3);
  // Lists longer than the chunks that they are read in, now and then.
  const Dimension rows = dimension(random.chance(0.3) ? 110 : 10, site);
  uint32_t first = 0, bytes = random.chance(0.2) ? 3 * rowBytes : rowBytes;
  if (random.chance(0.25)) {
    first = 1 + random.below(rowBytes - 1);
    bytes = rowBytes - first;
  }
  if (rows.size > 30)
    bytes = std::min(bytes, rowBytes);
  const Dimension elements = dimension(bytes >> log2, site);
  const uint32_t width = elements.size << log2;
  if (first + width > rowBytes)
    first = 0;
  const uint32_t bound = random.chance(0.05) ? 0 : 32 + random.below(2);
  const Operand table = dram(dataSegment, 1, bound, width, site.still());

  const uint64_t listBytes = 4 * uint64_t(std::max(rows.size, 1u));
  uint64_t room = segment(indexSegment).size - listBytes;
  isa::SetAddress set;
  set.destination = freshAddress();
  set.space = isa::Space::dram;
  set.segment = static_cast<uint8_t>(indexSegment);
  set.limit = segment(indexSegment).size;
  const uint64_t below = moves(set.destination, listBytes, 4, room, site);
  const uint64_t start =
      below + random.below(static_cast<uint32_t>(room) + 1) / 4 * 4;
  const Operand indices = dramRegister(set, start, site);

  const Operand scratch =
      tile(isa::Space::scratchpad, rows.size, ceilDiv(width, rowBytes),
           kMaxTileOffset, false, 1, site);
  inst.indices = indices.reg;
  inst.indices_offset = static_cast<int32_t>(indices.offset);
  inst.dram = table.reg;
  inst.dram_offset = static_cast<int32_t>(table.offset);
  inst.tile = scratch.reg;
  inst.tile_offset = static_cast<uint32_t>(scratch.offset);
  inst.tile_first = static_cast<uint16_t>(first);
  inst.rows = rows.extent;
  inst.elements = elements.extent;
  inst.element_log2_bytes = static_cast<uint8_t>(log2);
  inst.bound = bound;
}

//===----------------------------------------------------------------------===//
// Systolic array
//===----------------------------------------------------------------------===//

void Generator::fill(isa::Matmul &inst, const Site &site) {
  inst.operand_type = draw<isa::MatmulType>("matmul_type");
  inst.side = draw<isa::WeightSide>("weight_side");
  const bool int8 = inst.operand_type == isa::MatmulType::int8,
             columnSide = inst.side == isa::WeightSide::columns;
  const uint32_t lanes = geometry.lanes(), perRow = int8 ? 2 * lanes : lanes,
                 elementBytes = int8 ? 1 : 2;
  uint32_t depthLimit = random.chance(0.3) ? 3 * perRow : perRow,
           columnLimit = random.chance(0.3) ? 3 * lanes : lanes;
  if (random.chance(0.2)) {
    inst.activations_first =
        static_cast<uint16_t>(2 * (1 + random.below(lanes - 1)));
    depthLimit = std::min(depthLimit,
                          (2 * lanes - inst.activations_first) / elementBytes);
  }
  if (random.chance(0.2)) {
    inst.weights_first =
        static_cast<uint16_t>(2 * (1 + random.below(lanes - 1)));
    uint32_t &limit = columnSide ? depthLimit : columnLimit;
    limit = std::min(limit, (2 * lanes - inst.weights_first) /
                                (columnSide ? elementBytes : 2));
  }
  const Dimension m = dimension(random.chance(0.3) ? 40 : 12, site),
                  k = dimension(depthLimit, site),
                  n = dimension(columnLimit, site);
  auto anySite = [&] { return random.chance(0.5) ? site : site.still(); };
  const Operand activations =
      tile(isa::Space::scratchpad, m.size,
           inst.activations_first ? 1 : ceilDiv(k.size, perRow), kMaxTileOffset,
           false, 1, site);
  const uint32_t rows = columnSide ? n.size : int8 ? (k.size + 1) / 2 : k.size;
  const uint32_t blocks = inst.weights_first ? 1
                          : columnSide       ? ceilDiv(k.size, perRow)
                                             : ceilDiv(n.size, lanes);
  const Operand weights =
      tile(isa::Space::scratchpad, rows, blocks, kMaxTileOffset, true,
           geometry.weightRows, anySite());
  const Operand sums =
      tile(isa::Space::accumulator, m.size, ceilDiv(n.size, geometry.columns),
           (1u << 16) - 1, true, 1, anySite());
  inst.activations = activations.reg;
  inst.activations_offset = static_cast<uint32_t>(activations.offset);
  inst.weights = weights.reg;
  inst.weights_offset = static_cast<uint32_t>(weights.offset);
  inst.sums = sums.reg;
  inst.sums_offset = static_cast<uint16_t>(sums.offset);
  inst.rows = m.extent;
  inst.columns = n.extent;
  inst.depth = k.extent;
  inst.accumulate = draw<isa::Accumulate>("accumulate");
  if (inst.accumulate == isa::Accumulate::after_first) {
    const uint32_t depth = static_cast<uint32_t>(site.nest.loops.size());
    if (depth == 0)
      inst.accumulate = isa::Accumulate::always;
    else
      inst.accumulate_loop = static_cast<uint8_t>(random.below(depth));
  }
}

//===----------------------------------------------------------------------===//
// Vector unit
//===----------------------------------------------------------------------===//

isa::VectorType Generator::drawType(bool alongRows) {
  if (alongRows && random.chance(0.5))
    return isa::VectorType::statistics;
  for (;;) {
    const auto type = draw<isa::VectorType>("vector_type");
    if (type != isa::VectorType::none && type != isa::VectorType::statistics)
      return type;
  }
}

void Generator::drawStages(isa::Vector &inst) {
  inst.multiply0 = draw<isa::Multiply0>("multiply0");
  inst.add0 = draw<isa::Add0>("add0");
  inst.add1 = draw<isa::Add1>("add1");
  if (random.chance(0.7))
    inst.func = draw<isa::VectorFunction>("vector_function");
  inst.operand = draw<isa::FunctionOperand>("function_operand");
  inst.multiply1 = draw<isa::Multiply1>("multiply1");
  inst.add2 = draw<isa::Add2>("add2");
  inst.multiply0_scalar =
      static_cast<uint8_t>(random.below(isa::kScalarRegisters));
  inst.add0_scalar = static_cast<uint8_t>(random.below(isa::kScalarRegisters));
  // What an instruction writes it may not read as a row scalar, so each picks
  // one half of the statistics.
  const uint32_t written = 2 * random.below(2), read = 2 - written;
  auto below = [&](uint32_t base, uint32_t count) {
    return static_cast<uint8_t>(base + random.below(count));
  };
  // For operands of the type statistics; a tile draws its own.
  inst.source_offset = below(0, 4);
  inst.element_offset = below(0, 4);
  inst.destination_offset = below(written, 2);
  inst.multiply0_statistic = below(read, 2);
  inst.add1_statistic = below(read, 2);
  inst.multiply1_statistic = below(read, 2);
  inst.reduce_statistic = inst.reduce == isa::Reduce::sum_and_squares
                              ? static_cast<uint8_t>(written)
                              : below(written, 2);
}

void Generator::fill(isa::Vector &inst, const Site &site) {
  using Type = isa::VectorType;
  const uint32_t lanes = geometry.lanes(), v = geometry.vectorLanes;
  const bool alongRows = random.chance(0.2);
  inst.source_type = drawType(alongRows);
  inst.destination_type = random.chance(0.1) ? Type::none : drawType(alongRows);
  const bool mayReduce = inst.source_type != Type::statistics &&
                         inst.destination_type != Type::statistics;
  if (mayReduce && !alongRows)
    inst.reduce = draw<isa::Reduce>("reduce");
  inst.reduce_accumulate =
      inst.reduce != isa::Reduce::none && random.chance(0.4);
  drawStages(inst);
  const isa::VectorStages stages = isa::stagesOf(inst);
  if (stages.usesElement())
    inst.element_type = drawType(alongRows);
  const bool statistics = inst.source_type == Type::statistics ||
                          inst.element_type == Type::statistics ||
                          inst.destination_type == Type::statistics;
  const std::array<bool, 3> read = stages.usesStatistics();
  const bool rowStatistics =
      read[0] || read[1] || read[2] || inst.reduce != isa::Reduce::none;
  inst.statistics_base =
      static_cast<uint8_t>(random.below((statisticsBlocks + 1) / 2));
  const uint32_t entries = (statisticsBlocks - inst.statistics_base) * v;
  Dimension m = fixed(1);
  if (alongRows)
    m = fixed(random.chance(0.06) ? 0 : 1);
  else if (inst.reduce == isa::Reduce::none || !random.chance(0.25))
    m = dimension(rowStatistics ? std::min(40u, entries) : 40, site);
  uint32_t limit = random.chance(0.4) ? 3 * lanes : lanes;
  if (statistics)
    limit = std::min(limit, entries);
  const Dimension n = dimension(limit, site);

  const bool windowed = n.size > 0 && random.chance(0.3);
  auto operand = [&](Type type, uint8_t &reg, uint16_t &offset,
                     uint8_t &first) {
    if (type == Type::none || type == Type::statistics)
      return;
    const bool sums = type == Type::fp32 || type == Type::int32;
    const uint32_t perRow = sums                 ? geometry.columns
                            : type == Type::int8 ? 2 * lanes
                                                 : lanes;
    uint32_t window = 0;
    if (windowed && !sums && n.size < perRow) {
      window = std::min(255u, 1 + random.below(perRow - n.size));
      if (n.size > v)
        window = window / v * v;
    }
    const Operand drawn = tile(
        sums ? isa::Space::accumulator : isa::Space::scratchpad, m.size,
        window ? 1 : ceilDiv(n.size, perRow), (1u << 14) - 1, false, 1, site);
    reg = drawn.reg;
    offset = static_cast<uint16_t>(drawn.offset);
    first = static_cast<uint8_t>(window);
  };
  operand(inst.source_type, inst.source, inst.source_offset, inst.source_first);
  operand(inst.element_type, inst.element, inst.element_offset,
          inst.element_first);
  auto bytesOf = [](Type type) {
    return type == Type::int8 ? 1 : type == Type::bf16 ? 2 : 4;
  };
  const bool twoTiles = inst.destination_type != Type::none && !statistics;
  if (twoTiles && bytesOf(inst.source_type) == bytesOf(inst.destination_type) &&
      random.chance(0.4)) { // in place
    inst.destination = inst.source;
    inst.destination_offset = inst.source_offset;
    inst.destination_first = inst.source_first;
  } else {
    operand(inst.destination_type, inst.destination, inst.destination_offset,
            inst.destination_first);
  }
  auto column = [&](bool used, uint8_t &reg, uint16_t &offset) {
    if (!used)
      return;
    const Operand drawn =
        tile(isa::Space::scratchpad, 1, ceilDiv(n.size, lanes), (1u << 13) - 1,
             false, 1, random.chance(0.7) ? site.still() : site);
    reg = drawn.reg;
    offset = static_cast<uint16_t>(drawn.offset);
  };
  const std::array<bool, 3> columns = stages.usesColumns();
  column(columns[0], inst.column0, inst.column0_offset);
  column(columns[1], inst.column1, inst.column1_offset);
  column(columns[2], inst.column2, inst.column2_offset);
  inst.rows = m.extent;
  inst.columns = n.extent;
}

//===----------------------------------------------------------------------===//
// Any unit
//===----------------------------------------------------------------------===//

void Generator::fill(isa::Null &inst, const Site &site) {
  inst.unit = draw<isa::UnitName>("unit");
}

void Generator::fullQueue(const Site &site) {
  // More instructions for one unit than its queue holds, behind one that waits
  // for all that another unit was given.
  const auto unit = draw<isa::UnitName>("unit");
  const uint32_t trips = 1 + random.below(2 * geometry.queueDepth);
  isa::Null head;
  head.unit = unit;
  for (uint8_t *field : head.waits())
    if (random.chance(0.5))
      *field = 1;
  add(site.body, head);
  isa::Null inst;
  inst.unit = unit;
  ProgramNode node;
  isa::Loop loop;
  loop.count = trips;
  node.instruction = loop;
  add(node.body, inst);
  if (site.nest.loops.size() < isa::kLoopDepth)
    site.body.push_back(std::move(node));
}

template <typename Inst> void Generator::instruction(const Site &site) {
  Inst inst;
  fill(inst, site);
  randomWaits(inst);
  add(site.body, inst);
}

void Generator::unitInstruction(const Site &site) {
  using Draw = void (Generator::*)(const Site &);
  struct Choice {
    unsigned weight;
    Draw draw;
  };
  static constexpr Choice choices[] = {
      {30, &Generator::instruction<isa::Load>},
      {20, &Generator::instruction<isa::Store>},
      {15, &Generator::instruction<isa::Gather>},
      {40, &Generator::instruction<isa::Matmul>},
      {50, &Generator::instruction<isa::Vector>},
      {8, &Generator::instruction<isa::Null>},
      {2, &Generator::fullQueue}};
  unsigned total = 0;
  for (const Choice &choice : choices)
    total += choice.weight;
  unsigned at = random.below(total);
  for (const Choice &choice : choices) {
    if (at < choice.weight)
      return (this->*choice.draw)(site);
    at -= choice.weight;
  }
}

} // namespace tilework::sim
