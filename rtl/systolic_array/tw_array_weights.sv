// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weights process of the systolic array: walks the blocks of a job (columns outer, depth inner) and sends each block
// into the shadow registers as waves of WeightRows rows, or of WeightRows columns where the operand lies transposed.
//
//   - A job is taken with job_valid_i in a cycle in which free_o is set; its first wave is due in the next cycle.
//   - A wave that holds rows of the operand is requested until granted; one that lies past the operand's end needs no
//     request and passes as zeros. Either takes one cycle at least.
//   - The waves of a block may go from the cycle on in which the block before it swaps (swap_i); in between full_o is
//     set, from the cycle behind the block's last wave.
//   - What goes in cycle t leaves at wave_o and weights_o in t + 2: one cycle for the memory, one to align.
//
// Throughput one wave a cycle, with no gap between blocks or jobs. Reset: no job.

module tw_array_weights
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                                   clk_i,
  input  logic                                   rst_ni,
  input  logic                                   job_valid_i,
  input  job_t                                   job_i,
  output logic                                   free_o,
  input  logic                                   swap_i,
  output logic                                   full_o,
  output logic                                   weights_req_o,
  output logic [RowWidth-1:0]                    weights_row_o,
  input  logic                                   weights_gnt_i,
  input  logic [WeightRows-1:0][RowBits-1:0]     weights_rdata_i,
  output logic                                   wave_valid_o,
  output logic                                   wave_by_column_o,
  output logic [WaveWidth-1:0]                   wave_o,
  output logic [WeightRows-1:0][Lanes-1:0][15:0] weights_o
);

  // The wave that reads the scratchpad in this cycle.
  typedef struct packed {
    logic                        by_column;
    logic [WaveWidth-1:0]        wave;
    logic [LaneWidth-1:0]        first;
    logic [CountedByteWidth-1:0] bytes;
    logic [WeightRows-1:0]       rows;  // those that lie inside the operand
  } read_t;

  job_t                   job_q;
  logic                   active_q, full_q;
  logic [WaveWidth-1:0]   wave_q;
  logic [DepthWidth-1:0]  depth_left_q;    // bytes, from this K block on
  logic [ExtentWidth-1:0] columns_left_q;  // from this N block on
  logic [RowWidth-1:0]    base_q;          // scratchpad row of the block's first lane, its outer coordinate 0
  logic [RowWidth-1:0]    offset_q;        // rows from there to the block's first row
  logic [RowWidth-1:0]    row_q;           // scratchpad row of the wave
  logic [LaneWidth-1:0]   lane_q;          // first lane of the block in its row, without the window

  logic                        by_column;
  logic [CountedByteWidth-1:0] block_bytes;    // of a column of the block: at most 2 · Rows
  logic [CountedLaneWidth-1:0] block_columns;  // at most Columns
  logic [CountedLaneWidth-1:0] block_rows;     // scratchpad rows of the block
  logic [CountedLaneWidth-1:0] wave_first;     // row of the block at which the wave begins
  logic                        last_depth, last_columns, last_wave, last_block, due, empty_wave, step;

  assign by_column = job_q.weights_by_column;
  assign last_depth = depth_left_q <= DepthWidth'(2 * Rows);
  assign last_columns = columns_left_q <= ExtentWidth'(Columns);
  assign block_bytes = last_depth ? CountedByteWidth'(depth_left_q) : CountedByteWidth'(2 * Rows);
  assign block_columns = last_columns ? CountedLaneWidth'(columns_left_q) : CountedLaneWidth'(Columns);
  assign block_rows = by_column ? block_columns : CountedLaneWidth'((block_bytes + 1'b1) >> 1);
  assign wave_first = CountedLaneWidth'(wave_q) * CountedLaneWidth'(WeightRows);
  assign last_wave = wave_q == (by_column ? WaveWidth'(ColumnWaves - 1) : WaveWidth'(RowWaves - 1));
  assign last_block = last_depth && last_columns;

  assign due = active_q && (!full_q || swap_i);
  assign empty_wave = wave_first >= block_rows;
  assign weights_req_o = due && !empty_wave;
  assign weights_row_o = row_q;
  assign step = due && (empty_wave || weights_gnt_i);
  assign free_o = !active_q || (step && last_wave && last_block);
  assign full_o = full_q;

  // The next block: along a column the depth grows, in rows (side rows) or lanes (side columns); at its end the next
  // columns begin, in lanes or rows.
  logic [CountedLaneWidth-1:0] lane_step, lane_next;
  logic                        lane_moves, lane_wraps;
  logic [RowWidth-1:0]         base_next, offset_next;
  logic [LaneWidth-1:0]        lane_after;

  always_comb begin
    lane_step = by_column ? CountedLaneWidth'(Rows) : CountedLaneWidth'(Columns);
    lane_next = CountedLaneWidth'(lane_q) + lane_step;
    lane_wraps = lane_next == CountedLaneWidth'(Lanes);
    lane_moves = by_column ? !last_depth : last_depth;
    base_next = base_q;
    lane_after = lane_q;
    offset_next = offset_q;
    if (lane_moves) begin
      lane_after = lane_wraps ? '0 : LaneWidth'(lane_next);
      if (lane_wraps) base_next = base_q + job_q.weights.block_stride;
      if (!by_column) offset_next = '0;
    end else begin
      offset_next = offset_q + (by_column ? RowWidth'(Columns) : RowWidth'(Rows));
      if (by_column) begin
        lane_after = '0;
        base_next = job_q.weights.row;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      full_q   <= 1'b0;
    end else begin
      if (job_valid_i) active_q <= !job_i.empty;
      else if (step && last_wave && last_block) active_q <= 1'b0;
      if (step && last_wave) full_q <= 1'b1;
      else if (swap_i) full_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (job_valid_i) begin
      job_q          <= job_i;
      wave_q         <= '0;
      depth_left_q   <= job_i.depth_bytes;
      columns_left_q <= job_i.columns;
      base_q         <= job_i.weights.row;
      row_q          <= job_i.weights.row;
      offset_q       <= '0;
      lane_q         <= '0;
    end else if (step && last_wave) begin
      wave_q         <= '0;
      depth_left_q   <= last_depth ? job_q.depth_bytes : depth_left_q - DepthWidth'(2 * Rows);
      if (last_depth) columns_left_q <= columns_left_q - ExtentWidth'(Columns);
      base_q         <= base_next;
      row_q          <= base_next + offset_next;
      offset_q       <= offset_next;
      lane_q         <= lane_after;
    end else if (step) begin
      wave_q <= wave_q + 1'b1;
      row_q  <= row_q + RowWidth'(WeightRows);
    end
  end

  logic                               read_valid_q;
  read_t                              read_q;
  logic [WeightRows-1:0][RowBits-1:0] aligned;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_valid_q <= 1'b0;
      wave_valid_o <= 1'b0;
    end else begin
      read_valid_q <= step;
      wave_valid_o <= read_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step) begin
      read_q.by_column <= by_column;
      read_q.wave      <= wave_q;
      read_q.first     <= job_q.weights.first + lane_q;
      read_q.bytes     <= by_column ? block_bytes : CountedByteWidth'({block_columns, 1'b0});
      for (int q = 0; q < int'(WeightRows); q++) begin
        read_q.rows[q] <= wave_first + CountedLaneWidth'(q) < block_rows;
      end
    end
    if (read_valid_q) begin
      wave_by_column_o <= read_q.by_column;
      wave_o           <= read_q.wave;
      for (int q = 0; q < int'(WeightRows); q++) begin
        weights_o[q] <= read_q.rows[q] ? aligned[q] : '0;
      end
    end
  end

  // The rows process has the rest of the job.
  logic unused;
  assign unused = ^job_q;

  for (genvar q = 0; q < WeightRows; q++) begin : gen_align
    tw_array_align u_align (
      .row_i(weights_rdata_i[q]), .first_i(read_q.first), .bytes_i(read_q.bytes), .row_o(aligned[q])
    );
  end

endmodule
