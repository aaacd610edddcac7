// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Renaming for plain files, writing in place for everything else.

#include "dialects/isa/OutputFile.h"

#include "dialects/isa/Image.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace tilework::isa {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string &path) {
  throw ImageError("cannot write '" + path + "': " + std::strerror(errno));
}

} // namespace

/// While it lives, its thread alone changes which temporary names there are,
/// and a signal's handler does not end the process.
class OutputFile::Change {
public:
  Change() : lock(mutex) {
    busy = true;
    endIfAsked();
  }
  // Whoever asked before `busy` fell left the end to this thread.
  ~Change() {
    busy = false;
    endIfAsked();
  }

  void add(OutputFile &file) {
    file.next = first;
    first = &file;
  }
  void remove(OutputFile &file) {
    OutputFile **at = &first;
    while (*at != &file)
      at = &(*at)->next;
    *at = file.next;
    file.temporary.clear();
  }

  static void ask(int code) {
    ending = code;
    if (!busy)
      endIfAsked();
  }

private:
  static void endIfAsked() {
    if (ending == kGoesOn)
      return;
    for (const OutputFile *file = first; file; file = file->next)
      unlink(file->temporary.c_str());
    _exit(ending);
  }

  static constexpr int kGoesOn = -1;
  static inline std::mutex mutex;
  static inline std::atomic<bool> busy{false};
  static inline std::atomic<int> ending{kGoesOn};
  static inline OutputFile *first = nullptr;
  std::lock_guard<std::mutex> lock;
};

void OutputFile::exitWithoutUnkept(int code) { Change::ask(code); }

OutputFile::OutputFile(const std::string &path) : target(path) {
  struct stat status;
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
      fail(path);
    return;
  }
  if (exists)
    if (char *resolved = realpath(path.c_str(), nullptr)) {
      target = resolved;
      std::free(resolved);
    }
  temporary = target + ".XXXXXX";
  Change change;
  descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) {
    temporary.clear();
    fail(path);
  }
  change.add(*this);
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty()) {
    Change change;
    unlink(temporary.c_str());
    change.remove(*this);
  }
}

void OutputFile::put(const void *data, uint64_t size) {
  const char *at = static_cast<const char *>(data);
  while (size > 0) {
    const ssize_t count =
        write(descriptor, at, std::min<uint64_t>(size, 1u << 30));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      fail(target);
    at += count;
    size -= static_cast<uint64_t>(count);
  }
}

void OutputFile::keep() {
  bool written = true;
  if (!temporary.empty()) {
    const mode_t mask = umask(0);
    umask(mask);
    written = fchmod(descriptor, 0666 & ~mask) == 0;
  }
  const int closed = close(descriptor);
  descriptor = -1;
  if (!written || closed != 0)
    fail(target);
  if (temporary.empty())
    return;
  Change change;
  if (rename(temporary.c_str(), target.c_str()) != 0)
    fail(target);
  change.remove(*this);
}

bool isSameFile(const std::string &first, const std::string &second) {
  std::error_code error;
  if (fs::exists(first, error) && fs::exists(second, error))
    return fs::is_regular_file(first, error) &&
           fs::equivalent(first, second, error);
  return fs::weakly_canonical(fs::absolute(first, error), error) ==
         fs::weakly_canonical(fs::absolute(second, error), error);
}

std::string overwriteProblem(const std::string &output,
                             const std::vector<std::string> &inputs) {
  if (!output.empty())
    for (const std::string &input : inputs)
      if (!input.empty() && isSameFile(output, input))
        return "'" + output + "' would be written over '" + input +
               "', which is read for it: name another file";
  return "";
}

} // namespace tilework::isa
