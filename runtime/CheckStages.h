// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles a model and holds what every stage left against the one before it,
// by value: `tilework compile --check-stages`.

#pragma once

#include "compiler/Compile.h"
#include "runtime/Error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tilework {

struct StageCheckSettings {
  /// Reference tensors by the names of the model's values: an .npz file, or a
  /// folder of .npy files. Those of the inputs are what the stages run on.
  /// Empty: seeded inputs, and the imported graph is the reference.
  std::string reference;
  uint64_t seed = 1;
};

/// One stage that agrees with its reference.
struct CheckedStage {
  std::string name;
  std::string against; ///< what it was held against
  uint64_t values = 0; ///< how many tensors were compared
  double error = 0;    ///< the largest relative RMS error of them
  double tolerance = 0;
};

/// A stage that does not: the message names the stage, the op, shapes and the
/// error. Exit code 3.
struct StageMismatchError : MismatchError {
  StageMismatchError(const std::string &message, std::string stage,
                     std::string node)
      : MismatchError(message), stage(std::move(stage)), node(std::move(node)) {
  }
  std::string stage, node;
};

struct CheckedCompilation {
  CompileResult result;
  std::vector<CheckedStage> stages;
};

/// As compileModel. Throws StageMismatchError for the first stage that differs,
/// and UserError for a reference that does not fit the model.
CheckedCompilation compileChecked(const ModelSource &source,
                                  const target::Target &target,
                                  const CompileOptions &options,
                                  const StageCheckSettings &settings,
                                  const std::function<bool()> &cancelled = {});

} // namespace tilework
