// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's one door: a model and a target in, a program image out. Names
// no LLVM or MLIR type, so that tools and the Python module include it cheaply.

#pragma once

#include "dialects/isa/Image.h"
#include "dialects/target/Target.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

/// What a stage left, in terms of MLIR: compiler/pipelines/StageView.h.
struct StageView;

/// A model: a file (.onnx, .mlir), or the bytes of an ONNX model that outlive
/// the call.
struct ModelSource {
  std::string path;
  std::string_view bytes;
  std::string name; ///< of bytes, for messages

  /// Whether it is text of the graph dialect, which has all its sizes: a file
  /// is by its name.
  bool isText() const;
};

struct CompileOptions {
  /// Symbolic dimensions and shapes of inputs, by name.
  std::map<std::string, int64_t> dims;
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Stop behind this stage (see stageNames()); empty: to the end.
  std::string stopAfter;
  /// Write the IR behind each stage to a file of its name in this folder; one
  /// that the model is read from is a failure of kind User.
  std::string dumpFolder;
  /// Check the final program with the independent verifier.
  bool verify = true;
  /// Read and write weights; false for programs whose values do not matter.
  bool weights = true;
  /// Called in the compiling thread behind each stage with what it left; must
  /// not throw.
  std::function<void(const StageView &)> observer;
  /// Called in the compiling thread behind each stage with its name; must not
  /// throw, nor use what ends before the compilation.
  std::function<void(const std::string &)> finished;
  /// Gives every intermediate tensor bytes of its own, so that all of them are
  /// there after a run.
  bool keepTensors = false;
  /// For tests of what happens then: a stage whose result is made wrong, or,
  /// with ":crash" behind its name, in which the compiler crashes.
  std::string plantFault;
  /// Set from another thread to give the compilation up; may be null.
  const std::atomic<bool> *cancelled = nullptr;
};

struct StageTime {
  std::string name;
  double seconds = 0;
};

/// What became of one node of the model.
struct CompiledNode {
  std::string name, op, domain;
  /// "npu", "host", "folded"; "unknown" where it could not be checked; empty:
  /// unsupported.
  std::string runsOn;
  std::string reason; ///< why unsupported
  double work = 0;
};

struct CompileStatistics {
  uint64_t instructions = 0, programBytes = 0, weightsBytes = 0;
  uint64_t scratchpadPeakBytes = 0;
  std::vector<StageTime> stages;
};

struct CompileFailure {
  enum class Kind {
    User,        ///< options or files are wrong
    Unsupported, ///< the model is legal; `nodes` says what is missing
    Invalid,     ///< the model contradicts itself
    Cancelled,
    Internal ///< a fault of this compiler
  };
  Kind kind = Kind::Internal;
  std::string message;
  std::vector<CompiledNode> nodes;
  /// Of the work of the nodes that could be checked.
  double unsupportedShare = 0;
  uint64_t uncheckedNodes = 0; ///< behind refused ones, without shapes
};

struct CompileResult {
  std::optional<isa::Image> image;       ///< unless stopped before the end
  std::optional<CompileFailure> failure; ///< then there is no image
  /// The files that the model was read from, that of the source first.
  std::vector<std::string> files;
  /// IR of the stage stopped after.
  std::string ir;
  std::vector<CompiledNode> nodes;
  CompileStatistics statistics;
};

/// An ONNX op that the import knows: in the operator sets of its domain from
/// `since` to `until`.
struct OperatorInfo {
  std::string domain, op;
  int since = 0, until = 0;
};
/// By domain and name.
std::vector<OperatorInfo> operators();

/// What a model file says of itself, before any size is fixed.
struct ModelDescription {
  struct Value {
    std::string name, type;
    /// Numbers, names of open dimensions, or "?".
    std::vector<std::string> shape;
  };
  std::string producer;
  std::map<std::string, int64_t> opsets; ///< by domain, "" the default one
  std::vector<Value> inputs, outputs;
  /// Axes of inputs that have no size; the name is empty where there is none,
  /// and the axis -1 where not even their number is known.
  struct OpenAxis {
    std::string input;
    int64_t axis = 0;
    std::string name;
  };
  std::vector<OpenAxis> openAxes;
  std::vector<std::string> openDimensions; ///< the names among them
  /// How the sizes may be given, with N for each: --dim for names, --shape for
  /// inputs with an axis that has none.
  std::string sizeOptions;
  std::map<std::string, uint64_t> ops; ///< "domain.Op" → nodes
  /// Of `ops` those that no operator set has a lowering for, by name.
  std::vector<std::string> unknownOps;
};
/// Of an ONNX file, or bytes of one. A failure is a text in `error`.
std::optional<ModelDescription> describeModel(const ModelSource &source,
                                              std::string &error);

/// The stages in order: imported, simplified, recognised, fused, planned,
/// synchronised, encoded.
const std::vector<std::string> &stageNames();

/// Compiles in a thread of its own, in which a crash becomes a failure of kind
/// Internal. Throws nothing.
CompileResult compile(const ModelSource &source, const target::Target &target,
                      const CompileOptions &options = {});

} // namespace tilework
