// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One place of the systolic array: multiplies the activation that passes from left to right by its weight and, a cycle
// later, adds the product to the sum that passes from top to bottom. A second weight register is filled meanwhile from
// the elements that pass on the weight buses, from the top (a wave of rows) or from the left (a wave of columns).
//
//   cycle t      product ← activation_i × (swap ? shadow : weight);  weight ← shadow at a swap
//                weights_o ← weights of the wave's side;  shadow ← the one of them that is for this place
//   cycle t + 1  sum_o ← sum_i + product
//
// bf16: the product and the sum are fp32. int8: a lane holds two values, the product is the sum of two products and the
// sum is int32 with wrap-around. control_i is the state of the place's anti-diagonal, add_* that of the next one.
// Throughput one row a cycle. Nothing is reset: only what follows a swap and a valid row is used.

module tw_processing_element
  import tw_config_pkg::*;
  import tw_isa_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                        clk_i,
  input  diagonal_t                   control_i,
  input  logic                        add_valid_i,
  input  matmul_type_e                add_type_i,
  input  place_t                      place_i,
  input  logic [15:0]                 activation_i,
  input  logic [WeightRows-1:0][15:0] weights_top_i,
  input  logic [WeightRows-1:0][15:0] weights_left_i,
  input  logic [31:0]                 sum_i,
  output logic [15:0]                 activation_o,
  output logic [WeightRows-1:0][15:0] weights_o,
  output logic [31:0]                 sum_o
);
  /*verilator no_inline_module*/

  logic [15:0] weight_q, shadow_q;
  logic [31:0] product_q;

  function automatic logic [31:0] dot(logic [15:0] a, logic [15:0] b);
    logic signed [15:0] low, high;
    low = $signed(a[7:0]) * $signed(b[7:0]);
    high = $signed(a[15:8]) * $signed(b[15:8]);
    return 32'(low) + 32'(high);
  endfunction

  always_ff @(posedge clk_i) begin
    if (control_i.row_valid) activation_o <= activation_i;
    if (control_i.row_valid && control_i.operand_type == MatmulTypeBf16)
      product_q <= tw_float_pkg::bf16_multiply(activation_i, control_i.swap ? shadow_q : weight_q);
    if (control_i.row_valid && control_i.operand_type == MatmulTypeInt8)
      product_q <= dot(activation_i, control_i.swap ? shadow_q : weight_q);
    if (control_i.swap) weight_q <= shadow_q;
    if (control_i.wave_valid) begin
      if (control_i.wave_by_column) begin
        weights_o <= weights_left_i;
        if (control_i.wave == place_i.column_wave) shadow_q <= weights_left_i[place_i.column_slot];
      end else begin
        weights_o <= weights_top_i;
        if (control_i.wave == place_i.row_wave) shadow_q <= weights_top_i[place_i.row_slot];
      end
    end
    if (add_valid_i && add_type_i == MatmulTypeBf16) sum_o <= tw_float_pkg::fp32_add(sum_i, product_q);
    if (add_valid_i && add_type_i == MatmulTypeInt8) sum_o <= sum_i + product_q;
  end

endmodule
