// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When a channel with banks answers: a max-plus update of time stamps an
// access. Accesses are served in the order in which they come; activates and
// precharges run ahead, in that order too.

#pragma once

#include "sim/memory/dram/Command.h"

#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace tilework::sim::dram {

struct Access {
  bool write = false;
  bool masked = false;  ///< a write of some of its bytes
  uint64_t arrival = 0; ///< first clock in which it, with its data, is there
  Place place;
};

/// A bus of commands that are not issued in the order of their clocks.
class CommandBus {
public:
  /// Takes the first `clocks` from `clock` on that are free.
  uint64_t take(uint64_t clock, uint32_t clocks);
  /// Nothing is taken before `clock` any more.
  void forgetBefore(uint64_t clock);

private:
  std::deque<std::pair<uint64_t, uint64_t>> taken; ///< [begin, end), in order
};

class Channel {
public:
  using Listener = std::function<void(const Command &)>;

  /// `listener` hears every command, not in the order of their clocks.
  explicit Channel(const Device &device, Listener listener = {});

  /// Serves the next access, whose arrival is not before any earlier one's, and
  /// returns the clock behind its data. What it answers depends on accesses
  /// served before alone.
  uint64_t serve(const Access &access);
  /// Refreshes as far as they are due before `clock`.
  void refreshBefore(uint64_t clock);

  const Counts &counts() const { return counted; }

private:
  struct Bank {
    bool open = false;
    uint64_t row = 0;
    uint64_t activate = 0;        ///< earliest next one
    uint64_t precharge = 0;       ///< earliest next one
    uint64_t read = 0, write = 0; ///< earliest, once activated
    uint64_t maskedWrite = 0;
    uint64_t lastColumn = 0; ///< 0: never used
  };
  struct Group {
    uint64_t activate = 0, read = 0, write = 0; ///< earliest
  };
  struct Rank {
    std::vector<Bank> banks; ///< by group, then bank
    std::vector<Group> groups;
    uint64_t activate = 0, read = 0, write = 0; ///< earliest
    std::deque<uint64_t> activates;             ///< the latest four
    uint64_t refreshDue = 0;     ///< the next refresh becomes due
    unsigned refreshesOwed = 0;  ///< due and postponed
    uint64_t refresh = 0;        ///< earliest next one of a bank
    std::vector<bool> refreshed; ///< banks of this round
  };

  Bank &bankOf(const Place &place) {
    return ranks[place.rank].banks[place.group * device.banks + place.bank];
  }
  void issue(uint64_t clock, CommandKind kind, const Place &place);
  CommandBus &rowBus() { return buses[device.rowBus]; }
  void precharge(const Place &place, uint64_t from);
  void activate(const Place &place, uint64_t from);
  uint64_t column(const Access &access);
  void refreshAll(uint32_t rank);
  void refreshBanks(uint32_t rank);
  /// The bank that the next refresh takes; the number of banks when it is
  /// postponed.
  size_t bankToRefresh(const Rank &rank) const;
  /// No command of rows is issued before it any more.
  uint64_t earliestRowCommand() const;
  /// Between two refreshes that become due.
  uint64_t refreshInterval() const;

  Device device;
  Listener listener;
  std::vector<Rank> ranks;
  std::deque<uint64_t> columns; ///< of the latest queueAccesses accesses
  CommandBus buses[2];          ///< of columns, and of rows where they have one
  uint64_t columnFree = 0;      ///< earliest next column command
  uint64_t activateFree = 0;    ///< earliest next activate or refresh
  uint64_t prechargeFree = 0;   ///< earliest next precharge
  uint64_t writeFree = 0;       ///< earliest next write behind a read
  uint64_t dataFree = 0;        ///< the clock behind the last data
  uint32_t dataRank = 0;        ///< whose it is
  Counts counted;
};

} // namespace tilework::sim::dram
