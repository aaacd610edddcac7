// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The graph stages run on the host interpreter and are held against the
// imported graph; the plan runs on the functional kernels, each op fed with
// what the plan itself stored, so that errors do not add up; the program must
// leave the bytes of the plan.

#include "runtime/CheckStages.h"

#include "compiler/pipelines/StageView.h"
#include "dialects/graph/GraphDialect.h"
#include "runtime/Engines.h"
#include "runtime/Executable.h"
#include "runtime/HostTensors.h"
#include "runtime/Loader.h"
#include "runtime/OpenProgram.h"
#include "runtime/ReferenceTensors.h"
#include "runtime/ScheduleInterpreter.h"
#include "runtime/StageValues.h"
#include "sim/machine/TargetGeometry.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace tilework {

namespace {

/// Two ways of one computation in double precision, constants in fp32.
constexpr Tolerance kGraph = {1e-4, 1e-3};
/// A framework in fp32 against double precision.
constexpr Tolerance kReference = {1e-3, 1e-2};
/// One op in bf16 with fp32 sums, its operands being those of the chip.
constexpr Tolerance kChip = {0.02, 0.05};

HostTensor asDouble(const Tensor &tensor) {
  HostTensor host = toHost(tensor);
  return host.isFloat() ? *host.cast(onnx::DataType::Double) : host;
}

class StageCheck {
public:
  StageCheck(isa::Image image, const target::Target &target,
             const StageCheckSettings &settings,
             const std::function<bool()> &cancelled);

  /// Keeps what it throws for rethrow().
  void see(const StageView &view);
  void rethrow() {
    if (failure)
      std::rethrow_exception(failure);
  }

  std::vector<CheckedStage> stages;

private:
  void imported(const StageView &view);
  void transformed(const StageView &view);
  void planned(const StageView &view);
  void encoded(const StageView &view);
  void shipped();
  [[noreturn]] void differ(const std::string &stage, mlir::Value value,
                           const std::string &what, const std::string &against);
  void outputs(const std::string &stage, mlir::ModuleOp graph,
               const std::vector<HostTensor> &results,
               const Tolerance &tolerance, CheckedStage &checked);
  /// What a tensor holds in a memory, in the shape of its value.
  HostTensor readValue(const StageView &view, const PlannedValue &value,
                       const LoadedEntry &loaded, sim::DramImage &memory);
  bool sameBytes(const StageView &view, const PlannedValue &value);
  RunReport run(const Executable &executable);

  Executable program; ///< what the user gets
  target::Target target;
  std::function<bool()> cancelled;
  std::string referenceName = "the imported graph";
  TensorMap given; ///< reference tensors
  TensorMap inputs;
  std::map<std::string, HostTensor> hostInputs;
  ReferenceValues reference;
  std::vector<HostTensor> results; ///< of the imported graph
  /// The plan's memory, and that of the program made from it.
  std::unique_ptr<LoadedEntry> plan, made;
  std::exception_ptr failure;
};

StageCheck::StageCheck(isa::Image image, const target::Target &target,
                       const StageCheckSettings &settings,
                       const std::function<bool()> &cancelled)
    : program(std::move(image)), target(target), cancelled(cancelled) {
  if (settings.reference.empty()) {
    inputs = drawInputs(program.entry(), settings.seed);
  } else {
    referenceName = "'" + settings.reference + "'";
    given = readTensors(settings.reference);
    std::string missing, wrong;
    for (const isa::Tensor &input : program.entry().inputs) {
      const std::string wanted =
          "\n  '" + input.name + "' " + describe(input.type, input.shape);
      auto found = given.find(input.name);
      if (found == given.end()) {
        missing += wanted;
        continue;
      }
      const Tensor &tensor = inputs[input.name] = found->second;
      if (tensor.type != input.type || tensor.shape != input.shape)
        wrong += wanted + " is given as " + describe(tensor.type, tensor.shape);
    }
    if (!missing.empty())
      throw UserError(referenceName +
                      " needs the model's inputs beside the values that they "
                      "give; it has no" +
                      missing);
    if (!wrong.empty())
      throw UserError(referenceName + " does not fit the model:" + wrong);
  }
  for (const auto &[name, tensor] : inputs)
    hostInputs.emplace(name, asDouble(tensor));
}

void StageCheck::differ(const std::string &stage, mlir::Value value,
                        const std::string &what, const std::string &against) {
  std::string node, op = "a result of the model";
  if (mlir::Operation *maker = value ? value.getDefiningOp() : nullptr) {
    const std::vector<std::string> nodes = modelNodes(maker);
    node = nodes.front();
    op = maker->getName().getStringRef().str() + " of node '" + node + "'";
    if (nodes.size() > 1)
      op += " (and " + std::to_string(nodes.size() - 1) + " more)";
    std::vector<int64_t> shape =
        mlir::cast<mlir::RankedTensorType>(value.getType()).getShape().vec();
    op += ", " + describe(ElementType::Float, shape);
  }
  throw StageMismatchError("stage '" + stage + "' differs from " + against +
                               ", first at " + op + ": " + what +
                               "; look at the stage with --stop-after " + stage,
                           stage, node);
}

void StageCheck::see(const StageView &view) {
  if (failure)
    return;
  try {
    if (view.name == "imported")
      imported(view);
    else if (view.image) {
      planned(view);
      encoded(view);
      shipped();
    } else if (!view.planned)
      transformed(view);
  } catch (...) {
    failure = std::current_exception();
  }
}

void StageCheck::imported(const StageView &view) {
  CheckedStage checked{"imported", referenceName, 0, 0, kReference.rms};
  // A reference names values of the model, or, for MLIR, nodes.
  llvm::DenseMap<mlir::Value, std::string> names;
  for (const auto &[name, value] : *view.values)
    names[value] = name;
  results = interpretGraph(
      view.graph, *view.files, hostInputs,
      [&](mlir::Value value, HostTensor &tensor) {
        std::vector<std::string> nodes = modelNodes(value.getDefiningOp());
        auto name = names.find(value);
        auto found =
            given.find(name == names.end() ? nodes.front() : name->second);
        if (found != given.end()) {
          const HostTensor wanted = asDouble(found->second);
          if (wanted.size() != tensor.size())
            throw UserError(referenceName + ": '" + found->first + "' is " +
                            describe(found->second.type, found->second.shape) +
                            ", which is not what the model computes");
          const Distance d =
              distance(tensor.floatValues(), wanted.floatValues());
          if (!d.within(kReference))
            differ("imported", value, describe(d, tensor.shape()),
                   referenceName);
          checked.error = std::max(checked.error, d.rms);
          ++checked.values;
        }
        reference.add({value, std::move(nodes), tensor});
      });
  if (given.empty())
    return;
  // Results have names of their own, which a reference may give alone.
  for (size_t i = 0; i < results.size(); ++i) {
    auto found = given.find(program.entry().outputs[i].name);
    if (found == given.end())
      continue;
    const HostTensor wanted = asDouble(found->second);
    if (wanted.size() != results[i].size())
      throw UserError(referenceName + ": '" + found->first + "' is " +
                      describe(found->second.type, found->second.shape) +
                      ", which is not what the model computes");
    const Distance d = distance(results[i].floatValues(), wanted.floatValues());
    if (!d.within(kReference))
      differ("imported", {}, describe(d, results[i].shape()), referenceName);
    ++checked.values;
  }
  if (checked.values == 0)
    throw UserError(referenceName +
                    " has no value that the model computes beside its inputs");
  stages.push_back(std::move(checked));
}

void StageCheck::outputs(const std::string &stage, mlir::ModuleOp graph,
                         const std::vector<HostTensor> &values,
                         const Tolerance &tolerance, CheckedStage &checked) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].size() != results[i].size())
      differ(stage, {}, "a result has another shape", "the imported graph");
    const Distance d =
        distance(values[i].floatValues(), results[i].floatValues());
    if (!d.within(tolerance))
      differ(stage, {}, describe(d, values[i].shape()), "the imported graph");
    checked.error = std::max(checked.error, d.rms);
    ++checked.values;
  }
}

void StageCheck::transformed(const StageView &view) {
  struct Judged {
    mlir::Value value;
    std::optional<Distance> distance;
    bool agrees = false, usedWell = false, judged = false;
  };
  std::vector<Judged> judged;
  llvm::DenseMap<mlir::Value, size_t> index;
  CheckedStage checked{view.name, "the imported graph", 0, 0, kGraph.rms};
  std::vector<HostTensor> values = interpretGraph(
      view.graph, *view.files, hostInputs,
      [&](mlir::Value value, HostTensor &tensor) {
        mlir::Operation *op = value.getDefiningOp();
        Judged j;
        j.value = value;
        j.judged = tensor.isFloat() && !mlir::isa<graph::LaunchStepOp>(op);
        if (j.judged) {
          j.distance =
              reference.nearest({value, modelNodes(op), tensor}, kGraph);
          j.agrees = j.distance && j.distance->within(kGraph);
          checked.values += j.agrees;
          if (j.agrees)
            checked.error = std::max(checked.error, j.distance->rms);
        }
        index[value] = judged.size();
        judged.push_back(std::move(j));
      });
  try {
    outputs(view.name, view.graph, values, kGraph, checked);
  } catch (const StageMismatchError &) {
    // An op that no value of the model matches is judged by what reads it.
    for (size_t i = judged.size(); i-- > 0;)
      for (mlir::Operation *user : judged[i].value.getUsers())
        for (mlir::Value result : user->getResults())
          if (auto found = index.find(result); found != index.end())
            judged[i].usedWell |=
                judged[found->second].agrees || judged[found->second].usedWell;
    for (const Judged &j : judged)
      if (j.judged && !j.agrees && !j.usedWell)
        differ(view.name, j.value,
               j.distance
                   ? describe(*j.distance, mlir::cast<mlir::RankedTensorType>(
                                               j.value.getType())
                                               .getShape()
                                               .vec())
                   : "no value of the imported graph is like it",
               "the imported graph");
    throw;
  }
  stages.push_back(std::move(checked));
}

HostTensor StageCheck::readValue(const StageView &view,
                                 const PlannedValue &value,
                                 const LoadedEntry &loaded,
                                 sim::DramImage &memory) {
  const auto type = mlir::cast<mlir::RankedTensorType>(value.value.getType());
  const std::vector<int64_t> shape = type.getShape().vec();
  const Placement &place = view.planned->tensors[value.tensor].place;
  const uint64_t base =
      loaded.launch().segments[place.segment].base + place.offset;
  std::vector<int64_t> at(shape.size(), 0);
  std::vector<double> values(type.getNumElements());
  for (double &element : values) {
    int64_t offset = value.offset;
    for (size_t d = 0; d < shape.size(); ++d)
      offset += at[d] * value.strides[d];
    if (value.elementBytes == 2) {
      uint16_t bits;
      memory.read(base + 2 * offset, &bits, 2);
      const uint32_t wide = uint32_t(bits) << 16;
      float single;
      std::memcpy(&single, &wide, 4);
      element = single;
    } else {
      int32_t integer;
      memory.read(base + 4 * offset, &integer, 4);
      element = integer;
    }
    for (size_t d = shape.size(); d-- > 0 && ++at[d] == shape[d];)
      at[d] = 0;
  }
  return HostTensor::fromFloats(onnx::DataType::Double, shape,
                                std::move(values));
}

void StageCheck::planned(const StageView &view) {
  auto image = std::make_shared<const isa::Image>(*view.image);
  plan = std::make_unique<LoadedEntry>(image, image->entries.front(),
                                       target.dram.capacity_bytes);
  plan->setInputs(inputs);
  interpretSchedules(*view.planned, sim::geometryOf(target),
                     plan->launch().segments, plan->memory(), cancelled);
  llvm::DenseMap<mlir::Value, const PlannedValue *> places;
  for (const PlannedValue &value : view.planned->values)
    if (value.elementBytes == 2)
      places[value.value] = &value;
  CheckedStage checked{"planned", "the fused graph, op by op", 0, 0, kChip.rms};
  interpretGraph(view.graph, *view.files, hostInputs,
                 [&](mlir::Value value, HostTensor &tensor) {
                   auto found = places.find(value);
                   if (found == places.end() || !tensor.isFloat() ||
                       mlir::isa<graph::LaunchStepOp>(value.getDefiningOp()))
                     return;
                   HostTensor stored =
                       readValue(view, *found->second, *plan, plan->memory());
                   const Distance d =
                       distance(stored.floatValues(), tensor.floatValues());
                   if (!d.within(kChip))
                     differ("planned", value, describe(d, tensor.shape()),
                            "the fused graph");
                   checked.error = std::max(checked.error, d.rms);
                   ++checked.values;
                   tensor = std::move(stored);
                 });
  stages.push_back(std::move(checked));
}

bool StageCheck::sameBytes(const StageView &view, const PlannedValue &value) {
  const PlannedTensor &tensor = view.planned->tensors[value.tensor];
  const uint64_t base =
      plan->launch().segments[tensor.place.segment].base + tensor.place.offset;
  const uint64_t bytes = tensor.bytes;
  return std::memcmp(plan->memory().data(base, bytes),
                     made->memory().data(base, bytes), bytes) == 0;
}

RunReport StageCheck::run(const Executable &executable) {
  RunSettings settings;
  settings.options.records = false;
  settings.options.cancelled = cancelled;
  RunReport report = executable.run(inputs, settings);
  requireHalt(executable, report);
  return report;
}

void StageCheck::encoded(const StageView &view) {
  auto image = std::make_shared<const isa::Image>(*view.image);
  made = std::make_unique<LoadedEntry>(image, image->entries.front(),
                                       target.dram.capacity_bytes);
  made->setInputs(inputs);
  sim::RunRequest request;
  request.launch = made->launch();
  request.memory = &made->memory();
  request.options.records = false;
  request.options.cancelled = cancelled;
  const sim::RunResult result = runEngine(Engine::Functional, target, request);
  if (result.trap.cause != sim::TrapCause::none)
    throw StageMismatchError(
        std::string("stage 'synchronised' made a program that traps: ") +
            isa::caseName(result.trap.cause) + " at instruction " +
            std::to_string(result.trap.pc),
        "synchronised", "");
  CheckedStage checked{"synchronised", "the plan, byte for byte", 0, 0, 0};
  for (const PlannedValue &value : view.planned->values) {
    if (!sameBytes(view, value)) {
      const HostTensor was = readValue(view, value, *plan, plan->memory());
      const HostTensor is = readValue(view, value, *made, made->memory());
      differ(
          "synchronised", value.value,
          describe(distance(is.floatValues(), was.floatValues()), is.shape()),
          "the plan");
    }
    ++checked.values;
  }
  stages.push_back(std::move(checked));
}

void StageCheck::shipped() {
  const TensorMap theirs = made->outputs();
  const RunReport report = run(program);
  CheckedStage checked{"encoded", "the imported graph", 0, 0,
                       kModelTolerance.rms};
  std::vector<HostTensor> values;
  for (const isa::Tensor &output : program.entry().outputs) {
    const Tensor &mine = report.outputs.at(output.name),
                 &other = theirs.at(output.name);
    if (mine.bytes != other.bytes ||
        std::memcmp(mine.data, other.data, mine.bytes) != 0)
      throw StageMismatchError(
          "stage 'encoded' differs from the same program with bytes of its own "
          "for every intermediate tensor, in output '" +
              output.name + "': two tensors share memory while both are needed",
          "encoded", "");
    values.push_back(asDouble(mine));
  }
  outputs("encoded", {}, values, kModelTolerance, checked);
  stages.push_back(std::move(checked));
}

} // namespace

CheckedCompilation compileChecked(const ModelSource &source,
                                  const target::Target &target,
                                  const CompileOptions &options,
                                  const StageCheckSettings &settings,
                                  const std::function<bool()> &cancelled) {
  CheckedCompilation compilation;
  compilation.result = compileModel(source, target, options, cancelled);
  CompileOptions checked = options;
  checked.dumpFolder.clear();
  checked.keepTensors = true;
  // A compilation that is left behind still calls the observer.
  auto check = std::make_shared<StageCheck>(*compilation.result.image, target,
                                            settings, cancelled);
  checked.observer = [check](const StageView &view) { check->see(view); };
  compileModel(source, target, checked, cancelled);
  check->rethrow();
  compilation.stages = check->stages;
  return compilation;
}

} // namespace tilework
