// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops that the import understands, and what lowerings read of a node.

#include "compiler/import/Lowering.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace tilework;

static constexpr const char *kMicrosoft = "com.microsoft";

// Without effect where axes are given, or where none are and nothing happens.
static constexpr const char *kReduceNeutral =
    "noop_with_empty_axes=* keepdims=*";

// Versions: `since` is the first operator set in which the definition stands
// that the function reads; most functions read every version of their op.
// `until` is the newest set that was looked at.
static const OpEntry kOps[] = {
    // Elementwise.
    {"", "Abs", 6, 28, lowerUnary},
    {"", "Acos", 7, 28, lowerUnary},
    {"", "Acosh", 9, 28, lowerUnary},
    {"", "Add", 7, 28, lowerBinary},
    {"", "And", 7, 28, lowerBinary},
    {"", "Asin", 7, 28, lowerUnary},
    {"", "Asinh", 9, 28, lowerUnary},
    {"", "Atan", 7, 28, lowerUnary},
    {"", "Atanh", 9, 28, lowerUnary},
    {"", "BitwiseAnd", 18, 28, lowerBinary},
    {"", "BitwiseNot", 18, 28, lowerUnary},
    {"", "BitwiseOr", 18, 28, lowerBinary},
    {"", "BitwiseXor", 18, 28, lowerBinary},
    {"", "Cast", 6, 28, lowerCast, "saturate=* round_mode=*"},
    {"", "CastLike", 15, 28, lowerCastLike, "saturate=* round_mode=*"},
    {"", "Ceil", 6, 28, lowerUnary},
    {"", "Celu", 12, 28, lowerCelu},
    {"", "Clip", 6, 28, lowerClip},
    {"", "Cos", 7, 28, lowerUnary},
    {"", "Cosh", 9, 28, lowerUnary},
    {"", "Div", 7, 28, lowerBinary},
    {"", "Dropout", 7, 28, lowerDropout, "seed=* ratio=*"},
    {"", "Equal", 7, 28, lowerBinary},
    {"", "Erf", 9, 28, lowerUnary},
    {"", "Exp", 6, 28, lowerUnary},
    {"", "Floor", 6, 28, lowerUnary},
    {"", "Gelu", 20, 28, lowerGelu},
    {"", "Greater", 7, 28, lowerBinary},
    {"", "GreaterOrEqual", 12, 28, lowerBinary},
    {"", "Identity", 1, 28, lowerIdentity},
    {"", "IsInf", 10, 28, lowerIsInf},
    {"", "IsNaN", 9, 28, lowerUnary},
    {"", "LeakyRelu", 6, 28, lowerLeakyRelu},
    {"", "Less", 7, 28, lowerBinary},
    {"", "LessOrEqual", 12, 28, lowerBinary},
    {"", "Log", 6, 28, lowerUnary},
    {"", "Max", 6, 28, lowerVariadic},
    {"", "Mean", 6, 28, lowerVariadic},
    {"", "Min", 6, 28, lowerVariadic},
    {"", "Mod", 10, 28, lowerMod},
    {"", "Mul", 7, 28, lowerBinary},
    {"", "Neg", 6, 28, lowerUnary},
    {"", "Not", 1, 28, lowerUnary},
    {"", "Or", 7, 28, lowerBinary},
    {"", "Pow", 7, 28, lowerPow},
    {"", "PRelu", 7, 28, lowerPRelu},
    {"", "Reciprocal", 6, 28, lowerUnary},
    {"", "Relu", 6, 28, lowerUnary},
    {"", "Round", 11, 28, lowerUnary},
    {"", "Sigmoid", 6, 28, lowerUnary},
    {"", "Sign", 9, 28, lowerUnary},
    {"", "Sin", 7, 28, lowerUnary},
    {"", "Sinh", 9, 28, lowerUnary},
    {"", "Softplus", 1, 28, lowerSoftplus},
    {"", "Sqrt", 6, 28, lowerUnary},
    {"", "Sub", 7, 28, lowerBinary},
    {"", "Sum", 6, 28, lowerVariadic},
    {"", "Swish", 24, 28, lowerSwish},
    {"", "Tan", 7, 28, lowerUnary},
    {"", "Tanh", 6, 28, lowerUnary},
    {"", "Where", 9, 28, lowerWhere},
    {"", "Xor", 7, 28, lowerBinary},
    {"", "DequantizeLinear", 10, 28, lowerDequantize, "axis=* output_dtype=0"},
    // Shapes, views, indexing.
    {"", "CenterCropPad", 18, 28, lowerCenterCropPad},
    {"", "Concat", 4, 28, lowerConcat},
    {"", "Constant", 1, 28, lowerConstant},
    {"", "ConstantOfShape", 9, 28, lowerConstantOfShape},
    {"", "CumSum", 11, 28, lowerCumSum},
    {"", "DepthToSpace", 1, 28, lowerDepthToSpace},
    {"", "Expand", 8, 28, lowerExpand},
    {"", "EyeLike", 9, 28, lowerEyeLike},
    {"", "Flatten", 1, 28, lowerFlatten},
    {"", "Gather", 1, 28, lowerGather},
    {"", "GatherElements", 11, 28, lowerGatherElements},
    {"", "GatherND", 11, 28, lowerGatherND},
    {"", "NonZero", 9, 28, lowerNonZero},
    {"", "OneHot", 9, 28, lowerOneHot},
    {"", "Pad", 2, 28, lowerPad},
    {"", "Range", 11, 28, lowerRange, "stash_type=1"},
    {"", "Reshape", 5, 28, lowerReshape},
    {"", "Resize", 10, 28, lowerResize},
    {"", "Scatter", 9, 28, lowerScatterElements},
    {"", "ScatterElements", 11, 28, lowerScatterElements},
    {"", "ScatterND", 11, 28, lowerScatterND},
    {"", "Shape", 1, 28, lowerShape},
    {"", "Size", 1, 28, lowerSize},
    {"", "Slice", 1, 28, lowerSlice},
    {"", "SpaceToDepth", 1, 28, lowerSpaceToDepth},
    {"", "Split", 2, 28, lowerSplit},
    {"", "Squeeze", 1, 28, lowerSqueeze},
    {"", "Tile", 6, 28, lowerTile},
    {"", "Transpose", 1, 28, lowerTranspose},
    {"", "Trilu", 14, 28, lowerTrilu},
    {"", "Unsqueeze", 1, 28, lowerUnsqueeze},
    {"", "Upsample", 7, 28, lowerUpsample},
    // Products, reductions, normalisations.
    {"", "ArgMax", 1, 28, lowerArgMax},
    {"", "ArgMin", 1, 28, lowerArgMax},
    {"", "Attention", 23, 28, lowerAttention},
    {"", "AveragePool", 1, 28, lowerAveragePool},
    {"", "BatchNormalization", 7, 28, lowerBatchNorm, "momentum=*"},
    {"", "CausalConvWithState", 27, 28, lowerCausalConv},
    {"", "Conv", 1, 28, lowerConv},
    {"", "ConvTranspose", 1, 28, lowerConvTranspose},
    {"", "DFT", 17, 28, lowerFourier},
    {"", "Einsum", 12, 28, lowerEinsum},
    {"", "Gemm", 7, 28, lowerGemm, "beta=*"},
    {"", "GlobalAveragePool", 1, 28, lowerGlobalPool},
    {"", "GlobalMaxPool", 1, 28, lowerGlobalPool},
    {"", "GroupNormalization", 18, 28, lowerGroupNorm, "stash_type=1"},
    {"", "Hardmax", 1, 28, lowerHardmax},
    {"", "InstanceNormalization", 6, 28, lowerInstanceNorm},
    {"", "LayerNormalization", 17, 28, lowerLayerNorm, "stash_type=1"},
    {"", "LinearAttention", 27, 28, lowerLinearAttention, "chunk_size=*"},
    {"", "LpNormalization", 1, 28, lowerLpNorm},
    {"", "MeanVarianceNormalization", 9, 28, lowerMeanVarianceNorm},
    {"", "MatMul", 1, 28, lowerMatMul},
    {"", "MaxPool", 1, 28, lowerMaxPool},
    {"", "NegativeLogLikelihoodLoss", 12, 28, lowerLikelihoodLoss},
    {"", "RMSNormalization", 23, 28, lowerRmsNorm, "stash_type=1"},
    {"", "ReduceL1", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceL2", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceLogSum", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceLogSumExp", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceMax", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceMean", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceMin", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceProd", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceSum", 1, 28, lowerReduce, kReduceNeutral},
    {"", "ReduceSumSquare", 1, 28, lowerReduce, kReduceNeutral},
    {"", "RotaryEmbedding", 23, 28, lowerRotary},
    {"", "STFT", 17, 28, lowerShortFourier},
    {"", "Softmax", 1, 28, lowerSoftmax},
    {"", "SoftmaxCrossEntropyLoss", 12, 28, lowerCrossEntropy},
    {"", "LogSoftmax", 1, 28, lowerSoftmax},
    // Before its promotion ONNX Runtime put this op in the default domain.
    {"", "SimplifiedLayerNormalization", 1, 28, lowerRmsNorm, "stash_type=1"},
    {"ai.onnx.preview", "FlexAttention", 1, 1, lowerFlexAttention},
    // ONNX Runtime's fused ops.
    {kMicrosoft, "Attention", 1, 1, lowerFusedAttention,
     "rotary_embedding_dim=0 past_present_share_buffer=0 "
     "mask_filter_value=*"},
    {kMicrosoft, "BiasGelu", 1, 1, lowerGelu},
    {kMicrosoft, "EmbedLayerNormalization", 1, 1, lowerEmbedLayerNorm},
    {kMicrosoft, "FastGelu", 1, 1, lowerFastGelu},
    {kMicrosoft, "FusedMatMul", 1, 1, lowerFusedMatMul},
    {kMicrosoft, "Gelu", 1, 1, lowerGelu},
    {kMicrosoft, "GroupQueryAttention", 1, 1, lowerGroupQueryAttention,
     "kv_cache_bit_width=* qk_norm_epsilon=* q_norm_epsilon=* "
     "k_norm_epsilon=* qk_output=0 sliding_window_cache=0 "
     "rotary_interleaved=*"},
    {kMicrosoft, "LayerNormalization", 1, 1, lowerLayerNorm, "stash_type=1"},
    {kMicrosoft, "MultiHeadAttention", 1, 1, lowerMultiHeadAttention,
     "mask_filter_value=*"},
    {kMicrosoft, "QuickGelu", 1, 1, lowerQuickGelu},
    {kMicrosoft, "RotaryEmbedding", 1, 1, lowerRotary},
    {kMicrosoft, "SimplifiedLayerNormalization", 1, 1, lowerRmsNorm,
     "stash_type=1"},
    {kMicrosoft, "SkipLayerNormalization", 1, 1, lowerSkipLayerNorm},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", 1, 1, lowerSkipLayerNorm},
};

llvm::ArrayRef<OpEntry> tilework::opEntries() { return kOps; }

const OpEntry *tilework::findOp(std::string_view domain, std::string_view op,
                                int64_t version, bool &known) {
  known = false;
  for (const OpEntry &entry : kOps) {
    if (domain != entry.domain || op != entry.op)
      continue;
    known = true;
    // Other domains keep one version for years; the default one is checked.
    if (!domain.empty() || (version >= entry.since && version <= entry.until))
      return &entry;
  }
  return nullptr;
}

const Val &NodeContext::in(size_t i) const {
  if (!has(i))
    throw InvalidNode("input " + std::to_string(i) + " is missing");
  return inputs[i];
}

const onnx::Attribute *NodeContext::attribute(std::string_view name) const {
  asked.push_back(name);
  for (const onnx::Attribute &attribute : node.attributes) {
    if (attribute.name != name)
      continue;
    if (attribute.refName.empty())
      return &attribute;
    return outerAttribute ? outerAttribute(attribute.refName) : nullptr;
  }
  return nullptr;
}

static const char *kindName(int kind) {
  static constexpr const char *names[] = {
      "nothing",        "a float", "an integer",       "a text",
      "a tensor",       "a graph", "a list of floats", "a list of integers",
      "a list of texts"};
  return kind >= 0 && kind < int(std::size(names)) ? names[kind]
                                                   : "of an unknown kind";
}

const onnx::Attribute *
NodeContext::attribute(std::string_view name,
                       onnx::Attribute::Kind kind) const {
  const onnx::Attribute *a = attribute(name);
  if (a && a->kind != onnx::Attribute::Undefined && a->kind != kind)
    throw InvalidNode("its attribute '" + std::string(name) + "' is " +
                      kindName(a->kind) + ", not " + kindName(kind));
  return a;
}

int64_t NodeContext::integer(std::string_view name, int64_t otherwise) const {
  const onnx::Attribute *a = attribute(name, onnx::Attribute::Int);
  return a ? a->i : otherwise;
}

float NodeContext::real(std::string_view name, float otherwise) const {
  const onnx::Attribute *a = attribute(name, onnx::Attribute::Float);
  return a ? a->f : otherwise;
}

std::string_view NodeContext::text(std::string_view name,
                                   std::string_view otherwise) const {
  const onnx::Attribute *a = attribute(name, onnx::Attribute::String);
  return a ? a->s : otherwise;
}

std::optional<NodeContext::Shape>
NodeContext::integers(std::string_view name) const {
  const onnx::Attribute *a = attribute(name, onnx::Attribute::Ints);
  if (!a)
    return std::nullopt;
  return a->ints;
}

std::optional<NodeContext::Shape>
NodeContext::integersFrom(std::string_view name, size_t i) const {
  if (has(i))
    return b.requireInts(in(i), std::string(name).c_str());
  return integers(name);
}

int64_t NodeContext::axis(int64_t value, int64_t rank) const {
  int64_t positive = value < 0 ? value + rank : value;
  if (positive < 0 || positive >= rank)
    throw InvalidNode("axis " + std::to_string(value) + " is not within rank " +
                      std::to_string(rank));
  return positive;
}

/// The value as it stands in an OpEntry: integers, texts and short floats.
static std::string spelling(const onnx::Attribute &a) {
  switch (a.kind) {
  case onnx::Attribute::Int:
    return std::to_string(a.i);
  case onnx::Attribute::Float:
    return llvm::formatv("{0}", llvm::format("%g", a.f)).str();
  case onnx::Attribute::String:
    return onnx::quoted(a.s);
  default:
    return "";
  }
}

void NodeContext::refuseUnread(std::string_view neutral) const {
  llvm::SmallVector<llvm::StringRef> entries;
  llvm::StringRef(neutral.data(), neutral.size())
      .split(entries, ' ', -1, false);
  for (const onnx::Attribute &a : node.attributes) {
    if (llvm::is_contained(asked, a.name))
      continue;
    const onnx::Attribute *value = &a;
    if (!a.refName.empty())
      value = outerAttribute ? outerAttribute(a.refName) : nullptr;
    if (!value)
      continue;
    std::string text = spelling(*value);
    bool changesNothing = llvm::any_of(entries, [&](llvm::StringRef entry) {
      auto [name, at] = entry.split('=');
      return name == llvm::StringRef(a.name.data(), a.name.size()) &&
             (at == "*" || at == text);
    });
    if (!changesNothing)
      throw UnsupportedNode("its attribute " + onnx::quoted(a.name) +
                            (text.empty() ? "" : " (" + text + ")") +
                            ", which this import does not read");
  }
}

Val NodeContext::matmul(const Val &x, const Val &y, bool transposeA,
                        bool transposeB, const Val &bias) {
  Val result = b.matmul(x, y, transposeA, transposeB, bias);
  double batch = 1;
  for (int64_t dim : result.shape().drop_back(2))
    batch *= dim;
  count(batch, result.dim(-2), result.dim(-1), x.dim(transposeA ? -2 : -1));
  return result;
}
