// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The import as a user meets it: what its errors say, and that a damaged file
// is an error and nothing worse.

#include "compiler/import/Import.h"
#include "test/unit/import/OnnxBuilder.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <random>

using namespace tilework;
using namespace tilework::test;
using Kind = ImportError::Class;

namespace {

struct Outcome {
  bool ok = false;
  Kind kind = Kind::Invalid;
  std::string message, text;
  std::vector<NodeReport> nodes;
  double share = 0;
};

Outcome import(const std::string &bytes, ImportOptions options = {}) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Outcome outcome;
  auto model =
      importOnnx(context, ImportSource::memory(bytes, "test.onnx"), options);
  if (!model) {
    llvm::handleAllErrors(model.takeError(), [&](const ImportError &e) {
      outcome.kind = e.kind;
      outcome.message = e.message;
      outcome.nodes = e.nodes;
      outcome.share = refusalOf(e.nodes).unsupportedShare;
    });
    return outcome;
  }
  outcome.ok = true;
  outcome.nodes = model->nodes;
  llvm::raw_string_ostream os(outcome.text);
  model->module->print(os);
  return outcome;
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

/// x [batch, sequence] int64 through shape arithmetic to a reshape.
GraphParts shapeModel() {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"batch", "sequence", "8"})};
  parts.outputs = {value("y", 1, {"batch", "sequence", "2", "4"})};
  parts.initializers = {tensor("index", 7, {2}, bytesOf<int64_t>({0, 1})),
                        tensor("tail", 7, {2}, bytesOf<int64_t>({2, -1}))};
  parts.nodes = {node("shape", "Shape", {"x"}, {"s"}),
                 node("head", "Gather", {"s", "index"}, {"h"}),
                 node("join", "Concat", {"h", "tail"}, {"t"},
                      {integerAttribute("axis", 0)}),
                 node("split", "Reshape", {"x", "t"}, {"y"})};
  return parts;
}

} // namespace

TEST(ImportTest, shape_arithmetic_folds) {
  Outcome o =
      import(model(shapeModel()), {{{"batch", 2}, {"sequence", 3}}, {}});
  ASSERT_TRUE(o.ok) << o.message;
  EXPECT_TRUE(contains(o.text, "tensor<2x3x8xf32> -> tensor<2x3x2x4xf32>"));
  EXPECT_EQ(o.nodes[0].runsOn, "folded");
  EXPECT_EQ(o.nodes[3].runsOn, "npu");
}

TEST(ImportTest, open_dimensions_are_all_named) {
  Outcome o = import(model(shapeModel()));
  EXPECT_EQ(o.kind, Kind::User);
  EXPECT_TRUE(contains(o.message, "'batch', 'sequence'")) << o.message;
  EXPECT_TRUE(contains(o.message, "--dim batch=N")) << o.message;
}

TEST(ImportTest, shapes_of_the_user_count_where_one_name_has_two_sizes) {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"n"}), value("y", 1, {"n"}),
                  value("z", 1, {"n"})};
  parts.outputs = {value("u", 1, {}), value("v", 1, {"n"})};
  parts.nodes = {
      node("join", "Concat", {"x", "y"}, {"u"}, {integerAttribute("axis", 0)}),
      node("keep", "Relu", {"z"}, {"v"})};
  std::string bytes = model(parts);
  Outcome o = import(bytes, {{}, {{"x", {2}}, {"y", {3}}, {"z", {4}}}});
  ASSERT_TRUE(o.ok) << o.message;
  EXPECT_TRUE(contains(o.text, "-> tensor<5xf32>"));
  o = import(bytes, {{}, {{"x", {2}}, {"y", {3}}}});
  EXPECT_EQ(o.kind, Kind::User);
  EXPECT_TRUE(contains(o.message, "leaves the dimension 'n' open"))
      << o.message;
}

TEST(ImportTest, options_that_do_not_fit_say_what_would) {
  std::string bytes = model(shapeModel());
  Outcome o = import(bytes, {{{"sequense", 3}}, {}});
  EXPECT_TRUE(contains(o.message, "no such symbolic dimension")) << o.message;
  EXPECT_TRUE(contains(o.message, "'sequence'")) << o.message;
  o = import(bytes, {{}, {{"z", {1, 2, 8}}}});
  EXPECT_TRUE(contains(o.message, "no such input; it has 'x'")) << o.message;
  o = import(bytes, {{{"batch", 2}}, {{"x", {3, 4, 8}}}});
  EXPECT_TRUE(contains(o.message, "but it is 2 elsewhere")) << o.message;
  o = import(bytes, {{}, {{"x", {3, 4, 9}}}});
  EXPECT_TRUE(contains(o.message, "is 8 in the model, not 9")) << o.message;
  o = import(bytes, {{}, {{"x", {3, 4}}}});
  EXPECT_TRUE(contains(o.message, "has 2 dimensions")) << o.message;
  o = import(bytes, {{{"batch", -1}, {"sequence", 1}}, {}});
  EXPECT_TRUE(contains(o.message, "is not negative")) << o.message;
  EXPECT_TRUE(import(bytes, {{}, {{"x", {3, 4, 8}}}}).ok);
}

TEST(ImportTest, every_unsupported_node_is_listed_with_its_share) {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"4", "4"})};
  parts.outputs = {value("y", 1, {"4", "4"})};
  parts.nodes = {node("first", "Det", {"x"}, {"a"}),
                 node("good", "Relu", {"x"}, {"b"}),
                 node("second\x1b", "Fancy", {"b"}, {"c"}, {}, "my.domain"),
                 node("behind", "Add", {"a", "c"}, {"y"})};
  Outcome o = import(model(parts));
  EXPECT_EQ(o.kind, Kind::Unsupported);
  EXPECT_TRUE(contains(o.message, "2 of 4 nodes")) << o.message;
  EXPECT_TRUE(contains(o.message, "'first' ('Det')")) << o.message;
  EXPECT_TRUE(contains(o.message, "'second\\x1b'")) << o.message;
  ASSERT_EQ(o.nodes.size(), 4u);
  EXPECT_EQ(o.nodes[2].domain, "my.domain");
  EXPECT_EQ(o.nodes[3].runsOn, "unknown");
  // Of the three that could be checked; the fourth is counted.
  EXPECT_NEAR(o.share, 2 / 3.0, 1e-9);
  EXPECT_TRUE(contains(o.message, "1 node behind them could not")) << o.message;
}

TEST(ImportTest, ops_of_operator_sets_out_of_range_are_refused) {
  Outcome o = import(model(shapeModel(), 99), {{}, {{"x", {3, 4, 8}}}});
  EXPECT_EQ(o.kind, Kind::Unsupported);
  EXPECT_TRUE(contains(o.message, "version 99")) << o.message;
}

TEST(ImportTest, names_made_twice_or_never_are_errors) {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"4"})};
  parts.outputs = {value("y", 1, {"4"})};
  parts.nodes = {node("n", "Relu", {"ghost"}, {"y"})};
  Outcome o = import(model(parts));
  EXPECT_EQ(o.kind, Kind::Invalid);
  EXPECT_TRUE(contains(o.message, "'ghost'")) << o.message;
  parts.nodes = {node("n", "Relu", {"x"}, {"y"}),
                 node("m", "Relu", {"x"}, {"y"})};
  EXPECT_TRUE(contains(import(model(parts)).message, "made twice"));
  parts.nodes = {};
  EXPECT_TRUE(contains(import(model(parts)).message, "nothing makes"));
}

TEST(ImportTest, branches_on_shapes_are_taken) {
  GraphParts branch;
  branch.outputs = {value("r", 1, {"4"})};
  branch.nodes = {node("neg", "Neg", {"x"}, {"r"})};
  GraphParts other = branch;
  other.nodes = {node("abs", "Abs", {"x"}, {"r"})};
  GraphParts parts;
  parts.inputs = {value("x", 1, {"4"}), value("d", 9, {"1"})};
  parts.outputs = {value("y", 1, {"4"})};
  parts.initializers = {tensor("c", 9, {}, std::string(1, '\1'))};
  auto branches =
      std::vector<std::string>{graphAttribute("then_branch", graph(branch)),
                               graphAttribute("else_branch", graph(other))};
  parts.nodes = {node("if", "If", {"c"}, {"y"}, branches)};
  Outcome o = import(model(parts));
  ASSERT_TRUE(o.ok) << o.message;
  EXPECT_TRUE(contains(o.text, "graph.unary neg"));
  EXPECT_EQ(o.nodes[0].name, "if/neg");
  parts.nodes = {node("if", "If", {"d"}, {"y"}, branches)};
  o = import(model(parts));
  EXPECT_EQ(o.kind, Kind::Unsupported);
  EXPECT_TRUE(contains(o.message, "condition")) << o.message;
}

TEST(ImportTest, functions_are_inlined_and_cycles_end) {
  auto function = [](const std::string &body) {
    std::string data;
    Writer w(data);
    w.add_string(1, "F");
    w.add_string(4, "a");
    w.add_string(5, "b");
    w.add_message(7, body);
    w.add_string(10, "local");
    return data;
  };
  GraphParts parts;
  parts.inputs = {value("x", 1, {"4"})};
  parts.outputs = {value("y", 1, {"4"})};
  parts.nodes = {node("call", "F", {"x"}, {"y"}, {}, "local")};
  Outcome o =
      import(model(parts, 17, {function(node("n", "Relu", {"a"}, {"b"}))}));
  ASSERT_TRUE(o.ok) << o.message;
  EXPECT_EQ(o.nodes[0].name, "call/n");
  o = import(
      model(parts, 17, {function(node("n", "F", {"a"}, {"b"}, {}, "local"))}));
  EXPECT_EQ(o.kind, Kind::Invalid);
  EXPECT_TRUE(contains(o.message, "deep")) << o.message;
}

TEST(ImportTest, impossible_constants_are_errors) {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"4"})};
  parts.outputs = {value("y", 1, {"4"})};
  parts.nodes = {node("n", "Add", {"x", "w"}, {"y"})};
  for (std::string w :
       {tensor("w", 1, {4}, std::string(15, 0)),
        tensor("w", 1, {-4}, std::string(16, 0)),
        tensor("w", 1, {int64_t(1) << 62, 16}, std::string(16, 0)),
        tensor("w", 1, {5}, std::string(20, 0))}) {
    parts.initializers = {w};
    Outcome o = import(model(parts));
    EXPECT_FALSE(o.ok);
    EXPECT_EQ(o.kind, Kind::Invalid) << o.message;
  }
  parts.initializers = {externalTensor("w", {4}, "weights.bin")};
  EXPECT_EQ(import(model(parts)).kind, Kind::User);
}

TEST(ImportTest, damaged_models_never_crash) {
  std::string bytes = model(shapeModel());
  ImportOptions options{{}, {{"x", {2, 3, 8}}}};
  for (size_t size = 0; size < bytes.size(); size += 3)
    import(bytes.substr(0, size), options);
  std::mt19937 random(3);
  for (int round = 0; round < 1500; ++round) {
    std::string copy = bytes;
    for (int i = 0; i < 2; ++i)
      copy[random() % copy.size()] = static_cast<char>(random());
    import(copy, options);
  }
}
