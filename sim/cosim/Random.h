// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same numbers on every host,
// which the standard's distributions do not promise.

#pragma once

#include <cstdint>

namespace tilework::sim {

class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound), 0 for bound 0.
  uint32_t below(uint32_t bound) {
    return bound == 0 ? 0 : static_cast<uint32_t>((next() >> 32) * bound >> 32);
  }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) < probability * 9007199254740992.0;
  }

private:
  uint64_t state;
};

} // namespace tilework::sim
