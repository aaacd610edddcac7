// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Endings that trap, for every cause that a program can bring about: one wrong
// instruction after the other of a short list, or any instruction of the
// program with one field changed.

#include "sim/cosim/Generator.h"

namespace tilework::sim {

namespace {

ProgramNode trapping(const isa::Instruction &instruction) {
  ProgramNode node;
  node.instruction = instruction;
  node.traps = true;
  return node;
}

ProgramNode trappingWord(const isa::Word &word) {
  ProgramNode node;
  node.raw = node.traps = true;
  node.word = word;
  return node;
}

ProgramNode loopOf(uint32_t count, Nodes body) {
  isa::Loop loop;
  loop.count = count;
  ProgramNode node;
  node.instruction = loop;
  node.body = std::move(body);
  return node;
}

isa::SetAddress address(uint8_t reg, isa::Space space, uint64_t value,
                        uint64_t limit) {
  isa::SetAddress set;
  set.destination = reg;
  set.space = space;
  set.value = value;
  set.stride = 1;
  set.limit = limit;
  return set;
}

void collect(const Nodes &nodes, std::vector<const ProgramNode *> &all) {
  for (const ProgramNode &node : nodes) {
    if (!node.raw)
      all.push_back(&node);
    collect(node.body, all);
  }
}

} // namespace

Nodes Generator::wrongInstruction() {
  isa::Word word{};
  switch (random.below(3)) {
  case 0: // an opcode that nothing has
    for (uint8_t &byte : word)
      byte = static_cast<uint8_t>(random.next());
    word[0] |= 0x3f;
    break;
  case 1: // bits that must be zero
    word = isa::encode(isa::Return{});
    word[31] = 0x80;
    break;
  default: { // a value that no case has
    isa::SetAddress set;
    set.space = static_cast<isa::Space>(3);
    word = isa::encode(set);
    break;
  }
  }
  return {trappingWord(word)};
}

Nodes Generator::wrongFetch() {
  isa::Call call;
  call.target = (1u << 23) + random.below(100);
  ProgramNode node;
  node.instruction = call;
  return {node};
}

Nodes Generator::wrongRegister() {
  Nodes out;
  add(out, address(9, isa::Space::scratchpad, 0, 8));
  isa::Matmul matmul; // sums in the scratchpad
  matmul.activations = matmul.weights = matmul.sums = 9;
  out.push_back(trapping(matmul));
  return out;
}

Nodes Generator::wrongNesting() {
  switch (random.below(7)) {
  case 0:
    return {trapping(isa::Return{})};
  case 1: {
    isa::Loop empty;
    empty.count = 3;
    return {trapping(empty)};
  }
  case 2: { // a routine that calls itself
    ProgramNode call = trapping(isa::Call{});
    call.routine = static_cast<int>(program.routines.size());
    program.routines.push_back({call});
    return {call};
  }
  case 3: { // one loop too deep
    isa::Loop innermost;
    innermost.count = 2;
    ProgramNode node = trapping(innermost);
    add(node.body, isa::Null{});
    for (unsigned i = 0; i < isa::kLoopDepth; ++i)
      node = loopOf(1 + random.below(2), {node});
    return {node};
  }
  case 4: { // a body that goes on past the end of the loop around it
    isa::Loop inner;
    inner.count = 2;
    inner.length = 2;
    ProgramNode outer = loopOf(2, {trapping(inner)});
    Nodes out = {outer};
    add(out, isa::Null{});
    add(out, isa::Null{});
    return out;
  }
  case 5: { // a loop that waits for an extent that it does not advance
    isa::SetExtent set;
    set.destination = 3;
    set.tile = set.total = 4;
    Nodes out;
    add(out, set);
    isa::Loop loop;
    loop.trip_source = isa::TripSource::extent;
    loop.index = 3;
    ProgramNode node = trapping(loop);
    add(node.body, isa::Null{});
    out.push_back(node);
    return out;
  }
  default: { // a return out of a loop
    ProgramNode call;
    call.instruction = isa::Call{};
    call.routine = static_cast<int>(program.routines.size());
    program.routines.push_back({loopOf(2, {trapping(isa::Return{})})});
    return {call};
  }
  }
}

Nodes Generator::wrongShape() {
  Nodes out;
  isa::SetAddress memory = address(10, isa::Space::dram, 0, 64);
  memory.segment = static_cast<uint8_t>(dataSegment);
  isa::SetAddress rows =
      address(9, isa::Space::scratchpad, 0, geometry.scratchpadRows);
  isa::Load load;
  load.dram = 10;
  load.tile = 9;
  load.outer = load.rows = load.elements = isa::Extent::number(1);
  switch (random.below(8)) {
  case 0: {
    isa::SetExtent never; // a tile of 0
    never.total = 5;
    return {trapping(never)};
  }
  case 1:
    (random.chance(0.5) ? rows.stride : rows.block_stride) = -1;
    break;
  case 2: // a window that leaves its row
    load.tile_first = static_cast<uint16_t>(geometry.rowBytes() - 1);
    load.elements = isa::Extent::number(2);
    break;
  case 3:
    load.element_log2_bytes = 3;
    break;
  case 4: { // indices between two words
    memory.segment = static_cast<uint8_t>(indexSegment);
    memory.value = 2;
    add(out, memory);
    add(out, rows);
    isa::Gather gather;
    gather.indices = gather.dram = 10;
    gather.tile = 9;
    out.push_back(trapping(gather));
    return out;
  }
  case 6: { // a statistic that there is not
    isa::Vector vector;
    vector.source_type = isa::VectorType::statistics;
    vector.source_offset =
        static_cast<uint16_t>(isa::kStatistics + random.below(1000));
    vector.rows = vector.columns = isa::Extent::number(1);
    return {trapping(vector)};
  }
  case 5: { // a chain of nothing
    isa::Vector vector;
    vector.source_type = isa::VectorType::none;
    return {trapping(vector)};
  }
  default: { // a statistic that is read and written
    isa::Vector vector;
    add(out, rows);
    vector.source_type = isa::VectorType::bf16;
    vector.source = 9;
    vector.add1 = isa::Add1::statistic;
    vector.add1_statistic = vector.reduce_statistic = 1;
    vector.reduce = isa::Reduce::sum;
    vector.rows = vector.columns = isa::Extent::number(1);
    out.push_back(trapping(vector));
    return out;
  }
  }
  add(out, memory);
  add(out, rows);
  out.push_back(trapping(load));
  return out;
}

Nodes Generator::wrongBounds() {
  Nodes out;
  const uint32_t end = geometry.scratchpadRows;
  isa::SetAddress memory = address(10, isa::Space::dram, 0, 64);
  memory.segment = static_cast<uint8_t>(dataSegment);
  isa::Load load;
  load.dram = 10;
  load.tile = 9;
  load.outer = isa::Extent::number(1);
  load.rows = isa::Extent::number(2);
  load.elements = isa::Extent::number(2);
  switch (random.below(6)) {
  case 0: // a region that the memory does not have
    return {trapping(
        address(9, isa::Space::scratchpad, 0, end + 1 + random.below(100)))};
  case 1: { // a segment that nothing is bound to
    isa::SetAddress unbound = address(9, isa::Space::dram, 0, 1);
    unbound.segment = static_cast<uint8_t>((indexSegment + 1) % 64);
    return {trapping(unbound)};
  }
  case 2: // a footprint past its region
    add(out, memory);
    add(out, address(9, isa::Space::scratchpad, end - 1, end));
    out.push_back(trapping(load));
    return out;
  case 3: // in a region of nothing
    add(out, memory);
    add(out, address(9, isa::Space::scratchpad, 0, 0));
    out.push_back(trapping(load));
    return out;
  case 4: { // past one turn of its ring
    isa::SetAddress ring = address(9, isa::Space::scratchpad, 3, 4);
    ring.wrap = 4;
    add(out, memory);
    add(out, ring);
    out.push_back(trapping(load));
    return out;
  }
  default: { // in the third iteration
    add(out, memory);
    add(out, address(9, isa::Space::scratchpad, end - 6, end));
    isa::Loop loop;
    loop.count = 4;
    loop.update0 = {9, 2};
    load.rows = isa::Extent::number(3);
    ProgramNode node = loopOf(4, {trapping(load)});
    node.instruction = loop;
    out.push_back(node);
    return out;
  }
  }
}

Nodes Generator::mutated() {
  std::vector<const ProgramNode *> all;
  collect(program.main, all);
  for (const Nodes &routine : program.routines)
    collect(routine, all);
  const isa::Instruction &original =
      all[random.below(static_cast<uint32_t>(all.size()))]->instruction;
  const isa::InstructionInfo &info = isa::info(original);
  isa::Word word = isa::encode(original);
  if (info.fieldCount == 0)
    return wrongInstruction();
  const isa::FieldInfo &field = info.fields[random.below(info.fieldCount)];
  const uint64_t old = isa::getBits(word, field.lsb, field.width);
  const uint64_t bit = uint64_t(1) << random.below(std::min(field.width, 63u));
  isa::setBits(word, field.lsb, field.width,
               random.chance(0.5) ? old ^ bit : random.next());
  const isa::DecodeResult decoded = isa::decode(word);
  return {decoded ? trapping(*decoded.instruction) : trappingWord(word)};
}

void Generator::trapEnding(Nodes &out) {
  using Draw = Nodes (Generator::*)();
  static constexpr Draw draws[] = {
      &Generator::wrongFetch,    &Generator::wrongInstruction,
      &Generator::wrongRegister, &Generator::wrongNesting,
      &Generator::wrongShape,    &Generator::wrongShape,
      &Generator::wrongBounds,   &Generator::wrongBounds,
      &Generator::mutated,       &Generator::mutated,
      &Generator::mutated,       &Generator::mutated};
  // One more than there are: nothing stops the program at its end.
  const uint32_t which = random.below(std::size(draws) + 1);
  Nodes ending;
  if (which < std::size(draws))
    ending = (this->*draws[which])();
  if (ending.empty())
    return;
  if (random.chance(0.25)) { // inside a loop
    ending.insert(ending.begin(), ProgramNode{isa::Null{}});
    out.push_back(loopOf(1 + random.below(3), std::move(ending)));
  } else if (random.chance(0.3)) { // inside a routine
    ProgramNode call;
    call.instruction = isa::Call{};
    call.routine = static_cast<int>(program.routines.size());
    program.routines.push_back(std::move(ending));
    out.push_back(call);
  } else {
    for (ProgramNode &node : ending)
      out.push_back(std::move(node));
  }
}

} // namespace tilework::sim
