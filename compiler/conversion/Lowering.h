// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules to instructions: address registers, extents, scalars and hardware
// loops are chosen here; waits stay empty until the synchronisation fills them.
// Plain C++, so that it can be tested without MLIR.

#pragma once

#include "compiler/planning/Repeats.h"
#include "dialects/isa/Codec.h"

#include <cstdint>
#include <map>
#include <optional>
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
  int group = -1;   ///< index of the schedule
  int source = -1;  ///< id of the graph op; in a routine that of its first call
  int primary = -1; ///< its position in the schedule's sources
};

/// Code that stands once for all iterations of a repeat. In call n an
/// instruction works for schedule group + n × repeat.period.
struct LoweredRoutine {
  std::string name;
  size_t begin = 0, end = 0; ///< instruction indices
  planning::Repeat repeat;
  uint16_t firstContext = 1; ///< call n has context firstContext + n
};

struct LoweredProgram {
  std::vector<LoweredInstruction> instructions;
  std::vector<LoweredRoutine> routines; ///< behind the halt, in order
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
  /// The schedules of a repeat as one routine and its calls, or one after the
  /// other where that is not shorter or registers do not suffice.
  void append(const std::vector<planning::Schedule> &schedules,
              const planning::Repeat &repeat, const std::string &name);
  /// Ends the program; call once.
  LoweredProgram finish();

private:
  friend class ScheduleLowering;

  struct AddressKey {
    isa::Space space = isa::Space::dram;
    int segment = 0;
    int64_t value = 0, stride = 0, blockStride = 0, wrap = 0, limit = 0;
    int base = -1; ///< in a routine: register that `value` counts from
    bool operator==(const AddressKey &o) const {
      return space == o.space && segment == o.segment && value == o.value &&
             stride == o.stride && blockStride == o.blockStride &&
             wrap == o.wrap && limit == o.limit && base == o.base;
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

  struct Registers {
    std::vector<AddressEntry> addresses =
        std::vector<AddressEntry>(isa::kAddressRegisters);
    std::vector<ExtentEntry> extents =
        std::vector<ExtentEntry>(isa::kExtentRegisters);
    std::vector<ScalarEntry> scalars =
        std::vector<ScalarEntry>(isa::kScalarRegisters);
  };

  /// DRAM tensors that move from call to call by one distance.
  struct Region {
    std::vector<Placement> places; ///< by call: where they begin and all bytes
  };
  /// A register that holds a region's begin during the routine.
  struct Base {
    size_t region = 0;
    int64_t stride = 0, blockStride = 0;
    int reg = -1;
  };
  struct InRegion {
    size_t region = 0;
    int64_t distance = 0; ///< bytes from the region's begin
  };
  /// Strides of a DRAM operand; those that do not count are absent.
  struct Strides {
    std::optional<int64_t> stride, blockStride;
  };

  bool makeRoutine(const std::vector<planning::Schedule> &schedules,
                   const planning::Repeat &repeat, LoweredProgram &body);
  void findRegions(const std::vector<planning::Schedule> &schedules,
                   const planning::Repeat &repeat);
  bool findBases(const std::vector<planning::Schedule> &schedules,
                 const planning::Repeat &repeat);
  static Strides stridesOf(const planning::Step &step,
                           const planning::DramTile &tile);
  /// The base register of an operand of the current group; null where the
  /// tensor stands still.
  const Base *baseOf(int tensor, const Strides &strides,
                     int64_t &distance) const;
  AddressKey keyOf(const Base &base, size_t call) const;
  bool lower(const planning::Schedule &schedule, int index,
             LoweredProgram &into);
  void setAddress(int index, const AddressKey &key, LoweredProgram &into);
  int addressRegister(const AddressKey &key, bool exclusive, bool pin,
                      LoweredProgram &into);
  int extentRegister(int64_t tile, int64_t total, bool exclusive, bool pin,
                     LoweredProgram &into);
  int scalarRegister(float value, bool pin, LoweredProgram &into);

  const planning::Machine &machine;
  const std::vector<Placement> &placements;
  LoweredProgram program;
  std::vector<LoweredProgram> bodies; ///< of the routines
  Registers registers;
  // Of the routine in the making.
  std::vector<Region> regions;
  std::vector<Base> bases;
  std::map<std::pair<int, int>, InRegion> moving; ///< by (group, tensor)
  uint16_t nextContext = 1;
  uint64_t clock = 0;
  int group = -1, source = -1, primary = -1;
};

} // namespace tilework
