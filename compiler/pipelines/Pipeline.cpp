// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's table of contents: the stages in order, each a call into the
// part that does it.

#include "compiler/pipelines/Pipeline.h"

#include "compiler/codegen/ImageBuilder.h"
#include "compiler/codegen/LayerWork.h"
#include "compiler/codegen/ModelWork.h"
#include "compiler/codegen/WeightSegment.h"
#include "compiler/conversion/GraphToNPU.h"
#include "compiler/conversion/NPUModule.h"
#include "compiler/conversion/Synchronise.h"
#include "compiler/import/Import.h"
#include "compiler/pipelines/EntryProblem.h"
#include "compiler/pipelines/PlantFault.h"
#include "compiler/pipelines/StageView.h"
#include "compiler/transforms/Passes.h"
#include "compiler/verifier/Verifier.h"
#include "dialects/graph/GraphDialect.h"
#include "dialects/isa/ISADialect.h"
#include "dialects/isa/OutputFile.h"
#include "dialects/npu/NPUDialect.h"
#include "dialects/target/Figures.h"
#include "dialects/target/Sha256.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <chrono>
#include <limits>

using namespace mlir;

namespace tilework {

const std::vector<std::string> &stageNames() {
  static const std::vector<std::string> names = {
      "imported", "simplified",   "recognised", "fused",
      "planned",  "synchronised", "encoded"};
  return names;
}

planning::Machine machineOf(const target::Target &target) {
  planning::Machine machine;
  target::take(machine, target);
  machine.dramBytesPerCycle = target.dramBytesPerCycle();
  return machine;
}

namespace {

class Pipeline {
public:
  Pipeline(const ModelSource &source, const target::Target &target,
           const CompileOptions &options)
      : source(source), target(target), options(options),
        machine(machineOf(target)) {}
  CompileResult run();

private:
  // The stages.
  bool import();
  bool graphPasses(const char *name, void (*build)(OpPassManager &));
  /// Before anything is fused.
  bool countWork();
  /// Says of each node where it runs, once launch steps are set apart.
  bool placeReports();
  bool plan();
  /// Fails with the nodes that have no plan and their share of the work.
  bool refuse(llvm::Error error);
  /// Fails with what `reports` say.
  bool failUnsupported();
  /// Notes the ops without a plan with their nodes. `listed`: only with those
  /// that the model has.
  void addRefusals(const UnsupportedGraph &graph, bool listed);
  /// Of a model that the import refused, asks the stages behind what they would
  /// refuse too.
  void refuseRest(OwningOpRef<ModuleOp> rest);
  bool synchronise();
  bool encode();
  /// Refuses values that no machine holds, before their sizes are multiplied.
  bool checkSizes();
  /// Refuses a program whose tensors do not fit the memory of the target.
  bool checkMemory();
  /// Gives each intermediate tensor bytes of its own.
  void keepTensors();
  void show(const char *name);
  /// Where the IR behind a stage goes in the folder of --dump-ir.
  std::string dumpPath(size_t stage) const;
  /// Notes the files that the model is read from, and refuses to write over
  /// one.
  bool checkDumps();
  bool dump(size_t stage);
  /// Whether the stage is the one in which a fault is planted.
  template <typename Form> bool plant(const char *name, Form &&form);
  /// Gives the image the digests of all bytes that the model stands in; false
  /// once cancelled.
  bool digestModel(isa::Image &image) const;
  /// Says of each node that the program names which operator it is.
  void nameOperators(isa::Image &image) const;
  /// Holds the encoded program against the rules of the machine.
  bool verifyProgram(const isa::Image &image);

  /// Runs one stage: times it, dumps what it left, and says whether to go on.
  template <typename Stage> bool stage(const char *name, Stage &&body);
  bool fail(CompileFailure::Kind kind, std::string message);
  std::string irText();
  bool cancelled() const {
    return options.cancelled && options.cancelled->load();
  }

  const ModelSource &source;
  const target::Target &target;
  const CompileOptions &options;
  planning::Machine machine;
  MLIRContext context;
  std::string diagnostics;
  /// What the stages leave: graph, npu, isa.
  OwningOpRef<ModuleOp> module, npuModule, isaModule;
  std::shared_ptr<SourceFiles> files;
  std::vector<std::pair<std::string, Value>> values; ///< of the model
  std::vector<NodeReport> reports;                   ///< of its nodes
  std::map<std::string, int64_t> dims;               ///< as they were fixed
  nlohmann::json work;                               ///< of the model
  PlannedProgram planned;
  LoweredProgram lowered;
  CompileResult result;
};

CompileResult Pipeline::run() {
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      if (!diagnostics.empty())
        diagnostics += "\n";
      diagnostics += diagnostic.str();
    }
    return success();
  });
  if (!options.stopAfter.empty() &&
      !llvm::is_contained(stageNames(), options.stopAfter)) {
    fail(CompileFailure::Kind::User, "there is no stage '" + options.stopAfter +
                                         "': choose one of " +
                                         llvm::join(stageNames(), ", "));
    return std::move(result);
  }
  if (!options.dumpFolder.empty())
    if (std::error_code error =
            llvm::sys::fs::create_directories(options.dumpFolder)) {
      fail(CompileFailure::Kind::User, "cannot make the folder '" +
                                           options.dumpFolder +
                                           "' for the IR: " + error.message());
      return std::move(result);
    }
  stage("imported", [&] { return import() && checkSizes() && checkDumps(); }) &&
      stage("simplified",
            [&] { return graphPasses("simplified", buildSimplifiedStage); }) &&
      stage("recognised",
            [&] {
              return graphPasses("recognised", buildRecognisedStage) &&
                     countWork();
            }) &&
      stage("fused",
            [&] {
              return graphPasses("fused", buildFusedStage) && placeReports();
            }) &&
      stage("planned", [&] { return plan(); }) &&
      stage("synchronised", [&] { return synchronise(); }) &&
      stage("encoded", [&] { return encode(); });
  return std::move(result);
}

bool Pipeline::fail(CompileFailure::Kind kind, std::string message) {
  if (!result.failure) {
    result.failure.emplace();
    result.failure->kind = kind;
    result.failure->message = std::move(message);
  }
  return false;
}

template <typename Stage> bool Pipeline::stage(const char *name, Stage &&body) {
  if (cancelled())
    return fail(CompileFailure::Kind::Cancelled,
                "the compilation was cancelled");
  auto start = std::chrono::steady_clock::now();
  bool done = body();
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  result.statistics.stages.push_back({name, seconds.count()});
  if (!done) {
    if (cancelled())
      result.failure.reset();
    // What a stage finds wrong with a module that the user wrote is the user's.
    bool isText = llvm::StringRef(source.path).ends_with(".mlir");
    return fail(
        cancelled()                      ? CompileFailure::Kind::Cancelled
        : isText && !diagnostics.empty() ? CompileFailure::Kind::Invalid
                                         : CompileFailure::Kind::Internal,
        cancelled()           ? "the compilation was cancelled"
        : diagnostics.empty() ? "stage '" + std::string(name) + "' failed"
                              : diagnostics);
  }
  if (options.finished)
    options.finished(name);
  if (options.observer)
    show(name);
  bool last = options.stopAfter == name;
  if (last)
    result.ir = irText();
  if (!options.dumpFolder.empty() && !dump(result.statistics.stages.size() - 1))
    return false;
  return !last;
}

std::string Pipeline::dumpPath(size_t stage) const {
  llvm::SmallString<128> path(options.dumpFolder);
  llvm::sys::path::append(path, std::to_string(stage + 1) + "-" +
                                    stageNames()[stage] + ".mlir");
  return path.str().str();
}

bool Pipeline::checkDumps() {
  if (source.path.empty())
    return true;
  result.files = {source.path};
  for (unsigned file = 0; file < files->size(); ++file)
    if (files->isExternal(file)) {
      llvm::SmallString<128> path(llvm::sys::path::parent_path(source.path));
      llvm::sys::path::append(path, files->location(file));
      result.files.push_back(path.str().str());
    }
  if (options.dumpFolder.empty())
    return true;
  for (size_t stage = 0; stage < stageNames().size(); ++stage)
    if (std::string problem =
            isa::overwriteProblem(dumpPath(stage), result.files);
        !problem.empty())
      return fail(CompileFailure::Kind::User, problem);
  return true;
}

bool Pipeline::dump(size_t stage) {
  try {
    std::string text = irText();
    isa::OutputFile file(dumpPath(stage));
    file.put(text.data(), text.size());
    file.keep();
  } catch (const isa::ImageError &error) {
    return fail(CompileFailure::Kind::User, error.what());
  }
  return true;
}

void Pipeline::show(const char *name) {
  StageView view;
  view.name = name;
  view.graph = *module;
  view.files = files.get();
  view.values = &values;
  if (npuModule)
    view.planned = &planned;
  if (result.image)
    view.image = &*result.image;
  options.observer(view);
}

template <typename Form> bool Pipeline::plant(const char *name, Form &&form) {
  if (options.plantFault == std::string(name) + ":crash")
    LLVM_BUILTIN_TRAP;
  return options.plantFault != name || plantFault(form) ||
         fail(CompileFailure::Kind::User,
              "no fault can be planted in stage '" + options.plantFault + "'");
}

std::string Pipeline::irText() {
  std::string text;
  ModuleOp last = isaModule ? *isaModule : npuModule ? *npuModule : *module;
  llvm::raw_string_ostream stream(text);
  last.print(stream, OpPrintingFlags().enableDebugInfo().useLocalScope());
  return text;
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
  if (llvm::StringRef(source.path).ends_with(".mlir")) {
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

} // namespace

CompileResult runPipeline(const ModelSource &source,
                          const target::Target &target,
                          const CompileOptions &options) {
  return Pipeline(source, target, options).run();
}

} // namespace tilework
