// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The systolic array unit: takes matmul and null instructions, reads activations and weights from the scratchpad and adds
// to the accumulator. One instruction covers M × K × N: blocks of Rows × Columns weights (columns outer, depth inner)
// stay in the array while the M rows of activations stream through each.
//
//   queue ─▶ front ─┬─▶ weights process ─ waves ─┐
//                   └─▶ jobs ─▶ rows process ─ rows, swaps ─▶ grid ─▶ sums ─▶ accumulator
//
// Timing contract (sim/systemc/SystolicArray.h is the same in C++):
//   1. The head leaves the queue in the first cycle t (its *start*) in which its waits are satisfied, the weights process
//      is free (no job, or the last wave of its last block goes in t), a place in the two jobs between front and rows
//      process is empty, and fewer than InFlight instructions are between start and retire.
//   2. Its weights are due from t + 1 on; its job can reach the rows process in t + 1, to work from t + 2 on.
//   3. Waves: tw_array_weights. Rows and swaps: tw_array_rows. What is granted in a cycle enters the grid two cycles later.
//   4. A row granted in cycle g reads the accumulator in g + Rows + Columns + 1 and writes it in g + Rows + Columns + 3.
//      The write of an instruction's last row is its retire; an empty or null instruction sends a tag in its place.
// In steady state a block takes max(M, Rows / WeightRows) cycles (side columns: Columns / WeightRows) and nothing between
// blocks or instructions is lost. Sums need no spacing: a row may be added to in consecutive cycles.
//
// activity_o, first that applies: Busy, a row was granted; with a job in the rows process: Scratchpad, a row (or, while
// rows wait for weights, a wave) was refused; Weights, rows wait for weights; Latency, an empty job passes; else Wait*, the
// head waits; Latency, something is in the queue or on its way; Empty.
//
// Ranges: Rows, Columns powers of two from 2 to 256; WeightRows a power of two ≤ min(Rows, Columns). Reset: no
// instruction; data registers are not reset.

module tw_systolic_array
  import tw_event_pkg::*;
  import tw_isa_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_counter_pkg::*;
  import tw_array_pkg::*;
(
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic                                  dispatch_valid_i,
  input  array_packet_t                         dispatch_packet_i,
  output logic                                  dispatch_ready_o,
  input  logic [UnitCount-1:0][CountWidth-1:0]  retired_i,
  input  logic [63:0]                           cycle_i,
  output retire_t                               retire_o,
  output activity_e                             activity_o,
  output counts_t                               counts_o,
  output logic                                  activations_req_o,
  output logic [RowWidth-1:0]                   activations_row_o,
  input  logic                                  activations_gnt_i,
  input  logic [RowBits-1:0]                    activations_rdata_i,
  output logic                                  weights_req_o,
  output logic [RowWidth-1:0]                   weights_row_o,
  input  logic                                  weights_gnt_i,
  input  logic [WeightRows-1:0][RowBits-1:0]    weights_rdata_i,
  output logic                                  sums_read_req_o,
  output logic [SumRowWidth-1:0]                sums_read_row_o,
  input  logic [SumBits-1:0]                    sums_read_data_i,
  output logic                                  sums_write_req_o,
  output logic [SumRowWidth-1:0]                sums_write_row_o,
  output logic [Columns-1:0]                    sums_write_mask_o,
  output logic [SumBits-1:0]                    sums_write_data_o
);

  // Instructions between start and retire.
  localparam int unsigned InFlight = 16;

  // Front.
  logic          head_valid, pop, waits_satisfied, weights_free, job_ready, flight_ready;
  array_packet_t head;
  job_t          head_job;

  tw_queue #(.Width($bits(array_packet_t)), .Depth(QueueDepth)) u_queue (
    .clk_i, .rst_ni,
    .push_i(dispatch_valid_i && dispatch_ready_o), .data_i(dispatch_packet_i), .ready_o(dispatch_ready_o),
    .valid_o(head_valid), .data_o(head), .pop_i(pop)
  );

  logic [UnitCount-1:0] blocked;
  assign blocked         = blocked_by(head.header.waits, retired_i);
  assign waits_satisfied = blocked == '0;
  assign pop = head_valid && waits_satisfied && weights_free && job_ready && flight_ready;

  function automatic operand_t operand(logic [RowWidth-1:0] row, logic [RowWidth-1:0] stride,
                                       logic [RowWidth-1:0] block_stride, logic [8:0] first);
    return '{row: row, stride: stride, block_stride: block_stride, first: LaneWidth'(first >> 1)};
  endfunction

  assign head_job = '{
    empty: head.header.null_op || head.rows == '0 || head.columns == '0 || head.depth == '0,
    activations: operand(head.activations.row, head.activations.stride, head.activations.block_stride, head.activations.first),
    weights: operand(head.weights.row, head.weights.stride, head.weights.block_stride, head.weights.first),
    sums_row: SumRowWidth'(head.sums.row),
    sums_stride: SumRowWidth'(head.sums.stride),
    sums_block_stride: SumRowWidth'(head.sums.block_stride),
    rows: head.rows,
    columns: head.columns,
    depth_bytes: head.operand_type == MatmulTypeInt8 ? {1'b0, head.depth} : {head.depth, 1'b0},
    weights_by_column: head.weights_by_column,
    operand_type: head.operand_type,
    accumulate: head.accumulate
  };

  // What the retire needs of an instruction, in order.
  typedef struct packed {
    logic [PcWidth-1:0]      pc;
    logic [ContextWidth-1:0] context_id;
    logic [63:0]             start;
  } flight_t;

  flight_t oldest;
  logic    retires, flight_valid;

  tw_queue #(.Width($bits(flight_t)), .Depth(InFlight)) u_flight (
    .clk_i, .rst_ni,
    .push_i(pop), .data_i({head.header.pc, head.header.context_id, cycle_i}), .ready_o(flight_ready),
    .valid_o(flight_valid), .data_o(oldest), .pop_i(retires)
  );

  assign retire_o = '{valid: retires, pc: oldest.pc, context_id: oldest.context_id, start: oldest.start, bytes: '0};

  // Two processes.
  logic job_valid, rows_free, rows_active, weights_full, swap;
  job_t job;

  tw_queue #(.Width($bits(job_t)), .Depth(2)) u_jobs (
    .clk_i, .rst_ni,
    .push_i(pop), .data_i(head_job), .ready_o(job_ready),
    .valid_o(job_valid), .data_o(job), .pop_i(job_valid && rows_free)
  );

  diagonal_t                              entering;
  logic [WeightRows-1:0][Lanes-1:0][15:0] weights;
  logic [Lanes-1:0][15:0]                 activations;

  tw_array_weights u_weights (
    .clk_i, .rst_ni,
    .job_valid_i(pop), .job_i(head_job), .free_o(weights_free), .swap_i(swap), .full_o(weights_full),
    .weights_req_o, .weights_row_o, .weights_gnt_i, .weights_rdata_i,
    .wave_valid_o(entering.wave_valid), .wave_by_column_o(entering.wave_by_column), .wave_o(entering.wave),
    .weights_o(weights)
  );

  logic     tag_valid;
  sum_tag_t tag;

  tw_array_rows u_rows (
    .clk_i, .rst_ni,
    .job_valid_i(job_valid && rows_free), .job_i(job), .free_o(rows_free), .active_o(rows_active),
    .weights_full_i(weights_full), .swap_o(swap),
    .activations_req_o, .activations_row_o, .activations_gnt_i, .activations_rdata_i,
    .tag_valid_o(tag_valid), .tag_o(tag),
    .row_valid_o(entering.row_valid), .operand_type_o(entering.operand_type), .swapped_o(entering.swap), .activations_o(activations)
  );

  logic [Columns-1:0][31:0] sums;

  tw_array_grid u_grid (
    .clk_i, .rst_ni, .control_i(entering), .activations_i(activations), .weights_i(weights), .sums_o(sums)
  );

  tw_array_sums u_sums (
    .clk_i, .rst_ni, .tag_valid_i(tag_valid), .tag_i(tag), .sums_i(sums),
    .sums_read_req_o, .sums_read_row_o, .sums_read_data_i,
    .sums_write_req_o, .sums_write_row_o, .sums_write_mask_o, .sums_write_data_o,
    .retire_o(retires)
  );

  logic row_enters;
  assign row_enters = activations_req_o && activations_gnt_i;

  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = '0;
    counts_o[CounterArrayBf16Rows] = CounterStepWidth'(row_enters && tag.operand_type == MatmulTypeBf16);
    counts_o[CounterArrayInt8Rows] = CounterStepWidth'(row_enters && tag.operand_type == MatmulTypeInt8);
  end

  always_comb begin
    if (row_enters) activity_o = ActivityBusy;
    else if (rows_active) begin
      if (activations_req_o || (weights_req_o && !weights_gnt_i && !tag_valid)) activity_o = ActivityScratchpad;
      else if (!tag_valid) activity_o = ActivityWeights;
      else activity_o = ActivityLatency;
    end
    else if (head_valid && blocked != '0) activity_o = wait_activity(blocked);
    else if (head_valid || flight_valid) activity_o = ActivityLatency;
    else activity_o = ActivityEmpty;
  end

  // Tiles carry what only other units use.
  logic unused;
  assign unused = ^{head, sums};

  // Elaboration ends here outside of these ranges.
  if (!(Rows >= 2 && Rows <= 256 && (Rows & (Rows - 1)) == 0)) $fatal(1, "Rows is no power of two in 2 … 256");
  if (!(Columns >= 2 && Columns <= 256 && (Columns & (Columns - 1)) == 0))
    $fatal(1, "Columns is no power of two in 2 … 256");
  if (!(WeightRows >= 1 && WeightRows <= Rows && WeightRows <= Columns && (WeightRows & (WeightRows - 1)) == 0))
    $fatal(1, "WeightRows is no power of two up to min(Rows, Columns)");

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!retires || flight_valid) else $error("retire without an instruction");
      assert (!(activations_gnt_i && !activations_req_o)) else $error("activations granted without request");
      assert (!(weights_gnt_i && !weights_req_o)) else $error("weights granted without request");
    end
  end
`endif

endmodule
