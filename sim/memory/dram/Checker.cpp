// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules between two commands as a function of the pair.

#include "sim/memory/dram/Checker.h"

#include <algorithm>
#include <deque>
#include <map>
#include <sstream>
#include <tuple>

namespace tilework::sim::dram {

namespace {

bool isWrite(CommandKind kind) {
  return kind == CommandKind::Write || kind == CommandKind::MaskedWrite;
}
bool isColumn(CommandKind kind) {
  return kind == CommandKind::Read || isWrite(kind);
}
bool isRefresh(CommandKind kind) {
  return kind == CommandKind::RefreshAll || kind == CommandKind::RefreshBank;
}

const char *nameOf(CommandKind kind) {
  switch (kind) {
  case CommandKind::ActivateFirst:
    return "first half of an activate";
  case CommandKind::Activate:
    return "activate";
  case CommandKind::Precharge:
    return "precharge";
  case CommandKind::PrechargeAll:
    return "precharge all";
  case CommandKind::Read:
    return "read";
  case CommandKind::Write:
    return "write";
  case CommandKind::MaskedWrite:
    return "masked write";
  case CommandKind::RefreshAll:
    return "refresh all";
  case CommandKind::RefreshBank:
    return "refresh bank";
  }
  return "";
}

uint32_t clocksOf(const Timing &timing, CommandKind kind) {
  return kind == CommandKind::Activate || kind == CommandKind::ActivateFirst
             ? timing.activateClocks
         : isColumn(kind) ? timing.columnClocks
                          : timing.prechargeClocks;
}

/// The least distance of `b` behind `a`.
uint32_t leastDistance(const Device &device, const Command &a,
                       const Command &b) {
  using K = CommandKind;
  const Timing &t = device.timing;
  const bool rank = a.place.rank == b.place.rank;
  const bool group = rank && a.place.group == b.place.group;
  const bool bank = group && a.place.bank == b.place.bank;
  const uint32_t writeEnd = t.writeLatency + t.burst;
  uint32_t least = 0;
  auto rule = [&](bool applies, uint32_t distance) {
    if (applies)
      least = std::max(least, distance);
  };
  // A command on all banks of a rank meets each of them.
  const bool all = b.kind == K::PrechargeAll || b.kind == K::RefreshAll;
  const bool meets = bank || (rank && all);
  const bool opensOrRefreshes = b.kind == K::Activate || isRefresh(b.kind);
  const bool closes = b.kind == K::Precharge || b.kind == K::PrechargeAll;
  switch (a.kind) {
  case K::ActivateFirst:
    break;
  case K::Activate:
    rule(opensOrRefreshes && meets, t.rc);
    rule(opensOrRefreshes && rank, t.rrdS);
    rule(b.kind == K::Activate && group, t.rrdL);
    rule(b.kind == K::Read && bank, t.rcdRead);
    rule(isWrite(b.kind) && bank, t.rcdWrite);
    rule(closes && meets, t.ras);
    break;
  case K::Precharge:
    rule(opensOrRefreshes && meets, t.rp);
    rule(closes, t.ppd);
    break;
  case K::PrechargeAll:
    rule(opensOrRefreshes && rank, t.rpAll);
    rule(closes, t.ppd);
    break;
  case K::Read:
    rule(b.kind == K::Read && rank, t.ccdS);
    rule(b.kind == K::Read && group, t.ccdL);
    rule(isWrite(b.kind), t.rtw);
    rule(closes && meets, t.rtp);
    break;
  case K::Write:
  case K::MaskedWrite:
    rule(isWrite(b.kind) && rank, t.ccdWriteS);
    rule(isWrite(b.kind) && group, t.ccdWriteL);
    rule(b.kind == K::MaskedWrite && bank, t.ccdMasked);
    rule(b.kind == K::Read && rank, writeEnd + t.wtrS);
    rule(b.kind == K::Read && group, writeEnd + t.wtrL);
    rule(closes && meets, writeEnd + t.wr);
    break;
  case K::RefreshAll:
    rule(rank && (opensOrRefreshes || closes), t.rfcAll);
    break;
  case K::RefreshBank:
    rule((opensOrRefreshes || closes) && bank, t.rfcBank);
    rule(b.kind == K::Activate && rank, t.refreshToActivate);
    rule(b.kind == K::RefreshBank && rank, t.refreshToRefresh);
    break;
  }
  const bool oneBus = !device.rowBus || isColumn(a.kind) == isColumn(b.kind);
  rule(oneBus, clocksOf(t, a.kind));
  return least;
}

} // namespace

std::string brokenRule(const Device &device, std::vector<Command> commands) {
  const Timing &t = device.timing;
  std::stable_sort(
      commands.begin(), commands.end(),
      [](const Command &a, const Command &b) { return a.clock < b.clock; });
  auto complain = [&](const Command &command, const std::string &what) {
    std::ostringstream text;
    text << nameOf(command.kind) << " in clock " << command.clock << " (rank "
         << command.place.rank << ", group " << command.place.group << ", bank "
         << command.place.bank << ", row " << command.place.row
         << "): " << what;
    return text.str();
  };
  const uint64_t window =
      std::max({t.rfcAll, t.rfcBank, t.rc, t.faw,
                t.writeLatency + t.burst + std::max({t.wr, t.wtrS, t.wtrL})});
  using BankName = std::tuple<uint32_t, uint32_t, uint32_t>;
  std::map<BankName, uint64_t> open;
  std::vector<std::deque<uint64_t>> activates(device.ranks);
  uint64_t dataFree = 0;
  uint32_t dataRank = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    const Command &b = commands[i];
    for (size_t j = i; j-- > 0 && b.clock - commands[j].clock < window;) {
      const Command &a = commands[j];
      const uint32_t least = leastDistance(device, a, b);
      if (b.clock - a.clock < least)
        return complain(b, std::string(nameOf(a.kind)) + " in clock " +
                               std::to_string(a.clock) + " needs " +
                               std::to_string(least));
    }
    const BankName name = {b.place.rank, b.place.group, b.place.bank};
    const auto row = open.find(name);
    switch (b.kind) {
    case CommandKind::ActivateFirst:
      break;
    case CommandKind::Activate: {
      if (row != open.end())
        return complain(b, "the bank is open");
      open[name] = b.place.row;
      std::deque<uint64_t> &latest = activates[b.place.rank];
      latest.push_back(b.clock);
      if (latest.size() > 5)
        latest.pop_front();
      if (latest.size() == 5 && b.clock - latest.front() < t.faw)
        return complain(b, "five activates in a window of " +
                               std::to_string(t.faw));
      break;
    }
    case CommandKind::Precharge:
      open.erase(name);
      break;
    case CommandKind::PrechargeAll:
      for (auto it = open.begin(); it != open.end();)
        it = std::get<0>(it->first) == b.place.rank ? open.erase(it)
                                                    : std::next(it);
      break;
    case CommandKind::Read:
    case CommandKind::Write:
    case CommandKind::MaskedWrite: {
      if (row == open.end() || row->second != b.place.row)
        return complain(b, "the row is not open");
      const uint64_t begin =
          b.clock + (isWrite(b.kind) ? t.writeLatency : t.readLatency);
      if (begin < dataFree + (b.place.rank == dataRank ? 0 : t.rankSwitch))
        return complain(b, "its data meets that of the one before");
      dataFree = begin + t.burst;
      dataRank = b.place.rank;
      break;
    }
    case CommandKind::RefreshAll:
      for (const auto &[bank, opened] : open)
        if (std::get<0>(bank) == b.place.rank)
          return complain(b, "a bank is open");
      break;
    case CommandKind::RefreshBank:
      if (row != open.end())
        return complain(b, "the bank is open");
      break;
    }
  }
  return "";
}

} // namespace tilework::sim::dram
