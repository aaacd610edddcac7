// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does a channel with banks keep its standard, and is it as fast as that
// allows?

#include "sim/memory/dram/Channel.h"
#include "sim/memory/dram/Checker.h"
#include "sim/memory/dram/Standards.h"

#include <gtest/gtest.h>

#include <random>

namespace tilework::sim::dram {
namespace {

constexpr uint64_t kGigabyte = uint64_t(1) << 30;

struct BankedChannel : ::testing::TestWithParam<const char *> {
  Device device = deviceOf(GetParam(), kGigabyte);

  Device without(Refresh refresh) const {
    Device changed = device;
    changed.refresh = refresh;
    return changed;
  }
  /// Share of the peak that reads of `bytes` in order reach, in a channel that
  /// is never short of requests.
  static double streamed(const Device &device, uint64_t bytes) {
    Channel channel(device);
    uint64_t end = 0;
    for (uint64_t at = 0; at < bytes; at += device.accessBytes)
      end = channel.serve({false, false, 0, placeOf(device, at)});
    const uint64_t first = device.timing.rcdRead + device.timing.readLatency;
    return double(bytes / device.accessBytes * device.timing.burst) /
           double(end - first);
  }
  /// What all-bank refresh leaves of the peak: nothing is moved from the last
  /// column before it to the first behind it.
  static double refreshLimited(const Device &device) {
    const Timing &t = device.timing;
    return 1 - double(t.rtp + t.rp + t.rfcAll + t.rcdRead) / t.refi;
  }
};

TEST_P(BankedChannel, AnIdleBankAnswersInTheTimeOfItsCommands) {
  const Timing &t = device.timing;
  Channel channel(without(Refresh::Off));
  const Place place = placeOf(device, 0);
  Place other = place;
  ++other.row;
  // The first half of an activate may run beside a precharge.
  const uint64_t half = t.activateInTwo ? t.activateClocks : 0,
                 open = t.rcdRead + t.readLatency + t.burst;
  EXPECT_EQ(channel.serve({false, false, 1000, place}), 1000 + half + open);
  EXPECT_EQ(channel.serve({false, false, 2000, place}),
            2000 + t.readLatency + t.burst);
  EXPECT_EQ(channel.serve({false, false, 3000, other}), 3000 + t.rp + open);
  EXPECT_EQ(channel.serve({true, false, 4000, other}),
            4000 + t.writeLatency + t.burst);
  EXPECT_EQ(channel.counts().rowHits, 2u);
  EXPECT_EQ(channel.counts().rowConflicts, 1u);
  EXPECT_EQ(channel.counts().activates, 2u);
}

TEST_P(BankedChannel, AStreamReachesThePeak) {
  EXPECT_GE(streamed(without(Refresh::Off), 1 << 20), 0.99);
}

TEST_P(BankedChannel, RefreshCostsWhatItMust) {
  const double all = streamed(without(Refresh::AllBanks), 16 << 20);
  EXPECT_NEAR(all, refreshLimited(device), 0.01);
  if (device.refresh == Refresh::PerBank) {
    EXPECT_GE(streamed(device, 16 << 20), all);
  }
}

TEST_P(BankedChannel, StreamsAtAnyPowerOfTwoShareItWell) {
  for (uint64_t distance = 4096; distance <= kGigabyte / 4; distance *= 2) {
    const Device changed = without(Refresh::AllBanks);
    Channel channel(changed);
    uint64_t end = 0, accesses = 0;
    for (uint64_t at = 0; at < std::min<uint64_t>(distance, 1 << 20);
         at += 2048)
      for (uint64_t stream = 0; stream < 4; ++stream)
        for (uint64_t byte = 0; byte < 2048; byte += device.accessBytes) {
          end =
              channel.serve({false, false, 0,
                             placeOf(changed, stream * distance + at + byte)});
          ++accesses;
        }
    if (accesses < 4096)
      continue; // the first row costs more than the rest
    EXPECT_GE(double(accesses * device.timing.burst) / double(end),
              0.8 * refreshLimited(device))
        << distance;
  }
}

TEST_P(BankedChannel, IdleChannelsRefreshToo) {
  for (Refresh refresh : {Refresh::AllBanks, Refresh::PerBank}) {
    if (refresh == Refresh::PerBank && !device.timing.rfcBank)
      continue;
    const Device changed = without(refresh);
    const uint64_t per = refresh == Refresh::AllBanks
                             ? device.timing.refi
                             : device.timing.refi / device.banksOfRank();
    Channel one(changed), steps(changed);
    one.refreshBefore(100 * per + 1);
    for (uint64_t clock = 0; clock <= 100 * per + 1; clock += 77)
      steps.refreshBefore(clock);
    steps.refreshBefore(100 * per + 1);
    EXPECT_EQ(one.counts().refreshes, 100u);
    EXPECT_EQ(steps.counts().refreshes, 100u);
  }
}

/// Reads and writes, whole and masked, of rows near and far, in bursts with
/// pauses between.
std::vector<Command> drive(const Device &device, unsigned seed,
                           unsigned accesses) {
  std::vector<Command> commands;
  Channel channel(device,
                  [&](const Command &command) { commands.push_back(command); });
  std::mt19937_64 random(seed);
  uint64_t clock = 0, at = 0;
  bool write = false;
  for (unsigned i = 0; i < accesses; ++i) {
    if (random() % 8 == 0)
      clock += random() % (random() % 16 ? 50 : 5 * device.timing.refi);
    if (random() % 6 == 0)
      at = random() % (random() % 2 ? kGigabyte : 65536);
    if (random() % 5 == 0)
      write = !write;
    Access access = {write, write && random() % 4 == 0, clock,
                     placeOf(device, at)};
    channel.serve(access);
    at += device.accessBytes;
  }
  return commands;
}

TEST_P(BankedChannel, EveryCommandKeepsTheStandard) {
  unsigned seed = 0;
  for (uint32_t ranks : {1u, 2u})
    for (uint32_t queue : {1u, 4u, 32u})
      for (Refresh refresh :
           {Refresh::Off, Refresh::AllBanks, Refresh::PerBank}) {
        if (refresh == Refresh::PerBank && !device.timing.rfcBank)
          continue;
        Device changed = without(refresh);
        changed.ranks = ranks;
        changed.queueAccesses = queue;
        const std::vector<Command> commands = drive(changed, ++seed, 20000);
        EXPECT_EQ(brokenRule(changed, commands), "") << "seed " << seed;
      }
}

// Each rule of the standard, a clock shorter in the channel than in the
// checker.
TEST_P(BankedChannel, TheCheckerSeesEveryRuleBroken) {
  struct Rule {
    const char *name;
    std::vector<uint32_t Timing::*> values;
    Refresh refresh;
    bool binds = true; ///< no other rule is as tight
  };
  const Timing &t = device.timing;
  const Rule rules[] = {
      {"rcdRead", {&Timing::rcdRead}, Refresh::Off},
      {"rcdWrite", {&Timing::rcdWrite}, Refresh::Off},
      {"rp", {&Timing::rp}, Refresh::Off},
      {"rpAll", {&Timing::rpAll}, Refresh::AllBanks},
      {"ras", {&Timing::ras}, Refresh::Off},
      {"ccd", {&Timing::ccdS, &Timing::ccdL}, Refresh::Off, t.ccdL > t.burst},
      {"ccdWrite",
       {&Timing::ccdWriteS, &Timing::ccdWriteL},
       Refresh::Off,
       t.ccdWriteL > t.burst},
      {"ccdMasked",
       {&Timing::ccdMasked},
       Refresh::Off,
       t.ccdMasked > t.ccdWriteL},
      {"rrd", {&Timing::rrdS, &Timing::rrdL}, Refresh::Off},
      {"faw", {&Timing::faw}, Refresh::Off, t.faw > 4 * t.rrdL},
      {"rtp", {&Timing::rtp}, Refresh::Off},
      {"wr", {&Timing::wr}, Refresh::Off},
      {"wtr", {&Timing::wtrS, &Timing::wtrL}, Refresh::Off},
      {"rtw", {&Timing::rtw}, Refresh::Off},
      {"rfcAll", {&Timing::rfcAll}, Refresh::AllBanks},
      {"rfcBank", {&Timing::rfcBank}, Refresh::PerBank, t.rfcBank > 0},
  };
  for (const Rule &rule : rules) {
    if (!rule.binds)
      continue;
    const Device right = without(rule.refresh);
    Device wrong = right;
    for (uint32_t Timing::*value : rule.values)
      --(wrong.timing.*value);
    bool seen = false;
    for (unsigned seed = 1; seed <= 5 && !seen; ++seed)
      seen = !brokenRule(right, drive(wrong, seed, 20000)).empty();
    EXPECT_TRUE(seen) << rule.name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Standards, BankedChannel,
    ::testing::Values("LPDDR4X-4266", "LPDDR5-6400", "DDR4-3200", "DDR5-4800",
                      "HBM2E-3600", "HBM3-6400"),
    [](const ::testing::TestParamInfo<const char *> &info) {
      std::string name = info.param;
      for (char &letter : name)
        if (!std::isalnum(static_cast<unsigned char>(letter)))
          letter = '_';
      return name;
    });

} // namespace
} // namespace tilework::sim::dram
