// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One lane of the array's accumulation: the sum of a block is written as it is, or added to what the accumulator holds.
// A row may follow on itself: what the accumulator does not show yet is taken from the two results before.
//
//   accumulator ─┬─ newer: result_o ─┬─ older: previous ─┐
//                └───────────────────┴───────────────────┴─▶ + partial_i (or 0) ─▶ result_o
//
// Latency one cycle from en_i, throughput one a cycle. Nothing is reset.

module tw_sum_lane
  import tw_isa_pkg::*;
(
  input  logic         clk_i,
  input  logic         en_i,
  input  logic         accumulate_i,
  input  matmul_type_e operand_type_i,
  input  logic         newer_i,  // the accumulator's value is overtaken by result_o
  input  logic         older_i,  // else by the result before it
  input  logic [31:0]  partial_i,
  input  logic [31:0]  stored_i,
  output logic [31:0]  result_o
);
  /*verilator no_inline_module*/

  logic [31:0] previous_q, sum;

  assign sum = newer_i ? result_o : older_i ? previous_q : stored_i;

  always_ff @(posedge clk_i) begin
    previous_q <= result_o;
    if (en_i && !accumulate_i) result_o <= partial_i;
    if (en_i && accumulate_i && operand_type_i == MatmulTypeInt8) result_o <= sum + partial_i;
    if (en_i && accumulate_i && operand_type_i == MatmulTypeBf16) result_o <= tw_float_pkg::fp32_add(sum, partial_i);
  end

endmodule
