// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Storage and views of host tensors. HostElementwise.cpp and
// HostOps.cpp compute with them.

#include "compiler/import/HostTensor.h"
#include "compiler/import/HostAccess.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <cmath>
#include <cstring>

using namespace tilework;
using onnx::DataType;

std::optional<int64_t>
tilework::elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  return count;
}

static double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == 31)
    return fraction ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0)
    return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

/// The bits of a value that is already rounded to half precision.
static uint16_t doubleToHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return 0x7e00;
  if (magnitude >= 65536.0)
    return sign | 0x7c00;
  if (magnitude < std::ldexp(1.0, -14))
    return sign | static_cast<uint16_t>(std::ldexp(magnitude, 24));
  int exponent;
  double fraction = std::frexp(magnitude, &exponent);
  return sign | static_cast<uint16_t>((exponent + 14) << 10) |
         (static_cast<uint16_t>(std::ldexp(fraction, 11)) & 1023);
}

/// Nearest even with `bits` of fraction, exponents from `low` to `high`.
static double roundFloat(double value, int bits, int low, int high) {
  if (!std::isfinite(value) || value == 0)
    return value;
  int exponent;
  std::frexp(value, &exponent);
  int scale = std::max(exponent - 1, low) - bits;
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -scale)), scale);
  return std::fabs(rounded) >= std::ldexp(1.0, high + 1)
             ? std::copysign(HUGE_VAL, value)
             : rounded;
}

double tilework::roundTo(DataType type, double value) {
  switch (type) {
  case DataType::Float:
    return static_cast<float>(value);
  case DataType::Float16:
    return roundFloat(value, 10, -14, 15);
  case DataType::Bfloat16:
    return roundFloat(value, 7, -126, 127);
  default:
    return value;
  }
}

/// Row-major strides; 0 along dimensions of one element.
static std::vector<int64_t> storedStrides(const std::vector<int64_t> &shape) {
  llvm::SmallVector<int64_t> strides = mlir::computeStrides(shape);
  for (auto [stride, size] : llvm::zip_equal(strides, shape))
    if (size == 1)
      stride = 0;
  return {strides.begin(), strides.end()};
}

HostTensor HostTensor::fromInts(DataType type, Shape shape,
                                std::vector<int64_t> values) {
  HostTensor tensor;
  tensor.dataType = type;
  tensor.strides = storedStrides(shape);
  tensor.dims = std::move(shape);
  tensor.ints = std::make_shared<std::vector<int64_t>>(std::move(values));
  return tensor;
}

HostTensor HostTensor::fromFloats(DataType type, Shape shape,
                                  std::vector<double> values) {
  HostTensor tensor;
  tensor.dataType = type;
  tensor.strides = storedStrides(shape);
  tensor.dims = std::move(shape);
  tensor.floats = std::make_shared<std::vector<double>>(std::move(values));
  return tensor;
}

template <typename T, typename Out>
static std::vector<Out> convert(std::string_view bytes, int64_t count) {
  std::vector<Out> values(count);
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Out>(value);
  }
  return values;
}

HostTensorTooLarge::HostTensorTooLarge(std::optional<int64_t> elements)
    : std::runtime_error(
          (elements ? std::to_string(*elements) : "too many") +
          " elements that the host would compute with; it takes up to " +
          std::to_string(HostTensor::kMaxElements)) {}

/// Integers of `bits` bits each, several to a byte below 8.
static std::vector<int64_t> readInts(DataType type, std::string_view bytes,
                                     int64_t count) {
  const unsigned bits = elementBits(type);
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t raw = 0;
    if (bits < 8)
      raw = static_cast<uint8_t>(bytes[i * bits / 8]) >> i * bits % 8;
    else
      std::memcpy(&raw, bytes.data() + i * (bits / 8), bits / 8);
    values[i] = wrapTo(type, static_cast<int64_t>(raw));
  }
  return values;
}

std::optional<HostTensor> HostTensor::fromBytes(DataType type, Shape shape,
                                                std::string_view bytes) {
  std::optional<int64_t> count = elementCount(shape);
  int64_t bits;
  if (!isKnownType(type) || !count ||
      __builtin_mul_overflow(*count, int64_t(elementBits(type)), &bits) ||
      bytes.size() < (static_cast<uint64_t>(bits) + 7) / 8)
    return std::nullopt;
  if (*count > kMaxElements)
    throw HostTensorTooLarge(count);
  int64_t n = *count;
  auto floats = [&](std::vector<double> v) {
    return fromFloats(type, shape, std::move(v));
  };
  switch (type) {
  case DataType::Float:
    return floats(convert<float, double>(bytes, n));
  case DataType::Double:
    return floats(convert<double, double>(bytes, n));
  case DataType::Float16: {
    std::vector<double> values(n);
    auto raw = convert<uint16_t, uint16_t>(bytes, n);
    for (int64_t i = 0; i < n; ++i)
      values[i] = halfToDouble(raw[i]);
    return floats(std::move(values));
  }
  case DataType::Bfloat16: {
    std::vector<double> values(n);
    auto raw = convert<uint16_t, uint16_t>(bytes, n);
    for (int64_t i = 0; i < n; ++i) {
      uint32_t wide = static_cast<uint32_t>(raw[i]) << 16;
      float value;
      std::memcpy(&value, &wide, 4);
      values[i] = value;
    }
    return floats(std::move(values));
  }
  default:
    return fromInts(type, shape, readInts(type, bytes, n));
  }
}

HostTensor HostTensor::withType(DataType type) const {
  HostTensor result = *this;
  result.dataType = type;
  return result;
}

/// A uint64 is stored with its bits.
static double intToDouble(DataType type, int64_t value) {
  return type == DataType::Uint64
             ? static_cast<double>(static_cast<uint64_t>(value))
             : static_cast<double>(value);
}

int64_t HostTensor::size() const { return elementCount(dims).value_or(0); }

int64_t HostTensor::storedSize() const {
  int64_t count = 1;
  for (int64_t i = 0; i < rank(); ++i)
    count *= strides[i] == 0 ? std::min<int64_t>(dims[i], 1) : dims[i];
  return count;
}

std::vector<int64_t> HostTensor::intValues() const {
  if (!isFloat())
    return HostAccess<int64_t>::read(*this, dims);
  std::vector<double> values = floatValues();
  return std::vector<int64_t>(values.begin(), values.end());
}

std::vector<double> HostTensor::floatValues() const {
  if (isFloat())
    return HostAccess<double>::read(*this, dims);
  std::vector<int64_t> values = HostAccess<int64_t>::read(*this, dims);
  std::vector<double> result;
  result.reserve(values.size());
  for (int64_t value : values)
    result.push_back(intToDouble(dataType, value));
  return result;
}

int64_t HostTensor::intValue() const {
  return isFloat() ? static_cast<int64_t>((*floats)[offset]) : (*ints)[offset];
}

double HostTensor::floatValue() const {
  return isFloat() ? (*floats)[offset] : intToDouble(dataType, (*ints)[offset]);
}

bool HostTensor::isSplat() const {
  if (size() == 0)
    return false;
  HostTensor stored = compact();
  if (!isFloat())
    return llvm::all_equal(stored.intValues());
  const std::vector<double> values = stored.floatValues();
  return llvm::all_of(values, [first = values.front()](double value) {
    return value == first && std::signbit(value) == std::signbit(first);
  });
}

std::string HostTensor::toBytes() const {
  std::string bytes;
  auto append = [&](const void *data, size_t size) {
    bytes.append(static_cast<const char *>(data), size);
  };
  if (isFloat()) {
    for (double value : floatValues()) {
      if (dataType == DataType::Double) {
        append(&value, 8);
        continue;
      }
      float single = static_cast<float>(value);
      if (dataType == DataType::Bfloat16) {
        uint32_t bits;
        std::memcpy(&bits, &single, 4);
        uint16_t top = static_cast<uint16_t>(bits >> 16);
        append(&top, 2);
      } else if (dataType == DataType::Float16) {
        uint16_t half = doubleToHalf(value);
        append(&half, 2);
      } else {
        append(&single, 4);
      }
    }
    return bytes;
  }
  const unsigned bits = elementBits(dataType);
  if (bits >= 8) {
    for (int64_t value : intValues())
      append(&value, bits / 8);
    return bytes;
  }
  const std::vector<int64_t> values = intValues();
  bytes.assign((values.size() * bits + 7) / 8, 0);
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i * bits / 8] |= static_cast<char>(
        (static_cast<uint64_t>(values[i]) & ((1u << bits) - 1))
        << i * bits % 8);
  return bytes;
}

HostTensor HostTensor::broadcastTo(const Shape &shape) const {
  HostTensor result = *this;
  size_t added = shape.size() - dims.size();
  result.dims = shape;
  result.strides.assign(shape.size(), 0);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == shape[i + added] && dims[i] != 1)
      result.strides[i + added] = strides[i];
  return result;
}

HostTensor HostTensor::compact() const {
  HostTensor result = *this;
  for (size_t i = 0; i < dims.size(); ++i)
    if (strides[i] == 0 && dims[i] > 1)
      result.dims[i] = 1;
  return result;
}

HostTensor HostTensor::reshape(const Shape &shape) const {
  // Where only dimensions of size 1 come or go the strides carry over.
  HostTensor result = *this;
  result.dims = shape;
  result.strides.assign(shape.size(), 0);
  size_t from = 0;
  bool units = true;
  for (size_t i = 0; i < shape.size() && units; ++i) {
    if (shape[i] == 1)
      continue;
    while (from < dims.size() && dims[from] == 1)
      ++from;
    units = from < dims.size() && dims[from] == shape[i];
    if (units)
      result.strides[i] = strides[from++];
  }
  for (; from < dims.size(); ++from)
    units &= dims[from] == 1;
  if (units)
    return result;
  if (storedSize() == 1) {
    result.strides.assign(shape.size(), 0);
    return result;
  }
  return isFloat() ? fromFloats(dataType, shape, floatValues())
                   : fromInts(dataType, shape, intValues());
}

HostTensor
HostTensor::transpose(const std::vector<int64_t> &permutation) const {
  HostTensor result = *this;
  for (size_t i = 0; i < permutation.size(); ++i) {
    result.dims[i] = dims[permutation[i]];
    result.strides[i] = strides[permutation[i]];
  }
  return result;
}

HostTensor HostTensor::slice(const Shape &offsets, const Shape &sizes,
                             const Shape &steps) const {
  HostTensor result = *this;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (sizes[i] > 0)
      result.offset += offsets[i] * strides[i];
    result.strides[i] = sizes[i] == 1 ? 0 : strides[i] * steps[i];
  }
  result.dims = sizes;
  return result;
}

HostTensor HostTensor::window(int64_t axis, int64_t first, const Shape &sizes,
                              const Shape &steps) const {
  HostTensor result = *this;
  const int64_t stride = strides[axis];
  result.offset += first * stride;
  result.dims.erase(result.dims.begin() + axis);
  result.strides.erase(result.strides.begin() + axis);
  for (size_t i = 0; i < sizes.size(); ++i) {
    result.dims.insert(result.dims.begin() + axis + i, sizes[i]);
    result.strides.insert(result.strides.begin() + axis + i,
                          sizes[i] == 1 ? 0 : stride * steps[i]);
  }
  return result;
}
