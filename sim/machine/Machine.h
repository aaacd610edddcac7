// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sequencer's meaning: registers, loops and calls walked one instruction at
// a time. It resolves unit instructions to Operations and finds every trap. The
// functional engine executes what it returns; the SystemC sequencer times it.

#pragma once

#include "dialects/isa/Codec.h"
#include "sim/machine/Geometry.h"
#include "sim/machine/Operation.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tilework::sim {

/// Causes in order of priority.
using TrapCause = isa::Trap;

/// A range of DRAM that the loader bound: absolute base, size in bytes; size 0
/// is not bound.
struct Segment {
  uint64_t base = 0, size = 0;
};

/// What the loader writes before start.
struct Launch {
  uint64_t programBase = 0;      ///< absolute DRAM address of instruction 0
  uint32_t instructionCount = 0; ///< of the program
  uint32_t entry = 0;            ///< instruction index
  uint8_t core = 0;              ///< that runs it
  std::array<Segment, 64> segments{};
  std::array<uint32_t, 16> parameters{};
};

class Machine {
public:
  /// What one instruction did.
  struct Step {
    enum class Kind { Control, Operation, Halt, Trap } kind = Kind::Control;
    Operation operation;               ///< for Kind::Operation
    TrapCause cause = TrapCause::none; ///< for Kind::Trap
    std::string detail; ///< for Kind::Trap: which field, which figure
    uint32_t loopsEnded =
        0; ///< loop levels whose iteration ended behind this instruction
    bool jumped = false; ///< the next instruction is not the following one
  };

  Machine(const Geometry &geometry, const Launch &launch);

  /// Index of the next instruction.
  uint32_t pc() const { return nextPc; }
  uint16_t context() const { return callContext; }
  /// Active loops, those of the callers too.
  unsigned loopDepth() const { return static_cast<unsigned>(loops.size()); }
  /// True while pc() is inside the program; when not, step traps without
  /// looking at the bytes.
  bool fetchable() const { return nextPc < launch.instructionCount; }
  /// Executes the instruction at pc(), given its 32 bytes. After Halt or Trap
  /// the machine stays where it is.
  Step step(const uint8_t *bytes);

private:
  struct AddressRegister {
    bool set = false;
    isa::Space space = isa::Space::dram;
    uint8_t segment = 0;
    uint64_t value = 0; ///< modulo 2^40
    int32_t stride = 0, blockStride = 0;
    uint32_t wrap = 0;
    uint64_t limit = 0;
  };
  struct ExtentRegister {
    bool set = false;
    uint32_t tile = 0, total = 0, remaining = 0;
  };
  struct ScalarRegister {
    bool set = false;
    float value = 0;
  };
  struct Saved {
    uint8_t index = 0;
    uint64_t value = 0;
  };
  struct Loop {
    uint32_t start = 0, end = 0; ///< body is [start, end)
    bool byExtent = false;
    uint8_t extentIndex = 0;
    uint32_t tripsLeft = 0; ///< with the present one
    bool first = true;
    std::array<isa::OptionalExtent, 2> extents{};
    std::array<isa::Update, 6> updates{};
    std::array<uint64_t, 6> entryValues{};
  };
  struct Frame {
    uint32_t returnPc = 0;
    uint32_t loopDepth = 0; ///< of the caller
    uint16_t context = 0;   ///< of the caller
  };
  struct TrapSignal {
    TrapCause cause;
    std::string detail;
  };

#define UNIT_INSTRUCTION(Inst) void execute(const isa::Inst &inst, Step &step);
#define SEQUENCER_INSTRUCTION UNIT_INSTRUCTION
#include "dialects/isa/InstructionList.inc"

  template <typename Inst>
  void resolveTileCopy(const Inst &inst, Unit unit, Step &step);
  template <typename Inst> void dispatch(const Inst &inst, Step &step);
  void resolveWaits(const std::array<uint8_t, 4> &fields,
                    Operation &operation) const;

  void advance(AddressRegister &reg, int64_t step) const;
  void endIterations(Step &step);
  void resetExtents(const Loop &loop);

  const AddressRegister &address(unsigned index, isa::Space space,
                                 const char *field) const;
  uint32_t extent(const isa::Extent &operand, const char *field) const;
  float scalar(unsigned index, const char *field) const;
  /// Bounds of [start, start + span) against a register's region; `span` > 0.
  void checkRegion(const AddressRegister &reg, int64_t start, uint64_t span,
                   const char *field) const;
  [[noreturn]] static void trap(TrapCause cause, std::string detail);

  Geometry geometry;
  Launch launch;
  std::array<AddressRegister, 32> addresses;
  std::array<ExtentRegister, 16> extents;
  std::array<ScalarRegister, 16> scalars;
  std::vector<Loop> loops;
  std::vector<Frame> frames;
  std::array<uint32_t, kUnitCount> dispatched{};
  uint32_t nextPc = 0;
  uint16_t callContext = 0;
  bool stopped = false;
};

} // namespace tilework::sim
