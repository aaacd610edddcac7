// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules to instructions. Operands are resolved to *streams*: a register's
// content, how it moves in each hardware loop, and the offset that the
// instruction adds. Outside hardware loops a stream is a cached register;
// inside, all streams of the outermost loop are set before it and held.

#include "compiler/conversion/Lowering.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <map>

namespace tilework {

using namespace planning;

//===----------------------------------------------------------------------===//
// Register files as caches
//===----------------------------------------------------------------------===//

template <typename Entry> static int leastRecent(std::vector<Entry> &entries) {
  int best = -1;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].pinned)
      continue;
    if (!entries[i].valid)
      return static_cast<int>(i);
    if (best < 0 || entries[i].used < entries[best].used)
      best = static_cast<int>(i);
  }
  return best;
}

int Lowering::addressRegister(const AddressKey &key, bool exclusive, bool pin,
                              LoweredProgram &into) {
  ++clock;
  std::vector<AddressEntry> &addresses = registers.addresses;
  if (!exclusive)
    for (size_t i = 0; i < addresses.size(); ++i)
      if (addresses[i].valid && addresses[i].key == key &&
          !(addresses[i].pinned && pin)) {
        addresses[i].used = clock;
        addresses[i].pinned |= pin;
        return static_cast<int>(i);
      }
  int index = leastRecent(addresses);
  if (index < 0)
    return -1;
  setAddress(index, key, into);
  addresses[index].pinned = pin;
  return index;
}

void Lowering::setAddress(int index, const AddressKey &key,
                          LoweredProgram &into) {
  AddressEntry &entry = registers.addresses[index];
  entry = {key, true, false, clock};
  if (key.base >= 0) {
    isa::CopyAddress copy;
    copy.destination = static_cast<uint8_t>(index);
    copy.source = static_cast<uint8_t>(key.base);
    copy.offset = key.value;
    into.instructions.push_back({copy, group, source, primary});
    return;
  }
  isa::SetAddress set;
  set.destination = static_cast<uint8_t>(index);
  set.space = key.space;
  set.segment = static_cast<uint8_t>(key.segment);
  set.value = static_cast<uint64_t>(key.value);
  set.stride = static_cast<int32_t>(key.stride);
  set.block_stride = static_cast<int32_t>(key.blockStride);
  set.wrap = static_cast<uint32_t>(key.wrap);
  set.limit = static_cast<uint64_t>(key.limit);
  into.instructions.push_back({set, group, source, primary});
}

int Lowering::extentRegister(int64_t tile, int64_t total, bool exclusive,
                             bool pin, LoweredProgram &into) {
  ++clock;
  std::vector<ExtentEntry> &extents = registers.extents;
  if (!exclusive)
    for (size_t i = 0; i < extents.size(); ++i)
      if (extents[i].valid && extents[i].tile == tile &&
          extents[i].total == total && !extents[i].pinned) {
        extents[i].used = clock;
        extents[i].pinned |= pin;
        return static_cast<int>(i);
      }
  int index = leastRecent(extents);
  if (index < 0)
    return -1;
  ExtentEntry &entry = extents[index];
  entry = {tile, total, true, pin, clock};
  isa::SetExtent set;
  set.destination = static_cast<uint8_t>(index);
  set.tile = static_cast<uint32_t>(tile);
  set.total = static_cast<uint32_t>(total);
  into.instructions.push_back({set, group, source, primary});
  return index;
}

int Lowering::scalarRegister(float value, bool pin, LoweredProgram &into) {
  ++clock;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  std::vector<ScalarEntry> &scalars = registers.scalars;
  for (size_t i = 0; i < scalars.size(); ++i)
    if (scalars[i].valid && scalars[i].bits == bits) {
      scalars[i].used = clock;
      scalars[i].pinned |= pin;
      return static_cast<int>(i);
    }
  int index = leastRecent(scalars);
  if (index < 0)
    return -1;
  scalars[index] = {bits, true, pin, clock};
  isa::SetScalar set;
  set.destination = static_cast<uint8_t>(index);
  set.value = value;
  into.instructions.push_back({set, group, source, primary});
  return index;
}

//===----------------------------------------------------------------------===//
// One schedule
//===----------------------------------------------------------------------===//

/// Lowers one schedule with a chosen set of loop depths as hardware loops.
class ScheduleLowering {
public:
  ScheduleLowering(Lowering &owner, const Schedule &schedule, unsigned rolled)
      : owner(owner), schedule(schedule), rolled(rolled) {
    matchEnds();
    turned.assign(schedule.buffers.size(), 0);
  }

  /// False when registers, updates or extents do not suffice for these hardware
  /// loops; `out` is then useless.
  bool run(LoweredProgram &out);

private:
  /// A register's content at the entry of the outermost hardware loop and its
  /// motion, by hardware loop level.
  struct Stream {
    Lowering::AddressKey key;
    std::array<int64_t, isa::kLoopDepth> motion{};
    int reg = -1;
    bool moves() const {
      return std::any_of(motion.begin(), motion.end(),
                         [](int64_t m) { return m != 0; });
    }
    bool operator==(const Stream &o) const {
      return key == o.key && motion == o.motion;
    }
  };
  struct LoopExtent {
    int64_t tile, total;
    int level; ///< hardware loop that advances it; -1: a number too large for
               ///< the field
    int reg = -1;
    bool operator==(const LoopExtent &o) const {
      return tile == o.tile && total == o.total && level == o.level;
    }
  };
  struct Open {
    int depth;          ///< loop depth in the schedule
    size_t instruction; ///< index of the loop instruction in the output
  };

  void matchEnds();
  bool range(size_t begin, size_t end, LoweredProgram &out);
  bool hardwareLoop(size_t begin, size_t end, LoweredProgram &out);
  bool emit(const Step &step, LoweredProgram &out);
  bool isRolled(int depth) const { return rolled >> depth & 1; }
  int level(int depth) const {
    for (size_t l = 0; l < open.size(); ++l)
      if (open[l].depth == depth)
        return static_cast<int>(l);
    return -1;
  }

  /// Splits an affine expression into what is known now and what hardware loops
  /// add.
  int64_t split(const Affine &affine,
                std::array<int64_t, isa::kLoopDepth> &motion) const;
  bool onChip(const Tile &tile, int &reg, int64_t &offset, LoweredProgram &out,
              int64_t most);
  bool dram(const Step &step, const DramTile &tile, int &reg, int64_t &offset,
            LoweredProgram &out);
  bool stream(Stream wanted, int &reg, LoweredProgram &out);
  bool extent(const Extent &extent, isa::Extent &operand, LoweredProgram &out);
  bool scalar(float value, uint8_t &reg, LoweredProgram &out);
  void accumulation(isa::Accumulate &mode, uint8_t &loop, Accumulate wanted,
                    int depth) const;

  Lowering &owner;
  const Schedule &schedule;
  unsigned rolled;
  std::vector<size_t> ends; ///< for a Loop step: index of its End
  std::array<int64_t, kMaxDepth> iteration{}; ///< of unrolled loops
  std::array<int64_t, kMaxDepth> trips{};     ///< of open loops
  int depth = 0;                              ///< open loops of the schedule
  std::vector<int64_t> turned; ///< turns since the start or the enclosing
                               ///< hardware loop's iteration
  std::vector<Open> open;      ///< hardware loops
  bool collecting = false;     ///< inside a hardware loop, first pass
  std::vector<Stream> streams;
  std::vector<LoopExtent> loopExtents;
  std::vector<float> loopScalars;
};

void ScheduleLowering::matchEnds() {
  ends.assign(schedule.steps.size(), 0);
  std::vector<size_t> stack;
  for (size_t i = 0; i < schedule.steps.size(); ++i) {
    if (schedule.steps[i].kind == StepKind::Loop)
      stack.push_back(i);
    if (schedule.steps[i].kind == StepKind::End) {
      ends[stack.back()] = i;
      stack.pop_back();
    }
  }
}

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
  wanted.key.space = buffer.space == Space::Scratchpad
                         ? isa::Space::scratchpad
                         : isa::Space::accumulator;
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
  int64_t high = byte - byte % (int64_t(1) << 30);
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
  if (wanted == Accumulate::AfterFirst) {
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
  mode = wanted == Accumulate::Always ? isa::Accumulate::always
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
    auto inMemory = [](ValueType type) {
      return type != ValueType::None && type != ValueType::Statistics;
    };
    auto operand = [&](ValueType type, const Tile &tile, uint8_t &field,
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
    inst.source_type = static_cast<isa::VectorType>(c.sourceType);
    inst.element_type = elementUsed
                            ? static_cast<isa::VectorType>(c.elementType)
                            : isa::VectorType::none;
    inst.destination_type = static_cast<isa::VectorType>(c.destinationType);
    inst.multiply0 = static_cast<isa::Multiply0>(c.multiply0);
    inst.add0 = static_cast<isa::Add0>(c.add0);
    inst.add1 = static_cast<isa::Add1>(c.add1);
    inst.func = static_cast<isa::VectorFunction>(c.function);
    inst.operand = static_cast<isa::FunctionOperand>(c.operand);
    inst.multiply1 = static_cast<isa::Multiply1>(c.multiply1);
    inst.add2 = static_cast<isa::Add2>(c.add2);
    inst.reduce = static_cast<isa::Reduce>(c.reduce);
    if (c.reduceAccumulate == Accumulate::AfterFirst) {
      // The flag is static: a hardware loop cannot change it.
      if (level(c.reduceDepth) >= 0)
        return false;
      inst.reduce_accumulate = iteration[c.reduceDepth] != 0;
    } else {
      inst.reduce_accumulate = c.reduceAccumulate == Accumulate::Always;
    }
    if (stages.usesScalars()[0] &&
        !scalar(c.multiply0Scalar, inst.multiply0_scalar, out))
      return false;
    if (stages.usesScalars()[1] && !scalar(c.add0Scalar, inst.add0_scalar, out))
      return false;
    inst.source_statistic = static_cast<uint8_t>(c.sourceStatistic);
    inst.element_statistic = static_cast<uint8_t>(c.elementStatistic);
    inst.destination_statistic = static_cast<uint8_t>(c.destinationStatistic);
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

bool ScheduleLowering::range(size_t begin, size_t end, LoweredProgram &out) {
  for (size_t i = begin; i < end; ++i) {
    const Step &step = schedule.steps[i];
    if (step.kind != StepKind::Loop) {
      if (!emit(step, out))
        return false;
      continue;
    }
    int d = depth++;
    trips[d] = step.trip;
    bool hardware = isRolled(d) && step.trip > 1;
    if (hardware) {
      if (open.size() >= isa::kLoopDepth || !hardwareLoop(i + 1, ends[i], out))
        return false;
    } else {
      for (int64_t n = 0; n < step.trip; ++n) {
        iteration[d] = n;
        if (!range(i + 1, ends[i], out))
          return false;
        for (size_t b = 0; b < schedule.buffers.size(); ++b)
          if (schedule.buffers[b].turnDepth == d)
            ++turned[b];
      }
      iteration[d] = 0;
    }
    --depth;
    i = ends[i];
  }
  return true;
}

bool ScheduleLowering::hardwareLoop(size_t begin, size_t end,
                                    LoweredProgram &out) {
  int d = depth - 1;
  int64_t trip = schedule.steps[begin - 1].trip;
  bool outermost = open.empty();
  // Slots of rings that unrolled loops turn begin anew in each iteration of
  // this loop.
  std::vector<int64_t> turnedBefore = turned;
  auto beginAnew = [&] {
    for (size_t i = 0; i < turned.size(); ++i)
      if (schedule.buffers[i].turnDepth > d)
        turned[i] = 0;
  };
  beginAnew();
  std::vector<size_t> pinnedAddresses, pinnedExtents, pinnedScalars;
  if (outermost) {
    // First pass: which streams, extents and scalars the nest uses.
    collecting = true;
    LoweredProgram scratch;
    open.push_back({d, 0});
    bool legal = range(begin, end, scratch);
    open.pop_back();
    collecting = false;
    if (!legal)
      return false;
    beginAnew();
    for (Stream &s : streams) {
      s.reg = owner.addressRegister(s.key, s.moves(), true, out);
      if (s.reg < 0)
        return false;
      pinnedAddresses.push_back(s.reg);
    }
    for (LoopExtent &e : loopExtents) {
      e.reg = owner.extentRegister(e.tile, e.total, true, true, out);
      if (e.reg < 0)
        return false;
      pinnedExtents.push_back(e.reg);
    }
    for (float value : loopScalars) {
      int reg = owner.scalarRegister(value, true, out);
      if (reg < 0)
        return false;
      pinnedScalars.push_back(reg);
    }
    // What the first use in the loop must wait for from before it is waited for
    // here, once.
    for (int unit = 0; unit < 4; ++unit) {
      isa::Null null;
      null.unit = static_cast<isa::UnitName>(unit);
      out.instructions.push_back(
          {null, owner.group, owner.source, owner.primary});
    }
  }
  int l = static_cast<int>(open.size());
  size_t at = out.instructions.size();
  out.instructions.push_back(
      {isa::Loop(), owner.group, owner.source, owner.primary});
  open.push_back({d, at});
  if (!range(begin, end, out))
    return false;
  open.pop_back();
  size_t length = out.instructions.size() - at - 1;
  if (length == 0 || length > 65535 || trip >= (1 << 24))
    return false;
  isa::Loop loop;
  loop.count = static_cast<uint32_t>(trip);
  loop.length = static_cast<uint16_t>(length);
  std::array<isa::Update *, 6> updates = {&loop.update0, &loop.update1,
                                          &loop.update2, &loop.update3,
                                          &loop.update4, &loop.update5};
  size_t used = 0;
  std::vector<isa::CopyAddress> rewinds;
  for (const Stream &s : streams) {
    if (!s.motion[l])
      continue;
    int64_t step = s.motion[l];
    if (used == updates.size() || step >= (1 << 26) || step < -(1 << 26))
      return false;
    updates[used]->register_index = static_cast<uint8_t>(s.reg);
    updates[used]->step = static_cast<int32_t>(step);
    ++used;
    // A ring keeps what this loop added; only the turn itself may stay.
    bool turn = false;
    if (s.key.wrap)
      for (const Buffer &buffer : schedule.buffers)
        if (buffer.turnDepth == d && buffer.totalRows() == s.key.wrap &&
            buffer.pitchRows == step &&
            s.key.limit == buffer.base + buffer.totalRows() &&
            (s.key.space == isa::Space::scratchpad) ==
                (buffer.space == Space::Scratchpad))
          turn = true;
    if (s.key.wrap && !turn) {
      isa::CopyAddress rewind;
      rewind.destination = rewind.source = static_cast<uint8_t>(s.reg);
      rewind.offset = -step * trip;
      if (step <= -s.key.wrap || step >= s.key.wrap || step * trip > s.key.wrap)
        return false;
      rewinds.push_back(rewind);
    }
  }
  size_t extentsUsed = 0;
  for (const LoopExtent &e : loopExtents)
    if (e.level == l) {
      if (extentsUsed == 2)
        return false;
      isa::OptionalExtent &slot = extentsUsed++ ? loop.extent1 : loop.extent0;
      slot.valid = true;
      slot.index = static_cast<uint8_t>(std::max(e.reg, 0));
    }
  out.instructions[at].instruction = loop;
  for (const isa::CopyAddress &rewind : rewinds)
    out.instructions.push_back(
        {rewind, owner.group, owner.source, owner.primary});
  turned = turnedBefore;
  if (outermost) {
    for (size_t reg : pinnedAddresses) {
      owner.registers.addresses[reg].pinned = false;
      if (owner.registers.addresses[reg].key.wrap)
        owner.registers.addresses[reg].valid = false;
    }
    for (size_t reg : pinnedExtents)
      owner.registers.extents[reg].pinned = false;
    for (size_t reg : pinnedScalars)
      owner.registers.scalars[reg].pinned = false;
    streams.clear();
    loopExtents.clear();
    loopScalars.clear();
  }
  return true;
}

bool ScheduleLowering::run(LoweredProgram &out) {
  return range(0, schedule.steps.size(), out);
}

//===----------------------------------------------------------------------===//
// Which loops stay loops
//===----------------------------------------------------------------------===//

/// Instructions of the schedule when the loops in `rolled` stay loops.
static double codeSize(const Schedule &schedule, unsigned rolled, int &depths) {
  double size = 0, factor = 1;
  int depth = 0;
  std::vector<double> factors;
  depths = 0;
  for (const Step &step : schedule.steps) {
    if (step.kind == StepKind::Loop) {
      factors.push_back(factor);
      if (!(rolled >> depth & 1))
        factor *= static_cast<double>(step.trip);
      depths = std::max(depths, ++depth);
    } else if (step.kind == StepKind::End) {
      factor = factors.back();
      factors.pop_back();
      --depth;
    } else {
      size += factor;
    }
  }
  return size;
}

bool Lowering::lower(const Schedule &schedule, int index,
                     LoweredProgram &into) {
  group = index;
  int depths = 0;
  codeSize(schedule, 0, depths);
  double limit =
      std::max(64.0, schedule.cost.dramBytes * 0.01 / isa::kInstructionBytes);
  // The most unrolled form below the limit first, then smaller ones, then
  // whatever there is.
  std::vector<std::pair<double, unsigned>> choices;
  for (unsigned rolled = 0; rolled < 1u << depths; ++rolled) {
    double size = codeSize(schedule, rolled, depths);
    choices.push_back({size <= limit ? limit - size : size, rolled});
  }
  std::stable_sort(choices.begin(), choices.end());
  for (auto [unused, rolled] : choices) {
    Registers before = registers;
    ScheduleLowering lowering(*this, schedule, rolled);
    LoweredProgram out;
    if (lowering.run(out)) {
      into.instructions.insert(into.instructions.end(),
                               out.instructions.begin(),
                               out.instructions.end());
      return true;
    }
    registers = std::move(before);
  }
  return false;
}

void Lowering::append(const Schedule &schedule, int index) {
  lower(schedule, index, program);
}

LoweredProgram Lowering::finish() {
  group = source = primary = -1;
  std::vector<LoweredInstruction> &all = program.instructions;
  all.push_back({isa::Halt(), -1, -1, -1});
  size_t main = all.size();
  for (size_t r = 0; r < bodies.size(); ++r) {
    LoweredRoutine &routine = program.routines[r];
    routine.begin = all.size();
    all.insert(all.end(), bodies[r].instructions.begin(),
               bodies[r].instructions.end());
    all.push_back({isa::Return(), -1, -1, -1});
    routine.end = all.size();
  }
  for (size_t i = 0; i < main; ++i)
    if (auto *call = std::get_if<isa::Call>(&all[i].instruction))
      call->target =
          static_cast<uint32_t>(program.routines[call->target].begin);
  return std::move(program);
}

} // namespace tilework
