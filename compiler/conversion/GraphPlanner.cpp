// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a fused graph: views fold into addresses, products and
// attention become groups, and every tensor gets its place in DRAM.

#include "compiler/conversion/GraphPlanner.h"
#include "compiler/planning/Allocator.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

static SmallVector<int64_t> denseStrides(ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= sizes[d];
  }
  return strides;
}

int64_t View::elements() const {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

bool View::dense() const {
  SmallVector<int64_t> wanted = denseStrides(sizes);
  for (size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] != 1 && strides[d] != wanted[d])
      return false;
  return true;
}

std::optional<double> scalarOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense || !dense.isSplat() ||
      !mlir::isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  return dense.getSplatValue<llvm::APFloat>().convertToDouble();
}

//===----------------------------------------------------------------------===//
// Tensors and names
//===----------------------------------------------------------------------===//

static void collectNames(Location loc, std::vector<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.push_back(name.getName().str());
  else if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      collectNames(inner, names);
}

int GraphPlanner::sourceOf(Operation *op) {
  auto [it, fresh] =
      sourceIds.try_emplace(op, static_cast<int>(program.sources.size()));
  if (fresh) {
    std::vector<std::string> names;
    collectNames(op->getLoc(), names);
    if (names.empty())
      names.push_back(op->getName().getStringRef().str());
    program.sources.push_back(std::move(names));
  }
  return it->second;
}

Error GraphPlanner::fail(Operation *op, const std::string &why) {
  const std::vector<std::string> &names = program.sources[sourceOf(op)];
  return llvm::createStringError("cannot plan " +
                                 op->getName().getStringRef().str() +
                                 " of node '" + names.front() + "': " + why);
}

std::string GraphPlanner::uniqueName(std::string name) {
  int count = usedNames[name]++;
  if (count == 0)
    return name;
  return uniqueName(name + "." + std::to_string(count));
}

int GraphPlanner::newTensor(std::string name, TensorKind kind, int64_t bytes) {
  PlannedTensor tensor;
  tensor.name = std::move(name);
  tensor.kind = kind;
  tensor.bytes = bytes;
  program.tensors.push_back(std::move(tensor));
  return static_cast<int>(program.tensors.size()) - 1;
}

View GraphPlanner::denseView(int tensor, ArrayRef<int64_t> sizes,
                             int elementBytes) {
  View view;
  view.tensor = tensor;
  view.sizes.assign(sizes.begin(), sizes.end());
  view.strides = denseStrides(sizes);
  view.elementBytes = elementBytes;
  return view;
}

View GraphPlanner::newResult(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = std::max<int64_t>(1, type.getNumElements()) * 2;
  auto out = outputTensors.find(value);
  int tensor = out != outputTensors.end()
                   ? out->second
                   : newTensor("", TensorKind::Scratch, bytes);
  View view = denseView(tensor, type.getShape(), 2);
  views[value] = view;
  return view;
}

View GraphPlanner::weightTensor(Attribute expr, const std::string &name,
                                WeightLayout layout, ArrayRef<int64_t> shape) {
  auto key =
      std::make_pair(expr.getAsOpaquePointer(), static_cast<int>(layout));
  auto it = expr ? weights.find(key) : weights.end();
  if (it != weights.end())
    return it->second;
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  int64_t rows = shape.size() == 2 ? shape[0] : 0,
          columns = shape.size() == 2 ? shape[1] : 0;
  if (layout == WeightLayout::Blocked)
    elements = rows * roundUp(columns, machine.lanes());
  int tensor = newTensor(name, TensorKind::Weight, elements * 2);
  program.tensors[tensor].value = expr;
  program.tensors[tensor].layout = layout;
  program.tensors[tensor].rows = rows;
  program.tensors[tensor].columns = columns;
  View view = denseView(tensor, shape, 2);
  if (expr)
    weights[key] = view;
  return view;
}

Expected<View> GraphPlanner::viewOf(Value value) {
  auto it = views.find(value);
  if (it != views.end())
    return it->second;
  auto type = cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  if (auto weight = dyn_cast_or_null<graph::WeightOp>(op)) {
    View view = weightTensor(weight.getExpr(), weight.getName().str(),
                             WeightLayout::Dense, type.getShape());
    views[value] = view;
    return view;
  }
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op)) {
    auto expr =
        graph::ExprAttr::get(value.getContext(), constant.getValue(), {});
    View view =
        weightTensor(expr, "constant", WeightLayout::Dense, type.getShape());
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides = denseStrides(type.getShape());
    views[value] = view;
    return view;
  }
  return llvm::createStringError(
      "a value of type " + llvm::Twine(type.getRank()) +
      "-dimensional tensor reaches the chip that no chip op made");
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

GraphPlanner::Loops
GraphPlanner::mergeLoops(ArrayRef<int64_t> sizes,
                         const std::vector<SmallVector<int64_t>> &strides) {
  Loops loops;
  loops.strides.resize(strides.size());
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1)
      continue;
    bool merge = !loops.sizes.empty();
    for (size_t o = 0; merge && o < strides.size(); ++o)
      merge = loops.strides[o].back() == strides[o][d] * sizes[d];
    if (merge) {
      loops.sizes.back() *= sizes[d];
      for (size_t o = 0; o < strides.size(); ++o)
        loops.strides[o].back() = strides[o][d];
      continue;
    }
    loops.sizes.push_back(sizes[d]);
    for (size_t o = 0; o < strides.size(); ++o)
      loops.strides[o].push_back(strides[o][d]);
  }
  if (loops.sizes.empty()) {
    loops.sizes.push_back(1);
    for (auto &s : loops.strides)
      s.push_back(0);
  }
  return loops;
}

Access GraphPlanner::access(const View &view, ArrayRef<int64_t> strides) const {
  Access access;
  access.tensor = view.tensor;
  access.offset = view.offset * view.elementBytes;
  for (int64_t stride : strides.drop_back())
    access.batchStrides.push_back(stride * view.elementBytes);
  access.rowStride = strides.back() * view.elementBytes;
  return access;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

Error GraphPlanner::place(Planned planned, Operation *op,
                          const std::string &name) {
  if (!planned.schedule)
    return fail(op, planned.refusal);
  Schedule schedule = std::move(*planned.schedule);
  schedule.name = name;
  if (schedule.sources.empty())
    schedule.sources = {sourceOf(op)};
  program.schedules.push_back(std::move(schedule));
  return Error::success();
}

Error GraphPlanner::copyTo(const View &from, const View &to, Operation *op) {
  CopyGroup group;
  group.source = from.tensor;
  group.destination = to.tensor;
  group.sourceOffset = from.offset * from.elementBytes;
  group.destinationOffset = to.offset * to.elementBytes;
  group.elementLog2 = from.elementBytes == 4 ? 2 : 1;
  for (size_t d = 0; d < from.sizes.size(); ++d) {
    group.sizes.push_back(from.sizes[d]);
    group.sourceStrides.push_back(from.strides[d] * from.elementBytes);
    group.destinationStrides.push_back(to.strides[d] * to.elementBytes);
  }
  return place(planCopy(group, machine), op, "copy");
}

Expected<View> GraphPlanner::materialise(const View &view, Operation *op) {
  int tensor =
      newTensor("", TensorKind::Scratch,
                std::max<int64_t>(1, view.elements()) * view.elementBytes);
  View copy = denseView(tensor, view.sizes, view.elementBytes);
  if (Error error = copyTo(view, copy, op))
    return error;
  return copy;
}

Expected<int> GraphPlanner::columnTensor(Value value, int64_t n,
                                         Operation *op) {
  auto view = viewOf(value);
  if (!view)
    return view.takeError();
  View dense = *view;
  if (dense.elements() == 1 && n > 1) {
    dense.sizes = {n};
    dense.strides = {0};
  }
  if (!dense.dense() || dense.offset != 0) {
    auto copy = materialise(dense, op);
    if (!copy)
      return copy.takeError();
    dense = *copy;
  }
  return dense.tensor;
}

static Function functionOf(graph::Activation activation) {
  switch (activation) {
  case graph::Activation::None:
    return Function::Identity;
  case graph::Activation::Relu:
    return Function::Relu;
  case graph::Activation::GeluErf:
    return Function::Gelu;
  case graph::Activation::GeluTanh:
    return Function::GeluTanh;
  case graph::Activation::Silu:
    return Function::Silu;
  case graph::Activation::Tanh:
    return Function::Tanh;
  case graph::Activation::Sigmoid:
    return Function::Sigmoid;
  }
  return Function::Identity;
}

/// Strides of a view against loops over `sizes`, aligned at the end; broadcast
/// dimensions have stride 0.
static SmallVector<int64_t> alignedStrides(ArrayRef<int64_t> viewSizes,
                                           ArrayRef<int64_t> viewStrides,
                                           ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> strides(sizes.size(), 0);
  for (size_t i = 0; i < viewSizes.size() && i < sizes.size(); ++i) {
    size_t from = viewSizes.size() - 1 - i, to = sizes.size() - 1 - i;
    strides[to] = viewSizes[from] == 1 ? 0 : viewStrides[from];
  }
  return strides;
}

Error GraphPlanner::planNorm(const View &in, const View &out, const Norm &norm,
                             Operation *op) {
  RowsGroup group;
  int64_t n = in.sizes.back();
  group.m = in.elements() / n;
  group.n = n;
  RowOp input, normalise;
  input.kind = RowOpKind::Input;
  input.access.tensor = in.tensor;
  input.access.offset = in.offset * 2;
  input.access.rowStride = n * 2;
  normalise.kind = RowOpKind::Normalise;
  normalise.lhs = 0;
  normalise.norm = norm;
  input.source = normalise.source = sourceOf(op);
  group.ops = {input, normalise};
  Access result;
  result.tensor = out.tensor;
  result.offset = out.offset * 2;
  result.rowStride = n * 2;
  group.outputs.push_back({1, result});
  return place(planRows(group, machine), op, "norm");
}

Error GraphPlanner::planMatmulOp(graph::MatmulOp op) {
  auto resultType = cast<RankedTensorType>(op.getResult().getType());
  auto lhs = viewOf(op.getLhs());
  if (!lhs)
    return lhs.takeError();
  View a = *lhs;
  size_t rank = a.sizes.size();
  if (op.getTransposeLhs()) {
    std::swap(a.sizes[rank - 1], a.sizes[rank - 2]);
    std::swap(a.strides[rank - 1], a.strides[rank - 2]);
  }
  int64_t k = a.sizes.back(), n = resultType.getShape().back();
  if (k > 1 && a.strides.back() != 1) {
    auto copy = materialise(a, op);
    if (!copy)
      return copy.takeError();
    a = *copy;
  }
  MatmulGroup group;
  group.k = k;
  group.n = n;
  // The stationary side: a weight is stored for it, a computed tensor is taken
  // from whichever side is dense.
  View b;
  auto weight = op.getRhs().getDefiningOp<graph::WeightOp>();
  auto rhsType = cast<RankedTensorType>(op.getRhs().getType());
  if (weight && rhsType.getRank() == 2 && !op.getTransposeRhs()) {
    b = weightTensor(weight.getExpr(), weight.getName().str(),
                     WeightLayout::Blocked, rhsType.getShape());
    group.blocked = true;
  } else {
    auto rhs = viewOf(op.getRhs());
    if (!rhs)
      return rhs.takeError();
    b = *rhs;
    size_t r = b.sizes.size();
    if (op.getTransposeRhs()) {
      std::swap(b.sizes[r - 1], b.sizes[r - 2]);
      std::swap(b.strides[r - 1], b.strides[r - 2]);
    }
    bool rowsDense = b.strides[r - 1] == 1 || n == 1,
         columnsDense = b.strides[r - 2] == 1 || k == 1;
    if (!rowsDense && !columnsDense) {
      auto copy = materialise(b, op);
      if (!copy)
        return copy.takeError();
      b = *copy;
      rowsDense = true;
    }
    group.transposedB = !rowsDense;
  }
  if (op.getBias()) {
    auto bias = columnTensor(op.getBias(), n, op);
    if (!bias)
      return bias.takeError();
    group.bias = *bias;
  }
  std::optional<Norm> norm;
  if (op.getNorm() != graph::Norm::None) {
    norm.emplace();
    norm->root = op.getNorm() == graph::Norm::RmsNorm;
    norm->epsilon = op.getEpsilon() ? op.getEpsilon()->convertToFloat() : 0.0f;
    if (op.getNormScale()) {
      auto tensor = columnTensor(op.getNormScale(), n, op);
      if (!tensor)
        return tensor.takeError();
      norm->scale = *tensor;
    }
    if (op.getNormShift()) {
      auto tensor = columnTensor(op.getNormShift(), n, op);
      if (!tensor)
        return tensor.takeError();
      norm->shift = *tensor;
    }
  }
  group.activation = functionOf(op.getActivation());
  std::optional<View> residual;
  if (op.getResidual()) {
    auto view = viewOf(op.getResidual());
    if (!view)
      return view.takeError();
    residual = *view;
    if (n > 1 && residual->strides.back() != 1) {
      auto copy = materialise(*residual, op);
      if (!copy)
        return copy.takeError();
      residual = *copy;
    }
  }
  View out = newResult(op.getResult());
  auto build = [&](const View &target, bool withNorm) {
    MatmulGroup g = group;
    ArrayRef<int64_t> sizes = ArrayRef<int64_t>(target.sizes).drop_back();
    auto rows = [&](const View &view) {
      return alignedStrides(ArrayRef<int64_t>(view.sizes).drop_back(),
                            ArrayRef<int64_t>(view.strides).drop_back(), sizes);
    };
    std::vector<SmallVector<int64_t>> strides = {rows(a), rows(target)};
    // B moves with the batch alone.
    SmallVector<int64_t> bStrides(sizes.size(), 0);
    if (!g.blocked && b.sizes.size() > 2) {
      SmallVector<int64_t> batch = alignedStrides(
          ArrayRef<int64_t>(b.sizes).drop_back(2),
          ArrayRef<int64_t>(b.strides).drop_back(2), sizes.drop_back());
      std::copy(batch.begin(), batch.end(), bStrides.begin());
    }
    strides.push_back(bStrides);
    if (residual)
      strides.push_back(rows(*residual));
    Loops loops = mergeLoops(sizes, strides);
    // A dimension along which B moves cannot be the rows'.
    if (loops.strides[2].back() != 0) {
      loops.sizes.push_back(1);
      for (auto &s : loops.strides)
        s.push_back(0);
    }
    g.batch.assign(loops.sizes.begin(), std::prev(loops.sizes.end()));
    g.m = loops.sizes.back();
    g.a = access(a, loops.strides[0]);
    g.out = access(target, loops.strides[1]);
    g.b = access(b, loops.strides[2]);
    if (!g.blocked) {
      size_t r = b.sizes.size();
      g.b.rowStride = 2 * (g.transposedB ? b.strides[r - 1] : b.strides[r - 2]);
    }
    if (residual)
      g.residual = access(*residual, loops.strides[3]);
    if (withNorm)
      g.norm = norm;
    return g;
  };
  Planned planned = planOnce(build(out, norm.has_value()));
  if (planned.schedule || !norm)
    return place(std::move(planned), op, "matmul");
  // A row does not fit beside the product: the normalisation is a group of its
  // own, through DRAM.
  View before = denseView(
      newTensor("", TensorKind::Scratch, out.elements() * 2), out.sizes, 2);
  if (Error error = place(planOnce(build(before, false)), op, "matmul"))
    return error;
  return planNorm(before, out, *norm, op);
}

Error GraphPlanner::planAttentionOp(graph::AttentionOp op) {
  AttentionGroup g;
  g.heads = op.getHeads();
  g.kvHeads = op.getKvHeads();
  g.headDim = op.getHeadDim();
  g.valueDim = op.getValueDim();
  g.scale = op.getScale().convertToFloat();
  auto operand = [&](Value value, ArrayRef<int64_t> window,
                     Access &out) -> Error {
    auto view = viewOf(value);
    if (!view)
      return view.takeError();
    View v = *view;
    if (v.strides[2] != 1) {
      auto copy = materialise(v, op);
      if (!copy)
        return copy.takeError();
      v = *copy;
    }
    out.tensor = v.tensor;
    out.offset = (v.offset + window[0]) * 2;
    out.rowStride = v.strides[1] * 2;
    out.batchStrides = {v.strides[0] * 2, window[1] * 2};
    return Error::success();
  };
  if (Error error = operand(op.getQuery(), op.getQWindow(), g.q))
    return error;
  if (Error error = operand(op.getKey(), op.getKWindow(), g.k))
    return error;
  if (Error error = operand(op.getValue(), op.getVWindow(), g.v))
    return error;
  auto queryType = cast<RankedTensorType>(op.getQuery().getType());
  auto keyType = cast<RankedTensorType>(op.getKey().getType());
  g.batch = queryType.getShape()[0];
  g.queries = queryType.getShape()[1];
  g.keys = keyType.getShape()[1];
  if (op.getMask()) {
    auto mask = viewOf(op.getMask());
    if (!mask)
      return mask.takeError();
    View m = *mask;
    if (g.keys > 1 && m.strides.back() != 1) {
      auto copy = materialise(m, op);
      if (!copy)
        return copy.takeError();
      m = *copy;
    }
    auto stride = [&](size_t d) {
      return m.sizes[d] == 1 ? 0 : m.strides[d] * 2;
    };
    Access access;
    access.tensor = m.tensor;
    access.offset = m.offset * 2;
    if (m.sizes.size() == 2) {
      access.batchStrides = {stride(0), 0};
      g.keyMask = access;
    } else if (m.sizes[1] == 1 && m.sizes[2] == 1) {
      access.batchStrides = {stride(0), 0};
      g.keyMask = access;
    } else {
      access.batchStrides = {stride(0), stride(1)};
      access.rowStride = stride(2);
      g.fullMasks.push_back(access);
    }
  }
  if (op.getCausal()) {
    View causal = weightTensor({}, "causal mask", WeightLayout::Causal,
                               {g.queries, g.keys});
    Access access;
    access.tensor = causal.tensor;
    access.rowStride = g.keys * 2;
    access.batchStrides = {0, 0};
    g.fullMasks.push_back(access);
  }
  View out = newResult(op.getResult());
  g.out.tensor = out.tensor;
  g.out.offset = out.offset * 2;
  g.out.rowStride = out.strides[1] * 2;
  g.out.batchStrides = {out.strides[0] * 2, g.valueDim * 2};
  return place(planOnce(g), op, "attention");
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// The strides of a reshape that needs no copy; nothing where one is needed.
static std::optional<SmallVector<int64_t>>
reshapeStrides(const View &view, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> fromSizes, fromStrides;
  for (size_t d = 0; d < view.sizes.size(); ++d)
    if (view.sizes[d] != 1) {
      fromSizes.push_back(view.sizes[d]);
      fromStrides.push_back(view.strides[d]);
    }
  SmallVector<int64_t> strides(sizes.size(), 1);
  size_t from = 0;
  for (size_t to = 0; to < sizes.size();) {
    if (sizes[to] == 1) {
      ++to;
      continue;
    }
    if (from == fromSizes.size())
      return std::nullopt;
    size_t fromEnd = from + 1, toEnd = to + 1;
    int64_t fromCount = fromSizes[from], toCount = sizes[to];
    while (fromCount != toCount) {
      if (fromCount < toCount) {
        if (fromEnd == fromSizes.size() ||
            fromStrides[fromEnd - 1] !=
                fromStrides[fromEnd] * fromSizes[fromEnd])
          return std::nullopt;
        fromCount *= fromSizes[fromEnd++];
      } else {
        if (toEnd == sizes.size())
          return std::nullopt;
        toCount *= sizes[toEnd++];
      }
    }
    for (size_t i = from; i + 1 < fromEnd; ++i)
      if (fromStrides[i] != fromStrides[i + 1] * fromSizes[i + 1])
        return std::nullopt;
    int64_t stride = fromStrides[fromEnd - 1];
    for (size_t i = toEnd; i-- > to;) {
      strides[i] = stride;
      stride *= sizes[i];
    }
    from = fromEnd;
    to = toEnd;
  }
  return strides;
}

Error GraphPlanner::planViewOp(Operation *op) {
  auto input = viewOf(op->getOperand(0));
  if (!input)
    return input.takeError();
  View view = *input;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (auto reshape = dyn_cast<graph::ReshapeOp>(op)) {
    auto strides = reshapeStrides(view, type.getShape());
    if (!strides) {
      auto copy = materialise(view, op);
      if (!copy)
        return copy.takeError();
      view = *copy;
      strides = denseStrides(type.getShape());
    }
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides = *strides;
  } else if (auto transpose = dyn_cast<graph::TransposeOp>(op)) {
    View from = view;
    for (auto [to, d] : llvm::enumerate(transpose.getPermutation())) {
      view.sizes[to] = from.sizes[d];
      view.strides[to] = from.strides[d];
    }
  } else if (auto slice = dyn_cast<graph::SliceOp>(op)) {
    for (size_t d = 0; d < view.sizes.size(); ++d) {
      view.offset += slice.getOffsets()[d] * view.strides[d];
      view.sizes[d] = slice.getSizes()[d];
      view.strides[d] *= slice.getStrides()[d];
      if (view.strides[d] < 0 && view.sizes[d] > 1)
        return fail(op, "a slice with a negative step");
    }
  } else {
    SmallVector<int64_t> strides =
        alignedStrides(view.sizes, view.strides, type.getShape());
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides = strides;
  }
  views[op->getResult(0)] = view;
  return Error::success();
}

Error GraphPlanner::planConcat(graph::ConcatOp op) {
  View out = newResult(op.getResult());
  int64_t axis = op.getAxis(), at = 0;
  for (Value input : op.getInputs()) {
    auto view = viewOf(input);
    if (!view)
      return view.takeError();
    View part = out;
    part.sizes = view->sizes;
    part.offset += at * out.strides[axis];
    at += view->sizes[axis];
    if (Error error = copyTo(*view, part, op))
      return error;
  }
  return Error::success();
}

Error GraphPlanner::planReturn(func::ReturnOp op) {
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    auto view = viewOf(value);
    if (!view)
      return view.takeError();
    auto type = cast<RankedTensorType>(value.getType());
    const HostTensorInfo &info = program.outputs[i];
    View out = *view;
    if (program.tensors[out.tensor].kind != TensorKind::Output ||
        !out.dense() || out.offset != 0 ||
        program.tensors[out.tensor].name != info.name + ".bf16") {
      int tensor = -1;
      for (size_t t = 0; t < program.tensors.size(); ++t)
        if (program.tensors[t].kind == TensorKind::Output &&
            program.tensors[t].name == info.name + ".bf16")
          tensor = static_cast<int>(t);
      if (tensor < 0)
        tensor = newTensor(info.name + ".bf16", TensorKind::Output,
                           std::max<int64_t>(1, type.getNumElements()) * 2);
      View target = denseView(tensor, type.getShape(), 2);
      if (Error error = copyTo(out, target, op))
        return error;
    }
    HostStep step;
    step.op = "cast";
    step.inputs = {info.name + ".bf16"};
    step.output = info.name;
    step.element = type.getElementType();
    step.shape.assign(type.getShape().begin(), type.getShape().end());
    step.source = BFloat16Type::get(op.getContext());
    program.after.push_back(std::move(step));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

Error GraphPlanner::planOp(Operation *op) {
  if (mlir::isa<graph::WeightOp, arith::ConstantOp>(op))
    return Error::success();
  if (auto step = dyn_cast<graph::LaunchStepOp>(op)) {
    planLaunchStep(step);
    return Error::success();
  }
  if (auto matmul = dyn_cast<graph::MatmulOp>(op))
    return planMatmulOp(matmul);
  if (auto attention = dyn_cast<graph::AttentionOp>(op))
    return planAttentionOp(attention);
  if (auto concat = dyn_cast<graph::ConcatOp>(op))
    return planConcat(concat);
  if (mlir::isa<graph::ReshapeOp, graph::TransposeOp, graph::SliceOp,
                graph::BroadcastOp>(op))
    return planViewOp(op);
  if (auto returned = dyn_cast<func::ReturnOp>(op))
    return planReturn(returned);
  return fail(op, "no unit of the chip computes it");
}

void GraphPlanner::finishPlaces() {
  // Segment 0 holds the weights, then each input and output has one, the last
  // is shared by the intermediates.
  auto align = [](int64_t bytes) { return roundUp(bytes, 128); };
  size_t groups = program.schedules.size();
  std::vector<int> first(program.tensors.size(), -1),
      last(program.tensors.size(), -1);
  for (size_t g = 0; g < groups; ++g)
    for (const Step &step : program.schedules[g].steps)
      for (int t : {step.dram.tensor, step.indices.tensor})
        if (t >= 0) {
          if (first[t] < 0)
            first[t] = static_cast<int>(g);
          last[t] = static_cast<int>(g);
        }
  auto segment = [&](std::string name) {
    program.segmentNames.push_back(std::move(name));
    program.segmentBytes.push_back(0);
    return static_cast<int>(program.segmentBytes.size()) - 1;
  };
  int weightSegment = segment("weights");
  for (size_t t = 0; t < program.tensors.size(); ++t) {
    PlannedTensor &tensor = program.tensors[t];
    if (tensor.kind == TensorKind::Weight && first[t] >= 0) {
      tensor.place = {weightSegment, program.segmentBytes[weightSegment],
                      align(tensor.bytes)};
      program.segmentBytes[weightSegment] += align(tensor.bytes);
    }
  }
  for (PlannedTensor &tensor : program.tensors)
    if (tensor.kind == TensorKind::Input || tensor.kind == TensorKind::Output) {
      tensor.place = {segment(tensor.name), 0, align(tensor.bytes)};
      program.segmentBytes.back() = align(tensor.bytes);
    }
  int scratch = segment("scratch");
  struct Live {
    int64_t begin, end;
    int last;
  };
  std::vector<Live> live;
  std::vector<size_t> order;
  for (size_t t = 0; t < program.tensors.size(); ++t)
    if (program.tensors[t].kind == TensorKind::Scratch && first[t] >= 0)
      order.push_back(t);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return first[a] < first[b]; });
  for (size_t t : order) {
    PlannedTensor &tensor = program.tensors[t];
    live.erase(std::remove_if(live.begin(), live.end(),
                              [&](const Live &l) { return l.last < first[t]; }),
               live.end());
    std::sort(live.begin(), live.end(),
              [](const Live &a, const Live &b) { return a.begin < b.begin; });
    int64_t at = 0;
    for (const Live &l : live) {
      if (at + align(tensor.bytes) <= l.begin)
        break;
      at = std::max(at, l.end);
    }
    tensor.place = {scratch, at, align(tensor.bytes)};
    live.push_back({at, at + align(tensor.bytes), last[t]});
    program.segmentBytes[scratch] =
        std::max(program.segmentBytes[scratch], at + align(tensor.bytes));
  }
}

Expected<PlannedProgram> GraphPlanner::run() {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    return llvm::createStringError("the module has no function 'main'");
  planArguments(main);
  std::vector<Operation *> ops;
  for (Operation &op : main.getBody().front())
    ops.push_back(&op);
  // Results that are returned are made in their output's place.
  for (auto [i, value] : llvm::enumerate(ops.back()->getOperands())) {
    Operation *maker = value.getDefiningOp();
    if (maker && !outputTensors.count(value) &&
        (isRowWise(maker) ||
         mlir::isa<graph::MatmulOp, graph::AttentionOp, graph::ConcatOp>(
             maker)))
      outputTensors[value] = newTensor(
          program.outputs[i].name + ".bf16", TensorKind::Output,
          std::max<int64_t>(
              1, cast<RankedTensorType>(value.getType()).getNumElements()) *
              2);
  }
  for (size_t i = 0; i < ops.size();) {
    if (cancelled && cancelled->load())
      return llvm::createStringError("cancelled");
    if (isRowWise(ops[i])) {
      auto next = planRowsFrom(ops, i);
      if (!next)
        return next.takeError();
      i = *next;
      continue;
    }
    if (Error error = planOp(ops[i]))
      return error;
    ++i;
  }
  finishPlaces();
  if (program.segmentBytes.size() > isa::kSegments)
    return llvm::createStringError(
        "the model has " + llvm::Twine(program.segmentBytes.size() - 2) +
        " inputs and outputs; the chip binds at most 62");
  for (size_t i = 0; i < program.schedules.size(); ++i)
    allocate(program.schedules[i], machine, i % 2 == 1);
  return std::move(program);
}

Expected<PlannedProgram> planGraph(ModuleOp module, const Machine &machine,
                                   const std::atomic<bool> *cancelled) {
  return GraphPlanner(module, machine, cancelled).run();
}

} // namespace tilework
