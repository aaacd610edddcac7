// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Holds the commands of a channel against its standard, by other means than the
// channel: pairs of commands and what lies between them.

#pragma once

#include "sim/memory/dram/Command.h"

#include <string>
#include <vector>

namespace tilework::sim::dram {

/// The first rule that `commands` break, in any order; empty when they keep
/// all: distances, five activates in a window, buses of commands and of data,
/// columns of open rows alone, activates and refreshes of closed banks alone.
std::string brokenRule(const Device &device, std::vector<Command> commands);

} // namespace tilework::sim::dram
