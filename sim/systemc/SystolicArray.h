// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the systolic array does what: the timing contract in the head of
// rtl/systolic_array/tw_systolic_array.sv as plain state. A cycle costs the
// same whatever the size of the array: only the processes in front of the grid
// and the rows on their way to the accumulator are kept.

#pragma once

#include "sim/systemc/Accumulator.h"
#include "sim/systemc/Scratchpad.h"
#include "sim/systemc/TimingUnit.h"

#include <cstddef>
#include <deque>

namespace tilework::sim {

class SystolicArray : public DispatchedUnit {
public:
  SystolicArray(const Geometry &geometry, const RetireCounters &counters,
                RetireSink &sink, Scratchpad &scratchpad,
                Accumulator &accumulator);

  bool ready() const override { return queue.ready(); }
  void dispatch(const Operation &operation) override { queue.push(operation); }
  void propose(Cycle now) override;
  void commit(Cycle now) override;
  Cycle nextEvent(Cycle now) const override;
  void skip(Cycle now, Cycle to) override;
  Activity activity() const override { return lastActivity; }

private:
  /// Instructions between start and retire.
  static constexpr unsigned kInFlight = 16;
  /// Jobs between the front and the rows process.
  static constexpr unsigned kJobs = 2;

  struct Job {
    bool empty = true;
    MatmulOperation matmul;
    uint32_t depthBytes = 0;
  };

  /// A position in the walk over a job's blocks: columns outer, depth inner.
  struct Walk {
    bool active = false;
    Job job;
    uint32_t depthLeft = 0;   ///< bytes, from this K block on
    uint32_t columnsLeft = 0; ///< from this N block on
    uint32_t base = 0;        ///< scratchpad row of the block's first lane
    uint32_t lane = 0;        ///< first lane of the block, without the window
    uint32_t row = 0;         ///< scratchpad row due next
  };

  /// A row, or an empty instruction's end, on its way to the accumulator.
  struct Tag {
    Cycle read; ///< of the accumulator; the write is two cycles later
    uint32_t sumsRow;
    bool reads, writes, last;
  };

  struct Flight {
    Operation operation;
    Cycle start;
  };

  bool lastDepth(const Walk &walk) const {
    return walk.depthLeft <= 2 * geometry.rows;
  }
  bool lastColumns(const Walk &walk) const {
    return walk.columnsLeft <= geometry.columns;
  }
  /// The next block's share of the scratchpad: moves `lane` by `step` lanes.
  void moveLane(Walk &walk, const TileAddress &tile, uint32_t step) const;
  void nextExtents(Walk &walk) const;
  static void start(Walk &walk, const Job &job, const TileAddress &tile);

  bool rowDue() const {
    return rows.active && !rows.job.empty && (begun || full);
  }
  bool swapDue() const {
    return rows.active && !rows.job.empty && !begun && full;
  }
  bool waveDue() const { return weights.active && (!full || swapDue()); }
  bool waveEmpty() const;
  bool waveIsLast() const;
  bool canStart(bool weightsFree) const;

  void stepWave();
  void stepRow(Cycle now);
  /// What tags do in the cycles up to `now`: accesses to the accumulator, which
  /// are counted, and retires.
  void passTags(Cycle now);
  Activity classify(bool rowGranted, bool tokenPassed, bool waveRefused) const;

  const Geometry geometry;
  const RetireCounters &counters;
  RetireSink &sink;
  ScratchpadPort &activationsPort, &weightsPort, &sumsRead, &sumsWrite;

  OperationQueue queue;
  std::deque<Job> jobs;
  std::deque<Flight> flights;
  std::deque<Tag> tags;
  size_t tagsRead = 0; ///< of `tags`, from the front: have had their read

  // Weights process.
  Walk weights;
  uint32_t wave = 0, weightsOffset = 0;
  bool full = false; ///< the shadow registers hold a block that has not swapped

  // Rows process.
  Walk rows;
  bool begun = false; ///< the block has swapped
  bool adds = false;  ///< the block adds to the sums
  uint32_t rowsLeft = 0, sumsBase = 0, sumsRow = 0;

  Activity lastActivity = Activity::Empty;
};

} // namespace tilework::sim
