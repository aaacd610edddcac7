// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each stage does, by a call into the part that does it, and what it
// refuses.

#include "compiler/pipelines/Stages.h"

#include "compiler/codegen/ImageBuilder.h"
#include "compiler/codegen/LayerWork.h"
#include "compiler/codegen/ModelWork.h"
#include "compiler/codegen/WeightSegment.h"
#include "compiler/conversion/NPUModule.h"
#include "compiler/conversion/Synchronise.h"
#include "compiler/pipelines/EntryProblem.h"
#include "compiler/transforms/Passes.h"
#include "compiler/verifier/Verifier.h"
#include "dialects/graph/GraphDialect.h"
#include "dialects/isa/ISADialect.h"
#include "dialects/npu/NPUDialect.h"
#include "dialects/target/Figures.h"
#include "dialects/target/Sha256.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace tilework {

planning::Machine machineOf(const target::Target &target) {
  planning::Machine machine;
  target::take(machine, target);
  machine.dramBytesPerCycle = target.dramBytesPerCycle();
  return machine;
}

static std::vector<CompiledNode>
compiledNodes(const std::vector<NodeReport> &reports) {
  std::vector<CompiledNode> nodes;
  for (const NodeReport &report : reports)
    nodes.push_back({report.name, report.op, report.domain, report.runsOn,
                     report.reason, report.work});
  return nodes;
}

bool Pipeline::failUnsupported() {
  const Refusal refusal = refusalOf(reports);
  fail(CompileFailure::Kind::Unsupported, refusal.message);
  result.failure->nodes = compiledNodes(reports);
  result.failure->unsupportedShare = refusal.unsupportedShare;
  result.failure->uncheckedNodes = refusal.unchecked;
  return false;
}

void Pipeline::addRefusals(const UnsupportedGraph &graph, bool listed) {
  for (const RefusedOp &op : graph.refused)
    for (const std::string &name : op.nodes) {
      auto found = llvm::find_if(
          reports, [&](const NodeReport &node) { return node.name == name; });
      if (found == reports.end()) {
        if (listed)
          continue;
        reports.push_back({name, op.op, "", "", "", 0});
        found = std::prev(reports.end());
      }
      if (found->reason.empty())
        found->reason = op.reason;
      found->runsOn.clear();
    }
}

void Pipeline::refuseRest(OwningOpRef<ModuleOp> rest) {
  module = std::move(rest);
  for (auto build :
       {buildSimplifiedStage, buildRecognisedStage, buildFusedStage}) {
    PassManager passes(&context);
    build(passes);
    if (failed(passes.run(*module)))
      return; // what is known is said
  }
  placeReports();
  auto program = planGraph(*module, machine, options.cancelled);
  if (!program)
    llvm::handleAllErrors(
        program.takeError(),
        [&](const UnsupportedGraph &graph) { addRefusals(graph, true); },
        [](const llvm::ErrorInfoBase &) {});
}

bool Pipeline::import() {
  DialectRegistry registry;
  registerImportDialects(registry);
  registry.insert<npu::NPUDialect, isa::ISADialect>();
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  ImportSource from;
  if (source.path.empty())
    from = ImportSource::memory(source.bytes, source.name);
  else
    from = ImportSource::file(source.path);
  ImportOptions importOptions;
  importOptions.dims = options.dims;
  importOptions.shapes = options.shapes;
  if (source.isText()) {
    if (!options.dims.empty() || !options.shapes.empty())
      return fail(CompileFailure::Kind::User,
                  "'" + source.path +
                      "' has all its sizes: --dim and --shape (in Python, dims "
                      "and shapes) go with an ONNX model");
    module = parseSourceFile<ModuleOp>(source.path, &context);
    if (!module)
      return fail(CompileFailure::Kind::Invalid, diagnostics);
    if (!module->lookupSymbol<func::FuncOp>("main"))
      return fail(CompileFailure::Kind::Invalid,
                  "'" + source.path +
                      "' has no function 'main' of the graph dialect: a "
                      "compilation goes on from the stages imported, "
                      "simplified, recognised and fused");
    std::string problem =
        entryProblem(module->lookupSymbol<func::FuncOp>("main"));
    if (!problem.empty())
      return fail(CompileFailure::Kind::Invalid,
                  "'" + source.path + "': " + problem);
    files = std::make_shared<SourceFiles>();
    if (auto names = (*module)->getAttrOfType<ArrayAttr>(graph::kFilesAttrName))
      for (Attribute name : names) {
        std::string error;
        if (!mlir::isa<StringAttr>(name))
          return fail(CompileFailure::Kind::Invalid,
                      "'" + source.path + "': " + graph::kFilesAttrName.str() +
                          " holds no names");
        std::string folder = llvm::sys::path::parent_path(source.path).str();
        if (files->addExternal(folder.empty() ? "." : folder,
                               cast<StringAttr>(name).getValue(),
                               error) == SourceFiles::kFailed)
          return fail(CompileFailure::Kind::User,
                      "the weights of '" + source.path +
                          "' are in the file that it was compiled from, "
                          "looked for beside it: " +
                          error);
      }
    std::string error;
    if (files->addFile(source.path, error) == SourceFiles::kFailed)
      return fail(CompileFailure::Kind::User, error);
    return true;
  }
  auto imported = importOnnx(context, from, importOptions);
  if (!imported) {
    llvm::handleAllErrors(
        imported.takeError(),
        [&](ImportError &error) {
          reports = std::move(error.nodes);
          if (error.rest)
            refuseRest(std::move(error.rest));
          if (error.kind == ImportError::Class::Unsupported && !reports.empty())
            failUnsupported();
          else
            fail(error.kind == ImportError::Class::User
                     ? CompileFailure::Kind::User
                 : error.kind == ImportError::Class::Unsupported
                     ? CompileFailure::Kind::Unsupported
                     : CompileFailure::Kind::Invalid,
                 error.message);
        },
        [&](const llvm::ErrorInfoBase &error) {
          fail(CompileFailure::Kind::User, error.message());
        });
    return false;
  }
  module = std::move(imported->module);
  files = imported->files;
  values = std::move(imported->values);
  reports = std::move(imported->nodes);
  result.nodes = compiledNodes(reports);
  dims = std::move(imported->dims);
  return true;
}

bool Pipeline::graphPasses(const char *name, void (*build)(OpPassManager &)) {
  PassManager passes(&context);
  build(passes);
  return succeeded(passes.run(*module)) && plant(name, *module);
}

bool Pipeline::refuse(llvm::Error error) {
  llvm::handleAllErrors(
      std::move(error),
      [&](const UnsupportedGraph &graph) {
        addRefusals(graph, false);
        failUnsupported();
      },
      [&](const llvm::ErrorInfoBase &other) {
        fail(CompileFailure::Kind::Unsupported, other.message());
      });
  return false;
}

bool Pipeline::countWork() {
  work = modelWork(*module);
  return true;
}

bool Pipeline::placeReports() {
  placeNodes(*module, reports);
  result.nodes = compiledNodes(reports);
  return true;
}

bool Pipeline::plan() {
  work["layers"] = layerWork(*module);
  auto program = planGraph(*module, machine, options.cancelled);
  if (!program)
    return refuse(program.takeError());
  planned = std::move(*program);
  if (!checkMemory())
    return false;
  if (options.keepTensors)
    keepTensors();
  if (!plant("planned", planned))
    return false;
  int64_t peak = 0;
  for (const planning::Schedule &schedule : planned.schedules)
    peak = std::max(peak, schedule.peakRows(planning::Space::scratchpad));
  result.statistics.scratchpadPeakBytes =
      static_cast<uint64_t>(peak * machine.rowBytes());
  npuModule = emitNPU(planned, context);
  return succeeded(mlir::verify(*npuModule));
}

bool Pipeline::checkSizes() {
  constexpr int64_t kMost = int64_t(1) << 40;
  Operation *large = nullptr;
  module->walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape())
        continue;
      int64_t elements = 1;
      for (int64_t size : tensor.getShape())
        if (__builtin_mul_overflow(elements, size, &elements) ||
            elements > kMost) {
          large = op;
          return WalkResult::interrupt();
        }
    }
    return WalkResult::advance();
  });
  if (!large)
    return true;
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "a value is too large: " << large->getName() << " at "
         << large->getLoc() << " gives " << large->getResult(0).getType()
         << ", and no memory holds more than 2^40 elements; choose smaller "
            "dimensions with --dim or --shape";
  return fail(CompileFailure::Kind::User, text);
}

bool Pipeline::checkMemory() {
  int64_t bytes = 0;
  std::string parts;
  for (auto [name, size] :
       llvm::zip(planned.segmentNames, planned.segmentBytes)) {
    if (size < 0 || __builtin_add_overflow(bytes, size, &bytes))
      bytes = std::numeric_limits<int64_t>::max();
    if (size != 0)
      parts +=
          (parts.empty() ? "" : ", ") + name + " " + bytesText(double(size));
  }
  auto capacity = static_cast<uint64_t>(target.dram.capacity_bytes);
  if (static_cast<uint64_t>(bytes) <= capacity)
    return true;
  return fail(CompileFailure::Kind::User,
              "the model needs " + bytesText(double(bytes)) +
                  " of off-chip memory (" + parts + ") and " + target.name +
                  " has dram.capacity_bytes = " + bytesText(double(capacity)) +
                  ": choose smaller dimensions with --dim or --shape, or a "
                  "target with more");
}

void Pipeline::keepTensors() {
  for (size_t segment = 0; segment < planned.segmentBytes.size(); ++segment) {
    int64_t bytes = 0;
    for (PlannedTensor &tensor : planned.tensors)
      if (tensor.kind == TensorKind::Scratch && tensor.place.bytes > 0 &&
          tensor.place.segment == static_cast<int>(segment)) {
        tensor.place.offset = bytes;
        bytes += tensor.place.bytes;
      }
    if (bytes > 0)
      planned.segmentBytes[segment] = bytes;
  }
}

bool Pipeline::synchronise() {
  // What the npu ops say is what is lowered.
  if (failed(readNPU(*npuModule, planned)))
    return false;
  std::vector<Placement> placements;
  for (const PlannedTensor &tensor : planned.tensors)
    placements.push_back(tensor.place);
  Lowering lowering(machine, placements);
  size_t next = 0;
  auto appendUntil = [&](size_t end) {
    for (; next < end && !cancelled(); ++next)
      lowering.append(planned.schedules[next], static_cast<int>(next));
  };
  for (const PlannedRoutine &routine : planned.routines) {
    appendUntil(routine.repeat.first);
    lowering.append(planned.schedules, routine.repeat, routine.name);
    next = routine.repeat.end();
  }
  appendUntil(planned.schedules.size());
  if (cancelled())
    return false;
  lowered = lowering.finish();
  std::string error;
  if (!tilework::synchronise(lowered, machine, error))
    return fail(CompileFailure::Kind::Internal, error);
  if (!plant("synchronised", lowered))
    return false;
  std::vector<isa::Instruction> instructions;
  for (const LoweredInstruction &lowered : lowered.instructions)
    instructions.push_back(lowered.instruction);
  OpBuilder builder(&context);
  isaModule = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(isaModule->getBody());
  auto program = isa::createProgram(builder, builder.getUnknownLoc(), "main",
                                    instructions);
  SmallVector<NamedAttribute> routines;
  for (const LoweredRoutine &routine : lowered.routines)
    routines.push_back(builder.getNamedAttr(
        routine.name, builder.getI64IntegerAttr(routine.begin)));
  if (!routines.empty())
    program->setAttr("isa.routines", builder.getDictionaryAttr(routines));
  return succeeded(mlir::verify(*isaModule));
}

bool Pipeline::verifyProgram(const isa::Image &image) {
  verifier::Limits limits;
  target::take(limits, target);
  verifier::Program program;
  program.text = image.text;
  const isa::Entry &entry = image.entries.front();
  const std::vector<uint64_t> places = isa::placeBindings(image, entry);
  std::map<uint32_t, uint64_t> bases;
  for (size_t i = 0; i < entry.bindings.size(); ++i) {
    const isa::Binding &binding = entry.bindings[i];
    const uint64_t base =
        bases.try_emplace(binding.segment, places[i]).first->second;
    program.segments[binding.segment] = {
        places[i] + binding.bytes - base,
        binding.kind == isa::BindingKind::Weights ||
            binding.kind == isa::BindingKind::Input ||
            binding.kind == isa::BindingKind::State};
  }
  program.nodeOf = [&](uint32_t pc, uint16_t context) {
    for (const isa::ProvenanceRange &range : image.provenance)
      if (pc >= range.begin && pc < range.end && context == range.context &&
          !range.nodes.empty())
        return image.nodes[range.nodes.front()];
    return std::string();
  };
  std::string problems;
  for (const std::string &problem : verifier::verify(program, limits))
    problems += (problems.empty() ? "" : "\n") + problem;
  return problems.empty() ||
         fail(CompileFailure::Kind::Internal,
              "the compiler made an illegal program: " + problems);
}

bool Pipeline::digestModel(isa::Image &image) const {
  std::string model;
  for (unsigned file = 0; file < files->size(); ++file) {
    if (files->isComputed(file))
      continue;
    auto sha256 = files->sha256(file, options.cancelled);
    if (!sha256)
      return false;
    if (files->isExternal(file))
      image.externalData.push_back(
          {std::string(files->location(file)), *sha256});
    else
      model = *sha256;
  }
  image.modelHash = isa::modelHashOf(model, image.externalData);
  return true;
}

void Pipeline::nameOperators(isa::Image &image) const {
  std::map<std::string_view, std::string_view> ops;
  for (const CompiledNode &node : result.nodes)
    ops.emplace(node.name, node.op);
  if (ops.empty()) // text has no list of nodes
    return;
  for (const std::string &name : image.nodes)
    image.nodeOps.emplace_back(ops[name]);
}

bool Pipeline::encode() {
  Location loc = module->getLoc();
  auto image = buildImage(planned, lowered, target, *files, loc);
  if (failed(image))
    return false;
  if (options.verify && !verifyProgram(*image))
    return false;
  if (options.weights) {
    auto bytes = fillWeights(planned, machine, *files, loc, options.cancelled);
    if (failed(bytes))
      return false;
    image->weights = {(*bytes)->data(), (*bytes)->size(), *bytes};
  }
  if (!digestModel(*image))
    return false;
  CompileStatistics &s = result.statistics;
  s.instructions = image->text.size();
  s.programBytes = image->text.size() * isa::kInstructionBytes;
  s.weightsBytes = static_cast<uint64_t>(planned.segmentBytes[0]);
  image->statistics = {{"instructions", s.instructions},
                       {"program_bytes", s.programBytes},
                       {"weights_bytes", s.weightsBytes},
                       {"scratchpad_peak_bytes", s.scratchpadPeakBytes},
                       {"work", work}};
  image->dims = dims;
  nameOperators(*image);
  result.image = std::move(*image);
  return true;
}

} // namespace tilework
