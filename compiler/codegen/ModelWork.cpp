// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two walks over the graph: backward for how many elements of each value are
// needed, forward for what they take.

#include "compiler/codegen/ModelWork.h"
#include "compiler/codegen/ValueSizes.h"

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/EquivalenceClasses.h"

#include <algorithm>
#include <map>

using namespace mlir;

namespace tilework {

namespace {

using Product = std::array<int64_t, 3>; ///< m, k, n

/// What only moves elements.
bool isMove(Operation *op) {
  return op->hasTrait<graph::IsView>() || isa<graph::ConcatOp>(op);
}

/// What the array computes.
bool isProduct(Operation *op) {
  return isa<graph::MatmulOp, graph::AttentionOp>(op);
}

/// A part of `whole` as large as `part` of `of`, at least one element.
int64_t share(int64_t whole, int64_t part, int64_t of) {
  if (part <= 0 || whole <= 0)
    return 0;
  if (part >= of)
    return whole;
  const double scaled = double(whole) * double(part) / double(of);
  return std::clamp<int64_t>(int64_t(scaled), 1, whole);
}

/// The different elements of the input that a window names.
int64_t reach(graph::WindowOp op) {
  const int64_t size = op.getInput().getType().getDimSize(op.getAxis());
  std::vector<int64_t> at = {int64_t(op.getOffset())};
  for (auto [count, stride] : llvm::zip_equal(op.getSizes(), op.getStrides())) {
    std::vector<int64_t> next;
    for (int64_t first : at)
      for (int64_t i = 0; i < count; ++i)
        next.push_back(first + i * stride);
    llvm::sort(next);
    next.erase(std::unique(next.begin(), next.end()), next.end());
    at = std::move(next);
  }
  return elementsOf(op.getInput()) / size * int64_t(at.size());
}

class ModelCounter {
public:
  explicit ModelCounter(func::FuncOp main) : main(main) {}
  nlohmann::json count();

private:
  // Backward.
  void findDevice();
  void findNeeds();
  void needOperands(Operation *op, int64_t need);
  void need(Value value, int64_t count);
  /// Slices that do not overlap add up.
  void addSlices(Value value);

  // Forward.
  void mergeSums();
  void countMatmul(graph::MatmulOp op);
  void countAttention(graph::AttentionOp op);
  void countChains();
  void countBytes();
  void countReuse();
  nlohmann::json result() const;

  int64_t neededOf(Value value) const { return needs.lookup(value); }
  bool isWhole(Value value) const {
    return neededOf(value) >= elementsOf(value);
  }
  /// What the value is a view of the whole of.
  static Value rootOf(Value value);

  func::FuncOp main;
  llvm::DenseMap<Value, int64_t> needs;
  /// Floats that depend on float inputs or tables: what the chip computes.
  llvm::DenseSet<Value> device;
  /// Columns of the products of one left side, [m, k, 0] and then n.
  std::map<std::pair<const void *, Product>, int64_t> columns;
  /// Of a product the depth of those that are added to it, which are merged.
  llvm::DenseMap<Operation *, int64_t> moreDepth;
  llvm::DenseSet<Operation *> merged;
  std::map<Product, int64_t> products;
  double partialMacs = 0;
  int64_t vectorElements = 0, readBytes = 0, writeBytes = 0;
  std::map<int64_t, int64_t> reused; ///< bytes → times
};

Value ModelCounter::rootOf(Value value) {
  while (auto view = value.getDefiningOp<graph::ReshapeOp>())
    value = view.getInput();
  return value;
}

//===----------------------------------------------------------------------===//
// What is needed
//===----------------------------------------------------------------------===//

void ModelCounter::findDevice() {
  for (Value argument : main.getArguments())
    if (graph::isFloat(argument))
      device.insert(argument);
  main.walk([&](Operation *op) {
    bool on = isProduct(op) || isa<graph::EmbeddingOp>(op);
    for (Value operand : op->getOperands())
      on |= device.contains(operand);
    if (on)
      for (Value result : op->getResults())
        device.insert(result);
  });
}

void ModelCounter::need(Value value, int64_t count) {
  int64_t &needed = needs[value];
  needed = std::max(needed, std::min(count, elementsOf(value)));
}

void ModelCounter::addSlices(Value value) {
  struct Box {
    ArrayRef<int64_t> offsets, sizes;
    int64_t needed;
  };
  std::vector<Box> boxes;
  for (Operation *user : value.getUsers())
    if (auto slice = dyn_cast<graph::SliceOp>(user);
        slice && llvm::all_of(slice.getStrides(),
                              [](int64_t stride) { return stride == 1; }))
      boxes.push_back(
          {slice.getOffsets(), slice.getSizes(), neededOf(slice.getResult())});
  int64_t sum = 0;
  for (size_t i = 0; i < boxes.size(); ++i) {
    bool apart = true;
    for (size_t j = 0; j < i && apart; ++j) {
      apart = false;
      for (size_t d = 0; d < boxes[i].offsets.size() && !apart; ++d)
        apart =
            boxes[i].offsets[d] + boxes[i].sizes[d] <= boxes[j].offsets[d] ||
            boxes[j].offsets[d] + boxes[j].sizes[d] <= boxes[i].offsets[d];
    }
    if (apart)
      sum += boxes[i].needed;
  }
  need(value, sum);
}

void ModelCounter::needOperands(Operation *op, int64_t needed) {
  const int64_t all = elementsOf(op->getResult(0));
  if (auto matmul = dyn_cast<graph::MatmulOp>(op)) {
    // The fewest rows, or columns, that hold as many elements.
    const int64_t rows = matmul.getM() * matmul.getBatch(), n = matmul.getN();
    need(matmul.getLhs(),
         share(elementsOf(matmul.getLhs()), (needed + n - 1) / n, rows));
    need(matmul.getRhs(),
         share(elementsOf(matmul.getRhs()), (needed + rows - 1) / rows, n));
    for (Value other : {matmul.getBias(), matmul.getResidual()})
      if (other)
        need(other, share(elementsOf(other), needed, all));
    return;
  }
  if (auto lookup = dyn_cast<graph::EmbeddingOp>(op)) {
    need(lookup.getTable(), needed);
    need(lookup.getIds(), share(elementsOf(lookup.getIds()), needed, all));
    return;
  }
  if (auto gather = dyn_cast<graph::GatherOp>(op)) {
    need(gather.getInput(), std::min(needed, elementsOf(gather.getInput())));
    return;
  }
  if (auto window = dyn_cast<graph::WindowOp>(op)) {
    need(window.getInput(), needed >= all ? reach(window) : 1);
    return;
  }
  for (Value operand : op->getOperands())
    if (isa<graph::SliceOp>(op))
      need(operand, needed); // addSlices adds them up
    else if (isa<graph::ConcatOp>(op))
      need(operand, std::max<int64_t>(0, elementsOf(operand) - (all - needed)));
    else
      need(operand, share(elementsOf(operand), needed, all));
}

void ModelCounter::findNeeds() {
  main.walk([&](func::ReturnOp op) {
    for (Value result : op.getOperands())
      need(result, elementsOf(result));
  });
  Block &body = main.getBody().front();
  for (Operation &op : llvm::reverse(body)) {
    if (op.getNumResults() != 1)
      continue;
    addSlices(op.getResult(0));
    if (const int64_t needed = neededOf(op.getResult(0)))
      needOperands(&op, needed);
  }
  for (Value argument : main.getArguments())
    addSlices(argument);
}

//===----------------------------------------------------------------------===//
// What it takes
//===----------------------------------------------------------------------===//

void ModelCounter::mergeSums() {
  main.walk([&](graph::BinaryOp op) {
    auto a = op.getLhs().getDefiningOp<graph::MatmulOp>();
    auto b = op.getRhs().getDefiningOp<graph::MatmulOp>();
    if (op.getKind() != graph::BinaryKind::Add || !a || !b || a == b ||
        !a->hasOneUse() || !b->hasOneUse() || a.getType() != b.getType())
      return;
    moreDepth[a] = b.getK();
    merged.insert(b);
  });
}

void ModelCounter::countMatmul(graph::MatmulOp op) {
  const int64_t needed = neededOf(op.getResult());
  if (needed == 0 || merged.contains(op))
    return;
  vectorElements += needed;
  const int64_t k = op.getK() + moreDepth.lookup(op);
  if (!isWhole(op.getResult())) {
    partialMacs += double(needed) * double(k);
    return;
  }
  const bool shared = op.getRhs().getType().getRank() == 2;
  const int64_t batch = op.getBatch();
  if (shared && !op.getTransposeLhs())
    columns[{rootOf(op.getLhs()).getAsOpaquePointer(),
             {batch * op.getM(), k, 0}}] += op.getN();
  else
    products[{op.getM(), k, op.getN()}] += batch;
}

void ModelCounter::countAttention(graph::AttentionOp op) {
  const int64_t needed = neededOf(op.getResult());
  if (needed == 0)
    return;
  RankedTensorType query = op.getQuery().getType();
  RankedTensorType key = op.getKey().getType();
  const int64_t heads = int64_t(op.getHeads()),
                shared = int64_t(op.getKvHeads());
  const int64_t queries = query.getDimSize(1), keys = key.getDimSize(1),
                batch = query.getDimSize(0);
  const int64_t depth = int64_t(op.getHeadDim()),
                width = int64_t(op.getValueDim());
  // Keys outside of a band need no score where they are hidden.
  int64_t scores = queries * keys;
  if (auto band = op.getBand();
      band && std::isinf(op.getOtherwise() ? op.getOtherwise()->convertToFloat()
                                           : op.getHiddenValue())) {
    scores = 0;
    for (int64_t i = 0; i < queries; ++i) {
      const int64_t first = std::clamp<int64_t>(
                        (*band)[0] < -keys ? 0 : i + (*band)[0], 0, keys),
                    last = (*band)[1] > keys ? keys - 1 : i + (*band)[1];
      scores += std::max<int64_t>(0, std::min(last, keys - 1) - first + 1);
    }
  }
  const bool whole = isWhole(op.getResult()) && scores == queries * keys;
  scores = share(scores * heads * batch, needed, elementsOf(op.getResult()));
  vectorElements += 2 * scores + needed;
  if (whole && shared > 0) {
    // Heads of one key are rows of one product.
    products[{heads / shared * queries, depth, keys}] += batch * shared;
    products[{heads / shared * queries, keys, width}] += batch * shared;
  } else {
    partialMacs += double(scores) * double(depth + width);
  }
}

void ModelCounter::countChains() {
  // What is computed element by element and connected is passed through at
  // once, and with it the result of a product in front of it.
  llvm::EquivalenceClasses<Operation *> chains;
  std::map<Operation *, int64_t> largest;
  llvm::DenseSet<Operation *> counted; // by a product
  auto isOn = [&](Operation *op) {
    return op->getNumResults() == 1 && device.contains(op->getResult(0)) &&
           neededOf(op->getResult(0)) > 0;
  };
  std::vector<Operation *> ops;
  main.walk([&](Operation *op) {
    const int passes = vectorPasses(op);
    if ((!passes && !isMove(op) && !isProduct(op)) || !isOn(op))
      return;
    ops.push_back(op);
    chains.insert(op);
    if (passes > 1)
      vectorElements += (passes - 1) * neededOf(op->getResult(0));
    // A product's operands are chains of their own.
    if (!isProduct(op))
      for (Value operand : op->getOperands())
        if (Operation *from = operand.getDefiningOp();
            from && chains.contains(from))
          chains.unionSets(from, op);
  });
  for (Operation *op : ops) {
    Operation *leader = chains.getLeaderValue(op);
    if (isProduct(op))
      counted.insert(leader);
    else if (vectorPasses(op))
      largest[leader] = std::max(largest[leader], neededOf(op->getResult(0)));
  }
  for (const auto &[leader, passed] : largest)
    if (!counted.contains(leader))
      vectorElements += passed;
}

void ModelCounter::countBytes() {
  for (Value argument : main.getArguments()) {
    const bool used = llvm::any_of(argument.getUsers(), [](Operation *user) {
      return !isa<func::ReturnOp>(user);
    });
    if (graph::isFloat(argument) && used)
      readBytes += 2 * neededOf(argument);
  }
  llvm::DenseSet<Value> written;
  main.walk([&](Operation *op) {
    if (auto weight = dyn_cast<graph::WeightOp>(op))
      for (Operation *user : weight.getResult().getUsers())
        if (llvm::any_of(user->getResults(), [&](Value result) {
              return device.contains(result);
            })) {
          if (graph::isFloat(weight.getResult()))
            readBytes += 2 * neededOf(weight.getResult());
          break;
        }
    if (auto lookup = dyn_cast<graph::EmbeddingOp>(op))
      if (!lookup.getIds().getDefiningOp<graph::WeightOp>())
        readBytes += 4 * neededOf(lookup.getIds());
    if (auto end = dyn_cast<func::ReturnOp>(op))
      for (Value value : end.getOperands())
        if (graph::isFloat(value) && device.contains(value) &&
            value.getDefiningOp() && !isMove(value.getDefiningOp()) &&
            written.insert(value).second)
          writeBytes += 2 * elementsOf(value);
  });
}

void ModelCounter::countReuse() {
  main.walk([&](graph::WeightOp weight) {
    std::vector<graph::MatmulOp> uses;
    for (Operation *user : weight.getResult().getUsers())
      if (auto matmul = dyn_cast<graph::MatmulOp>(user);
          matmul && isWhole(matmul.getResult()))
        uses.push_back(matmul);
    if (uses.size() < 2)
      return;
    // How many of them stand before a value in a line of dependence.
    llvm::DenseMap<Value, int64_t> before;
    int64_t longest = 0;
    for (Operation &op : main.getBody().front()) {
      int64_t depth = 0;
      for (Value operand : op.getOperands())
        depth = std::max(depth, before.lookup(operand));
      depth += llvm::is_contained(uses, dyn_cast<graph::MatmulOp>(&op));
      longest = std::max(longest, depth);
      if (depth > 0)
        for (Value result : op.getResults())
          before[result] = depth;
    }
    if (longest > 1)
      reused[2 * elementsOf(weight.getResult())] += longest - 1;
  });
}

nlohmann::json ModelCounter::count() {
  findDevice();
  findNeeds();
  mergeSums();
  main.walk([&](Operation *op) {
    if (auto matmul = dyn_cast<graph::MatmulOp>(op))
      countMatmul(matmul);
    if (auto attention = dyn_cast<graph::AttentionOp>(op))
      countAttention(attention);
  });
  countChains();
  countBytes();
  countReuse();
  return result();
}

nlohmann::json ModelCounter::result() const {
  std::map<Product, int64_t> all = products;
  for (const auto &[key, n] : columns)
    ++all[{key.second[0], key.second[1], n}];
  nlohmann::json matmuls = nlohmann::json::array(),
                 again = nlohmann::json::array();
  for (const auto &[shape, count] : all)
    matmuls.push_back({shape[0], shape[1], shape[2], 0, count});
  for (const auto &[bytes, times] : reused)
    again.push_back({bytes, times});
  return {{"matmuls", matmuls},
          {"partial_macs", partialMacs},
          {"vector_elements", vectorElements},
          {"compulsory_read_bytes", readBytes},
          {"compulsory_write_bytes", writeBytes},
          {"reused_weights", again}};
}

} // namespace

nlohmann::json modelWork(ModuleOp recognised) {
  auto main = recognised.lookupSymbol<func::FuncOp>("main");
  return ModelCounter(main).count();
}

} // namespace tilework
