// Online softmax in instructions: each vector step waits for the product that
// made its scores, each product for the vector step that read them.

// RUN: tilework compile %s --target nano --stop-after synchronised | FileCheck %s

// CHECK: isa.loop
// CHECK: isa.load wait_array = {{[0-9]+}},
// CHECK: isa.matmul wait_load = 0, {{.*}}side = columns, {{.*}}accumulate = never
// CHECK: isa.vector {{.*}}wait_array = 0, {{.*}}reduce = maximum
// CHECK: isa.vector {{.*}}wait_vector = 0, {{.*}}func = exponential, {{.*}}reduce = sum
// CHECK: isa.matmul {{.*}}wait_vector = 0, {{.*}}side = rows, {{.*}}accumulate = never
// The next tile's scores may be made once the probabilities are.
// CHECK-NEXT: isa.matmul {{.*}}wait_vector = 0, {{.*}}side = columns
// CHECK: isa.vector {{.*}}reduce = maximum, {{.*}}reduce_accumulate = true
// CHECK: isa.vector {{.*}}wait_array = {{[0-9]+}}, {{.*}}multiply0 = statistic
// CHECK: isa.matmul {{.*}}wait_vector = 0, {{.*}}side = rows, {{.*}}accumulate = always
// CHECK: isa.vector {{.*}}func = reciprocal
// CHECK: isa.store wait_vector = 0
// CHECK: isa.halt
func.func @main(%q: tensor<1x50x16xf32>, %k: tensor<1x700x16xf32>, %v: tensor<1x700x16xf32>) -> tensor<1x50x16xf32> {
  %0 = graph.attention %q, %k, %v {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, value_dim = 16 : i64,
         q_window = array<i64: 0, 16>, k_window = array<i64: 0, 16>, v_window = array<i64: 0, 16>, scale = 0.25 : f32}
         : (tensor<1x50x16xf32>, tensor<1x700x16xf32>, tensor<1x700x16xf32>) -> tensor<1x50x16xf32>
  return %0 : tensor<1x50x16xf32>
}
