// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do targets load as they are written, does every rule hold, and do errors name
// key, value, range and remedy?

#include "dialects/target/Target.h"
#include "dialects/target/Sha256.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

using namespace tilework::target;

namespace {

std::string errorOf(const std::string &specification) {
  try {
    Target::load(specification);
  } catch (const TargetError &error) {
    return error.what();
  }
  return "no error";
}

std::string yamlError(const std::string &text) {
  try {
    Target::fromYaml(text, "my.yaml");
  } catch (const TargetError &error) {
    return error.what();
  }
  return "no error";
}

void expectWords(const std::string &text,
                 const std::vector<std::string> &words) {
  for (const std::string &word : words)
    EXPECT_NE(text.find(word), std::string::npos)
        << "'" << word << "' in: " << text;
}

//===----------------------------------------------------------------------===//
// Built-in targets
//===----------------------------------------------------------------------===//

TEST(Target, BuiltInTargetsAreLegalAndComplete) {
  EXPECT_EQ(Target::presetNames(),
            (std::vector<std::string>{"nano", "edge", "mobile", "server"}));
  for (const std::string &name : Target::presetNames()) {
    const Target target = Target::preset(name);
    EXPECT_EQ(target.name, name);
    EXPECT_FALSE(target.like.empty());
    EXPECT_TRUE(target.problems().empty());
  }
}

TEST(Target, EdgeHasTheDefaultsOfTheRecords) {
  Target defaults;
  defaults.like = Target::preset("edge").like;
  EXPECT_EQ(defaults, Target::preset("edge"));
}

TEST(Target, BandwidthsAreThoseOfThePresets) {
  const std::vector<std::pair<const char *, double>> expected = {
      {"nano", 8.5e9},
      {"edge", 17.1e9},
      {"mobile", 51.2e9},
      {"server", 460.8e9}};
  for (const auto &[name, bandwidth] : expected)
    EXPECT_NEAR(Target::preset(name).dramBandwidthBytesPerSecond(), bandwidth,
                0.01 * bandwidth)
        << name;
}

TEST(Target, BuffersHoldLatencyTimesBandwidthAndTwoBursts) {
  for (const std::string &name : Target::presetNames()) {
    const Target target = Target::preset(name);
    const double flight = target.dramBandwidthBytesPerSecond() *
                          double(target.dram.read_latency_ps) * 1e-12;
    EXPECT_GE(double(target.dma.buffer_bytes),
              flight / double(target.axi.ports) + 2.0 * target.dma.burst_bytes)
        << name;
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TEST(Target, AssignmentsChangeWhatTheyName) {
  const Target target =
      Target::load("edge,scratchpad.size_bytes=256K,clock.frequency_hz=1.5G");
  EXPECT_EQ(target.scratchpad.size_bytes, 256u * 1024);
  EXPECT_EQ(target.clock.frequency_hz, 1500000000u);
  EXPECT_EQ(target.scratchpadRowsPerBank(), 1024u);
  EXPECT_EQ(target.clockPeriodPs(), 667u);
}

TEST(Target, SizesAreBinaryAndRatesDecimal) {
  EXPECT_EQ(parseNumber("4M", "bytes"), 4u << 20);
  EXPECT_EQ(parseNumber("1.5K", "bytes"), 1536u);
  EXPECT_EQ(parseNumber("1.2G", "Hz"), 1200000000u);
  EXPECT_EQ(parseNumber("18446744073709551615", "bytes"), UINT64_MAX);
  for (const char *bad : {"", "K", "-1", "1e9", "0x10", "1.0001K",
                          "18446744073709551616", "99999999999T", "4 K"})
    EXPECT_THROW(parseNumber(bad, "bytes"), TargetError) << bad;
  EXPECT_EQ(formatNumber(4u << 20, "bytes"), "4M");
  EXPECT_EQ(formatNumber(1000000000, "Hz"), "1G");
  EXPECT_EQ(formatNumber(1500, "bytes"), "1500");
}

TEST(Target, AnyNumberOfBanksFits) {
  const Target target =
      Target::load("nano,scratchpad.banks=3,scratchpad.size_bytes=48K");
  EXPECT_EQ(target.scratchpadRowsPerBank(), 1024u);
}

TEST(Target, AStandardGivesWhatIsNotSetByHand) {
  Target target =
      Target::load("edge,dram.read_latency_ps=90000,dram.standard=HBM2E-3600");
  EXPECT_EQ(target.dram.channel_bandwidth_bytes_per_s, 28800000000u);
  EXPECT_EQ(target.dram.read_latency_ps, 90000u);
  target.apply(std::vector<std::string>{"dram.channels=4"});
  EXPECT_EQ(target.dram.read_latency_ps, 90000u);
}

TEST(Target, AFailedChangeChangesNothing) {
  Target target = Target::preset("edge");
  EXPECT_THROW(target.apply(std::vector<std::string>{"dma.outstanding_bursts=4",
                                                     "vector_unit.lanes=32"}),
               TargetError);
  EXPECT_EQ(target, Target::preset("edge"));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(TargetErrors, MisspeltNamesGetTheNearest) {
  expectWords(errorOf("egde"),
              {"'egde'", "did you mean 'edge'", "nano, edge, mobile, server"});
  expectWords(errorOf("edge,scratchpad.size=4M"),
              {"'scratchpad.size'", "did you mean 'scratchpad.size_bytes'"});
  expectWords(errorOf("edge,dram.standard=LPDDR4"),
              {"dram.standard = LPDDR4", "LPDDR4X-4266"});
  expectWords(errorOf("edge,dram.model=banked,dram.read_latency_ps=90000"),
              {"dram.read_latency_ps = 90000 has no effect", "LPDDR4X-4266",
               "dram.model=simple"});
  const std::string empty = testing::TempDir() + "empty.yaml";
  std::ofstream(empty).flush();
  expectWords(errorOf(empty), {"empty.yaml", "is empty"});
  expectWords(errorOf("edge,vector_unit.lanes"),
              {"'vector_unit.lanes' is no assignment", "key=value"});
  expectWords(errorOf("nowhere/none.yaml"),
              {"nowhere/none.yaml", "No such file"});
}

TEST(TargetErrors, EveryRangeNamesTheNearestValue) {
  for (const ParameterInfo &parameter : parameters()) {
    if (!parameter.isInteger() || parameter.minimum == 0)
      continue;
    const std::string below =
        errorOf("edge," + std::string(parameter.key) + "=" +
                std::to_string(parameter.minimum - 1));
    expectWords(
        below, {parameter.key,
                "nearest: " + formatNumber(parameter.minimum, parameter.unit)});
    const std::string above =
        errorOf("edge," + std::string(parameter.key) + "=" +
                std::to_string(parameter.maximum + 1));
    expectWords(
        above, {parameter.key,
                "nearest: " + formatNumber(parameter.maximum, parameter.unit)});
    if (parameter.powerOfTwo && parameter.maximum > 3 * parameter.minimum)
      expectWords(errorOf("edge," + std::string(parameter.key) + "=" +
                          std::to_string(3 * parameter.minimum)),
                  {parameter.key, "powers of two", " or "});
  }
}

TEST(TargetErrors, RulesBetweenParameters) {
  expectWords(errorOf("edge,systolic_array.rows=8"),
              {"vector_unit.lanes = 16", "= 8", "nearest: 8"});
  expectWords(errorOf("nano,systolic_array.weight_rows_per_cycle=16"),
              {"weight_rows_per_cycle = 16", "nearest: 8"});
  expectWords(errorOf("edge,vector_unit.statistics_rows=100"),
              {"statistics_rows = 100", "nearest: 96 or 112"});
  expectWords(errorOf("edge,scratchpad.size_bytes=500001"),
              {"multiples of 512", "nearest: 488K or 500224"});
  expectWords(errorOf("edge,accumulator.banks=3"),
              {"accumulator.size_bytes = 64K", "multiples of 192"});
  expectWords(errorOf("edge,scratchpad.size_bytes=64M"),
              {"at most 1048576 rows", "nearest: 32M"});
  expectWords(errorOf("edge,dma.buffer_bytes=2K"),
              {"dma.burst_bytes = 2K", "nearest: 1K"});
  expectWords(errorOf("server,dma.buffer_bytes=256,dma.burst_bytes=128"),
              {"dma.buffer_bytes = 256", "nearest: 512"});
  expectWords(errorOf("server,dma.interleave_bytes=128"),
              {"dma.interleave_bytes = 128", "nearest: 256"});
  expectWords(
      errorOf("edge,axi.data_bytes=8,dma.buffer_bytes=8K,dma.burst_bytes=4K"),
      {"256 beats", "nearest: 2K"});
  expectWords(errorOf("edge,sequencer.watchdog_cycles=1024,"
                      "dram.read_latency_ps=2000000"),
              {"watchdog_cycles = 1024", "serve a burst", "nearest: "});
}

TEST(TargetErrors, AllProblemsAreTold) {
  expectWords(
      errorOf(
          "edge,systolic_array.rows=12,vector_unit.lanes=9,dma.burst_bytes=1"),
      {"3 problems", "systolic_array.rows", "vector_unit.lanes",
       "dma.burst_bytes"});
}

TEST(TargetErrors, FilesNameTheLine) {
  expectWords(yamlError("name: x\nscratchpad:\n  bank: 3\n"),
              {"my.yaml:3", "'scratchpad.bank'", "'scratchpad.banks'"});
  expectWords(yamlError("systolic_array: {rows: 16}\nsystolic_array.rows: 8\n"),
              {"my.yaml:2", "set twice"});
  expectWords(yamlError("scratchpad: [1]\n"), {"my.yaml:1", "scratchpad"});
  expectWords(yamlError("scratchpad: {banks: [1]}\n"),
              {"scratchpad.banks must be one value"});
  expectWords(yamlError("a: b: c\n"), {"my.yaml:1"});
  expectWords(yamlError("[1, 2]\n"), {"map of blocks"});
  expectWords(yamlError("scratchpad: {banks: many}\n"),
              {"my.yaml", "scratchpad.banks", "'many' is no number"});
}

//===----------------------------------------------------------------------===//
// Files and what targets turn into
//===----------------------------------------------------------------------===//

TEST(TargetFiles, ABaseHoldsWhereTheFileIsSilent) {
  const Target target = Target::fromYaml(
      "base: mobile\nname: wide\nvector_unit: {lanes: 32}\n", "wide.yaml");
  EXPECT_EQ(target.name, "wide");
  EXPECT_EQ(target.vector_unit.lanes, 32u);
  EXPECT_EQ(target.systolic_array.rows, 64u);
}

TEST(TargetFiles, BasesMayNotFormARing) {
  const std::string path = testing::TempDir() + "/ring.yaml";
  std::ofstream(path) << "base: ring.yaml\n";
  expectWords(errorOf(path), {"name a base"});
  std::remove(path.c_str());
}

TEST(TargetFiles, WrittenTargetsReadBack) {
  for (const std::string &name : Target::presetNames()) {
    const Target target = Target::preset(name);
    EXPECT_EQ(Target::fromYaml(target.toYaml(), "copy"), target);
    EXPECT_EQ(Target::fromYaml(target.toJson().dump(), "copy"), target);
  }
}

TEST(TargetLegality, TheHashCoversLegalityAlone) {
  const Target edge = Target::preset("edge");
  EXPECT_EQ(Target::load(
                "edge,dram.channels=4,dma.burst_bytes=1K,technology.node=7nm")
                .legalityHash(),
            edge.legalityHash());
  EXPECT_NE(Target::load("edge,vector_unit.lanes=8").legalityHash(),
            edge.legalityHash());
  EXPECT_EQ(edge.legalityHash().size(), 64u);
}

TEST(TargetLegality, DifferencesAreNamed) {
  const Target edge = Target::preset("edge");
  EXPECT_TRUE(edge.legalityDifferences(edge.legality()).empty());
  const auto differences = edge.legalityDifferences(
      Target::load("edge,vector_unit.lanes=8").legality());
  ASSERT_EQ(differences.size(), 1u);
  expectWords(differences[0], {"vector_unit.lanes = 8", "edge has 16"});
  EXPECT_EQ(edge.legalityDifferences(nlohmann::json::array()).size(),
            edge.legality().size());
}

TEST(TargetSchema, NamesEveryParameter) {
  const nlohmann::json json = nlohmann::json::parse(schema());
  for (const ParameterInfo &parameter : parameters()) {
    const nlohmann::json &entry =
        json["properties"][parameter.block]["properties"][parameter.name];
    EXPECT_EQ(entry["class"], className(parameter.parameterClass))
        << parameter.key;
    EXPECT_FALSE(entry["description"].get<std::string>().empty());
  }
}

TEST(TargetRtl, ThePackageHoldsEveryFigureOfTheRtl) {
  const std::string text =
      Target::load("server,scratchpad.banks=32").configPackage();
  expectWords(
      text, {"package tw_config_pkg;", " Rows = 32'd128;",
             " ScratchpadBanks = 32'd32;", " ScratchpadRowsPerBank = 32'd2048;",
             " AccumulatorRowsPerBank = 32'd256;", " RowBits = 32'd2048;",
             " SumBits = 32'd4096;", "endpackage"});
}

// FIPS 180-4's examples, from NIST's page of example values.
TEST(Sha256, Examples) {
  EXPECT_EQ(Sha256::of("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256::of(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(
      Sha256::of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 pieces;
  for (unsigned i = 0; i < 1000000; i += 250)
    pieces.update(std::string(250, 'a'));
  EXPECT_EQ(pieces.finish(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameWithAndWithoutTheHostsInstructions) {
  std::string text;
  for (unsigned size = 0; size < 300; ++size) {
    Sha256 any, portable(true);
    any.update(text.substr(0, size / 3));
    any.update(text.substr(size / 3));
    portable.update(text);
    EXPECT_EQ(any.finish(), portable.finish()) << size;
    text += char(size * 167 + size / 7);
  }
}

} // namespace
