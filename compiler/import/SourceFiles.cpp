// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps source files. A file named inside a model is opened one path component
// at a time, each without following links, so that no race can swap one in.

#include "compiler/import/SourceFiles.h"

#include "compiler/import/OnnxModel.h"
#include "dialects/target/Sha256.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilework;
using onnx::quoted;

namespace {
constexpr std::string_view kExternalPrefix = "external:";
constexpr const char *kIsFolder =
    "is a folder: name the file in it, beside the model or below";

/// A file descriptor that closes itself.
struct Descriptor {
  int value = -1;
  explicit Descriptor(int value) : value(value) {}
  ~Descriptor() {
    if (value >= 0)
      ::close(value);
  }
  Descriptor(const Descriptor &) = delete;
  void reset(int next) {
    if (value >= 0)
      ::close(value);
    value = next;
  }
};
} // namespace

SourceFiles::~SourceFiles() {
  for (Entry &entry : entries)
    if (entry.mapping)
      ::munmap(entry.mapping, entry.bytes.size());
}

unsigned SourceFiles::map(int descriptor, std::string name,
                          const std::string &shown, std::string &error) {
  struct stat info;
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    error = quoted(shown) + " is not a plain file";
    return kFailed;
  }
  Entry entry;
  if (info.st_size > 0) {
    entry.mapping =
        ::mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (entry.mapping == MAP_FAILED) {
      error = "cannot map " + quoted(shown) + ": " + std::strerror(errno);
      return kFailed;
    }
    entry.bytes = {static_cast<const char *>(entry.mapping),
                   static_cast<size_t>(info.st_size)};
  }
  entry.name = std::move(name);
  entries.push_back(std::move(entry));
  return entries.size() - 1;
}

unsigned SourceFiles::addFile(const std::string &path, std::string &error) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0) {
    error = "cannot open " + quoted(path) + ": " + std::strerror(errno);
    return kFailed;
  }
  size_t slash = path.find_last_of('/');
  return map(file.value, slash == path.npos ? path : path.substr(slash + 1),
             path, error);
}

unsigned SourceFiles::addExternal(const std::string &base,
                                  std::string_view location,
                                  std::string &error) {
  std::string name = std::string(kExternalPrefix) + std::string(location);
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == name)
      return i;
  auto refuse = [&error, location](const std::string &why) {
    error = "external data " + quoted(location) + " " + why;
    return kFailed;
  };
  if (location.empty())
    return refuse("has no location: name a file beside the model");
  if (location.front() == '/' || location.find('\0') != location.npos ||
      location.find('\\') != location.npos)
    return refuse("must be a relative path with forward slashes");
  Descriptor folder(::open(base.empty() ? "." : base.c_str(),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.value < 0)
    return refuse("cannot be opened: the model's folder is not readable");
  while (true) {
    size_t slash = location.find('/');
    std::string part(location.substr(0, slash));
    bool last = slash == location.npos;
    if (part == "..")
      return refuse("must stay in the model's folder");
    if (last && (part.empty() || part == "."))
      return refuse(kIsFolder);
    if (last) {
      Descriptor file(::openat(folder.value, part.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
      if (file.value < 0)
        return refuse(errno == ELOOP ? "is a symbolic link"
                                     : std::string("cannot be opened: ") +
                                           std::strerror(errno));
      struct stat info{};
      if (::fstat(file.value, &info) != 0 || !S_ISREG(info.st_mode))
        return refuse(S_ISDIR(info.st_mode) ? kIsFolder
                                            : "is not a plain file");
      if (info.st_nlink > 1)
        return refuse("has a second hard link, so it may belong elsewhere: "
                      "copy it into the model's folder");
      unsigned index = map(file.value, name, name, error);
      if (index != kFailed)
        entries[index].isExternal = true;
      return index;
    }
    if (!part.empty() && part != ".") {
      int next = ::openat(folder.value, part.c_str(),
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0)
        return refuse("leads through a folder that is missing or is a link");
      folder.reset(next);
    }
    location.remove_prefix(slash + 1);
  }
}

unsigned SourceFiles::addBytes(std::string bytes, std::string name) {
  Entry entry;
  entry.name = std::move(name);
  entry.owned = std::make_unique<std::string>(std::move(bytes));
  entry.bytes = *entry.owned;
  entries.push_back(std::move(entry));
  return entries.size() - 1;
}

unsigned SourceFiles::addBorrowed(std::string_view bytes, std::string name) {
  Entry entry;
  entry.name = std::move(name);
  entry.bytes = bytes;
  entries.push_back(std::move(entry));
  return entries.size() - 1;
}

std::string_view SourceFiles::location(unsigned file) const {
  std::string_view name = entries[file].name;
  return isExternal(file) ? name.substr(kExternalPrefix.size()) : name;
}

std::optional<std::string>
SourceFiles::sha256(unsigned file, const std::atomic<bool> *cancelled) const {
  constexpr size_t kPiece = 1 << 20; // a few milliseconds
  target::Sha256 hash;
  std::string_view rest = entries[file].bytes;
  while (!rest.empty()) {
    if (cancelled && cancelled->load())
      return std::nullopt;
    hash.update(rest.substr(0, kPiece));
    rest.remove_prefix(std::min(kPiece, rest.size()));
  }
  return hash.finish();
}

std::string_view SourceFiles::read(unsigned file, uint64_t offset,
                                   uint64_t length) const {
  if (file >= entries.size())
    return {};
  std::string_view all = entries[file].bytes;
  if (offset > all.size() || length > all.size() - offset)
    return {};
  return all.substr(offset, length);
}
