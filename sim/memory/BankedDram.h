// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A memory with banks behind the ports: bursts become the whole accesses that
// their needed bytes touch, each of its channel, in the order of the requests.

#pragma once

#include "sim/memory/Dram.h"

#include <memory>

namespace tilework::sim {

/// `timing.device` is set.
std::unique_ptr<DramModel> makeBankedDram(const DramTiming &timing,
                                          uint32_t ports, uint32_t dataBytes);

} // namespace tilework::sim
