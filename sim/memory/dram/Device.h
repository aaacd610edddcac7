// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One channel of a memory with banks: how it is organised, and its timing.

#pragma once

#include <cstdint>

namespace tilework::sim::dram {

/// Distances in clocks of the command bus, by the names of the standards: `S`
/// between bank groups, `L` inside one. Where a standard has no groups both are
/// the same. What a standard does not know is 0.
struct Timing {
  uint32_t rcdRead = 0, rcdWrite = 0; ///< activate to column command
  uint32_t rp = 0, rpAll = 0; ///< precharge of a bank, of all, to activate
  uint32_t ras = 0, rc = 0;   ///< activate to precharge, to activate
  uint32_t readLatency = 0, writeLatency = 0; ///< column command to data
  uint32_t burst = 0;                         ///< data of a column command
  uint32_t ccdS = 0, ccdL = 0;                ///< read to read
  uint32_t ccdWriteS = 0, ccdWriteL = 0;      ///< write to write
  uint32_t ccdMasked = 0;      ///< write to masked write in one bank
  uint32_t rrdS = 0, rrdL = 0; ///< activate to activate
  uint32_t faw = 0;            ///< of five activates, the first to the last
  uint32_t rtp = 0;            ///< read to precharge
  uint32_t wr = 0;             ///< end of write data to precharge
  uint32_t wtrS = 0, wtrL = 0; ///< end of write data to read
  uint32_t rtw = 0;            ///< read to write command
  uint32_t ppd = 0;            ///< precharge to precharge
  uint32_t rankSwitch = 0;     ///< idle data bus between two ranks
  uint32_t activateClocks = 1, prechargeClocks = 1,
           columnClocks = 1;  ///< of the command bus
  bool activateInTwo = false; ///< an activate is two commands, which others
                              ///< may part; distances count from the second
  uint32_t refi = 0;          ///< mean distance of all-bank refreshes
  uint32_t rfcAll = 0,
           rfcBank = 0;           ///< refresh to activate of what it refreshes
  uint32_t refreshToRefresh = 0;  ///< per-bank refresh to the next one
  uint32_t refreshToActivate = 0; ///< per-bank refresh to other banks
};

enum class Refresh : uint8_t { Off, AllBanks, PerBank };

struct Device {
  uint32_t ranks = 1, groups = 1, banks = 8; ///< banks of a group
  uint32_t rowBytes = 2048, accessBytes = 32;
  /// A clock takes clockPs / clockParts picoseconds.
  uint64_t clockPs = 1000, clockParts = 1;
  bool rowBus = false; ///< activates and precharges have a bus of their own
  Timing timing;
  Refresh refresh = Refresh::AllBanks;
  uint32_t queueAccesses = 32; ///< how far activates run ahead of columns

  uint32_t banksOfRank() const { return groups * banks; }
};

/// Where an access lies.
struct Place {
  uint32_t rank = 0, group = 0, bank = 0;
  uint64_t row = 0;
};

/// The place of the access that begins at byte `local` of the channel. From the
/// lowest bit up: byte of the access, group, column, bank, rank, row; group and
/// bank are permuted by the row's bits, so that streams whose distance is a
/// power of two meet in one bank no more often than others.
Place placeOf(const Device &device, uint64_t local);

} // namespace tilework::sim::dram
