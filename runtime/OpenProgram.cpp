// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling behind the runtime's errors, or not compiling at all.

#include "runtime/OpenProgram.h"

#include "dialects/isa/OutputFile.h"
#include "runtime/ProgramCache.h"

#include <chrono>
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

} // namespace

// What the compiler and the program reader would say less clearly.
void requireFile(const std::string &path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    throw UserError("'" + path + "' does not exist");
  if (error)
    throw UserError("cannot read '" + path + "': " + error.message());
  if (fs::is_directory(status))
    throw UserError("'" + path + "' is a folder: name the file in it");
}

CompileResult compileModel(const ModelSource &source,
                           const target::Target &target,
                           const CompileOptions &options,
                           const std::function<bool()> &cancelled) {
  if (source.name.empty()) // no bytes of a caller
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

std::vector<std::string> filesBehind(const std::string &path,
                                     const isa::Image &image) {
  std::vector<std::string> files = {path};
  for (const isa::ExternalData &data : image.externalData)
    files.push_back((fs::path(path).parent_path() / data.location).string());
  return files;
}

void requireApart(const std::string &output,
                  const std::vector<std::string> &inputs) {
  if (std::string problem = isa::overwriteProblem(output, inputs);
      !problem.empty())
    throw UserError(problem);
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

void requireNoOptions(const std::string &path, const std::string &target,
                      const CompileOptions &options) {
  if (!target.empty() || !options.dims.empty() || !options.shapes.empty())
    throw UserError("'" + path +
                    "' is compiled: --target, --dim and --shape go with a "
                    "model; compile the model again for other ones");
}

Executable openProgram(const std::string &path, const std::string &target,
                       const CompileOptions &options,
                       const std::function<bool()> &cancelled, bool useCache) {
  requireFile(path);
  if (isProgramFile(path)) {
    requireNoOptions(path, target, options);
    return Executable::load(path);
  }
  const target::Target chosen =
      target::Target::load(target.empty() ? "edge" : target);
  const std::optional<ProgramCache> cache =
      useCache ? ProgramCache::ofUser() : std::nullopt;
  ProgramCache::Key key;
  if (cache) {
    key = ProgramCache::key(path, chosen, options);
    try {
      if (std::optional<isa::Image> image = cache->find(key))
        return Executable(std::move(*image));
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
  if (cache)
    cache->keep(key, *result.image);
  return Executable(std::move(*result.image));
}

} // namespace tilework
