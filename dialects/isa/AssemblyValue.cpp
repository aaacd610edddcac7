// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a value of each kind of field is written.

#include "dialects/isa/Assembly.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tilework::isa {
namespace {

constexpr unsigned kExtentFlag = 16;
constexpr unsigned kStepShift = 5, kStepBits = 27;
constexpr char kBitsPrefix[] = "bits_";

uint64_t ones(unsigned width) {
  return width >= 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
}

int64_t signExtend(uint64_t value, unsigned width) {
  const uint64_t sign = uint64_t(1) << (width - 1);
  return int64_t((value ^ sign) - sign);
}

/// The letter in front of a register's number; 0 for fields that hold none.
char registerPrefix(FieldKind kind) {
  switch (kind) {
  case FieldKind::AddressRegister:
    return 'a';
  case FieldKind::ExtentRegister:
    return 'e';
  case FieldKind::ScalarRegister:
    return 's';
  case FieldKind::LaunchParameter:
    return 'p';
  default:
    return 0;
  }
}

/// A dot stands in every decimal, so that no lexer takes it for an integer.
std::string printFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  char text[32];
  if (!std::isfinite(value)) {
    std::snprintf(text, sizeof text, "%s%08x", kBitsPrefix, bits);
    return text;
  }
  // Shortest text that reads back, in every locale.
  const std::to_chars_result end =
      std::to_chars(text, text + sizeof text, value);
  std::string out(text, end.ptr);
  if (out.find('.') == std::string::npos)
    out.insert(std::min(out.find('e'), out.size()), ".0");
  return out;
}

std::optional<uint64_t> parseRegister(const Operand &operand, char prefix,
                                      unsigned count) {
  if (operand.kind != Operand::Kind::Word || operand.word.size() < 2 ||
      operand.word.size() > 3 || operand.word[0] != prefix)
    return std::nullopt;
  unsigned number = 0;
  for (char c : operand.word.substr(1)) {
    if (c < '0' || c > '9')
      return std::nullopt;
    number = number * 10 + unsigned(c - '0');
  }
  const bool leadingZero = operand.word[1] == '0' && operand.word.size() > 2;
  return number < count && !leadingZero ? std::make_optional<uint64_t>(number)
                                        : std::nullopt;
}

std::string expectedRegister(char prefix, unsigned count) {
  return std::string("expected a register ") + prefix + "0 to " + prefix +
         std::to_string(count - 1);
}

std::string parseInteger(const Operand &operand, int64_t low, int64_t high,
                         int64_t &value) {
  value = operand.integer;
  if (operand.kind == Operand::Kind::Integer && value >= low && value <= high)
    return "";
  return "expected a number from " + std::to_string(low) + " to " +
         std::to_string(high);
}

std::string parseFloat(const Operand &operand, uint64_t &bits) {
  float value;
  if (operand.kind == Operand::Kind::Word) {
    char *end = nullptr;
    const std::string &word = operand.word;
    const size_t prefix = std::strlen(kBitsPrefix);
    if (word.size() != prefix + 8 || word.compare(0, prefix, kBitsPrefix) != 0)
      return "expected a number or bits_ and 8 hexadecimal digits";
    bits = std::strtoull(word.c_str() + prefix, &end, 16);
    return *end ? "expected 8 hexadecimal digits behind bits_" : "";
  }
  value = operand.kind == Operand::Kind::Integer ? float(operand.integer)
                                                 : float(operand.real);
  if (!std::isfinite(value))
    return "the number does not fit fp32; infinities are bits_7f800000 and "
           "bits_ff800000";
  uint32_t narrow;
  std::memcpy(&narrow, &value, sizeof narrow);
  bits = narrow;
  return "";
}

std::string parseCase(const FieldInfo &field, const Operand &operand,
                      uint64_t &bits) {
  if (operand.kind == Operand::Kind::Word)
    if (const CaseInfo *found =
            field.enumeration->find(std::string_view(operand.word))) {
      bits = found->value;
      return "";
    }
  std::string message = "expected one of";
  for (unsigned i = 0; i < field.enumeration->caseCount; ++i)
    message += std::string(i ? ", " : " ") + field.enumeration->cases[i].name;
  return message;
}

std::string parseUpdate(const Operand &operand, uint64_t &bits) {
  const std::optional<uint64_t> index =
      parseRegister(operand, 'a', kAddressRegisters);
  const int64_t limit = int64_t(1) << (kStepBits - 1);
  if (!index || !operand.step)
    return "expected a register and a step, as in `a3 by -64`";
  if (*operand.step < -limit || *operand.step >= limit)
    return "expected a step from " + std::to_string(-limit) + " to " +
           std::to_string(limit - 1);
  bits = *index | (uint64_t(*operand.step) & ones(kStepBits)) << kStepShift;
  return "";
}

} // namespace

bool isPrinted(const FieldInfo &field, uint64_t bits) {
  if (bits || registerPrefix(field.kind) ||
      field.kind == FieldKind::BodyLength ||
      field.kind == FieldKind::InstructionIndex)
    return true;
  return field.kind == FieldKind::Enumeration &&
         field.enumeration->find(uint64_t(0))->name != std::string_view("none");
}

std::string printValue(const FieldInfo &field, uint64_t bits) {
  if (const char prefix = registerPrefix(field.kind))
    return prefix + std::to_string(bits);
  switch (field.kind) {
  case FieldKind::Signed:
    return std::to_string(signExtend(bits, field.width));
  case FieldKind::Float:
    return printFloat(uint32_t(bits));
  case FieldKind::Flag:
    return bits ? "true" : "false";
  case FieldKind::Enumeration:
    return field.enumeration->find(bits)->name;
  case FieldKind::Extent:
    return (bits >> kExtentFlag ? "e" : "") +
           std::to_string(bits & ones(kExtentFlag));
  case FieldKind::OptionalExtent:
    return bits & 1 ? "e" + std::to_string(bits >> 1) : "none";
  case FieldKind::Update:
    return "a" + std::to_string(bits & ones(kStepShift)) + " by " +
           std::to_string(signExtend(bits >> kStepShift, kStepBits));
  case FieldKind::Wait:
    return bits ? std::to_string(bits - 1) : "none";
  default:
    return std::to_string(bits);
  }
}

std::string parseValue(const FieldInfo &field, const Operand &operand,
                       uint64_t &bits) {
  const bool isWord = operand.kind == Operand::Kind::Word;
  if (operand.step && field.kind != FieldKind::Update)
    return "only an update takes a step";
  int64_t number = 0;
  std::string error;
  if (const char prefix = registerPrefix(field.kind)) {
    const std::optional<uint64_t> index =
        parseRegister(operand, prefix, 1u << field.width);
    bits = index.value_or(0);
    return index ? "" : expectedRegister(prefix, 1u << field.width);
  }
  switch (field.kind) {
  case FieldKind::Signed: {
    const int64_t limit = int64_t(1) << (field.width - 1);
    error = parseInteger(operand, -limit, limit - 1, number);
    bits = uint64_t(number) & ones(field.width);
    return error;
  }
  case FieldKind::Float:
    return parseFloat(operand, bits);
  case FieldKind::Flag:
    bits = isWord ? operand.word == "true" : operand.integer == 1;
    if (isWord ? operand.word == "true" || operand.word == "false"
               : !parseInteger(operand, 0, 1, number).size())
      return "";
    return "expected true or false";
  case FieldKind::Enumeration:
    return parseCase(field, operand, bits);
  case FieldKind::Extent:
    if (const std::optional<uint64_t> index =
            parseRegister(operand, 'e', kExtentRegisters)) {
      bits = uint64_t(1) << kExtentFlag | *index;
      return "";
    }
    error = parseInteger(operand, 0, int64_t(ones(kExtentFlag)), number);
    bits = uint64_t(number);
    return error.empty() ? "" : error + " or an extent register e0 to e15";
  case FieldKind::OptionalExtent: {
    const std::optional<uint64_t> index =
        parseRegister(operand, 'e', kExtentRegisters);
    bits = index ? *index << 1 | 1 : 0;
    return index || (isWord && operand.word == "none")
               ? ""
               : expectedRegister('e', kExtentRegisters) + " or none";
  }
  case FieldKind::Update:
    return parseUpdate(operand, bits);
  case FieldKind::Wait:
    if (isWord && operand.word == "none") {
      bits = 0;
      return "";
    }
    error = parseInteger(operand, 0, int64_t(ones(field.width)) - 1, number);
    bits = uint64_t(number) + 1;
    return error.empty() ? "" : error + " or none";
  default:
    error = parseInteger(operand, 0, int64_t(ones(field.width)), number);
    bits = uint64_t(number);
    return error;
  }
}

} // namespace tilework::isa
