// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What makes a target legal: the range of each parameter, from its record, and
// the rules between parameters, here.

#include "dialects/target/Tables.h"
#include "dialects/target/Target.h"

#include <functional>

namespace tilework::target {
namespace {

// Widths of the fields that hold a row of either memory (dialects/isa,
// tw_unit_pkg).
constexpr uint64_t kMaxScratchpadRows = uint64_t(1) << 20;
constexpr uint64_t kMaxAccumulatorRows = uint64_t(1) << 16;
constexpr uint64_t kFetchLineBytes = 128;
// A banked channel's longest: all refreshes that it may owe, and an access that
// opens another row of its bank.
constexpr uint64_t kRefreshPs = 5000000;
constexpr uint64_t kRowPs = 200000;
// Between a grant and the pins, and to round what takes picoseconds.
constexpr uint64_t kPinCycles = 16;

bool isPowerOfTwo(uint64_t value) { return value && !(value & (value - 1)); }

uint64_t floorPowerOfTwo(uint64_t value) {
  uint64_t power = 1;
  while (power <= value / 2)
    power *= 2;
  return power;
}

class Checker {
public:
  explicit Checker(const Target &target) : target(target) {}

  std::vector<std::string> run() {
    for (const ParameterInfo &parameter : parameters())
      checkRange(parameter);
    if (messages.empty())
      checkRules();
    return std::move(messages);
  }

private:
  const Target &target;
  std::vector<std::string> messages;

  void checkRange(const ParameterInfo &parameter) {
    auto &values = const_cast<Target &>(target);
    if (!parameter.isInteger()) {
      const std::string &value = *parameter.choice(values);
      std::string list;
      for (unsigned i = 0; i < parameter.choiceCount; ++i) {
        if (value == parameter.choices[i])
          return;
        list += (i ? ", " : "") + std::string(parameter.choices[i]);
      }
      messages.push_back(std::string(parameter.key) + " = " + value +
                         " is unknown; legal: " + list);
      return;
    }
    const uint64_t value = *parameter.integer(values);
    const bool inside =
        value >= parameter.minimum && value <= parameter.maximum;
    if (inside && (!parameter.powerOfTwo || isPowerOfTwo(value)))
      return;
    auto text = [&](uint64_t number) {
      return formatNumber(number, parameter.unit);
    };
    std::string message = std::string(parameter.key) + " = " + text(value) +
                          " is not legal; legal: " +
                          (parameter.powerOfTwo ? "powers of two from " : "") +
                          text(parameter.minimum) + " to " +
                          text(parameter.maximum) + " " + parameter.unit +
                          "; nearest: ";
    const uint64_t clamped =
        std::clamp(value, parameter.minimum, parameter.maximum);
    if (inside)
      message += text(floorPowerOfTwo(value)) + " or " +
                 text(2 * floorPowerOfTwo(value));
    else
      message += text(clamped);
    messages.push_back(std::move(message));
  }

  /// The value of `key` breaks a rule; `legal` is the rule, `nearest` the
  /// values that would do.
  void report(const char *key, const std::string &legal,
              std::vector<uint64_t> nearest) {
    const ParameterInfo &parameter = *findParameter(key);
    std::string message = std::string(key) + " = " + parameter.value(target) +
                          " is not legal; legal: " + legal;
    nearest.erase(std::remove_if(nearest.begin(), nearest.end(),
                                 [&](uint64_t value) {
                                   return value < parameter.minimum ||
                                          value > parameter.maximum;
                                 }),
                  nearest.end());
    nearest.erase(std::unique(nearest.begin(), nearest.end()), nearest.end());
    for (size_t i = 0; i < nearest.size(); ++i)
      message += (i ? " or " : "; nearest: ") +
                 formatNumber(nearest[i], parameter.unit);
    messages.push_back(std::move(message));
  }

  /// A memory of `size` bytes is `banks` banks of whole rows; rows of a bank
  /// come in groups.
  void checkMemory(const char *key, uint64_t size, uint64_t banks,
                   uint64_t rowBytes, uint64_t group, uint64_t maxRows,
                   const std::string &rule) {
    const uint64_t unit = banks * rowBytes * group;
    if (size == 0 || size % unit) {
      std::vector<uint64_t> nearest;
      if (size >= unit)
        nearest.push_back(size / unit * unit);
      nearest.push_back((size / unit + 1) * unit);
      report(key,
             "multiples of " + formatNumber(unit, "bytes") + " (" + rule + ")",
             nearest);
    } else if (size / rowBytes > maxRows) {
      report(key,
             "at most " + std::to_string(maxRows) + " rows of " +
                 std::to_string(rowBytes) + " bytes",
             {maxRows * rowBytes / unit * unit});
    }
  }

  void checkRules() {
    const uint64_t side =
        std::min(target.systolic_array.rows, target.systolic_array.columns);
    const std::string sideText =
        "at most min(systolic_array.rows, systolic_array.columns) = " +
        std::to_string(side);
    if (target.systolic_array.weight_rows_per_cycle > side)
      report("systolic_array.weight_rows_per_cycle", sideText, {side});
    if (target.vector_unit.lanes > side)
      report("vector_unit.lanes", sideText, {side});

    const uint64_t lanes = target.vector_unit.lanes,
                   statistics = target.vector_unit.statistics_rows;
    if (statistics % lanes)
      report("vector_unit.statistics_rows",
             "multiples of vector_unit.lanes = " + std::to_string(lanes),
             {statistics / lanes * lanes, (statistics / lanes + 1) * lanes});

    const uint64_t group = target.systolic_array.weight_rows_per_cycle;
    checkMemory("scratchpad.size_bytes", target.scratchpad.size_bytes,
                target.scratchpad.banks, target.scratchpadRowBytes(), group,
                kMaxScratchpadRows,
                "banks × " + std::to_string(target.scratchpadRowBytes()) +
                    " bytes a row × " + std::to_string(group) + " rows a word");
    checkMemory("accumulator.size_bytes", target.accumulator.size_bytes,
                target.accumulator.banks, target.accumulatorRowBytes(), 1,
                kMaxAccumulatorRows,
                "banks × " + std::to_string(target.accumulatorRowBytes()) +
                    " bytes a row");
    checkDma();
    checkBanks();
    checkWatchdog();
  }

  /// What the standard says of a banked channel cannot be set by hand.
  void checkBanks() {
    if (target.dram.model != "banked")
      return;
    auto &values = const_cast<Target &>(target);
    for (const StandardValue &implied :
         findStandard(target.dram.standard)->values)
      if (const uint64_t value = *findParameter(implied.key)->integer(values);
          value != implied.value)
        messages.push_back(
            std::string(implied.key) + " = " + std::to_string(value) +
            " has no effect on banked memory, whose timing is "
            "that of " +
            target.dram.standard + ": leave it out, or set dram.model=simple");
  }

  void checkWatchdog() {
    const uint64_t least = target.leastWatchdogCycles();
    if (target.sequencer.watchdog_cycles < least)
      report("sequencer.watchdog_cycles",
             "at least " + std::to_string(least) +
                 " cycles, in which the memory may turn, serve a burst and "
                 "answer",
             {least});
  }

  void checkDma() {
    // Buffers hold words: a scratchpad row or a beat, whichever is larger
    // (rtl/dma/tw_dma_pkg.sv).
    const uint64_t word =
        std::max(target.scratchpadRowBytes(), target.axi.data_bytes);
    const uint64_t buffer = target.dma.buffer_bytes,
                   burst = target.dma.burst_bytes;
    if (buffer < 2 * word)
      report("dma.buffer_bytes",
             "at least two words of " + std::to_string(word) + " bytes",
             {2 * word});
    const uint64_t limit =
        std::min({uint64_t(4096), buffer / 2, 256 * target.axi.data_bytes});
    if (burst > limit)
      report("dma.burst_bytes",
             "at most min(4096, dma.buffer_bytes / 2, 256 beats) = " +
                 formatNumber(limit, "bytes"),
             {floorPowerOfTwo(limit)});
    if (burst < target.axi.data_bytes)
      report("dma.burst_bytes",
             "at least a beat of axi.data_bytes = " +
                 std::to_string(target.axi.data_bytes),
             {target.axi.data_bytes});
    const uint64_t granule = std::max(word, kFetchLineBytes);
    if (target.dma.interleave_bytes < granule)
      report("dma.interleave_bytes",
             "at least a word of " + std::to_string(word) +
                 " bytes and a line of " + std::to_string(kFetchLineBytes),
             {granule});
    if (target.dram.interleave_bytes < target.dram.access_bytes)
      report("dram.interleave_bytes",
             "at least dram.access_bytes = " +
                 std::to_string(target.dram.access_bytes),
             {target.dram.access_bytes});
  }
};

} // namespace

// Every beat and every response is progress, so what is to be covered is the
// wait for the oldest burst that has not been answered. All that the memory
// served before it has been answered: its channels turn at most once, serve at
// most its accesses, and it answers a latency later. A write waits for its
// beats first.
uint64_t Target::leastWatchdogCycles() const {
  const uint64_t burst =
      std::max({dma.burst_bytes, scratchpadRowBytes(), kFetchLineBytes});
  const uint64_t accesses = burst / dram.access_bytes + 2;
  const uint64_t service =
      dram.model == "banked"
          ? kRefreshPs + accesses * kRowPs + dram.controller_latency_ps
          : std::max(dram.read_to_write_ps, dram.write_to_read_ps) +
                accesses * dramAccessPs() +
                std::max(dram.read_latency_ps, dram.write_latency_ps);
  const uint64_t ps = service + kMemoryDelayPs;
  const uint64_t beats = burst / axi.data_bytes + 1;
  return std::max(findParameter("sequencer.watchdog_cycles")->minimum,
                  ps / clockPeriodPs() + beats + kPinCycles);
}

std::vector<std::string> Target::problems() const {
  return Checker(*this).run();
}

} // namespace tilework::target
