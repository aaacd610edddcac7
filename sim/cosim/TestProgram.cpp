// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flattens program trees and makes them legal by walking them under the shadow.

#include "sim/cosim/TestProgram.h"

#include "sim/machine/Shadow.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace tilework::sim {

namespace {

size_t countNodes(const std::vector<ProgramNode> &nodes) {
  size_t count = 0;
  for (const ProgramNode &node : nodes)
    count += 1 + countNodes(node.body);
  return count;
}

void place(std::vector<ProgramNode> &nodes, TestProgram::Flat &flat) {
  for (ProgramNode &node : nodes) {
    flat.words.push_back({});
    flat.nodes.push_back(&node);
    if (auto *loop = std::get_if<isa::Loop>(&node.instruction);
        loop && !node.raw) {
      if (!node.body.empty())
        loop->length = static_cast<uint16_t>(countNodes(node.body));
      place(node.body, flat);
    }
  }
}

/// Removes the marked nodes, and loops that have lost their body.
void removeNodes(std::vector<ProgramNode> &nodes,
                 const std::set<const ProgramNode *> &marked) {
  for (ProgramNode &node : nodes)
    removeNodes(node.body, marked);
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                             [&](const ProgramNode &node) {
                               if (marked.count(&node))
                                 return true;
                               auto *loop =
                                   std::get_if<isa::Loop>(&node.instruction);
                               return loop && !node.raw && node.body.empty() &&
                                      loop->length != 0;
                             }),
              nodes.end());
}

uint8_t *waitField(isa::Instruction &instruction, unsigned unit) {
  return std::visit(
      [&](auto &inst) -> uint8_t * {
        if constexpr (std::decay_t<decltype(inst)>::onUnit) {
          return inst.waits()[unit];
        } else {
          return nullptr;
        }
      },
      instruction);
}

/// One walk in program order; `visit` takes every violation with the index of
/// its instruction.
template <typename Visit>
Walk walkFlat(const TestProgram &program, const TestProgram::Flat &flat,
              const Geometry &geometry, uint64_t limit, Visit &&visit) {
  Walk result;
  Machine machine(geometry,
                  program.launch(static_cast<uint32_t>(flat.words.size())));
  Shadow shadow(geometry);
  for (const TestSegment &segment : program.segments)
    shadow.written(segment.base, segment.bytes.size());
  // Index lists lie in segments that no instruction writes.
  IndexReader index = [&](uint64_t address) {
    int32_t value = -1;
    for (const TestSegment &segment : program.segments)
      if (address >= segment.base &&
          address + 4 <= segment.base + segment.bytes.size())
        std::memcpy(&value, segment.bytes.data() + (address - segment.base), 4);
    return value;
  };
  // Rows of DMA take longest: each may wait for the memory.
  uint64_t rows = 0;
  for (uint64_t steps = 0;; ++steps) {
    if (steps > 16 * limit || rows > 4 * limit || result.operations > limit) {
      result.problem = "more than " + std::to_string(limit) + " operations";
      return result;
    }
    const uint32_t pc = machine.pc();
    static const isa::Word nothing{};
    Machine::Step step = machine.step(
        machine.fetchable() ? flat.words[pc].data() : nothing.data());
    if (step.kind == Machine::Step::Kind::Halt)
      return result;
    if (step.kind == Machine::Step::Kind::Trap) {
      result.trap = step.cause;
      result.trapPc = pc;
      return result;
    }
    if (step.kind != Machine::Step::Kind::Operation)
      continue;
    ++result.operations;
    rows += uint64_t(step.operation.dma.outer) * step.operation.dma.rows;
    for (const Violation &violation : shadow.check(step.operation, index)) {
      if (result.problem.empty())
        result.problem = describe(violation);
      visit(pc, violation);
    }
  }
}

} // namespace

size_t TestProgram::size() const {
  size_t count = countNodes(main);
  for (const std::vector<ProgramNode> &routine : routines)
    count += countNodes(routine) + 1;
  return count;
}

TestProgram::Flat TestProgram::flatten() {
  Flat flat;
  place(main, flat);
  std::vector<uint32_t> starts;
  for (std::vector<ProgramNode> &routine : routines) {
    starts.push_back(static_cast<uint32_t>(flat.words.size()));
    place(routine, flat);
    flat.words.push_back(isa::encode(isa::Return{}));
    flat.nodes.push_back(nullptr);
  }
  for (size_t i = 0; i < flat.words.size(); ++i) {
    ProgramNode *node = flat.nodes[i];
    if (!node)
      continue;
    if (auto *call = std::get_if<isa::Call>(&node->instruction);
        call && node->routine >= 0)
      call->target = starts[node->routine];
    flat.words[i] = node->raw ? node->word : isa::encode(node->instruction);
  }
  return flat;
}

Launch TestProgram::launch(uint32_t instructionCount) const {
  Launch launch;
  launch.programBase = programBase;
  launch.instructionCount = instructionCount;
  launch.parameters = parameters;
  for (const TestSegment &segment : segments)
    launch.segments[segment.segment] = {segment.base, segment.size};
  return launch;
}

DramImage TestProgram::image(const std::vector<isa::Word> &words) const {
  DramImage image(dramBytes);
  for (size_t i = 0; i < words.size(); ++i)
    image.write(programBase + i * isa::kInstructionBytes, words[i].data(),
                isa::kInstructionBytes);
  for (const TestSegment &segment : segments)
    if (!segment.bytes.empty())
      image.write(segment.base, segment.bytes.data(), segment.bytes.size());
  return image;
}

bool legalise(TestProgram &program, const Geometry &geometry, uint64_t limit) {
  for (unsigned round = 0; round < 200; ++round) {
    TestProgram::Flat flat = program.flatten();
    std::set<const ProgramNode *> marked;
    bool changed = false;
    Walk result =
        walkFlat(program, flat, geometry, limit,
                 [&](uint32_t pc, const Violation &violation) {
                   ProgramNode *node = flat.nodes[pc];
                   if (violation.kind != Violation::Kind::Race) {
                     marked.insert(node);
                     return;
                   }
                   uint8_t &field =
                       *waitField(node->instruction,
                                  static_cast<unsigned>(violation.unit));
                   const uint8_t needed = static_cast<uint8_t>(
                       std::min<uint32_t>(violation.distance, 62) + 1);
                   if (field == 0 || field > needed) {
                     field = needed;
                     changed = true;
                   }
                 });
    if (result.trap != TrapCause::none && result.trapPc < flat.nodes.size())
      if (const ProgramNode *node = flat.nodes[result.trapPc];
          node && !node->traps)
        marked.insert(node);
    if (!marked.empty()) {
      removeNodes(program.main, marked);
      for (std::vector<ProgramNode> &routine : program.routines)
        removeNodes(routine, marked);
    } else if (!changed) {
      return result.problem.empty();
    }
  }
  return false;
}

Walk walk(TestProgram &program, const Geometry &geometry, uint64_t limit) {
  return walkFlat(program, program.flatten(), geometry, limit,
                  [](uint32_t, const Violation &) {});
}

} // namespace tilework::sim
