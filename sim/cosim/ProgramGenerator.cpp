// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Draws operands that fit their regions, instructions over them, and loops that
// move them; legality is then established by walking (TestProgram.h), so what
// is drawn here may be wrong now and then.

#include "sim/cosim/ProgramGenerator.h"

#include "sim/cosim/Random.h"

#include <algorithm>
#include <cstring>

namespace tilework::sim {

namespace {

using Nodes = std::vector<ProgramNode>;

constexpr unsigned kDataSegment = 3, kResultSegment = 17, kIndexSegment = 63;

class Generator {
public:
  Generator(const Geometry &geometry, uint64_t seed,
            const GeneratorOptions &options)
      : geometry(geometry), options(options), random(seed) {
    program.seed = seed;
  }

  TestProgram run();

private:
  struct Region {
    uint32_t begin = 0, size = 0; ///< rows
  };
  /// A tile operand as the instruction and the loop see it.
  struct Operand {
    uint8_t reg = 0;
    uint32_t offset = 0, first = 0;
  };
  /// What a loop does to the operands of its body: `trips` iterations, each
  /// moving a tile by its own span.
  struct LoopPlan {
    uint32_t trips = 1;
    bool active = false;
    unsigned depth = 0;
    isa::Loop instruction;
    unsigned updates = 0;
    bool extentUsed = false;
    uint8_t extentRegister = 0;
  };

  void drawMemory();
  void drawRegions();
  void prologue(Nodes &out);
  void group(Nodes &out);
  void epilogue(Nodes &out);
  void trapEnding(Nodes &out);

  void unitInstruction(Nodes &sets, Nodes &body, LoopPlan &plan);
  void load(Nodes &sets, Nodes &body, LoopPlan &plan);
  void store(Nodes &sets, Nodes &body, LoopPlan &plan);
  void gather(Nodes &sets, Nodes &body, LoopPlan &plan);
  void matmul(Nodes &sets, Nodes &body, LoopPlan &plan);
  void vector(Nodes &sets, Nodes &body, LoopPlan &plan);
  template <typename Inst>
  void tileCopy(Inst &inst, unsigned segment, Nodes &sets, LoopPlan &plan);

  /// Sets a register to a tile of rows × blocks in `space` and returns it;
  /// `align`: multiple of rows for start and block stride; the loop, if any,
  /// moves it by `rows` rows an iteration.
  Operand tile(isa::Space space, uint32_t rows, uint32_t blocks,
               uint32_t maxOffset, bool unitStride, uint32_t align, Nodes &sets,
               LoopPlan &plan);
  /// A register into a DRAM segment for outer × rows × rowBytes; the loop moves
  /// it on.
  Operand dram(unsigned segment, uint32_t outer, uint32_t rows,
               uint32_t rowBytes, Nodes &sets, LoopPlan &plan);
  void moveBy(uint8_t reg, int64_t step, LoopPlan &plan);
  isa::Extent rowsExtent(uint32_t rows, LoopPlan &plan);
  uint32_t small(uint32_t limit) {
    return random.chance(0.06) ? 0 : 1 + random.below(limit);
  }
  uint8_t freshRegister() {
    return nextRegister = (nextRegister + 1) % isa::kAddressRegisters;
  }
  template <typename Inst> void randomWaits(Inst &inst);
  template <typename Inst> void add(Nodes &nodes, const Inst &inst) {
    ProgramNode node;
    node.instruction = inst;
    nodes.push_back(std::move(node));
  }

  const Geometry geometry;
  const GeneratorOptions options;
  Random random;
  TestProgram program;
  std::vector<Region> scratchpad, accumulator;
  uint8_t nextRegister = 0, nextExtent = 0;
  uint32_t statisticsBlocks = 1;
};

//===----------------------------------------------------------------------===//
// Memory and regions
//===----------------------------------------------------------------------===//

void Generator::drawMemory() {
  const uint64_t dataBytes = 16384 + random.below(4096), resultBytes = 16384,
                 indexBytes = 1024;
  // Values that sums keep apart, and now and then what makes floating point
  // hard.
  std::vector<uint8_t> data(dataBytes);
  const bool special = random.chance(0.3);
  for (uint64_t i = 0; i + 1 < dataBytes; i += 2) {
    uint16_t bits = static_cast<uint16_t>((random.below(2) << 15) |
                                          ((120 + random.below(12)) << 7) |
                                          random.below(128));
    if (special && random.chance(0.02))
      bits = static_cast<uint16_t>(random.next());
    std::memcpy(&data[i], &bits, 2);
  }
  std::vector<uint8_t> indices(indexBytes);
  for (uint64_t i = 0; i < indexBytes; i += 4) {
    const int32_t index = random.chance(0.03) ? int32_t(random.next())
                                              : int32_t(random.below(34));
    std::memcpy(&indices[i], &index, 4);
  }
  uint64_t at = 65536;
  auto bind = [&](unsigned segment, uint64_t size, std::vector<uint8_t> bytes,
                  uint32_t alignment) {
    at = (at + 4095) / 4096 * 4096 + random.below(256) * alignment;
    program.segments.push_back({segment, at, size, std::move(bytes)});
    at += size;
  };
  bind(kDataSegment, dataBytes, std::move(data), random.chance(0.5) ? 64 : 1);
  bind(kResultSegment, resultBytes, {}, random.chance(0.5) ? 64 : 2);
  bind(kIndexSegment, indexBytes, std::move(indices), 4);
  program.programBase = 4096 * random.below(3) + 128 * random.below(4);
  program.dramBytes = (at + 65536) / 4096 * 4096;
  for (uint32_t &parameter : program.parameters)
    parameter = random.below(5);
}

void Generator::drawRegions() {
  auto draw = [&](uint32_t total, uint32_t perBank, unsigned count,
                  uint32_t size) {
    std::vector<Region> regions;
    for (unsigned i = 0; i < count; ++i) {
      const uint32_t rows = std::min(size, total);
      uint32_t begin = random.below(total - rows + 1);
      if (random.chance(0.5)) { // around a bank's border
        const uint32_t border =
            perBank * random.below(std::max<uint32_t>(total / perBank, 1));
        begin =
            std::min(total - rows, border > rows / 2 ? border - rows / 2 : 0);
      }
      regions.push_back({begin / 8 * 8, rows});
    }
    return regions;
  };
  scratchpad =
      draw(geometry.scratchpadRows(), geometry.scratchpadRowsPerBank, 5, 160);
  accumulator =
      draw(geometry.accumulatorRows(), geometry.accumulatorRowsPerBank, 3, 96);
  statisticsBlocks =
      std::max<uint32_t>(1, std::min<uint32_t>(64, geometry.statisticsRows) /
                                geometry.vectorLanes);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

void Generator::moveBy(uint8_t reg, int64_t step, LoopPlan &plan) {
  if (!plan.active || plan.updates >= 6 || step == 0)
    return;
  isa::Update *const updates[] = {
      &plan.instruction.update0, &plan.instruction.update1,
      &plan.instruction.update2, &plan.instruction.update3,
      &plan.instruction.update4, &plan.instruction.update5};
  *updates[plan.updates++] = {reg, static_cast<int32_t>(step)};
}

isa::Extent Generator::rowsExtent(uint32_t rows, LoopPlan &plan) {
  if (plan.active && plan.extentUsed && random.chance(0.6))
    return isa::Extent::reg(plan.extentRegister);
  return isa::Extent::number(static_cast<uint16_t>(rows));
}

Generator::Operand Generator::tile(isa::Space space, uint32_t rows,
                                   uint32_t blocks, uint32_t maxOffset,
                                   bool unitStride, uint32_t align, Nodes &sets,
                                   LoopPlan &plan) {
  const std::vector<Region> &regions =
      space == isa::Space::scratchpad ? scratchpad : accumulator;
  const Region region =
      regions[random.below(static_cast<uint32_t>(regions.size()))];
  rows = std::max(rows, 1u);
  blocks = std::max(blocks, 1u);
  uint32_t stride = 1, blockStride = rows;
  if (!unitStride && random.chance(0.25)) {
    stride = blocks; // blocks of a row side by side
    blockStride = 1;
  } else if (!unitStride && random.chance(0.2)) {
    stride = 2;
    blockStride = 2 * rows;
  }
  blockStride = (blockStride + align - 1) / align * align;
  const uint32_t span = (blocks - 1) * blockStride + (rows - 1) * stride + 1;
  const uint32_t spanAligned = (span + align - 1) / align * align;
  const bool ring = plan.active && random.chance(0.4);
  const uint32_t slots = ring ? 1 + random.below(3) : 1;
  const uint32_t need =
      ring ? slots * spanAligned
           : spanAligned + (plan.trips - 1) *
                               ((rows * stride + align - 1) / align * align);
  const uint32_t slack = region.size > need ? region.size - need : 0;
  uint32_t start = region.begin + random.below(slack + 1);
  start = start / align * align;

  Operand operand;
  operand.reg = freshRegister();
  isa::SetAddress set;
  set.destination = operand.reg;
  set.space = space;
  set.stride = static_cast<int32_t>(stride);
  set.block_stride = static_cast<int32_t>(blockStride);
  set.limit = region.begin + region.size;
  if (ring) {
    set.wrap = slots * spanAligned;
    set.limit = std::min<uint64_t>(start + set.wrap, set.limit);
    set.value = start;
    moveBy(operand.reg, spanAligned, plan);
  } else {
    operand.offset =
        random.chance(0.5)
            ? std::min(maxOffset, random.below(start + 1)) / align * align
            : 0;
    set.value = start - operand.offset;
    if (random.chance(0.8))
      moveBy(operand.reg, (rows * stride + align - 1) / align * align, plan);
  }
  add(sets, set);
  if (random.chance(0.1)) { // the same by way of a copy, with a detour
    const uint8_t copy = freshRegister();
    isa::CopyAddress go;
    go.destination = copy;
    go.source = operand.reg;
    if (ring)
      return operand;
    go.offset = random.below(3);
    add(sets, go);
    isa::CopyAddress back;
    back.destination = operand.reg;
    back.source = copy;
    back.offset = -static_cast<int64_t>(go.offset);
    add(sets, back);
  }
  return operand;
}

Generator::Operand Generator::dram(unsigned segment, uint32_t outer,
                                   uint32_t rows, uint32_t rowBytes,
                                   Nodes &sets, LoopPlan &plan) {
  const auto found =
      std::find_if(program.segments.begin(), program.segments.end(),
                   [&](const TestSegment &s) { return s.segment == segment; });
  const uint64_t size = found->size;
  uint32_t stride = std::max(rowBytes, 1u);
  if (random.chance(0.4))
    stride += random.below(80);
  if (segment == kDataSegment && random.chance(0.1))
    stride = random.below(stride + 1);
  uint32_t outerStride = stride * std::max(rows, 1u);
  if (random.chance(0.3))
    outerStride += random.below(200);
  const uint64_t step = uint64_t(stride) * std::max(rows, 1u);
  const uint64_t need = uint64_t(std::max(outer, 1u)) * outerStride +
                        (plan.trips - 1) * step + rowBytes;
  const uint64_t start =
      size > need ? random.below(static_cast<uint32_t>(size - need)) : 0;
  Operand operand;
  operand.reg = freshRegister();
  isa::SetAddress set;
  set.destination = operand.reg;
  set.space = isa::Space::dram;
  set.segment = segment;
  set.stride = static_cast<int32_t>(stride);
  set.block_stride = static_cast<int32_t>(outerStride);
  set.limit = size;
  operand.offset =
      random.chance(0.3) ? random.below(static_cast<uint32_t>(start) + 1) : 0;
  set.value = start - operand.offset;
  add(sets, set);
  if (random.chance(0.1)) {
    isa::OffsetAddress move;
    move.destination = operand.reg;
    move.launch_parameter = static_cast<uint8_t>(random.below(16));
    move.multiplier = static_cast<int32_t>(random.below(64));
    add(sets, move);
  }
  moveBy(operand.reg, static_cast<int64_t>(step), plan);
  return operand;
}

template <typename Inst> void Generator::randomWaits(Inst &inst) {
  for (uint8_t *field :
       {&inst.wait_load, &inst.wait_store, &inst.wait_array, &inst.wait_vector})
    if (random.chance(0.06))
      *field =
          static_cast<uint8_t>(1 + random.below(random.chance(0.5) ? 4 : 63));
}

//===----------------------------------------------------------------------===//
// Unit instructions
//===----------------------------------------------------------------------===//

template <typename Inst>
void Generator::tileCopy(Inst &inst, unsigned segment, Nodes &sets,
                         LoopPlan &plan) {
  const uint32_t rowBytes = geometry.rowBytes();
  const uint32_t log2 = random.below(3);
  const uint32_t outer = random.chance(0.7) ? 1 : small(3), rows = small(12);
  uint32_t bytes = random.chance(0.4) ? rowBytes * (1 + random.below(3))
                                      : 1 + random.below(3 * rowBytes);
  if (random.chance(0.04))
    bytes = 0;
  uint32_t first = 0;
  if (random.chance(0.25)) {
    first = 1 + random.below(rowBytes - 1);
    bytes = 1 + random.below(rowBytes - first);
  }
  const uint32_t elements = bytes >> log2;
  bytes = elements << log2;
  const uint32_t blocks = first ? 1 : (bytes + rowBytes - 1) / rowBytes;
  const Operand memory = dram(segment, outer, rows, bytes, sets, plan);
  const Operand scratch =
      tile(isa::Space::scratchpad, rows, blocks * std::max(outer, 1u),
           (1u << 20) - 1, false, 1, sets, plan);
  inst.dram = memory.reg;
  inst.dram_offset = static_cast<int32_t>(memory.offset);
  inst.tile = scratch.reg;
  inst.tile_offset = scratch.offset;
  inst.tile_first = static_cast<uint16_t>(first);
  inst.outer = isa::Extent::number(static_cast<uint16_t>(outer));
  inst.rows = rowsExtent(rows, plan);
  inst.elements = isa::Extent::number(static_cast<uint16_t>(elements));
  inst.element_log2_bytes = static_cast<uint8_t>(log2);
  inst.outer_stride = rows * std::max(blocks, 1u) + random.below(2);
  randomWaits(inst);
}

void Generator::load(Nodes &sets, Nodes &body, LoopPlan &plan) {
  isa::Load inst;
  tileCopy(inst, kDataSegment, sets, plan);
  add(body, inst);
}

void Generator::store(Nodes &sets, Nodes &body, LoopPlan &plan) {
  isa::Store inst;
  tileCopy(inst, kResultSegment, sets, plan);
  add(body, inst);
}

void Generator::gather(Nodes &sets, Nodes &body, LoopPlan &plan) {
  const uint32_t rowBytes = geometry.rowBytes();
  const uint32_t rows = small(10), bytes = 2 * small(rowBytes);
  const uint32_t bound = random.chance(0.05) ? 0 : 32 + random.below(2);
  LoopPlan still;
  Operand table = dram(kDataSegment, 1, bound, bytes, sets, still);
  const Operand indices = [&] {
    Operand operand;
    operand.reg = freshRegister();
    isa::SetAddress set;
    set.destination = operand.reg;
    set.space = isa::Space::dram;
    set.segment = kIndexSegment;
    set.value = 4 * random.below(60);
    set.limit = 1024;
    add(sets, set);
    moveBy(operand.reg, 4 * static_cast<int64_t>(rows), plan);
    return operand;
  }();
  const Operand scratch =
      tile(isa::Space::scratchpad, rows, (bytes + rowBytes - 1) / rowBytes,
           (1u << 20) - 1, false, 1, sets, plan);
  isa::Gather inst;
  inst.indices = indices.reg;
  inst.dram = table.reg;
  inst.dram_offset = static_cast<int32_t>(table.offset);
  inst.tile = scratch.reg;
  inst.tile_offset = scratch.offset;
  inst.rows = rowsExtent(rows, plan);
  inst.elements = isa::Extent::number(static_cast<uint16_t>(bytes / 2));
  inst.element_log2_bytes = 1;
  inst.bound = bound;
  randomWaits(inst);
  add(body, inst);
}

void Generator::matmul(Nodes &sets, Nodes &body, LoopPlan &plan) {
  isa::Matmul inst;
  inst.operand_type =
      random.chance(0.3) ? isa::MatmulType::int8 : isa::MatmulType::bf16;
  inst.side =
      random.chance(0.5) ? isa::WeightSide::rows : isa::WeightSide::columns;
  const bool int8 = inst.operand_type == isa::MatmulType::int8,
             columnSide = inst.side == isa::WeightSide::columns;
  const uint32_t lanes = geometry.lanes(), perRow = int8 ? 2 * lanes : lanes,
                 elementBytes = int8 ? 1 : 2;
  const uint32_t m = small(random.chance(0.3) ? 40 : 12);
  uint32_t k = small(random.chance(0.3) ? 3 * perRow : perRow),
           n = small(random.chance(0.3) ? 3 * lanes : lanes);
  if (random.chance(0.2)) {
    const uint32_t first = 2 * (1 + random.below(lanes - 1));
    inst.activations_first = static_cast<uint16_t>(first);
    k = std::min(k, (2 * lanes - first) / elementBytes);
  }
  if (random.chance(0.2)) {
    const uint32_t first = 2 * (1 + random.below(lanes - 1));
    inst.weights_first = static_cast<uint16_t>(first);
    if (columnSide)
      k = std::min(k, (2 * lanes - first) / elementBytes);
    else
      n = std::min(n, (2 * lanes - first) / 2);
  }
  auto blocksOf = [](uint32_t count, uint32_t size) {
    return (count + size - 1) / size;
  };
  const Operand activations =
      tile(isa::Space::scratchpad, m,
           inst.activations_first ? 1 : blocksOf(k, perRow), (1u << 20) - 1,
           false, 1, sets, plan);
  LoopPlan still;
  LoopPlan &weightPlan = random.chance(0.5) ? plan : still;
  const Operand weights =
      columnSide
          ? tile(isa::Space::scratchpad, n,
                 inst.weights_first ? 1 : blocksOf(k, perRow), (1u << 20) - 1,
                 true, geometry.weightRows, sets, weightPlan)
          : tile(isa::Space::scratchpad, int8 ? (k + 1) / 2 : k,
                 inst.weights_first ? 1 : blocksOf(n, lanes), (1u << 20) - 1,
                 true, geometry.weightRows, sets, weightPlan);
  const Operand sums =
      tile(isa::Space::accumulator, m, blocksOf(n, geometry.columns),
           (1u << 16) - 1, true, 1, sets, random.chance(0.5) ? plan : still);
  inst.activations = activations.reg;
  inst.activations_offset = activations.offset;
  inst.weights = weights.reg;
  inst.weights_offset = weights.offset;
  inst.sums = sums.reg;
  inst.sums_offset = static_cast<uint16_t>(sums.offset);
  inst.rows = rowsExtent(m, plan);
  inst.columns = isa::Extent::number(static_cast<uint16_t>(n));
  inst.depth = isa::Extent::number(static_cast<uint16_t>(k));
  inst.accumulate =
      static_cast<isa::Accumulate>(random.below(plan.active ? 3 : 2));
  if (inst.accumulate == isa::Accumulate::after_first)
    inst.accumulate_loop = static_cast<uint8_t>(plan.depth);
  randomWaits(inst);
  add(body, inst);
}

void Generator::vector(Nodes &sets, Nodes &body, LoopPlan &plan) {
  using Type = isa::VectorType;
  isa::Vector inst;
  const uint32_t lanes = geometry.lanes(), v = geometry.vectorLanes;
  const bool alongRows = random.chance(0.2);
  const uint32_t rowLimit = std::min(24u, statisticsBlocks * v / 2);
  const uint32_t m = alongRows ? small(1) : small(std::max(rowLimit, 1u));
  uint32_t n = small(random.chance(0.4) ? 3 * lanes : lanes);
  auto drawType = [&](bool destination) {
    static const Type kinds[] = {Type::bf16, Type::bf16, Type::int8,
                                 Type::fp32, Type::fp32, Type::int32};
    if (alongRows && random.chance(0.5))
      return Type::statistics;
    if (destination && random.chance(0.1))
      return Type::none;
    return kinds[random.below(6)];
  };
  inst.source_type = drawType(false);
  inst.destination_type = drawType(true);
  inst.multiply0 = static_cast<isa::Multiply0>(random.below(3));
  inst.add0 = static_cast<isa::Add0>(random.below(4));
  inst.add1 = static_cast<isa::Add1>(random.below(4));
  inst.func = random.chance(0.4)
                  ? isa::VectorFunction::identity
                  : static_cast<isa::VectorFunction>(random.below(15));
  inst.multiply1 = static_cast<isa::Multiply1>(random.below(4));
  inst.add2 = static_cast<isa::Add2>(random.below(2));
  const bool usesElement = inst.add0 == isa::Add0::element ||
                           inst.add1 == isa::Add1::element ||
                           inst.multiply1 == isa::Multiply1::element;
  inst.element_type = usesElement ? drawType(false) : Type::none;
  const bool statistics = inst.source_type == Type::statistics ||
                          inst.element_type == Type::statistics ||
                          inst.destination_type == Type::statistics;
  inst.reduce = statistics ? isa::Reduce::none
                           : static_cast<isa::Reduce>(random.below(4));
  inst.reduce_accumulate =
      inst.reduce != isa::Reduce::none && random.chance(0.4);
  inst.multiply0_scalar =
      static_cast<uint8_t>(random.below(isa::kScalarRegisters));
  inst.add0_scalar = static_cast<uint8_t>(random.below(isa::kScalarRegisters));
  // Statistics 0 and 1 are read by stages, 2 and 3 are written, so that shape
  // rules hold more often than not.
  inst.source_statistic = static_cast<uint8_t>(random.below(4));
  inst.element_statistic = static_cast<uint8_t>(random.below(4));
  inst.destination_statistic = static_cast<uint8_t>(2 + random.below(2));
  inst.multiply0_statistic = static_cast<uint8_t>(random.below(2));
  inst.add1_statistic = static_cast<uint8_t>(random.below(2));
  inst.multiply1_statistic = static_cast<uint8_t>(random.below(2));
  inst.reduce_statistic = inst.reduce == isa::Reduce::sum_and_squares
                              ? 2
                              : static_cast<uint8_t>(2 + random.below(2));
  inst.statistics_base =
      static_cast<uint8_t>(random.below((statisticsBlocks + 1) / 2));
  if (statistics)
    n = std::min(n, (statisticsBlocks - inst.statistics_base) * v);

  const bool windowed = n <= lanes && n > 0 && random.chance(0.25);
  auto operand = [&](Type type, uint8_t &reg, auto &offset, uint8_t *first) {
    if (type == Type::none || type == Type::statistics)
      return;
    const bool sums = type == Type::fp32 || type == Type::int32;
    const uint32_t perRow = sums                 ? geometry.columns
                            : type == Type::int8 ? 2 * lanes
                                                 : lanes;
    uint32_t window = 0;
    if (windowed && first && !sums && n < perRow) {
      window = 1 + random.below(perRow - n);
      if (n > v)
        window = window / v * v;
    }
    const Operand drawn =
        tile(sums ? isa::Space::accumulator : isa::Space::scratchpad, m,
             window ? 1 : (n + perRow - 1) / perRow,
             (1u << (first ? 14 : 13)) - 1, false, 1, sets, plan);
    reg = drawn.reg;
    offset = static_cast<std::decay_t<decltype(offset)>>(drawn.offset);
    if (first)
      *first = static_cast<uint8_t>(window);
  };
  operand(inst.source_type, inst.source, inst.source_offset,
          &inst.source_first);
  if (usesElement)
    operand(inst.element_type, inst.element, inst.element_offset,
            &inst.element_first);
  const auto bytesOf = [](Type type) {
    return type == Type::int8 ? 1 : type == Type::bf16 ? 2 : 4;
  };
  if (inst.destination_type != Type::none &&
      inst.destination_type != Type::statistics &&
      inst.source_type != Type::statistics &&
      bytesOf(inst.source_type) == bytesOf(inst.destination_type) &&
      random.chance(0.4)) {
    inst.destination = inst.source;
    inst.destination_offset = inst.source_offset;
    inst.destination_first = inst.source_first;
  } else {
    operand(inst.destination_type, inst.destination, inst.destination_offset,
            &inst.destination_first);
  }
  auto column = [&](bool used, uint8_t &reg, uint16_t &offset) {
    if (!used)
      return;
    LoopPlan still;
    const Operand drawn =
        tile(isa::Space::scratchpad, 1, (n + lanes - 1) / lanes, (1u << 13) - 1,
             false, 1, sets, still);
    reg = drawn.reg;
    offset = static_cast<uint16_t>(drawn.offset);
  };
  column(inst.add0 == isa::Add0::column, inst.column0, inst.column0_offset);
  column(inst.multiply1 == isa::Multiply1::column, inst.column1,
         inst.column1_offset);
  column(inst.add2 == isa::Add2::column, inst.column2, inst.column2_offset);
  inst.rows = alongRows ? isa::Extent::number(static_cast<uint16_t>(m))
                        : rowsExtent(m, plan);
  inst.columns = isa::Extent::number(static_cast<uint16_t>(n));
  randomWaits(inst);
  add(body, inst);
}

void Generator::unitInstruction(Nodes &sets, Nodes &body, LoopPlan &plan) {
  switch (random.below(16)) {
  case 0:
  case 1:
  case 2:
    return load(sets, body, plan);
  case 3:
  case 4:
    return store(sets, body, plan);
  case 5:
    return gather(sets, body, plan);
  case 6:
  case 7:
  case 8:
  case 9:
    return matmul(sets, body, plan);
  case 15: {
    isa::Null inst;
    inst.unit = static_cast<isa::UnitName>(random.below(4));
    randomWaits(inst);
    return add(body, inst);
  }
  default:
    return vector(sets, body, plan);
  }
}

//===----------------------------------------------------------------------===//
// Program structure
//===----------------------------------------------------------------------===//

void Generator::prologue(Nodes &out) {
  for (unsigned i = 0; i < isa::kScalarRegisters; ++i) {
    isa::SetScalar set;
    set.destination = static_cast<uint8_t>(i);
    set.value = (static_cast<float>(random.below(4001)) - 2000.0f) / 1024.0f;
    add(out, set);
  }
  const uint32_t rowBytes = geometry.rowBytes();
  auto setTile = [&](isa::Space space, const Region &region) {
    isa::SetAddress set;
    set.destination = freshRegister();
    set.space = space;
    set.value = region.begin;
    set.stride = 1;
    set.block_stride = static_cast<int32_t>(region.size);
    set.limit = region.begin + region.size;
    add(out, set);
    return set.destination;
  };
  for (const Region &region : scratchpad) {
    isa::SetAddress set;
    set.destination = freshRegister();
    set.space = isa::Space::dram;
    set.segment = kDataSegment;
    set.limit = program.segments[0].size;
    set.value = random.below(256);
    set.stride = static_cast<int32_t>(std::min<uint32_t>(rowBytes, 64));
    add(out, set);
    isa::Load load;
    load.dram = set.destination;
    load.tile = setTile(isa::Space::scratchpad, region);
    load.outer = isa::Extent::number(1);
    load.rows = isa::Extent::number(static_cast<uint16_t>(region.size));
    load.elements = isa::Extent::number(static_cast<uint16_t>(rowBytes));
    add(out, load);
  }
  auto convert = [&](isa::VectorType type, const Region &from, const Region *to,
                     uint32_t rows, uint32_t columns, unsigned statistic) {
    isa::Vector inst;
    inst.source_type = isa::VectorType::bf16;
    inst.source = setTile(isa::Space::scratchpad, from);
    inst.destination_type = type;
    if (to)
      inst.destination = setTile(isa::Space::accumulator, *to);
    inst.destination_statistic = static_cast<uint8_t>(statistic);
    inst.rows = isa::Extent::number(static_cast<uint16_t>(rows));
    inst.columns = isa::Extent::number(static_cast<uint16_t>(columns));
    add(out, inst);
  };
  for (const Region &region : accumulator)
    convert(isa::VectorType::fp32,
            scratchpad[random.below(static_cast<uint32_t>(scratchpad.size()))],
            &region, region.size, geometry.columns, 0);
  for (unsigned statistic = 0; statistic < isa::kStatistics; ++statistic) {
    Region source = scratchpad[statistic % scratchpad.size()];
    convert(isa::VectorType::statistics, source, nullptr, 1,
            std::min(statisticsBlocks * geometry.vectorLanes, geometry.lanes()),
            statistic);
  }
}

void Generator::group(Nodes &out) {
  Nodes sets, body;
  LoopPlan plan;
  const unsigned count = 1 + random.below(5);
  if (random.chance(0.5)) {
    plan.active = true;
    plan.trips = random.below(5);
    isa::Loop &loop = plan.instruction;
    const uint32_t how = random.below(4);
    if (how == 0) {
      loop.trip_source = isa::TripSource::parameter;
      loop.index = static_cast<uint8_t>(random.below(16));
      plan.trips = program.parameters[loop.index];
    } else if (how == 1) {
      loop.trip_source = isa::TripSource::extent;
      plan.extentUsed = true;
    } else {
      loop.count = plan.trips;
      plan.extentUsed = random.chance(0.3);
    }
    if (plan.extentUsed) {
      isa::SetExtent extent;
      extent.destination = plan.extentRegister = nextExtent =
          (nextExtent + 1) % isa::kExtentRegisters;
      extent.tile = 1 + random.below(12);
      extent.total = plan.trips == 0 ? 0
                                     : (plan.trips - 1) * extent.tile + 1 +
                                           random.below(extent.tile);
      if (random.chance(0.15)) {
        extent.total_source = isa::TotalSource::parameter;
        extent.total = 0;
        extent.launch_parameter = static_cast<uint8_t>(random.below(16));
      }
      add(sets, extent);
      loop.extent0 = {true, plan.extentRegister};
      if (loop.trip_source == isa::TripSource::extent)
        loop.index = plan.extentRegister;
    }
  }
  const bool nested = plan.active && random.chance(0.3);
  plan.depth = nested ? 1 : 0;
  LoopPlan shape = plan;
  shape.trips = std::max(shape.trips, 1u);
  for (unsigned i = 0; i < count; ++i)
    unitInstruction(sets, body, shape);
  for (ProgramNode &set : sets)
    out.push_back(std::move(set));
  if (plan.active) {
    ProgramNode loop;
    loop.instruction = shape.instruction;
    loop.body = std::move(body);
    body.clear();
    if (nested) {
      ProgramNode outer;
      isa::Loop twice;
      twice.count = 1 + random.below(2);
      outer.instruction = twice;
      outer.body.push_back(std::move(loop));
      body.push_back(std::move(outer));
    } else {
      body.push_back(std::move(loop));
    }
  }
  // In the main program, or as a routine that is called once or twice.
  if (random.chance(0.2) && program.routines.size() < 4) {
    program.routines.push_back(std::move(body));
    for (unsigned i = 0, calls = 1 + random.below(2); i < calls; ++i) {
      ProgramNode call;
      isa::Call inst;
      inst.context_id = static_cast<uint16_t>(random.below(65536));
      call.instruction = inst;
      call.routine = static_cast<int>(program.routines.size()) - 1;
      out.push_back(std::move(call));
    }
    return;
  }
  for (ProgramNode &node : body)
    out.push_back(std::move(node));
}

void Generator::epilogue(Nodes &out) {
  // Sums leave in three parts of eight bits of mantissa, so that no bit of an
  // fp32 stays unseen.
  auto setTile = [&](isa::Space space, uint32_t begin, uint32_t size) {
    isa::SetAddress set;
    set.destination = freshRegister();
    set.space = space;
    set.value = begin;
    set.stride = 1;
    set.block_stride = static_cast<int32_t>(size);
    set.limit = begin + size;
    add(out, set);
    return set.destination;
  };
  uint64_t at = 0;
  auto storeRows = [&](const Region &region) {
    const uint64_t bytes = uint64_t(region.size) * geometry.rowBytes();
    if (at + bytes > program.segments[1].size)
      return;
    isa::SetAddress set;
    set.destination = freshRegister();
    set.space = isa::Space::dram;
    set.segment = kResultSegment;
    set.value = at;
    set.stride = static_cast<int32_t>(geometry.rowBytes());
    set.limit = program.segments[1].size;
    add(out, set);
    isa::Store store;
    store.dram = set.destination;
    store.tile = setTile(isa::Space::scratchpad, region.begin, region.size);
    store.outer = isa::Extent::number(1);
    store.rows = isa::Extent::number(static_cast<uint16_t>(region.size));
    store.elements =
        isa::Extent::number(static_cast<uint16_t>(geometry.rowBytes()));
    add(out, store);
    at += bytes;
  };
  for (const Region &region : scratchpad)
    storeRows(region);
  const Region &stage = scratchpad[0];
  for (const Region &region : accumulator) {
    const uint32_t rows = std::min(region.size, stage.size);
    for (unsigned part = 0; part < 3; ++part) {
      isa::Vector high;
      high.source_type = isa::VectorType::fp32;
      high.source = setTile(isa::Space::accumulator, region.begin, region.size);
      high.destination_type = isa::VectorType::bf16;
      high.destination =
          setTile(isa::Space::scratchpad, stage.begin, stage.size);
      high.rows = isa::Extent::number(static_cast<uint16_t>(rows));
      high.columns =
          isa::Extent::number(static_cast<uint16_t>(geometry.columns));
      add(out, high);
      storeRows({stage.begin, rows});
      isa::SetScalar minus;
      minus.destination = 0;
      minus.value = -1.0f;
      add(out, minus);
      isa::Vector rest; // sum − high part
      rest.source_type = isa::VectorType::bf16;
      rest.source = high.destination;
      rest.multiply0 = isa::Multiply0::scalar;
      rest.add0 = isa::Add0::element;
      rest.element_type = isa::VectorType::fp32;
      rest.element = high.source;
      rest.destination_type = isa::VectorType::fp32;
      rest.destination = high.source;
      rest.rows = high.rows;
      rest.columns = high.columns;
      add(out, rest);
    }
  }
}

void Generator::trapEnding(Nodes &out) {
  ProgramNode node;
  node.traps = true;
  switch (random.below(9)) {
  case 0: // an encoding that nothing has
    node.raw = true;
    for (uint8_t &byte : node.word)
      byte = static_cast<uint8_t>(random.next());
    node.word[0] |= 0x3f;
    break;
  case 1: // bits that must be zero
    node.raw = true;
    node.word = isa::encode(isa::Return{});
    node.word[31] = 0x80;
    break;
  case 2:
    node.instruction = isa::Return{};
    break;
  case 3: {
    isa::Loop loop;
    loop.count = 3;
    node.instruction = loop;
    break;
  }
  case 4: { // a routine that calls itself
    isa::Call call;
    node.instruction = call;
    node.routine = static_cast<int>(program.routines.size());
    program.routines.push_back({node});
    break;
  }
  case 5: {
    isa::SetAddress set;
    set.space = isa::Space::scratchpad;
    set.limit = geometry.scratchpadRows() + 1 + random.below(100);
    node.instruction = set;
    break;
  }
  case 6: { // a footprint past its region
    isa::SetAddress set;
    set.destination = 9;
    set.space = isa::Space::scratchpad;
    set.stride = 1;
    set.value = geometry.scratchpadRows() - 1;
    set.limit = geometry.scratchpadRows();
    add(out, set);
    isa::SetAddress memory;
    memory.destination = 10;
    memory.segment = kDataSegment;
    memory.limit = 64;
    add(out, memory);
    isa::Load load;
    load.dram = 10;
    load.tile = 9;
    load.outer = isa::Extent::number(1);
    load.rows = isa::Extent::number(2);
    load.elements = isa::Extent::number(2);
    node.instruction = load;
    break;
  }
  case 7: { // an operand in the wrong memory
    isa::SetAddress set;
    set.destination = 9;
    set.space = isa::Space::scratchpad;
    set.limit = 8;
    add(out, set);
    isa::Matmul matmul;
    matmul.activations = matmul.weights = matmul.sums = 9;
    node.instruction = matmul;
    break;
  }
  default: // past the end: neither halt nor return follows the main program
    program.routines.clear();
    return;
  }
  out.push_back(std::move(node));
}

TestProgram Generator::run() {
  drawMemory();
  drawRegions();
  prologue(program.main);
  for (unsigned i = 0; i < options.groups; ++i)
    group(program.main);
  if (random.chance(options.trapProbability)) {
    const bool routines = !program.routines.empty();
    trapEnding(program.main);
    if (routines && program.routines.empty()) // calls would have nowhere to go
      program.main.erase(std::remove_if(program.main.begin(),
                                        program.main.end(),
                                        [](const ProgramNode &node) {
                                          return node.routine >= 0;
                                        }),
                         program.main.end());
  } else {
    epilogue(program.main);
    add(program.main, isa::Halt{});
  }
  return std::move(program);
}

} // namespace

TestProgram generateProgram(const Geometry &geometry, uint64_t seed,
                            const GeneratorOptions &options) {
  for (uint64_t attempt = 0;; ++attempt) {
    TestProgram program =
        Generator(geometry, seed + (attempt << 48), options).run();
    program.seed = seed;
    if (legalise(program, geometry, options.operationLimit))
      return program;
  }
}

} // namespace tilework::sim
