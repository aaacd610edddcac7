// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which nodes of the model an op stands for: the names in its location.

#pragma once

#include "mlir/IR/Location.h"

#include <string>
#include <vector>

namespace tilework::graph {

/// The names in the order in which they were fused, the primary node's first;
/// empty where the location has none.
inline void collectNodeNames(mlir::Location location,
                             std::vector<std::string> &names) {
  if (auto name = mlir::dyn_cast<mlir::NameLoc>(location))
    names.push_back(name.getName().str());
  else if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(location))
    for (mlir::Location inner : fused.getLocations())
      collectNodeNames(inner, names);
}

inline std::vector<std::string> nodeNames(mlir::Location location) {
  std::vector<std::string> names;
  collectNodeNames(location, names);
  return names;
}

} // namespace tilework::graph
