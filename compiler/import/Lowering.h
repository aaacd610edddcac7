// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a lowering of an ONNX op sees of its node, and the table of ops. Adding
// an op is one entry and, where no existing function says it, one function.

#ifndef TILEWORK_COMPILER_IMPORT_LOWERING_H
#define TILEWORK_COMPILER_IMPORT_LOWERING_H

#include "compiler/import/ValueBuilder.h"

namespace tilework {

/// One node while it is lowered. Accessors raise InvalidNode on a node that
/// does not fit its op's definition.
class NodeContext {
public:
  using Shape = ValueBuilder::Shape;

  const onnx::Node &node;
  ValueBuilder &b;
  /// Version of the node's operator set.
  int64_t opset;
  std::vector<Val> inputs;
  /// One for each output of the node, set by the lowering; those that it
  /// leaves absent must be unused.
  std::vector<Val> results;
  /// Multiply-accumulates of the node, for the report.
  double macs = 0;

  /// Makes a Val of a constant tensor.
  std::function<Val(const onnx::Tensor &)> constant;
  /// Whether a name is read anywhere.
  std::function<bool(std::string_view)> isUsed;
  /// Resolves an attribute that a function body refers to its caller.
  std::function<const onnx::Attribute *(std::string_view)> outerAttribute;

  /// Imports a graph that is an attribute of the node: its outputs for these
  /// inputs.
  std::function<std::vector<Val>(const onnx::Graph &, const std::vector<Val> &)>
      call;

  NodeContext(const onnx::Node &node, ValueBuilder &b, int64_t opset)
      : node(node), b(b), opset(opset), results(node.outputs.size()) {}

  bool has(size_t i) const {
    return i < inputs.size() && !inputs[i].isAbsent();
  }
  /// The input, which must be there.
  const Val &in(size_t i) const;
  /// The input or an absent value.
  Val optional(size_t i) const { return has(i) ? inputs[i] : Val(); }
  /// Whether something reads output `i`.
  bool wants(size_t i) const {
    return i < node.outputs.size() && !node.outputs[i].empty() &&
           (!isUsed || isUsed(node.outputs[i]));
  }
  void set(size_t i, Val val) {
    if (i < results.size())
      results[i] = std::move(val);
  }

  /// The attribute, or null where the node has none of this name. Every
  /// accessor notes that it was asked: what a lowering never asked for decides
  /// nothing, and `refuseUnread` says so.
  const onnx::Attribute *attribute(std::string_view name) const;
  /// The same; throws InvalidNode where it is of another kind. A file so old
  /// that attributes have no kind says it by the value alone.
  const onnx::Attribute *attribute(std::string_view name,
                                   onnx::Attribute::Kind kind) const;
  int64_t integer(std::string_view name, int64_t otherwise) const;
  float real(std::string_view name, float otherwise) const;
  std::string_view text(std::string_view name,
                        std::string_view otherwise) const;
  std::optional<Shape> integers(std::string_view name) const;
  /// Axes or the like: an attribute in old operator sets, input `i` in new.
  std::optional<Shape> integersFrom(std::string_view name, size_t i) const;
  /// An axis attribute made positive; it must be below `rank`.
  int64_t axis(int64_t value, int64_t rank) const;

  /// Adds `m·n·k` products of `batch` matrices to the node's work.
  void count(double batch, double m, double n, double k) {
    macs += batch * m * n * k;
  }
  /// A product, counted.
  Val matmul(const Val &a, const Val &b, bool transposeA, bool transposeB,
             const Val &bias = Val());

  /// After the lowering: raises UnsupportedNode on an attribute of the node
  /// that was not asked for, unless `neutral` names it with the value that it
  /// has.
  void refuseUnread(std::string_view neutral) const;

private:
  mutable std::vector<std::string_view> asked;
};

/// One op: the operator sets in which its definition is the one that `lower`
/// does (later versions of the set reuse it until the op changes). `neutral`
/// lists attributes that the function need not read, `name=value` with the
/// value that changes nothing (`name=*` where none does), separated by blanks.
struct OpEntry {
  const char *domain;
  const char *op;
  int since;
  int until;
  void (*lower)(NodeContext &);
  const char *neutral = "";
};

/// All of them.
llvm::ArrayRef<OpEntry> opEntries();

/// The entry for an op at a version, or null. `known` tells whether the op has
/// an entry at some other version.
const OpEntry *findOp(std::string_view domain, std::string_view op,
                      int64_t version, bool &known);

// Lowerings, by the file that holds them.
// LowerElementwise.cpp
void lowerUnary(NodeContext &);
void lowerBinary(NodeContext &);
void lowerPow(NodeContext &);
void lowerMod(NodeContext &);
void lowerIsInf(NodeContext &);
void lowerCelu(NodeContext &);
void lowerVariadic(NodeContext &);
void lowerWhere(NodeContext &);
void lowerCast(NodeContext &);
void lowerCastLike(NodeContext &);
void lowerClip(NodeContext &);
void lowerGelu(NodeContext &);
void lowerFastGelu(NodeContext &);
void lowerQuickGelu(NodeContext &);
void lowerSwish(NodeContext &);
void lowerLeakyRelu(NodeContext &);
void lowerPRelu(NodeContext &);
void lowerSoftplus(NodeContext &);
void lowerIdentity(NodeContext &);
void lowerDropout(NodeContext &);
void lowerDequantize(NodeContext &);
// LowerShape.cpp
void lowerConstant(NodeContext &);
void lowerConstantOfShape(NodeContext &);
void lowerShape(NodeContext &);
void lowerSize(NodeContext &);
void lowerPad(NodeContext &);
void lowerCenterCropPad(NodeContext &);
/// A value as so many elements more before and after a dimension.
Val padded(NodeContext &, const Val &x, int64_t axis, int64_t before,
           int64_t after, const Val &value);
void lowerRange(NodeContext &);
void lowerNonZero(NodeContext &);
void lowerReshape(NodeContext &);
void lowerFlatten(NodeContext &);
void lowerTranspose(NodeContext &);
void lowerSqueeze(NodeContext &);
void lowerUnsqueeze(NodeContext &);
void lowerExpand(NodeContext &);
void lowerTile(NodeContext &);
void lowerConcat(NodeContext &);
void lowerSplit(NodeContext &);
void lowerSlice(NodeContext &);
void lowerDepthToSpace(NodeContext &);
void lowerSpaceToDepth(NodeContext &);
void lowerEyeLike(NodeContext &);
// LowerIndexing.cpp
void lowerGather(NodeContext &);
void lowerGatherElements(NodeContext &);
void lowerGatherND(NodeContext &);
void lowerScatterElements(NodeContext &);
void lowerScatterND(NodeContext &);
void lowerOneHot(NodeContext &);
void lowerCumSum(NodeContext &);
void lowerTrilu(NodeContext &);
// LowerMath.cpp
void lowerMatMul(NodeContext &);
void lowerGemm(NodeContext &);
void lowerFusedMatMul(NodeContext &);
void lowerArgMax(NodeContext &);
void lowerHardmax(NodeContext &);
void lowerReduce(NodeContext &);
void lowerSoftmax(NodeContext &);
/// x − max − ln Σ e^(x − max) over the last axis: the logarithm of the quotient
/// would be that of 0 far below the maximum.
Val logSoftmaxOfRows(NodeContext &, const Val &x);
// LowerNorm.cpp
void lowerLayerNorm(NodeContext &);
void lowerRmsNorm(NodeContext &);
void lowerInstanceNorm(NodeContext &);
void lowerGroupNorm(NodeContext &);
void lowerBatchNorm(NodeContext &);
void lowerLpNorm(NodeContext &);
void lowerMeanVarianceNorm(NodeContext &);
void lowerSkipLayerNorm(NodeContext &);
void lowerEmbedLayerNorm(NodeContext &);
// LowerLoss.cpp
void lowerLikelihoodLoss(NodeContext &);
void lowerCrossEntropy(NodeContext &);
// LowerEinsum.cpp
void lowerEinsum(NodeContext &);
// LowerSequence.cpp
void lowerRotary(NodeContext &);
void lowerCausalConv(NodeContext &);
void lowerLinearAttention(NodeContext &);
// LowerConv.cpp
void lowerConv(NodeContext &);
void lowerConvTranspose(NodeContext &);
// LowerSampling.cpp
void lowerResize(NodeContext &);
void lowerUpsample(NodeContext &);
void lowerAveragePool(NodeContext &);
void lowerMaxPool(NodeContext &);
void lowerGlobalPool(NodeContext &);
// LowerFourier.cpp
void lowerFourier(NodeContext &);
void lowerShortFourier(NodeContext &);
// LowerAttention.cpp
void lowerAttention(NodeContext &);
void lowerMultiHeadAttention(NodeContext &);
void lowerFusedAttention(NodeContext &);
// LowerGroupedAttention.cpp
void lowerGroupQueryAttention(NodeContext &);
// LowerFlexAttention.cpp
void lowerFlexAttention(NodeContext &);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_LOWERING_H
