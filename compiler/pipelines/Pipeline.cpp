// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's table of contents: the stages in order, and what is done
// around each.

#include "compiler/pipelines/StageView.h"
#include "compiler/pipelines/Stages.h"
#include "compiler/transforms/Passes.h"
#include "dialects/isa/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mlir;

namespace tilework {

const std::vector<std::string> &stageNames() {
  static const std::vector<std::string> names = {
      "imported", "simplified",   "recognised", "fused",
      "planned",  "synchronised", "encoded"};
  return names;
}

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
    return fail(cancelled() ? CompileFailure::Kind::Cancelled
                : source.isText() && !diagnostics.empty()
                    ? CompileFailure::Kind::Invalid
                    : CompileFailure::Kind::Internal,
                cancelled() ? "the compilation was cancelled"
                : diagnostics.empty()
                    ? "stage '" + std::string(name) + "' failed"
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

std::string Pipeline::irText() {
  std::string text;
  ModuleOp last = isaModule ? *isaModule : npuModule ? *npuModule : *module;
  llvm::raw_string_ostream stream(text);
  last.print(stream, OpPrintingFlags().enableDebugInfo().useLocalScope());
  return text;
}

CompileResult runPipeline(const ModelSource &source,
                          const target::Target &target,
                          const CompileOptions &options) {
  return Pipeline(source, target, options).run();
}

} // namespace tilework
