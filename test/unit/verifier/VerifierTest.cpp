// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier on small programs in assembly: a legal one passes, and each way
// of breaking it is named with the instructions concerned.

#include "compiler/verifier/Verifier.h"
#include "dialects/isa/Assembly.h"

#include <gtest/gtest.h>

using namespace tilework;

namespace {

verifier::Limits limits() {
  verifier::Limits l;
  l.rows = l.columns = 8;
  l.weightRows = 1;
  l.scratchpadRows = 256;
  l.accumulatorRows = 64;
  l.vectorLanes = 8;
  l.statisticsRows = 64;
  return l;
}

/// y = a·w through scratchpad and accumulator, 8×8 each.
const char *const kProduct = R"(
  set_address destination=a0, space=dram, segment=0, stride=16, limit=128
  set_address destination=a1, space=dram, segment=1, stride=16, limit=128
  set_address destination=a2, space=dram, segment=2, stride=16, limit=128
  set_address destination=a3, space=scratchpad, value=0, stride=1, limit=8
  set_address destination=a4, space=scratchpad, value=8, stride=1, limit=16
  set_address destination=a5, space=scratchpad, value=16, stride=1, limit=24
  set_address destination=a6, space=accumulator, value=0, stride=1, limit=8
  load dram=a0, tile=a3, outer=1, rows=8, elements=8, element_log2_bytes=1
  load dram=a1, tile=a4, outer=1, rows=8, elements=8, element_log2_bytes=1
  matmul wait_load=0, activations=a3, weights=a4, sums=a6, rows=8, columns=8, depth=8
  vector wait_array=0, source=a6, destination=a5, rows=8, columns=8, source_type=fp32, destination_type=bf16
  store wait_vector=0, dram=a2, tile=a5, outer=1, rows=8, elements=8, element_log2_bytes=1
  halt
)";

std::vector<std::string> check(const std::string &text) {
  isa::AssemblyResult assembled = isa::parse(text);
  std::string errors;
  for (const isa::AssemblyError &error : assembled.errors)
    errors += error.text() + "\n";
  EXPECT_EQ(errors, "");
  verifier::Program program;
  for (const isa::Instruction &instruction : assembled.program)
    program.text.push_back(isa::encode(instruction));
  program.segments[0] = {128, true};
  program.segments[1] = {128, true};
  program.segments[2] = {128, false};
  program.nodeOf = [](uint32_t pc, uint16_t) {
    return "node" + std::to_string(pc);
  };
  return verifier::verify(program, limits());
}

std::string replaced(const std::string &from, const std::string &to) {
  std::string text = kProduct;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expectRefused(const std::string &text, const std::string &sentence) {
  std::vector<std::string> errors = check(text);
  ASSERT_FALSE(errors.empty());
  EXPECT_NE(errors[0].find(sentence), std::string::npos) << errors[0];
}

} // namespace

TEST(Verifier, test_a_legal_program_passes) {
  EXPECT_EQ(check(kProduct), std::vector<std::string>());
}

TEST(Verifier, test_a_missing_wait_is_a_race_of_two_named_instructions) {
  expectRefused(replaced("wait_load=0, ", ""),
                "instruction 9 (node9) reads byte 0 of the scratchpad, which "
                "instruction 7 (node7) of the load unit writes");
  expectRefused(replaced("wait_vector=0, ", ""), "of the vector unit writes");
}

TEST(Verifier, test_a_wait_for_too_few_is_a_race) {
  expectRefused(replaced("wait_load=0", "wait_load=1"),
                "must wait for all but the last 0 of that unit");
}

TEST(Verifier, test_reading_what_nothing_wrote_is_refused) {
  expectRefused(replaced("segment=1", "segment=2"), "which nothing wrote");
  expectRefused(replaced("rows=8, elements=8, element_log2_bytes=1\n  matmul",
                         "rows=7, elements=8, element_log2_bytes=1\n  matmul"),
                "of the scratchpad, which nothing wrote");
}

TEST(Verifier, test_leaving_a_region_is_refused) {
  expectRefused(
      replaced("value=16, stride=1, limit=24", "value=16, stride=1, limit=23"),
      "leave the region");
  expectRefused(replaced("limit=8\n  load", "limit=99\n  load"),
                "past the 64 there are");
}

TEST(Verifier, test_an_unset_register_is_refused) {
  expectRefused(replaced("sums=a6", "sums=a7"),
                "address register a7 is not set");
}

TEST(Verifier, test_an_instruction_that_reads_what_it_writes_is_refused) {
  expectRefused(
      replaced("source=a6, destination=a5, rows=8, columns=8, "
               "source_type=fp32, destination_type=bf16",
               "source=a3, destination=a3, destination_offset=1, rows=7, "
               "columns=8, source_type=bf16, destination_type=bf16"),
      "reads what it writes");
}

TEST(Verifier, test_only_operands_at_their_own_place_may_be_overwritten) {
  const std::string drain =
      "source=a6, destination=a5, rows=8, columns=8, source_type=fp32, "
      "destination_type=bf16";
  const std::string inPlace = "source=a3, destination=a3, rows=8, columns=8, "
                              "source_type=bf16, destination_type=bf16";
  const std::string stored = "tile=a5, outer=1, rows=8, elements=8, "
                             "element_log2_bytes=1\n  halt";
  auto program = [&](const std::string &vector) {
    std::string text = replaced(drain, vector);
    size_t at = text.find(stored);
    return text.replace(at, 7, "tile=a3");
  };
  EXPECT_EQ(check(program(inPlace)), std::vector<std::string>());
  const std::string element = ", add0=element, element_type=bf16, element=a3";
  EXPECT_EQ(check(program(inPlace + element)), std::vector<std::string>());
  // An operand elsewhere in the destination, or one of columns, may not.
  expectRefused(program("source=a3, destination=a3, rows=7, columns=8, "
                        "source_type=bf16, destination_type=bf16" +
                        element + ", element_offset=1"),
                "reads what it writes");
  expectRefused(program(inPlace + ", add2=column, column2=a3"),
                "reads what it writes");
  // That a statistic adds to itself frees the statistic alone.
  expectRefused(program("source=a3, destination=a3, destination_offset=1, "
                        "rows=7, columns=8, source_type=bf16, "
                        "destination_type=bf16, reduce=sum, "
                        "reduce_accumulate=true"),
                "reads what it writes");
}

TEST(Verifier, test_the_closure_of_waits_counts) {
  // The vector unit waits for the array alone; that the loads have retired
  // follows, so the source of the load may be overwritten.
  std::string text = kProduct;
  size_t at = text.find("  store");
  text.insert(at, "  vector source=a3, destination=a4, rows=8, columns=8, "
                  "source_type=bf16, destination_type=bf16\n");
  EXPECT_EQ(check(text), std::vector<std::string>());
}

TEST(Verifier, test_running_past_the_end_is_refused) {
  std::string text = kProduct;
  text.replace(text.find("  halt"), 6, "  null unit=load");
  expectRefused(text, "runs past the end");
}
