// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts an image together.

#include "compiler/codegen/ImageBuilder.h"

#include "compiler/import/ValueBuilder.h"
#include "compiler/import/WeightExpr.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>
#include <map>

namespace tilework {

/// The elements of a launch step's constant: integers to the bit, floats as
/// numbers, but what JSON has no number for as text.
static mlir::FailureOr<nlohmann::json> constantValues(graph::ExprAttr value,
                                                      mlir::Type element,
                                                      const SourceFiles &files,
                                                      mlir::Location loc) {
  nlohmann::json values = nlohmann::json::array();
  auto dense = mlir::dyn_cast<mlir::DenseElementsAttr>(value.getSource());
  bool plain = value.getSteps().empty();
  if (dense && plain && mlir::isa<mlir::IntegerType>(dense.getElementType())) {
    const bool isSigned = leastOf(graph::elementTypeOf(element)) < 0;
    for (llvm::APInt number : dense.getValues<llvm::APInt>())
      values.push_back(isSigned ? number.getSExtValue()
                                : static_cast<int64_t>(number.getZExtValue()));
    return values;
  }
  auto expr = resolveWeight(value, files, loc);
  if (failed(expr))
    return mlir::failure();
  bool integer = mlir::isa<mlir::IntegerType>(element);
  if (integer)
    if (std::optional<HostTensor> exact = evaluate(value, files)) {
      values = exact->intValues();
      return values;
    }
  WeightReader reader(*expr);
  std::vector<float> numbers(reader.rows() * reader.columns());
  reader.read(0, reader.rows(), numbers.data());
  for (float number : numbers) {
    if (integer && !(std::fabs(number) < 0x1p24f))
      return mlir::emitError(loc)
             << "a constant of integers beyond 24 bits that other constants "
                "make; fold it before the export";
    if (integer)
      values.push_back(static_cast<int64_t>(number));
    else if (std::isnan(number))
      values.push_back("nan");
    else if (std::isinf(number))
      values.push_back(number < 0 ? "-inf" : "inf");
    else
      values.push_back(number);
  }
  return values;
}

static mlir::FailureOr<isa::LaunchStep>
launchStep(const HostStep &step, const SourceFiles &files, mlir::Location loc) {
  isa::LaunchStep out;
  out.op = step.op;
  out.inputs = step.inputs;
  out.output = step.output;
  out.attributes["type"] = elementTypeName(graph::elementTypeOf(step.element));
  out.attributes["shape"] = step.shape;
  if (step.source)
    out.attributes["source_type"] =
        elementTypeName(graph::elementTypeOf(step.source));
  if (step.axis)
    out.attributes["axis"] = *step.axis;
  if (step.dims)
    out.attributes["dims"] = *step.dims;
  if (step.exclusive)
    out.attributes["exclusive"] = true;
  if (step.reverse)
    out.attributes["reverse"] = true;
  if (!step.of.empty())
    out.attributes["of"] = step.of;
  if (!step.value)
    return out;
  auto values = constantValues(mlir::cast<graph::ExprAttr>(step.value),
                               step.element, files, loc);
  if (failed(values))
    return mlir::failure();
  out.attributes["values"] = std::move(*values);
  return out;
}

static void addProvenance(const PlannedProgram &planned,
                          const LoweredProgram &lowered, isa::Image &image) {
  std::map<std::string, uint32_t> nodes;
  auto node = [&](const std::string &name) {
    auto [it, fresh] =
        nodes.try_emplace(name, static_cast<uint32_t>(image.nodes.size()));
    if (fresh)
      image.nodes.push_back(name);
    return it->second;
  };
  auto nodesOf = [&](int source) {
    std::vector<uint32_t> indices;
    for (const std::string &name : planned.sources[source])
      indices.push_back(node(name));
    return indices;
  };
  auto add = [&](size_t begin, size_t end, uint16_t context, int source) {
    isa::ProvenanceRange range;
    range.begin = static_cast<uint32_t>(begin);
    range.end = static_cast<uint32_t>(end);
    range.context = context;
    range.nodes = nodesOf(source);
    isa::ProvenanceRange *last =
        image.provenance.empty() ? nullptr : &image.provenance.back();
    if (last && last->context == context && last->end == range.begin &&
        last->nodes == range.nodes)
      last->end = range.end;
    else
      image.provenance.push_back(std::move(range));
  };
  const std::vector<LoweredInstruction> &all = lowered.instructions;
  size_t main =
      lowered.routines.empty() ? all.size() : lowered.routines.front().begin;
  for (size_t i = 0; i < main; ++i)
    if (all[i].source >= 0)
      add(i, i + 1, 0, all[i].source);
  for (const LoweredRoutine &routine : lowered.routines)
    for (size_t i = routine.begin, end; i < routine.end; i = end) {
      const LoweredInstruction &first = all[i];
      end = i + 1;
      if (first.source < 0)
        continue;
      while (end < routine.end && all[end].group == first.group &&
             all[end].primary == first.primary)
        ++end;
      for (size_t n = 0; n < routine.repeat.count; ++n)
        add(i, end, static_cast<uint16_t>(routine.firstContext + n),
            planned.schedules[first.group + n * routine.repeat.period]
                .sources[first.primary]);
    }
}

mlir::FailureOr<isa::Image> buildImage(const PlannedProgram &planned,
                                       const LoweredProgram &lowered,
                                       const target::Target &target,
                                       const SourceFiles &files,
                                       mlir::Location loc) {
  isa::Image image;
  for (const LoweredInstruction &instruction : lowered.instructions) {
    std::string misfit = isa::misfit(instruction.instruction);
    if (!misfit.empty())
      return mlir::emitError(loc)
             << "an instruction does not encode: " << misfit;
    image.text.push_back(isa::encode(instruction.instruction));
  }
  for (const LoweredRoutine &routine : lowered.routines)
    image.routines.push_back({routine.name,
                              static_cast<uint32_t>(routine.begin),
                              static_cast<uint32_t>(routine.end)});
  isa::Entry entry;
  for (auto [infos, out] : {std::make_pair(&planned.inputs, &entry.inputs),
                            std::make_pair(&planned.outputs, &entry.outputs)})
    for (const HostTensorInfo &info : *infos) {
      isa::Tensor tensor;
      tensor.name = info.name;
      tensor.type = graph::elementTypeOf(info.element);
      tensor.shape = info.shape;
      if (info.bound)
        tensor.maximum = info.bound - 1;
      out->push_back(std::move(tensor));
    }
  for (size_t s = 0; s < planned.segmentBytes.size(); ++s) {
    if (planned.segmentBytes[s] == 0)
      continue;
    auto bind = [&](const std::string &name, isa::BindingKind kind,
                    int64_t bytes) {
      entry.bindings.push_back(
          {name, kind, static_cast<uint32_t>(s), static_cast<uint64_t>(bytes)});
    };
    const size_t before = entry.bindings.size();
    for (const PlannedTensor &tensor : planned.tensors)
      if (tensor.place.segment == static_cast<int>(s) &&
          (tensor.kind == TensorKind::Input ||
           tensor.kind == TensorKind::Output))
        bind(tensor.name,
             tensor.kind == TensorKind::Input ? isa::BindingKind::Input
                                              : isa::BindingKind::Output,
             tensor.place.bytes);
    if (entry.bindings.size() == before)
      bind(planned.segmentNames[s],
           s == 0 ? isa::BindingKind::Weights : isa::BindingKind::Scratch,
           planned.segmentBytes[s]);
  }
  for (auto [steps, out] : {std::make_pair(&planned.before, &entry.before),
                            std::make_pair(&planned.after, &entry.after)})
    for (const HostStep &step : *steps) {
      auto launch = launchStep(step, files, loc);
      if (failed(launch))
        return mlir::failure();
      out->push_back(std::move(*launch));
    }
  image.entries.push_back(std::move(entry));
  addProvenance(planned, lowered, image);
  image.legality = target.legality();
  image.legalityHash = target.legalityHash();
  image.targetName = target.name;
  image.target = target.toJson();
  return image;
}

} // namespace tilework
