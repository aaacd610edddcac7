// A loop that stays a loop: nulls in front of it take what its first iteration
// needs from before; inside, distances follow from the depth of the rings, and
// the first tile of depth overwrites the sums.

// RUN: tilework compile %s --target nano --stop-after synchronised | FileCheck %s

// CHECK: isa.set_address destination = [[X:a[0-9]+]], space = dram, segment = 1
// CHECK: isa.null {{.*}}unit = load
// CHECK-NEXT: isa.null {{.*}}unit = store
// CHECK-NEXT: isa.null {{.*}}unit = array
// CHECK-NEXT: isa.null {{.*}}unit = vector
// CHECK-NEXT: isa.loop trip_source = immediate, count = {{[0-9]+}}, length = {{[0-9]+}}, update0 = [[X]] by

// Two slots: a tile may be loaded while the product before is running.
// CHECK-NEXT: isa.load wait_array = 1,
// CHECK-NEXT: isa.load wait_array = 1, dram = [[X]]
// CHECK-NEXT: isa.matmul wait_load = 0, wait_vector = 0, {{.*}}accumulate = never
// CHECK-NEXT: isa.load wait_array = 1,
// CHECK-NEXT: isa.load wait_array = 1, dram = [[X]]
// CHECK-NEXT: isa.matmul wait_load = 0, {{.*}}accumulate = always
// CHECK: isa.vector {{.*}}wait_array = 0
// CHECK-NEXT: isa.store wait_vector = 0
// CHECK: isa.halt
func.func @main(%x: tensor<70x3000xf32>) -> tensor<70x100xf32> {
  %w = graph.weight "w" #graph.expr<dense<0.5> : tensor<1xf32>, [#graph.broadcast_step<[3000, 100]>]> -> tensor<3000x100xf32>
  %0 = graph.matmul %x, %w : (tensor<70x3000xf32>, tensor<3000x100xf32>) -> tensor<70x100xf32>
  return %0 : tensor<70x100xf32>
}
