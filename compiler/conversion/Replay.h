// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks a program that the lowering made, registers and loops included, and
// names what each unit instruction touches. The synchronisation is computed
// from this walk. The verifier has a walk of its own.

#pragma once

#include "compiler/conversion/Lowering.h"

#include <array>
#include <functional>
#include <vector>

namespace tilework {

/// A half-open range of rows (scratchpad, accumulator), entries (statistics) or
/// bytes (DRAM).
struct TouchedRange {
  enum class Memory : uint8_t { Scratchpad, Accumulator, Statistics, Dram };
  Memory memory;
  bool write;
  uint64_t begin,
      end; ///< DRAM: segment << 44 | byte; statistics: vector × rows + entry
};

class Replay {
public:
  Replay(const planning::Machine &machine, const LoweredProgram &program)
      : machine(machine), program(program) {}

  struct Event {
    size_t pc;
    int unit;
    const std::vector<TouchedRange> *ranges;
  };
  struct Handlers {
    std::function<void(const Event &)> dispatch;
    /// Entry of a loop that no other loop encloses; its instruction's index.
    std::function<void(size_t)> enterOutermost;
    std::function<void()> leaveOutermost;
    /// Call by the main program; its instruction's index. The return from it.
    std::function<void(size_t)> enterCall;
    std::function<void()> leaveCall;
  };

  /// Calls the handlers in program order until halt; once. `parameters` are the
  /// launch parameters. False with `error` set where the program does something
  /// that the lowering never makes.
  bool run(const Handlers &handlers, const std::array<uint32_t, 16> &parameters,
           std::string &error);

private:
  struct Register {
    isa::Space space = isa::Space::dram;
    int segment = 0;
    int64_t value = 0, stride = 0, blockStride = 0, wrap = 0, limit = 0;
  };
  struct ExtentState {
    int64_t tile = 1, total = 0, remaining = 0;
  };
  struct OpenLoop {
    size_t begin, end;
    int64_t left;
    bool first = true;
    int extentIndex = -1;
    std::array<isa::OptionalExtent, 2> extents;
    std::array<isa::Update, 6> updates;
    std::array<int64_t, 6> entry;
  };

  void step(Register &reg, int64_t by) const;
  int64_t value(const isa::Extent &extent) const;
  void rows(TouchedRange::Memory memory, bool write, int64_t start,
            int64_t count, int64_t stride);
  void tile(bool write, unsigned reg, int64_t offset, int64_t first,
            int64_t count, int64_t elements, int64_t perRow);
  void dram(bool write, unsigned reg, int64_t offset, int64_t outer,
            int64_t count, int64_t bytes);
  void visit(const isa::Instruction &instruction);
  template <typename Inst> void copy(const Inst &inst, bool toChip);
#define UNIT_INSTRUCTION(Inst) void touch(const isa::Inst &inst);
#define SEQUENCER_INSTRUCTION(Inst) void control(const isa::Inst &inst);
#include "dialects/isa/InstructionList.inc"
  void reset(const OpenLoop &loop);
  void endIterations();

  const planning::Machine &machine;
  const LoweredProgram &program;
  std::array<Register, isa::kAddressRegisters> registers{};
  std::array<ExtentState, isa::kExtentRegisters> extents{};
  std::vector<OpenLoop> loops;
  std::vector<size_t> calls; ///< where each goes on
  std::vector<TouchedRange> ranges;
  // Of the run.
  const Handlers *handlers = nullptr;
  const std::array<uint32_t, 16> *parameters = nullptr;
  size_t pc = 0, next = 0;
  bool halted = false;
  std::string problem;
};

} // namespace tilework
