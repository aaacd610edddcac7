// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the column operands, one row a cycle, ahead of the rows that use them: two chunks are staged. load_i hands over the
// instruction that follows the one in work; idle_o says that it may. A chunk's used columns are read in the order of their
// numbers as soon as a stage is free; staged_o counts the chunks that are complete and not taken (take_i) yet, and the stage
// that is taken next is slot_o. What is taken in cycle t can be read from stage slot_o in t + 2, and only then.

module tw_vector_columns
  import tw_config_pkg::*;
  import tw_unit_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          load_i,
  input  tile_t [2:0]                   tiles_i,
  input  logic [2:0]                    used_i,      // at least one
  input  logic [ExtentWidth-1:0]        elements_i,  // not zero
  output logic                          idle_o,
  input  logic                          take_i,
  output logic [1:0]                    staged_o,
  output logic                          slot_o,

  output logic                          columns_req_o,
  output logic [RowWidth-1:0]           columns_row_o,
  input  logic                          columns_gnt_i,
  input  logic [RowBits-1:0]            columns_rdata_i,

  input  logic                          read_slot_i,
  output logic [2:0][16*VectorLanes-1:0] columns_o
);

  localparam int unsigned PlaceWidth = $clog2(Lanes + 1);

  logic                      active_q, write_slot_q, read_slot_q;
  logic [1:0]                staged_q;
  logic [2:0]                used_q, pending_q;
  logic [2:0][RowWidth-1:0]  row_q, block_stride_q;
  logic [PlaceWidth-1:0]     place_q;
  logic [ExtentWidth-1:0]    left_q;  // elements from this chunk on
  logic [1:0]                number;
  logic                      chunk_done, capture_q, capture_slot_q;
  logic [1:0]                capture_number_q;
  logic [PlaceWidth-1:0]     capture_place_q;
  logic [16*VectorLanes-1:0] stage_q [6];  // slot · 3 + number

  assign idle_o = !active_q;
  assign staged_o = staged_q;
  assign slot_o = read_slot_q;
  assign number = pending_q[0] ? 2'd0 : pending_q[1] ? 2'd1 : 2'd2;
  assign columns_req_o = active_q && staged_q != 2'd2;
  assign columns_row_o = row_q[number];
  assign chunk_done = columns_gnt_i && ((pending_q & ~(3'd1 << number)) == '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      staged_q <= '0;
      write_slot_q <= 1'b0;
      read_slot_q <= 1'b0;
      capture_q <= 1'b0;
    end else begin
      capture_q <= columns_gnt_i;
      if (load_i) active_q <= 1'b1;
      else if (chunk_done && left_q <= ExtentWidth'(VectorLanes)) active_q <= 1'b0;
      if (chunk_done) write_slot_q <= !write_slot_q;
      if (take_i) read_slot_q <= !read_slot_q;
      staged_q <= staged_q + {1'b0, chunk_done} - {1'b0, take_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      used_q <= used_i;
      pending_q <= used_i;
      place_q <= '0;
      left_q <= elements_i;
      for (int unsigned i = 0; i < 3; i++) begin
        row_q[i] <= tiles_i[i].row;
        block_stride_q[i] <= tiles_i[i].block_stride;
      end
    end else if (columns_gnt_i) begin
      pending_q[number] <= 1'b0;
      if (chunk_done) begin
        pending_q <= used_q;
        left_q <= left_q - ExtentWidth'(VectorLanes);
        if (place_q + PlaceWidth'(VectorLanes) == PlaceWidth'(Lanes)) begin
          place_q <= '0;
          for (int unsigned i = 0; i < 3; i++) row_q[i] <= row_q[i] + block_stride_q[i];
        end else begin
          place_q <= place_q + PlaceWidth'(VectorLanes);
        end
      end
    end
    if (columns_gnt_i) begin
      capture_slot_q <= write_slot_q;
      capture_number_q <= number;
      capture_place_q <= place_q;
    end
    if (capture_q) begin
      stage_q[capture_slot_q ? 3'd3 + 3'(capture_number_q) : 3'(capture_number_q)] <=
          (16 * VectorLanes)'(columns_rdata_i >> {capture_place_q, 4'd0});
    end
  end

  for (genvar i = 0; i < 3; i++) begin : gen_column
    assign columns_o[i] = read_slot_i ? stage_q[3+i] : stage_q[i];
  end

  logic unused;
  always_comb begin
    unused = 1'b0;
    for (int unsigned i = 0; i < 3; i++) unused ^= ^{tiles_i[i].in_accumulator, tiles_i[i].stride, tiles_i[i].first};
  end

endmodule
