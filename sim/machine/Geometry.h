// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a target that semantics and timing use.

#pragma once

#include "dialects/target/Numbers.h"

namespace tilework::sim {

/// Validation keeps every number of a legal target within 32 bits.
struct Geometry : target::TimingNumbers<uint32_t> {};

} // namespace tilework::sim
