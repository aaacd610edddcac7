// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs compiled from models, kept between calls in the user's cache folder.
// One is found again only where everything that went into it is the same, byte
// by byte: the model and the files beside it, the target, sizes, options, and
// the compiler with its libraries.

#pragma once

#include "compiler/Compile.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tilework {

class ProgramCache {
public:
  static constexpr uint64_t kLimitBytes = uint64_t(4) << 30;

  /// The user's: XDG_CACHE_HOME/tilework, or HOME/.cache/tilework; none for a
  /// user without either.
  static std::optional<ProgramCache> ofUser();

  /// Keeps at most `limitBytes` in `folder`, which need not exist: those used
  /// last stay. Subfolders are left alone.
  explicit ProgramCache(std::filesystem::path folder,
                        uint64_t limitBytes = kLimitBytes)
      : directory(std::move(folder)), limitBytes(limitBytes) {}

  /// What names the program of a model file. Throws UserError where the file
  /// cannot be read.
  struct Key {
    std::string name;        ///< of a file in the folder
    std::string model;       ///< the path
    std::string modelSha256; ///< of that file
  };
  static Key key(const std::string &model, const target::Target &target,
                 const CompileOptions &options);

  /// The program, unless none is kept, it is damaged, or a file that the model
  /// names has changed.
  std::optional<isa::Image> find(const Key &key) const;

  /// Keeps the program. A cache that cannot be written costs time, not the
  /// result: then nothing happens.
  void keep(const Key &key, const isa::Image &image) const;

  const std::filesystem::path &folder() const { return directory; }
  uint64_t limit() const { return limitBytes; }
  /// Bytes of all programs kept.
  uint64_t size() const;

private:
  void shrink() const;

  std::filesystem::path directory;
  uint64_t limitBytes;
};

} // namespace tilework
