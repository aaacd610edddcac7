// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One walk over UTF-8.

#include "dialects/isa/Printable.h"

#include <cstdint>
#include <cstdio>

namespace tilework {

namespace {

/// Bytes of the character at the front, 0 where it is no UTF-8 (overlong forms,
/// surrogates and what lies beyond U+10FFFF included).
unsigned characterAt(std::string_view text, uint32_t &point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) {
    point = first;
    return 1;
  }
  const unsigned size = first >= 0xf0   ? 4
                        : first >= 0xe0 ? 3
                        : first >= 0xc0 ? 2
                                        : 0;
  if (size == 0 || first > 0xf4 || text.size() < size)
    return 0;
  point = first & (0x7fu >> size);
  for (unsigned i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  static constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return point < least[size] || point > 0x10ffff || surrogate ? 0 : size;
}

bool isObeyed(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
         (point >= 0x200e && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0x061c;
}

template <typename Escapes>
std::string escape(std::string_view text, Escapes &&escapes) {
  std::string result;
  char written[12];
  while (!text.empty()) {
    uint32_t point = 0;
    const unsigned size = characterAt(text, point);
    if (size == 0 || escapes(point)) {
      if (size == 0)
        point = static_cast<uint8_t>(text.front());
      std::snprintf(written, sizeof(written), size > 1 ? "\\u%04x" : "\\x%02x",
                    point);
      result += written;
    } else {
      result.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

} // namespace

std::string legalUtf8(std::string_view text) {
  return escape(text, [](uint32_t) { return false; });
}

std::string printable(std::string_view text, bool lines) {
  return escape(text, [lines](uint32_t point) {
    return isObeyed(point) && !(lines && (point == '\n' || point == '\t'));
  });
}

} // namespace tilework
