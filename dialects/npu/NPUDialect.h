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

#include "dialects/npu/NPUDialect.h.inc"
#include "dialects/npu/NPUEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/npu/NPUTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/npu/NPUAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/npu/NPUOps.h.inc"

#endif // TILEWORK_DIALECTS_NPU_NPUDIALECT_H
