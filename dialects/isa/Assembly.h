// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions as text and back, exactly: whatever decodes prints, and what was
// printed parses to the same bytes.
//
//   main:
//     set_extent destination=e0, tile=16, total_source=immediate, total=100
//     loop trip_source=extent, index=0, length=done, extent0=e0, update0=a1 by
//     64
//       load wait_array=1, dram=a1, tile=a2, outer=1, rows=e0, elements=32
//   done:
//     halt
//
// One instruction a line: mnemonic, then name=value in any order; a field that
// is left out is zero. Values: numbers (decimal or 0x), registers a3 e3 s3 p3,
// cases of enumerations, `a3 by -64` for updates, `bits_7fc00000` for floats
// that have no decimal, a distance k for waits. Body lengths and call targets
// take a label or a number. `//` opens a comment.

#pragma once

#include "dialects/isa/Codec.h"

#include <map>

namespace tilework::isa {

/// `load wait_array=1, dram=a1, …`. Fields of value zero are left out but for
/// registers, cases and targets.
std::string print(const Instruction &instruction);

/// A program, one instruction a line, with labels where loops end and routines
/// begin. `labels` names further places, by instruction index; names that are
/// no identifiers are not used. `comments` stand behind instructions, by index.
std::string print(const std::vector<Instruction> &program,
                  const std::map<uint32_t, std::string> &labels = {},
                  const std::map<uint32_t, std::string> &comments = {});

struct AssemblyError {
  unsigned line, column; ///< from 1
  std::string message;

  /// "12:7: message"
  std::string text() const;
};

struct AssemblyResult {
  std::vector<Instruction> program;
  std::map<std::string, uint32_t> labels;
  std::vector<AssemblyError> errors; ///< empty on success; one a line at most

  explicit operator bool() const { return errors.empty(); }
};

AssemblyResult parse(std::string_view text);

//===----------------------------------------------------------------------===//
// Single values, for other syntaxes over the same fields (the isa dialect)
//===----------------------------------------------------------------------===//

/// Whether print writes a field that has these bits.
bool isPrinted(const FieldInfo &field, uint64_t bits);

/// A field's bits as text, without its name.
std::string printValue(const FieldInfo &field, uint64_t bits);

/// A value as a lexer sees it: a word with perhaps a step behind `by`, or a
/// number.
struct Operand {
  enum class Kind { Word, Integer, Real } kind = Kind::Integer;
  std::string word;
  int64_t integer = 0;
  double real = 0;
  std::optional<int64_t> step;
};

/// Writes the field's bits; returns what is wrong and what would be right,
/// empty on success.
std::string parseValue(const FieldInfo &field, const Operand &operand,
                       uint64_t &bits);

} // namespace tilework::isa
