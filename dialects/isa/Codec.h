// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions as bytes and back, and the tables that tools walk fields by. The
// compiler's last stage encodes, every engine decodes; the types come from
// Instructions.td.

#pragma once

#include "dialects/isa/Instructions.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tilework::isa {

/// An encoded instruction, byte 0 first; bit n of the encoding is bit n % 8 of
/// byte n / 8.
using Word = std::array<uint8_t, kInstructionBytes>;

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

enum class FieldKind : uint8_t {
  AddressRegister,
  ExtentRegister,
  ScalarRegister,
  LaunchParameter,
  Unsigned,
  Signed,
  Float,
  Flag,
  Enumeration,
  BodyLength,
  InstructionIndex,
  Extent,
  OptionalExtent,
  Update,
  Wait,
};

struct CaseInfo {
  const char *name;
  uint8_t value;
  const char *sentence;
};

struct EnumerationInfo {
  const char *name;
  unsigned width;
  uint32_t legalValues; ///< bit v is set when a case has value v
  const CaseInfo *cases;
  unsigned caseCount;

  bool isLegal(uint64_t value) const {
    return value < 32 && (legalValues >> value & 1);
  }
  /// Null when no case has this value or name.
  const CaseInfo *find(uint64_t value) const;
  const CaseInfo *find(std::string_view name) const;
};

struct FieldInfo {
  const char *name;
  FieldKind kind;
  unsigned lsb, width;
  const EnumerationInfo *enumeration; ///< null but for FieldKind::Enumeration
  const char *sentence;

  bool isSigned() const { return kind == FieldKind::Signed; }
};

/// Who takes the effect of an instruction; Field: its field `unit` says so.
enum class InstructionUnit : uint8_t {
  Load,
  Store,
  Array,
  Vector,
  Sequencer,
  Field
};

struct InstructionInfo {
  Opcode opcode;
  const char *mnemonic;
  const char *sentence;
  InstructionUnit unit;
  const FieldInfo *fields;
  unsigned fieldCount;

  const FieldInfo *begin() const { return fields; }
  const FieldInfo *end() const { return fields + fieldCount; }
  /// Null when there is no field of this name.
  const FieldInfo *find(std::string_view name) const;
};

/// Every instruction, in the order of Instructions.td.
struct InstructionRange {
  const InstructionInfo *first, *last;
  const InstructionInfo *begin() const { return first; }
  const InstructionInfo *end() const { return last; }
  size_t size() const { return last - first; }
};
InstructionRange instructions();

/// Null when no instruction has this opcode or mnemonic.
const InstructionInfo *findInstruction(unsigned opcode);
const InstructionInfo *findInstruction(std::string_view mnemonic);
const InstructionInfo &info(const Instruction &instruction);

/// Every enumeration, those that no field uses (Trap, Status) included.
std::vector<const EnumerationInfo *> enumerations();

//===----------------------------------------------------------------------===//
// Codec
//===----------------------------------------------------------------------===//

/// Values must fit their fields (see misfit); bits that do not fit are cut off.
Word encode(const Instruction &instruction);

struct DecodeResult {
  std::optional<Instruction> instruction; ///< absent for an illegal encoding
  std::string error; ///< which field, which value; empty when legal

  explicit operator bool() const { return instruction.has_value(); }
};

/// Refuses unknown opcodes, enumeration values without a case and bits that
/// must be zero, so that whatever decodes encodes to the same bytes. `bytes`
/// are kInstructionBytes.
DecodeResult decode(const uint8_t *bytes);
inline DecodeResult decode(const Word &word) { return decode(word.data()); }

/// Says which value does not fit its field and the field's range; empty when
/// all fit.
std::string misfit(const Instruction &instruction);

/// Equal encodings; NaNs compare by bits.
bool operator==(const Instruction &a, const Instruction &b);
inline bool operator!=(const Instruction &a, const Instruction &b) {
  return !(a == b);
}

/// Ones where the opcode or a field lies; every other bit of a legal word is
/// zero.
Word encodedBits(const InstructionInfo &instruction);

/// The bits of a field, at bit 0 of the result. They fit for every field.
uint64_t getBits(const Word &word, unsigned lsb, unsigned width);
void setBits(Word &word, unsigned lsb, unsigned width, uint64_t value);

/// The unit that retires the instruction; absent for an instruction of the
/// sequencer.
std::optional<UnitName> unit(const Instruction &instruction);

} // namespace tilework::isa
