// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the vector unit does what: the timing contract in the head of
// rtl/vector_unit/tw_vector_unit.sv as plain state. An item, the elements of
// one row and chunk, is a time stamp in the result queue; lanes do not exist.

#pragma once

#include "sim/systemc/Accumulator.h"
#include "sim/systemc/Scratchpad.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <cstddef>
#include <deque>

namespace tilework::sim {

class VectorUnit : public DispatchedUnit {
public:
  VectorUnit(const Geometry &geometry, const RetireCounters &counters,
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
  // The numbers of rtl/vector_unit/tw_vector_pkg.sv.
  static constexpr unsigned kCredits = 32;
  static constexpr unsigned kResultLatency = 16;    ///< issue to result queue
  static constexpr unsigned kStatisticLatency = 18; ///< and log2(lanes)

  /// Which memory an operand or a result is in.
  enum class Place : uint8_t { None, Scratchpad, Accumulator };

  struct Walk {
    Place place = Place::None;
    uint32_t block = 0, row = 0; ///< row 0 of the chunk, present row
    uint32_t element = 0;        ///< of the row, where the chunk begins
    uint32_t rowElements = 0;
    int32_t stride = 0, blockStride = 0;

    void start(const TileAddress &tile, isa::VectorType type,
               const Geometry &geometry);
    void nextRow();
    void nextChunk(uint32_t lanes);
  };

  struct Next {
    bool valid = false, loaded = false;
    Operation operation;
    Cycle start = 0;
  };

  struct Work {
    bool valid = false, empty = false;
    bool reduces = false, along = false, columns = false;
    bool firstItem = false, firstRow = false;
    bool sourceHeld = false, elementHeld = false;
    uint32_t rows = 0, rowsLeft = 0, elementsLeft = 0;
    Walk source, element, destination;
    Operation operation;
    Cycle start = 0;
  };

  /// The reader of column operands.
  struct Columns {
    bool active = false;
    unsigned staged = 0;
    uint8_t used = 0, pending = 0; ///< a bit an operand
    uint32_t element = 0, elementsLeft = 0;
    std::array<uint32_t, 3> row{};
    std::array<int32_t, 3> blockStride{};

    unsigned number() const { return pending & 1 ? 0 : pending & 2 ? 1 : 2; }
  };

  struct Item {
    Cycle ready; ///< first cycle at the head of the queue
    uint32_t bank;
    Place place;
    bool last;
  };

  struct Flight {
    Operation operation;
    Cycle start;
    bool reduces, along;
  };

  static uint8_t columnsUsed(const VectorOperation &operation);
  static bool isEmpty(const Operation &operation);
  bool lastItem() const {
    return work.empty ||
           (work.rowsLeft == 1 && work.elementsLeft <= geometry.vectorLanes);
  }
  bool mayIssue() const;
  bool columnsAsk() const { return columns.active && columns.staged < 2; }
  bool columnsLoad() const {
    return next.valid && !next.loaded && !columns.active &&
           !isEmpty(next.operation) && columnsUsed(next.operation.vector) != 0;
  }
  bool headWaits() const {
    return !queue.empty() && !next.valid && !counters.satisfied(queue.front());
  }
  uint32_t scratchpadBank(uint32_t row) const {
    return row / geometry.scratchpadRowsPerBank();
  }
  uint32_t bankOf(const Walk &walk) const {
    return walk.place == Place::Accumulator ? accumulator.bank(walk.row)
                                            : scratchpadBank(walk.row);
  }
  Activity stillActivity() const;
  void askFor(const Walk &walk, bool wanted, ScratchpadPort &row,
              ScratchpadPort &sum) const;
  void issueItem(Cycle now);
  /// Counts what the item that issues takes on its way.
  void countItem();
  void loadColumns();
  void grantColumns();
  void startWork();

  const Geometry geometry;
  const RetireCounters &counters;
  RetireSink &sink;
  Accumulator &accumulator;
  ScratchpadPort &source, &element, &columnsPort, &result;
  ScratchpadPort &sumSource, &sumElement, &sumResult;
  unsigned treeLevels = 0;

  OperationQueue queue;
  Next next;
  Work work;
  Columns columns;
  std::deque<Item> items;            ///< between issue and write, in order
  std::deque<Flight> flights;        ///< behind their last issue, in order
  unsigned reducing = 0, alongs = 0; ///< instructions behind their first issue
  bool issuedBefore = false;         ///< in the cycle before
  Activity lastActivity = Activity::Empty;
};

} // namespace tilework::sim
