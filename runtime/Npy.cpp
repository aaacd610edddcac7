// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header is a Python literal with three known keys; anything else in it is
// refused.

#include "runtime/Npy.h"

#include "dialects/isa/OutputFile.h"
#include "runtime/Error.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>

namespace tilework {

namespace {

using isa::ElementType;

struct TypeCode {
  ElementType type;
  const char *code;
};
constexpr TypeCode kCodes[] = {
    {ElementType::Fp32, "<f4"},  {ElementType::Fp16, "<f2"},
    {ElementType::Fp64, "<f8"},  {ElementType::Int8, "|i1"},
    {ElementType::Uint8, "|u1"}, {ElementType::Int16, "<i2"},
    {ElementType::Int32, "<i4"}, {ElementType::Int64, "<i8"},
    {ElementType::Bool, "|b1"},  {ElementType::Bf16, "<u2"},
    {ElementType::Bf16, "<V2"},  {ElementType::Bf16, "|V2"}};

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
  static const std::regex descr("'descr': *'([<>|=]?[a-zV][0-9]+)'"),
      order("'fortran_order': *(True|False)"),
      shape("'shape': *\\(([0-9, ]*)\\)");
  std::smatch type, fortran, dims;
  if (!std::regex_search(header, type, descr) ||
      !std::regex_search(header, fortran, order) ||
      !std::regex_search(header, dims, shape))
    throw refuse("its header has no dtype, order and shape of a plain array");

  Tensor tensor;
  bool known = false;
  for (const TypeCode &code : kCodes)
    if (type[1] == code.code) {
      tensor.type = code.type;
      known = true;
    }
  if (!known)
    throw refuse("dtype " + type[1].str() + " is not supported");
  uint64_t size = isa::elementBytes(tensor.type), dimensionsOver1 = 0;
  const std::string list = dims[1];
  static const std::regex number("[0-9]+");
  for (std::sregex_iterator it(list.begin(), list.end(), number), end;
       it != end; ++it) {
    if (it->str().size() > 15)
      throw refuse("a dimension is too large");
    const int64_t dimension = std::stoll(it->str());
    dimensionsOver1 += dimension > 1;
    if (__builtin_mul_overflow(size, uint64_t(dimension), &size))
      throw refuse("its shape is too large");
    tensor.shape.push_back(dimension);
  }
  if (fortran[1] == "True" && dimensionsOver1 > 1)
    throw refuse("it is in Fortran order; save numpy.ascontiguousarray(x)");
  if (bytes.size() - start - length != size)
    throw refuse("its shape needs " + std::to_string(size) +
                 " bytes of data and it has " +
                 std::to_string(bytes.size() - start - length));
  return Tensor::own(tensor.type, tensor.shape,
                     {bytes.begin() + start + length, bytes.end()});
}

void writeNpy(const Tensor &tensor, const std::string &path) {
  const char *descr = "";
  for (const TypeCode &code : kCodes)
    if (code.type == tensor.type && !*descr)
      descr = code.code;
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
