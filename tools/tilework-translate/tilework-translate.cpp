// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports an ONNX file and prints the module, after the import or after the
// graph pipeline; exits as `tilework compile` would on a model that it refuses.

#include "compiler/import/Import.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static cl::opt<std::string> input(cl::Positional, cl::Required,
                                  cl::desc("<model.onnx>"));
static cl::list<std::string> dims("dim", cl::desc("NAME=SIZE of a symbolic "
                                                  "dimension"));
static cl::list<std::string> shapes("shape", cl::desc("INPUT=1x128"));
static cl::opt<bool> fused("fused", cl::desc("run the graph pipeline"));
static cl::opt<bool> report("report", cl::desc("print where each node runs"));
static cl::opt<bool> locations("locations", cl::desc("print locations"));
static cl::opt<bool> quiet("quiet", cl::desc("do not print the module"));

/// Splits NAME=VALUE, or exits with a sentence.
static std::pair<StringRef, StringRef> parsePair(StringRef text) {
  auto [name, value] = text.split('=');
  if (name.empty() || value.empty()) {
    errs() << "error: expected NAME=VALUE, not '" << text << "'\n";
    exit(1);
  }
  return {name, value};
}

static void printReport(ArrayRef<tilework::NodeReport> nodes) {
  for (const tilework::NodeReport &node : nodes) {
    outs() << node.name << " " << node.op << ": "
           << (node.reason.empty() ? node.runsOn
                                   : "unsupported, " + node.reason)
           << "\n";
  }
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Tilework import driver\n");
  tilework::ImportOptions options;
  auto number = [](StringRef text) {
    int64_t value = 0;
    if (text.getAsInteger(10, value)) {
      errs() << "error: '" << text << "' is no number\n";
      exit(1);
    }
    return value;
  };
  for (StringRef dim : dims) {
    auto [name, value] = parsePair(dim);
    options.dims[name.str()] = number(value);
  }
  for (StringRef shape : shapes) {
    auto [name, value] = parsePair(shape);
    SmallVector<StringRef> parts;
    value.split(parts, 'x');
    for (StringRef part : parts)
      options.shapes[name.str()].push_back(number(part));
  }
  mlir::MLIRContext context;
  auto model = tilework::importOnnx(
      context, tilework::ImportSource::file(input), options);
  if (!model) {
    int code = 1;
    handleAllErrors(model.takeError(), [&](const tilework::ImportError &e) {
      errs() << "error: " << e.message << "\n";
      code = e.exitCode();
      if (report)
        printReport(e.nodes);
    });
    return code;
  }
  if (fused) {
    mlir::PassManager passes(&context);
    tilework::buildGraphPipeline(passes);
    if (failed(passes.run(*model->module)))
      return 2;
  }
  if (!quiet) {
    mlir::OpPrintingFlags flags;
    flags.enableDebugInfo(locations, /*prettyForm=*/false);
    model->module->print(outs(), flags);
  }
  if (report) {
    tilework::placeNodes(*model->module, model->nodes);
    printReport(model->nodes);
  }
  return 0;
}
