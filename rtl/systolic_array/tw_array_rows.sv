// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows process of the systolic array: streams the activation rows of every block of a job (columns outer, depth
// inner) and says for each where its sums go.
//
//   - A job is taken with job_valid_i in a cycle in which free_o is set; it works from the next cycle on.
//   - A block begins when its weights have gone into the array (weights_full_i). In its first cycle the block swaps
//     (swap_o), whether its first row is granted or not; from then on a row is requested in every cycle until all are
//     granted.
//   - An empty job takes one cycle and sends a tag without columns.
//   - A row that is granted in cycle t, with the swap of cycle t, leaves in t + 2: one cycle for the memory, one to align.
//     Its tag leaves in t.
//
// Throughput one row a cycle, with no gap between blocks or jobs. Reset: no job.

module tw_array_rows
  import tw_isa_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   job_valid_i,
  input  job_t                   job_i,
  output logic                   free_o,
  output logic                   active_o,
  input  logic                   weights_full_i,
  output logic                   swap_o,
  output logic                   activations_req_o,
  output logic [RowWidth-1:0]    activations_row_o,
  input  logic                   activations_gnt_i,
  input  logic [RowBits-1:0]     activations_rdata_i,
  output logic                   tag_valid_o,
  output sum_tag_t               tag_o,
  output logic                   row_valid_o,
  output matmul_type_e           operand_type_o,
  output logic                   swapped_o,
  output logic [Lanes-1:0][15:0] activations_o
);

  job_t                   job_q;
  logic                   active_q;
  logic                   begun_q;         // the block has swapped
  logic                   add_q;           // the block adds to the sums
  logic [ExtentWidth-1:0] rows_left_q;     // with this one
  logic [DepthWidth-1:0]  depth_left_q;    // bytes, from this K block on
  logic [ExtentWidth-1:0] columns_left_q;  // from this N block on
  logic [RowWidth-1:0]    base_q;          // scratchpad row of the block's first row
  logic [RowWidth-1:0]    row_q;           // of this row
  logic [LaneWidth-1:0]   lane_q;          // first lane of the block in its row, without the window
  logic [SumRowWidth-1:0] sums_base_q, sums_row_q;

  logic                        last_row, last_depth, last_columns, step, block_ends, job_ends;
  logic [CountedByteWidth-1:0] block_bytes;
  logic [CountedLaneWidth-1:0] lane_next;
  logic                        lane_wraps;
  logic [RowWidth-1:0]         base_next;
  logic [SumRowWidth-1:0]      sums_base_next;

  assign last_row = rows_left_q == ExtentWidth'(1);
  assign last_depth = depth_left_q <= DepthWidth'(2 * Rows);
  assign last_columns = columns_left_q <= ExtentWidth'(Columns);
  assign block_bytes = last_depth ? CountedByteWidth'(depth_left_q) : CountedByteWidth'(2 * Rows);

  assign active_o = active_q;
  assign swap_o = active_q && !job_q.empty && !begun_q && weights_full_i;
  assign activations_req_o = active_q && !job_q.empty && (begun_q || weights_full_i);
  assign activations_row_o = row_q;
  assign step = active_q && (job_q.empty || (activations_req_o && activations_gnt_i));
  assign block_ends = step && last_row && !job_q.empty;
  assign job_ends = step && (job_q.empty || (last_row && last_depth && last_columns));
  assign free_o = !active_q || job_ends;

  assign lane_next = CountedLaneWidth'(lane_q) + CountedLaneWidth'(Rows);
  assign lane_wraps = lane_next == CountedLaneWidth'(Lanes);
  assign base_next = last_depth ? job_q.activations.row
                   : lane_wraps ? base_q + job_q.activations.block_stride : base_q;
  assign sums_base_next = last_depth ? sums_base_q + job_q.sums_block_stride : sums_base_q;

  assign tag_valid_o = step;
  assign tag_o = '{
    sums_row: sums_row_q,
    columns: job_q.empty ? '0
           : last_columns ? $bits(tag_o.columns)'(columns_left_q) : $bits(tag_o.columns)'(Columns),
    accumulate: add_q,
    operand_type: job_q.operand_type,
    last: job_ends
  };

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      begun_q  <= 1'b0;
    end else begin
      if (job_valid_i) active_q <= 1'b1;
      else if (job_ends) active_q <= 1'b0;
      if (block_ends) begun_q <= 1'b0;
      else if (swap_o) begun_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (job_valid_i) begin
      job_q          <= job_i;
      add_q          <= job_i.accumulate;
      rows_left_q    <= job_i.rows;
      depth_left_q   <= job_i.depth_bytes;
      columns_left_q <= job_i.columns;
      base_q         <= job_i.activations.row;
      row_q          <= job_i.activations.row;
      lane_q         <= '0;
      sums_base_q    <= job_i.sums_row;
      sums_row_q     <= job_i.sums_row;
    end else if (block_ends) begin
      add_q          <= !last_depth || job_q.accumulate;
      rows_left_q    <= job_q.rows;
      depth_left_q   <= last_depth ? job_q.depth_bytes : depth_left_q - DepthWidth'(2 * Rows);
      if (last_depth) columns_left_q <= columns_left_q - ExtentWidth'(Columns);
      base_q         <= base_next;
      row_q          <= base_next;
      lane_q         <= last_depth || lane_wraps ? '0 : LaneWidth'(lane_next);
      sums_base_q    <= sums_base_next;
      sums_row_q     <= sums_base_next;
    end else if (step) begin
      rows_left_q <= rows_left_q - 1'b1;
      row_q       <= row_q + job_q.activations.stride;
      sums_row_q  <= sums_row_q + job_q.sums_stride;
    end
  end

  logic                        read_valid_q, read_swap_q;
  matmul_type_e                read_type_q;
  logic [LaneWidth-1:0]        read_first_q;
  logic [CountedByteWidth-1:0] read_bytes_q;
  logic [RowBits-1:0]          aligned;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_valid_q <= 1'b0;
      read_swap_q  <= 1'b0;
      row_valid_o  <= 1'b0;
      swapped_o    <= 1'b0;
    end else begin
      read_valid_q <= step && !job_q.empty;
      read_swap_q  <= swap_o;
      row_valid_o  <= read_valid_q;
      swapped_o    <= read_swap_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step) begin
      read_type_q  <= job_q.operand_type;
      read_first_q <= job_q.activations.first + lane_q;
      read_bytes_q <= block_bytes;
    end
    if (read_valid_q) begin
      operand_type_o <= read_type_q;
      activations_o <= aligned;
    end
  end

  // The weights process has the rest of the job.
  logic unused;
  assign unused = ^job_q;

  tw_array_align u_align (
    .row_i(activations_rdata_i), .first_i(read_first_q), .bytes_i(read_bytes_q), .row_o(aligned)
  );

endmodule
