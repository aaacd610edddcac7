// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accesses of one instruction as runs of bytes, and the memory that remembers
// who wrote and read each byte last.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace tilework::verifier {

enum class Memory : uint8_t { Dram, Scratchpad, Accumulator, Statistics };
constexpr unsigned kMemories = 4;
constexpr unsigned kUnits = 4;

/// Bytes [begin, end) of a memory. DRAM: segment << 48 | byte.
struct Run {
  Memory memory;
  bool write;
  uint64_t begin, end;
  /// A read that the same instruction may write over: a sum or a statistic that
  /// it adds to, an operand tile that is its destination.
  bool inPlace = false;
};

/// Number n of unit u has its place here; 0: nobody.
using UnitNumbers = std::array<uint32_t, kUnits>;

/// What is known of a run of bytes.
struct Touched {
  static constexpr uint8_t kNobody = 255, kLoader = 254;
  uint8_t writerUnit = kNobody;
  uint32_t writer = 0; ///< sequence number from 1 in its unit
  UnitNumbers readers{};
};

/// A map from bytes to Touched, as disjoint runs.
class History {
public:
  /// Calls visit(begin, end, touched &) for each run in [begin, end), with
  /// runs split at the ends and gaps filled.
  template <typename Visit>
  void each(uint64_t begin, uint64_t end, Visit &&visit) {
    auto it = split(begin);
    uint64_t at = begin;
    while (at < end) {
      if (it == runs.end() || it->first >= end) {
        it = runs.emplace_hint(it, at, Entry{end, Touched()});
      } else if (it->first > at) {
        it = runs.emplace_hint(it, at, Entry{it->first, Touched()});
      } else if (it->second.end > end) {
        Entry rest = it->second;
        it->second.end = end;
        runs.emplace_hint(std::next(it), end, rest);
      }
      visit(it->first, it->second.end, it->second.touched);
      at = it->second.end;
      ++it;
    }
  }
  /// Replaces all runs in [begin, end) by one.
  void replace(uint64_t begin, uint64_t end, const Touched &touched) {
    auto it = split(begin);
    while (it != runs.end() && it->first < end) {
      if (it->second.end > end) {
        Entry rest = it->second;
        runs.emplace_hint(std::next(it), end, rest);
      }
      it = runs.erase(it);
    }
    runs.emplace_hint(it, begin, Entry{end, touched});
  }

private:
  struct Entry {
    uint64_t end;
    Touched touched;
  };
  using Map = std::map<uint64_t, Entry>;
  /// The first run that begins at or behind `at`, after splitting there.
  Map::iterator split(uint64_t at) {
    auto it = runs.lower_bound(at);
    if (it != runs.begin()) {
      auto before = std::prev(it);
      if (before->second.end > at) {
        Entry rest = before->second;
        before->second.end = at;
        it = runs.emplace_hint(it, at, rest);
      }
    }
    return it;
  }
  Map runs;
};

} // namespace tilework::verifier
