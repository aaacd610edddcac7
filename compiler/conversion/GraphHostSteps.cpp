// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the host does around a launch: integer preparation, and conversion
// between the caller's types and the chip's.

#include "compiler/conversion/GraphPlanner.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tilework {

static std::string argumentName(func::FuncOp main, unsigned index,
                                bool result) {
  StringAttr name =
      result ? main.getResultAttrOfType<StringAttr>(index, graph::kNameAttrName)
             : main.getArgAttrOfType<StringAttr>(index, graph::kNameAttrName);
  if (name)
    return name.getValue().str();
  return (result ? "output" : "input") + std::to_string(index);
}

static HostTensorInfo infoOf(std::string name, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  HostTensorInfo info;
  info.name = std::move(name);
  info.element = tensor.getElementType();
  info.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  return info;
}

/// Whether the chip's memory holds elements of the type.
static bool isStored(Type element) {
  return element.isBF16() || element.isInteger(32);
}

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

bool GraphPlanner::isOnHost(Value value) {
  Operation *maker = value.getDefiningOp();
  return !maker ||
         mlir::isa<graph::LaunchStepOp, graph::WeightOp, arith::ConstantOp>(
             maker);
}

/// Whether an op of the chip reads the value.
static bool isReadByChip(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return !mlir::isa<graph::LaunchStepOp, func::ReturnOp>(user);
  });
}

/// Inputs of the model that a value on the host is made of.
static void collectArguments(Value value,
                             llvm::SetVector<BlockArgument> &arguments) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    arguments.insert(argument);
  else if (auto step = value.getDefiningOp<graph::LaunchStepOp>())
    for (Value input : step.getInputs())
      collectArguments(input, arguments);
}

/// Rows of the table that an integer argument indexes, through casts and views
/// on the host; 0 where it indexes none.
static int64_t tableRows(Value value, int depth = 0) {
  int64_t rows = 0;
  auto tighten = [&](int64_t bound) {
    if (bound && (!rows || bound < rows))
      rows = bound;
  };
  for (OpOperand &use : value.getUses()) {
    if (auto step = dyn_cast<graph::LaunchStepOp>(use.getOwner())) {
      if (step.getKind() == graph::StepKind::Index)
        tighten((*step.getDims())[0]);
      if (step.getKind() == graph::StepKind::Gather &&
          use.getOperandNumber() == 1)
        tighten(graph::shapeOf(step.getInputs()[0])[*step.getAxis()]);
      bool keepsValues = step.getKind() == graph::StepKind::Cast ||
                         step.getKind() == graph::StepKind::Reshape ||
                         step.getKind() == graph::StepKind::Slice ||
                         step.getKind() == graph::StepKind::Transpose ||
                         step.getKind() == graph::StepKind::Broadcast;
      if (keepsValues && depth < 16)
        tighten(tableRows(step.getResult(), depth + 1));
    }
  }
  return rows;
}

llvm::Error GraphPlanner::planArguments(func::FuncOp main) {
  for (BlockArgument argument : main.getArguments()) {
    std::string name = argumentName(main, argument.getArgNumber(), false);
    HostTensorInfo info = infoOf(name, argument.getType());
    info.bound = tableRows(argument);
    program.inputs.push_back(info);
    usedNames[name]++;
    hostNames[argument] = name;
  }
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    std::string name = argumentName(main, i, true);
    program.outputs.push_back(infoOf(name, main.getResultTypes()[i]));
    usedNames[name]++;
  }
  for (BlockArgument argument : main.getArguments()) {
    const HostTensorInfo &info = program.inputs[argument.getArgNumber()];
    if (!isReadByChip(argument))
      continue;
    // Floats and conditions are stored as bf16, integers that the chip reads
    // as int32: one out of its range stays out of the range of any table.
    bool isFloat =
        mlir::isa<FloatType>(info.element) || info.element.isInteger(1);
    HostStep step;
    step.op = isFloat ? "cast" : "saturate";
    step.inputs = {info.name};
    step.output = uniqueName(info.name + (isFloat ? ".bf16" : ".int32"));
    step.element = isFloat ? Type(BFloat16Type::get(main.getContext()))
                           : Type(IntegerType::get(main.getContext(), 32));
    step.shape = info.shape;
    int64_t elements = 1;
    for (int64_t size : info.shape)
      elements *= size;
    int width = isFloat ? 2 : 4;
    int tensor = newTensor(step.output, TensorKind::Input,
                           std::max<int64_t>(1, elements) * width);
    views[argument] = denseView(tensor, info.shape, width);
    program.before.push_back(std::move(step));
  }
  return llvm::Error::success();
}

std::string GraphPlanner::hostName(Value value) {
  auto it = hostNames.find(value);
  if (it != hostNames.end())
    return it->second;
  // A constant, which becomes a step of its own.
  auto type = graph::tensorTypeOf(value);
  HostStep step;
  step.op = "constant";
  step.output = uniqueName("constant");
  step.element = type.getElementType();
  step.shape.assign(type.getShape().begin(), type.getShape().end());
  if (auto weight = value.getDefiningOp<graph::WeightOp>())
    step.value = weight.getExpr();
  else if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    step.value =
        graph::ExprAttr::get(value.getContext(), constant.getValue(), {});
  std::string name = step.output;
  hostNames[value] = name;
  program.before.push_back(std::move(step));
  return name;
}

llvm::Expected<std::string> GraphPlanner::leavingName(Value value,
                                                      Operation *reader) {
  auto known = hostNames.find(value);
  if (known != hostNames.end())
    return known->second;
  auto binding = leave(value, "result", reader);
  if (!binding)
    return binding.takeError();
  auto type = graph::tensorTypeOf(value);
  auto addStep = [&](std::string op, std::vector<std::string> inputs) {
    HostStep step;
    step.op = std::move(op);
    step.inputs = std::move(inputs);
    step.output = uniqueName("result");
    step.element = type.getElementType();
    step.shape.assign(type.getShape().begin(), type.getShape().end());
    program.after.push_back(std::move(step));
    return program.after.back().output;
  };
  auto read = [&](int tensor) {
    std::string name = addStep("cast", {program.tensors[tensor].name});
    program.after.back().source = BFloat16Type::get(value.getContext());
    return name;
  };
  std::string name = read(*binding);
  for (int part : finished[value])
    name = addStep("add", {name, read(part)});
  return hostNames[value] = name;
}

llvm::Error GraphPlanner::planLaunchStep(graph::LaunchStepOp op) {
  HostStep step;
  step.op = graph::stringifyStepKind(op.getKind()).str();
  for (Value input : op.getInputs()) {
    if (isOnHost(input)) {
      step.inputs.push_back(hostName(input));
      continue;
    }
    auto name = leavingName(input, op);
    if (!name)
      return name.takeError();
    step.inputs.push_back(*name);
  }
  auto type = op.getType();
  step.output = uniqueName("step");
  step.element = type.getElementType();
  step.shape.assign(type.getShape().begin(), type.getShape().end());
  if (op.getAxis())
    step.axis = *op.getAxis();
  if (op.getDims())
    step.dims =
        std::vector<int64_t>(op.getDims()->begin(), op.getDims()->end());
  step.exclusive = op.getExclusive();
  step.reverse = op.getReverse();
  hostNames[op.getResult()] = step.output;
  if (op.getFinish()) {
    program.after.push_back(std::move(step));
    return llvm::Error::success();
  }
  // What the host refuses of a caller's values it names.
  bool checks = op.getKind() == graph::StepKind::Index ||
                op.getKind() == graph::StepKind::Gather ||
                op.getKind() == graph::StepKind::Div ||
                op.getKind() == graph::StepKind::Mod;
  if (checks) {
    llvm::SetVector<BlockArgument> arguments;
    collectArguments(op.getInputs().back(), arguments);
    for (BlockArgument argument : arguments)
      step.of.push_back(hostNames[argument]);
  }
  if (isReadByChip(op.getResult()) && type.getElementType().isInteger(1)) {
    HostStep numbers;
    numbers.op = "cast";
    numbers.inputs = {step.output};
    numbers.output = uniqueName(step.output + ".bf16");
    numbers.element = BFloat16Type::get(op.getContext());
    numbers.shape = step.shape;
    int tensor = newTensor(numbers.output, TensorKind::Input,
                           std::max<int64_t>(1, type.getNumElements()) * 2);
    views[op.getResult()] = denseView(tensor, type.getShape(), 2);
    program.before.push_back(std::move(step));
    program.before.push_back(std::move(numbers));
    return llvm::Error::success();
  }
  if (isReadByChip(op.getResult())) {
    if (!isStored(type.getElementType()))
      return fail(op, "the chip reads no " + textOf(type.getElementType()));
    int width = type.getElementType().isInteger(32) ? 4 : 2;
    int tensor = newTensor(step.output, TensorKind::Input,
                           std::max<int64_t>(1, type.getNumElements()) * width);
    views[op.getResult()] = denseView(tensor, type.getShape(), width);
  }
  program.before.push_back(std::move(step));
  return llvm::Error::success();
}

} // namespace tilework
