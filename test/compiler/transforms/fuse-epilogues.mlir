// RUN: tilework-opt %s --graph-fuse-epilogues | FileCheck %s

#w = #graph.span<file = 0, offset = 0, bytes = 256, element = f32, shape = [8, 8]>
#b = #graph.span<file = 0, offset = 256, bytes = 32, element = f32, shape = [8]>

// CHECK-LABEL: func @all_parts
// CHECK: %[[R:.*]] = graph.matmul %arg0, %{{.*}} bias(%{{.*}}) activation gelu_erf residual(%arg1 : tensor<1x4x8xf32>) norm layer_norm(%{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xf32>) {epsilon
// CHECK-NEXT: return %[[R]]
func.func @all_parts(%x: tensor<1x4x8xf32>, %y: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %w = graph.weight "w" #graph.expr<#w, []> -> tensor<8x8xf32>
  %b = graph.weight "b" #graph.expr<#b, []> -> tensor<8xf32>
  %0 = graph.matmul %x, %w : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %1 = graph.binary add %b, %0 : (tensor<8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %2 = graph.gelu erf %1 : tensor<1x4x8xf32>
  %3 = graph.binary add %y, %2 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %4 = graph.layer_norm %3, %b, %b {epsilon = 1.0e-5 : f32} : tensor<1x4x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %4 : tensor<1x4x8xf32>
}

// A sum that is read twice ends the epilogue.
// CHECK-LABEL: func @read_twice
// CHECK: %[[P:.*]] = graph.matmul {{.*}} residual(
// CHECK: graph.layer_norm %[[P]]
func.func @read_twice(%x: tensor<1x4x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  %w = graph.weight "w" #graph.expr<#w, []> -> tensor<8x8xf32>
  %b = graph.weight "b" #graph.expr<#b, []> -> tensor<8xf32>
  %0 = graph.matmul %x, %w : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %1 = graph.binary add %x, %0 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %2 = graph.layer_norm %1, %b, %b {epsilon = 1.0e-5 : f32} : tensor<1x4x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %1, %2 : tensor<1x4x8xf32>, tensor<1x4x8xf32>
}

// An activation of the sum with a residual is not the epilogue's order.
// CHECK-LABEL: func @other_order
// CHECK: graph.matmul {{.*}} residual(
// CHECK: graph.unary relu
func.func @other_order(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %w = graph.weight "w" #graph.expr<#w, []> -> tensor<8x8xf32>
  %0 = graph.matmul %x, %w : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %1 = graph.binary add %x, %0 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %2 = graph.unary relu %1 : tensor<1x4x8xf32> -> tensor<1x4x8xf32>
  return %2 : tensor<1x4x8xf32>
}
