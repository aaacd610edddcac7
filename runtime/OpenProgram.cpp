// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling behind the runtime's errors, and the cache of compiled models.

#include "runtime/OpenProgram.h"

#include "dialects/target/Sha256.h"
#include "runtime/Npy.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace tilework {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void raise(CompileFailure failure) {
  const std::string message = failure.message;
  switch (failure.kind) {
  case CompileFailure::Kind::User:
    throw UserError(message);
  case CompileFailure::Kind::Invalid:
    throw InvalidModelError(message);
  case CompileFailure::Kind::Unsupported:
    throw RefusedModelError(message, std::move(failure));
  case CompileFailure::Kind::Cancelled:
    throw sim::RunCancelled(message);
  case CompileFailure::Kind::Internal:
    throw InternalError(message);
  }
  throw InternalError(message);
}

/// Absent when the user has no cache folder.
std::optional<fs::path> cacheFolder() {
  if (const char *folder = std::getenv("XDG_CACHE_HOME"); folder && *folder)
    return fs::path(folder) / "tilework";
  if (const char *home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".cache" / "tilework";
  return std::nullopt;
}

/// The compiler is part of the key: its file's time and size change with it.
void addCompiler(target::Sha256 &hash) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  hash.update(self.string());
  hash.update(std::to_string(fs::file_size(self, error)));
  hash.update(std::to_string(
      fs::last_write_time(self, error).time_since_epoch().count()));
}

std::string cacheKey(const std::string &path, const target::Target &target,
                     const CompileOptions &options) {
  target::Sha256 hash;
  const std::vector<uint8_t> bytes = readFile(path);
  hash.update(bytes.data(), bytes.size());
  hash.update(fs::absolute(path).string()); // external data lies beside it
  hash.update(target.toJson().dump());
  hash.update(nlohmann::json{{"dims", options.dims}, {"shapes", options.shapes}}
                  .dump());
  addCompiler(hash);
  return hash.finish();
}

/// What the compiler and the program reader would say less clearly.
void requireFile(const std::string &path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    throw UserError("'" + path + "' does not exist");
  if (error)
    throw UserError("cannot read '" + path + "': " + error.message());
  if (fs::is_directory(status))
    throw UserError("'" + path + "' is a folder: name the model file in it");
}

} // namespace

CompileResult compileModel(const ModelSource &source,
                           const target::Target &target,
                           const CompileOptions &options,
                           const std::function<bool()> &cancelled) {
  if (source.bytes.empty())
    requireFile(source.path);
  // What the thread uses lives as long as the thread, also when it is left
  // behind. Bytes of a caller are copied for the same reason.
  struct Work {
    ModelSource source;
    std::string bytes;
    target::Target target;
    CompileOptions options;
    std::atomic<bool> cancel{false};
    std::promise<CompileResult> done;
  };
  auto work = std::make_shared<Work>();
  work->bytes = std::string(source.bytes);
  work->source = {source.path, work->bytes, source.name};
  work->target = target;
  work->options = options;
  work->options.cancelled = &work->cancel;
  std::future<CompileResult> future = work->done.get_future();
  std::thread([work] {
    work->done.set_value(compile(work->source, work->target, work->options));
  }).detach();
  while (future.wait_for(std::chrono::milliseconds(20)) !=
         std::future_status::ready)
    if (cancelled && cancelled()) {
      work->cancel = true;
      throw sim::RunCancelled("the compilation was cancelled");
    }
  CompileResult result = future.get();
  if (result.failure)
    raise(std::move(*result.failure));
  return result;
}

bool isProgramFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  file.read(magic, sizeof(magic));
  return file && std::memcmp(magic,
                             "\x7f"
                             "ELF",
                             sizeof(magic)) == 0;
}

Executable openProgram(const std::string &path, const std::string &target,
                       const CompileOptions &options,
                       const std::function<bool()> &cancelled) {
  requireFile(path);
  if (isProgramFile(path)) {
    if (!target.empty() || !options.dims.empty() || !options.shapes.empty())
      throw UserError("'" + path +
                      "' is compiled: --target, --dim and --shape go with a "
                      "model; compile the model again for other ones");
    return Executable::load(path);
  }
  const target::Target chosen =
      target::Target::load(target.empty() ? "edge" : target);
  const std::optional<fs::path> folder = cacheFolder();
  const fs::path cached =
      folder ? *folder / (cacheKey(path, chosen, options) + ".tw") : fs::path();
  if (folder && fs::exists(cached)) {
    try {
      return Executable::load(cached.string());
    } catch (const isa::ImageError &) {
      // Compiled anew below, which replaces the damaged file.
    }
  }
  const std::string extension = fs::path(path).extension().string();
  CompileResult result;
  try {
    result = compileModel({path, {}, {}}, chosen, options, cancelled);
  } catch (const InvalidModelError &error) {
    if (extension == ".onnx" || extension == ".mlir")
      throw;
    throw UserError("'" + path +
                    "' is neither a compiled program (an ELF file) nor a "
                    "model; read as ONNX: " +
                    error.what());
  }
  if (!result.image)
    throw InternalError("the compiler returned no program");
  if (folder) {
    std::error_code error;
    fs::create_directories(*folder, error);
    try {
      isa::writeImage(*result.image, cached.string());
    } catch (const isa::ImageError &) {
      // A cache that cannot be written costs time, not the result.
    }
  }
  return Executable(std::move(*result.image));
}

} // namespace tilework
