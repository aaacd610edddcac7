// Layers of one shape are groups of a routine, once; a call gives the tensors and
// the graph ops of its layer. Weights stand layer by layer, intermediates at one
// place in all of them. Operands that stay are filled in the first iteration of
// a loop only.

// RUN: tilework compile %s --target nano --stop-after planned | FileCheck %s

// CHECK: npu.tensor "input0.bf16" input
// CHECK: npu.tensor "output0.bf16" output
// CHECK: npu.tensor "up0" weight at 0 offset 0 bytes 4096
// CHECK: npu.tensor "" scratch at [[SCRATCH:[0-9]+]] offset [[HIDDEN:[0-9]+]] bytes 2048
// CHECK: npu.tensor "down0" weight at 0 offset 4096 bytes 4096
// CHECK: npu.tensor "" scratch at [[SCRATCH]] offset [[RESULT:[0-9]+]] bytes 1024
// CHECK: npu.tensor "up1" weight at 0 offset 8192
// CHECK: npu.tensor "" scratch at [[SCRATCH]] offset [[HIDDEN]] bytes 2048
// CHECK: npu.tensor "down1" weight at 0 offset 12288
// CHECK: npu.tensor "" scratch at [[SCRATCH]] offset [[RESULT]] bytes 1024

// CHECK: npu.routine @layer0 tensors 5 sources 2 {
// CHECK: npu.group "matmul" sources [0]
// CHECK: npu.buffer "weights" scratchpad rows 256 slots 1 pitch 256 base 3840
// CHECK: npu.load {{.*}}<1 of 1 by
// CHECK: npu.store {{.*}}, <2[
// CHECK: npu.group "matmul" sources [1]
// CHECK: npu.buffer "weights" scratchpad rows 256 slots 1 pitch 256 base 0
// CHECK: npu.load {{.*}}, <2[
// CHECK: npu.store {{.*}}, <4[
// CHECK-NOT: npu.group
// CHECK: npu.call @layer0 tensors [2, 0, 3, 4, 5] sources [0, 1]
// CHECK-NEXT: npu.call @layer0 tensors [6, 5, 7, 8, 9] sources [2, 3]
// CHECK-NEXT: npu.call @layer0 tensors [10, 9, 11, 12, 1] sources [4, 5]

#up0 = #graph.expr<dense<0.01> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down0 = #graph.expr<dense<0.02> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
#up1 = #graph.expr<dense<0.03> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down1 = #graph.expr<dense<0.04> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
#up2 = #graph.expr<dense<0.05> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down2 = #graph.expr<dense<0.06> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
func.func @main(%x0: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %u0 = graph.weight "up0" #up0 -> tensor<32x64xf32>
  %d0 = graph.weight "down0" #down0 -> tensor<64x32xf32>
  %h0 = graph.matmul %x0, %u0 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer0/up")
  %x1 = graph.matmul %h0, %d0 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer0/down")
  %u1 = graph.weight "up1" #up1 -> tensor<32x64xf32>
  %d1 = graph.weight "down1" #down1 -> tensor<64x32xf32>
  %h1 = graph.matmul %x1, %u1 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer1/up")
  %x2 = graph.matmul %h1, %d1 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer1/down")
  %u2 = graph.weight "up2" #up2 -> tensor<32x64xf32>
  %d2 = graph.weight "down2" #down2 -> tensor<64x32xf32>
  %h2 = graph.matmul %x2, %u2 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer2/up")
  %x3 = graph.matmul %h2, %d2 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer2/down")
  return %x3 : tensor<16x32xf32>
}
