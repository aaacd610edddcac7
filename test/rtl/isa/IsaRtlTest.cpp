// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do the types and the legality of tw_isa_pkg agree with the C++ codec on a
// million random words?

#include "dialects/isa/Codec.h"

#include "VIsaFields.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

using namespace tilework::isa;

namespace {

class IsaRtl : public testing::Test {
protected:
  VerilatedContext context;
  VIsaFields rtl{&context};
  std::mt19937_64 random{7};
  unsigned legal = 0;

  void compare(const Word &word) {
    static_assert(sizeof rtl.word_i == kInstructionBytes);
    std::memcpy(&rtl.word_i, word.data(), word.size());
    rtl.index_i = 0;
    rtl.eval();
    const DecodeResult decoded = decode(word);
    ASSERT_EQ(bool(rtl.legal_o), bool(decoded))
        << decoded.error << " opcode " << getBits(word, 0, 6);
    if (!decoded)
      return;
    ++legal;
    const auto owner = unit(*decoded.instruction);
    ASSERT_EQ(bool(rtl.sequencer_o), !owner);
    if (owner) {
      ASSERT_EQ(rtl.unit_o, unsigned(*owner));
    }
    const InstructionInfo &table = info(*decoded.instruction);
    for (unsigned i = 0; i < table.fieldCount; ++i) {
      rtl.index_i = i;
      rtl.eval();
      const FieldInfo &field = table.fields[i];
      uint64_t value = rtl.value_o;
      if (field.isSigned() && field.width < 64)
        value &= (uint64_t(1) << field.width) - 1;
      ASSERT_EQ(value, getBits(word, field.lsb, field.width))
          << table.mnemonic << "." << field.name;
    }
  }

  /// Random bits wherever a field lies, which makes most words of most
  /// instructions nearly legal.
  Word almostLegal() {
    const InstructionInfo &table =
        instructions().begin()[random() % instructions().size()];
    Word word = encodedBits(table);
    for (uint8_t &byte : word)
      byte &= uint8_t(random());
    setBits(word, 0, 6, uint64_t(table.opcode));
    for (const FieldInfo &field : table)
      if (random() % 8) {
        if (field.kind == FieldKind::Enumeration)
          setBits(
              word, field.lsb, field.width,
              field.enumeration->cases[random() % field.enumeration->caseCount]
                  .value);
        if (field.kind == FieldKind::Extent && getBits(word, field.lsb + 16, 1))
          setBits(word, field.lsb + 4, 12, 0);
        if (field.kind == FieldKind::OptionalExtent &&
            !getBits(word, field.lsb, 1))
          setBits(word, field.lsb, 5, 0);
      }
    if (random() % 16 == 0) // one wrong bit anywhere
      word[random() % word.size()] ^= uint8_t(1u << random() % 8);
    return word;
  }
};

TEST_F(IsaRtl, AgreesOnAMillionRandomWords) {
  for (unsigned n = 0; n < 1000000 && !HasFatalFailure(); ++n)
    compare(almostLegal());
  EXPECT_GT(legal, 300000u);
}

TEST_F(IsaRtl, AgreesOnEverySingleBit) {
  for (const InstructionInfo &table : instructions())
    for (unsigned bit = 6; bit < 8 * kInstructionBytes && !HasFatalFailure();
         ++bit) {
      Word word{};
      setBits(word, 0, 6, uint64_t(table.opcode));
      setBits(word, bit, 1, 1);
      compare(word);
    }
}

TEST_F(IsaRtl, AgreesOnEveryOpcode) {
  for (unsigned opcode = 0; opcode < 64; ++opcode) {
    Word word{};
    setBits(word, 0, 6, opcode);
    compare(word);
  }
}

} // namespace
