// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far two tensors are apart, and whether an op of a later stage computes a
// value of the imported graph: private to the check of stages.

#pragma once

#include "runtime/HostInterpreter.h"
#include "runtime/Tolerance.h"

#include <optional>

namespace tilework {

/// Values beyond this stand for infinity: masks use several.
constexpr double kInfinite = 1e20;

struct Distance {
  double rms = 0;         ///< relative, as Tolerance::rms
  double largest = 0;     ///< largest error
  double magnitude = 0;   ///< largest finite magnitude of the reference
  int64_t at = -1;        ///< index of the largest error
  double is = 0, was = 0; ///< the values there
  bool within(const Tolerance &tolerance) const {
    return rms <= tolerance.rms && largest <= tolerance.largest * magnitude;
  }
};

/// Compares element by element in row-major order; sizes must agree.
Distance distance(const std::vector<double> &value,
                  const std::vector<double> &reference);

/// "largest error 0.5 at [3, 4] (0.1 instead of 0.6), relative RMS error 0.2".
std::string describe(const Distance &distance,
                     const std::vector<int64_t> &shape);

/// A computed value of a stage.
struct StageValue {
  mlir::Value value;
  std::vector<std::string> nodes;
  HostTensor tensor;
};

/// The values of the imported graph by the model node that made them.
class ReferenceValues {
public:
  void add(StageValue value);
  /// The values of a node that have so many elements, the last one first.
  std::optional<Distance> nearest(const StageValue &value,
                                  const Tolerance &tolerance) const;

private:
  std::map<std::string, std::vector<HostTensor>> byNode;
};

} // namespace tilework
