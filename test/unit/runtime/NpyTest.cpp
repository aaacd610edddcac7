// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// .npy files: there and back, refusals, and files written whole or not at all.

#include "runtime/Npy.h"
#include "runtime/Error.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace tilework {
namespace {

namespace fs = std::filesystem;

class NpyTest : public ::testing::Test {
protected:
  void SetUp() override {
    folder =
        fs::path(::testing::TempDir()) / ("npy-" + std::to_string(getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const char *name) const { return folder / name; }
  void write(const std::string &header, size_t dataBytes) const {
    std::string text("\x93NUMPY\x01\x00", 8);
    text += static_cast<char>(header.size());
    text += static_cast<char>(header.size() >> 8);
    text += header + std::string(dataBytes, '\0');
    writeFile(path("t.npy"), text.data(), text.size());
  }
  fs::path folder;
};

TEST_F(NpyTest, EveryTypeComesBack) {
  for (ElementType type : elementTypes()) {
    std::vector<uint8_t> bytes(6 * elementBytes(type), 1);
    const Tensor tensor = Tensor::own(type, {2, 3}, bytes);
    writeNpy(tensor, path("t.npy"));
    const Tensor back = readNpy(path("t.npy"));
    EXPECT_EQ(back.type,
              elementBits(type) < 8 ? elementTypeInfo(type).carrier : type);
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(std::vector<uint8_t>(back.data, back.data + back.bytes), bytes);
  }
}

TEST_F(NpyTest, ScalarsAndEmptyTensorsComeBack) {
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{}, std::vector<int64_t>{0, 4}}) {
    const uint64_t bytes = tensorBytes(ElementType::Float, shape);
    writeNpy(
        Tensor::own(ElementType::Float, shape, std::vector<uint8_t>(bytes)),
        path("t.npy"));
    EXPECT_EQ(readNpy(path("t.npy")).shape, shape);
  }
}

TEST_F(NpyTest, RefusesWhatItCannotRead) {
  for (const char *header :
       {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': "
        "(99999999999999,99999999999999,9999), }",
        "{'descr': '<f4', 'fortran_order': False, }", ""}) {
    write(header, 8);
    EXPECT_THROW(readNpy(path("t.npy")), UserError) << header;
  }
  write("{'descr': '<f4', 'fortran_order': True, 'shape': (2,2), }", 16);
  EXPECT_THROW(readNpy(path("t.npy")), UserError);
  EXPECT_THROW(readNpy(path("missing.npy")), UserError);
  EXPECT_THROW(readNpy(folder), UserError);
}

// Behind a link, so that the machine's own device is safe from what this looks
// for.
TEST_F(NpyTest, DevicesAreWrittenAndNotReplaced) {
  fs::create_symlink("/dev/full", folder / "full");
  EXPECT_THROW(writeFile(path("full"), "x", 1), UserError);
  EXPECT_TRUE(fs::is_symlink(folder / "full"));
}

TEST_F(NpyTest, LinksStayAndTheirFilesAreReplaced) {
  writeFile(path("file"), "old", 3);
  fs::create_symlink("file", folder / "link");
  writeFile(path("link"), "new", 3);
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  const std::vector<uint8_t> bytes = readFile(path("file"));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "new");
}

TEST_F(NpyTest, FailuresLeaveNothingBehind) {
  EXPECT_THROW(writeFile(path("none/file"), "x", 1), UserError);
  EXPECT_THROW(writeFile(folder, "x", 1), UserError);
  EXPECT_TRUE(fs::is_empty(folder));
}

} // namespace
} // namespace tilework
