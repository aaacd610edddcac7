// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public face of the import: opens the source, builds the function from
// the graph's inputs to its outputs, and reports what is not supported.

#include "compiler/import/Import.h"

#include "compiler/import/FileKind.h"
#include "compiler/import/Importer.h"
#include "dialects/graph/NodeNames.h"
#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"

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

Refusal tilework::refusalOf(const std::vector<NodeReport> &nodes) {
  Refusal refusal;
  double total = 0, missing = 0;
  size_t count = 0;
  for (const NodeReport &node : nodes) {
    if (node.runsOn == "unknown" && node.reason.empty()) {
      ++refusal.unchecked;
      continue;
    }
    total += node.work;
    if (node.reason.empty())
      continue;
    missing += node.work;
    ++count;
  }
  refusal.unsupportedShare = total > 0 ? missing / total : 0;
  llvm::raw_string_ostream os(refusal.message);
  os << count << " of " << countText(nodes.size(), "node")
     << (count == 1 ? " is" : " are") << " not supported ("
     << llvm::format("%.1f", refusal.unsupportedShare * 100)
     << " % of the work";
  if (refusal.unchecked)
    os << " that could be checked; " << countText(refusal.unchecked, "node")
       << " behind them could not, for want of shapes";
  os << "):";
  for (const NodeReport &node : nodes)
    if (!node.reason.empty())
      os << "\n  " << quoted(node.name) << " ("
         << (node.domain.empty() ? "" : quoted(node.domain) + " ")
         << quoted(node.op) << "): " << node.reason;
  return refusal;
}

llvm::Error Importer::unsupported(OwningOpRef<ModuleOp> rest) {
  return llvm::make_error<ImportError>(
      Kind::Unsupported, refusalOf(reports).message, reports, std::move(rest));
}

void Importer::finishRest(func::FuncOp function, Scope &scope) {
  Block *body = &function.getBody().front();
  std::vector<Value> wanted = readByRefused;
  for (const onnx::ValueInfo &output : model.graph.outputs)
    if (Binding *binding = find(output.name, scope))
      if (binding->val.value)
        wanted.push_back(binding->val.value);
  SmallVector<Value> results;
  for (Value value : wanted)
    if (!value.getDefiningOp<tensor::EmptyOp>() &&
        value.getParentBlock() == body && !llvm::is_contained(results, value))
      results.push_back(value);
  auto name = [&](const char *kind, size_t i) {
    return builder.getStringAttr(std::string(kind) + std::to_string(i));
  };
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  for (auto [i, placeholder] : llvm::enumerate(placeholders)) {
    placeholder->getResult(0).replaceAllUsesWith(body->addArgument(
        placeholder->getResult(0).getType(), placeholder->getLoc()));
    placeholder->erase();
  }
  // Grows the lists of attributes too.
  function.setType(builder.getFunctionType(body->getArgumentTypes(),
                                           TypeRange(ValueRange(results))));
  const unsigned known = body->getNumArguments() - placeholders.size();
  for (size_t i = 0; i < placeholders.size(); ++i)
    function.setArgAttr(known + i, graph::kNameAttrName, name("refused ", i));
  for (size_t i = 0; i < results.size(); ++i)
    function.setResultAttr(i, graph::kNameAttrName, name("rest ", i));
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
      if (!report.reason.empty()) {
        finishRest(function, scope);
        const bool legal = succeeded(mlir::verify(*module));
        return unsupported(legal ? std::move(module) : OwningOpRef<ModuleOp>());
      }

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

/// Whether the model contradicts itself with these sizes.
static bool contradicts(
    llvm::function_ref<llvm::Expected<ImportedModel>(const ImportOptions &)>
        import,
    const ImportOptions &options) {
  llvm::Expected<ImportedModel> imported = import(options);
  if (imported)
    return false;
  bool contradicts = false;
  llvm::handleAllErrors(imported.takeError(), [&](const ImportError &error) {
    contradicts = error.kind != Kind::Unsupported;
  });
  return contradicts;
}

/// Of a model that contradicts itself: for each size that the user chose the
/// largest below it with which it does not, as a sentence; a table of positions
/// or the like is then what limits it. Looked for by halves, so that whatever
/// limits it is found.
static std::string largestLegalSizes(
    llvm::function_ref<llvm::Expected<ImportedModel>(const ImportOptions &)>
        import,
    const ImportOptions &options) {
  std::string text;
  for (const auto &[name, size] : options.dims) {
    ImportOptions tried = options;
    int64_t legal = size, illegal = size;
    // One broadcasts, so that it says nothing of larger sizes.
    do {
      illegal = legal;
      tried.dims[name] = legal /= 2;
    } while (legal > 1 && contradicts(import, tried));
    if (legal <= 1)
      continue;
    while (illegal - legal > 1) {
      const int64_t middle = legal + (illegal - legal) / 2;
      tried.dims[name] = middle;
      (contradicts(import, tried) ? illegal : legal) = middle;
    }
    text += "; the largest legal size of " + quoted(name) + " is " +
            std::to_string(legal);
  }
  return text;
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
  if (std::string kind = otherKindOfFile(files->bytes(0)); !kind.empty())
    return llvm::make_error<ImportError>(Kind::User,
                                         quoted(name) + " is " + kind);
  std::optional<onnx::Model> model = onnx::parseModel(files->bytes(0), error);
  if (!model)
    return llvm::make_error<ImportError>(Kind::Invalid,
                                         quoted(name) + ": " + error);
  auto import = [&](const ImportOptions &options) {
    return Importer(context, *model, options, files, folder, hasFolder).run();
  };
  llvm::Expected<ImportedModel> imported = import(options);
  if (imported)
    return imported;
  return llvm::handleErrors(
      imported.takeError(), [&](std::unique_ptr<ImportError> failure) {
        if (failure->kind == Kind::Invalid)
          failure->message += largestLegalSizes(import, options);
        return llvm::Error(std::move(failure));
      });
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
    if (!node.reason.empty() || node.runsOn == "unknown")
      continue;
    auto place = places.find(node.name);
    node.runsOn = place == places.end() ? "folded" : place->second.str();
  }
}

void tilework::registerImportDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect,
                  graph::GraphDialect>();
}
