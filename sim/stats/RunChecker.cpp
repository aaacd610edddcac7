// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the first difference of two runs.

#include "sim/stats/RunChecker.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

namespace tilework::sim {

namespace {

constexpr uint64_t kWindowMargin = 64;

using UnitStreams = std::array<std::vector<const RetireRecord *>, kUnitCount>;

/// Records by unit in the order of their sequence: the order in which the
/// records of different units stand says nothing that their times do not say.
UnitStreams byUnit(const RunResult &result) {
  UnitStreams streams;
  for (const RetireRecord &record : result.records)
    streams[record.unit].push_back(&record);
  return streams;
}

std::string fieldDifference(const RetireRecord &a, const RetireRecord &b,
                            bool timed) {
  auto differs = [](const char *field, uint64_t x, uint64_t y) {
    return std::string(field) + " " + std::to_string(x) + " against " +
           std::to_string(y);
  };
  if (a.core != b.core)
    return differs("core", a.core, b.core);
  if (a.sequence != b.sequence)
    return differs("sequence", a.sequence, b.sequence);
  if (a.pc != b.pc)
    return differs("pc", a.pc, b.pc);
  if (a.context != b.context)
    return differs("context", a.context, b.context);
  if (a.bytes != b.bytes)
    return differs("bytes", a.bytes, b.bytes);
  if (timed && a.start != b.start)
    return differs("start", a.start, b.start);
  if (timed && a.end != b.end)
    return differs("end", a.end, b.end);
  return "";
}

/// Differences are compared by the earliest cycle that they show in; without
/// times by their place in the stream.
struct Candidate {
  uint64_t when = 0;
  RunDifference difference;
};

std::string describe(const RequestDigest &requests) {
  std::ostringstream text;
  text << requests.count << " (digest " << std::hex << requests.value << ")";
  return text.str();
}

} // namespace

std::string describe(const RetireRecord &record) {
  std::string text = std::string(unitName(record.unit)) + " instruction " +
                     std::to_string(record.sequence) + " at pc " +
                     std::to_string(record.pc);
  if (record.context != 0)
    text += " in context " + std::to_string(record.context);
  if (record.end != 0)
    text += ", cycles " + std::to_string(record.start) + " to " +
            std::to_string(record.end);
  return text;
}

std::optional<RunDifference> compareRuns(const RunResult &first,
                                         const RunResult &second,
                                         const RunNames &names) {
  const bool timed = first.cycles != 0 && second.cycles != 0;
  const UnitStreams a = byUnit(first), b = byUnit(second);
  std::optional<Candidate> found;
  auto offer = [&](uint64_t when, RunDifference difference) {
    if (!found || when < found->when)
      found = Candidate{when, std::move(difference)};
  };
  auto window = [&](RunDifference &difference, uint64_t begin, uint64_t end) {
    if (!timed)
      return;
    difference.windowBegin = begin > kWindowMargin ? begin - kWindowMargin : 0;
    difference.windowEnd = end + kWindowMargin;
  };

  for (unsigned unit = 0; unit < kUnitCount; ++unit) {
    const size_t common = std::min(a[unit].size(), b[unit].size());
    size_t i = 0;
    std::string field;
    while (i < common &&
           (field = fieldDifference(*a[unit][i], *b[unit][i], timed)).empty())
      ++i;
    RunDifference difference;
    if (i < common) {
      const RetireRecord &x = *a[unit][i], &y = *b[unit][i];
      difference.what = names.first + " and " + names.second + " differ in " +
                        describe(x) + ": " + field;
      difference.first = x;
      difference.second = y;
      window(difference, std::min(x.start, y.start), std::max(x.end, y.end));
      offer(timed ? (x.start != y.start ? std::min(x.start, y.start)
                                        : std::min(x.end, y.end))
                  : i,
            std::move(difference));
    } else if (a[unit].size() != b[unit].size()) {
      const bool more = a[unit].size() > common;
      const RetireRecord &extra = more ? *a[unit][common] : *b[unit][common];
      difference.what = std::string("of the instructions of ") +
                        unitName(unit) + " " + names.first + " retires " +
                        std::to_string(a[unit].size()) + ", " + names.second +
                        " " + std::to_string(b[unit].size()) +
                        "; the first that one lacks is " + describe(extra);
      (more ? difference.first : difference.second) = extra;
      window(difference, extra.start, extra.end);
      offer(timed ? extra.start : common, std::move(difference));
    }
  }
  if (found)
    return found->difference;

  auto plain = [&](const char *what, const std::string &x,
                   const std::string &y) {
    RunDifference difference;
    difference.what = std::string(what) + ": " + names.first + " " + x + ", " +
                      names.second + " " + y;
    window(difference, std::min(first.cycles, second.cycles),
           std::max(first.cycles, second.cycles));
    return difference;
  };
  if (first.trap.cause != second.trap.cause)
    return plain("end of the run", isa::caseName(first.trap.cause),
                 isa::caseName(second.trap.cause));
  if (first.trap.cause != TrapCause::none) {
    if (first.trap.pc != second.trap.pc)
      return plain("pc of the trap", std::to_string(first.trap.pc),
                   std::to_string(second.trap.pc));
    if (first.trap.context != second.trap.context)
      return plain("context of the trap", std::to_string(first.trap.context),
                   std::to_string(second.trap.context));
  }
  if (first.stickyStatus != second.stickyStatus)
    return plain("sticky status", std::to_string(first.stickyStatus),
                 std::to_string(second.stickyStatus));
  if (!timed)
    return std::nullopt;
  if (first.cycles != second.cycles)
    return plain("cycles", std::to_string(first.cycles),
                 std::to_string(second.cycles));
  std::string counter = first.counters.firstDifference(second.counters);
  if (!counter.empty()) {
    RunDifference difference;
    difference.what =
        names.first + " and " + names.second + " differ in " + counter;
    return difference;
  }
  if (!(first.requests == second.requests))
    return plain("requests to the memory", describe(first.requests),
                 describe(second.requests));
  return std::nullopt;
}

} // namespace tilework::sim
