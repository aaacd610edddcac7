// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a terminal gets of a name is text, whatever the name is.

#include "dialects/isa/Printable.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <random>

using namespace tilework;

namespace {

TEST(PrintableTest, TextStaysAndWhatATerminalObeysDoesNot) {
  EXPECT_EQ(printable("/layer.0/größe → ✓ 層 𝛼"), "/layer.0/größe → ✓ 層 𝛼");
  EXPECT_EQ(printable("a\x1b[31mb\r\n"), "a\\x1b[31mb\\x0d\\x0a");
  EXPECT_EQ(printable("a\x7f"), "a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");
  EXPECT_EQ(printable("\u202egnp.exe"), "\\u202egnp.exe");
  EXPECT_EQ(printable("two\n\tlines\r", true), "two\n\tlines\\x0d");
}

TEST(PrintableTest, WhatIsNoUtf8IsEscapedByteByByte) {
  EXPECT_EQ(legalUtf8("a\xff"), "a\\xff");
  EXPECT_EQ(legalUtf8("\xc3"), "\\xc3");                   // cut short
  EXPECT_EQ(legalUtf8("\xc0\xaf"), "\\xc0\\xaf");          // overlong
  EXPECT_EQ(legalUtf8("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // surrogate
  EXPECT_EQ(legalUtf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(legalUtf8("\x1b["), "\x1b[");
  EXPECT_NE(legalUtf8("\xfe"), legalUtf8("\xff"));
}

TEST(PrintableTest, AnyBytesBecomeTextThatStaysAsItIs) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 5000; ++trial) {
    std::string bytes;
    for (unsigned i = random() % 12; i > 0; --i)
      bytes += static_cast<char>(random() % 4 ? 0x80 + random() % 128
                                              : random() % 128);
    const std::string text = printable(bytes);
    EXPECT_NO_THROW(nlohmann::json(text).dump()); // UTF-8 alone passes
    for (unsigned char c : text)
      EXPECT_TRUE(c >= 0x20 && c != 0x7f);
    EXPECT_EQ(printable(text), text);
  }
}

} // namespace
