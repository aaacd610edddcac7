// RUN: tilework-opt %s --graph-recognise-layer-norm --canonicalize | FileCheck %s

#g = #graph.span<file = 0, offset = 0, bytes = 32, element = f32, shape = [8]>

// CHECK-LABEL: func @layer_norm
// CHECK: graph.layer_norm %arg0, %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32}
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %g = graph.weight "g" #graph.expr<#g, []> -> tensor<8xf32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %0 = graph.reduce mean %x {axes = array<i64: 1>} : tensor<2x8xf32> -> tensor<2x1xf32>
  %1 = graph.binary sub %x, %0 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = graph.binary pow %1, %two : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %3 = graph.reduce mean %2 {axes = array<i64: 1>} : tensor<2x8xf32> -> tensor<2x1xf32>
  %4 = graph.binary add %3, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %5 = graph.unary sqrt %4 : tensor<2x1xf32> -> tensor<2x1xf32>
  %6 = graph.binary div %1, %5 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %7 = graph.binary mul %6, %g : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %8 = graph.binary add %7, %g : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %8 : tensor<2x8xf32>
}

// CHECK-LABEL: func @rms_norm
// CHECK: graph.rms_norm %arg0, %{{.*}} {epsilon
// CHECK-NEXT: return
func.func @rms_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %g = graph.weight "g" #graph.expr<#g, []> -> tensor<8xf32>
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = graph.binary mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = graph.reduce mean %0 {axes = array<i64: 1>} : tensor<2x8xf32> -> tensor<2x1xf32>
  %2 = graph.binary add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = graph.unary sqrt %2 : tensor<2x1xf32> -> tensor<2x1xf32>
  %4 = graph.binary div %one, %3 : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = graph.binary mul %x, %4 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %6 = graph.binary mul %g, %5 : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %6 : tensor<2x8xf32>
}

// A mean over another dimension is no normalisation of rows.
// CHECK-LABEL: func @other_axis
// CHECK-NOT: norm
func.func @other_axis(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %0 = graph.binary mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = graph.reduce mean %0 {axes = array<i64: 0>} : tensor<2x8xf32> -> tensor<1x8xf32>
  %2 = graph.binary add %1, %eps : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %3 = graph.unary sqrt %2 : tensor<1x8xf32> -> tensor<1x8xf32>
  %4 = graph.binary div %x, %3 : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}
