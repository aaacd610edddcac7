// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a target lets through at most, and the least cycles that the work of a
// model needs on it: the one place that summaries, rooflines and layers ask.

#pragma once

#include "dialects/isa/Image.h"
#include "dialects/target/Target.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace tilework {

/// Bytes that cross the pins: of loads, of stores, and of the instructions.
struct Traffic {
  double readBytes = 0, writeBytes = 0, fetchBytes = 0;
  double total() const { return readBytes + writeBytes + fetchBytes; }
};

/// Amounts a cycle that no program exceeds on a target.
struct Limits {
  double rows = 0, columns = 0; ///< of the array
  double weightRows = 0;        ///< of a block that enter in a cycle
  double vectorElements = 0;
  double scratchpadBytes = 0; ///< what stays on the chip
  double dramBytes = 0;       ///< of all channels, both directions together
  double axiBytes = 0;        ///< of all ports, each direction
  double pathBytes = 0;       ///< a row of the scratchpad, each direction
  /// What buffers and bursts under way cover of the memory's latency.
  double readWindowBytes = 0, writeWindowBytes = 0;
  double fetchWindowBytes = 0; ///< the same of the instruction buffer's lines

  /// The least cycles in which these bytes can move.
  double cycles(const Traffic &traffic) const;
  /// What makes it so many: "dram", "axi", "load path", "store path", "bursts
  /// under way", "fetch".
  const char *limit(const Traffic &traffic) const;
};

Limits limitsOf(const target::Target &target);

/// The least cycles of some work by each limit that it meets; the bound is
/// their maximum.
struct Bound {
  double array = 0;      ///< a block takes max(rows streamed, weight load)
  double weightLoad = 0; ///< of `array` the part that loading weights takes
  double vector = 0;
  double memory = 0;
  const char *memoryLimit = "dram";

  double cycles() const;
  /// "array", "weight load", "vector", or the memory's.
  const char *limit() const;
  /// {cycles, limit, array_cycles, weight_load_cycles, vector_cycles,
  /// dram_cycles}.
  nlohmann::json report() const;
};

/// The work that the compiler noted in the program (compiler/codegen/
/// ModelWork.h); null when it has none. Throws isa::ImageError where it is not
/// as the compiler writes it.
const nlohmann::json *workOf(const isa::Image &image);

/// Of the work of a model or of one of its layers.
Bound boundOf(const nlohmann::json &work, const Limits &limits);

/// Multiply-accumulates; an int8 one counts half, as the array does two at
/// once.
double macsOf(const nlohmann::json &work);

/// Bytes that must move at least.
Traffic trafficOf(const nlohmann::json &work);

/// Of the whole model; absent when the program does not say what it is.
std::optional<Bound> boundOf(const isa::Image &image,
                             const target::Target &target);

/// MACs of the model over what the array could do in `cycles`; absent as above.
std::optional<double> macUtilization(const isa::Image &image,
                                     const target::Target &target,
                                     uint64_t cycles);

} // namespace tilework
