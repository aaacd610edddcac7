// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tests of the planner share: machines of many shapes, groups with their
// tensors, and the walk of a lowered program through the shadow memory.

#pragma once

#include "compiler/conversion/Lowering.h"
#include "compiler/conversion/Synchronise.h"
#include "compiler/planning/Planner.h"
#include "sim/machine/Machine.h"
#include "sim/machine/Shadow.h"

#include <random>
#include <string>
#include <vector>

namespace tilework::test {

inline sim::Geometry geometryOf(const planning::Machine &m) {
  sim::Geometry g;
  g.rows = static_cast<uint32_t>(m.rows);
  g.columns = static_cast<uint32_t>(m.columns);
  g.weightRows = static_cast<uint32_t>(m.weightRows);
  g.scratchpadBanks = static_cast<uint32_t>(m.scratchpadBanks);
  g.scratchpadRows = static_cast<uint32_t>(m.scratchpadRows);
  g.accumulatorBanks = static_cast<uint32_t>(m.accumulatorBanks);
  g.accumulatorRows = static_cast<uint32_t>(m.accumulatorRows);
  g.vectorLanes = static_cast<uint32_t>(m.vectorLanes);
  g.statisticsRows = static_cast<uint32_t>(m.statisticsRows);
  return g;
}

/// edge, nano, and shapes that presets do not have.
inline std::vector<planning::Machine> machines() {
  auto make = [](int64_t r, int64_t c, int64_t w, int64_t banks, int64_t rows,
                 int64_t accBanks, int64_t accRows, int64_t lanes,
                 int64_t statistics) {
    planning::Machine m;
    m.rows = r;
    m.columns = c;
    m.weightRows = w;
    m.scratchpadBanks = banks;
    m.scratchpadRows = m.scratchpadBanks * rows;
    m.accumulatorBanks = accBanks;
    m.accumulatorRows = m.accumulatorBanks * accRows;
    m.vectorLanes = lanes;
    m.statisticsRows = statistics;
    return m;
  };
  return {make(16, 16, 2, 8, 2048, 4, 256, 16, 256),
          make(8, 8, 1, 8, 512, 4, 64, 8, 64),
          make(4, 8, 1, 3, 256, 2, 32, 4, 32),
          make(16, 8, 2, 8, 256, 4, 64, 4, 64),
          make(64, 64, 2, 16, 2048, 4, 256, 64, 256),
          make(8, 16, 4, 4, 512, 3, 64, 8, 32)};
}

/// DRAM tensors, a segment each.
struct Tensors {
  std::vector<Placement> placements;
  std::vector<bool> given; ///< written by the loader
  int add(int64_t bytes, bool loaded) {
    Placement p;
    p.segment = static_cast<int>(placements.size());
    p.bytes = (bytes + 63) / 64 * 64;
    placements.push_back(p);
    given.push_back(loaded);
    return p.segment;
  }
};

/// Walks the program with every access shadowed; what is wrong, or nothing.
inline std::string illegality(const planning::Machine &machine,
                              const LoweredProgram &program,
                              const Tensors &tensors, size_t *steps = nullptr) {
  sim::Geometry geometry = geometryOf(machine);
  sim::Shadow shadow(geometry);
  sim::Launch launch;
  launch.instructionCount = static_cast<uint32_t>(program.instructions.size());
  uint64_t base = 1 << 20;
  for (size_t i = 0; i < tensors.placements.size(); ++i) {
    uint64_t bytes = static_cast<uint64_t>(tensors.placements[i].bytes);
    launch.segments[i] = {base, bytes};
    if (tensors.given[i])
      shadow.written(base, bytes);
    base += (bytes + 4095) / 4096 * 4096;
  }
  sim::Machine walk(geometry, launch);
  auto index = [](uint64_t) { return 0; };
  size_t count = 0;
  while (true) {
    uint32_t pc = walk.pc();
    isa::Word word = isa::encode(program.instructions[pc].instruction);
    std::string misfit = isa::misfit(program.instructions[pc].instruction);
    if (!misfit.empty())
      return "instruction " + std::to_string(pc) + ": " + misfit;
    sim::Machine::Step step = walk.step(word.data());
    if (step.kind == sim::Machine::Step::Kind::Halt)
      break;
    if (step.kind == sim::Machine::Step::Kind::Trap)
      return "trap " + std::string(isa::caseName(step.cause)) + " at " +
             std::to_string(pc) + ": " + step.detail;
    ++count;
    if (step.kind == sim::Machine::Step::Kind::Operation)
      for (const sim::Violation &v : shadow.check(step.operation, index))
        return sim::describe(v);
  }
  if (steps)
    *steps = count;
  return "";
}

} // namespace tilework::test
