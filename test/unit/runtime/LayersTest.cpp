// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of layers: sums keep every column, text keeps to its format.

#include "runtime/report/Layers.h"

#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <random>

namespace tilework {
namespace {

using nlohmann::json;

json row(const std::string &node, const json &op, const std::string &block,
         const std::string &shape, uint64_t cycles, const json &bound) {
  return {{"node", node},
          {"op", op},
          {"block", block},
          {"shape", shape},
          {"nodes", {node}},
          {"cycles", cycles},
          {"share", double(cycles) / 100},
          {"systolic_array", cycles},
          {"vector_unit", 0},
          {"load_dma", 0},
          {"store_dma", 0},
          {"macs", 2 * cycles},
          {"bound_cycles", bound},
          {"bound_limit", bound.is_null() ? json() : json("array")},
          {"retired", 1},
          {"read_bytes", 3},
          {"write_bytes", 4}};
}

json rows() {
  return {row("a1", "MatMul", "a*", "2×3×4", 10, 5.0),
          row("a2", "MatMul", "a*", "2×3×4", 30, 5.5),
          row("b", "MatMul", "b", "2×3×4", 15, nullptr),
          row("a3", "Add", "a*", "2×4", 40, 1.0),
          row(kNoNode, nullptr, kNoNode, "", 2, nullptr),
          row(kIdle, nullptr, kIdle, "", 3, nullptr)};
}

TEST(LayersTest, ABlockIsTheSameNodeOfEachLayer) {
  const json groups = groupLayers(rows(), "block");
  ASSERT_EQ(groups.size(), 5u); // the largest first
  EXPECT_EQ(groups[0]["node"], "a*");
  EXPECT_EQ(groups[0]["cycles"], 40);
  const json &sum = groups[1]["count"] == 2 ? groups[1] : groups[0];
  EXPECT_EQ(sum["count"], 2);
  EXPECT_EQ(sum["cycles"], 40);
  EXPECT_EQ(sum["macs"], 80);
  EXPECT_DOUBLE_EQ(sum["bound_cycles"], 10.5);
  EXPECT_EQ(sum["nodes"], json({"a1", "a2"}));
}

TEST(LayersTest, EveryGroupingKeepsEveryCycle) {
  for (const char *key : {"block", "op", "shape"}) {
    uint64_t cycles = 0, count = 0;
    for (const json &group : groupLayers(rows(), key)) {
      cycles += group["cycles"].get<uint64_t>();
      count += group["count"].get<uint64_t>();
    }
    EXPECT_EQ(cycles, 100u) << key;
    EXPECT_EQ(count, 6u) << key;
  }
  EXPECT_EQ(groupLayers(rows(), "op").size(), 4u);
  EXPECT_THROW(groupLayers(rows(), "moon"), UserError);
}

TEST(LayersTest, TheTableAddsUpAndStandsInColumns) {
  const std::string table = layersTable(groupLayers(rows(), "block"));
  EXPECT_NE(table.find("sum"), std::string::npos);
  EXPECT_NE(table.find("100"), std::string::npos);
  EXPECT_NE(table.find("2×3×4"), std::string::npos);
}

TEST(LayersTest, CellsOfCsvAreQuotedAndNoFormulas) {
  json odd = rows();
  odd[0]["node"] = "a,\"b\"";
  odd[1]["node"] = "=1+1";
  const std::string csv = layersCsv(odd);
  EXPECT_NE(csv.find("\r\n\"a,\"\"b\"\"\",MatMul"), std::string::npos);
  EXPECT_NE(csv.find("\r\n'=1+1,"), std::string::npos);
}

} // namespace
} // namespace tilework
