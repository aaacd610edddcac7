// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three digits, and the largest unit of which there is at least one.

#include "dialects/target/Figures.h"

#include <cmath>
#include <cstdio>
#include <initializer_list>

namespace tilework {

namespace {

std::string digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), value < 999.5 ? "%.3g" : "%.0f", value);
  return text;
}

std::string scaled(double value, double step,
                   std::initializer_list<const char *> units) {
  const char *const *unit = units.begin();
  // What rounds to a whole step belongs to the next unit.
  while (unit + 1 != units.end() && value >= step - 0.5) {
    value /= step;
    ++unit;
  }
  return digits(value) + " " + *unit;
}

std::string separated(std::string digits) {
  for (size_t i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, ",");
  return digits;
}

} // namespace

std::string withCommas(uint64_t value) {
  return separated(std::to_string(value));
}

std::string countText(uint64_t count, const std::string &noun,
                      const std::string &several) {
  return withCommas(count) + " " +
         (count == 1        ? noun
          : several.empty() ? noun + "s"
                            : several);
}

std::string roundedText(double value) {
  char text[400]; // the largest double has 309 digits
  std::snprintf(text, sizeof(text), "%.0f", std::fabs(value));
  return (value < 0 ? "-" : "") +
         (std::isfinite(value) ? separated(text) : std::string(text));
}

std::string bytesText(double bytes) {
  if (bytes < 1024)
    return digits(bytes) + (bytes == 1 ? " byte" : " bytes");
  return scaled(bytes / 1024, 1024, {"KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::string rateText(double bytesPerSecond) {
  return scaled(bytesPerSecond, 1000, {"B/s", "KB/s", "MB/s", "GB/s", "TB/s"});
}

std::string secondsText(double seconds) {
  return scaled(seconds * 1e9, 1000, {"ns", "µs", "ms", "s"});
}

std::string hertzText(double hertz) {
  return scaled(hertz, 1000, {"Hz", "kHz", "MHz", "GHz"});
}

std::string ratioText(double ratio) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", ratio);
  return text;
}

} // namespace tilework
