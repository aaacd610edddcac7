// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of the off-chip memory: one flat range that every engine reads and
// writes, backed by pages that the host supplies when they are first touched.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::sim {

/// An access outside of the memory, or a memory that the host cannot supply.
struct DramAccessError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class DramImage {
public:
  /// A memory of `bytes` zero bytes, addresses 0 … bytes − 1. Throws
  /// DramAccessError if the host refuses.
  explicit DramImage(uint64_t bytes);
  ~DramImage();
  DramImage(DramImage &&other) noexcept;
  DramImage &operator=(DramImage &&other) noexcept;
  DramImage(const DramImage &) = delete;
  DramImage &operator=(const DramImage &) = delete;

  uint64_t size() const { return bytes; }
  /// Whether [address, address + count) lies inside.
  bool contains(uint64_t address, uint64_t count) const {
    return address <= bytes && count <= bytes - address;
  }

  /// The bytes from `address` on, of which `count` may be used. Throws
  /// DramAccessError if they are not all inside. Taking them mutable counts as
  /// writing them.
  uint8_t *data(uint64_t address, uint64_t count) {
    if (!contains(address, count))
      fail(address, count);
    for (const Range &range : keptRanges)
      keptChanged |= address < range.end && address + count > range.begin;
    return base + address;
  }
  const uint8_t *data(uint64_t address, uint64_t count) const {
    if (!contains(address, count))
      fail(address, count);
    return base + address;
  }

  void read(uint64_t address, void *destination, uint64_t count) const;
  void write(uint64_t address, const void *source, uint64_t count);

  /// Fills [address, address + count) from a file. Whole pages are mapped
  /// copy-on-write where address and offset agree modulo the page size, so
  /// weights cost memory only as they are read. Throws DramAccessError, also
  /// when the file is too short.
  void load(uint64_t address, const std::string &path, uint64_t fileOffset,
            uint64_t count);

  /// Lets clear() spare [address, address + count). Ranges rise and are apart.
  void keep(uint64_t address, uint64_t count);
  /// Sets all bytes outside of the kept ranges to zero. False if a kept range
  /// was written since the last clear(), or since it was kept: then write it
  /// anew.
  bool clear();

private:
  struct Range {
    uint64_t begin = 0, end = 0;
  };

  [[noreturn]] void fail(uint64_t address, uint64_t count) const;
  void zero(uint64_t begin, uint64_t end);

  uint8_t *base = nullptr;
  uint64_t bytes = 0;
  std::vector<Range> keptRanges;
  bool keptChanged = false;
};

} // namespace tilework::sim
