// RUN: tilework-opt %s --graph-recognise-attention --graph-recognise-masks --graph-simplify | FileCheck %s

#tri = #graph.span<file = 1, offset = 0, bytes = 36, element = i1, shape = [6, 6]>

// Scales of queries and keys, the transposed keys, a mask and a guard.
// CHECK-LABEL: func @split
// CHECK: %[[M:.*]] = graph.select %arg3, %{{.*}}, %{{.*}} : (tensor<2x6xi1>, tensor<f32>, tensor<f32>) -> tensor<2x6xf32>
// CHECK: %[[R:.*]] = graph.attention %arg0, %arg1, %arg2 mask(%[[M]] : tensor<2x6xf32>)
// CHECK-SAME: heads = 2 : i64, k_window = array<i64: 0, 4>
// CHECK-SAME: scale = 2.500000e-01 : f32
// CHECK-SAME: zero_nan
// CHECK-NEXT: return %[[R]]
func.func @split(%q: tensor<2x6x8xf32>, %k: tensor<2x6x8xf32>, %v: tensor<2x6x8xf32>, %m: tensor<2x6xi1>) -> tensor<2x6x8xf32> {
  %half = arith.constant dense<0.5> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %q0 = graph.reshape %q : tensor<2x6x8xf32> -> tensor<2x6x2x4xf32>
  %q1 = graph.transpose %q0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x6x2x4xf32> -> tensor<2x2x6x4xf32>
  %q2 = graph.binary mul %q1, %half : (tensor<2x2x6x4xf32>, tensor<f32>) -> tensor<2x2x6x4xf32>
  %k0 = graph.reshape %k : tensor<2x6x8xf32> -> tensor<2x6x2x4xf32>
  %k1 = graph.transpose %k0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x6x2x4xf32> -> tensor<2x2x6x4xf32>
  %k2 = graph.reshape %k1 : tensor<2x2x6x4xf32> -> tensor<4x6x4xf32>
  %k3 = graph.transpose %k2 {permutation = array<i64: 0, 2, 1>} : tensor<4x6x4xf32> -> tensor<4x4x6xf32>
  %k4 = graph.reshape %k3 : tensor<4x4x6xf32> -> tensor<2x2x4x6xf32>
  %k5 = graph.binary mul %k4, %half : (tensor<2x2x4x6xf32>, tensor<f32>) -> tensor<2x2x4x6xf32>
  %v0 = graph.reshape %v : tensor<2x6x8xf32> -> tensor<2x6x2x4xf32>
  %v1 = graph.transpose %v0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x6x2x4xf32> -> tensor<2x2x6x4xf32>
  %m0 = graph.reshape %m : tensor<2x6xi1> -> tensor<2x1x1x6xi1>
  %m1 = graph.select %m0, %zero, %low : (tensor<2x1x1x6xi1>, tensor<f32>, tensor<f32>) -> tensor<2x1x1x6xf32>
  %s0 = graph.matmul %q2, %k5 : (tensor<2x2x6x4xf32>, tensor<2x2x4x6xf32>) -> tensor<2x2x6x6xf32>
  %s1 = graph.binary add %s0, %m1 : (tensor<2x2x6x6xf32>, tensor<2x1x1x6xf32>) -> tensor<2x2x6x6xf32>
  %p0 = graph.softmax %s1 : tensor<2x2x6x6xf32>
  %n = graph.unary is_nan %p0 : tensor<2x2x6x6xf32> -> tensor<2x2x6x6xi1>
  %p1 = graph.select %n, %zero, %p0 : (tensor<2x2x6x6xi1>, tensor<f32>, tensor<2x2x6x6xf32>) -> tensor<2x2x6x6xf32>
  %o0 = graph.matmul %p1, %v1 : (tensor<2x2x6x6xf32>, tensor<2x2x6x4xf32>) -> tensor<2x2x6x4xf32>
  %o1 = graph.transpose %o0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x2x6x4xf32> -> tensor<2x6x2x4xf32>
  %o2 = graph.reshape %o1 : tensor<2x6x2x4xf32> -> tensor<2x6x8xf32>
  return %o2 : tensor<2x6x8xf32>
}

// Projections interleaved per head, and three dimensions of batch and heads.
// CHECK-LABEL: func @interleaved
// CHECK: graph.attention %arg0, %arg0, %arg0 {
// CHECK-SAME: k_window = array<i64: 4, 12>
// CHECK-SAME: q_window = array<i64: 0, 12>
// CHECK-SAME: v_window = array<i64: 8, 12>
func.func @interleaved(%x: tensor<1x6x24xf32>) -> tensor<2x6x4xf32> {
  %0 = graph.reshape %x : tensor<1x6x24xf32> -> tensor<6x2x12xf32>
  %q0 = graph.slice %0 {offsets = array<i64: 0, 0, 0>, sizes = array<i64: 6, 2, 4>, strides = array<i64: 1, 1, 1>} : tensor<6x2x12xf32> -> tensor<6x2x4xf32>
  %k0 = graph.slice %0 {offsets = array<i64: 0, 0, 4>, sizes = array<i64: 6, 2, 4>, strides = array<i64: 1, 1, 1>} : tensor<6x2x12xf32> -> tensor<6x2x4xf32>
  %v0 = graph.slice %0 {offsets = array<i64: 0, 0, 8>, sizes = array<i64: 6, 2, 4>, strides = array<i64: 1, 1, 1>} : tensor<6x2x12xf32> -> tensor<6x2x4xf32>
  %q = graph.transpose %q0 {permutation = array<i64: 1, 0, 2>} : tensor<6x2x4xf32> -> tensor<2x6x4xf32>
  %k = graph.transpose %k0 {permutation = array<i64: 1, 2, 0>} : tensor<6x2x4xf32> -> tensor<2x4x6xf32>
  %v = graph.transpose %v0 {permutation = array<i64: 1, 0, 2>} : tensor<6x2x4xf32> -> tensor<2x6x4xf32>
  %s = graph.matmul %q, %k : (tensor<2x6x4xf32>, tensor<2x4x6xf32>) -> tensor<2x6x6xf32>
  %p = graph.softmax %s : tensor<2x6x6xf32>
  %o = graph.matmul %p, %v : (tensor<2x6x6xf32>, tensor<2x6x4xf32>) -> tensor<2x6x4xf32>
  return %o : tensor<2x6x4xf32>
}

// A guard with one condition for all keys of a row, asked of the mask.
// CHECK-LABEL: func @hidden_rows
// CHECK: %[[E:.*]] = graph.binary eq
// CHECK: %[[N:.*]] = graph.unary not %[[E]]
// CHECK: %[[K:.*]] = graph.reshape %{{.*}} : tensor<1x6x1xf32> -> tensor<1x1x6xf32>
// CHECK: graph.attention %arg0, %arg0, %arg0 mask(%{{.*}} : tensor<1x1x6x6xf32>) kept(%[[K]] : tensor<1x1x6xf32>)
func.func @hidden_rows(%x: tensor<1x6x4xf32>, %m: tensor<1x6x6xf32>) -> tensor<1x6x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %infinite = arith.constant dense<0xFF800000> : tensor<f32>
  %t = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s = graph.matmul %x, %t : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %a = graph.binary add %s, %m : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %a : tensor<1x6x6xf32>
  %r = graph.reduce max %m {axes = array<i64: 2>} : tensor<1x6x6xf32> -> tensor<1x6x1xf32>
  %e = graph.binary eq %r, %infinite : (tensor<1x6x1xf32>, tensor<f32>) -> tensor<1x6x1xi1>
  %y = graph.select %e, %zero, %p : (tensor<1x6x1xi1>, tensor<f32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %o = graph.matmul %y, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}

// A selection between scores and a number is one: nothing of a score that is not seen is left. A band of its condition is
// two bounds.
// CHECK-LABEL: func @selected
// CHECK: %[[C:.*]] = graph.cast %{{.*}} : tensor<1x6xi1> -> tensor<1x6xf32>
// CHECK: graph.attention %arg0, %arg0, %arg0 seen(%[[C]] : tensor<1x6xf32>) {band = array<i64: -5, 0>
// CHECK-SAME: otherwise = -1.000000e+04 : f32
func.func @selected(%x: tensor<1x6x4xf32>, %m: tensor<1x6xi1>) -> tensor<1x6x4xf32> {
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %tri = graph.weight "tri" #graph.expr<#tri, []> {graph.band = array<i64: -5, 0>} -> tensor<6x6xi1>
  %t = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s = graph.matmul %x, %t : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %m0 = graph.reshape %m : tensor<1x6xi1> -> tensor<1x1x6xi1>
  %c = graph.binary and %tri, %m0 : (tensor<6x6xi1>, tensor<1x1x6xi1>) -> tensor<1x6x6xi1>
  %a = graph.select %c, %s, %low : (tensor<1x6x6xi1>, tensor<1x6x6xf32>, tensor<f32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %a : tensor<1x6x6xf32>
  %o = graph.matmul %p, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}

// What is added behind a selection is added to the number that it puts in too.
// CHECK-LABEL: func @added_behind
// CHECK: graph.attention %arg0, %arg0, %arg0 seen(%{{.*}} : tensor<1x1x6x6xf32>) bias(%{{.*}} : tensor<1x1x6x6xf32>)
// CHECK-SAME: otherwise = -1.000000e+04 : f32
func.func @added_behind(%x: tensor<1x6x4xf32>, %m: tensor<1x6x6xi1>, %b: tensor<1x6x6xf32>) -> tensor<1x6x4xf32> {
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %t = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s = graph.matmul %x, %t : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %a = graph.select %m, %s, %low : (tensor<1x6x6xi1>, tensor<1x6x6xf32>, tensor<f32>) -> tensor<1x6x6xf32>
  %d = graph.binary add %a, %b : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %d : tensor<1x6x6xf32>
  %o = graph.matmul %p, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}

// Between two selections it is neither mask nor bias.
// CHECK-LABEL: func @added_between
// CHECK-NOT: graph.attention
// CHECK: graph.softmax
func.func @added_between(%x: tensor<1x6x4xf32>, %m: tensor<1x6x6xi1>, %n: tensor<1x6x6xi1>, %b: tensor<1x6x6xf32>) -> tensor<1x6x4xf32> {
  %low = arith.constant dense<-1.0e4> : tensor<f32>
  %t = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s = graph.matmul %x, %t : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %a = graph.select %m, %s, %low : (tensor<1x6x6xi1>, tensor<1x6x6xf32>, tensor<f32>) -> tensor<1x6x6xf32>
  %d = graph.binary add %a, %b : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %e = graph.select %n, %d, %low : (tensor<1x6x6xi1>, tensor<1x6x6xf32>, tensor<f32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %e : tensor<1x6x6xf32>
  %o = graph.matmul %p, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}

// Masks of which one is data are added one after the other; those that only
// hide, or are known, at once. A band leaves either.
// CHECK-LABEL: func @two_masks
// CHECK: graph.attention %arg0, %arg0, %arg0 mask(%{{.*}} : tensor<1x6xf32>) bias(%{{.*}} : tensor<1x1x6x6xf32>) {band = array<i64: -5, 0>,
func.func @two_masks(%x: tensor<1x6x4xf32>, %m: tensor<1x1x6xi1>, %b: tensor<1x6x6xf32>) -> tensor<1x6x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<0xFF800000> : tensor<f32>
  %tri = graph.weight "tri" #graph.expr<#tri, []> {graph.band = array<i64: -5, 0>} -> tensor<6x6xi1>
  %t = graph.reshape %tri : tensor<6x6xi1> -> tensor<1x6x6xi1>
  %m0 = graph.select %m, %zero, %low : (tensor<1x1x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x6xf32>
  %m1 = graph.select %t, %zero, %low : (tensor<1x6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x6x6xf32>
  %k = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s0 = graph.matmul %x, %k : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %s1 = graph.binary add %s0, %m0 : (tensor<1x6x6xf32>, tensor<1x1x6xf32>) -> tensor<1x6x6xf32>
  %s2 = graph.binary add %s1, %b : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %s3 = graph.binary add %s2, %m1 : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %s3 : tensor<1x6x6xf32>
  %o = graph.matmul %p, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}

// CHECK-LABEL: func @masks_that_only_hide
// CHECK: %[[SUM:.*]] = graph.binary add
// CHECK: graph.attention %arg0, %arg0, %arg0 mask(%[[SUM]] : tensor<1x1x6x6xf32>) {head_dim
func.func @masks_that_only_hide(%x: tensor<1x6x4xf32>, %m: tensor<1x1x6xi1>, %n: tensor<1x6x6xi1>) -> tensor<1x6x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<-1.0e9> : tensor<f32>
  %m0 = graph.select %m, %zero, %low : (tensor<1x1x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x6xf32>
  %m1 = graph.select %n, %zero, %low : (tensor<1x6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<1x6x6xf32>
  %k = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : tensor<1x6x4xf32> -> tensor<1x4x6xf32>
  %s0 = graph.matmul %x, %k : (tensor<1x6x4xf32>, tensor<1x4x6xf32>) -> tensor<1x6x6xf32>
  %s1 = graph.binary add %s0, %m0 : (tensor<1x6x6xf32>, tensor<1x1x6xf32>) -> tensor<1x6x6xf32>
  %s2 = graph.binary add %s1, %m1 : (tensor<1x6x6xf32>, tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %p = graph.softmax %s2 : tensor<1x6x6xf32>
  %o = graph.matmul %p, %x : (tensor<1x6x6xf32>, tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %o : tensor<1x6x4xf32>
}
