// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do encode, decode, print and parse undo each other for every field's boundary
// values and for random words, and are illegal words refused?

#include "dialects/isa/Codec.h"
#include "dialects/isa/Assembly.h"

#include <gtest/gtest.h>

#include <random>

using namespace tilework::isa;

namespace {

Word emptyWord(const InstructionInfo &table) {
  Word word{};
  setBits(word, 0, 6, uint64_t(table.opcode));
  return word;
}

std::vector<uint64_t> boundaryBits(const FieldInfo &field) {
  const uint64_t all =
      field.width >= 64 ? ~uint64_t(0) : (uint64_t(1) << field.width) - 1;
  std::vector<uint64_t> bits = {
      0, 1, all, all >> 1, (all >> 1) + 1, all - 1, all & 0x5555555555555555u};
  if (field.kind == FieldKind::Float) // −0, the largest, infinity, a NaN with
                                      // payload, subnormals, 0.1
    bits = {0,          0x80000000, 0x7f7fffff, 0x7f800000,
            0xff800001, 1,          0x807fffff, 0x3dcccccd};
  if (field.kind == FieldKind::Extent)
    bits = {0, 1, 0xffff, 0x8000, 0x10000, 0x1000f};
  if (field.kind == FieldKind::OptionalExtent)
    bits = {0, 1, 31};
  if (field.kind == FieldKind::Enumeration) {
    bits.clear();
    for (unsigned i = 0; i < field.enumeration->caseCount; ++i)
      bits.push_back(field.enumeration->cases[i].value);
  }
  return bits;
}

void expectRoundTrip(const Word &word) {
  const DecodeResult decoded = decode(word);
  ASSERT_TRUE(decoded) << decoded.error;
  EXPECT_EQ(encode(*decoded.instruction), word);
  EXPECT_EQ(misfit(*decoded.instruction), "");
  const std::string text = print(*decoded.instruction);
  const AssemblyResult parsed = parse(text);
  ASSERT_TRUE(parsed) << text << "\n" << parsed.errors[0].text();
  ASSERT_EQ(parsed.program.size(), 1u);
  EXPECT_EQ(encode(parsed.program[0]), word) << text;
}

TEST(Codec, EveryFieldRoundTripsAtItsBoundaries) {
  for (const InstructionInfo &table : instructions()) {
    expectRoundTrip(emptyWord(table));
    for (const FieldInfo &field : table)
      for (uint64_t bits : boundaryBits(field)) {
        Word word = emptyWord(table);
        setBits(word, field.lsb, field.width, bits);
        SCOPED_TRACE(std::string(table.mnemonic) + "." + field.name + " = " +
                     std::to_string(bits));
        expectRoundTrip(word);
      }
  }
}

TEST(Codec, AllFieldsAtOnceRoundTrip) {
  std::mt19937_64 random(1);
  for (unsigned n = 0; n < 20000; ++n) {
    const InstructionInfo &table =
        instructions().begin()[random() % instructions().size()];
    Word word = emptyWord(table);
    for (const FieldInfo &field : table) {
      const std::vector<uint64_t> bits = boundaryBits(field);
      setBits(word, field.lsb, field.width, bits[random() % bits.size()]);
    }
    expectRoundTrip(word);
  }
}

TEST(Codec, WhateverDecodesEncodesToTheSameBytes) {
  std::mt19937_64 random(2);
  unsigned legal = 0;
  for (unsigned n = 0; n < 400000; ++n) {
    const InstructionInfo &table =
        instructions().begin()[random() % instructions().size()];
    Word word = emptyWord(table);
    for (const FieldInfo &field : table)
      setBits(word, field.lsb, field.width, random());
    if (const DecodeResult decoded = decode(word)) {
      ++legal;
      ASSERT_EQ(encode(*decoded.instruction), word);
    }
  }
  EXPECT_GT(legal, 1000u);
}

TEST(Codec, EveryBitThatEncodesNothingIsRefused) {
  for (const InstructionInfo &table : instructions())
    for (unsigned bit = 0; bit < 8 * kInstructionBytes; ++bit) {
      if (getBits(encodedBits(table), bit, 1))
        continue;
      Word word = emptyWord(table);
      setBits(word, bit, 1, 1);
      const DecodeResult decoded = decode(word);
      EXPECT_FALSE(decoded) << table.mnemonic << " bit " << bit;
      EXPECT_NE(decoded.error.find("bit " + std::to_string(bit)),
                std::string::npos)
          << decoded.error;
    }
}

TEST(Codec, UnknownOpcodesAndCasesAreRefused) {
  for (unsigned opcode = 0; opcode < 64; ++opcode) {
    Word word{};
    setBits(word, 0, 6, opcode);
    EXPECT_EQ(bool(decode(word)), findInstruction(opcode) != nullptr) << opcode;
  }
  for (const InstructionInfo &table : instructions())
    for (const FieldInfo &field : table) {
      if (field.kind != FieldKind::Enumeration)
        continue;
      for (uint64_t value = 0; value < uint64_t(1) << field.width; ++value) {
        Word word = emptyWord(table);
        setBits(word, field.lsb, field.width, value);
        EXPECT_EQ(bool(decode(word)), field.enumeration->find(value) != nullptr)
            << table.mnemonic << "." << field.name;
      }
    }
}

TEST(Codec, BitsThatNameNothingAreRefused) {
  Word word = encode(Load());
  const FieldInfo &rows = *findInstruction("load")->find("rows");
  setBits(word, rows.lsb, rows.width, 0x10010);
  EXPECT_FALSE(decode(word));
  word = encode(Loop());
  const FieldInfo &extent = *findInstruction("loop")->find("extent0");
  setBits(word, extent.lsb, extent.width, 2);
  EXPECT_FALSE(decode(word));
}

TEST(Codec, ValuesThatDoNotFitAreNamed) {
  Load load;
  load.tile_offset = 1u << 20;
  EXPECT_NE(misfit(load).find("tile_offset"), std::string::npos);
  Loop loop;
  loop.update3 = {3, 1 << 26};
  EXPECT_NE(misfit(loop).find("update3"), std::string::npos);
  CopyAddress copy;
  copy.offset = -(int64_t(1) << 39);
  EXPECT_EQ(misfit(copy), "");
  copy.offset -= 1;
  EXPECT_NE(misfit(copy).find("offset"), std::string::npos);
}

TEST(Codec, FieldsLieWhereTheRecordsSay) {
  Matmul matmul;
  matmul.wait_load = 3;
  matmul.sums = 31;
  matmul.depth = Extent::reg(5);
  const Word word = encode(matmul);
  EXPECT_EQ(getBits(word, 0, 6), 20u);
  EXPECT_EQ(getBits(word, 6, kWaitBits), 3u);
  const FieldInfo &sums = *findInstruction("matmul")->find("sums");
  EXPECT_EQ(getBits(word, sums.lsb, sums.width), 31u);
  const FieldInfo &depth = *findInstruction("matmul")->find("depth");
  EXPECT_EQ(getBits(word, depth.lsb, depth.width), 0x10005u);
}

TEST(Codec, UnitsAreFoundWithoutKnowingTheInstruction) {
  Null null;
  null.unit = UnitName::vector;
  EXPECT_EQ(*unit(null), UnitName::vector);
  EXPECT_EQ(*unit(Gather()), UnitName::load);
  EXPECT_FALSE(unit(Loop()));
}

} // namespace
