// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Timing of the load DMA (rtl/dma/tw_load_dma.sv and its parts): the request
// side asks the memory ports for bursts, the row side turns arrived words into
// scratchpad rows. State has the names and meanings of the RTL's.

#pragma once

#include "sim/systemc/Dma.h"
#include "sim/systemc/MemoryPort.h"
#include "sim/systemc/TimingUnit.h"

#include <array>
#include <deque>
#include <vector>

namespace tilework::sim {

class DramImage;

class LoadDma : public DispatchedUnit {
public:
  /// `rows` is scratchpad client 0; `image` holds the index lists of gathers.
  /// All outlive the unit.
  LoadDma(const Geometry &geometry, const RetireCounters &counters,
          RetireSink &sink, MemoryPorts &memory, ScratchpadPort &rows,
          const DramImage &image);

  bool ready() const override { return queue.ready(); }
  void dispatch(const Operation &operation) override { queue.push(operation); }
  Activity activity() const override { return lastActivity; }
  void propose(Cycle now) override;
  void commit(Cycle now) override;
  Cycle nextEvent(Cycle now) const override;
  /// Time stamps carry all that happens between events.
  void skip(Cycle, Cycle) override {}

  /// Sticky: an index was out of range.
  bool gatherIndexError() const { return indexError; }

private:
  enum class Request : uint8_t { Idle, Slice, Runs, Burst, Choose, Row };
  enum class Drain : uint8_t { Idle, Copy, Choose, List, Mark };
  enum class TokenKind : uint8_t { Mark, Row, Index };

  /// One port as the unit sees it.
  struct Port {
    uint32_t freeWords = 0;
    std::deque<Cycle>
        words; ///< first cycle in which each reserved word can be taken
    std::deque<Cycle>
        bursts; ///< cycle of the last beat of each burst in the table
  };
  /// Counts of a gather, kept alike by both sides: lists of indices and chunks
  /// of rows alternate, one list ahead.
  struct GatherCounts {
    uint32_t indexLeft = 0, rowLeft = 0, chunkLeft = 0;
    uint64_t indexAddress = 0;
    bool listNext() const {
      return indexLeft != 0 && rowLeft - indexLeft <= DmaShape::kIndexCount;
    }
    void start(const DmaOperation &dma);
  };
  struct Entry {
    bool outside = false;
    uint64_t address = 0;
  };
  static constexpr unsigned kRing = 2 * DmaShape::kIndexCount;
  static constexpr unsigned kSlots = 8; ///< jobs between pop and retire: two
                                        ///< sides, the row register, kJobDepth

  DmaJob &slot(uint32_t id) { return jobs[id % kSlots]; }
  void prepareBurst(Cycle now);
  void commitRequest(Cycle now);
  void takeGrant();
  void nextRun();
  void rowRequested();
  void commitDrain(Cycle now, bool jobValid);
  void describeFragment();
  bool wordReady(uint32_t port, Cycle now) const {
    return !ports[port].words.empty() && ports[port].words.front() <= now;
  }
  void takeWord(uint32_t port) {
    ports[port].words.pop_front();
    ++ports[port].freeWords;
  }
  void resolveIndex();

  DmaShape shape;
  const RetireCounters &counters;
  RetireSink &sink;
  MemoryPorts &memory;
  ScratchpadPort &scratchpad;
  const DramImage &image;
  OperationQueue queue;
  std::vector<Port> ports;
  std::array<DmaJob, kSlots> jobs;

  // Numbers of jobs: the request side's own (or the next), and those from
  // takenJobs up to pushedJobs are between the sides. The row side's own is
  // takenJobs − 1.
  uint32_t requestJob = 0, pushedJobs = 0, takenJobs = 0;

  Request requestState = Request::Idle;
  uint64_t burstAddress = 0, runAddress = 0, sliceAddress = 0, left = 0,
           runBytes = 0;
  uint32_t inner = 0, innerLeft = 0, requestOuterLeft = 0;
  bool listing = false;
  GatherCounts requestGather;
  uint32_t burstPort = 0;
  uint64_t burstBytes = 0;
  bool fits = false, granted = false;

  // Row side.
  Drain drainState = Drain::Idle;
  DmaWalk walk;
  GatherCounts drainGather;
  bool holdValid = false;
  bool moved = false, starved = false;
  struct Fragment {
    uint64_t address = 0, end = 0; ///< first and last byte
    uint32_t length = 0, lowPort = 0, highPort = 0;
    bool known = false, outside = false, crossing = false, runEnd = false;
  } fragment;
  bool fragmentValid = false; ///< `fragment` describes the next step

  // Row register.
  struct Token {
    bool valid = false, last = false;
    TokenKind kind = TokenKind::Mark;
    uint32_t row = 0, job = 0;
    uint64_t indexAddress = 0;
  } token;

  // Ring of resolved indices.
  std::array<Entry, kRing> ring;
  uint32_t resolved = 0, requested = 0, drained = 0;
  bool indexError = false;

  Activity lastActivity = Activity::Empty;
};

} // namespace tilework::sim
