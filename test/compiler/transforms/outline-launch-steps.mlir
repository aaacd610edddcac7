// RUN: tilework-opt %s --graph-outline-launch-steps | FileCheck %s

// CHECK-LABEL: func @ids_and_mask
// CHECK: %[[I:.*]] = graph.launch_step index(%arg1) {dims = array<i64: 9>} : (tensor<1x4xi64>) -> tensor<1x4xi32>
// CHECK: graph.embedding %arg0, %[[I]] : (tensor<9x8xf32>, tensor<1x4xi32>)
// CHECK: %[[K:.*]] = graph.launch_step ne(%arg2, %{{.*}}) : (tensor<1x4xi64>, tensor<i64>) -> tensor<1x4xi1>
// CHECK: %[[M:.*]] = graph.launch_step select(%[[K]], %{{.*}}, %{{.*}}) : (tensor<1x4xi1>, tensor<bf16>, tensor<bf16>) -> tensor<1x4xbf16>
// CHECK: mask(%[[M]] : tensor<1x4xbf16>)
func.func @ids_and_mask(%t: tensor<9x8xf32>, %ids: tensor<1x4xi64>, %m: tensor<1x4xi64>) -> tensor<1x4x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-1.0e30> : tensor<f32>
  %x = graph.embedding %t, %ids : (tensor<9x8xf32>, tensor<1x4xi64>) -> tensor<1x4x8xf32>
  %0 = graph.cast %m : tensor<1x4xi64> -> tensor<1x4xi1>
  %1 = graph.select %0, %zero, %low : (tensor<1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x4xf32>
  %2 = graph.attention %x, %x, %x mask(%1 : tensor<1x4xf32>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 4 : i64, value_dim = 4 : i64,
         q_window = array<i64: 0, 4>, k_window = array<i64: 0, 4>, v_window = array<i64: 0, 4>, scale = 0.5 : f32}
         : (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %2 : tensor<1x4x8xf32>
}

// CHECK-LABEL: func @positions
// CHECK: graph.launch_step cumsum(%{{.*}}) {axis = 1 : i64}
// CHECK: graph.launch_step index(%{{.*}}) {dims = array<i64: 9>} : (tensor<1x4xi64>) -> tensor<1x4xi32>
func.func @positions(%t: tensor<9x8xf32>, %m: tensor<1x4xi64>) -> tensor<1x4x8xf32> {
  %0 = graph.cumsum %m {axis = 1 : i64} : tensor<1x4xi64>
  %1 = graph.embedding %t, %0 : (tensor<9x8xf32>, tensor<1x4xi64>) -> tensor<1x4x8xf32>
  return %1 : tensor<1x4x8xf32>
}

// Indices of one table are made once, of two tables once for each.
// CHECK-LABEL: func @tables
// CHECK-DAG: %[[A:.*]] = graph.launch_step index(%arg2) {dims = array<i64: 9>}
// CHECK-DAG: %[[B:.*]] = graph.launch_step index(%arg2) {dims = array<i64: 5>}
// CHECK: graph.embedding %arg0, %[[A]]
// CHECK: graph.embedding %arg0, %[[A]]
// CHECK: graph.embedding %arg1, %[[B]]
func.func @tables(%t: tensor<9x8xf32>, %u: tensor<5x8xf32>, %ids: tensor<4xi64>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = graph.embedding %t, %ids : (tensor<9x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  %1 = graph.embedding %t, %ids : (tensor<9x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  %2 = graph.embedding %u, %ids : (tensor<5x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// What the host returns keeps its type.
// CHECK-LABEL: func @returned
// CHECK: %[[S:.*]] = graph.launch_step add(%arg0, %{{.*}}) : {{.*}} -> tensor<4xi64>
// CHECK: %[[F:.*]] = graph.launch_step cast(%arg0) : (tensor<4xi64>) -> tensor<4xf32>
// CHECK: return %[[S]], %[[F]]
func.func @returned(%ids: tensor<4xi64>) -> (tensor<4xi64>, tensor<4xf32>) {
  %five = arith.constant dense<5> : tensor<i64>
  %0 = graph.binary add %ids, %five : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>
  %1 = graph.cast %ids : tensor<4xi64> -> tensor<4xf32>
  return %0, %1 : tensor<4xi64>, tensor<4xf32>
}

// Angles that are made of integers are turned on the host; a product of depth 1
// is one of elements, a deeper one the chip's.
// CHECK-LABEL: func @angles
// CHECK: %[[P:.*]] = graph.launch_step cast(%arg0) : (tensor<1x1x4xi64>) -> tensor<1x1x4xf32>
// CHECK: %[[A:.*]] = graph.launch_step mul(%{{.*}}, %[[P]]) : (tensor<1x2x1xf32>, tensor<1x1x4xf32>) -> tensor<1x2x4xf32>
// CHECK: %[[C:.*]] = graph.launch_step cos(%[[A]]) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
// CHECK: %[[N:.*]] = graph.launch_step cast(%[[C]]) : (tensor<1x2x4xf32>) -> tensor<1x2x4xbf16>
// CHECK: graph.matmul
func.func @angles(%ids: tensor<1x1x4xi64>, %x: tensor<1x4x2xf32>) -> tensor<1x2x2xf32> {
  %f = graph.weight "f" #graph.expr<dense<[[[1.0], [0.5]]]> : tensor<1x2x1xf32>, []> -> tensor<1x2x1xf32>
  %p = graph.cast %ids : tensor<1x1x4xi64> -> tensor<1x1x4xf32>
  %a = graph.matmul %f, %p : (tensor<1x2x1xf32>, tensor<1x1x4xf32>) -> tensor<1x2x4xf32>
  %c = graph.unary cos %a : tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  %y = graph.matmul %c, %x : (tensor<1x2x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// A constant of one value that is larger than the condition still gives the shape.
// CHECK-LABEL: func @large_constant
// CHECK: %[[S:.*]] = graph.launch_step select({{.*}}) : (tensor<1x4xi1>, tensor<bf16>, tensor<bf16>) -> tensor<1x4xbf16>
// CHECK: graph.launch_step broadcast(%[[S]]) : (tensor<1x4xbf16>) -> tensor<3x4xbf16>
func.func @large_constant(%x: tensor<3x4xf32>, %m: tensor<1x4xi64>) -> tensor<3x4xf32> {
  %zeros = arith.constant dense<0.0> : tensor<3x4xf32>
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %c = graph.cast %m : tensor<1x4xi64> -> tensor<1x4xi1>
  %s = graph.select %c, %zeros, %low : (tensor<1x4xi1>, tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %y = graph.binary add %x, %s : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
