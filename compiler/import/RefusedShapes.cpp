// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes of what nodes give that are not lowered: the import goes on behind
// them, so that one refusal names everything that is in the way.

#include "compiler/import/Importer.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tilework;

namespace {

using Shape = std::vector<int64_t>;

/// The result has the shape and type of the first input.
const llvm::StringSet<> &sameAsFirst() {
  static const llvm::StringSet<> names = {"Abs",
                                          "Acos",
                                          "Acosh",
                                          "Asin",
                                          "Asinh",
                                          "Atan",
                                          "Atanh",
                                          "BatchNormalization",
                                          "BiasGelu",
                                          "BitwiseNot",
                                          "Ceil",
                                          "Celu",
                                          "Clip",
                                          "Cos",
                                          "Cosh",
                                          "CumProd",
                                          "CumSum",
                                          "Dropout",
                                          "Elu",
                                          "Erf",
                                          "Exp",
                                          "FastGelu",
                                          "Floor",
                                          "Gelu",
                                          "GroupNorm",
                                          "GroupNormalization",
                                          "GroupQueryAttention",
                                          "HardSigmoid",
                                          "HardSwish",
                                          "Hardmax",
                                          "Identity",
                                          "InstanceNormalization",
                                          "LRN",
                                          "LayerNormalization",
                                          "LeakyRelu",
                                          "Log",
                                          "LogSoftmax",
                                          "LpNormalization",
                                          "MeanVarianceNormalization",
                                          "Mish",
                                          "MultiHeadAttention",
                                          "Neg",
                                          "PRelu",
                                          "QuickGelu",
                                          "RMSNormalization",
                                          "Reciprocal",
                                          "Relu",
                                          "ReverseSequence",
                                          "RotaryEmbedding",
                                          "Round",
                                          "Scatter",
                                          "ScatterElements",
                                          "ScatterND",
                                          "Selu",
                                          "Shrink",
                                          "Sigmoid",
                                          "Sign",
                                          "SimplifiedLayerNormalization",
                                          "Sin",
                                          "Sinh",
                                          "SkipLayerNormalization",
                                          "SkipSimplifiedLayerNormalization",
                                          "Softmax",
                                          "Softplus",
                                          "Softsign",
                                          "Sqrt",
                                          "Swish",
                                          "Tan",
                                          "Tanh",
                                          "ThresholdedRelu",
                                          "Trilu"};
  return names;
}

const onnx::Attribute *find(const onnx::Node &node, std::string_view name) {
  for (const onnx::Attribute &attribute : node.attributes)
    if (attribute.name == name && attribute.refName.empty())
      return &attribute;
  return nullptr;
}

int64_t integer(const onnx::Node &node, std::string_view name,
                int64_t otherwise) {
  const onnx::Attribute *a = find(node, name);
  return a ? a->i : otherwise;
}

/// The attribute's numbers, or `count` times `otherwise`; nothing where the
/// file has another number of them.
std::optional<Shape> integers(const onnx::Node &node, std::string_view name,
                              size_t count, int64_t otherwise) {
  const onnx::Attribute *a = find(node, name);
  if (!a)
    return Shape(count, otherwise);
  if (a->ints.size() != count)
    return std::nullopt;
  return a->ints;
}

/// Places of a window over each spatial dimension of `x` ([batch, channels,
/// …]), as the standard counts them for convolutions and pools.
std::optional<Shape> windows(const onnx::Node &node, llvm::ArrayRef<int64_t> x,
                             llvm::ArrayRef<int64_t> kernel) {
  const size_t rank = kernel.size();
  if (x.size() != rank + 2)
    return std::nullopt;
  auto strides = integers(node, "strides", rank, 1),
       dilations = integers(node, "dilations", rank, 1),
       pads = integers(node, "pads", 2 * rank, 0);
  if (!strides || !dilations || !pads)
    return std::nullopt;
  const onnx::Attribute *pad = find(node, "auto_pad");
  const bool same = pad && (pad->s == "SAME_UPPER" || pad->s == "SAME_LOWER");
  const bool roundUp = integer(node, "ceil_mode", 0) != 0;
  Shape places;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t stride = (*strides)[i];
    int64_t span, room;
    if (stride < 1 || __builtin_sub_overflow(kernel[i], 1, &span) ||
        __builtin_mul_overflow(span, (*dilations)[i], &span) ||
        __builtin_add_overflow(x[i + 2], (*pads)[i], &room) ||
        __builtin_add_overflow(room, (*pads)[rank + i], &room) ||
        __builtin_sub_overflow(room, span + 1, &room) || span < 0)
      return std::nullopt;
    if (!same && room < 0)
      return std::nullopt;
    places.push_back(same ? (x[i + 2] + stride - 1) / stride
                          : (room + (roundUp ? stride - 1 : 0)) / stride + 1);
  }
  return places;
}

std::optional<Shape> convolution(const onnx::Node &node, const Val &x,
                                 const Val &weight) {
  if (weight.rank() < 3)
    return std::nullopt;
  auto places = windows(node, x.shape(), weight.shape().drop_front(2));
  if (!places)
    return std::nullopt;
  Shape shape = {x.dim(0), weight.dim(0)};
  shape.insert(shape.end(), places->begin(), places->end());
  return shape;
}

std::optional<Shape> pool(const onnx::Node &node, const Val &x) {
  const onnx::Attribute *kernel = find(node, "kernel_shape");
  if (!kernel)
    return std::nullopt;
  auto places = windows(node, x.shape(), kernel->ints);
  if (!places)
    return std::nullopt;
  Shape shape = {x.dim(0), x.dim(1)};
  shape.insert(shape.end(), places->begin(), places->end());
  return shape;
}

std::optional<Shape> overAxis(const onnx::Node &node, const Val &x) {
  int64_t axis = integer(node, "axis", 0);
  axis += axis < 0 ? x.rank() : 0;
  if (axis < 0 || axis >= x.rank())
    return std::nullopt;
  Shape shape = x.shape().vec();
  if (integer(node, "keepdims", 1))
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  return shape;
}

} // namespace

std::optional<RefusedResult>
tilework::refusedResult(const onnx::Node &node, llvm::ArrayRef<Val> inputs,
                        mlir::MLIRContext &context) {
  if (inputs.empty() || inputs.front().isAbsent())
    return std::nullopt;
  const Val &x = inputs.front();
  const llvm::StringRef op(node.op.data(), node.op.size());
  auto result = [&](const std::optional<Shape> &shape, Type element,
                    double macs = 0) -> std::optional<RefusedResult> {
    if (!shape || !elementCount(*shape))
      return std::nullopt;
    return RefusedResult{RankedTensorType::get(*shape, element), macs};
  };
  if (sameAsFirst().contains(op))
    return RefusedResult{x.type, 0};
  if (op == "IsInf" || op == "IsNaN")
    return result(x.shape().vec(), IntegerType::get(&context, 1));
  if (op == "ArgMax" || op == "ArgMin")
    return result(overAxis(node, x), IntegerType::get(&context, 64));
  if (x.rank() < 3)
    return std::nullopt;
  if (op == "Conv" && inputs.size() > 1 && !inputs[1].isAbsent()) {
    auto shape = convolution(node, x, inputs[1]);
    double macs = 1;
    for (int64_t size : shape.value_or(Shape()))
      macs *= double(size);
    for (int64_t size : inputs[1].shape().drop_front())
      macs *= double(size);
    return result(shape, x.element(), macs);
  }
  if (op == "AveragePool" || op == "MaxPool" || op == "LpPool")
    return result(pool(node, x), x.element());
  if (op == "GlobalAveragePool" || op == "GlobalMaxPool" ||
      op == "GlobalLpPool") {
    Shape shape(x.rank(), 1);
    shape[0] = x.dim(0);
    shape[1] = x.dim(1);
    return result(shape, x.element());
  }
  return std::nullopt;
}
