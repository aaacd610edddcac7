// RUN: tilework-opt %s --split-input-file --verify-diagnostics

func.func @span_length() -> tensor<4xf32> {
  // expected-error @below {{failed to parse Graph_ExprAttr parameter 'source'}}
  // expected-error @below {{span has 15 bytes, but its shape and element type take 16}}
  %0 = graph.weight "w" #graph.expr<#graph.span<file = 0, offset = 0, bytes = 15, element = f32, shape = [4]>, []> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @expression_type() -> tensor<4xf32> {
  // expected-error @below {{expression gives 'tensor<4xi8>', result type is 'tensor<4xf32>'}}
  %0 = graph.weight "w" #graph.expr<#graph.span<file = 0, offset = 0, bytes = 4, element = i8, shape = [4]>, []> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @concat_step() -> tensor<6xf32> {
  // expected-error @below {{concat_step axis 1 is not within rank 1}}
  %0 = graph.weight "w" #graph.expr<dense<1.0> : tensor<4xf32>, [#graph.concat_step<1, [#graph.expr<dense<1.0> : tensor<2xf32>, []>]>]> -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// -----

func.func @transpose_step() -> tensor<2x2xf32> {
  // expected-error @below {{transpose_step is no permutation of rank 2}}
  %0 = graph.weight "w" #graph.expr<dense<1.0> : tensor<2x2xf32>, [#graph.transpose_step<[0, 0]>]> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @slice_step() -> tensor<2xf32> {
  // expected-error @below {{slice_step leaves dimension 0 of size 2}}
  %0 = graph.weight "w" #graph.expr<dense<1.0> : tensor<2xf32>, [#graph.slice_step<[1], [2], [1]>]> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @matmul_inner(%x: tensor<2x3xf32>, %w: tensor<4x5xf32>) -> tensor<2x5xf32> {
  // expected-error @below {{sums over 3 elements of lhs but 4 of rhs}}
  %0 = graph.matmul %x, %w : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @matmul_bias(%x: tensor<2x4xf32>, %w: tensor<4x5xf32>, %b: tensor<4xf32>) -> tensor<2x5xf32> {
  // expected-error @below {{bias must have the shape [5]}}
  %0 = graph.matmul %x, %w bias(%b : tensor<4xf32>) : (tensor<2x4xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @matmul_norm(%x: tensor<2x4xf32>, %w: tensor<4x5xf32>, %g: tensor<5xf32>) -> tensor<2x5xf32> {
  // expected-error @below {{a normalisation needs its scale and epsilon}}
  %0 = graph.matmul %x, %w norm layer_norm(%g : tensor<5xf32>) : (tensor<2x4xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @attention_window(%x: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> {
  // expected-error @below {{k_window leaves the 16 columns of its tensor}}
  %0 = graph.attention %x, %x, %x {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 8 : i64, value_dim = 8 : i64,
         q_window = array<i64: 0, 8>, k_window = array<i64: 1, 8>, v_window = array<i64: 0, 8>, scale = 1.0 : f32}
         : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}

// -----

func.func @attention_seen(%x: tensor<1x4x16xf32>, %m: tensor<1x4xbf16>) -> tensor<1x4x16xf32> {
  // expected-error @below {{otherwise needs seen or a band, and seen needs it}}
  %0 = graph.attention %x, %x, %x seen(%m : tensor<1x4xbf16>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 8 : i64, value_dim = 8 : i64,
         q_window = array<i64: 0, 8>, k_window = array<i64: 0, 8>, v_window = array<i64: 0, 8>, scale = 1.0 : f32}
         : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}

// -----

func.func @attention_kept(%x: tensor<1x4x16xf32>, %m: tensor<1x4xbf16>) -> tensor<1x4x16xf32> {
  // expected-error @below {{is not [B or 1, heads or 1, 4]}}
  %0 = graph.attention %x, %x, %x kept(%m : tensor<1x4xbf16>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 8 : i64, value_dim = 8 : i64,
         q_window = array<i64: 0, 8>, k_window = array<i64: 0, 8>, v_window = array<i64: 0, 8>, scale = 1.0 : f32}
         : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}

// -----

func.func @attention_two_values(%x: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> {
  // expected-error @below {{has band_value and otherwise}}
  %0 = graph.attention %x, %x, %x {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 8 : i64, value_dim = 8 : i64,
         q_window = array<i64: 0, 8>, k_window = array<i64: 0, 8>, v_window = array<i64: 0, 8>, scale = 1.0 : f32,
         band = array<i64: 0, 0>, band_value = -1.0 : f32, otherwise = -1.0 : f32}
         : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}

// -----

func.func @attention_mask(%x: tensor<1x4x16xf32>, %m: tensor<1x5xbf16>) -> tensor<1x4x16xf32> {
  // expected-error @below {{is neither [B or 1, 4] nor}}
  %0 = graph.attention %x, %x, %x mask(%m : tensor<1x5xbf16>) {heads = 2 : i64, kv_heads = 2 : i64, head_dim = 8 : i64, value_dim = 8 : i64,
         q_window = array<i64: 0, 8>, k_window = array<i64: 0, 8>, v_window = array<i64: 0, 8>, scale = 1.0 : f32}
         : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}

// -----

func.func @layer_norm(%x: tensor<2x4xf32>, %g: tensor<3xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{scale must have the shape [4]}}
  %0 = graph.layer_norm %x, %g {epsilon = 1.0e-5 : f32} : tensor<2x4xf32>, tensor<3xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @rms_norm(%x: tensor<2x4xf32>, %g: tensor<4x1xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{scale must have the shape [4]}}
  %0 = graph.rms_norm %x, %g {epsilon = 1.0e-5 : f32} : tensor<2x4xf32>, tensor<4x1xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @softmax(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{needs an input of rank 1 or more}}
  %0 = graph.softmax %x : tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @embedding(%t: tensor<8x4xf32>, %i: tensor<2xi8>) -> tensor<2x4xf32> {
  // expected-error @below {{needs ids of type i32 or i64}}
  %0 = graph.embedding %t, %i : (tensor<8x4xf32>, tensor<2xi8>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @gather(%x: tensor<8x4xf32>, %i: tensor<2xi64>) -> tensor<2x4xf32> {
  // expected-error @below {{axis 2 is not within rank 2}}
  %0 = graph.gather %x, %i {axis = 2 : i64} : (tensor<8x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @unary(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{is_nan gives i1}}
  %0 = graph.unary is_nan %x : tensor<2xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @binary(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{do not broadcast}}
  %0 = graph.binary add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @comparison(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{a comparison gives i1}}
  %0 = graph.binary lt %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @select(%c: tensor<2xi8>, %x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{needs a condition of i1}}
  %0 = graph.select %c, %x, %x : (tensor<2xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @cast(%x: tensor<2xi64>) -> tensor<3xi32> {
  // expected-error @below {{changes the shape}}
  %0 = graph.cast %x : tensor<2xi64> -> tensor<3xi32>
  return %0 : tensor<3xi32>
}

// -----

func.func @reduce(%x: tensor<2x4xf32>) -> tensor<2xf32> {
  // expected-error @below {{result keeps reduced dimensions as 1}}
  %0 = graph.reduce mean %x {axes = array<i64: 1>} : tensor<2x4xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @cumsum(%x: tensor<2xi64>) -> tensor<2xi64> {
  // expected-error @below {{axis -1 is not within rank 1}}
  %0 = graph.cumsum %x {axis = -1 : i64} : tensor<2xi64>
  return %0 : tensor<2xi64>
}

// -----

func.func @reshape(%x: tensor<2x4xf32>) -> tensor<7xf32> {
  // expected-error @below {{changes the number of elements from 8 to 7}}
  %0 = graph.reshape %x : tensor<2x4xf32> -> tensor<7xf32>
  return %0 : tensor<7xf32>
}

// -----

func.func @transpose(%x: tensor<2x4xf32>) -> tensor<4x2xf32> {
  // expected-error @below {{permutation names dimension 1 twice}}
  %0 = graph.transpose %x {permutation = array<i64: 1, 1>} : tensor<2x4xf32> -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}

// -----

func.func @slice(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @below {{leaves dimension 0 of size 4}}
  %0 = graph.slice %x {offsets = array<i64: 3>, sizes = array<i64: 2>, strides = array<i64: 1>} : tensor<4xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @window(%x: tensor<6xf32>) -> tensor<3x3xf32> {
  // expected-error @below {{leaves dimension 0 of size 6}}
  %0 = graph.window %x {axis = 0 : i64, offset = 1 : i64, sizes = array<i64: 3, 3>, strides = array<i64: 2, 1>} : tensor<6xf32> -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// -----

func.func @window_backwards(%x: tensor<6xf32>) -> tensor<3xf32> {
  // expected-error @below {{leaves dimension 0 of size 6}}
  %0 = graph.window %x {axis = 0 : i64, offset = 3 : i64, sizes = array<i64: 3>, strides = array<i64: -2>} : tensor<6xf32> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @broadcast(%x: tensor<4xf32>) -> tensor<3xf32> {
  // expected-error @below {{does not broadcast to}}
  %0 = graph.broadcast %x : tensor<4xf32> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @concat(%x: tensor<2x4xf32>, %y: tensor<3x4xf32>) -> tensor<2x8xf32> {
  // expected-error @below {{does not fit}}
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @step_arity(%x: tensor<4xi64>) -> tensor<4xi64> {
  // expected-error @below {{add takes 2 operands, not 1}}
  %0 = graph.launch_step add(%x) : (tensor<4xi64>) -> tensor<4xi64>
  return %0 : tensor<4xi64>
}

// -----

func.func @step_axis(%x: tensor<4xi64>) -> tensor<4xi64> {
  // expected-error @below {{cumsum needs axis}}
  %0 = graph.launch_step cumsum(%x) : (tensor<4xi64>) -> tensor<4xi64>
  return %0 : tensor<4xi64>
}

// -----

func.func @index(%i: tensor<4xi64>) -> tensor<4xi32> {
  // expected-error @+1 {{index needs the rows of one table and keeps the shape}}
  %0 = graph.launch_step index(%i) {dims = array<i64: 0>} : (tensor<4xi64>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
