// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// a_i + b_i in the machine's fp32 (tw_float_pkg). With Stages = 0 combinational; with Stages = 1 a register stands between
// alignment and normalisation: operands taken in a cycle with en_i give the sum from the next cycle on, until the next
// en_i. Throughput one a cycle. The register is not reset.

module tw_fp32_add
  import tw_float_pkg::*;
#(
  parameter int unsigned Stages = 0
) (
  input  logic        clk_i,
  input  logic        en_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] sum_o
);

  if (Stages == 0) begin : gen_comb
    logic unused;
    assign unused = ^{clk_i, en_i};
    assign sum_o = fp32_add(a_i, b_i);
  end else begin : gen_pipelined
    fp32_sum_t sum_q;
    always_ff @(posedge clk_i) begin
      if (en_i) sum_q <= fp32_add_align(a_i, b_i);
    end
    assign sum_o = fp32_add_round(sum_q);
  end

`ifdef TW_ASSERT
  initial assert (Stages <= 1) else $fatal(1, "Stages is 0 or 1");
`endif

endmodule
