// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way from the array's columns into the accumulator. A tag that enters in cycle t (the cycle of its row's grant)
// reads the accumulator in t + Rows + Columns + 1 if its block adds, meets the row's sums in the next cycle and is
// written in the one after; a tag that ends its instruction reports the retire in the cycle of that write.
//
//   tag ─▶ delay of Rows + Columns + 1 ─▶ read ─▶ add (sums_i) ─▶ write, retire
//
// Rows are read, added and written in the order in which they entered, and a row may be added to in consecutive cycles:
// there is no hazard between blocks or instructions. Throughput one row a cycle. Reset: nothing on its way.

module tw_array_sums
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     tag_valid_i,
  input  sum_tag_t                 tag_i,
  input  logic [Columns-1:0][31:0] sums_i,
  output logic                     sums_read_req_o,
  output logic [SumRowWidth-1:0]   sums_read_row_o,
  input  logic [SumBits-1:0]       sums_read_data_i,
  output logic                     sums_write_req_o,
  output logic [SumRowWidth-1:0]   sums_write_row_o,
  output logic [Columns-1:0]       sums_write_mask_o,
  output logic [SumBits-1:0]       sums_write_data_o,
  output logic                     retire_o
);

  localparam int unsigned Delay = Rows + Columns + 1;
  localparam int unsigned PointerWidth = $clog2(Delay);

  // A ring that is written at one place a cycle: what was written there Delay cycles ago is read, a cycle ahead, as from an
  // SRAM.
  sum_tag_t                tags_q [Delay];
  logic [Delay-1:0]        valid_q;
  logic [PointerWidth-1:0] pointer_q, pointer_d;
  logic                    read_valid;
  sum_tag_t                read;

  assign read_valid = valid_q[Delay-1];
  assign pointer_d = pointer_q == PointerWidth'(Delay - 1) ? '0 : pointer_q + 1'b1;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q   <= '0;
      pointer_q <= '0;
    end else begin
      valid_q   <= {valid_q[Delay-2:0], tag_valid_i};
      pointer_q <= pointer_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (tag_valid_i) tags_q[pointer_q] <= tag_i;
    if (valid_q[Delay-2]) read <= tags_q[pointer_d];
  end

  function automatic logic [Columns-1:0] lane_mask(logic [$clog2(Columns+1)-1:0] count);
    return ~({Columns{1'b1}} << count);
  endfunction

  logic               add_valid_q, write_valid_q, written_valid_q;
  sum_tag_t           add_q, write_q;
  logic [Columns-1:0] add_mask_q, write_mask_q, written_mask_q;
  logic [SumRowWidth-1:0] written_row_q;
  logic               newer, older;

  assign sums_read_req_o = read_valid && read.accumulate && read.columns != '0;
  assign sums_read_row_o = read.sums_row;
  assign newer = write_valid_q && write_q.sums_row == add_q.sums_row;
  assign older = written_valid_q && written_row_q == add_q.sums_row;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      add_valid_q     <= 1'b0;
      write_valid_q   <= 1'b0;
      written_valid_q <= 1'b0;
    end else begin
      add_valid_q     <= read_valid;
      write_valid_q   <= add_valid_q;
      written_valid_q <= write_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read_valid) begin
      add_q      <= read;
      add_mask_q <= lane_mask(read.columns);
    end
    if (add_valid_q) begin
      write_q      <= add_q;
      write_mask_q <= add_mask_q;
    end
    if (write_valid_q) begin
      written_row_q  <= write_q.sums_row;
      written_mask_q <= write_mask_q;
    end
  end

  for (genvar j = 0; j < Columns; j++) begin : gen_lane
    tw_sum_lane u_lane (
      .clk_i,
      .en_i(add_valid_q & add_mask_q[j]),
      .accumulate_i(add_q.accumulate),
      .operand_type_i(add_q.operand_type),
      .newer_i(newer & write_mask_q[j]),
      .older_i(older & written_mask_q[j]),
      .partial_i(sums_i[j]),
      .stored_i(sums_read_data_i[32*j+:32]),
      .result_o(sums_write_data_o[32*j+:32])
    );
  end

  assign sums_write_req_o = write_valid_q && write_q.columns != '0;
  assign sums_write_row_o = write_q.sums_row;
  assign sums_write_mask_o = write_mask_q;
  assign retire_o = write_valid_q && write_q.last;

  logic unused;
  assign unused = ^write_q;

endmodule
