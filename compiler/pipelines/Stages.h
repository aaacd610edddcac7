// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One compilation: what its stages hand on, and what all of them share. Private
// to the pipeline: Pipeline.cpp runs the stages, Stages.cpp is what each does.

#pragma once

#include "compiler/conversion/GraphToNPU.h"
#include "compiler/import/Import.h"
#include "compiler/pipelines/Pipeline.h"
#include "compiler/pipelines/PlantFault.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir {
class OpPassManager;
}

namespace tilework {

class Pipeline {
public:
  Pipeline(const ModelSource &source, const target::Target &target,
           const CompileOptions &options)
      : source(source), target(target), options(options),
        machine(machineOf(target)) {}
  /// Once.
  CompileResult run();

private:
  // The stages (Stages.cpp).
  bool import();
  bool graphPasses(const char *name, void (*build)(mlir::OpPassManager &));
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
  void refuseRest(mlir::OwningOpRef<mlir::ModuleOp> rest);
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
  template <typename Form> bool plant(const char *name, Form &&form) {
    if (options.plantFault == std::string(name) + ":crash")
      LLVM_BUILTIN_TRAP;
    return options.plantFault != name || plantFault(form) ||
           fail(CompileFailure::Kind::User,
                "no fault can be planted in stage '" + options.plantFault +
                    "'");
  }
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
  mlir::MLIRContext context;
  std::string diagnostics;
  /// What the stages leave: graph, npu, isa.
  mlir::OwningOpRef<mlir::ModuleOp> module, npuModule, isaModule;
  std::shared_ptr<SourceFiles> files;
  std::vector<std::pair<std::string, mlir::Value>> values; ///< of the model
  std::vector<NodeReport> reports;                         ///< of its nodes
  std::map<std::string, int64_t> dims; ///< as they were fixed
  nlohmann::json work;                 ///< of the model
  PlannedProgram planned;
  LoweredProgram lowered;
  CompileResult result;
};

} // namespace tilework
