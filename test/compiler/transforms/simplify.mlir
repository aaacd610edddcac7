// RUN: tilework-opt %s --graph-simplify | FileCheck %s

// CHECK-LABEL: func @views_of_views
// CHECK-NEXT: return %arg0
func.func @views_of_views(%x: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> {
  %0 = graph.reshape %x : tensor<2x4x8xf32> -> tensor<2x4x2x4xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x4x2x4xf32> -> tensor<2x2x4x4xf32>
  %2 = graph.reshape %1 : tensor<2x2x4x4xf32> -> tensor<4x4x4xf32>
  %3 = graph.reshape %2 : tensor<4x4x4xf32> -> tensor<2x2x4x4xf32>
  %4 = graph.transpose %3 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x2x4x4xf32> -> tensor<2x4x2x4xf32>
  %5 = graph.reshape %4 : tensor<2x4x2x4xf32> -> tensor<2x4x8xf32>
  return %5 : tensor<2x4x8xf32>
}

// A transpose that only moves a dimension of one element is a reshape.
// CHECK-LABEL: func @unit_transpose
// CHECK-NEXT: graph.reshape %arg0 : tensor<1x4x8xf32> -> tensor<4x1x8xf32>
func.func @unit_transpose(%x: tensor<1x4x8xf32>) -> tensor<4x1x8xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 1, 0, 2>} : tensor<1x4x8xf32> -> tensor<4x1x8xf32>
  return %0 : tensor<4x1x8xf32>
}

// CHECK-LABEL: func @mask_keeps_its_axes
// CHECK: graph.unary not %arg0 : tensor<2x16xi1> -> tensor<2x16xi1>
// CHECK: graph.reshape {{.*}} -> tensor<2x1x1x16xi1>
// CHECK: graph.broadcast {{.*}} -> tensor<2x1x16x16xi1>
func.func @mask_keeps_its_axes(%m: tensor<2x16xi1>) -> tensor<2x1x16x16xi1> {
  %true = arith.constant dense<true> : tensor<i1>
  %all = graph.broadcast %true : tensor<i1> -> tensor<2x1x16x16xi1>
  %0 = graph.reshape %m : tensor<2x16xi1> -> tensor<2x1x1x16xi1>
  %1 = graph.broadcast %0 : tensor<2x1x1x16xi1> -> tensor<2x1x16x16xi1>
  %2 = graph.binary and %1, %all : (tensor<2x1x16x16xi1>, tensor<2x1x16x16xi1>) -> tensor<2x1x16x16xi1>
  %3 = graph.unary not %2 : tensor<2x1x16x16xi1> -> tensor<2x1x16x16xi1>
  return %3 : tensor<2x1x16x16xi1>
}

#span = #graph.span<file = 0, offset = 0, bytes = 32, element = i8, shape = [8, 4]>

// CHECK-LABEL: func @weights_record_steps
// CHECK-NEXT: graph.weight "w" <#graph.span<{{.*}}>, [#graph.cast_step<f32>, #graph.binary_step<mul, <dense<5.000000e-01> : tensor<f32>, []>>, #graph.transpose_step<[1, 0]>]> -> tensor<4x8xf32>
// CHECK-NEXT: return
func.func @weights_record_steps() -> tensor<4x8xf32> {
  %w = graph.weight "w" #graph.expr<#span, []> -> tensor<8x4xi8>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = graph.cast %w : tensor<8x4xi8> -> tensor<8x4xf32>
  %1 = graph.binary mul %0, %half : (tensor<8x4xf32>, tensor<f32>) -> tensor<8x4xf32>
  %2 = graph.transpose %1 {permutation = array<i64: 1, 0>} : tensor<8x4xf32> -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// CHECK-LABEL: func @neutral_arithmetic
// CHECK-NEXT: return %arg0
func.func @neutral_arithmetic(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = graph.binary add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.binary div %0, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.unary neg %1 : tensor<4xf32> -> tensor<4xf32>
  %3 = graph.unary neg %2 : tensor<4xf32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// A transpose of the last dimension waits for the views behind the op.
// CHECK-LABEL: func @transpose_behind_elementwise
// CHECK: %[[ERF:.*]] = graph.unary erf %arg0 : tensor<1x4x8xf32> -> tensor<1x4x8xf32>
// CHECK-NEXT: %[[MUL:.*]] = graph.binary mul %arg0, %[[ERF]]
// CHECK-NEXT: graph.weight
// CHECK-NEXT: %[[ADD:.*]] = graph.binary add %[[MUL]], %{{.*}} : (tensor<1x4x8xf32>, tensor<1x1x8xf32>) -> tensor<1x4x8xf32>
// CHECK-NEXT: return %[[ADD]]
func.func @transpose_behind_elementwise(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %b = graph.weight "b" #graph.expr<#graph.span<file = 0, offset = 0, bytes = 32, element = f32, shape = [8]>, []> -> tensor<8xf32>
  %c = graph.reshape %b : tensor<8xf32> -> tensor<8x1xf32>
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x4x8xf32> -> tensor<1x8x4xf32>
  %1 = graph.unary erf %0 : tensor<1x8x4xf32> -> tensor<1x8x4xf32>
  %2 = graph.binary mul %0, %1 : (tensor<1x8x4xf32>, tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  %3 = graph.binary add %2, %c : (tensor<1x8x4xf32>, tensor<8x1xf32>) -> tensor<1x8x4xf32>
  %4 = graph.transpose %3 {permutation = array<i64: 0, 2, 1>} : tensor<1x8x4xf32> -> tensor<1x4x8xf32>
  return %4 : tensor<1x4x8xf32>
}

// Heads keep their rows: their transposes stay where the recognition reads them.
// CHECK-LABEL: func @transpose_of_rows
// CHECK-NEXT: graph.transpose
// CHECK-NEXT: graph.unary
func.func @transpose_of_rows(%x: tensor<1x4x2x8xf32>) -> tensor<1x2x4x8xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : tensor<1x4x2x8xf32> -> tensor<1x2x4x8xf32>
  %1 = graph.unary relu %0 : tensor<1x2x4x8xf32> -> tensor<1x2x4x8xf32>
  return %1 : tensor<1x2x4x8xf32>
}
