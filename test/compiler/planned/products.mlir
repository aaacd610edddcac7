// A product that does not fit the chip: tiles at ragged edges, rings that turn
// with the loop that fills them, sums that begin anew in the first of the tiles
// of depth.

// RUN: tilework compile %s --target nano --stop-after planned | FileCheck %s

// CHECK: npu.tensor "w" weight at 0 offset 0 bytes {{[0-9]+}} {columns = 100 : i64, layout = #npu<layout blocked>, rows = 3000 : i64
// CHECK: npu.group "matmul" sources [0]
// CHECK: %[[A:.*]] = npu.buffer "activations" scratchpad rows [[AROWS:[0-9]+]] slots 2 pitch {{[0-9]+}} base {{[0-9]+}} {turns = [[K:[0-9]+]] : i64}
// CHECK: %[[W:.*]] = npu.buffer "weights" scratchpad rows {{[0-9]+}} slots 2 pitch {{[0-9]+}} base {{[0-9]+}} {turns = [[K]] : i64}
// CHECK: %[[S:.*]] = npu.buffer "sums" accumulator
// CHECK: %[[O:.*]] = npu.buffer "out" scratchpad
// CHECK: npu.load %[[W]], {{.*}}, <[[KT:[0-9]+]] of 3000 by [[K]]>, <8>
// CHECK: npu.load %[[A]], {{.*}}, <1>, <[[MT:[0-9]+]] of 70 by [[M:[0-9]+]]>, <[[KT]] of 3000 by [[K]]>
// CHECK: npu.matmul %[[S]], {{.*}}, %[[A]], {{.*}}, %[[W]], {{.*}}, <[[MT]] of 70 by [[M]]>, <[[NT:[0-9]+]] of 100 by [[N:[0-9]+]]>, <[[KT]] of 3000 by [[K]]> accumulate after_first {accumulate_depth = [[K]] : i64}
// CHECK: npu.vector <source = fp32, destination = bf16>, <[[MT]] of 70 by [[M]]>, <[[NT]] of 100 by [[N]]>, [0, 2](%[[S]], %[[O]])
// CHECK: npu.store %[[O]], {{.*}}, <1>, <[[MT]] of 70 by [[M]]>, <[[NT]] of 100 by [[N]]>
func.func @main(%x: tensor<70x3000xf32>) -> tensor<70x100xf32> {
  %w = graph.weight "w" #graph.expr<dense<0.5> : tensor<1xf32>, [#graph.broadcast_step<[3000, 100]>]> -> tensor<3000x100xf32>
  %0 = graph.matmul %x, %w : (tensor<70x3000xf32>, tensor<3000x100xf32>) -> tensor<70x100xf32>
  return %0 : tensor<70x100xf32>
}
