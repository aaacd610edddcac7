// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs and unpacks the fields of every instruction type by the positions that
// its record gives them.

#include "dialects/isa/Codec.h"

#include <cstring>
#include <limits>
#include <type_traits>

namespace tilework::isa {
namespace {

#include "dialects/isa/InstructionTables.inc"

constexpr unsigned kOpcodeBits = 6;
constexpr unsigned kBits = 8 * kInstructionBytes;

/// The encoding as numbers, so that a field is at most two of them.
using Quads = std::array<uint64_t, kBits / 64>;

constexpr uint64_t mask(unsigned width) {
  return width >= 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
}

uint64_t extract(const Quads &quads, unsigned lsb, unsigned width) {
  const unsigned index = lsb / 64, shift = lsb % 64;
  uint64_t value = quads[index] >> shift;
  if (shift + width > 64)
    value |= quads[index + 1] << (64 - shift);
  return value & mask(width);
}

void deposit(Quads &quads, unsigned lsb, unsigned width, uint64_t value) {
  const unsigned index = lsb / 64, shift = lsb % 64;
  value &= mask(width);
  quads[index] = (quads[index] & ~(mask(width) << shift)) | value << shift;
  if (shift + width > 64) {
    const unsigned rest = shift + width - 64;
    quads[index + 1] = (quads[index + 1] & ~mask(rest)) | value >> (64 - shift);
  }
}

Quads toQuads(const uint8_t *bytes) {
  Quads quads{};
  for (unsigned i = 0; i < kInstructionBytes; ++i)
    quads[i / 8] |= uint64_t(bytes[i]) << (8 * (i % 8));
  return quads;
}

Word toWord(const Quads &quads) {
  Word word;
  for (unsigned i = 0; i < kInstructionBytes; ++i)
    word[i] = uint8_t(quads[i / 8] >> (8 * (i % 8)));
  return word;
}

int64_t signExtend(uint64_t value, unsigned width) {
  const uint64_t sign = uint64_t(1) << (width - 1);
  return int64_t((value ^ sign) - sign);
}

//===----------------------------------------------------------------------===//
// One value: its bits, and what it means for it to fit
//===----------------------------------------------------------------------===//

constexpr unsigned kExtentBits = 17, kExtentIndexBits = 4;
constexpr unsigned kUpdateRegisterBits = 5, kUpdateStepBits = 27;

template <typename T> uint64_t toBits(const T &value) {
  if constexpr (std::is_same_v<T, float>) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  } else if constexpr (std::is_same_v<T, Extent>) {
    return uint64_t(value.isRegister) << (kExtentBits - 1) | value.value;
  } else if constexpr (std::is_same_v<T, OptionalExtent>) {
    return value.valid ? 1 | uint64_t(value.index) << 1 : 0;
  } else if constexpr (std::is_same_v<T, Update>) {
    return value.register_index |
           (uint64_t(int64_t(value.step)) & mask(kUpdateStepBits))
               << kUpdateRegisterBits;
  } else {
    return uint64_t(value);
  }
}

template <typename T> void fromBits(uint64_t bits, unsigned width, T &value) {
  if constexpr (std::is_same_v<T, float>) {
    const uint32_t narrow = uint32_t(bits);
    std::memcpy(&value, &narrow, sizeof value);
  } else if constexpr (std::is_same_v<T, Extent>) {
    value = {bool(bits >> (kExtentBits - 1)), uint16_t(bits)};
  } else if constexpr (std::is_same_v<T, OptionalExtent>) {
    value = {bool(bits & 1), uint8_t(bits >> 1)};
  } else if constexpr (std::is_same_v<T, Update>) {
    value = {uint8_t(bits & mask(kUpdateRegisterBits)),
             int32_t(signExtend(bits >> kUpdateRegisterBits, kUpdateStepBits))};
  } else if constexpr (std::is_signed_v<T>) {
    value = T(signExtend(bits, width));
  } else {
    value = T(bits);
  }
}

template <typename T> bool fits(const T &value, const FieldInfo &field) {
  if constexpr (std::is_same_v<T, Extent>)
    return !value.isRegister || value.value < kExtentRegisters;
  else if constexpr (std::is_same_v<T, OptionalExtent>)
    return value.index < kExtentRegisters && (value.valid || value.index == 0);
  else if constexpr (std::is_same_v<T, Update>)
    return value.register_index < kAddressRegisters &&
           signExtend(uint64_t(int64_t(value.step)) & mask(kUpdateStepBits),
                      kUpdateStepBits) == value.step;
  else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, bool>)
    return true;
  else if constexpr (std::is_enum_v<T>)
    return field.enumeration->isLegal(uint64_t(value));
  else if constexpr (std::is_signed_v<T>)
    return signExtend(uint64_t(int64_t(value)) & mask(field.width),
                      field.width) == int64_t(value);
  else
    return (uint64_t(value) & ~mask(field.width)) == 0;
}

std::string range(const FieldInfo &field) {
  switch (field.kind) {
  case FieldKind::Enumeration: {
    std::string text = "one of";
    for (unsigned i = 0; i < field.enumeration->caseCount; ++i)
      text += std::string(i ? ", " : " ") + field.enumeration->cases[i].name;
    return text;
  }
  case FieldKind::Extent:
    return "0 to 65535 or e0 to e15";
  case FieldKind::OptionalExtent:
    return "absent or e0 to e15";
  case FieldKind::Update:
    return "a0 to a31 with a step of -67108864 to 67108863";
  case FieldKind::Signed:
    return std::to_string(-int64_t(mask(field.width - 1)) - 1) + " to " +
           std::to_string(mask(field.width - 1));
  default:
    return "0 to " + std::to_string(mask(field.width));
  }
}

/// What a word's bits must obey beyond their field's width; empty when they do.
std::string illegalBits(uint64_t bits, const FieldInfo &field) {
  if (field.kind == FieldKind::Enumeration && !field.enumeration->isLegal(bits))
    return "no case " + std::to_string(bits) + ", only " + range(field);
  if (field.kind == FieldKind::Extent && bits >> (kExtentBits - 1) &&
      (bits & mask(kExtentBits - 1)) >> kExtentIndexBits)
    return "bits 15 to 4 of an extent register's name must be zero";
  if (field.kind == FieldKind::OptionalExtent && !(bits & 1) && bits)
    return "an absent extent must be zero";
  return "";
}

/// Ones where the opcode or a field lies.
Quads encoded(const InstructionInfo &instruction) {
  Quads quads{};
  deposit(quads, 0, kOpcodeBits, ~uint64_t(0));
  for (const FieldInfo &field : instruction)
    deposit(quads, field.lsb, field.width, ~uint64_t(0));
  return quads;
}

/// The lowest bit that is set and encodes nothing; kBits when there is none.
unsigned firstStrayBit(const Quads &quads, const InstructionInfo &instruction) {
  const Quads known = encoded(instruction);
  for (unsigned bit = 0; bit < kBits; ++bit)
    if ((quads[bit / 64] & ~known[bit / 64]) >> (bit % 64) & 1)
      return bit;
  return kBits;
}

/// Builds the struct of alternative `Index` when that is the instruction looked
/// for.
template <size_t Index = 0>
Instruction build(int position, const Quads &quads) {
  if constexpr (Index < std::variant_size_v<Instruction>) {
    if (position != int(Index))
      return build<Index + 1>(position, quads);
    using T = std::variant_alternative_t<Index, Instruction>;
    T value;
    T::visitFields(value,
                   [&](unsigned, unsigned lsb, unsigned width, auto &field) {
                     fromBits(extract(quads, lsb, width), width, field);
                   });
    return value;
  } else {
    return Instruction();
  }
}

} // namespace

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

const CaseInfo *EnumerationInfo::find(uint64_t value) const {
  for (unsigned i = 0; i < caseCount; ++i)
    if (cases[i].value == value)
      return &cases[i];
  return nullptr;
}

const CaseInfo *EnumerationInfo::find(std::string_view wanted) const {
  for (unsigned i = 0; i < caseCount; ++i)
    if (wanted == cases[i].name)
      return &cases[i];
  return nullptr;
}

const FieldInfo *InstructionInfo::find(std::string_view wanted) const {
  for (const FieldInfo &field : *this)
    if (wanted == field.name)
      return &field;
  return nullptr;
}

InstructionRange instructions() {
  return {std::begin(kInstructions), std::end(kInstructions)};
}

const InstructionInfo *findInstruction(unsigned opcode) {
  const int position = opcode < std::size(kInstructionOfOpcode)
                           ? kInstructionOfOpcode[opcode]
                           : -1;
  return position < 0 ? nullptr : &kInstructions[position];
}

const InstructionInfo *findInstruction(std::string_view mnemonic) {
  for (const InstructionInfo &instruction : kInstructions)
    if (mnemonic == instruction.mnemonic)
      return &instruction;
  return nullptr;
}

const InstructionInfo &info(const Instruction &instruction) {
  return kInstructions[instruction.index()];
}

std::vector<const EnumerationInfo *> enumerations() {
  std::vector<const EnumerationInfo *> all;
  for (const EnumerationInfo &enumeration : kEnumerations)
    all.push_back(&enumeration);
  return all;
}

//===----------------------------------------------------------------------===//
// Codec
//===----------------------------------------------------------------------===//

Word encode(const Instruction &instruction) {
  Quads quads{};
  std::visit(
      [&](const auto &value) {
        deposit(quads, 0, kOpcodeBits, uint64_t(value.opcode));
        value.visitFields(value, [&](unsigned, unsigned lsb, unsigned width,
                                     const auto &field) {
          deposit(quads, lsb, width, toBits(field));
        });
      },
      instruction);
  return toWord(quads);
}

DecodeResult decode(const uint8_t *bytes) {
  const Quads quads = toQuads(bytes);
  const unsigned opcode = unsigned(extract(quads, 0, kOpcodeBits));
  const InstructionInfo *instruction = findInstruction(opcode);
  if (!instruction)
    return {std::nullopt, "unknown opcode " + std::to_string(opcode)};
  for (const FieldInfo &field : *instruction) {
    std::string reason =
        illegalBits(extract(quads, field.lsb, field.width), field);
    if (!reason.empty())
      return {std::nullopt, std::string(instruction->mnemonic) + ": " +
                                field.name + ": " + reason};
  }
  const unsigned bit = firstStrayBit(quads, *instruction);
  if (bit < kBits)
    return {std::nullopt, std::string(instruction->mnemonic) + ": bit " +
                              std::to_string(bit) +
                              " must be zero: it encodes nothing"};
  return {build(kInstructionOfOpcode[opcode], quads), ""};
}

std::string misfit(const Instruction &instruction) {
  std::string message;
  const InstructionInfo &table = info(instruction);
  std::visit(
      [&](const auto &value) {
        value.visitFields(
            value, [&](unsigned index, unsigned, unsigned, const auto &field) {
              const FieldInfo &fieldInfo = table.fields[index];
              if (message.empty() && !fits(field, fieldInfo))
                message = std::string(table.mnemonic) + ": " + fieldInfo.name +
                          " does not fit: legal is " + range(fieldInfo);
            });
      },
      instruction);
  return message;
}

bool operator==(const Instruction &a, const Instruction &b) {
  return a.index() == b.index() && encode(a) == encode(b);
}

Word encodedBits(const InstructionInfo &instruction) {
  return toWord(encoded(instruction));
}

uint64_t getBits(const Word &word, unsigned lsb, unsigned width) {
  return extract(toQuads(word.data()), lsb, width);
}

void setBits(Word &word, unsigned lsb, unsigned width, uint64_t value) {
  Quads quads = toQuads(word.data());
  deposit(quads, lsb, width, value);
  word = toWord(quads);
}

std::optional<UnitName> unit(const Instruction &instruction) {
  const InstructionUnit owner = info(instruction).unit;
  if (owner == InstructionUnit::Sequencer)
    return std::nullopt;
  if (owner == InstructionUnit::Field)
    return std::get<Null>(instruction).unit;
  return UnitName(owner);
}

} // namespace tilework::isa
