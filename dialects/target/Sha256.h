// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-256 (FIPS 180-4), for the hashes that programs carry of targets and
// models. Uses the host's SHA instructions where it has them.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tilework::target {

class Sha256 {
public:
  /// `portable`: without the host's instructions, whatever it has.
  explicit Sha256(bool portable = false);
  void update(const void *data, size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// The digest in hexadecimal; no update may follow.
  std::string finish();

  static std::string of(std::string_view text) {
    Sha256 hash;
    hash.update(text);
    return hash.finish();
  }

private:
  void compress(const uint8_t *blocks, size_t count);

  std::array<uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending{};
  uint64_t total = 0;
  bool withInstructions;
};

} // namespace tilework::target
