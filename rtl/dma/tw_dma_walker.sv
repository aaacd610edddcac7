// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the scratchpad rows of one DMA instruction: slices (outer), rows, and fragments of one scratchpad row each.
//
// load_i takes a job that is not empty; from the next cycle on the outputs describe a fragment, and step_i goes to the
// next one: one a cycle. Behind the last one the outputs mean nothing until the next load_i. In a gather the address of a
// row comes from row_address_i while row_start_o is set; a row is a run of its own.

module tw_dma_walker
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        load_i,
  input  dma_job_t                    job_i,
  input  logic                        step_i,
  input  logic [DramAddressWidth-1:0] row_address_i,
  output logic [DramAddressWidth-1:0] address_o,   // first DRAM byte
  output logic [LengthWidth-1:0]      length_o,    // bytes, 1 … RowBytes
  output logic [FirstWidth-1:0]       first_o,     // first byte in the scratchpad row
  output logic [RowWidth-1:0]         row_o,       // scratchpad row
  output logic                        row_start_o, // first fragment of a DRAM row
  output logic                        row_end_o,
  output logic                        run_end_o,   // what follows is not at the next DRAM byte
  output logic                        last_o       // of the instruction
);

  dma_job_t                    job_q;
  logic [DramAddressWidth-1:0] address_q, row_address_q, slice_address_q;
  logic [RowWidth-1:0]         fragment_row_q, row_row_q, slice_row_q;
  logic [BytesWidth-1:0]       bytes_left_q;
  logic [ExtentWidth-1:0]      rows_left_q, outer_left_q;
  logic                        row_start_q;

  logic slice_end;
  logic unused;
  assign unused = ^job_q;

  assign address_o   = job_q.packet.gather && row_start_q ? row_address_i : address_q;
  assign row_end_o   = bytes_left_q <= BytesWidth'(RowBytes);
  assign length_o    = row_end_o ? LengthWidth'(bytes_left_q) : LengthWidth'(RowBytes);
  assign first_o     = FirstWidth'(job_q.packet.tile.first);
  assign row_o       = fragment_row_q;
  assign row_start_o = row_start_q;
  assign slice_end   = row_end_o && rows_left_q == ExtentWidth'(1);
  assign last_o      = slice_end && outer_left_q == ExtentWidth'(1);
  assign run_end_o   = last_o || (slice_end ? !job_q.merge_outer : row_end_o && !job_q.merge_rows);

  logic [DramAddressWidth-1:0] next_row_address, next_slice_address;
  logic [RowWidth-1:0]         next_row_row, next_slice_row;
  assign next_row_address   = row_address_q + job_q.packet.dram_stride;
  assign next_slice_address = slice_address_q + job_q.packet.dram_outer_stride;
  assign next_row_row       = row_row_q + job_q.packet.tile.stride;
  assign next_slice_row     = slice_row_q + job_q.packet.tile_outer_stride;

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      job_q           <= job_i;
      address_q       <= job_i.packet.dram_address;
      row_address_q   <= job_i.packet.dram_address;
      slice_address_q <= job_i.packet.dram_address;
      fragment_row_q  <= job_i.packet.tile.row;
      row_row_q       <= job_i.packet.tile.row;
      slice_row_q     <= job_i.packet.tile.row;
      bytes_left_q    <= job_i.packet.row_bytes;
      rows_left_q     <= job_i.packet.rows;
      outer_left_q    <= job_i.packet.outer;
      row_start_q     <= 1'b1;
    end else if (step_i) begin
      row_start_q <= row_end_o;
      if (!row_end_o) begin
        address_q      <= address_o + DramAddressWidth'(length_o);
        fragment_row_q <= fragment_row_q + job_q.packet.tile.block_stride;
        bytes_left_q   <= bytes_left_q - BytesWidth'(RowBytes);
      end else begin
        bytes_left_q <= job_q.packet.row_bytes;
        if (!slice_end) begin
          address_q      <= next_row_address;
          row_address_q  <= next_row_address;
          fragment_row_q <= next_row_row;
          row_row_q      <= next_row_row;
          rows_left_q    <= rows_left_q - 1'b1;
        end else begin
          address_q       <= next_slice_address;
          row_address_q   <= next_slice_address;
          slice_address_q <= next_slice_address;
          fragment_row_q  <= next_slice_row;
          row_row_q       <= next_slice_row;
          slice_row_q     <= next_slice_row;
          rows_left_q     <= job_q.packet.rows;
          outer_left_q    <= outer_left_q - 1'b1;
        end
      end
    end
  end

endmodule
