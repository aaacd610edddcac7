// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier's own walk: registers, loops and calls, and the rules that one
// instruction must keep alone.

#pragma once

#include "compiler/verifier/Access.h"
#include "compiler/verifier/Verifier.h"

#include <optional>

namespace tilework::verifier {

/// A unit instruction as the walk meets it.
struct Met {
  uint32_t pc = 0;
  uint16_t context = 0;
  uint8_t unit = 0;
  std::array<uint8_t, kUnits> waits{}; ///< fields as encoded
  std::vector<Run> runs;               ///< reads before writes

  /// The runs from `first` on are reads that the instruction may write over.
  void mayOverwrite(size_t first) {
    for (size_t i = first; i < runs.size(); ++i)
      runs[i].inPlace = true;
  }
};

class Walk {
public:
  Walk(const Program &program, const Limits &limits,
       const std::array<uint32_t, 16> &parameters)
      : program(program), limits(limits), parameters(parameters),
        decoded(program.text.size()) {}

  enum class Next { Met, Halt, Wrong };
  /// Goes on to the next unit instruction. Wrong: `error` says what; the walk
  /// is over.
  Next next(Met &met, std::string &error);

private:
  struct Address {
    bool set = false;
    isa::Space space = isa::Space::dram;
    unsigned segment = 0;
    int64_t value = 0, stride = 0, block = 0, wrap = 0, limit = 0;
  };
  struct Size {
    bool set = false;
    uint64_t tile = 0, total = 0, left = 0;
  };
  struct Loop {
    uint32_t first, last; ///< instructions of the body
    uint64_t left;
    bool firstIteration = true;
    bool byExtent = false;
    unsigned extent = 0;
    std::vector<unsigned> extents;
    std::vector<std::pair<unsigned, int64_t>> updates;
    std::vector<int64_t> entry;
    size_t calls;
  };
  struct Return {
    uint32_t pc;
    uint16_t context;
    size_t loops;
  };
  struct Wrong {
    std::string what;
  };

  [[noreturn]] static void wrong(std::string what) {
    throw Wrong{std::move(what)};
  }
  const isa::Instruction &instruction();
  /// Carries the instruction out; true for one of a unit, which fills `met`.
  bool meet(const isa::Instruction &instruction, Met &met);
#define UNIT_INSTRUCTION(Inst) void touch(const isa::Inst &inst, Met &met);
#define SEQUENCER_INSTRUCTION(Inst) void control(const isa::Inst &inst);
#include "dialects/isa/InstructionList.inc"
  void endIterations();
  void advance(Address &address, int64_t by);
  const Address &address(unsigned index, isa::Space space) const;
  uint64_t size(const isa::Extent &extent) const;
  void tile(Met &met, bool write, unsigned index, isa::Space space,
            uint64_t offset, uint64_t firstByte, uint64_t rows, uint64_t bytes,
            uint64_t rowBytes, uint64_t rowShift = 0);
  void dram(Met &met, bool write, unsigned index, int64_t offset,
            uint64_t outer, uint64_t rows, uint64_t bytes);
  void column(Met &met, unsigned index, uint64_t offset, uint64_t elements);
  void statistic(Met &met, bool write, unsigned which, uint64_t base,
                 uint64_t entries);
  template <typename Inst> void copy(const Inst &inst, bool load, Met &met);

  uint64_t lanes() const { return limits.lanes(); }

  const Program &program;
  const Limits &limits;
  std::array<uint32_t, 16> parameters;
  /// What the walk has met: loops and calls come back to it.
  std::vector<std::optional<isa::Instruction>> decoded;
  std::array<Address, isa::kAddressRegisters> addresses;
  std::array<Size, isa::kExtentRegisters> sizes;
  std::array<bool, isa::kScalarRegisters> scalars{};
  std::vector<Loop> loops;
  std::vector<Return> returns;
  uint32_t pc = 0;
  uint16_t context = 0;
  bool started = false, halted = false;
};

} // namespace tilework::verifier
