// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From what a user names, a model or a program, to an executable.

#pragma once

#include "compiler/Compile.h"
#include "runtime/Error.h"
#include "runtime/Executable.h"

#include <functional>

namespace tilework {

/// A model that was refused; carries the report on its nodes.
struct RefusedModelError : UnsupportedModelError {
  RefusedModelError(const std::string &message, CompileFailure failure)
      : UnsupportedModelError(message), failure(std::move(failure)) {}
  CompileFailure failure;
};

/// A model that contradicts itself or is damaged.
struct InvalidModelError : UserError {
  using UserError::UserError;
};

/// A fault of the compiler; not the user's. Exit code 70.
struct InternalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Compiles in a thread that can be left behind: `cancelled` is asked every
/// 20 ms, and when it says so the call throws sim::RunCancelled at once. Throws
/// UserError, InvalidModelError, RefusedModelError, InternalError.
CompileResult compileModel(const ModelSource &source,
                           const target::Target &target,
                           const CompileOptions &options,
                           const std::function<bool()> &cancelled = {});

/// Throws UserError where there is no file of that name, or a folder.
void requireFile(const std::string &path);

/// The files that a program, or a model that was compiled on the way, came
/// from: that at `path` and the external data beside it.
std::vector<std::string> filesBehind(const std::string &path,
                                     const isa::Image &image);

/// Throws UserError where the file to write is one of those that are read.
/// Outputs that are empty, or not there yet, are none.
void requireApart(const std::string &output,
                  const std::vector<std::string> &inputs);

/// Whether the file begins as a program image.
bool isProgramFile(const std::string &path);

/// Throws UserError where `target`, dims or shapes are given for the program at
/// `path`, which has its own.
void requireNoOptions(const std::string &path, const std::string &target,
                      const CompileOptions &options);

/// Loads a program, or compiles a model; compiled models are kept in the user's
/// cache (runtime/ProgramCache.h) unless `useCache` is false. A program refuses
/// `target` (when not empty), dims and shapes.
Executable openProgram(const std::string &path, const std::string &target,
                       const CompileOptions &options,
                       const std::function<bool()> &cancelled = {},
                       bool useCache = true);

} // namespace tilework
