// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-opt with Tilework's dialects and passes.

#include "compiler/transforms/Passes.h"
#include "dialects/graph/GraphDialect.h"
#include "dialects/isa/ISADialect.h"
#include "dialects/npu/NPUDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::math::MathDialect, mlir::tensor::TensorDialect,
                  tilework::graph::GraphDialect, tilework::isa::ISADialect,
                  tilework::npu::NPUDialect>();
  mlir::registerTransformsPasses();
  tilework::registerGraphTransformsPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Tilework optimizer driver\n", registry));
}
