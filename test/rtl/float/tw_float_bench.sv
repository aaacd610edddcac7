// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every unit and function of the machine's floating point side by side on the same operands. The pipelined forms answer a
// clock later than the combinational ones.

module tw_float_bench (
  input  logic        clk_i,
  input  logic        en_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] sum_o,
  output logic [31:0] sum_pipelined_o,
  output logic [31:0] product_o,
  output logic [31:0] product_pipelined_o,
  output logic [31:0] product_bf16_o,
  output logic [31:0] widened_o,
  output logic [15:0] narrowed_o
);

  tw_fp32_add u_add (.clk_i, .en_i, .a_i, .b_i, .sum_o);
  tw_fp32_add #(.Stages(1)) u_add_pipelined (.clk_i, .en_i, .a_i, .b_i, .sum_o(sum_pipelined_o));
  tw_fp32_multiply u_multiply (.clk_i, .en_i, .a_i, .b_i, .product_o);
  tw_fp32_multiply #(.Stages(1)) u_multiply_pipelined (.clk_i, .en_i, .a_i, .b_i, .product_o(product_pipelined_o));
  tw_bf16_multiply u_multiply_bf16 (.a_i(a_i[15:0]), .b_i(b_i[15:0]), .product_o(product_bf16_o));

  assign widened_o  = tw_float_pkg::bf16_to_fp32(a_i[15:0]);
  assign narrowed_o = tw_float_pkg::fp32_to_bf16(a_i);

endmodule
