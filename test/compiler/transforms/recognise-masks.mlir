// RUN: tilework-opt %s --graph-recognise-masks --graph-simplify | FileCheck %s

#tri = #graph.span<file = 1, offset = 0, bytes = 36, element = i1, shape = [6, 6]>

// A conjunction of a causal constant and a mask of keys.
// CHECK-LABEL: func @causal_and_keys
// CHECK: %[[M:.*]] = graph.select %arg1, %{{.*}} -> tensor<1x6xf32>
// CHECK: graph.attention {{.*}} mask(%[[M]] : tensor<1x6xf32>) {band = array<i64: -5, 0>,
func.func @causal_and_keys(%x: tensor<1x6x8xf32>, %m: tensor<1x6xi1>) -> tensor<1x6x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<0xFF800000> : tensor<f32>
  %tri = graph.weight "tri" #graph.expr<#tri, []> {graph.band = array<i64: -5, 0>} -> tensor<6x6xi1>
  %0 = graph.reshape %m : tensor<1x6xi1> -> tensor<1x1x1x6xi1>
  %1 = graph.binary and %tri, %0 : (tensor<6x6xi1>, tensor<1x1x1x6xi1>) -> tensor<1x1x6x6xi1>
  %2 = graph.select %1, %zero, %low : (tensor<1x1x6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x6x6xf32>
  %3 = graph.attention %x, %x, %x mask(%2 : tensor<1x1x6x6xf32>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>) -> tensor<1x6x8xf32>
  return %3 : tensor<1x6x8xf32>
}

// A conjunction of finite masks stays one: a key that both hide carries no sum.
// CHECK-LABEL: func @finite
// CHECK: %[[C:.*]] = graph.binary and
// CHECK: %[[M:.*]] = graph.select %[[C]], %{{.*}} -> tensor<1x1x6x6xf32>
// CHECK: mask(%[[M]] : tensor<1x1x6x6xf32>) {head_dim
func.func @finite(%x: tensor<1x6x8xf32>, %m: tensor<1x6xi1>) -> tensor<1x6x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %tri = graph.weight "tri" #graph.expr<#tri, []> {graph.band = array<i64: -5, 0>} -> tensor<6x6xi1>
  %0 = graph.reshape %m : tensor<1x6xi1> -> tensor<1x1x1x6xi1>
  %1 = graph.binary and %tri, %0 : (tensor<6x6xi1>, tensor<1x1x1x6xi1>) -> tensor<1x1x6x6xi1>
  %2 = graph.select %1, %zero, %low : (tensor<1x1x6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x6x6xf32>
  %3 = graph.attention %x, %x, %x mask(%2 : tensor<1x1x6x6xf32>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>) -> tensor<1x6x8xf32>
  return %3 : tensor<1x6x8xf32>
}

// (1 - mask) · -FLT_MAX stays arithmetic.
// CHECK-LABEL: func @arithmetic
// CHECK: %[[M:.*]] = graph.binary mul %{{.*}}, %{{.*}} : (tensor<1x6xf32>, tensor<f32>) -> tensor<1x6xf32>
// CHECK: mask(%[[M]] : tensor<1x6xf32>)
func.func @arithmetic(%x: tensor<1x6x8xf32>, %m: tensor<1x6xi64>) -> tensor<1x6x8xf32> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %0 = graph.cast %m : tensor<1x6xi64> -> tensor<1x6xf32>
  %1 = graph.binary sub %one, %0 : (tensor<f32>, tensor<1x6xf32>) -> tensor<1x6xf32>
  %2 = graph.binary mul %1, %low : (tensor<1x6xf32>, tensor<f32>) -> tensor<1x6xf32>
  %3 = graph.attention %x, %x, %x mask(%2 : tensor<1x6xf32>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>) -> tensor<1x6x8xf32>
  return %3 : tensor<1x6x8xf32>
}
