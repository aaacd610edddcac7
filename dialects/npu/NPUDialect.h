// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The npu dialect's C++ face.

#ifndef TILEWORK_DIALECTS_NPU_NPUDIALECT_H
#define TILEWORK_DIALECTS_NPU_NPUDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

#include "dialects/isa/Instructions.h"

namespace tilework::npu {

/// A case of an enumeration of instructions, by its name.
template <typename Enumeration>
mlir::FailureOr<Enumeration> parseCase(mlir::AsmParser &parser) {
  llvm::StringRef word;
  llvm::SMLoc at = parser.getCurrentLocation();
  if (mlir::failed(parser.parseKeyword(&word)))
    return mlir::failure();
  if (auto value = tilework::isa::caseNamed<Enumeration>(word))
    return *value;
  mlir::InFlightDiagnostic error = parser.emitError(at);
  error << "'" << word << "' is none of";
  for (Enumeration value : tilework::isa::casesOf(Enumeration()))
    error << ' ' << tilework::isa::caseName(value);
  return mlir::failure();
}

} // namespace tilework::npu

#include "dialects/npu/NPUDialect.h.inc"
#include "dialects/npu/NPUEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/npu/NPUTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/npu/NPUAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/npu/NPUOps.h.inc"

#endif // TILEWORK_DIALECTS_NPU_NPUDIALECT_H
