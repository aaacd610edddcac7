// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The off-chip memory as one anonymous mapping without reserve.

#include "sim/memory/DramImage.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tilework::sim {

namespace {

struct File {
  explicit File(const std::string &path)
      : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor >= 0)
      close(descriptor);
  }
  int descriptor;
};

} // namespace

DramImage::DramImage(uint64_t bytes) : bytes(bytes) {
  if (bytes == 0)
    return;
  void *mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    throw DramAccessError(
        "cannot reserve " + std::to_string(bytes) +
        " bytes of address space for the DRAM image: " + std::strerror(errno) +
        "; choose a smaller dram size or raise the limit of virtual memory");
  base = static_cast<uint8_t *>(mapping);
}

DramImage::~DramImage() {
  if (base)
    munmap(base, bytes);
}

DramImage::DramImage(DramImage &&other) noexcept
    : base(std::exchange(other.base, nullptr)),
      bytes(std::exchange(other.bytes, 0)),
      keptRanges(std::exchange(other.keptRanges, {})),
      keptChanged(other.keptChanged) {}

DramImage &DramImage::operator=(DramImage &&other) noexcept {
  std::swap(base, other.base);
  std::swap(bytes, other.bytes);
  std::swap(keptRanges, other.keptRanges);
  std::swap(keptChanged, other.keptChanged);
  return *this;
}

void DramImage::read(uint64_t address, void *destination,
                     uint64_t count) const {
  if (count)
    std::memcpy(destination, data(address, count), count);
}

void DramImage::write(uint64_t address, const void *source, uint64_t count) {
  if (count)
    std::memcpy(data(address, count), source, count);
}

void DramImage::load(uint64_t address, const std::string &path,
                     uint64_t fileOffset, uint64_t count) {
  if (count == 0)
    return;
  uint8_t *destination = data(address, count);
  auto refuse = [&](const std::string &reason) {
    throw DramAccessError("cannot load " + std::to_string(count) +
                          " bytes at offset " + std::to_string(fileOffset) +
                          " of " + path + ": " + reason);
  };
  File file(path);
  if (file.descriptor < 0)
    refuse(std::strerror(errno));
  struct stat status;
  if (fstat(file.descriptor, &status) != 0)
    refuse(std::strerror(errno));
  uint64_t fileBytes = static_cast<uint64_t>(status.st_size);
  if (fileOffset > fileBytes || count > fileBytes - fileOffset)
    refuse("the file has " + std::to_string(fileBytes) + " bytes");

  auto copy = [&](uint8_t *to, uint64_t from, uint64_t length) {
    while (length) {
      ssize_t done =
          pread(file.descriptor, to, length, static_cast<off_t>(from));
      if (done < 0 && errno == EINTR)
        continue;
      if (done <= 0)
        refuse(done < 0 ? std::strerror(errno) : "the file became shorter");
      to += done;
      from += static_cast<uint64_t>(done);
      length -= static_cast<uint64_t>(done);
    }
  };
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t head = (page - address % page) % page;
  uint64_t whole = count > head ? (count - head) / page * page : 0;
  if (address % page != fileOffset % page || whole == 0)
    return copy(destination, fileOffset, count);
  copy(destination, fileOffset, head);
  void *mapped = mmap(destination + head, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_FIXED, file.descriptor,
                      static_cast<off_t>(fileOffset + head));
  if (mapped == MAP_FAILED)
    refuse(std::strerror(errno));
  copy(destination + head + whole, fileOffset + head + whole,
       count - head - whole);
}

void DramImage::keep(uint64_t address, uint64_t count) {
  if (!contains(address, count))
    fail(address, count);
  if (count)
    keptRanges.push_back({address, address + count});
}

bool DramImage::clear() {
  uint64_t at = 0;
  for (const Range &range : keptRanges) {
    zero(at, range.begin);
    at = range.end;
  }
  zero(at, bytes);
  return !std::exchange(keptChanged, false);
}

void DramImage::zero(uint64_t begin, uint64_t end) {
  // Pages that go back to the host cost nothing until they are used again; few
  // of them are faster kept.
  constexpr uint64_t kMostCleared = 4 << 20;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t first = (begin + page - 1) / page * page,
                 last = end / page * page;
  if (end <= begin)
    return;
  if (end - begin > kMostCleared && first < last &&
      mmap(base + first, last - first, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
           0) != MAP_FAILED) {
    std::memset(base + begin, 0, first - begin);
    std::memset(base + last, 0, end - last);
    return;
  }
  std::memset(base + begin, 0, end - begin);
}

void DramImage::fail(uint64_t address, uint64_t count) const {
  throw DramAccessError("DRAM access of " + std::to_string(count) +
                        " bytes at address " + std::to_string(address) +
                        " leaves the memory of " + std::to_string(bytes) +
                        " bytes");
}

} // namespace tilework::sim
