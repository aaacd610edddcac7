// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bound: each limit, by the parameters that make it.

#include "runtime/report/Bound.h"

#include <gtest/gtest.h>

namespace tilework {
namespace {

using nlohmann::json;

json work(json matmuls, double vector, double read, double write) {
  return {{"matmuls", std::move(matmuls)},
          {"vector_elements", vector},
          {"compulsory_read_bytes", read},
          {"compulsory_write_bytes", write}};
}

Limits limitsWith(const std::vector<std::string> &changes) {
  target::Target target = target::Target::preset("nano");
  target.apply(changes);
  return limitsOf(target);
}

TEST(BoundTest, TheArrayTakesABlockOfWeightsAtATime) {
  const target::Target target = target::Target::preset("nano");
  const double rows = double(target.systolic_array.rows),
               columns = double(target.systolic_array.columns);
  isa::Image image;
  EXPECT_FALSE(boundOf(image, target));
  image.statistics["work"] = work({{1000, 2 * rows, columns, 0, 3}},
                                  10 * double(target.vector_unit.lanes), 0, 0);
  const auto bound = boundOf(image, target);
  ASSERT_TRUE(bound);
  EXPECT_DOUBLE_EQ(bound->array, 6000);
  EXPECT_DOUBLE_EQ(bound->vector, 10);
  EXPECT_DOUBLE_EQ(bound->cycles(), 6000);
  EXPECT_STREQ(bound->limit(), "array");
  EXPECT_DOUBLE_EQ(*macUtilization(image, target, 12000), 0.5);
}

TEST(BoundTest, FewRowsWaitForTheWeights) {
  const Limits limits = limitsWith({"systolic_array.rows=64"});
  const Bound bound =
      boundOf(work({{1, limits.rows, limits.columns, 0, 7}}, 0, 0, 0), limits);
  EXPECT_DOUBLE_EQ(bound.array, 7 * limits.rows / limits.weightRows);
  EXPECT_STREQ(bound.limit(), "weight load");
}

TEST(BoundTest, EitherSideMayStayInTheArray) {
  const Limits limits = limitsOf(target::Target::preset("nano"));
  for (double m : {1, 3, 40, 100})
    for (double n : {1, 7, 64, 90})
      EXPECT_DOUBLE_EQ(
          boundOf(work({{m, 20, n, 0, 2}}, 0, 0, 0), limits).array,
          boundOf(work({{n, 20, m, 0, 2}}, 0, 0, 0), limits).array);
}

TEST(BoundTest, APartCountsItsProductsAndReuseWhatCannotStay) {
  const Limits limits = limitsOf(target::Target::preset("nano"));
  json partial = work(json::array(), 0, 0, 0);
  partial["partial_macs"] = 10 * limits.rows * limits.columns;
  EXPECT_DOUBLE_EQ(boundOf(partial, limits).array, 10);
  EXPECT_DOUBLE_EQ(macsOf(partial), 10 * limits.rows * limits.columns);
  json again = work(json::array(), 0, 0, 0);
  again["reused_weights"] = {{limits.scratchpadBytes, 5}};
  EXPECT_DOUBLE_EQ(boundOf(again, limits).memory, 0);
  again["reused_weights"] = {{limits.scratchpadBytes + 1000, 5}};
  EXPECT_DOUBLE_EQ(boundOf(again, limits).memory, limits.cycles({5000, 0}));
}

TEST(BoundTest, TheNarrowestPlaceOnTheWayOfTheBytesLimitsThem) {
  const auto limit = [](const std::vector<std::string> &changes,
                        Traffic traffic) {
    return std::string(limitsWith(changes).limit(traffic));
  };
  const Traffic reads{1e6, 0}, both{1e6, 1e6}, writes{0, 1e6};
  const std::vector<std::string> fast = {
      "dram.channels=64", "axi.ports=16", "axi.data_bytes=128",
      "dma.buffer_bytes=1M", "dma.outstanding_bursts=1024"};
  EXPECT_EQ(limit({"dram.channels=1", "axi.data_bytes=128"}, reads), "dram");
  EXPECT_EQ(limit({"dram.channels=64", "axi.data_bytes=8"}, reads), "axi");
  EXPECT_EQ(limit(fast, reads), "load path");
  EXPECT_EQ(limit(fast, writes), "store path");
  EXPECT_EQ(limit({"dram.read_latency_ps=100000000"}, reads),
            "bursts under way");
  // Instructions have lines under way of their own.
  EXPECT_EQ(limit({"dram.read_latency_ps=100000000"}, {0, 0, 1e6}), "fetch");
  const std::vector<std::string> few = {"dma.outstanding_bursts=2",
                                        "dma.burst_bytes=64"};
  EXPECT_DOUBLE_EQ(limitsWith(few).cycles({0, 0, 1e6}),
                   limitsWith({}).cycles({0, 0, 1e6}));
  // Each direction has its own wires; the memory's are shared.
  const Limits narrow = limitsWith({"dram.channels=64", "axi.data_bytes=8"});
  EXPECT_DOUBLE_EQ(narrow.cycles(both), narrow.cycles(reads));
  const Limits slow = limitsWith({"dram.channels=1", "axi.data_bytes=128"});
  EXPECT_DOUBLE_EQ(slow.cycles(both), 2 * slow.cycles(reads));
}

TEST(BoundTest, ABurstIsAWordAtLeastAndWhatThePortAllowsAtMost) {
  const auto window = [](std::vector<std::string> changes) {
    changes.push_back("dma.buffer_bytes=1M");
    return limitsWith(changes).writeWindowBytes;
  };
  const double word = window({"axi.data_bytes=128", "dma.burst_bytes=128"});
  EXPECT_GT(word, 0);
  EXPECT_DOUBLE_EQ(window({"axi.data_bytes=128", "dma.burst_bytes=4096",
                           "dma.interleave_bytes=128"}),
                   word);
  const double row = window({"axi.data_bytes=8", "dma.burst_bytes=8"});
  EXPECT_DOUBLE_EQ(
      row,
      window({"axi.data_bytes=8",
              "dma.burst_bytes=" +
                  std::to_string(
                      target::Target::preset("nano").scratchpadRowBytes())}));
}

TEST(BoundTest, WorkThatIsNotWholeIsADamagedProgram) {
  const json good = work({{1, 2, 3, 0, 1}}, 1, 1, 1);
  std::vector<json> damaged = {json(7), json::object()};
  for (const char *key : {"matmuls", "vector_elements", "compulsory_read_bytes",
                          "compulsory_write_bytes"}) {
    damaged.push_back(good);
    damaged.back().erase(key);
    damaged.push_back(good);
    damaged.back()[key] = "x";
  }
  damaged.push_back(good);
  damaged.back()["matmuls"][0].erase(4);
  damaged.push_back(good);
  damaged.back()["partial_macs"] = "x";
  damaged.push_back(good);
  damaged.back()["reused_weights"] = {{1}};
  damaged.push_back(good);
  damaged.back()["layers"] = {good}; // without a node
  isa::Image image;
  image.statistics["work"] = good;
  EXPECT_NO_THROW(workOf(image));
  for (const json &bad : damaged) {
    image.statistics["work"] = bad;
    EXPECT_THROW(workOf(image), isa::ImageError) << bad;
  }
}

} // namespace
} // namespace tilework
