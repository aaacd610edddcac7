// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier of final programs: decodes the text, walks it, and refuses what
// dialects/isa/RationaleISA.md does not call legal. It shares no code with what
// made the program: neither the walk, nor the footprints, nor the rule for
// waits.

#pragma once

#include "dialects/isa/Codec.h"
#include "dialects/target/Numbers.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tilework::verifier {

/// The numbers of a machine that legality depends on.
using Limits = target::LegalityNumbers<uint64_t>;

/// A DRAM segment; bytes 0: not bound.
struct SegmentInfo {
  uint64_t bytes = 0;
  bool written = false; ///< by the loader, before the start
};

struct ParameterRange {
  unsigned index = 0;
  uint32_t minimum = 0, maximum = 0;
};

struct Program {
  std::vector<isa::Word> text;
  uint32_t entry = 0; ///< index of the first instruction
  std::array<SegmentInfo, isa::kSegments> segments{};
  std::vector<ParameterRange> parameters;
  /// The model node of an instruction, for messages; may be empty.
  std::function<std::string(uint32_t pc, uint16_t context)> nodeOf;
};

/// What is wrong, a sentence each, at most `most`; empty for a legal program.
/// With launch parameters the program is walked for both ends of each range
/// and the values next to them.
std::vector<std::string> verify(const Program &program, const Limits &limits,
                                size_t most = 8);

} // namespace tilework::verifier
