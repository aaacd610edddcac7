// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header is a Python literal with three known keys; anything else in it is
// refused.

#include "runtime/Npy.h"

#include "dialects/isa/OutputFile.h"
#include "dialects/target/Figures.h"
#include "runtime/Error.h"
#include "runtime/LaunchSteps.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

namespace tilework {

namespace {

/// The type that a file's header names. Of bytes without a type, which NumPy
/// writes for extensions of its own, the byte order does not matter.
std::optional<ElementType> typeOf(const std::string &descr) {
  for (ElementType type : elementTypes()) {
    const std::string code = elementTypeInfo(type).npy;
    if (descr == code ||
        (code[0] == '<' && code[1] == 'V' && descr == '|' + code.substr(1)))
      return type;
  }
  return std::nullopt;
}

constexpr char kDigits[] = "0123456789";

/// What a key of the header's literal has between two marks: `'key': <open>…`,
/// up to one of `close`; nothing where it is not so.
std::optional<std::string> valueOf(const std::string &header,
                                   const std::string &key,
                                   const std::string &open,
                                   const std::string &close) {
  const std::string name = "'" + key + "':";
  size_t begin = header.find(name);
  if (begin == std::string::npos)
    return std::nullopt;
  begin = header.find_first_not_of(' ', begin + name.size());
  if (begin == std::string::npos ||
      header.compare(begin, open.size(), open) != 0)
    return std::nullopt;
  begin += open.size();
  const size_t end = header.find_first_of(close, begin);
  if (end == std::string::npos)
    return std::nullopt;
  return header.substr(begin, end - begin);
}

} // namespace

std::vector<uint8_t> readFile(const std::string &path) {
  if (std::error_code error; std::filesystem::is_directory(path, error))
    throw UserError("cannot read '" + path + "': it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw UserError("cannot read '" + path + "': " + std::strerror(errno));
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad())
    throw UserError("cannot read '" + path + "': " + std::strerror(errno));
  return bytes;
}

void writeFile(const std::string &path, const void *data, uint64_t size) {
  try {
    isa::OutputFile file(path);
    file.put(data, size);
    file.keep();
  } catch (const isa::ImageError &error) {
    throw UserError(error.what());
  }
}

Tensor readNpy(const std::string &path) {
  return parseNpy(readFile(path), path);
}

Tensor parseNpy(const std::vector<uint8_t> &bytes, const std::string &path) {
  auto refuse = [&](const std::string &what) -> UserError {
    return UserError("'" + path +
                     "' is no .npy file that can be used: " + what);
  };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    throw refuse("it does not begin with NumPy's magic number");
  const unsigned version = bytes[6];
  if (version < 1 || version > 3)
    throw refuse("format version " + std::to_string(version));
  const size_t start = version == 1 ? 10 : 12;
  uint64_t length = bytes[8] | bytes[9] << 8;
  if (version > 1)
    length |= uint64_t(bytes[10]) << 16 | uint64_t(bytes[11]) << 24;
  if (length > bytes.size() - start || length > 65536)
    throw refuse("its header is cut off");
  const std::string header(bytes.begin() + start,
                           bytes.begin() + start + length);
  const std::optional<std::string> type = valueOf(header, "descr", "'", "'"),
                                   order = valueOf(header, "fortran_order", "",
                                                   ",}"),
                                   list = valueOf(header, "shape", "(", ")");
  if (!type ||
      type->find_first_not_of("<>|=abcdefghijklmnopqrstuvwxyzOSUV" +
                              std::string(kDigits)) != std::string::npos ||
      !list || (order != "True" && order != "False") ||
      list->find_first_not_of("0123456789, ") != std::string::npos)
    throw refuse("its header has no dtype, order and shape of a plain array");

  Tensor tensor;
  const std::optional<ElementType> known = typeOf(*type);
  if (!known)
    throw refuse("dtype " + *type + " is not supported");
  tensor.type = *known;
  uint64_t size = elementBytes(tensor.type), dimensionsOver1 = 0;
  for (size_t begin = 0, end = 0;; begin = end) {
    begin = list->find_first_of(kDigits, begin);
    if (begin == std::string::npos)
      break;
    end = std::min(list->find_first_not_of(kDigits, begin), list->size());
    if (end - begin > 15)
      throw refuse("a dimension is too large");
    const int64_t dimension = std::stoll(list->substr(begin, end - begin));
    dimensionsOver1 += dimension > 1;
    if (__builtin_mul_overflow(size, uint64_t(dimension), &size))
      throw refuse("its shape is too large");
    tensor.shape.push_back(dimension);
  }
  if (order == "True" && dimensionsOver1 > 1)
    throw refuse("it is in Fortran order; save numpy.ascontiguousarray(x)");
  if (bytes.size() - start - length != size)
    throw refuse("its shape needs " + countText(size, "byte") +
                 " of data and it has " +
                 std::to_string(bytes.size() - start - length));
  return Tensor::own(tensor.type, tensor.shape,
                     {bytes.begin() + start + length, bytes.end()});
}

void writeNpy(const Tensor &given, const std::string &path) {
  // Integers of less than a byte are written as bytes, which they are.
  Tensor tensor = given;
  if (!*elementTypeInfo(tensor.type).npy)
    tensor = convert(tensor, elementTypeInfo(tensor.type).carrier);
  const char *descr = elementTypeInfo(tensor.type).npy;
  std::string header = std::string("{'descr': '") + descr +
                       "', 'fortran_order': False, 'shape': (";
  for (int64_t dimension : tensor.shape)
    header += std::to_string(dimension) + ",";
  header += "), }";
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::vector<uint8_t> bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  bytes.push_back(static_cast<uint8_t>(header.size()));
  bytes.push_back(static_cast<uint8_t>(header.size() >> 8));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), tensor.data, tensor.data + tensor.bytes);
  writeFile(path, bytes.data(), bytes.size());
}

} // namespace tilework
