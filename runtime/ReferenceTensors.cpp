// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the central directory of a ZIP archive of stored members, as
// numpy.savez writes it, with the 64-bit extension.

#include "runtime/ReferenceTensors.h"

#include "runtime/Error.h"
#include "runtime/Npy.h"

#include <filesystem>

namespace tilework {

namespace fs = std::filesystem;

namespace {

class Archive {
public:
  explicit Archive(const std::string &path)
      : path(path), bytes(readFile(path)) {}
  TensorMap read() const;

private:
  [[noreturn]] void refuse(const std::string &what) const {
    throw UserError("'" + path + "' is no .npz file that can be used: " + what);
  }
  /// A little-endian number; refuses an offset outside of the file.
  uint64_t number(uint64_t at, unsigned size) const {
    if (at > bytes.size() || size > bytes.size() - at)
      refuse("it is cut off");
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value |= uint64_t(bytes[at + i]) << 8 * i;
    return value;
  }
  uint64_t findEnd() const;

  std::string path;
  std::vector<uint8_t> bytes;
};

constexpr uint32_t kEnd = 0x06054b50, kEntry = 0x02014b50, kLocal = 0x04034b50;

uint64_t Archive::findEnd() const {
  for (uint64_t back = 22; back <= bytes.size() && back < 22 + 65536; ++back)
    if (number(bytes.size() - back, 4) == kEnd)
      return bytes.size() - back;
  refuse("it has no directory of an archive");
}

TensorMap Archive::read() const {
  const uint64_t end = findEnd(), count = number(end + 10, 2);
  uint64_t at = number(end + 16, 4);
  TensorMap tensors;
  for (uint64_t i = 0; i < count; ++i) {
    if (number(at, 4) != kEntry)
      refuse("its directory is damaged");
    const uint64_t method = number(at + 10, 2), nameLength = number(at + 28, 2),
                   extraLength = number(at + 30, 2);
    uint64_t size = number(at + 24, 4), local = number(at + 42, 4);
    const uint64_t extra = at + 46 + nameLength;
    number(extra, 0);
    const std::string name(bytes.begin() + at + 46, bytes.begin() + extra);
    // Sizes beyond 4 GB stand in an extra field, in this order.
    for (uint64_t field = extra; field + 4 <= extra + extraLength;
         field += 4 + number(field + 2, 2)) {
      if (number(field, 2) != 1)
        continue;
      uint64_t from = field + 4;
      if (size == 0xffffffff) {
        size = number(from, 8);
        from += 16;
      }
      if (local == 0xffffffff)
        local = number(from, 8);
    }
    if (method != 0)
      refuse("'" + name +
             "' is compressed; write it with numpy.savez, not "
             "numpy.savez_compressed");
    if (number(local, 4) != kLocal)
      refuse("'" + name + "' is not where the directory says");
    const uint64_t data =
        local + 30 + number(local + 26, 2) + number(local + 28, 2);
    if (data > bytes.size() || size > bytes.size() - data)
      refuse("'" + name + "' is cut off");
    std::string key = name;
    if (key.size() > 4 && key.compare(key.size() - 4, 4, ".npy") == 0)
      key.resize(key.size() - 4);
    tensors[key] = parseNpy({bytes.begin() + data, bytes.begin() + data + size},
                            path + ":" + name);
    at = extra + extraLength + number(at + 32, 2);
  }
  return tensors;
}

} // namespace

TensorMap readTensors(const std::string &path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    return Archive(path).read();
  TensorMap tensors;
  for (fs::recursive_directory_iterator it(path, error), end; it != end;
       it.increment(error)) {
    if (it->path().extension() != ".npy" || !it->is_regular_file(error))
      continue;
    std::string name = fs::relative(it->path(), path, error).string();
    name.resize(name.size() - 4);
    tensors[name] = tensors["/" + name] = readNpy(it->path().string());
  }
  if (error)
    throw UserError("cannot read the folder '" + path +
                    "': " + error.message());
  if (tensors.empty())
    throw UserError("the folder '" + path + "' has no .npy file");
  return tensors;
}

} // namespace tilework
