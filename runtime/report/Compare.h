// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two reports of simulations held against each other.

#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tilework {

/// What differs between the chips before what moved: chips {parameter: [first,
/// second]} ("planned for …" in front of those of the plan), warnings (what
/// makes the comparison doubtful: other models, shapes or inputs), bytes of the
/// outputs ("equal", "different", "not computed"), cycles and latency_s [first,
/// second], speedup (latency of the first over that of the second), changes
/// [{figure, first, second}] with the largest first, equal (nothing moved).
///
/// Throws UserError where one is no report of a simulation, with its name.
nlohmann::json compareReports(const nlohmann::json &first,
                              const nlohmann::json &second,
                              const std::string &firstName = "the first",
                              const std::string &secondName = "the second");

/// The same as lines for people, without a final newline: latency, speedup and
/// cycles, then how the chips differ and what moved; `most` changes, 0 for all.
std::string comparisonText(const nlohmann::json &comparison, size_t most = 0);

} // namespace tilework
