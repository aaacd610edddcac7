// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Timing tables. Nanoseconds of a standard are rounded up to its clocks. What
// is marked an estimate is not from a public standard: tables of LPDDR5 and HBM
// in published simulators are estimates too.

#include "sim/memory/dram/Standards.h"

#include <stdexcept>

namespace tilework::sim::dram {

static constexpr uint64_t kGigabit = uint64_t(1) << 27; ///< in bytes

static Standard lpddr4x4266() {
  Timing t;
  t.rcdRead = t.rcdWrite = 39;
  t.rp = 39, t.rpAll = 45, t.ras = 90, t.rc = 129;
  t.readLatency = 40; // RL 36 and 4 for tDQSCK
  t.writeLatency = 18, t.burst = 8;
  t.ccdS = t.ccdL = t.ccdWriteS = t.ccdWriteL = 8;
  t.ccdMasked = 32;
  t.rrdS = t.rrdL = 22, t.faw = 86, t.rtp = 17;
  // The standard counts both from a clock behind the data.
  t.wr = 40, t.wtrS = t.wtrL = 23;
  t.rtw = 32, t.ppd = 4, t.rankSwitch = 4;
  t.activateClocks = 4, t.prechargeClocks = 2, t.columnClocks = 4;
  t.refi = 8327;
  t.refreshToRefresh = 192, t.refreshToActivate = 22;
  Device device;
  device.clockPs = 2000000, device.clockParts = 4266;
  device.timing = t;
  device.refresh = Refresh::PerBank;
  return {"LPDDR4X-4266",
          "JEDEC JESD209-4: 16-bit channel, 8 banks, BL16",
          device,
          {{2 * kGigabit, 130, 60},
           {4 * kGigabit, 180, 90},
           {8 * kGigabit, 280, 140},
           {16 * kGigabit, 380, 190}}};
}

static Standard lpddr5_6400() {
  Timing t;
  t.rcdRead = t.rcdWrite = 15;
  t.rp = 15, t.rpAll = 17, t.ras = 34, t.rc = 49;
  t.readLatency = 17, t.writeLatency = 9, t.burst = 2;
  t.ccdS = t.ccdWriteS = 2, t.ccdL = t.ccdWriteL = 4;
  t.rrdS = t.rrdL = 4, t.faw = 16, t.rtp = 8;
  t.wr = 28, t.wtrS = 5, t.wtrL = 10;
  t.rtw = 12, t.ppd = 2, t.rankSwitch = 2;
  t.activateInTwo = true;
  t.refi = 3125;
  t.refreshToRefresh = 72, t.refreshToActivate = 6;
  Device device;
  device.groups = 4, device.banks = 4;
  device.clockPs = 1250;
  device.timing = t;
  device.refresh = Refresh::PerBank;
  return {"LPDDR5-6400",
          "JEDEC JESD209-5: 16-bit channel, 4 groups of 4 banks, BL16; "
          "latencies are estimates",
          device,
          {{2 * kGigabit, 130, 60},
           {4 * kGigabit, 180, 90},
           {8 * kGigabit, 210, 120},
           {16 * kGigabit, 280, 140},
           {32 * kGigabit, 380, 190}}};
}

static Standard ddr4_3200() {
  Timing t;
  t.rcdRead = t.rcdWrite = t.rp = t.rpAll = 22;
  t.ras = 52, t.rc = 74;
  t.readLatency = 22, t.writeLatency = 16, t.burst = 4;
  t.ccdS = t.ccdWriteS = 4, t.ccdL = t.ccdWriteL = 8;
  t.rrdS = 4, t.rrdL = 8, t.faw = 34, t.rtp = 12;
  t.wr = 24, t.wtrS = 4, t.wtrL = 12;
  t.rtw = 12, t.rankSwitch = 2;
  t.refi = 12480;
  Device device;
  device.groups = 4, device.banks = 4;
  device.rowBytes = 8192, device.accessBytes = 64;
  device.clockPs = 625;
  device.timing = t;
  return {"DDR4-3200",
          "JEDEC JESD79-4, bin AA: 64-bit channel of x8 devices, BL8",
          device,
          {{32 * kGigabit, 260, 0},
           {64 * kGigabit, 350, 0},
           {128 * kGigabit, 550, 0}}};
}

static Standard ddr5_4800() {
  Timing t;
  t.rcdRead = t.rcdWrite = t.rp = t.rpAll = 34;
  t.ras = 77, t.rc = 111;
  t.readLatency = 34, t.writeLatency = 32, t.burst = 8;
  t.ccdS = t.ccdWriteS = 8, t.ccdL = 12, t.ccdWriteL = 48;
  t.rrdS = 8, t.rrdL = 12, t.faw = 48, t.rtp = 18;
  t.wr = 72, t.wtrS = 6, t.wtrL = 24;
  t.rtw = 14, t.ppd = 2, t.rankSwitch = 2;
  t.activateClocks = 2, t.columnClocks = 2;
  t.refi = 9360;
  Device device;
  device.groups = 8, device.banks = 4;
  device.rowBytes = 4096, device.accessBytes = 64;
  device.clockPs = 2000000, device.clockParts = 4800;
  device.timing = t;
  return {"DDR5-4800",
          "JEDEC JESD79-5, bin AN: 32-bit subchannel of x8 devices, BL16",
          device,
          {{32 * kGigabit, 195, 0},
           {64 * kGigabit, 295, 0},
           {128 * kGigabit, 410, 0}}};
}

static Standard hbm2e3600() {
  Timing t;
  t.rcdRead = 26, t.rcdWrite = 22, t.rp = t.rpAll = 26;
  t.ras = 62, t.rc = 88;
  t.readLatency = 26, t.writeLatency = 9, t.burst = 2;
  t.ccdS = t.ccdWriteS = 2, t.ccdL = t.ccdWriteL = 4;
  t.rrdS = t.rrdL = 8, t.faw = 29, t.rtp = 9;
  t.wr = 29, t.wtrS = 11, t.wtrL = 15;
  t.rtw = 21, t.rankSwitch = 2;
  t.activateClocks = 2;
  t.refi = 7020;
  t.refreshToRefresh = t.refreshToActivate = 15;
  Device device;
  device.groups = 4, device.banks = 4;
  device.rowBytes = 1024;
  device.clockPs = 2000000, device.clockParts = 3600;
  device.rowBus = true;
  device.timing = t;
  return {"HBM2E-3600",
          "JEDEC JESD235: 64-bit pseudo-channel, BL4; latencies scaled from "
          "HBM2 at 2 Gb/s, an estimate",
          device,
          {{2 * kGigabit, 160, 120},
           {4 * kGigabit, 260, 160},
           {8 * kGigabit, 350, 160},
           {16 * kGigabit, 450, 200}}};
}

static Standard hbm3_6400() {
  Timing t;
  t.rcdRead = 26, t.rcdWrite = 14, t.rp = t.rpAll = 26;
  t.ras = 48, t.rc = 74;
  t.readLatency = 26, t.writeLatency = 8, t.burst = 2;
  t.ccdS = t.ccdWriteS = 2, t.ccdL = t.ccdWriteL = 4;
  t.rrdS = t.rrdL = 8, t.faw = 24, t.rtp = 6;
  t.wr = 24, t.wtrS = 8, t.wtrL = 12;
  t.rtw = 22, t.ppd = 2, t.rankSwitch = 2;
  t.activateClocks = 2;
  t.refi = 6240;
  t.refreshToRefresh = t.refreshToActivate = 13;
  Device device;
  device.groups = 4, device.banks = 4;
  device.rowBytes = 1024;
  device.clockPs = 625;
  device.rowBus = true;
  device.timing = t;
  device.refresh = Refresh::PerBank;
  return {"HBM3-6400",
          "JEDEC JESD238: 32-bit pseudo-channel, BL8; latencies are estimates",
          device,
          {{2 * kGigabit, 260, 200},
           {4 * kGigabit, 350, 200},
           {8 * kGigabit, 450, 200},
           {16 * kGigabit, 550, 250}}};
}

const std::vector<Standard> &standards() {
  static const std::vector<Standard> all = {lpddr4x4266(), lpddr5_6400(),
                                            ddr4_3200(),   ddr5_4800(),
                                            hbm2e3600(),   hbm3_6400()};
  return all;
}

Device deviceOf(std::string_view name, uint64_t capacityBytes) {
  for (const Standard &standard : standards()) {
    if (name != standard.name)
      continue;
    Device device = standard.device;
    const Standard::Density *density = &standard.densities.back();
    for (size_t i = standard.densities.size(); i-- > 0;)
      if (capacityBytes <= standard.densities[i].bytes)
        density = &standard.densities[i];
    auto clocks = [&](uint64_t ns) {
      return static_cast<uint32_t>(
          (ns * 1000 * device.clockParts + device.clockPs - 1) /
          device.clockPs);
    };
    device.timing.rfcAll = clocks(density->allBanksNs);
    device.timing.rfcBank = clocks(density->bankNs);
    return device;
  }
  throw std::invalid_argument("no kind of memory is called '" +
                              std::string(name) + "'");
}

} // namespace tilework::sim::dram
