// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file is written whole or not at all, whatever ends the process.

#include "dialects/isa/OutputFile.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;

namespace tilework::isa {
namespace {

constexpr int kCode = 130;

std::string textOf(const fs::path &path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class OutputFileTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "output-XXXXXX").string();
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  size_t count() const {
    return std::distance(fs::directory_iterator(folder),
                         fs::directory_iterator());
  }

  fs::path folder;
};

TEST_F(OutputFileTest, WhatIsNotKeptLeavesTheOldFile) {
  const std::string path = folder / "a";
  for (const char *text : {"old", "new"}) {
    OutputFile file(path);
    file.put(text, 3);
    if (std::string(text) == "old")
      file.keep();
  }
  EXPECT_EQ(textOf(path), "old");
  EXPECT_EQ(count(), 1u);
}

/// Writes one file over and over, until a signal ends the process.
[[noreturn]] void writeForEver(const std::string &path) {
  for (const std::string text(100'000, 'x');;) {
    OutputFile file(path);
    file.put(text.data(), text.size());
    file.keep();
  }
}

TEST_F(OutputFileTest, ASignalAtAnyMomentLeavesWholeFilesAlone) {
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    fs::remove(folder / "a");
    fs::remove(folder / "b");
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::signal(SIGINT, [](int) { OutputFile::exitWithoutUnkept(kCode); });
      std::thread other([&] { writeForEver(folder / "a"); });
      writeForEver(folder / "b");
    }
    while (count() == 0) // its handler is there when its first file is
      std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
    kill(child, SIGINT);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kCode);
    for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
      ASSERT_EQ(entry.path().filename().string().size(), 1u)
          << "try " << i << " left " << entry.path();
      ASSERT_EQ(entry.file_size(), 100'000u);
    }
  }
}

} // namespace
} // namespace tilework::isa
