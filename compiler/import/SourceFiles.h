// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files that weights are read from: the model, its external data, and
// constants that the import computed. A span names one by its index.

#ifndef TILEWORK_COMPILER_IMPORT_SOURCEFILES_H
#define TILEWORK_COMPILER_IMPORT_SOURCEFILES_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

/// Read-only bytes of several sources. Files are mapped, so that what is never
/// read is never loaded; everything stays mapped until destruction.
class SourceFiles {
public:
  SourceFiles() = default;
  ~SourceFiles();
  SourceFiles(const SourceFiles &) = delete;
  SourceFiles &operator=(const SourceFiles &) = delete;

  static constexpr unsigned kFailed = ~0u;

  /// Maps the file that the user named; kFailed and a sentence on failure.
  unsigned addFile(const std::string &path, std::string &error);

  /// Maps a file named inside a model, which may only be a plain file in the
  /// folder `base` or below: no absolute path, no "..", no symbolic link in any
  /// part, no file with a second hard link. A path already mapped gives the
  /// same index.
  unsigned addExternal(const std::string &base, std::string_view location,
                       std::string &error);

  /// Takes bytes that stand in memory. `name` is for people.
  unsigned addBytes(std::string bytes, std::string name);

  /// As addBytes, without a copy: the caller keeps the bytes alive.
  unsigned addBorrowed(std::string_view bytes, std::string name);

  size_t size() const { return entries.size(); }
  /// Whether the source is a file named inside a model, and how it is named.
  bool isExternal(unsigned file) const { return entries[file].isExternal; }
  std::string_view location(unsigned file) const;
  /// Whether the import computed the bytes: what they were made from is a
  /// source of its own.
  bool isComputed(unsigned file) const { return bool(entries[file].owned); }
  /// SHA-256 of all bytes of the source, hex; none once `cancelled` is set.
  std::optional<std::string> sha256(unsigned file,
                                    const std::atomic<bool> *cancelled) const;
  std::string_view bytes(unsigned file) const { return entries[file].bytes; }
  const std::string &name(unsigned file) const { return entries[file].name; }

  /// The span's bytes; empty where it leaves the file.
  std::string_view read(unsigned file, uint64_t offset, uint64_t length) const;

private:
  struct Entry {
    std::string name;
    std::string_view bytes;
    std::unique_ptr<std::string> owned;
    void *mapping = nullptr;
    bool isExternal = false;
  };
  unsigned map(int descriptor, std::string name, const std::string &shown,
               std::string &error);

  std::vector<Entry> entries;
};

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_SOURCEFILES_H
