// RUN: tilework-opt %s --graph-split-selections | FileCheck %s

// CHECK-LABEL: func @of_a_constant
// CHECK: %[[K:.*]] = graph.cast %arg1 : tensor<1x4xi1> -> tensor<1x4xf32>
// CHECK: %[[X:.*]] = graph.binary mul %arg0, %[[K]]
// CHECK: %[[L:.*]] = graph.select %arg1, %{{.*}}, %{{.*}} : (tensor<1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x4xf32>
// CHECK: %[[Y:.*]] = graph.binary add %[[X]], %[[L]]
// CHECK: return %[[Y]]
func.func @of_a_constant(%x: tensor<3x4xf32>, %keep: tensor<1x4xi1>) -> tensor<3x4xf32> {
  %low = arith.constant dense<-5.0> : tensor<f32>
  %0 = graph.select %keep, %x, %low : (tensor<1x4xi1>, tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// Zeros need no sum.
// CHECK-LABEL: func @of_zero
// CHECK-NOT: graph.binary add
// CHECK: graph.unary not %arg1
func.func @of_zero(%x: tensor<3x4xf32>, %drop: tensor<3x4xi1>) -> tensor<3x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = graph.select %drop, %zero, %x : (tensor<3x4xi1>, tensor<f32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// A mask of the host stays a selection.
// CHECK-LABEL: func @on_the_host
// CHECK: graph.select
// CHECK-NOT: graph.binary
func.func @on_the_host(%keep: tensor<1x4xi1>) -> tensor<1x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-5.0> : tensor<f32>
  %0 = graph.select %keep, %zero, %low : (tensor<1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
