// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts products, vector passes and bytes of a fused graph.

#include "compiler/codegen/ModelWork.h"

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <map>

using namespace mlir;

namespace tilework {

namespace {

int64_t elements(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? type.getNumElements() : 0;
}

bool isFloat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// Bytes in the program: floats are bf16, ids int32.
int64_t bytes(Value value) {
  return elements(value) * (isFloat(value) ? 2 : 4);
}

class Counter {
public:
  void count(graph::MatmulOp op) {
    const bool shared =
        cast<RankedTensorType>(op.getRhs().getType()).getRank() == 2;
    const int64_t batch = op.getBatch();
    product(shared ? batch * op.getM() : op.getM(), op.getK(), op.getN(),
            shared ? 1 : batch);
    vectorElements +=
        elements(op.getResult()) * (op.getNorm() == graph::Norm::None ? 1 : 2);
  }

  void count(graph::AttentionOp op) {
    auto query = cast<RankedTensorType>(op.getQuery().getType());
    auto key = cast<RankedTensorType>(op.getKey().getType());
    const int64_t heads = query.getDimSize(0) * int64_t(op.getHeads()),
                  queries = query.getDimSize(1), keys = key.getDimSize(1);
    product(queries, int64_t(op.getHeadDim()), keys, heads);
    product(queries, keys, int64_t(op.getValueDim()), heads);
    vectorElements += 2 * heads * queries * keys + elements(op.getResult());
  }

  void countOther(Operation *op) {
    if (isa<graph::LaunchStepOp, graph::WeightOp, graph::ReshapeOp,
            graph::TransposeOp, graph::SliceOp, graph::BroadcastOp,
            graph::ConcatOp, graph::EmbeddingOp, graph::GatherOp>(op) ||
        op->getNumResults() != 1 || !isFloat(op->getResult(0)))
      return;
    const bool twice =
        isa<graph::LayerNormOp, graph::RmsNormOp, graph::SoftmaxOp>(op);
    vectorElements += elements(op->getResult(0)) * (twice ? 2 : 1);
  }

  /// A constant that the chip reads, once for all its uses.
  void countWeight(graph::WeightOp op) {
    bool whole = false;
    int64_t rows = 0;
    for (OpOperand &use : op->getUses()) {
      auto lookup = dyn_cast<graph::EmbeddingOp>(use.getOwner());
      if (lookup && use.get() == lookup.getTable())
        rows += bytes(lookup.getResult());
      else
        whole |= !isa<graph::LaunchStepOp>(use.getOwner());
    }
    compulsoryBytes += whole ? bytes(op->getResult(0)) : rows;
  }

  void countBorder(func::FuncOp main) {
    for (Value argument : main.getArguments())
      if (!argument.use_empty())
        compulsoryBytes += bytes(argument);
    main.walk([&](func::ReturnOp op) {
      for (Value result : op.getOperands())
        compulsoryBytes += bytes(result);
    });
  }

  nlohmann::json result() const {
    nlohmann::json list = nlohmann::json::array();
    for (const auto &[shape, count] : products)
      list.push_back({shape[0], shape[1], shape[2], 0, count});
    return {{"matmuls", list},
            {"vector_elements", vectorElements},
            {"compulsory_bytes", compulsoryBytes}};
  }

private:
  void product(int64_t m, int64_t k, int64_t n, int64_t count) {
    products[{m, k, n}] += count;
  }

  std::map<std::array<int64_t, 3>, int64_t> products;
  int64_t vectorElements = 0, compulsoryBytes = 0;
};

} // namespace

nlohmann::json modelWork(ModuleOp fused) {
  Counter counter;
  fused.walk([&](Operation *op) {
    if (auto matmul = dyn_cast<graph::MatmulOp>(op))
      counter.count(matmul);
    else if (auto attention = dyn_cast<graph::AttentionOp>(op))
      counter.count(attention);
    else
      counter.countOther(op);
    if (auto weight = dyn_cast<graph::WeightOp>(op))
      counter.countWeight(weight);
    if (auto main = dyn_cast<func::FuncOp>(op))
      counter.countBorder(main);
  });
  return counter.result();
}

} // namespace tilework
