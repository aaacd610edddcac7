// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the engines are built from, taken from a target.

#pragma once

#include "dialects/target/Target.h"
#include "sim/machine/Geometry.h"
#include "sim/memory/Dram.h"

namespace tilework::sim {

/// `target` is legal (target::Target::problems is empty).
Geometry geometryOf(const target::Target &target);

/// The off-chip memory of the target, without random latencies.
DramTiming dramTimingOf(const target::Target &target);

} // namespace tilework::sim
