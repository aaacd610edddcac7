// RUN: tilework-opt %s --graph-number-conditions | FileCheck %s

// A sum beyond what is exact: whether it is positive, its largest element says.
// CHECK-LABEL: func @any
// CHECK: %[[FLOATS:.*]] = graph.cast %{{.*}} : tensor<4x300xi1> -> tensor<4x300xf32>
// CHECK-NEXT: %[[MOST:.*]] = graph.reduce max %[[FLOATS]]
// CHECK-NEXT: %[[FLAT:.*]] = graph.reshape %[[MOST]] : tensor<1x1xf32> -> tensor<f32>
// CHECK: %[[ANY:.*]] = graph.binary gt %[[FLAT]], %{{.*}} : (tensor<f32>, tensor<f32>) -> tensor<i1>
// CHECK-NEXT: return %[[ANY]]
func.func @any(%x: tensor<4x300xf32>) -> tensor<i1> {
  %zero = arith.constant dense<0> : tensor<i64>
  %0 = graph.unary is_nan %x : tensor<4x300xf32> -> tensor<4x300xi1>
  %1 = graph.cast %0 : tensor<4x300xi1> -> tensor<4x300xi64>
  %2 = graph.reduce sum %1 {axes = array<i64: 0, 1>} : tensor<4x300xi64> -> tensor<1x1xi64>
  %3 = graph.reshape %2 : tensor<1x1xi64> -> tensor<i64>
  %4 = graph.binary gt %3, %zero : (tensor<i64>, tensor<i64>) -> tensor<i1>
  return %4 : tensor<i1>
}

// A count that is exact is one.
// CHECK-LABEL: func @count
// CHECK: graph.reduce sum %{{.*}} : tensor<4x8xf32> -> tensor<4x1xf32>
// CHECK: graph.binary ge %{{.*}}, %{{.*}} : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xi1>
func.func @count(%x: tensor<4x8xf32>) -> tensor<4x1xi1> {
  %three = arith.constant dense<3> : tensor<i64>
  %0 = graph.unary is_nan %x : tensor<4x8xf32> -> tensor<4x8xi1>
  %1 = graph.cast %0 : tensor<4x8xi1> -> tensor<4x8xi64>
  %2 = graph.reduce sum %1 {axes = array<i64: 1>} : tensor<4x8xi64> -> tensor<4x1xi64>
  %3 = graph.binary ge %2, %three : (tensor<4x1xi64>, tensor<i64>) -> tensor<4x1xi1>
  return %3 : tensor<4x1xi1>
}

// Whether more than one of 300 is there, floats do not say: the plan refuses it.
// CHECK-LABEL: func @more_than_one
// CHECK: graph.binary gt %{{.*}}, %{{.*}} : (tensor<1xi64>, tensor<i64>) -> tensor<1xi1>
func.func @more_than_one(%x: tensor<300xf32>) -> tensor<1xi1> {
  %one = arith.constant dense<1> : tensor<i64>
  %0 = graph.unary is_nan %x : tensor<300xf32> -> tensor<300xi1>
  %1 = graph.cast %0 : tensor<300xi1> -> tensor<300xi64>
  %2 = graph.reduce sum %1 {axes = array<i64: 0>} : tensor<300xi64> -> tensor<1xi64>
  %3 = graph.binary gt %2, %one : (tensor<1xi64>, tensor<i64>) -> tensor<1xi1>
  return %3 : tensor<1xi1>
}

// What integer inputs decide stays with the host.
// CHECK-LABEL: func @of_integers
// CHECK-NOT: f32
// CHECK: return
func.func @of_integers(%x: tensor<8xi64>) -> tensor<1xi1> {
  %zero = arith.constant dense<0> : tensor<i64>
  %0 = graph.cast %x : tensor<8xi64> -> tensor<8xi1>
  %1 = graph.cast %0 : tensor<8xi1> -> tensor<8xi64>
  %2 = graph.reduce max %1 {axes = array<i64: 0>} : tensor<8xi64> -> tensor<1xi64>
  %3 = graph.binary gt %2, %zero : (tensor<1xi64>, tensor<i64>) -> tensor<1xi1>
  return %3 : tensor<1xi1>
}
