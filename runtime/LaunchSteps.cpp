// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launch steps on the importer's host tensors, so that what is folded at import
// and what is computed at launch agree.

#include "runtime/LaunchSteps.h"

#include "dialects/target/Figures.h"
#include "runtime/Error.h"
#include "runtime/HostTensors.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace tilework {

namespace {

ElementType elementType(const std::string &name) {
  if (std::optional<ElementType> type = elementTypeNamed(name))
    return *type;
  throw UserError("unknown element type '" + name + "'");
}

/// Of a type below a byte the one whose elements callers hold.
ElementType heldType(ElementType type) {
  return elementBits(type) < 8 ? elementTypeInfo(type).carrier : type;
}

} // namespace

HostTensor toHost(const Tensor &tensor) {
  auto host = HostTensor::fromBytes(
      heldType(tensor.type), tensor.shape,
      {reinterpret_cast<const char *>(tensor.data), tensor.bytes});
  if (!host)
    throw UserError("a tensor " + describe(tensor.type, tensor.shape) +
                    " has too few bytes");
  // Of a narrower type than is held, the bits above it do not count.
  return heldType(tensor.type) == tensor.type ? *host
                                              : *host->cast(tensor.type);
}

namespace {

Tensor fromHost(const HostTensor &host, ElementType type) {
  std::string bytes = host.withType(heldType(type)).toBytes();
  return Tensor::own(type, host.shape(), {bytes.begin(), bytes.end()});
}

/// Integers keep to the range of the narrower type, so that an id out of range
/// stays out of range.
HostTensor saturate(const HostTensor &host, ElementType to) {
  if (host.isFloat() || !isIntegerType(to) || to == ElementType::Bool ||
      elementBits(to) == 64)
    return host;
  const int64_t low = leastOf(to), high = largestOf(to);
  const bool isWide = host.type() == ElementType::Uint64;
  std::vector<int64_t> values = host.intValues();
  for (int64_t &value : values)
    value = isWide && value < 0 ? high : std::clamp(value, low, high);
  return HostTensor::fromInts(host.type(), host.shape(), std::move(values));
}

/// What a caller can mend: the message stands without the step's name.
struct InputError : UserError {
  using UserError::UserError;
};

/// The inputs that the values a step checks are made of; none for constants and
/// results.
std::string originOf(const isa::LaunchStep &step) {
  std::string names;
  for (const std::string &name :
       step.attributes.value("of", std::vector<std::string>()))
    names += (names.empty() ? "input '" : ", '") + name + "'";
  return names;
}

/// Throws InputError for a divisor of 0, which integers do not have.
void checkDivisor(const HostTensor &divisor, const isa::LaunchStep &step) {
  const std::vector<int64_t> values = divisor.intValues();
  const auto zero = std::find(values.begin(), values.end(), 0);
  if (zero == values.end())
    return;
  const std::string origin = originOf(step);
  throw InputError(
      "integer division by zero: element " +
      std::to_string(zero - values.begin()) + " of the divisor" +
      (origin.empty() ? "" : ", which comes from " + origin + ",") + " is 0");
}

/// Indices of `rows` rows with the negative ones counted from the end. Throws
/// InputError for one out of range.
HostTensor inRange(const HostTensor &indices, int64_t rows,
                   const isa::LaunchStep &step) {
  std::vector<int64_t> values = indices.intValues();
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value = values[i];
    if (value < -rows || value >= rows) {
      const std::string origin = originOf(step);
      throw InputError("index " + std::to_string(value) + " at element " +
                       std::to_string(i) + " of the indices that come from " +
                       (origin.empty() ? "constants" : origin) +
                       " is out of range: the table has " +
                       countText(uint64_t(rows), "row") + " and takes " +
                       std::to_string(-rows) + " to " +
                       std::to_string(rows - 1));
    }
    if (value < 0)
      values[i] = value + rows;
  }
  return HostTensor::fromInts(indices.type(), indices.shape(),
                              std::move(values));
}

/// One step over its operands, before its result is brought to its type.
std::optional<HostTensor> evaluate(const isa::LaunchStep &step,
                                   const std::vector<HostTensor> &in,
                                   ElementType type,
                                   const std::vector<int64_t> &shape) {
  const nlohmann::json &attributes = step.attributes;
  const int64_t axis = attributes.value("axis", int64_t(0));
  const auto dims = attributes.value("dims", std::vector<int64_t>());
  const std::string &op = step.op;
  if (op == "constant") {
    if (isFloatType(type)) {
      // JSON has no infinities and no NaN: they stand as text.
      std::vector<double> values;
      for (const nlohmann::json &value : attributes.at("values"))
        values.push_back(
            value.is_string()
                ? std::strtod(value.get<std::string>().c_str(), nullptr)
                : value.get<double>());
      return HostTensor::fromFloats(type, shape, std::move(values));
    }
    return HostTensor::fromInts(
        type, shape, attributes.at("values").get<std::vector<int64_t>>());
  }
  if (in.empty())
    return std::nullopt;
  if (op == "cast")
    return in[0].cast(type);
  if (op == "saturate")
    return saturate(in[0], type).cast(type);
  if (op == "select" && in.size() == 3)
    return HostTensor::select(in[0], in[1], in[2]);
  if (op == "cumsum")
    return in[0].cumSum(axis, attributes.value("exclusive", false),
                        attributes.value("reverse", false));
  if (op == "index" && dims.size() == 1)
    return inRange(in[0], dims[0], step);
  if (op == "gather" && in.size() == 2 && axis >= 0 &&
      axis < static_cast<int64_t>(in[0].shape().size()))
    return in[0].gather(inRange(in[1], in[0].shape()[axis], step), axis);
  if (op == "concat")
    return HostTensor::concat(in, axis);
  if (op == "reshape")
    return in[0].reshape(shape);
  if (op == "broadcast")
    return in[0].broadcastTo(shape);
  if (op == "transpose")
    return in[0].transpose(dims);
  if (op == "slice" && dims.size() == 2 * shape.size())
    return in[0].slice({dims.begin(), dims.begin() + shape.size()}, shape,
                       {dims.begin() + shape.size(), dims.end()});
  if (op.rfind("reduce_", 0) == 0)
    if (auto kind = graph::symbolizeReduceKind(op.substr(7)))
      return in[0].reduce(*kind, {axis});
  if ((op == "div" || op == "mod") && in.size() == 2 && !in[1].isFloat())
    checkDivisor(in[1], step);
  if (in.size() == 2)
    if (auto kind = graph::symbolizeBinaryKind(op))
      return HostTensor::binary(*kind, in[0], in[1]);
  if (in.size() == 1)
    if (auto kind = graph::symbolizeUnaryKind(op))
      return HostTensor::unary(*kind, in[0]);
  return std::nullopt;
}

/// A finite number stays finite: a mask of −FLT_MAX is no minus infinity.
uint16_t roundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return 0x7fc0;
  if (magnitude > 0x7f7f0000 && magnitude < 0x7f800000)
    return static_cast<uint16_t>((bits >> 16 & 0x8000) | 0x7f7f);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace

std::optional<HostTensor>
evaluateLaunchStep(const isa::LaunchStep &step,
                   const std::vector<HostTensor> &operands, ElementType type,
                   const std::vector<int64_t> &shape) {
  auto result = evaluate(step, operands, type, shape);
  if (result && result->type() != type)
    result = result->cast(type);
  if (result && result->shape() != shape &&
      elementCount(result->shape()) == elementCount(shape))
    result = result->reshape(shape);
  if (!result || result->shape() != shape)
    return std::nullopt;
  return result;
}

Tensor convert(const Tensor &tensor, ElementType to) {
  if (tensor.type == to)
    return tensor;
  // The two conversions at every border of a floating-point model.
  if (tensor.type == ElementType::Float && to == ElementType::Bfloat16) {
    std::vector<uint8_t> bytes(tensor.bytes / 2);
    for (uint64_t i = 0; i < tensor.bytes / 4; ++i) {
      float value;
      std::memcpy(&value, tensor.data + 4 * i, 4);
      const uint16_t rounded = roundToBf16(value);
      std::memcpy(&bytes[2 * i], &rounded, 2);
    }
    return Tensor::own(to, tensor.shape, std::move(bytes));
  }
  if (tensor.type == ElementType::Bfloat16 && to == ElementType::Float) {
    std::vector<uint8_t> bytes(tensor.bytes * 2);
    for (uint64_t i = 0; i < tensor.bytes / 2; ++i)
      std::memcpy(&bytes[4 * i + 2], tensor.data + 2 * i, 2);
    return Tensor::own(to, tensor.shape, std::move(bytes));
  }
  auto host = toHost(tensor).cast(to);
  if (!host)
    throw UserError("cannot convert " + describe(tensor.type, tensor.shape) +
                    " to " + elementTypeName(to));
  return fromHost(*host, to);
}

void executeLaunchSteps(
    const std::vector<isa::LaunchStep> &steps, TensorMap &values,
    const std::function<Tensor(const std::string &, ElementType,
                               const std::vector<int64_t> &)> &readBinding) {
  for (const isa::LaunchStep &step : steps) {
    try {
      const ElementType type =
          elementType(step.attributes.at("type").get<std::string>());
      const auto shape =
          step.attributes.at("shape").get<std::vector<int64_t>>();
      std::vector<Tensor> operands;
      for (const std::string &name : step.inputs) {
        auto found = values.find(name);
        operands.push_back(
            found != values.end()
                ? found->second
                : readBinding(
                      name,
                      elementType(step.attributes.value(
                          "source_type", std::string(elementTypeName(type)))),
                      shape));
      }
      if (step.op == "cast" && operands.size() == 1) {
        values[step.output] = convert(operands[0], type);
        continue;
      }
      std::vector<HostTensor> in;
      for (const Tensor &operand : operands)
        in.push_back(toHost(operand));
      auto result = evaluateLaunchStep(step, in, type, shape);
      if (!result)
        throw UserError("its operands do not give " + describe(type, shape));
      values[step.output] = fromHost(*result, type);
    } catch (const InputError &) {
      throw;
    } catch (const std::exception &error) {
      throw UserError("launch step '" + step.op + "' for '" + step.output +
                      "': " + error.what());
    }
  }
}

} // namespace tilework
