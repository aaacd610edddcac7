// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a model's nodes, private to the import: scopes of names,
// inlining of functions and branches, and the report of every node.

#ifndef TILEWORK_COMPILER_IMPORT_IMPORTER_H
#define TILEWORK_COMPILER_IMPORT_IMPORTER_H

#include "compiler/import/Import.h"
#include "compiler/import/Lowering.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <set>
#include <unordered_map>

namespace tilework {

/// A name's value, or the fact that an unsupported node should have made it.
struct Binding {
  Val val;
  bool unknown = false;
};

/// Names visible to the nodes of one graph. A branch sees its surroundings, a
/// function does not.
struct Scope {
  Scope *outer = nullptr;
  std::unordered_map<std::string_view, Binding> values;
  std::unordered_map<std::string_view, const onnx::Tensor *> initializers;
  std::unordered_map<std::string_view, const onnx::ValueInfo *> infos;
  const std::map<std::string_view, int64_t> *opsets = nullptr;
  std::set<std::string_view> used;
  std::set<std::string_view> *outerUsed = nullptr;
  std::function<const onnx::Attribute *(std::string_view)> attribute;
  std::string prefix;
  unsigned depth = 0;
};

class Importer {
public:
  Importer(mlir::MLIRContext &context, const onnx::Model &model,
           const ImportOptions &options, std::shared_ptr<SourceFiles> files,
           std::string folder, bool hasFolder);

  llvm::Expected<ImportedModel> run();

private:
  /// Raised for everything that ends the import at once.
  struct Fatal {
    ImportError::Class kind;
    std::string message;
  };
  [[noreturn]] void fail(ImportError::Class kind, std::string message) {
    throw Fatal{kind, std::move(message)};
  }

  // Importer.cpp
  void importNodes(const std::vector<onnx::Node> &nodes, Scope &scope);
  void importNode(const onnx::Node &node, Scope &scope);
  void lowerNode(const onnx::Node &node, const OpEntry &entry, int64_t opset,
                 Scope &scope, NodeReport &report);
  void inlineFunction(const onnx::Node &node, const onnx::Function &function,
                      Scope &scope);
  std::vector<Val> inlineGraph(const onnx::Graph &graph,
                               const std::vector<Val> &inputs, Scope &scope,
                               const std::string &name);
  bool inlineBranch(const onnx::Node &node, Scope &scope, std::string &reason);
  void enterGraph(const onnx::Graph &graph, Scope &scope);
  void define(std::string_view name, Binding binding, Scope &scope);
  void defineUnknown(const onnx::Node &node, Scope &scope, NodeReport &report);
  bool isPlaceholder(const Val &val) const;
  /// The rest of a refused model: placeholders become arguments of `function`,
  /// results are what outputs and refused nodes read of the others.
  void finishRest(mlir::func::FuncOp function, Scope &scope);
  Binding *find(std::string_view name, Scope &scope);
  Binding lookup(std::string_view name, Scope &scope,
                 const std::string &reader);
  Val constant(const onnx::Tensor &tensor);
  llvm::Error unsupported(mlir::OwningOpRef<mlir::ModuleOp> rest);

  // InputShapes.cpp
  std::vector<mlir::RankedTensorType>
  inputTypes(const std::vector<const onnx::ValueInfo *> &inputs);
  std::optional<std::vector<int64_t>> statedShape(const onnx::ValueInfo &info);

  mlir::MLIRContext &context;
  const onnx::Model &model;
  const ImportOptions &options;
  std::shared_ptr<SourceFiles> files;
  std::string folder;
  bool hasFolder;
  mlir::OpBuilder builder;
  ValueBuilder values;
  std::map<std::string, int64_t> dims;
  std::vector<NodeReport> reports;
  std::set<std::string> reportNames;
  /// Of the node at hand, where its lowering went to the end before it was
  /// refused.
  std::vector<mlir::RankedTensorType> refusedTypes;
  /// What stands for results of refused nodes, and what such nodes read.
  std::vector<mlir::Operation *> placeholders;
  std::vector<mlir::Value> readByRefused;
  size_t expandedNodes = 0;
};

/// What a node that is not lowered gives as its first output, and the
/// multiply-accumulates that it takes.
struct RefusedResult {
  mlir::RankedTensorType type;
  double macs = 0;
};

/// Of the ops whose results have shapes that follow from their inputs and
/// attributes alone; nothing for the others.
std::optional<RefusedResult> refusedResult(const onnx::Node &node,
                                           llvm::ArrayRef<Val> inputs,
                                           mlir::MLIRContext &context);

/// The names that nodes read, those inside their branches as well.
void collectUses(const std::vector<onnx::Node> &nodes,
                 std::set<std::string_view> &used);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_IMPORTER_H
