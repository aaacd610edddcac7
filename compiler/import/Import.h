// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From an ONNX file to the graph dialect, stage `imported`: the entry of the
// compiler. Symbolic dimensions are fixed here and shape arithmetic is folded.

#ifndef TILEWORK_COMPILER_IMPORT_IMPORT_H
#define TILEWORK_COMPILER_IMPORT_IMPORT_H

#include "compiler/import/SourceFiles.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tilework {

struct ImportOptions {
  /// Symbolic dimensions by name (`--dim sequence=128`).
  std::map<std::string, int64_t> dims;
  /// Shapes of inputs by name (`--shape input_ids=1x128`).
  std::map<std::string, std::vector<int64_t>> shapes;
};

/// Where the model comes from: a path, or bytes that outlive the import's
/// result (`name` is then for messages). Bytes cannot have external data.
struct ImportSource {
  std::string path;
  std::string_view bytes;
  std::string name;

  static ImportSource file(std::string path) {
    return {std::move(path), {}, {}};
  }
  static ImportSource memory(std::string_view bytes, std::string name) {
    return {{}, bytes, std::move(name)};
  }
};

/// One ONNX node of the model, or of a function or branch inlined into it.
struct NodeReport {
  std::string name;
  std::string op;
  std::string domain;
  /// "npu", "host" (a launch step), "folded", or empty where unsupported;
  /// "unknown" behind an unsupported node whose result has no stated shape.
  std::string runsOn;
  /// Why the node is unsupported, else empty.
  std::string reason;
  /// Multiply-accumulates, plus elements of its results.
  double work = 0;
};

struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// What the spans of the module refer to; keep it while weights are read.
  std::shared_ptr<SourceFiles> files;
  std::vector<NodeReport> nodes;
  /// Symbolic dimensions as they were fixed, by --shape too.
  std::map<std::string, int64_t> dims;
  /// Computed values of the model's own graph by their names, for checks.
  std::vector<std::pair<std::string, mlir::Value>> values;
};

/// Why an import failed. `nodes` holds the whole model's report where the
/// class is Unsupported.
class ImportError : public llvm::ErrorInfo<ImportError> {
public:
  enum class Class {
    /// The user's options or files are wrong.
    User,
    /// The model is legal, but this compiler does not do it.
    Unsupported,
    /// The file is damaged or contradicts itself.
    Invalid
  };
  static char ID;

  ImportError(Class kind, std::string message,
              std::vector<NodeReport> nodes = {},
              mlir::OwningOpRef<mlir::ModuleOp> rest = {})
      : kind(kind), message(std::move(message)), nodes(std::move(nodes)),
        rest(std::move(rest)) {}

  Class kind;
  /// Sentences for people, without a final newline; names are escaped.
  std::string message;
  std::vector<NodeReport> nodes;
  /// Of an unsupported model what could be imported, with arguments for the
  /// results of the refused nodes: the stages behind may refuse more. May be
  /// null.
  mlir::OwningOpRef<mlir::ModuleOp> rest;

  /// 2 for an unsupported model, else 1.
  int exitCode() const { return kind == Class::Unsupported ? 2 : 1; }
  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }
};

/// Imports a model. On failure the error is an ImportError.
llvm::Expected<ImportedModel> importOnnx(mlir::MLIRContext &context,
                                         const ImportSource &source,
                                         const ImportOptions &options = {});

/// What the nodes of an unsupported model have against them, as a message: how
/// many of them are refused, with how much of the work of those that could be
/// checked, and how many could not be, because they stand behind nodes whose
/// results have no known shape.
struct Refusal {
  std::string message;
  double unsupportedShare = 0; ///< 0 to 1
  size_t unchecked = 0;
};
Refusal refusalOf(const std::vector<NodeReport> &nodes);

/// Sets `runsOn` of each supported node by what became of it in the module: a
/// node behind a launch step runs on the host, one behind another op on the
/// chip, one that left no op is folded. One that could not be checked stays
/// unknown.
void placeNodes(mlir::ModuleOp module, std::vector<NodeReport> &nodes);

/// Registers the dialects that an imported module uses.
void registerImportDialects(mlir::DialectRegistry &registry);

} // namespace tilework

#endif // TILEWORK_COMPILER_IMPORT_IMPORT_H
