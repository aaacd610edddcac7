// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Combines the lanes of an item by trees of neighbours, one level a cycle, and then with the row's statistic. An item whose
// tree_i and square_i come in cycle t (valid_i[0]) reads its statistics in t + log2(VectorLanes) and writes them in
// t + log2(VectorLanes) + 1, so the same row may follow two cycles later. valid_i, item_i: by level, the last but one is the
// read, the last the write.
//
//   tree_i ─▶ level ─▶ … ─▶ level ─▶ read ─▶ + or max ─▶ statistic
//   square_i ─▶ level ─▶ … ─▶ level ─▶ read ─▶ + ─▶ next statistic

module tw_vector_reduce
  import tw_config_pkg::*;
  import tw_isa_pkg::*;
  import tw_float_pkg::*;
  import tw_vector_pkg::*;
#(
  localparam int unsigned Levels = $clog2(VectorLanes)
) (
  input  logic                          clk_i,
  input  logic [VectorLanes-1:0][31:0]  tree_i,
  input  logic [VectorLanes-1:0][31:0]  square_i,
  input  logic [Levels+1:0]             valid_i,   // the item in this level reduces
  input  logic [Levels+1:0][1:0]        reduce_i,
  input  logic                          overwrite_i,  // of the last level
  input  logic [1:0][31:0]              old_i,     // statistics that the last level combines with
  output logic [1:0]                    write_o,
  output logic [1:0][31:0]              data_o
);

  // value[k] holds VectorLanes / 2^k values in its lower part.
  for (genvar k = 0; k <= Levels; k++) begin : gen_level
    localparam int unsigned Width = VectorLanes >> k;
    logic [Width-1:0][31:0] tree, square;
    if (k == 0) begin : gen_first
      assign tree = tree_i;
      assign square = square_i;
    end else begin : gen_rest
      for (genvar lane = 0; lane < Width; lane++) begin : gen_lane
        logic [31:0] tree_q, square_q;
        always_ff @(posedge clk_i) begin
          if (valid_i[k-1]) begin
            if (reduce_i[k-1] == ReduceMaximum) begin
              tree_q <= fp32_maximum(gen_level[k-1].tree[2*lane], gen_level[k-1].tree[2*lane+1]);
            end else begin
              tree_q <= fp32_add(gen_level[k-1].tree[2*lane], gen_level[k-1].tree[2*lane+1]);
            end
            if (reduce_i[k-1] == ReduceSumAndSquares) begin
              square_q <= fp32_add(gen_level[k-1].square[2*lane], gen_level[k-1].square[2*lane+1]);
            end
          end
        end
        assign tree[lane] = tree_q;
        assign square[lane] = square_q;
      end
    end
  end

  // The old statistics are being read in level Levels.
  logic [31:0] tree_q, square_q;

  always_ff @(posedge clk_i) begin
    if (valid_i[Levels]) begin
      tree_q <= gen_level[Levels].tree[0];
      square_q <= gen_level[Levels].square[0];
    end
  end

  always_comb begin
    write_o = '0;
    data_o[0] = tree_q;
    data_o[1] = square_q;
    if (valid_i[Levels+1]) begin
      write_o[0] = 1'b1;
      write_o[1] = reduce_i[Levels+1] == ReduceSumAndSquares;
      if (!overwrite_i) begin
        data_o[0] = reduce_i[Levels+1] == ReduceMaximum ? fp32_maximum(old_i[0], tree_q) : fp32_add(old_i[0], tree_q);
        if (write_o[1]) data_o[1] = fp32_add(old_i[1], square_q);
      end
    end
  end

endmodule
