// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// a_i × b_i of two bf16 as fp32 (tw_float_pkg): exact but for overflow and flush. Combinational.

module tw_bf16_multiply (
  input  logic [15:0] a_i,
  input  logic [15:0] b_i,
  output logic [31:0] product_o
);

  assign product_o = tw_float_pkg::bf16_multiply(a_i, b_i);

endmodule
