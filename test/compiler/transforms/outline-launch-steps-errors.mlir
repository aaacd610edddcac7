// RUN: tilework-opt %s --graph-outline-launch-steps --verify-diagnostics

func.func @ids_of_floats(%t: tensor<9x8xf32>, %x: tensor<1x4xf32>) -> tensor<1x4x8xf32> {
  // expected-error @below {{integer or boolean values that depend on computed floats are not supported}}
  %0 = graph.cast %x : tensor<1x4xf32> -> tensor<1x4xi64>
  %1 = graph.embedding %t, %0 : (tensor<9x8xf32>, tensor<1x4xi64>) -> tensor<1x4x8xf32>
  return %1 : tensor<1x4x8xf32>
}
