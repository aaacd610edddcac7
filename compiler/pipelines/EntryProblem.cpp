// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, types and ops of `main`, in the order in which a reader meets them.

#include "compiler/pipelines/EntryProblem.h"

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace mlir;

namespace tilework {

std::string entryProblem(func::FuncOp main) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto isPlain = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getElementType() &&
           tensor.getElementType().isIntOrFloat() &&
           llvm::all_of(tensor.getShape(), [](int64_t d) { return d > 0; });
  };
  auto wanted = " and must be a ranked tensor of numbers, with every size "
                "known and at least 1";
  if (main.isExternal() || !main.getBody().hasOneBlock()) {
    stream << "function 'main' must have a body of one block";
    return text;
  }
  std::set<StringRef> inputs, outputs;
  for (BlockArgument argument : main.getArguments()) {
    if (!isPlain(argument.getType())) {
      stream << "argument " << argument.getArgNumber() << " of 'main' is "
             << argument.getType() << wanted;
      return text;
    }
    auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                  graph::kNameAttrName);
    if (name && !inputs.insert(name.getValue()).second) {
      stream << "two arguments of 'main' have the name " << name;
      return text;
    }
  }
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    auto name = main.getResultAttrOfType<StringAttr>(i, graph::kNameAttrName);
    if (name && !outputs.insert(name.getValue()).second) {
      stream << "two results of 'main' have the name " << name;
      return text;
    }
  }
  for (Operation &op : main.getBody().front()) {
    if (!mlir::isa<graph::GraphDialect, arith::ArithDialect>(op.getDialect()) &&
        !mlir::isa<func::ReturnOp>(op)) {
      stream << "'" << op.getName() << "' at " << op.getLoc()
             << " is no op of the graph dialect";
      return text;
    }
    for (Type type : op.getResultTypes())
      if (!isPlain(type)) {
        stream << "'" << op.getName() << "' at " << op.getLoc() << " gives "
               << type << wanted;
        return text;
      }
  }
  return text;
}

} // namespace tilework
