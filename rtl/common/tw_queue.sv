// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// First-in first-out queue in front of every unit. ready_o and valid_o come from state: an entry that is pushed in cycle t
// can be popped from t + 1 on, one that is popped in t makes room that shows in t + 1. Push and pop may meet in a cycle.
// Throughput one a cycle, latency one. Reset empties it; entries themselves are not reset.
//
//   push_i, data_i ─▶ [ Depth entries ] ─▶ data_o ─ pop_i
//
// Ranges: Width ≥ 1, Depth ≥ 1. push_i without ready_o and pop_i without valid_o are errors of the user.

module tw_queue #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 8
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             push_i,
  input  logic [Width-1:0] data_i,
  output logic             ready_o,
  output logic             valid_o,
  output logic [Width-1:0] data_o,
  input  logic             pop_i
);

  localparam int unsigned PointerWidth = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned LevelWidth = $clog2(Depth + 1);
  localparam logic [PointerWidth-1:0] LastEntry = PointerWidth'(Depth - 1);

  logic [Width-1:0]        entries_q [Depth];
  logic [PointerWidth-1:0] head_q, tail_q;
  logic [LevelWidth-1:0]   level_q;

  assign ready_o = level_q != LevelWidth'(Depth);
  assign valid_o = level_q != '0;
  assign data_o  = entries_q[head_q];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_q  <= '0;
      tail_q  <= '0;
      level_q <= '0;
    end else begin
      if (push_i) tail_q <= tail_q == LastEntry ? '0 : tail_q + 1'b1;
      if (pop_i) head_q <= head_q == LastEntry ? '0 : head_q + 1'b1;
      if (push_i && !pop_i) level_q <= level_q + 1'b1;
      if (pop_i && !push_i) level_q <= level_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) entries_q[tail_q] <= data_i;
  end

  // Elaboration ends here outside of these ranges.
  if (!(Width >= 1)) $fatal(1, "Width is 0");
  if (!(Depth >= 1)) $fatal(1, "Depth is 0");

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(push_i && !ready_o)) else $error("push into a full queue");
      assert (!(pop_i && !valid_o)) else $error("pop from an empty queue");
    end
  end
`endif

endmodule
