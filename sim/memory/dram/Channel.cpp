// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time stamps of one channel. Every rule of the standard is a lower bound on a
// command; a command is issued at the greatest of its bounds.

#include "sim/memory/dram/Channel.h"

#include <algorithm>

namespace tilework::sim::dram {

/// Refreshes of a bank that may be owed at once.
static constexpr unsigned kMostPostponed = 8;

static unsigned log2(uint64_t n) {
  unsigned bits = 0;
  while (n > 1) {
    n /= 2;
    ++bits;
  }
  return bits;
}

/// Groups that consecutive accesses go round, so that none of them waits for
/// the longer distance inside a group.
static uint32_t interleavedGroups(const Device &device) {
  const Timing &t = device.timing;
  uint32_t groups = 1;
  while (groups < device.groups &&
         (groups * t.ccdS < t.ccdL || groups * t.ccdWriteS < t.ccdWriteL))
    groups *= 2;
  return groups;
}

/// A number of `bits` bits made of all bits of `row` such that rows whose
/// distances are 1, 2 and 3 times a power of two get four numbers, and that the
/// numbers of neighbours never have all bits different: a row does not begin in
/// the bank in which the row before it ends.
static uint32_t permutation(uint64_t row, unsigned bits) {
  uint32_t number = 0;
  for (unsigned i = 0; bits && row; row >>= 1, i = i == bits ? 0 : i + 1)
    if (row & 1)
      number ^= (i < bits ? 1u << i : 0) ^ (i > 0 ? 1u << (i - 1) : 0);
  return number;
}

Place placeOf(const Device &device, uint64_t local) {
  uint64_t rest = local / device.accessBytes;
  auto take = [&](uint64_t count) {
    const uint64_t value = rest % count;
    rest /= count;
    return static_cast<uint32_t>(value);
  };
  const uint32_t low = interleavedGroups(device), high = device.groups / low;
  Place place;
  const uint32_t group = take(low);
  take(device.rowBytes / device.accessBytes);
  const uint32_t slot = take(device.banks * high);
  place.rank = take(device.ranks);
  place.row = rest;
  const uint32_t permuted =
      slot ^ permutation(place.row, log2(device.banks * high));
  place.bank = permuted % device.banks;
  place.group = permuted / device.banks * low +
                (group ^ permutation(place.row >> 1, log2(low)));
  return place;
}

Channel::Channel(const Device &device, Listener listener)
    : device(device), listener(std::move(listener)), ranks(device.ranks) {
  for (uint32_t r = 0; r < device.ranks; ++r) {
    Rank &rank = ranks[r];
    rank.banks.resize(device.banksOfRank());
    rank.groups.resize(device.groups);
    rank.refreshed.resize(device.banksOfRank());
    // Ranks take turns.
    rank.refreshDue = refreshInterval() * (r + 1) / device.ranks;
  }
}

uint64_t Channel::refreshInterval() const {
  return device.refresh == Refresh::PerBank
             ? device.timing.refi / device.banksOfRank()
             : device.timing.refi;
}

void Channel::issue(uint64_t clock, CommandKind kind, const Place &place) {
  if (listener)
    listener({clock, kind, place});
}

uint64_t CommandBus::take(uint64_t clock, uint32_t clocks) {
  auto next = std::partition_point(
      taken.begin(), taken.end(),
      [&](const auto &command) { return command.second <= clock; });
  for (; next != taken.end() && next->first < clock + clocks; ++next)
    clock = next->second;
  taken.insert(next, {clock, clock + clocks});
  return clock;
}

void CommandBus::forgetBefore(uint64_t clock) {
  while (!taken.empty() && taken.front().second <= clock)
    taken.pop_front();
}

void Channel::precharge(const Place &place, uint64_t from) {
  const Timing &timing = device.timing;
  Bank &bank = bankOf(place);
  const uint64_t clock = rowBus().take(
      std::max({from, bank.precharge, prechargeFree}), timing.prechargeClocks);
  issue(clock, CommandKind::Precharge, place);
  prechargeFree = clock + std::max(timing.ppd, timing.prechargeClocks);
  bank.open = false;
  bank.activate = std::max(bank.activate, clock + timing.rp);
  ++counted.precharges;
}

void Channel::activate(const Place &place, uint64_t from) {
  const Timing &timing = device.timing;
  Rank &rank = ranks[place.rank];
  Group &group = rank.groups[place.group];
  Bank &bank = bankOf(place);
  uint64_t clock = std::max(
      {from, bank.activate, group.activate, rank.activate, activateFree});
  if (rank.activates.size() == 4)
    clock = std::max(clock, rank.activates.front() + timing.faw);
  if (timing.activateInTwo) {
    const uint64_t first = rowBus().take(
        std::max(from, clock - timing.activateClocks), timing.activateClocks);
    issue(first, CommandKind::ActivateFirst, place);
    clock = std::max(clock, first + timing.activateClocks);
  }
  clock = rowBus().take(clock, timing.activateClocks);
  issue(clock, CommandKind::Activate, place);
  activateFree = clock + timing.activateClocks;
  if (rank.activates.size() == 4)
    rank.activates.pop_front();
  rank.activates.push_back(clock);
  rank.activate = std::max(rank.activate, clock + timing.rrdS);
  group.activate = std::max(group.activate, clock + timing.rrdL);
  bank.open = true;
  bank.row = place.row;
  bank.read = clock + timing.rcdRead;
  bank.write = bank.maskedWrite = clock + timing.rcdWrite;
  bank.precharge = clock + timing.ras;
  bank.activate = clock + timing.rc;
  ++counted.activates;
}

uint64_t Channel::column(const Access &access) {
  const Timing &timing = device.timing;
  const Place &place = access.place;
  Rank &rank = ranks[place.rank];
  Group &group = rank.groups[place.group];
  Bank &bank = bankOf(place);
  const uint32_t latency =
      access.write ? timing.writeLatency : timing.readLatency;
  uint64_t clock = std::max(access.arrival, columnFree);
  if (access.write)
    clock = std::max({clock, bank.write, group.write, rank.write, writeFree});
  else
    clock = std::max({clock, bank.read, group.read, rank.read});
  if (access.masked)
    clock = std::max(clock, bank.maskedWrite);
  const uint64_t dataFrom =
      dataFree + (place.rank == dataRank ? 0 : timing.rankSwitch);
  if (dataFrom > latency)
    clock = std::max(clock, dataFrom - latency);
  clock = buses[0].take(clock, timing.columnClocks);
  issue(clock,
        !access.write   ? CommandKind::Read
        : access.masked ? CommandKind::MaskedWrite
                        : CommandKind::Write,
        place);

  columnFree = clock + timing.columnClocks;
  columns.push_back(clock);
  if (columns.size() > device.queueAccesses)
    columns.pop_front();
  for (CommandBus &bus : buses)
    bus.forgetBefore(earliestRowCommand());
  dataFree = clock + latency + timing.burst;
  dataRank = place.rank;
  bank.lastColumn = clock;
  if (access.write) {
    rank.write = std::max(rank.write, clock + timing.ccdWriteS);
    group.write = std::max(group.write, clock + timing.ccdWriteL);
    rank.read = std::max(rank.read, dataFree + timing.wtrS);
    group.read = std::max(group.read, dataFree + timing.wtrL);
    bank.maskedWrite = std::max(bank.maskedWrite, clock + timing.ccdMasked);
    bank.precharge = std::max(bank.precharge, dataFree + timing.wr);
    ++(access.masked ? counted.maskedWrites : counted.writes);
  } else {
    rank.read = std::max(rank.read, clock + timing.ccdS);
    group.read = std::max(group.read, clock + timing.ccdL);
    writeFree = std::max(writeFree, clock + timing.rtw);
    bank.precharge = std::max(bank.precharge, clock + timing.rtp);
    ++counted.reads;
  }
  return dataFree;
}

uint64_t Channel::earliestRowCommand() const {
  return columns.size() == device.queueAccesses ? columns.front() : 0;
}

uint64_t Channel::serve(const Access &access) {
  refreshBefore(std::max(access.arrival, columnFree));
  Bank &bank = bankOf(access.place);
  if (bank.open && bank.row == access.place.row) {
    ++counted.rowHits;
    return column(access);
  }
  const uint64_t from = std::max(access.arrival, earliestRowCommand());
  if (bank.open) {
    ++counted.rowConflicts;
    precharge(access.place, from);
  }
  activate(access.place, from);
  return column(access);
}

void Channel::refreshBefore(uint64_t clock) {
  if (device.refresh == Refresh::Off)
    return;
  for (;;) {
    const auto next = std::min_element(ranks.begin(), ranks.end(),
                                       [](const Rank &a, const Rank &b) {
                                         return a.refreshDue < b.refreshDue;
                                       });
    if (next->refreshDue >= clock)
      return;
    const uint32_t rank = static_cast<uint32_t>(next - ranks.begin());
    if (device.refresh == Refresh::AllBanks)
      refreshAll(rank);
    else
      refreshBanks(rank);
    next->refreshDue += refreshInterval();
  }
}

void Channel::refreshAll(uint32_t index) {
  const Timing &timing = device.timing;
  Rank &rank = ranks[index];
  const Place place = {index, 0, 0, 0};
  uint64_t clock = std::max(rank.refreshDue, earliestRowCommand());
  bool open = false;
  for (const Bank &bank : rank.banks) {
    open |= bank.open;
    clock = std::max(clock, bank.open ? bank.precharge : 0);
  }
  if (open) {
    clock =
        rowBus().take(std::max(clock, prechargeFree), timing.prechargeClocks);
    issue(clock, CommandKind::PrechargeAll, place);
    prechargeFree = clock + std::max(timing.ppd, timing.prechargeClocks);
    for (Bank &bank : rank.banks)
      bank.activate = std::max(bank.activate, clock + timing.rpAll);
    ++counted.precharges;
  }
  for (const Bank &bank : rank.banks)
    clock = std::max(clock, bank.activate);
  clock = rowBus().take(clock, timing.prechargeClocks);
  issue(clock, CommandKind::RefreshAll, place);
  activateFree = std::max(activateFree, clock);
  for (Bank &bank : rank.banks) {
    bank.open = false;
    bank.activate = clock + timing.rfcAll;
  }
  ++counted.refreshes;
}

size_t Channel::bankToRefresh(const Rank &rank) const {
  const size_t none = rank.banks.size();
  const bool must = rank.refreshesOwed > kMostPostponed;
  size_t latest = none, oldest = none;
  auto used = [&](size_t bank) { return rank.banks[bank].lastColumn; };
  for (size_t b = 0; b < rank.banks.size(); ++b) {
    if (rank.refreshed[b])
      continue;
    if (oldest == none || used(b) < used(oldest))
      oldest = b;
    // A bank that was left just now is the last that a stream comes back to.
    const bool inUse = used(b) && used(b) + device.timing.rc > rank.refreshDue;
    if (!inUse && (latest == none || used(b) > used(latest)))
      latest = b;
  }
  return latest == none && must ? oldest : latest;
}

void Channel::refreshBanks(uint32_t index) {
  const Timing &timing = device.timing;
  Rank &rank = ranks[index];
  ++rank.refreshesOwed;
  while (rank.refreshesOwed) {
    const size_t chosen = bankToRefresh(rank);
    if (chosen == rank.banks.size())
      return;
    Bank &bank = rank.banks[chosen];
    const Place place = {index, static_cast<uint32_t>(chosen) / device.banks,
                         static_cast<uint32_t>(chosen) % device.banks, 0};
    const uint64_t from = std::max(rank.refreshDue, earliestRowCommand());
    if (bank.open)
      precharge(place, from);
    const uint64_t clock = rowBus().take(
        std::max({from, bank.activate, rank.refresh, rank.activate}),
        timing.prechargeClocks);
    issue(clock, CommandKind::RefreshBank, place);
    activateFree = std::max(activateFree, clock);
    bank.activate = clock + timing.rfcBank;
    rank.refresh = clock + timing.refreshToRefresh;
    rank.activate = std::max(rank.activate, clock + timing.refreshToActivate);
    rank.refreshed[chosen] = true;
    if (std::all_of(rank.refreshed.begin(), rank.refreshed.end(),
                    [](bool done) { return done; }))
      std::fill(rank.refreshed.begin(), rank.refreshed.end(), false);
    --rank.refreshesOwed;
    ++counted.refreshes;
  }
}

} // namespace tilework::sim::dram
