// RUN: tilework-opt %s --graph-fuse-projections | FileCheck %s

#w = #graph.span<file = 0, offset = 0, bytes = 256, element = f32, shape = [8, 8]>
#b = #graph.span<file = 0, offset = 256, bytes = 32, element = f32, shape = [8]>

// Keys have no bias: theirs is zero.
// CHECK-LABEL: func @three
// CHECK: #graph.concat_step<1, [
// CHECK: #graph.concat_step<0, [#graph.expr<dense<0.000000e+00> : tensor<1xf32>, [#graph.broadcast_step<[8]>]>
// CHECK: %[[P:.*]] = graph.matmul %arg0, %{{.*}} bias(%{{.*}} : tensor<24xf32>)
// CHECK: graph.attention %[[P]], %[[P]], %[[P]] {
// CHECK-SAME: k_window = array<i64: 8, 4>
// CHECK-SAME: q_window = array<i64: 0, 4>
// CHECK-SAME: v_window = array<i64: 16, 4>
func.func @three(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %w = graph.weight "w" #graph.expr<#w, []> -> tensor<8x8xf32>
  %b = graph.weight "b" #graph.expr<#b, []> -> tensor<8xf32>
  %q = graph.matmul %x, %w bias(%b : tensor<8xf32>) : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %k = graph.matmul %x, %w : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %v = graph.matmul %x, %w bias(%b : tensor<8xf32>) : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %0 = graph.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}

// In cross attention queries come from another tensor.
// CHECK-LABEL: func @cross
// CHECK: %[[Q:.*]] = graph.matmul %arg0
// CHECK: %[[KV:.*]] = graph.matmul %arg1, {{.*}} -> tensor<1x6x16xf32>
// CHECK: graph.attention %[[Q]], %[[KV]], %[[KV]]
func.func @cross(%x: tensor<1x4x8xf32>, %y: tensor<1x6x8xf32>) -> tensor<1x4x8xf32> {
  %w = graph.weight "w" #graph.expr<#w, []> -> tensor<8x8xf32>
  %q = graph.matmul %x, %w : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
  %k = graph.matmul %y, %w : (tensor<1x6x8xf32>, tensor<8x8xf32>) -> tensor<1x6x8xf32>
  %v = graph.matmul %y, %w : (tensor<1x6x8xf32>, tensor<8x8xf32>) -> tensor<1x6x8xf32>
  %0 = graph.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
