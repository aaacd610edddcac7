// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules to instructions: address registers, extents, scalars and hardware
// loops are chosen here; waits stay empty until the synchronisation fills them.
// Plain C++, so that it can be tested without MLIR.

#pragma once

#include "compiler/planning/Schedule.h"
#include "dialects/isa/Codec.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tilework {

/// Where a DRAM tensor stands.
struct Placement {
  int segment = 0;
  int64_t offset = 0; ///< bytes in the segment
  int64_t bytes = 0;
};

/// An instruction with its provenance.
struct LoweredInstruction {
  isa::Instruction instruction;
  int group = -1;  ///< index of the schedule
  int source = -1; ///< id of the graph op
};

struct LoweredProgram {
  std::vector<LoweredInstruction> instructions;
};

/// Appends schedules to one program.
class Lowering {
public:
  /// `placements` is indexed by DramTile::tensor.
  Lowering(const planning::Machine &machine,
           const std::vector<Placement> &placements)
      : machine(machine), placements(placements) {}

  /// Every allocated schedule lowers. Loops are unrolled while the code stays
  /// below a hundredth of the DRAM traffic of the group, since unrolled code
  /// waits exactly; otherwise they become hardware loops as far as registers
  /// allow.
  void append(const planning::Schedule &schedule, int group);
  LoweredProgram finish();

private:
  friend class ScheduleLowering;

  struct AddressKey {
    isa::Space space = isa::Space::dram;
    int segment = 0;
    int64_t value = 0, stride = 0, blockStride = 0, wrap = 0, limit = 0;
    bool operator==(const AddressKey &o) const {
      return space == o.space && segment == o.segment && value == o.value &&
             stride == o.stride && blockStride == o.blockStride &&
             wrap == o.wrap && limit == o.limit;
    }
  };
  struct AddressEntry {
    AddressKey key;
    bool valid = false;
    bool pinned = false; ///< in use by an open hardware loop
    uint64_t used = 0;
  };
  struct ExtentEntry {
    int64_t tile = 0, total = 0;
    bool valid = false, pinned = false;
    uint64_t used = 0;
  };
  struct ScalarEntry {
    uint32_t bits = 0;
    bool valid = false, pinned = false;
    uint64_t used = 0;
  };

  int addressRegister(const AddressKey &key, bool exclusive, bool pin,
                      LoweredProgram &into);
  int extentRegister(int64_t tile, int64_t total, bool exclusive, bool pin,
                     LoweredProgram &into);
  int scalarRegister(float value, bool pin, LoweredProgram &into);

  const planning::Machine &machine;
  const std::vector<Placement> &placements;
  LoweredProgram program;
  std::vector<AddressEntry> addresses =
      std::vector<AddressEntry>(isa::kAddressRegisters);
  std::vector<ExtentEntry> extents =
      std::vector<ExtentEntry>(isa::kExtentRegisters);
  std::vector<ScalarEntry> scalars =
      std::vector<ScalarEntry>(isa::kScalarRegisters);
  uint64_t clock = 0;
  int group = -1, source = -1;
};

} // namespace tilework
