// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a fused graph: ops become groups, and every tensor gets its
// place in DRAM.

#include "compiler/conversion/GraphPlanner.h"

#include "dialects/graph/NodeNames.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <utility>

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

//===----------------------------------------------------------------------===//
// Tensors and names
//===----------------------------------------------------------------------===//

int GraphPlanner::sourceOf(Operation *op) {
  auto [it, fresh] =
      sourceIds.try_emplace(op, static_cast<int>(program.sources.size()));
  if (fresh) {
    std::vector<std::string> names = graph::nodeNames(op->getLoc());
    if (names.empty())
      names.push_back(op->getName().getStringRef().str());
    program.sources.push_back(std::move(names));
  }
  return it->second;
}

char UnsupportedGraph::ID = 0;

void UnsupportedGraph::log(llvm::raw_ostream &os) const {
  for (const auto &[i, op] : llvm::enumerate(refused))
    os << (i ? "\n" : "") << "cannot plan " << op.op << " of node '"
       << op.nodes.front() << "': " << op.reason;
}

std::error_code UnsupportedGraph::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}

namespace {

/// One op has no plan: the walk notes it and goes on behind it.
class OpRefusal : public llvm::ErrorInfo<OpRefusal> {
public:
  static char ID;
  OpRefusal(Operation *op, std::string why) : op(op), why(std::move(why)) {}
  void log(llvm::raw_ostream &os) const override { os << why; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  Operation *op;
  std::string why;
};

char OpRefusal::ID = 0;

} // namespace

Error GraphPlanner::fail(Operation *op, const std::string &why) {
  return llvm::make_error<OpRefusal>(op, why);
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
  view.strides = computeStrides(sizes);
  view.elementBytes = elementBytes;
  return view;
}

View GraphPlanner::newResult(Value value) {
  auto type = graph::tensorTypeOf(value);
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

int GraphPlanner::rowTensor(MLIRContext *context, llvm::StringRef name,
                            float number, int64_t count) {
  Builder b(context);
  auto one = DenseElementsAttr::get(RankedTensorType::get({1}, b.getF32Type()),
                                    number);
  auto expr = graph::ExprAttr::get(
      context, one, {graph::BroadcastStepAttr::get(context, {count})});
  return weightTensor(expr, name.str(), WeightLayout::Dense, {count}).tensor;
}

Expected<View> GraphPlanner::viewOf(Value value) {
  auto it = views.find(value);
  if (it != views.end())
    return it->second;
  auto type = graph::tensorTypeOf(value);
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
    view.strides = computeStrides(type.getShape());
    views[value] = view;
    return view;
  }
  return llvm::createStringError(
      "a value of type " + llvm::Twine(type.getRank()) +
      "-dimensional tensor reaches the chip that no chip op made");
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
  return copyParts(std::move(group), op);
}

Error GraphPlanner::copyParts(CopyGroup group, Operation *op) {
  if (!copyIsTooDeep(group))
    return place(planCopy(group, machine), op, "copy");
  // One copy for each index of the smallest dimension but a run of elements.
  const int64_t bytes = int64_t(1) << group.elementLog2;
  size_t least = group.sizes.size();
  for (size_t d = 0; d < group.sizes.size(); ++d)
    if (group.sizes[d] > 1 &&
        (group.sourceStrides[d] != bytes ||
         group.destinationStrides[d] != bytes) &&
        (least == group.sizes.size() || group.sizes[d] < group.sizes[least]))
      least = d;
  const int64_t parts = std::exchange(group.sizes[least], 1);
  for (int64_t i = 0; i < parts; ++i) {
    if (Error error = copyParts(group, op))
      return error;
    group.sourceOffset += group.sourceStrides[least];
    group.destinationOffset += group.destinationStrides[least];
  }
  return Error::success();
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

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The op that an error of planning is about, and why; `current` where it names
/// none.
static std::pair<Operation *, std::string> refusalOf(Error error,
                                                     Operation *current) {
  std::pair<Operation *, std::string> result(current, "");
  llvm::handleAllErrors(
      std::move(error),
      [&](const OpRefusal &refusal) { result = {refusal.op, refusal.why}; },
      [&](const llvm::ErrorInfoBase &info) { result.second = info.message(); });
  return result;
}

int GraphPlanner::outputTensor(Value value, const std::string &name) {
  int64_t elements = graph::tensorTypeOf(value).getNumElements();
  return newTensor(uniqueName(name + ".bf16"), TensorKind::Output,
                   std::max<int64_t>(1, elements) * 2);
}

Expected<int> GraphPlanner::leave(Value value, const std::string &name,
                                  Operation *reader) {
  auto view = viewOf(value);
  if (!view)
    return view.takeError();
  auto made = outputTensors.find(value);
  if (made != outputTensors.end() && view->tensor == made->second &&
      view->dense() && view->offset == 0)
    return made->second;
  auto type = graph::tensorTypeOf(value);
  int tensor =
      made != outputTensors.end() ? made->second : outputTensor(value, name);
  if (Error error =
          copyTo(*view, denseView(tensor, type.getShape(), 2), reader)) {
    // The user knows the node that made the value.
    Operation *maker = value.getDefiningOp();
    return fail(maker ? maker : reader,
                refusalOf(std::move(error), reader).second);
  }
  return tensor;
}

Error GraphPlanner::planReturn(func::ReturnOp op) {
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    auto type = graph::tensorTypeOf(value);
    const HostTensorInfo &info = program.outputs[i];
    HostStep step;
    step.op = "cast";
    step.output = info.name;
    step.element = type.getElementType();
    step.shape.assign(type.getShape().begin(), type.getShape().end());
    if (isOnHost(value)) {
      step.inputs = {hostName(value)};
      program.after.push_back(std::move(step));
      continue;
    }
    if (!mlir::isa<FloatType>(type.getElementType()) &&
        !type.getElementType().isInteger(1))
      return fail(value.getDefiningOp(),
                  "the output '" + info.name +
                      "' is of integers, and the chip stores floats and "
                      "conditions alone");
    auto binding = leave(value, info.name, op);
    if (!binding)
      return binding.takeError();
    step.inputs = {program.tensors[*binding].name};
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
  if (auto step = dyn_cast<graph::LaunchStepOp>(op))
    return planLaunchStep(step);
  if (auto matmul = dyn_cast<graph::MatmulOp>(op))
    return planMatmulOp(matmul);
  if (auto attention = dyn_cast<graph::AttentionOp>(op))
    return planAttentionOp(attention);
  if (auto concat = dyn_cast<graph::ConcatOp>(op))
    return planConcat(concat);
  if (op->hasTrait<graph::IsView>())
    return planViewOp(op);
  if (auto returned = dyn_cast<func::ReturnOp>(op))
    return planReturn(returned);
  return fail(op, "no unit of the chip computes it");
}

void GraphPlanner::noteValues(ArrayRef<Operation *> ops) {
  for (Operation *op : ops) {
    if (mlir::isa<graph::WeightOp, arith::ConstantOp>(op))
      continue;
    for (Value value : op->getResults()) {
      auto found = views.find(value);
      if (found == views.end() ||
          program.tensors[found->second.tensor].place.bytes == 0 ||
          ArrayRef<int64_t>(found->second.sizes) != graph::shapeOf(value))
        continue;
      const View &view = found->second;
      program.values.push_back({value,
                                view.tensor,
                                view.offset,
                                {view.strides.begin(), view.strides.end()},
                                view.elementBytes});
    }
  }
}

bool isIndices(OpOperand &operand) {
  auto embedding = dyn_cast<graph::EmbeddingOp>(operand.getOwner());
  return embedding && &operand == &embedding.getIdsMutable();
}

/// The first operand of an op on the chip that is neither float nor condition
/// (a bf16 0 or 1); ids are indices.
static Type otherThanFloat(Operation *op) {
  auto isOther = [](Value value) {
    Type element = graph::elementOf(value);
    return !mlir::isa<FloatType>(element) && !element.isInteger(1);
  };
  for (OpOperand &operand : op->getOpOperands())
    if (isOther(operand.get()) && !isIndices(operand))
      return operand.get().getType();
  return {};
}

Expected<size_t> GraphPlanner::planFrom(ArrayRef<Operation *> ops,
                                        size_t begin) {
  Operation *op = ops[begin];
  bool onChip = !mlir::isa<graph::WeightOp, arith::ConstantOp,
                           graph::LaunchStepOp, func::ReturnOp>(op);
  if (Type other = onChip ? otherThanFloat(op) : Type()) {
    std::string text;
    llvm::raw_string_ostream(text)
        << cast<RankedTensorType>(other).getElementType();
    return fail(op, "the chip computes floats, and the host what depends on "
                    "integer inputs and constants alone; this reads " +
                        text + " that the chip would compute");
  }
  if (op->hasTrait<graph::IsRowWise>())
    return planRowsFrom(ops, begin);
  if (Error error = planOp(op))
    return error;
  return begin + 1;
}

Expected<PlannedProgram> GraphPlanner::run() {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    return llvm::createStringError("the module has no function 'main'");
  if (Error error = planArguments(main))
    return error;
  std::vector<Operation *> ops;
  for (Operation &op : main.getBody().front())
    ops.push_back(&op);
  // The host's steps before the launch depend on no op of the chip, those after
  // it serve none; either may stand between ops that join.
  auto isStep = [](Operation *op, bool finish) {
    auto step = dyn_cast<graph::LaunchStepOp>(op);
    return step && step.getFinish() == finish;
  };
  std::stable_partition(ops.begin(), ops.end(), [&](Operation *op) {
    return isStep(op, /*finish=*/false);
  });
  std::stable_partition(ops.begin(), std::prev(ops.end()), [&](Operation *op) {
    return !isStep(op, /*finish=*/true);
  });
  // Results that leave the chip are made in their output's place.
  auto makeInPlace = [&](Value value, const std::string &name) {
    Operation *maker = value.getDefiningOp();
    if (maker && !outputTensors.count(value) &&
        (maker->hasTrait<graph::IsRowWise>() ||
         mlir::isa<graph::MatmulOp, graph::AttentionOp, graph::ConcatOp>(
             maker)))
      outputTensors[value] = outputTensor(value, name);
  };
  for (auto [i, value] : llvm::enumerate(ops.back()->getOperands()))
    makeInPlace(value, program.outputs[i].name);
  for (Operation *op : ops)
    if (isStep(op, /*finish=*/true))
      for (Value value : op->getOperands()) {
        makeInPlace(value, "result");
        finished[value];
      }
  std::vector<RefusedOp> refused;
  llvm::DenseSet<Operation *> known;
  for (size_t i = 0; i < ops.size();) {
    if (cancelled && cancelled->load())
      return llvm::createStringError("cancelled");
    auto next = planFrom(ops, i);
    if (next) {
      i = *next;
      continue;
    }
    // The rest is planned without the op, so that every refusal is known.
    auto [op, why] = refusalOf(next.takeError(), ops[i]);
    if (known.insert(op).second)
      refused.push_back({op->getName().getStringRef().str(),
                         program.sources[sourceOf(op)], std::move(why)});
    for (Value result : op->getResults())
      newResult(result);
    auto at = llvm::find(ops, op);
    ops.erase(at == ops.end() ? ops.begin() + i : at);
  }
  if (!refused.empty())
    return llvm::make_error<UnsupportedGraph>(std::move(refused));
  findRoutines();
  finishPlaces();
  noteValues(ops);
  placeBuffers();
  return std::move(program);
}

Expected<PlannedProgram> planGraph(ModuleOp module, const Machine &machine,
                                   const std::atomic<bool> *cancelled) {
  return GraphPlanner(module, machine, cancelled).run();
}

} // namespace tilework
