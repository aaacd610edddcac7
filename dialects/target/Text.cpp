// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers as users write them, and the nearest name to a misspelt one.

#include "dialects/target/Target.h"

#include <limits>

namespace tilework::target {
namespace {

constexpr std::string_view kSuffixes = "KMGT";

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Levenshtein's distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

} // namespace

uint64_t parseNumber(std::string_view text, std::string_view unit) {
  const std::string quoted = "'" + std::string(text) + "'";
  const uint64_t step = unit == "bytes" ? 1024 : 1000;
  uint64_t scale = 1;
  std::string_view digits = text;
  if (!digits.empty())
    if (size_t power = kSuffixes.find(digits.back());
        power != std::string_view::npos) {
      for (size_t i = 0; i <= power; ++i)
        scale *= step;
      digits.remove_suffix(1);
    }
  // The fraction is whole · 10^-decimals.
  unsigned __int128 whole = 0, divisor = 1;
  bool point = false, any = false;
  for (char c : digits) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!isDigit(c))
      throw TargetError(
          quoted +
          " is no number: write digits and, for sizes, a suffix K, M, G or T");
    any = true;
    whole = whole * 10 + unsigned(c - '0');
    if (point)
      divisor *= 10;
    if (whole > std::numeric_limits<uint64_t>::max() ||
        divisor > 1000000000000u)
      throw TargetError(quoted + " has too many digits");
  }
  if (!any)
    throw TargetError(
        quoted +
        " is no number: write digits and, for sizes, a suffix K, M, G or T");
  const unsigned __int128 scaled = whole * scale;
  if (scaled % divisor)
    throw TargetError(quoted + " is not whole");
  if (scaled / divisor > std::numeric_limits<uint64_t>::max())
    throw TargetError(quoted + " is too large");
  return uint64_t(scaled / divisor);
}

std::string formatNumber(uint64_t value, std::string_view unit) {
  const uint64_t step = unit == "bytes" ? 1024 : 1000;
  const bool scaled = unit == "bytes" || unit == "Hz";
  size_t power = 0;
  while (scaled && value && value % step == 0 && power < kSuffixes.size())
    value /= step, ++power;
  std::string text = std::to_string(value);
  return power ? text + kSuffixes[power - 1] : text;
}

std::string nearestName(std::string_view word,
                        const std::vector<std::string> &candidates) {
  std::string best;
  size_t least = word.size() / 3 + 2;
  for (const std::string &candidate : candidates) {
    // A word that was left unfinished is nearer than one with other letters.
    const bool begins =
        word.size() > 2 && candidate.compare(0, word.size(), word) == 0;
    const size_t now = begins ? 1 : distance(word, candidate);
    if (now < least)
      least = now, best = candidate;
  }
  return best;
}

} // namespace tilework::target
