// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// a_i × b_i in the machine's fp32 (tw_float_pkg). With Stages = 0 combinational; with Stages = 1 a register stands between
// the product of the significands and its rounding: operands taken in a cycle with en_i give the product from the next
// cycle on, until the next en_i. Throughput one a cycle. The register is not reset.

module tw_fp32_multiply
  import tw_float_pkg::*;
#(
  parameter int unsigned Stages = 0
) (
  input  logic        clk_i,
  input  logic        en_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] product_o
);

  if (Stages == 0) begin : gen_comb
    logic unused;
    assign unused = ^{clk_i, en_i};
    assign product_o = fp32_multiply(a_i, b_i);
  end else begin : gen_pipelined
    fp32_product_t product_q;
    always_ff @(posedge clk_i) begin
      if (en_i) product_q <= fp32_multiply_begin(a_i, b_i);
    end
    assign product_o = fp32_multiply_round(product_q);
  end

`ifdef TW_ASSERT
  initial assert (Stages <= 1) else $fatal(1, "Stages is 0 or 1");
`endif

endmodule
