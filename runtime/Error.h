// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the runtime throws: one type for each way a command can end.

#pragma once

#include <stdexcept>
#include <string>

namespace tilework {

/// The caller can mend it: wrong file, option, shape, type. Exit code 1.
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A model that the compiler does not support. Exit code 2.
struct UnsupportedModelError : UserError {
  using UserError::UserError;
};

/// Two engines, or an output and its reference, differ. Exit code 3.
struct MismatchError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The program trapped. Exit code 4.
struct ProgramTrapError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace tilework
