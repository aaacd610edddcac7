// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One schedule to instructions, private to the lowering. Operands are resolved
// to *streams*: a register's content, how it moves in each hardware loop, and
// the offset that the instruction adds. Outside hardware loops a stream is a
// cached register; inside, all streams of the outermost loop are set before it
// and held.

#pragma once

#include "compiler/conversion/Lowering.h"

#include <algorithm>
#include <array>
#include <vector>

namespace tilework {

/// Lowers one schedule with a chosen set of loop depths as hardware loops.
class ScheduleLowering {
public:
  ScheduleLowering(Lowering &owner, const planning::Schedule &schedule,
                   unsigned rolled)
      : owner(owner), schedule(schedule), rolled(rolled) {
    matchEnds();
    turned.assign(schedule.buffers.size(), 0);
  }

  /// False when registers, updates or extents do not suffice for these hardware
  /// loops; `out` is then useless.
  bool run(LoweredProgram &out);

private:
  /// A register's content at the entry of the outermost hardware loop and its
  /// motion, by hardware loop level.
  struct Stream {
    Lowering::AddressKey key;
    std::array<int64_t, isa::kLoopDepth> motion{};
    int reg = -1;
    bool moves() const {
      return std::any_of(motion.begin(), motion.end(),
                         [](int64_t m) { return m != 0; });
    }
    bool operator==(const Stream &o) const {
      return key == o.key && motion == o.motion;
    }
  };
  struct LoopExtent {
    int64_t tile, total;
    int level; ///< hardware loop that advances it; -1: a number too large for
               ///< the field
    int reg = -1;
    bool operator==(const LoopExtent &o) const {
      return tile == o.tile && total == o.total && level == o.level;
    }
  };
  struct Open {
    int depth;          ///< loop depth in the schedule
    size_t instruction; ///< index of the loop instruction in the output
  };

  void matchEnds();
  bool range(size_t begin, size_t end, LoweredProgram &out);
  bool hardwareLoop(size_t begin, size_t end, LoweredProgram &out);
  bool emit(const planning::Step &step, LoweredProgram &out);
  bool isRolled(int depth) const { return rolled >> depth & 1; }
  int level(int depth) const {
    for (size_t l = 0; l < open.size(); ++l)
      if (open[l].depth == depth)
        return static_cast<int>(l);
    return -1;
  }

  /// Splits an affine expression into what is known now and what hardware loops
  /// add.
  int64_t split(const planning::Affine &affine,
                std::array<int64_t, isa::kLoopDepth> &motion) const;
  bool onChip(const planning::Tile &tile, int &reg, int64_t &offset,
              LoweredProgram &out, int64_t most);
  bool dram(const planning::Step &step, const planning::DramTile &tile,
            int &reg, int64_t &offset, LoweredProgram &out);
  bool stream(Stream wanted, int &reg, LoweredProgram &out);
  bool extent(const planning::Extent &extent, isa::Extent &operand,
              LoweredProgram &out);
  bool scalar(float value, uint8_t &reg, LoweredProgram &out);
  void accumulation(isa::Accumulate &mode, uint8_t &loop,
                    planning::Accumulate wanted, int depth) const;

  Lowering &owner;
  const planning::Schedule &schedule;
  unsigned rolled;
  std::vector<size_t> ends; ///< for a Loop step: index of its End
  std::array<int64_t, planning::kMaxDepth> iteration{}; ///< of unrolled loops
  std::array<int64_t, planning::kMaxDepth> trips{};     ///< of open loops
  int depth = 0;               ///< open loops of the schedule
  std::vector<int64_t> turned; ///< turns since the start or the enclosing
                               ///< hardware loop's iteration
  std::vector<Open> open;      ///< hardware loops
  bool collecting = false;     ///< inside a hardware loop, first pass
  std::vector<Stream> streams;
  std::vector<LoopExtent> loopExtents;
  std::vector<float> loopScalars;
};

} // namespace tilework
