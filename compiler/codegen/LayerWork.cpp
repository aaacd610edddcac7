// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts products, vector passes and bytes of each op of a fused graph.

#include "compiler/codegen/LayerWork.h"
#include "compiler/codegen/ValueSizes.h"

#include "dialects/graph/GraphDialect.h"
#include "dialects/graph/NodeNames.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseSet.h"

#include <map>

using namespace mlir;

namespace tilework {

namespace {

/// Bytes in the program: floats are bf16, ids int32.
int64_t bytes(Value value) {
  return elementsOf(value) * (graph::isFloat(value) ? 2 : 4);
}

class Counter {
public:
  void count(graph::MatmulOp op) {
    const bool shared = op.getRhs().getType().getRank() == 2;
    const int64_t batch = op.getBatch();
    product(shared ? batch * op.getM() : op.getM(), op.getK(), op.getN(),
            shared ? 1 : batch);
    vectorElements += elementsOf(op.getResult()) *
                      (op.getNorm() == graph::Norm::None ? 1 : 2);
  }

  void count(graph::AttentionOp op) {
    RankedTensorType query = op.getQuery().getType();
    RankedTensorType key = op.getKey().getType();
    const int64_t heads = query.getDimSize(0) * int64_t(op.getHeads()),
                  queries = query.getDimSize(1), keys = key.getDimSize(1);
    product(queries, int64_t(op.getHeadDim()), keys, heads);
    product(queries, keys, int64_t(op.getValueDim()), heads);
    vectorElements += 2 * heads * queries * keys + elementsOf(op.getResult());
  }

  void countOther(Operation *op) {
    if (graph::isFloat(op->getResult(0)))
      vectorElements += elementsOf(op->getResult(0)) * vectorPasses(op);
  }

  /// Weights, inputs and outputs that one op reads and writes. What is in
  /// `read` has crossed the pins for the same node already.
  void countOwn(Operation *op, llvm::DenseSet<Value> &read) {
    for (Value operand : op->getOperands()) {
      if (!read.insert(operand).second)
        continue;
      auto weight = operand.getDefiningOp<graph::WeightOp>();
      auto lookup = dyn_cast<graph::EmbeddingOp>(op);
      if (lookup && operand == lookup.getTable())
        readBytes += bytes(lookup.getResult());
      else if (weight || isa<BlockArgument>(operand))
        readBytes += bytes(operand);
    }
    for (Value result : op->getResults())
      for (Operation *user : result.getUsers())
        if (isa<func::ReturnOp>(user))
          writeBytes += bytes(result);
  }

  nlohmann::json result() const {
    nlohmann::json list = nlohmann::json::array();
    for (const auto &[shape, count] : products)
      list.push_back({shape[0], shape[1], shape[2], 0, count});
    return {{"matmuls", list},
            {"vector_elements", vectorElements},
            {"compulsory_read_bytes", readBytes},
            {"compulsory_write_bytes", writeBytes}};
  }

  /// "16×384×1536", "12·(16×64×16)", several with a blank between them; empty
  /// without products.
  std::string shapes() const {
    std::string text;
    for (const auto &[shape, count] : products) {
      const std::string one = dimensions({shape[0], shape[1], shape[2]});
      text += text.empty() ? "" : " ";
      text += count == 1 ? one : std::to_string(count) + "·(" + one + ")";
    }
    return text;
  }

  static std::string dimensions(ArrayRef<int64_t> sizes) {
    std::string text;
    for (int64_t size : sizes)
      text += (text.empty() ? "" : "×") + std::to_string(size);
    return text;
  }

private:
  void product(int64_t m, int64_t k, int64_t n, int64_t count) {
    products[{m, k, n}] += count;
  }

  std::map<std::array<int64_t, 3>, int64_t> products;
  int64_t vectorElements = 0, readBytes = 0, writeBytes = 0;
};

void countOp(Operation *op, Counter &counter) {
  if (auto matmul = dyn_cast<graph::MatmulOp>(op))
    counter.count(matmul);
  else if (auto attention = dyn_cast<graph::AttentionOp>(op))
    counter.count(attention);
  else
    counter.countOther(op);
}

nlohmann::json workOf(Operation *op, const std::string &node,
                      llvm::DenseSet<Value> &read) {
  Counter counter;
  countOp(op, counter);
  counter.countOwn(op, read);
  nlohmann::json layer = counter.result();
  layer["node"] = node;
  std::string shape = counter.shapes();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (shape.empty() && type)
    shape = Counter::dimensions(type.getShape());
  layer["shape"] = shape;
  return layer;
}

} // namespace

nlohmann::json layerWork(ModuleOp fused) {
  nlohmann::json layers = nlohmann::json::array();
  std::map<std::string, llvm::DenseSet<Value>> read; // by node
  fused.walk([&](Operation *op) {
    const std::vector<std::string> names = graph::nodeNames(op->getLoc());
    if (op->getNumResults() == 1 && !names.empty() &&
        !isa<graph::WeightOp, graph::LaunchStepOp, arith::ConstantOp>(op))
      layers.push_back(workOf(op, names.front(), read[names.front()]));
  });
  return layers;
}

} // namespace tilework
