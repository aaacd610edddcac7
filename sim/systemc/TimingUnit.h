// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a hardware block offers the cycle model: plain state, advanced cycle by
// cycle (step) or, between events, in closed form (skip). The engine calls
// propose on all units, arbitrates, then commits on all units; the order of
// units does not matter.

#pragma once

#include "sim/machine/Operation.h"
#include "sim/stats/RetireRecord.h"

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace tilework::sim {

using Cycle = uint64_t;
constexpr Cycle kNever = std::numeric_limits<Cycle>::max();

/// One client of the scratchpad arbiter.
struct ScratchpadPort {
  bool request = false; ///< set in propose
  uint32_t bank = 0;    ///< set in propose
  bool granted = false; ///< set by the arbiter
};

/// Retire counts as waiters see them: a retire in cycle t is counted from t + 1
/// on.
class RetireCounters {
public:
  void retire(Unit unit) { ++next[static_cast<unsigned>(unit)]; }
  void endCycle() { current = next; }
  uint32_t count(Unit unit) const {
    return current[static_cast<unsigned>(unit)];
  }
  /// The first unit whose retires `operation` still waits for; kUnitCount when
  /// there is none.
  unsigned blockedBy(const Operation &operation) const {
    for (unsigned u = 0; u < kUnitCount; ++u)
      if (operation.waits[u].valid &&
          static_cast<int32_t>(current[u] - operation.waits[u].count) < 0)
        return u;
    return kUnitCount;
  }
  bool satisfied(const Operation &operation) const {
    return blockedBy(operation) == kUnitCount;
  }

private:
  std::array<uint32_t, kUnitCount> current{}, next{};
};

/// A unit's instruction queue with registered ready: what leaves or enters in
/// cycle t shows from t + 1 on.
class OperationQueue {
public:
  explicit OperationQueue(unsigned depth) : depth(depth) {}
  bool ready() const { return visible < depth; }
  bool empty() const { return visible == 0; }
  const Operation &front() const { return entries.front(); }
  void push(Operation operation) { entries.push_back(std::move(operation)); }
  Operation pop() {
    Operation operation = std::move(entries.front());
    entries.pop_front();
    ++popped;
    return operation;
  }
  /// At most one pop a cycle: after it the queue shows empty to its unit until
  /// the cycle ends.
  void endCycle() {
    visible = static_cast<unsigned>(entries.size());
    popped = 0;
  }

private:
  unsigned depth, visible = 0, popped = 0;
  std::deque<Operation> entries;
};

using events::Activity;
using events::Counter;
using events::kActivityCount;
using events::kCounterCount;

/// The cause for a head that waits for `unit`.
inline Activity waitActivity(unsigned unit) {
  return static_cast<Activity>(static_cast<unsigned>(Activity::WaitLoad) +
                               unit);
}

/// Where blocks report what the counters of Events.td add up.
class CounterSink {
public:
  void count(Counter counter, uint64_t amount) {
    sums[static_cast<unsigned>(counter)] += amount;
  }
  const std::array<uint64_t, kCounterCount> &counted() const { return sums; }

private:
  std::array<uint64_t, kCounterCount> sums{};
};

/// Where units report their retires; it counts them (RetireCounters), records
/// them and computes values.
class RetireSink : public CounterSink {
public:
  virtual ~RetireSink() = default;
  /// In the commit of cycle `end`, at most once a cycle and unit. `bytes`: DRAM
  /// bytes moved.
  virtual void retire(const Operation &operation, Cycle start, Cycle end,
                      uint64_t bytes) = 0;
};

class TimingUnit {
public:
  virtual ~TimingUnit() = default;
  /// Sets this unit's requests for cycle `now` from its state alone.
  virtual void propose(Cycle now) = 0;
  /// Takes the grants of cycle `now` and computes the next state; retires at
  /// most one instruction.
  virtual void commit(Cycle now) = 0;
  /// The next cycle, ≥ `now`, at which state can change without new input;
  /// kNever when only input can change it.
  virtual Cycle nextEvent(Cycle now) const = 0;
  /// Advances the state from `now` to `to` in closed form; legal when
  /// nextEvent(now) ≥ to and no input arrives between.
  virtual void skip(Cycle now, Cycle to) = 0;
};

/// A unit with a dispatch queue. Constructors take (const Geometry &, const
/// RetireCounters &, RetireSink &) and what the unit's ports need.
class DispatchedUnit : public TimingUnit {
public:
  /// Room in the queue, from state: asked in propose or commit of a cycle it
  /// gives the same answer.
  virtual bool ready() const = 0;
  /// Called by the sequencer, whose commit comes first, once a cycle at most:
  /// in cycle t, before this unit's commit of t; at the queue's head from t + 1
  /// on.
  virtual void dispatch(const Operation &operation) = 0;
  /// What the unit did in the cycle committed last.
  virtual Activity activity() const = 0;
};

} // namespace tilework::sim
