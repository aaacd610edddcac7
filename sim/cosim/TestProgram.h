// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program for co-simulation as a tree of loops and routines, with the memory
// that it runs on. The tree can be edited (instructions dropped, waits set) and
// made legal again, which generation and shrinking both rest on.

#pragma once

#include "dialects/isa/Codec.h"
#include "sim/machine/Machine.h"
#include "sim/memory/DramImage.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tilework::sim {

struct ProgramNode {
  isa::Instruction instruction; ///< loop and call: length and target are filled
                                ///< in by flatten
  bool raw = false; ///< `word` stands for the instruction: encodings that no
                    ///< instruction has
  isa::Word word{};
  std::vector<ProgramNode> body; ///< of a loop
  int routine = -1;   ///< of a call: index into TestProgram::routines
  bool traps = false; ///< meant to trap: legalise keeps it
};

/// Bytes of DRAM given before the run, bound to a segment.
struct TestSegment {
  unsigned segment = 0;
  uint64_t base = 0, size = 0;
  std::vector<uint8_t>
      bytes; ///< written by the loader; empty: nothing wrote it
};

struct TestProgram {
  uint64_t seed = 0;
  std::vector<ProgramNode>
      main; ///< ends with halt, unless it is to run past its end
  std::vector<std::vector<ProgramNode>> routines;
  std::vector<TestSegment> segments;
  std::array<uint32_t, 16> parameters{};
  uint64_t programBase = 0, dramBytes = 0;

  struct Flat {
    std::vector<isa::Word> words;
    std::vector<ProgramNode *> nodes; ///< the node of each word; null for the
                                      ///< return that closes a routine
  };
  Flat flatten();
  /// Number of instructions in the tree.
  size_t size() const;
  Launch launch(uint32_t instructionCount) const;
  /// Memory before the run: program and segments.
  DramImage image(const std::vector<isa::Word> &words) const;
};

/// What a walk of a program in program order found.
struct Walk {
  uint64_t operations = 0;
  TrapCause trap = TrapCause::none;
  uint32_t trapPc = 0;
  std::string problem; ///< empty: the program is legal
};

/// Sets the waits that the program needs and drops instructions that read what
/// nothing wrote, overlap themselves or trap unasked, until the program is
/// legal. False if that takes more than `limit` operations.
bool legalise(TestProgram &program, const Geometry &geometry, uint64_t limit);

/// Walks without changing anything.
Walk walk(TestProgram &program, const Geometry &geometry, uint64_t limit);

} // namespace tilework::sim
