// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A target: one value for each hardware parameter, checked as a whole. The
// compiler plans for it, the engines are built from it, the RTL is configured
// by it; nothing else holds such a number.

#pragma once

#include "dialects/target/Parameters.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tilework::target {

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// What a change of a parameter changes: the meaning of programs, their
/// planning, their cycles, or only what they cost.
enum class ParameterClass : uint8_t { Legality, Planning, Timing, Cost };
const char *className(ParameterClass value);

struct ParameterInfo {
  const char *key; ///< block.name
  const char *block, *name;
  const char *unit; ///< empty for a choice
  const char *sentence, *affects;
  const char *rtl; ///< localparam of tw_config_pkg; empty when the RTL does not
                   ///< depend on it
  ParameterClass parameterClass;
  uint64_t defaultValue, minimum, maximum;
  bool powerOfTwo;
  bool fromStandard; ///< dram.standard gives the value unless it is set
  const char *const *choices; ///< null for an integer
  unsigned choiceCount;
  uint64_t *(*integer)(Parameters &);   ///< null for a choice
  std::string *(*choice)(Parameters &); ///< null for an integer

  bool isInteger() const { return integer; }
  /// The value as a user writes it.
  std::string value(const Parameters &parameters) const;
  /// The value as reports have it: a number, or the name of a choice.
  nlohmann::json jsonValue(const Parameters &parameters) const;
};

/// Every parameter, block by block in the order of Parameters.td.
const std::vector<ParameterInfo> &parameters();
/// Null when there is none of this key.
const ParameterInfo *findParameter(std::string_view key);
/// JSON schema of target files, also what `tilework targets --schema` prints.
const char *schema();

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

/// A value that cannot be used: names the key, the value, the legal range and
/// the nearest legal values. One line a problem.
struct TargetError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// key and value as the user wrote them; sizes may carry K, M, G, T.
using Override = std::pair<std::string, std::string>;

class Target : public Parameters {
public:
  std::string name = "edge";
  std::string like; ///< what a built-in target resembles

  /// "edge", "my.yaml", or either with ",key=value" behind it, as often as
  /// wished. Throws TargetError.
  static Target load(const std::string &specification);
  /// A built-in target. Throws TargetError with the nearest names.
  static Target preset(const std::string &name);
  /// A target file; `origin` stands in messages, `folder` is where a relative
  /// `base` is looked for.
  static Target fromYaml(const std::string &text, const std::string &origin,
                         const std::string &folder = ".");
  static const std::vector<std::string> &presetNames();

  /// Sets all of them, then checks the result; on an error the target stays as
  /// it was. Throws TargetError.
  void apply(const std::vector<Override> &overrides);
  /// As above for "key=value"; what the command line takes.
  void apply(const std::vector<std::string> &assignments);

  /// All problems, one sentence each, those within a parameter first; empty for
  /// a legal target. The single place where rules between parameters stand.
  std::vector<std::string> problems() const;

  /// {block: {name: value}} with `name`; fromYaml reads it back.
  nlohmann::json toJson() const;
  std::string toYaml() const;

  /// The parameters of class legality, {key: value}, and the SHA-256 of that in
  /// canonical form: hex.
  nlohmann::json legality() const;
  std::string legalityHash() const;
  /// One sentence for each parameter in which this target differs from what a
  /// program was compiled for.
  std::vector<std::string>
  legalityDifferences(const nlohmann::json &program) const;

  /// The SystemVerilog package tw_config_pkg.
  std::string configPackage() const;

  //===--------------------------------------------------------------------===//
  // Derived figures
  //===--------------------------------------------------------------------===//

  /// L: lanes of 16 bits in a scratchpad row.
  uint64_t lanes() const {
    return std::max(systolic_array.rows, systolic_array.columns);
  }
  uint64_t scratchpadRowBytes() const { return 2 * lanes(); }
  uint64_t scratchpadRows() const {
    return scratchpad.size_bytes / scratchpadRowBytes();
  }
  uint64_t scratchpadRowsPerBank() const {
    return scratchpadRows() / scratchpad.banks;
  }
  uint64_t accumulatorRowBytes() const { return 4 * systolic_array.columns; }
  uint64_t accumulatorRows() const {
    return accumulator.size_bytes / accumulatorRowBytes();
  }
  uint64_t accumulatorRowsPerBank() const {
    return accumulatorRows() / accumulator.banks;
  }
  /// Rounded to whole picoseconds.
  uint64_t clockPeriodPs() const {
    return (1000000000000u + clock.frequency_hz / 2) / clock.frequency_hz;
  }
  /// Time of one access on a channel's data bus, rounded to whole picoseconds.
  uint64_t dramAccessPs() const {
    const uint64_t bandwidth = dram.channel_bandwidth_bytes_per_s;
    return std::max<uint64_t>(
        1, (dram.access_bytes * 1000000000000u + bandwidth / 2) / bandwidth);
  }
  /// A burst may be later by so much than the memory's parameters say, as it is
  /// in runs with random delays, and no program meets the watchdog.
  static constexpr uint64_t kMemoryDelayPs = 500000;
  /// The least value of sequencer.watchdog_cycles that this memory allows: no
  /// program that runs is quiet for as long.
  uint64_t leastWatchdogCycles() const;
  /// Of all channels.
  double dramBandwidthBytesPerSecond() const {
    return double(dram.channels) * double(dram.channel_bandwidth_bytes_per_s);
  }
  /// What DRAM and ports together let through.
  double dramBytesPerCycle() const;
};

bool operator==(const Target &a, const Target &b);
inline bool operator!=(const Target &a, const Target &b) { return !(a == b); }

/// A number with an optional suffix K, M, G, T: powers of 1024 for the unit
/// "bytes", else of 1000. Fractions are legal when the result is whole. Throws
/// TargetError.
uint64_t parseNumber(std::string_view text, std::string_view unit);
/// As a user would write it: "512K", "1G", "4266".
std::string formatNumber(uint64_t value, std::string_view unit);

/// The one of `candidates` that is nearest to a misspelt word; empty when none
/// is near.
std::string nearestName(std::string_view word,
                        const std::vector<std::string> &candidates);

} // namespace tilework::target
