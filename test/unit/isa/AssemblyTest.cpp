// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do programs read as they print, and do errors name line, column and remedy?

#include "dialects/isa/Assembly.h"

#include <gtest/gtest.h>

using namespace tilework::isa;

namespace {

const char kProgram[] = R"(main:
  set_extent destination=e0, tile=16, total_source=immediate, total=100, launch_parameter=p0
  loop trip_source=extent, length=L5, extent0=e0, update0=a1 by 64, update5=a2 by -3
    load wait_array=1, dram=a1, dram_offset=-128, tile=a2, outer=1, rows=e0, elements=32, element_log2_bytes=1
    loop trip_source=immediate, count=3, length=L5
      call target=L7, context_id=9
L5:
  set_scalar destination=s3, value=bits_7f800000
  halt
L7:
  set_scalar destination=s4, value=0.1
  return
)";

TEST(Assembly, AProgramPrintsAsItWasWritten) {
  const AssemblyResult parsed = parse(kProgram);
  ASSERT_TRUE(parsed) << parsed.errors[0].text();
  ASSERT_EQ(parsed.program.size(), 9u);
  EXPECT_EQ(std::get<Loop>(parsed.program[1]).length, 3);
  EXPECT_EQ(std::get<Call>(parsed.program[4]).target, 7u);
  EXPECT_EQ(std::get<Load>(parsed.program[2]).wait_array, 2);
  EXPECT_EQ(std::get<Loop>(parsed.program[1]).update5.step, -3);
  EXPECT_EQ(print(parsed.program, {{0, "main"}}), kProgram);
}

TEST(Assembly, LabelsStandForNumbers) {
  const AssemblyResult byLabel =
      parse("loop count=2, length=end // twice\n  null\nend: halt\n");
  const AssemblyResult byNumber =
      parse("loop length=0x1,count = 2\nnull\nhalt");
  ASSERT_TRUE(byLabel && byNumber);
  ASSERT_EQ(byLabel.program.size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(byLabel.program[i], byNumber.program[i]);
}

TEST(Assembly, PlacesOutsideTheProgramPrintAsNumbers) {
  Call call;
  call.target = 1000;
  Loop loop;
  loop.length = 500;
  const std::vector<Instruction> program = {loop, call};
  const AssemblyResult parsed = parse(print(program));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed.program[0], program[0]);
  EXPECT_EQ(parsed.program[1], program[1]);
}

TEST(Assembly, NamesOfLabelsNeverClash) {
  Call call;
  call.target = 2;
  const std::vector<Instruction> program = {call, Halt(), Return()};
  const AssemblyResult parsed =
      parse(print(program, {{1, "L2"}, {0, "not a name"}}));
  ASSERT_TRUE(parsed) << parsed.errors[0].text();
  EXPECT_EQ(parsed.program[0], program[0]);
}

struct Mistake {
  const char *text, *expected;
};

class AssemblyErrors : public testing::TestWithParam<Mistake> {};

TEST_P(AssemblyErrors, SayWhereAndWhat) {
  const AssemblyResult parsed = parse(GetParam().text);
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(parsed.errors[0].text(), GetParam().expected);
  EXPECT_TRUE(parsed.program.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, AssemblyErrors,
    testing::Values(
        Mistake{"halt\n  lod tile=a1", "2:3: unknown instruction 'lod'"},
        Mistake{
            "set_scalar dest=s1",
            "1:12: set_scalar has no field 'dest'; it has destination, value"},
        Mistake{"set_scalar destination=a1",
                "1:24: destination: expected a register s0 to s15"},
        Mistake{"set_scalar destination=s16",
                "1:24: destination: expected a register s0 to s15"},
        Mistake{"load tile=a32", "1:11: tile: expected a register a0 to a31"},
        Mistake{"load rows=65536", "1:11: rows: expected a number from 0 to "
                                   "65535 or an extent register e0 to e15"},
        Mistake{"load dram_offset=2147483648",
                "1:18: dram_offset: expected a number from -2147483648 to "
                "2147483647"},
        Mistake{"load rows=1 elements=2",
                "1:13: expected ',' or the end of the line"},
        Mistake{"load rows=1, rows=2", "1:14: 'rows' is there twice"},
        Mistake{"load wait_load=31",
                "1:16: wait_load: expected a number from 0 to 30 or none"},
        Mistake{"loop length=away", "1:13: there is no label 'away'"},
        Mistake{"x: loop length=x",
                "1:16: label 'x' is behind the instruction"},
        Mistake{
            "loop update0=a1",
            "1:14: update0: expected a register and a step, as in `a3 by -64`"},
        Mistake{"set_scalar value=1e60",
                "1:18: value: the number does not fit fp32; infinities are "
                "bits_7f800000 and bits_ff800000"},
        Mistake{"x: halt\nx: halt", "2:1: label 'x' is there twice"},
        Mistake{"null unit=dma",
                "1:11: unit: expected one of load, store, array, vector"},
        Mistake{"null unit=", "1:11: expected a value"},
        Mistake{"= 3", "1:1: expected a label or an instruction"}));

TEST(Assembly, EveryLineWithAMistakeIsReported) {
  const AssemblyResult parsed =
      parse("bad\nhalt\nworse\nloop length=nowhere\n");
  ASSERT_EQ(parsed.errors.size(), 3u);
  EXPECT_EQ(parsed.errors[2].line, 4u);
}

} // namespace
