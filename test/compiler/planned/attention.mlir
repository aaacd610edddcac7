// More keys than the accumulator holds scores of: the first tile begins the
// sum and the product, the others rescale what is there. The maximum begins at
// the lowest number, so that scores of minus infinity alone give zeros so far.

// RUN: tilework compile %s --target nano --stop-after planned | FileCheck %s

// CHECK: npu.group "attention" sources [0]
// CHECK-DAG: %[[Q:.*]] = npu.buffer "queries" scratchpad
// CHECK-DAG: %[[K:.*]] = npu.buffer "keys" scratchpad
// CHECK-DAG: %[[V:.*]] = npu.buffer "values" scratchpad
// CHECK-DAG: %[[P:.*]] = npu.buffer "probabilities" scratchpad
// CHECK-DAG: %[[S:.*]] = npu.buffer "scores" accumulator
// CHECK-DAG: %[[O:.*]] = npu.buffer "sums" accumulator

// CHECK: npu.matmul %[[S]], {{.*}}, %[[Q]], {{.*}}, %[[K]], {{.*}} {by_columns}
// CHECK: npu.vector <{{.*}}destination = statistics, multiply0 = scalar, multiply0_bits = 4286578687
// CHECK: npu.vector <source = fp32, destination = fp32, multiply0 = scalar, reduce = maximum, accumulate = always, multiply0_bits = 1048576000
// CHECK: npu.vector <source = fp32, destination = bf16, add1 = minus_statistic, function = exponential, reduce = sum, statistics
// CHECK: npu.matmul %[[O]], {{.*}}, %[[P]], {{.*}}, %[[V]]

// CHECK: npu.loop
// CHECK: npu.matmul %[[S]], {{.*}} {by_columns}
// CHECK: npu.vector <{{.*}}reduce = maximum, accumulate = always
// CHECK: npu.vector <source = statistics, element = statistics, destination = statistics, multiply0 = scalar, add0 = element, function = exponential
// CHECK: npu.vector <source = statistics, element = statistics, destination = statistics, multiply1 = element
// CHECK: npu.vector <{{.*}}function = exponential, reduce = sum, accumulate = always
// CHECK: npu.vector <source = fp32, destination = fp32, multiply0 = statistic{{.*}}(%[[O]], %[[O]])
// CHECK: npu.matmul %[[O]], {{.*}}, %[[P]], {{.*}}, %[[V]], {{.*}} accumulate always
// CHECK: }

// CHECK: npu.vector <source = statistics, destination = statistics, function = reciprocal
// CHECK: npu.vector <source = fp32, destination = bf16, multiply0 = statistic
// CHECK: npu.store
func.func @main(%q: tensor<1x50x16xf32>, %k: tensor<1x700x16xf32>, %v: tensor<1x700x16xf32>) -> tensor<1x50x16xf32> {
  %0 = graph.attention %q, %k, %v {heads = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, value_dim = 16 : i64,
         q_window = array<i64: 0, 16>, k_window = array<i64: 0, 16>, v_window = array<i64: 0, 16>, scale = 0.25 : f32}
         : (tensor<1x50x16xf32>, tensor<1x700x16xf32>, tensor<1x700x16xf32>) -> tensor<1x50x16xf32>
  return %0 : tensor<1x50x16xf32>
}
