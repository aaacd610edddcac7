// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Delays that a memory does not have, for runs that look for what depends on
// them.

#pragma once

#include "sim/memory/Dram.h"

#include <vector>

namespace tilework::sim {

/// Delays depend on the seed and on how many bursts the port has had in that
/// direction, not on cycles: one early difference between two engines does not
/// scramble all that follows.
class RandomDelays {
public:
  struct Delay {
    uint64_t latencyPs = 0; ///< added to the burst's latency
    uint64_t pausePs = 0; ///< the channel of the burst's first byte is idle for
                          ///< so long before it
  };

  RandomDelays(const DramTiming &timing, uint32_t ports)
      : seed(timing.randomSeed), maximum(timing.randomLatencyPs),
        counts(2 * ports) {}

  /// None where the timing asks for none.
  Delay draw(const DramRequest &request) {
    if (!maximum)
      return {};
    const uint64_t stream = 2 * request.port + request.write;
    uint64_t bits = mix(seed ^ mix(stream << 40 ^ ++counts[stream]));
    Delay delay;
    delay.latencyPs = (bits & 0xffffffff) % (maximum + 1);
    bits >>= 32;
    if (bits % 4 == 0)
      delay.pausePs = (bits >> 2) % (maximum / 4 + 1);
    return delay;
  }

private:
  uint64_t seed, maximum;
  std::vector<uint64_t> counts;
};

} // namespace tilework::sim
