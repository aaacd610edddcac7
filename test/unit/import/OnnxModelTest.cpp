// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The wire reader: what it reads, and that no damage to a file gets past it.

#include "compiler/import/OnnxModel.h"
#include "compiler/import/SourceFiles.h"
#include "test/unit/import/OnnxBuilder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilework;
using namespace tilework::test;

static std::string smallModel() {
  GraphParts parts;
  parts.inputs = {value("x", 1, {"batch", "4"})};
  parts.outputs = {value("y", 1, {"batch", "2"})};
  parts.initializers = {tensor("w", 1, {4, 2}, std::string(32, '\0'))};
  parts.nodes = {
      node("product", "MatMul", {"x", "w"}, {"p"}),
      node("cast", "Cast", {"p"}, {"y"}, {integerAttribute("to", 1)})};
  return model(parts);
}

TEST(OnnxModelTest, reads_nodes_names_and_spans_in_place) {
  std::string bytes = smallModel(), error;
  auto model = onnx::parseModel(bytes, error);
  ASSERT_TRUE(model) << error;
  ASSERT_EQ(model->graph.nodes.size(), 2u);
  EXPECT_EQ(model->graph.nodes[0].op, "MatMul");
  EXPECT_EQ(model->graph.nodes[1].attributes[0].i, 1);
  EXPECT_EQ(model->graph.inputs[0].shape[0].name, "batch");
  EXPECT_EQ(model->graph.inputs[0].shape[1].value, 4);
  EXPECT_EQ(model->opsets.at(""), 17);
  const onnx::Tensor &w = model->graph.initializers[0];
  EXPECT_EQ(w.raw.size(), 32u);
  EXPECT_GE(w.raw.data(), bytes.data());
  EXPECT_LE(w.raw.data() + 32, bytes.data() + bytes.size());
}

TEST(OnnxModelTest, every_prefix_is_an_error_or_a_model) {
  std::string bytes = smallModel();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string prefix = bytes.substr(0, size), error;
    if (!onnx::parseModel(prefix, error)) {
      EXPECT_FALSE(error.empty());
    }
  }
}

TEST(OnnxModelTest, mutated_bytes_never_crash) {
  std::string bytes = smallModel();
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string copy = bytes, error;
    for (int i = 0; i < 3; ++i)
      copy[random() % copy.size()] = static_cast<char>(random());
    onnx::parseModel(copy, error);
  }
}

TEST(OnnxModelTest, nesting_is_bounded) {
  std::string inner = graph({});
  for (int depth = 0; depth < 200; ++depth) {
    GraphParts parts;
    parts.nodes = {
        node("n", "If", {"c"}, {"y"}, {graphAttribute("then_branch", inner)})};
    inner = graph(parts);
  }
  std::string bytes, error;
  Writer(bytes).add_message(7, inner);
  EXPECT_FALSE(onnx::parseModel(bytes, error));
  EXPECT_NE(error.find("nested"), std::string::npos) << error;
}

TEST(OnnxModelTest, an_empty_file_is_no_model) {
  std::string error;
  EXPECT_FALSE(onnx::parseModel("", error));
  EXPECT_EQ(error, "the file is empty");
  // One field that a model may have, and nothing else.
  EXPECT_FALSE(onnx::parseModel(std::string_view("\x08\x08", 2), error));
  EXPECT_NE(error.find("no graph"), std::string::npos);
}

TEST(OnnxModelTest, names_are_quoted_for_terminals) {
  EXPECT_EQ(onnx::quoted("a\x1b[31m\n'"), "'a\\x1b[31m\\x0a\\x27'");
  EXPECT_LT(onnx::quoted(std::string(5000, 'x')).size(), 130u);
}

namespace {
/// A folder that removes itself.
struct Folder {
  std::string path;
  Folder() {
    std::string name = testing::TempDir() + "tilework-import-XXXXXX";
    path = std::string(::mkdtemp(name.data())) + "/";
  }
  ~Folder() { std::system(("rm -rf " + path).c_str()); }
  void write(const std::string &name, const std::string &text) const {
    std::ofstream(path + name, std::ios::binary) << text;
  }
};
} // namespace

TEST(SourceFilesTest, external_data_stays_in_the_folder) {
  Folder outer;
  ::mkdir((outer.path + "model").c_str(), 0755);
  std::string base = outer.path + "model/";
  outer.write("secret", "top");
  outer.write("model/data", "0123");
  ::symlink("../secret", (base + "link").c_str());
  ::symlink("..", (base + "up").c_str());
  ::link((outer.path + "secret").c_str(), (base + "hard").c_str());
  ::mkfifo((base + "pipe").c_str(), 0644);
  SourceFiles files;
  std::string error;
  unsigned file = files.addExternal(base, "data", error);
  ASSERT_NE(file, SourceFiles::kFailed) << error;
  EXPECT_EQ(files.bytes(file), "0123");
  EXPECT_EQ(files.addExternal(base, "data", error), file);
  EXPECT_NE(files.addExternal(base, "./data", error), SourceFiles::kFailed);
  for (std::string bad :
       {"../secret", "/etc/passwd", "link", "up/secret", "hard", "pipe", "",
        ".", "a/../../secret", "missing", "up", "a\\b"}) {
    error.clear();
    EXPECT_EQ(files.addExternal(base, bad, error), SourceFiles::kFailed) << bad;
    EXPECT_FALSE(error.empty()) << bad;
  }
  EXPECT_EQ(files.addExternal(base, std::string("da\0ta", 5), error),
            SourceFiles::kFailed);
}

TEST(SourceFilesTest, reads_outside_a_file_are_empty) {
  SourceFiles files;
  unsigned file = files.addBytes("abcd", "test");
  EXPECT_EQ(files.read(file, 1, 2), "bc");
  EXPECT_EQ(files.read(file, 4, 1), "");
  EXPECT_EQ(files.read(file, ~0ull, 2), "");
  EXPECT_EQ(files.read(file, 2, ~0ull), "");
  EXPECT_EQ(files.read(file + 1, 0, 1), "");
}
