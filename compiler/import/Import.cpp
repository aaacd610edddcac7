// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public face of the import: opens the source, builds the function from
// the graph's inputs to its outputs, and reports what is not supported.

#include "compiler/import/Import.h"

#include "compiler/import/Importer.h"
#include "dialects/graph/NodeNames.h"
#include "dialects/isa/Printable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace tilework;
using onnx::quoted;
using Kind = ImportError::Class;

char ImportError::ID = 0;

Importer::Importer(MLIRContext &context, const onnx::Model &model,
                   const ImportOptions &options,
                   std::shared_ptr<SourceFiles> files, std::string folder,
                   bool hasFolder)
    : context(context), model(model), options(options), files(std::move(files)),
      folder(std::move(folder)), hasFolder(hasFolder), builder(&context),
      values(builder, *this->files) {}

llvm::Error Importer::unsupported() {
  double total = 0, missing = 0;
  size_t count = 0;
  for (const NodeReport &report : reports) {
    total += report.work;
    if (report.reason.empty())
      continue;
    missing += report.work;
    ++count;
  }
  double share = total > 0 ? missing / total : 0;
  std::string message;
  llvm::raw_string_ostream os(message);
  os << count << " of " << reports.size() << " nodes are not supported ("
     << llvm::format("%.1f", share * 100) << " % of the work):";
  for (const NodeReport &report : reports)
    if (!report.reason.empty())
      os << "\n  " << quoted(report.name) << " ("
         << (report.domain.empty() ? "" : quoted(report.domain) + " ")
         << quoted(report.op) << "): " << report.reason;
  return llvm::make_error<ImportError>(Kind::Unsupported, message, reports,
                                       share);
}

llvm::Expected<ImportedModel> Importer::run() {
  auto failure = [](Kind kind, std::string message) {
    return llvm::make_error<ImportError>(kind, std::move(message));
  };
  // Diagnostics of attributes and verifiers become the error's text.
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += (diagnostics.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  try {
    auto opset = model.opsets.find("");
    if (opset == model.opsets.end() && !model.opsets.empty() &&
        model.functions.empty())
      return failure(Kind::Invalid, "the model names no version of the default "
                                    "operator set");
    if (model.graph.hasSparseInitializers)
      return failure(Kind::Unsupported,
                     "sparse initializers are not supported");
    Scope scope;
    scope.opsets = &model.opsets;
    enterGraph(model.graph, scope);
    std::vector<const onnx::ValueInfo *> inputs;
    for (const onnx::ValueInfo &input : model.graph.inputs)
      if (!scope.initializers.count(input.name))
        inputs.push_back(&input);
    SmallVector<Type> types = llvm::to_vector_of<Type>(inputTypes(inputs));

    Location loc = builder.getUnknownLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    auto function = func::FuncOp::create(
        builder, loc, "main", builder.getFunctionType(types, TypeRange()));
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToEnd(body);
    auto nameAttr = [&](std::string_view name) {
      return builder.getStringAttr(legalUtf8(name));
    };
    for (auto [i, input] : llvm::enumerate(inputs)) {
      function.setArgAttr(i, graph::kNameAttrName, nameAttr(input->name));
      define(input->name, {values.fromValue(body->getArgument(i)), false},
             scope);
    }
    importNodes(model.graph.nodes, scope);
    for (const NodeReport &report : reports)
      if (!report.reason.empty())
        return unsupported();

    SmallVector<Value> results;
    SmallVector<Attribute> resultAttributes;
    if (model.graph.outputs.empty())
      return failure(Kind::Invalid, "the model has no output");
    for (const onnx::ValueInfo &output : model.graph.outputs) {
      Binding *binding = find(output.name, scope);
      if (!binding)
        return failure(Kind::Invalid,
                       "nothing makes the output " + quoted(output.name));
      values.loc = NameLoc::get(nameAttr(output.name));
      results.push_back(values.materialise(binding->val));
      resultAttributes.push_back(builder.getDictionaryAttr(
          builder.getNamedAttr(graph::kNameAttrName, nameAttr(output.name))));
    }
    func::ReturnOp::create(builder, loc, results);
    function.setFunctionType(
        builder.getFunctionType(types, TypeRange(ValueRange(results))));
    for (auto [i, attribute] : llvm::enumerate(resultAttributes))
      function.setResultAttrs(i, cast<DictionaryAttr>(attribute));
    SmallVector<Attribute> names;
    for (unsigned i = 0; i < files->size(); ++i)
      names.push_back(builder.getStringAttr(files->location(i)));
    (*module)->setAttr(graph::kFilesAttrName, builder.getArrayAttr(names));
    if (failed(mlir::verify(*module)))
      return failure(Kind::Invalid,
                     "the model contradicts itself: " + diagnostics);
    ImportedModel result;
    result.module = std::move(module);
    result.files = files;
    result.nodes = std::move(reports);
    result.dims = dims;
    for (const onnx::Node &node : model.graph.nodes)
      for (std::string_view output : node.outputs)
        if (auto made = scope.values.find(output);
            made != scope.values.end() && made->second.val.value &&
            made->second.val.value.getDefiningOp())
          result.values.emplace_back(output, made->second.val.value);
    return result;
  } catch (const Fatal &fatal) {
    return failure(fatal.kind, fatal.message);
  } catch (const UnsupportedNode &e) {
    return failure(Kind::Unsupported, e.what());
  } catch (const InvalidNode &e) {
    return failure(Kind::Invalid, e.what());
  } catch (const std::bad_alloc &) {
    return failure(Kind::Invalid, "the model asks for more memory than there "
                                  "is");
  }
}

llvm::Expected<ImportedModel>
tilework::importOnnx(MLIRContext &context, const ImportSource &source,
                     const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  auto files = std::make_shared<SourceFiles>();
  std::string error, folder;
  bool hasFolder = !source.path.empty();
  std::string name = hasFolder ? source.path : source.name;
  if (hasFolder) {
    if (files->addFile(source.path, error) == SourceFiles::kFailed)
      return llvm::make_error<ImportError>(Kind::User, error);
    size_t slash = source.path.find_last_of('/');
    if (slash != source.path.npos)
      folder = source.path.substr(0, slash + 1);
  } else {
    files->addBorrowed(source.bytes, source.name);
  }
  std::optional<onnx::Model> model = onnx::parseModel(files->bytes(0), error);
  if (!model)
    return llvm::make_error<ImportError>(Kind::Invalid,
                                         quoted(name) + ": " + error);
  return Importer(context, *model, options, files, folder, hasFolder).run();
}

void tilework::placeNodes(ModuleOp module, std::vector<NodeReport> &nodes) {
  llvm::StringMap<StringRef> places;
  module.walk([&](Operation *op) {
    if (op->getDialect() == nullptr ||
        isa<graph::WeightOp, arith::ConstantOp, func::FuncOp, func::ReturnOp,
            ModuleOp>(op))
      return;
    StringRef place = isa<graph::LaunchStepOp>(op) ? "host" : "npu";
    for (const std::string &name : graph::nodeNames(op->getLoc())) {
      auto [entry, fresh] = places.insert({name, place});
      if (!fresh && place == "npu")
        entry->second = place;
    }
  });
  for (NodeReport &node : nodes) {
    if (!node.reason.empty())
      continue;
    auto place = places.find(node.name);
    node.runsOn = place == places.end() ? "folded" : place->second.str();
  }
}

void tilework::registerImportDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect,
                  graph::GraphDialect>();
}
