// RUN: tilework-opt %s --graph-recognise-gelu --canonicalize | FileCheck %s

// CHECK-LABEL: func @erf
// CHECK: %[[R:.*]] = graph.gelu erf %arg0
// CHECK-NEXT: return %[[R]]
func.func @erf(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = graph.binary div %x, %root : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.unary erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.binary add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.binary mul %half, %2 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.binary mul %x, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// CHECK-LABEL: func @tanh
// CHECK: %[[R:.*]] = graph.gelu tanh %arg0
// CHECK-NEXT: return %[[R]]
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = arith.constant dense<3.0> : tensor<f32>
  %c = arith.constant dense<0.044715> : tensor<f32>
  %s = arith.constant dense<0.797884583> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = graph.binary pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.binary mul %0, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.binary add %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.binary mul %2, %s : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = graph.unary tanh %3 : tensor<4xf32> -> tensor<4xf32>
  %5 = graph.binary add %4, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = graph.binary mul %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = graph.binary mul %6, %5 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// CHECK-LABEL: func @silu
// CHECK-NEXT: graph.unary silu %arg0
func.func @silu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.unary sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.binary mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Another scale inside erf is another function.
// CHECK-LABEL: func @no_gelu
// CHECK-NOT: graph.gelu
func.func @no_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %1 = graph.unary erf %x : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.binary add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.binary mul %half, %2 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.binary mul %x, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
