// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much of an error is none: the check of stages and `run --expect` ask
// here.

#pragma once

namespace tilework {

struct Tolerance {
  double rms = 0;     ///< root mean square of the error over that of the value
  double largest = 0; ///< largest error over the largest magnitude
};

/// The whole model in bf16.
constexpr Tolerance kModelTolerance = {0.1, 0.25};

/// A value that is zero everywhere has no relative error: magnitudes are at
/// least this.
constexpr double kLeastMagnitude = 1e-12;

} // namespace tilework
