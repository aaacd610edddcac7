// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows × Columns processing elements with the registers that skew what enters and straighten what leaves. What enters in
// cycle e (a row of activations, a swap, a wave of weights, in any combination) is at place (i, j) in cycle e + i + j;
// the sums of a row that entered in e stand at sums_o in cycle e + Rows + Columns, all columns together. Control is the
// same along an anti-diagonal, so one chain of stages drives all places.
//
//   activations ─▶ row i: i registers ─▶ (i,0) ─▶ (i,1) ─▶ …
//   weights ─▶ lane x: x registers ─┬─▶ top of column x          column j ─▶ Columns − 1 − j registers ─▶ sums_o
//                                   └─▶ left of row x
//
// Throughput one row and one wave a cycle. Only the chain's valid bits are reset.

module tw_array_grid
  import tw_config_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                                   clk_i,
  input  logic                                   rst_ni,
  input  diagonal_t                              control_i,
  input  logic [Lanes-1:0][15:0]                 activations_i,
  input  logic [WeightRows-1:0][Lanes-1:0][15:0] weights_i,
  output logic [Columns-1:0][31:0]               sums_o
);

  diagonal_t diagonal [Diagonals];

  assign diagonal[0] = control_i;
  for (genvar d = 1; d < Diagonals; d++) begin : gen_diagonal
    diagonal_t control_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) control_q <= '0;
      else control_q <= diagonal[d-1];
    end
    assign diagonal[d] = control_q;
  end

  // Lane x of stage s: what entered s cycles ago. Lanes below the stage are done with and drop out.
  logic [Rows-1:0][15:0]                  activations [Rows];
  logic [WeightRows-1:0][Lanes-1:0][15:0] weights [Lanes];

  assign activations[0] = activations_i[Rows-1:0];
  if (Lanes > Rows) begin : gen_unused
    logic unused;
    assign unused = ^activations_i[Lanes-1:Rows];
  end
  for (genvar s = 1; s < Rows; s++) begin : gen_activations
    logic [Rows-1:s][15:0] lanes_q;
    always_ff @(posedge clk_i) begin
      if (diagonal[s-1].row_valid) lanes_q <= activations[s-1][Rows-1:s];
    end
    assign activations[s] = {lanes_q, {s{16'd0}}};
  end

  assign weights[0] = weights_i;
  for (genvar s = 1; s < Lanes; s++) begin : gen_weights
    for (genvar q = 0; q < WeightRows; q++) begin : gen_bus
      logic [Lanes-1:s][15:0] lanes_q;
      always_ff @(posedge clk_i) begin
        if (diagonal[s-1].wave_valid) lanes_q <= weights[s-1][q][Lanes-1:s];
      end
      assign weights[s][q] = {lanes_q, {s{16'd0}}};
    end
  end

  logic [15:0]                 activation [Rows][Columns+1];
  logic [31:0]                 sum [Rows+1][Columns];
  logic [WeightRows-1:0][15:0] weights_left [Rows][Columns+1];
  logic [WeightRows-1:0][15:0] weights_top [Rows+1][Columns];

  for (genvar i = 0; i < Rows; i++) begin : gen_row
    assign activation[i][0] = activations[i][i];
    for (genvar q = 0; q < WeightRows; q++) begin : gen_left
      assign weights_left[i][0][q] = weights[i][q][i];
    end
    for (genvar j = 0; j < Columns; j++) begin : gen_column
      tw_processing_element u_element (
        .clk_i,
        .control_i(diagonal[i+j]),
        .add_valid_i(diagonal[i+j+1].row_valid),
        .add_type_i(diagonal[i+j+1].operand_type),
        .place_i({WaveWidth'(i / WeightRows), SlotWidth'(i % WeightRows), WaveWidth'(j / WeightRows),
                  SlotWidth'(j % WeightRows)}),
        .activation_i(activation[i][j]),
        .weights_top_i(weights_top[i][j]),
        .weights_left_i(weights_left[i][j]),
        .sum_i(sum[i][j]),
        .activation_o(activation[i][j+1]),
        .weights_o(weights_left[i][j+1]),
        .sum_o(sum[i+1][j])
      );
      assign weights_top[i+1][j] = weights_left[i][j+1];
    end
  end
  for (genvar j = 0; j < Columns; j++) begin : gen_top
    assign sum[0][j] = 32'd0;
    for (genvar q = 0; q < WeightRows; q++) begin : gen_bus
      assign weights_top[0][j][q] = weights[j][q][j];
    end
  end

  // Columns 0 … s − 1 of the row whose column s leaves the array in this cycle.
  logic [Columns-1:0][31:0] straight [Columns];

  assign straight[0] = '0;
  for (genvar s = 1; s < Columns; s++) begin : gen_straight
    logic [s-1:0][31:0] lanes_q;
    always_ff @(posedge clk_i) begin
      if (diagonal[Rows+s].row_valid) begin
        lanes_q <= straight[s-1][s-1:0];
        lanes_q[s-1] <= sum[Rows][s-1];
      end
    end
    assign straight[s] = {{(Columns-s){32'd0}}, lanes_q};
  end

  always_comb begin
    sums_o = straight[Columns-1];
    sums_o[Columns-1] = sum[Rows][Columns-1];
  end

endmodule
