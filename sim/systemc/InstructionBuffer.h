// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Timing of the instruction buffer, the sequencer's cache of program lines:
// the contract stands in the head of rtl/sequencer/tw_instruction_buffer.sv.

#pragma once

#include "sim/machine/Geometry.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tilework::sim {

class InstructionBuffer {
public:
  static constexpr unsigned kMaxInflight = 4; ///< lines under way
  /// `programBase` is the DRAM address of line 0; `fetch` outlives the buffer.
  InstructionBuffer(const Geometry &geometry, uint64_t programBase,
                    uint32_t instructionCount, MemoryPorts::Fetch &fetch);

  bool hit(uint32_t pc) const {
    uint32_t line = pc >> 2;
    const Slot &slot = slots[line & slotMask];
    return pc < count && slot.valid && slot.line == line;
  }
  /// Puts the standing request on the fetch client.
  void propose() {
    fetch.request = requested;
    fetch.address = requestAddress;
  }
  /// One cycle with the fetch address `pc`.
  void commit(Cycle now, uint32_t pc, bool hold);
  /// A beat of a line arrived in the cycle committed last.
  bool beat() const { return beatArrived; }
  /// The next cycle, ≥ `now`, in which the state can change while pc stays.
  Cycle nextEvent(Cycle now, uint32_t pc, bool hold) const;

private:
  static constexpr unsigned kPrefetchLines = 3;

  struct Slot {
    uint32_t line = 0;
    bool valid = false, pending = false;
  };
  struct Inflight {
    uint32_t slot = 0;
    bool granted = false;
    std::vector<uint64_t> beats;
    unsigned next = 0; ///< beat
  };
  struct Choice {
    bool putUp = false, windowStep = false, windowEnds = false, newLine = false;
    uint32_t line = 0;
  };
  Choice choose(uint32_t pc, bool granted) const;

  uint64_t programBase;
  uint32_t count, slotMask;
  MemoryPorts::Fetch &fetch;
  std::vector<Slot> slots;
  bool requested = false;
  uint64_t requestAddress = 0;
  std::array<Inflight, kMaxInflight> inflight;
  unsigned head = 0, level = 0, ungranted = 0; ///< ungranted: 0 or 1
  bool seen = false;
  uint32_t seenLine = 0, windowLine = 0;
  unsigned windowLeft = 0;
  bool beatArrived = false;
};

} // namespace tilework::sim
