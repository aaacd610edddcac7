// Calls of one routine: the caller sets the bases that move, once for each pair of
// strides; nulls in front of the first call carry what it alone waits for. Inside,
// weights are offsets from a base, what stands still is named.

// RUN: tilework compile %s --target nano --stop-after synchronised | FileCheck %s

// CHECK: isa.program @main attributes {isa.routines = {layer0 = [[AT:[0-9]+]] : i64}}
// CHECK-NEXT: isa.set_address destination = a31, space = dram, stride = 16, block_stride = 512, limit = 8192
// CHECK-NEXT: isa.set_address destination = a30, space = dram, stride = 16, block_stride = 1024, limit = 8192
// CHECK-NEXT: isa.set_address destination = a29, space = dram, segment = 1
// CHECK-NEXT: isa.set_address destination = a28, space = dram, segment = 3
// CHECK-NEXT: isa.null unit = load
// CHECK-NEXT: isa.null unit = store
// CHECK-NEXT: isa.null unit = array
// CHECK-NEXT: isa.null unit = vector
// CHECK-NEXT: isa.call target = [[AT]], context_id = 1
// CHECK-NEXT: isa.set_address destination = a31, space = dram, value = 8192, {{.*}} limit = 16384
// CHECK-NEXT: isa.set_address destination = a30, space = dram, value = 8192, {{.*}} limit = 16384
// CHECK-NEXT: isa.set_address destination = a29, space = dram, segment = 3
// CHECK-NEXT: isa.call target = [[AT]], context_id = 2
// CHECK-NEXT: isa.set_address destination = a31, space = dram, value = 16384
// CHECK-NEXT: isa.set_address destination = a30, space = dram, value = 16384
// CHECK-NEXT: isa.set_address destination = a28, space = dram, segment = 2
// CHECK-NEXT: isa.call target = [[AT]], context_id = 3
// CHECK-NEXT: isa.halt

// The next layer's first weights wait for the products that read what was there
// in the layer before, and for nothing later.
// CHECK-NEXT: isa.set_address
// CHECK-NEXT: isa.load wait_array = {{[1-9][0-9]}}, dram = a31
// CHECK: isa.load wait_store = {{[1-9]}}, {{.*}}dram = a29
// CHECK: isa.matmul wait_load = 0, wait_vector = {{[1-9]}}, {{.*}}accumulate = never
// CHECK: isa.store {{.*}}wait_vector = 0
// CHECK: isa.load {{.*}}dram = a30, dram_offset = 4096
// CHECK: isa.store {{.*}}dram = a28
// CHECK-NOT: isa.halt
// CHECK: isa.return

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
