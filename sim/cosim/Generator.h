// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of the program generator share: ProgramGenerator.cpp draws
// memory and the tree of loops and routines, GenerateOperands.cpp registers,
// GenerateInstructions.cpp unit instructions over them, GenerateTraps.cpp
// endings. Legality is established afterwards by walking (TestProgram.h), so
// what is drawn may be wrong now and then.

#pragma once

#include "sim/cosim/ProgramGenerator.h"
#include "sim/cosim/Random.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tilework::sim {

using Nodes = std::vector<ProgramNode>;

template <typename Inst> void add(Nodes &nodes, const Inst &inst) {
  ProgramNode node;
  node.instruction = inst;
  nodes.push_back(std::move(node));
}

class Generator {
public:
  Generator(const Geometry &geometry, uint64_t seed,
            const GeneratorOptions &options)
      : geometry(geometry), options(options), random(seed) {
    program.seed = seed;
  }

  TestProgram run();

private:
  /// Rows of the scratchpad or the accumulator that every program writes first.
  struct Region {
    uint32_t begin = 0, size = 0;
  };
  /// A register and what the instruction adds to it.
  struct Operand {
    uint8_t reg = 0;
    int64_t offset = 0;
  };
  struct ExtentRegister {
    uint8_t reg = 0;
    uint32_t tile = 0; ///< the most that it reads
  };
  struct Dimension {
    uint32_t size = 0; ///< what operands make room for
    isa::Extent extent;
  };
  struct LoopScope {
    isa::Loop instruction;
    uint32_t trips = 1; ///< what operands make room for: at least 1
    unsigned updates = 0;
    Nodes before; ///< goes in front of the loop: registers that it moves
  };
  /// The loops and calls around what is drawn.
  struct Nest {
    std::vector<LoopScope> loops; ///< outermost first, those of callers too
    std::vector<ExtentRegister> extents;
    unsigned calls = 0;
    unsigned loopGoal = 0, callGoal = 0; ///< how deep it should go
    size_t deepestLoop = 0;              ///< loops that were ever active
    unsigned deepestCall = 0;            ///< calls that were ever active

    uint32_t repeats() const {
      uint32_t count = 1;
      for (const LoopScope &loop : loops)
        count *= loop.trips;
      return count;
    }
  };
  /// Where one instruction is drawn: its registers are set in front of loop
  /// `home` of the nest, or in front of the instruction itself when home is the
  /// depth of the nest, and the loops from there on may move them.
  struct Site {
    Nest &nest;
    Nodes &body;
    size_t home;

    Nodes &sets() const {
      return home < nest.loops.size() ? nest.loops[home].before : body;
    }
    /// The same place for a register that nothing moves.
    Site still() const { return {nest, body, nest.loops.size()}; }
  };
  struct Routine {
    size_t index = 0;         ///< into TestProgram::routines
    size_t loops = 0;         ///< active where it was drawn
    size_t deepestLoop = 0;   ///< loops that it adds
    unsigned deepestCall = 0; ///< calls that it adds, its own included
  };

  // Memory and structure.
  void drawMemory();
  void drawRegions();
  void prologue(Nodes &out);
  void group(Nodes &out);
  void block(Nodes &out, Nest &nest);
  void loop(Nodes &out, Nest &nest);
  void call(Nodes &out, Nest &nest);
  void epilogue(Nodes &out);
  void storeSums(Nodes &out, const Region &region);
  void storeRows(Nodes &out, const Region &region);

  // Endings: what is to trap and what leads to it.
  void trapEnding(Nodes &out);
  Nodes wrongFetch();
  Nodes wrongInstruction();
  Nodes wrongRegister();
  Nodes wrongNesting();
  Nodes wrongShape();
  Nodes wrongBounds();
  Nodes mutated();

  // Unit instructions.
  void unitInstruction(const Site &site);
  template <typename Inst> void instruction(const Site &site);
  /// Draws the fields, waits aside.
#define UNIT_INSTRUCTION(Inst) void fill(isa::Inst &inst, const Site &site);
#include "dialects/isa/InstructionList.inc"
  void fullQueue(const Site &site);
  template <typename Inst>
  void tileCopy(Inst &inst, unsigned segment, const Site &site);
  void drawStages(isa::Vector &inst);
  isa::VectorType drawType(bool alongRows);
  template <typename Inst> void randomWaits(Inst &inst);

  // Operands.
  /// A tile of rows × blocks in `space`; `align`: start and block stride are
  /// multiples of it; `unitStride`: its rows follow each other.
  Operand tile(isa::Space space, uint32_t rows, uint32_t blocks,
               uint32_t maxOffset, bool unitStride, uint32_t align,
               const Site &site);
  /// outer × rows × rowBytes in a segment.
  Operand dram(unsigned segment, uint32_t outer, uint32_t rows,
               uint32_t rowBytes, const Site &site);
  /// A dram register that points to `value`, or as far off as its offset says.
  Operand dramRegister(isa::SetAddress set, uint64_t start, const Site &site);
  /// Has the loops of the site move `reg` in steps of about `step`, multiples
  /// of `align`, and takes what they need from `room`. Returns how far below
  /// its start the register goes.
  uint64_t moves(uint8_t reg, uint64_t step, uint64_t align, uint64_t &room,
                 const Site &site);
  void update(LoopScope &loop, uint8_t reg, int64_t step);
  /// A size of 0 to `limit` as a number or an extent register.
  Dimension dimension(uint32_t limit, const Site &site);
  Dimension fixed(uint32_t size) const {
    return {size, isa::Extent::number(static_cast<uint16_t>(size))};
  }
  /// Sets an extent register that a loop empties in about `trips` iterations,
  /// never more than `limit`; returns the iterations and the register.
  std::pair<uint32_t, ExtentRegister>
  extentRegister(uint32_t trips, uint32_t limit, Nodes &sets);
  uint8_t setTile(Nodes &out, isa::Space space, const Region &region,
                  int32_t blockStride);

  /// What makes floating point hard: signed zeros, subnormals, the largest and
  /// the smallest normal numbers, infinities and NaN; or any bits at all.
  uint32_t hardBits();
  /// A value for a scalar register; `usual` except in a program with hard ones.
  float scalar(float usual);
  uint32_t small(uint32_t limit) {
    return random.chance(0.06) ? 0 : 1 + random.below(limit);
  }
  uint8_t freshAddress() {
    return nextAddress = (nextAddress + 1) % isa::kAddressRegisters;
  }
  const TestSegment &segment(unsigned number) const {
    return *std::find_if(
        program.segments.begin(), program.segments.end(),
        [&](const TestSegment &other) { return other.segment == number; });
  }
  /// One case of an enumeration of the instruction set, by its name there.
  template <typename Case> Case draw(const char *enumeration) {
    const isa::EnumerationInfo &info = enumerationOf(enumeration);
    return static_cast<Case>(info.cases[random.below(info.caseCount)].value);
  }
  static const isa::EnumerationInfo &enumerationOf(const std::string &name);

  const Geometry geometry;
  const GeneratorOptions options;
  Random random;
  TestProgram program;
  std::vector<Region> scratchpad, accumulator;
  std::vector<Routine> routines; ///< complete ones
  unsigned dataSegment = 0, resultSegment = 0, indexSegment = 0;
  uint64_t resultEnd =
      0; ///< bytes of the result segment that the epilogue uses
  uint8_t nextAddress = 0, nextExtent = 0;
  uint32_t statisticsBlocks = 1;
  bool special = false; ///< data and scalars are hard now and then
};

} // namespace tilework::sim
