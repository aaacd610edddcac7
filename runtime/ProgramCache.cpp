// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The name of an entry covers what is known before a compilation; the files
// that a model names are known from the program, which carries their digests.

#include "runtime/ProgramCache.h"

#include "compiler/import/SourceFiles.h"
#include "dialects/target/Sha256.h"
#include "runtime/Error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <link.h>
#include <vector>

namespace tilework {

namespace {

namespace fs = std::filesystem;

/// A library is told from its successor by place, size and time.
void addFile(target::Sha256 &hash, const fs::path &file) {
  std::error_code error;
  hash.update(file.string());
  hash.update(std::to_string(fs::file_size(file, error)));
  hash.update(std::to_string(
      fs::last_write_time(file, error).time_since_epoch().count()));
}

/// The compiler: the program that runs and every library in it.
void addCompiler(target::Sha256 &hash) {
  std::error_code error;
  addFile(hash, fs::read_symlink("/proc/self/exe", error));
  dl_iterate_phdr(
      [](dl_phdr_info *library, size_t, void *hash) {
        if (library->dlpi_name && *library->dlpi_name)
          addFile(*static_cast<target::Sha256 *>(hash), library->dlpi_name);
        return 0;
      },
      &hash);
}

struct Kept {
  fs::path path;
  uint64_t bytes;
  fs::file_time_type used;
};

/// Programs, and what an interrupted call left of one.
std::vector<Kept> keptIn(const fs::path &folder) {
  std::vector<Kept> files;
  std::error_code error;
  for (fs::directory_iterator next(folder, error), end; !error && next != end;
       next.increment(error)) {
    std::error_code gone; // another call may delete it
    if (!next->is_regular_file(gone) || gone)
      continue;
    const Kept file{next->path(), next->file_size(gone),
                    next->last_write_time(gone)};
    if (!gone)
      files.push_back(file);
  }
  return files;
}

} // namespace

std::optional<ProgramCache> ProgramCache::ofUser() {
  if (const char *folder = std::getenv("XDG_CACHE_HOME"); folder && *folder)
    return ProgramCache(fs::path(folder) / "tilework");
  if (const char *home = std::getenv("HOME"); home && *home)
    return ProgramCache(fs::path(home) / ".cache" / "tilework");
  return std::nullopt;
}

ProgramCache::Key ProgramCache::key(const std::string &model,
                                    const target::Target &target,
                                    const CompileOptions &options) {
  SourceFiles files;
  std::string error;
  const unsigned file = files.addFile(model, error);
  if (file == SourceFiles::kFailed)
    throw UserError(error);
  Key key;
  key.model = model;
  key.modelSha256 = *files.sha256(file, nullptr);
  const nlohmann::json parts = {
      {"model", key.modelSha256},
      // Files that the model names lie beside it.
      {"path", fs::absolute(model).lexically_normal().string()},
      {"target", target.toJson()},
      {"dims", options.dims},
      {"shapes", options.shapes},
      {"verify", options.verify},
      {"weights", options.weights},
      {"keep_tensors", options.keepTensors}};
  target::Sha256 hash;
  hash.update(
      parts.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  addCompiler(hash);
  key.name = hash.finish() + ".tw";
  return key;
}

std::optional<isa::Image> ProgramCache::find(const Key &key) const {
  const fs::path path = directory / key.name;
  std::error_code error;
  if (!fs::exists(path, error))
    return std::nullopt;
  std::optional<isa::Image> image;
  try {
    image = isa::readImage(path.string());
  } catch (const isa::ImageError &) {
    return std::nullopt; // the next keep() replaces it
  }
  SourceFiles files;
  const std::string beside = fs::path(key.model).parent_path().string();
  std::vector<isa::ExternalData> now;
  for (const isa::ExternalData &data : image->externalData) {
    std::string problem;
    const unsigned file = files.addExternal(beside, data.location, problem);
    if (file == SourceFiles::kFailed)
      return std::nullopt;
    now.push_back({data.location, *files.sha256(file, nullptr)});
  }
  // Not the digests one by one: the model may have changed between the naming
  // of the entry and its compilation.
  if (isa::modelHashOf(key.modelSha256, now) != image->modelHash)
    return std::nullopt;
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);
  return image;
}

void ProgramCache::keep(const Key &key, const isa::Image &image) const {
  std::error_code error;
  fs::create_directories(directory, error);
  try {
    isa::writeImage(image, (directory / key.name).string());
  } catch (const isa::ImageError &) {
    return;
  }
  shrink();
}

uint64_t ProgramCache::size() const {
  uint64_t bytes = 0;
  for (const Kept &file : keptIn(directory))
    bytes += file.bytes;
  return bytes;
}

void ProgramCache::shrink() const {
  std::vector<Kept> files = keptIn(directory);
  uint64_t bytes = 0;
  for (const Kept &file : files)
    bytes += file.bytes;
  std::sort(files.begin(), files.end(),
            [](const Kept &a, const Kept &b) { return a.used < b.used; });
  for (const Kept &file : files) {
    if (bytes <= limitBytes)
      return;
    std::error_code error;
    fs::remove(file.path, error);
    bytes -= file.bytes;
  }
}

} // namespace tilework
