// RUN: tilework-opt %s | tilework-opt | FileCheck %s
// RUN: tilework-opt %s --mlir-print-op-generic | tilework-opt | FileCheck %s

#span = #graph.span<file = 0, offset = 4096, bytes = 147456, element = i8, shape = [384, 384]>
#scale = #graph.span<file = 0, offset = 64, bytes = 1536, element = f32, shape = [1, 384]>

// CHECK-LABEL: func @weight
func.func @weight() -> (tensor<384x384xf32>, tensor<384x1152xf32>, tensor<f32>) {
  // CHECK: graph.weight "dense" <#graph.span<file = 0, offset = 4096, bytes = 147456, element = i8, shape = [384, 384]>
  %0 = graph.weight "dense" #graph.expr<#span, [#graph.cast_step<f32>,
         #graph.binary_step<mul, #graph.expr<#scale, []>>, #graph.transpose_step<[1, 0]>]> -> tensor<384x384xf32>
  // CHECK: #graph.concat_step<1, [
  %1 = graph.weight "qkv" #graph.expr<#span, [#graph.concat_step<1, [
         #graph.expr<#span, []>, #graph.expr<#span, []>]>, #graph.cast_step<f32>]> -> tensor<384x1152xf32>
  // CHECK: graph.weight "scalar"
  %2 = graph.weight "scalar" #graph.expr<dense<2.0> : tensor<1xf32>, [#graph.reshape_step<[]>]> -> tensor<f32>
  return %0, %1, %2 : tensor<384x384xf32>, tensor<384x1152xf32>, tensor<f32>
}

// CHECK-LABEL: func @matmul
func.func @matmul(%x: tensor<1x16x1536xf32>, %w: tensor<1536x384xf32>, %b: tensor<384xf32>, %y: tensor<1x16x384xf32>) -> tensor<1x16x384xf32> {
  // CHECK: graph.matmul %{{.*}}, %{{.*}} : (tensor<1x16x1536xf32>, tensor<1536x384xf32>) -> tensor<1x16x384xf32>
  %0 = graph.matmul %x, %w : (tensor<1x16x1536xf32>, tensor<1536x384xf32>) -> tensor<1x16x384xf32>
  // CHECK: graph.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<384xf32>) activation gelu_erf :
  %1 = graph.matmul %x, %w bias(%b : tensor<384xf32>) activation gelu_erf : (tensor<1x16x1536xf32>, tensor<1536x384xf32>) -> tensor<1x16x384xf32>
  // CHECK: bias(%{{.*}}) residual(%{{.*}} : tensor<1x16x384xf32>) norm layer_norm(%{{.*}}, %{{.*}} : tensor<384xf32>, tensor<384xf32>) {epsilon = {{.*}} : f32}
  %2 = graph.matmul %x, %w bias(%b : tensor<384xf32>) residual(%y : tensor<1x16x384xf32>)
         norm layer_norm(%b, %b : tensor<384xf32>, tensor<384xf32>) {epsilon = 1.0e-12 : f32}
         : (tensor<1x16x1536xf32>, tensor<1536x384xf32>) -> tensor<1x16x384xf32>
  return %2 : tensor<1x16x384xf32>
}

// CHECK-LABEL: func @attention
func.func @attention(%qkv: tensor<1x16x1152xf32>, %m: tensor<1x16xbf16>, %r: tensor<1x1x16xbf16>) -> tensor<1x16x384xf32> {
  // CHECK: graph.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<1x16xbf16>)
  %0 = graph.attention %qkv, %qkv, %qkv mask(%m : tensor<1x16xbf16>)
         {heads = 12 : i64, kv_heads = 12 : i64, head_dim = 32 : i64, value_dim = 32 : i64,
          q_window = array<i64: 0, 32>, k_window = array<i64: 384, 32>, v_window = array<i64: 768, 32>,
          scale = 0.176776692 : f32}
         : (tensor<1x16x1152xf32>, tensor<1x16x1152xf32>, tensor<1x16x1152xf32>) -> tensor<1x16x384xf32>
  // CHECK: graph.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<1x16xbf16>) seen(%{{.*}} : tensor<1x16xbf16>) bias(%{{.*}} : tensor<1x16xbf16>) kept(%{{.*}} : tensor<1x1x16xbf16>)
  // CHECK-SAME: band = array<i64: -15, 0>
  // CHECK-SAME: otherwise = -1.000000e+09 : f32
  // CHECK-SAME: zero_hidden, zero_nan
  %1 = graph.attention %qkv, %qkv, %qkv mask(%m : tensor<1x16xbf16>) seen(%m : tensor<1x16xbf16>) bias(%m : tensor<1x16xbf16>) kept(%r : tensor<1x1x16xbf16>)
         {heads = 12 : i64, kv_heads = 12 : i64, head_dim = 32 : i64, value_dim = 32 : i64,
          q_window = array<i64: 0, 32>, k_window = array<i64: 384, 32>, v_window = array<i64: 768, 32>,
          scale = 0.176776692 : f32, band = array<i64: -15, 0>, otherwise = -1.0e9 : f32, zero_hidden, zero_nan}
         : (tensor<1x16x1152xf32>, tensor<1x16x1152xf32>, tensor<1x16x1152xf32>) -> tensor<1x16x384xf32>
  return %0 : tensor<1x16x384xf32>
}

// CHECK-LABEL: func @rows
func.func @rows(%x: tensor<2x4x8xf32>, %g: tensor<8xf32>, %ids: tensor<2x4xi64>, %t: tensor<100x8xf32>) -> tensor<2x4x8xf32> {
  // CHECK: graph.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon
  %0 = graph.layer_norm %x, %g, %g {epsilon = 1.0e-5 : f32} : tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32>
  // CHECK: graph.layer_norm %{{.*}}, %{{.*}} {epsilon
  %1 = graph.layer_norm %0, %g {epsilon = 1.0e-5 : f32} : tensor<2x4x8xf32>, tensor<8xf32>
  // CHECK: graph.rms_norm
  %2 = graph.rms_norm %1, %g {epsilon = 1.0e-5 : f32} : tensor<2x4x8xf32>, tensor<8xf32>
  // CHECK: graph.softmax
  %3 = graph.softmax %2 : tensor<2x4x8xf32>
  // CHECK: graph.gelu tanh
  %4 = graph.gelu tanh %3 : tensor<2x4x8xf32>
  // CHECK: graph.embedding
  %5 = graph.embedding %t, %ids : (tensor<100x8xf32>, tensor<2x4xi64>) -> tensor<2x4x8xf32>
  // CHECK: graph.binary add
  %6 = graph.binary add %4, %5 : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  // CHECK: graph.binary lt
  %7 = graph.binary lt %6, %g : (tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xi1>
  // CHECK: graph.select
  %8 = graph.select %7, %6, %g : (tensor<2x4x8xi1>, tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  // CHECK: graph.unary erf
  %9 = graph.unary erf %8 : tensor<2x4x8xf32> -> tensor<2x4x8xf32>
  return %9 : tensor<2x4x8xf32>
}

// CHECK-LABEL: func @views
func.func @views(%x: tensor<2x4x8xf32>, %i: tensor<3xi64>, %n: tensor<2x4xi64>) -> tensor<2x3x8xf32> {
  // CHECK: graph.reshape
  %0 = graph.reshape %x : tensor<2x4x8xf32> -> tensor<2x4x2x4xf32>
  // CHECK: graph.transpose
  %1 = graph.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<2x4x2x4xf32> -> tensor<2x2x4x4xf32>
  // CHECK: graph.slice
  %2 = graph.slice %1 {offsets = array<i64: 0, 1, 3, 0>, sizes = array<i64: 2, 1, 4, 4>, strides = array<i64: 1, 1, -1, 1>}
         : tensor<2x2x4x4xf32> -> tensor<2x1x4x4xf32>
  // CHECK: graph.broadcast
  %3 = graph.broadcast %2 : tensor<2x1x4x4xf32> -> tensor<2x2x4x4xf32>
  // CHECK: graph.concat
  %4 = graph.concat %3, %1 {axis = 1 : i64} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x4x4x4xf32>
  // CHECK: graph.reduce mean
  %5 = graph.reduce mean %4 {axes = array<i64: 3>} : tensor<2x4x4x4xf32> -> tensor<2x4x4x1xf32>
  // CHECK: graph.cumsum
  %6 = graph.cumsum %n {axis = 1 : i64} : tensor<2x4xi64>
  // CHECK: graph.gather
  %7 = graph.gather %x, %i {axis = 1 : i64} : (tensor<2x4x8xf32>, tensor<3xi64>) -> tensor<2x3x8xf32>
  // CHECK: graph.cast
  %8 = graph.cast %6 : tensor<2x4xi64> -> tensor<2x4xi1>
  // CHECK: graph.window
  %9 = graph.window %x {axis = 1 : i64, offset = 3 : i64, sizes = array<i64: 2, 2>, strides = array<i64: -2, -1>}
         : tensor<2x4x8xf32> -> tensor<2x2x2x8xf32>
  return %7 : tensor<2x3x8xf32>
}

// CHECK-LABEL: func @host
func.func @host(%ids: tensor<1x16xi64>, %mask: tensor<1x16xi64>) -> (tensor<1x16xi32>, tensor<1x16xbf16>) {
  %c0 = arith.constant dense<0> : tensor<i64>
  %zero = arith.constant dense<0.0> : tensor<bf16>
  %floor = arith.constant dense<-1.0e30> : tensor<bf16>
  // CHECK: graph.launch_step index(
  %index = graph.launch_step index(%ids) {dims = array<i64: 100>} : (tensor<1x16xi64>) -> tensor<1x16xi32>
  // CHECK: graph.launch_step cast(
  %0 = graph.launch_step cast(%ids) : (tensor<1x16xi64>) -> tensor<1x16xi32>
  // CHECK: graph.launch_step ne(
  %1 = graph.launch_step ne(%mask, %c0) : (tensor<1x16xi64>, tensor<i64>) -> tensor<1x16xi1>
  // CHECK: graph.launch_step select(
  %2 = graph.launch_step select(%1, %zero, %floor) : (tensor<1x16xi1>, tensor<bf16>, tensor<bf16>) -> tensor<1x16xbf16>
  // CHECK: graph.launch_step cumsum({{.*}}) {axis = 1 : i64}
  %3 = graph.launch_step cumsum(%ids) {axis = 1 : i64} : (tensor<1x16xi64>) -> tensor<1x16xi64>
  return %0, %2 : tensor<1x16xi32>, tensor<1x16xbf16>
}
