// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's door: a worker thread with a crash recovery context around the
// pipeline.

#include "compiler/Compile.h"
#include "compiler/pipelines/Pipeline.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CrashRecoveryContext.h"

#include <exception>
#include <mutex>

namespace tilework {

/// Deep recursion over a model's graph stays far below this.
static constexpr unsigned kStackBytes = 64u << 20;

bool ModelSource::isText() const {
  return llvm::StringRef(path).ends_with(".mlir");
}

CompileResult compile(const ModelSource &source, const target::Target &target,
                      const CompileOptions &options) {
  static std::once_flag enabled;
  std::call_once(enabled, [] { llvm::CrashRecoveryContext::Enable(); });
  CompileResult result;
  auto fail = [&](CompileFailure::Kind kind, std::string message) {
    result.image.reset();
    result.failure.emplace();
    result.failure->kind = kind;
    result.failure->message = std::move(message);
  };
  llvm::CrashRecoveryContext recovery;
  bool finished = recovery.RunSafelyOnThread(
      [&] {
        try {
          result = runPipeline(source, target, options);
        } catch (const std::exception &error) {
          fail(CompileFailure::Kind::Internal, error.what());
        }
      },
      kStackBytes);
  if (!finished)
    fail(CompileFailure::Kind::Internal, "the compiler crashed on this model");
  return result;
}

} // namespace tilework
