// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structure of a random program: memory, a prologue that writes every
// region, groups of nested loops and calls, and an epilogue that stores all
// that the program may have changed.

#include "sim/cosim/Generator.h"

#include <cstring>

namespace tilework::sim {

//===----------------------------------------------------------------------===//
// Memory and regions
//===----------------------------------------------------------------------===//

uint32_t Generator::hardBits() {
  static constexpr uint32_t kMagnitudes[] = {
      0,          1,          0x00010000, 0x007fffff, 0x00800000,
      0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff};
  if (random.chance(0.3))
    return static_cast<uint32_t>(random.next());
  const uint32_t sign = random.below(2) << 31;
  return sign | kMagnitudes[random.below(std::size(kMagnitudes))];
}

float Generator::scalar(float usual) {
  if (!special || !random.chance(0.2))
    return usual;
  const uint32_t bits = hardBits();
  std::memcpy(&usual, &bits, 4);
  return usual;
}

void Generator::drawMemory() {
  dataSegment = random.below(20);
  resultSegment = 20 + random.below(20);
  indexSegment = 40 + random.below(24);
  // Room for what the epilogue stores: every region, sums in three parts.
  uint64_t rows = 16 * 3;
  for (const Region &region : scratchpad)
    rows += region.size;
  for (const Region &region : accumulator)
    rows += 3 * region.size;
  const uint64_t dataBytes = 32768 + random.below(4096),
                 resultBytes = 4096 + rows * geometry.rowBytes(),
                 indexBytes = 2048;
  // Values that sums keep apart, and now and then what makes floating point
  // hard.
  std::vector<uint8_t> data(dataBytes);
  special = random.chance(0.3);
  for (uint64_t i = 0; i + 1 < dataBytes; i += 2) {
    uint16_t bits = static_cast<uint16_t>((random.below(2) << 15) |
                                          ((120 + random.below(12)) << 7) |
                                          random.below(128));
    if (special && random.chance(0.02))
      bits = static_cast<uint16_t>(hardBits() >> 16);
    std::memcpy(&data[i], &bits, 2);
  }
  std::vector<uint8_t> indices(indexBytes);
  for (uint64_t i = 0; i < indexBytes; i += 4) {
    const int32_t index = random.chance(0.03) ? int32_t(random.next())
                                              : int32_t(random.below(34));
    std::memcpy(&indices[i], &index, 4);
  }
  uint64_t at = 65536;
  auto bind = [&](unsigned number, uint64_t size, std::vector<uint8_t> bytes,
                  uint32_t alignment) {
    at = (at + 4095) / 4096 * 4096 + random.below(256) * alignment;
    program.segments.push_back({number, at, size, std::move(bytes)});
    at += size;
  };
  bind(dataSegment, dataBytes, std::move(data), random.chance(0.5) ? 64 : 1);
  bind(resultSegment, resultBytes, {}, random.chance(0.5) ? 64 : 2);
  bind(indexSegment, indexBytes, std::move(indices), 4);
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
      draw(geometry.scratchpadRows, geometry.scratchpadRowsPerBank(), 5, 160);
  accumulator =
      draw(geometry.accumulatorRows, geometry.accumulatorRowsPerBank(), 3, 96);
  statisticsBlocks =
      std::max<uint32_t>(1, std::min<uint32_t>(64, geometry.statisticsRows) /
                                geometry.vectorLanes);
}

//===----------------------------------------------------------------------===//
// Loops and calls
//===----------------------------------------------------------------------===//

void Generator::group(Nodes &out) {
  static constexpr unsigned loopGoals[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 6};
  static constexpr unsigned callGoals[] = {0, 0, 0, 0, 0, 0, 1, 1, 2, 4};
  Nest nest;
  nest.loopGoal = loopGoals[random.below(10)];
  nest.callGoal = callGoals[random.below(10)];
  if (random.chance(0.3))
    nest.extents.push_back(extentRegister(1 + random.below(3), 8, out).second);
  if (random.chance(0.1)) {
    isa::SetScalar set;
    set.destination = static_cast<uint8_t>(random.below(isa::kScalarRegisters));
    set.value = scalar(static_cast<float>(random.below(64)) / 16.0f - 2.0f);
    add(out, set);
  }
  block(out, nest);
}

void Generator::block(Nodes &out, Nest &nest) {
  const unsigned items = 1 + random.below(nest.loops.empty() ? 4 : 2);
  bool deeper = nest.loops.size() >= nest.loopGoal;
  for (unsigned i = 0; i < items || !deeper; ++i) {
    if (!deeper && (i + 1 >= items || random.chance(0.5))) {
      deeper = true;
      loop(out, nest);
    } else if (nest.calls < nest.callGoal && random.chance(0.5)) {
      call(out, nest);
    } else {
      const uint32_t depth = static_cast<uint32_t>(nest.loops.size());
      unitInstruction({nest, out, random.below(depth + 1)});
    }
  }
}

void Generator::loop(Nodes &out, Nest &nest) {
  // Few instructions in all, however deep.
  const uint32_t budget = std::max(1u, 24 / nest.repeats());
  uint32_t trips =
      random.chance(0.06) ? 0 : 1 + random.below(std::min(budget, 4u));
  const size_t extents = nest.extents.size();
  LoopScope scope;
  isa::Loop &inst = scope.instruction;
  auto advance = [&](isa::OptionalExtent &slot) {
    const auto [actual, extent] = extentRegister(trips, budget, out);
    slot = {true, extent.reg};
    nest.extents.push_back(extent);
    return actual;
  };
  inst.trip_source = draw<isa::TripSource>("trip_source");
  switch (inst.trip_source) {
  case isa::TripSource::parameter:
    inst.index = static_cast<uint8_t>(random.below(isa::kLaunchParameters));
    if (program.parameters[inst.index] <= budget) {
      trips = program.parameters[inst.index];
      break;
    }
    inst.trip_source = isa::TripSource::immediate;
    inst.index = 0;
    [[fallthrough]];
  case isa::TripSource::immediate:
    inst.count = trips;
    break;
  case isa::TripSource::extent: {
    isa::OptionalExtent &slot =
        random.chance(0.5) ? inst.extent0 : inst.extent1;
    trips = advance(slot);
    inst.index = slot.index;
    break;
  }
  }
  for (isa::OptionalExtent *slot : {&inst.extent0, &inst.extent1})
    if (!slot->valid && random.chance(0.25))
      advance(*slot);
  scope.trips = std::max(trips, 1u);

  nest.loops.push_back(std::move(scope));
  nest.deepestLoop = std::max(nest.deepestLoop, nest.loops.size());
  ProgramNode node;
  block(node.body, nest);
  for (ProgramNode &set : nest.loops.back().before)
    out.push_back(std::move(set));
  node.instruction = nest.loops.back().instruction;
  nest.loops.pop_back();
  nest.extents.resize(extents);
  out.push_back(std::move(node));
}

void Generator::call(Nodes &out, Nest &nest) {
  ProgramNode node;
  isa::Call inst;
  inst.context_id = static_cast<uint16_t>(random.below(65536));
  node.instruction = inst;
  const size_t depth = nest.loops.size();
  if (random.chance(0.4))
    for (const Routine &routine : routines)
      if (depth >= routine.loops && depth + routine.deepestLoop <= 6 &&
          nest.calls + routine.deepestCall <= 4)
        node.routine = static_cast<int>(routine.index);
  if (node.routine < 0) {
    if (program.routines.size() >= 8)
      return;
    Routine routine;
    routine.index = program.routines.size();
    routine.loops = depth;
    node.routine = static_cast<int>(routine.index);
    program.routines.emplace_back();
    // The routine may use what its caller's loops move.
    Nest inside = std::move(nest);
    inside.deepestLoop = depth;
    inside.deepestCall = ++inside.calls;
    Nodes body;
    block(body, inside);
    program.routines[routine.index] = std::move(body);
    routine.deepestLoop = inside.deepestLoop - depth;
    routine.deepestCall = inside.deepestCall - --inside.calls;
    const size_t deepestLoop = std::max(nest.deepestLoop, inside.deepestLoop);
    const unsigned deepestCall = std::max(nest.deepestCall, inside.deepestCall);
    nest = std::move(inside);
    nest.deepestLoop = deepestLoop;
    nest.deepestCall = deepestCall;
    routines.push_back(routine);
  }
  out.push_back(std::move(node));
}

//===----------------------------------------------------------------------===//
// Prologue and epilogue
//===----------------------------------------------------------------------===//

uint8_t Generator::setTile(Nodes &out, isa::Space space, const Region &region,
                           int32_t blockStride) {
  isa::SetAddress set;
  set.destination = freshAddress();
  set.space = space;
  set.value = region.begin;
  set.stride = 1;
  set.block_stride = blockStride;
  set.limit = region.begin + region.size;
  add(out, set);
  return set.destination;
}

void Generator::prologue(Nodes &out) {
  for (unsigned i = 0; i < isa::kScalarRegisters; ++i) {
    isa::SetScalar set;
    set.destination = static_cast<uint8_t>(i);
    set.value =
        scalar((static_cast<float>(random.below(4001)) - 2000.0f) / 1024.0f);
    add(out, set);
  }
  const uint32_t rowBytes = geometry.rowBytes();
  for (const Region &region : scratchpad) {
    isa::SetAddress set;
    set.destination = freshAddress();
    set.space = isa::Space::dram;
    set.segment = static_cast<uint8_t>(dataSegment);
    set.limit = segment(dataSegment).size;
    set.value = random.below(256);
    set.stride = static_cast<int32_t>(std::min<uint32_t>(rowBytes, 64));
    add(out, set);
    isa::Load load;
    load.dram = set.destination;
    load.tile = setTile(out, isa::Space::scratchpad, region, 1);
    load.outer = isa::Extent::number(1);
    load.rows = isa::Extent::number(static_cast<uint16_t>(region.size));
    load.elements = isa::Extent::number(static_cast<uint16_t>(rowBytes));
    add(out, load);
  }
  auto convert = [&](isa::VectorType type, const Region *to, uint32_t rows,
                     uint32_t columns, unsigned statistic) {
    const Region &from =
        scratchpad[random.below(static_cast<uint32_t>(scratchpad.size()))];
    isa::Vector inst;
    inst.source_type = isa::VectorType::bf16;
    inst.source = setTile(out, isa::Space::scratchpad, from, 1);
    inst.destination_type = type;
    if (to)
      inst.destination = setTile(out, isa::Space::accumulator, *to, 1);
    inst.destination_offset = static_cast<uint16_t>(statistic);
    inst.rows = isa::Extent::number(static_cast<uint16_t>(rows));
    inst.columns = isa::Extent::number(static_cast<uint16_t>(columns));
    add(out, inst);
  };
  for (const Region &region : accumulator)
    convert(isa::VectorType::fp32, &region, region.size,
            std::min(geometry.columns, geometry.lanes()), 0);
  for (unsigned statistic = 0; statistic < isa::kStatistics; ++statistic)
    convert(isa::VectorType::statistics, nullptr, 1,
            statisticsBlocks * geometry.vectorLanes, statistic);
}

void Generator::storeRows(Nodes &out, const Region &region) {
  const uint64_t bytes = uint64_t(region.size) * geometry.rowBytes();
  isa::SetAddress set;
  set.destination = freshAddress();
  set.space = isa::Space::dram;
  set.segment = static_cast<uint8_t>(resultSegment);
  set.value = resultEnd;
  set.stride = static_cast<int32_t>(geometry.rowBytes());
  set.limit = segment(resultSegment).size;
  add(out, set);
  isa::Store store;
  store.dram = set.destination;
  store.tile = setTile(out, isa::Space::scratchpad, region, 1);
  store.outer = isa::Extent::number(1);
  store.rows = isa::Extent::number(static_cast<uint16_t>(region.size));
  store.elements =
      isa::Extent::number(static_cast<uint16_t>(geometry.rowBytes()));
  add(out, store);
  resultEnd += bytes;
}

void Generator::storeSums(Nodes &out, const Region &region) {
  // In three parts of eight bits of mantissa, so that no bit of an fp32 stays
  // unseen.
  const Region stage = {scratchpad[0].begin,
                        std::min(region.size, scratchpad[0].size)};
  for (unsigned part = 0; part < 3; ++part) {
    isa::Vector high;
    high.source_type = isa::VectorType::fp32;
    high.source = setTile(out, isa::Space::accumulator, region, 1);
    high.destination_type = isa::VectorType::bf16;
    high.destination = setTile(out, isa::Space::scratchpad, stage, 1);
    high.rows = isa::Extent::number(static_cast<uint16_t>(stage.size));
    high.columns = isa::Extent::number(static_cast<uint16_t>(geometry.columns));
    add(out, high);
    storeRows(out, stage);
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

void Generator::epilogue(Nodes &out) {
  for (const Region &region : scratchpad)
    storeRows(out, region);
  for (const Region &region : accumulator)
    storeSums(out, region);
  // Statistics by way of the sums: one row, a block after the other.
  const uint32_t entries = statisticsBlocks * geometry.vectorLanes,
                 blocks = (entries + geometry.columns - 1) / geometry.columns;
  for (unsigned statistic = 0; statistic < isa::kStatistics; ++statistic) {
    const Region &sums = accumulator[0];
    isa::Vector copy;
    copy.source_type = isa::VectorType::statistics;
    copy.source_offset = static_cast<uint16_t>(statistic);
    copy.destination_type = isa::VectorType::fp32;
    copy.destination = setTile(out, isa::Space::accumulator, sums, 1);
    copy.rows = isa::Extent::number(1);
    copy.columns = isa::Extent::number(static_cast<uint16_t>(entries));
    add(out, copy);
    storeSums(out, {sums.begin, std::min(blocks, sums.size)});
  }
}

TestProgram Generator::run() {
  drawRegions();
  drawMemory();
  prologue(program.main);
  for (unsigned i = 0; i < options.groups; ++i)
    group(program.main);
  if (random.chance(options.trapProbability)) {
    trapEnding(program.main);
  } else {
    epilogue(program.main);
    add(program.main, isa::Halt{});
  }
  return std::move(program);
}

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
