// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Load DMA: copies strided tiles and gathered rows from DRAM to the scratchpad.
//
//   queue ─▶ tw_load_request ─▶ arbiters of the ports ─▶ DRAM
//               │ jobs (JobDepth)                         │ beats
//               ▼                                         ▼
//            tw_load_drain ◀──── words ──── one tw_dma_buffer a port
//
// The request side may be up to JobDepth instructions ahead of the row side: that hides the latency of DRAM. Rows are
// written and instructions retire in program order. Buffer space is reserved before a burst is requested, so read data is
// always accepted. A beat in cycle t that ends a word or a burst makes the word usable in t + 2. A beat with a bus error
// is taken as zeros. Timing contracts: heads of the two sides. Throughput: one beat a port, one word and one scratchpad
// row a cycle.

module tw_load_dma
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 dispatch_valid_i,
  input  dma_packet_t                          dispatch_packet_i,
  output logic                                 dispatch_ready_o,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  input  logic [63:0]                          cycle_i,
  output retire_t                              retire_o,
  output activity_e                            activity_o,
  // Bursts, one request a cycle.
  output logic [AxiPorts-1:0]                  burst_req_o,
  output burst_t                               burst_o,
  input  logic [AxiPorts-1:0]                  burst_gnt_i,
  // Read data of this client.
  input  logic [AxiPorts-1:0]                  beat_valid_i,
  input  logic [AxiPorts-1:0]                  beat_last_i,
  input  logic [AxiPorts-1:0]                  beat_error_i,
  input  logic [AxiPorts-1:0][8*AxiDataBytes-1:0] beat_data_i,
  // Scratchpad.
  output logic                                 req_o,
  output logic [RowWidth-1:0]                  row_o,
  output logic [RowBits-1:0]                   wdata_o,
  output logic [RowBytes-1:0]                  wmask_o,
  input  logic                                 gnt_i,
  output logic                                 gather_error_o
);

  logic        queue_valid, queue_pop;
  dma_packet_t queue_packet;
  tw_queue #(
    .Width($bits(dma_packet_t)),
    .Depth(QueueDepth)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .push_i(dispatch_valid_i && dispatch_ready_o),
    .data_i(dispatch_packet_i),
    .ready_o(dispatch_ready_o),
    .valid_o(queue_valid),
    .data_o(queue_packet),
    .pop_i(queue_pop)
  );

  logic                        job_valid, job_ready, next_valid, next_pop;
  dma_job_t                    job, next_job;
  logic                        entry_valid, entry_outside, entry_pop;
  logic [DramAddressWidth-1:0] entry_address;
  logic [AxiPorts-1:0]         word_valid, word_pop;
  logic [WordBits-1:0]         word [AxiPorts];
  logic                        request_idle, full, drain_idle, moved, starved;
  logic [UnitCount-1:0]        blocked;

  tw_load_request u_request (
    .clk_i,
    .rst_ni,
    .cycle_i,
    .retired_i,
    .queue_valid_i(queue_valid),
    .queue_packet_i(queue_packet),
    .queue_pop_o(queue_pop),
    .job_valid_o(job_valid),
    .job_o(job),
    .job_ready_i(job_ready),
    .entry_valid_i(entry_valid),
    .entry_outside_i(entry_outside),
    .entry_address_i(entry_address),
    .entry_pop_o(entry_pop),
    .req_o(burst_req_o),
    .burst_o,
    .gnt_i(burst_gnt_i),
    .word_taken_i(word_pop),
    .burst_done_i(beat_valid_i & beat_last_i),
    .idle_o(request_idle),
    .blocked_o(blocked),
    .full_o(full)
  );

  tw_queue #(
    .Width($bits(dma_job_t)),
    .Depth(JobDepth)
  ) u_jobs (
    .clk_i,
    .rst_ni,
    .push_i(job_valid && job_ready),
    .data_i(job),
    .ready_o(job_ready),
    .valid_o(next_valid),
    .data_o(next_job),
    .pop_i(next_pop)
  );

  // Beats into words. Where a word has several beats, a burst's first beat may be in the middle of one.
  for (genvar p = 0; p < AxiPorts; p++) begin : gen_port
    logic [SubWidth-1:0] sub;
    logic                complete;
    if (WordBeats > 1) begin : gen_sub
      logic                first_q, start_valid, start_ready;
      logic [SubWidth-1:0] sub_q, start_sub;
      tw_queue #(
        .Width(SubWidth),
        .Depth(DmaOutstandingBursts)
      ) u_starts (
        .clk_i,
        .rst_ni,
        .push_i(burst_gnt_i[p]),
        .data_i(burst_o.address[BeatShift+:SubWidth]),
        .ready_o(start_ready),
        .valid_o(start_valid),
        .data_o(start_sub),
        .pop_i(beat_valid_i[p] && beat_last_i[p])
      );
      assign sub      = first_q ? start_sub : sub_q;
      assign complete = beat_last_i[p] || (&sub);
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) first_q <= 1'b1;
        else if (beat_valid_i[p]) first_q <= beat_last_i[p];
      end
      always_ff @(posedge clk_i) begin
        if (beat_valid_i[p]) sub_q <= sub + 1'b1;
      end
      logic unused;
      assign unused = start_ready ^ start_valid;
    end else begin : gen_whole
      assign sub      = '0;
      assign complete = 1'b1;
    end

    tw_dma_buffer #(
      .BeatBits(8 * AxiDataBytes),
      .Beats(WordBeats),
      .Words(BufferWords)
    ) u_buffer (
      .clk_i,
      .rst_ni,
      .write_i(beat_valid_i[p]),
      .complete_i(complete),
      .sub_i(sub),
      .data_i(beat_error_i[p] ? '0 : beat_data_i[p]),
      .valid_o(word_valid[p]),
      .data_o(word[p]),
      .pop_i(word_pop[p])
    );
  end

  tw_load_drain u_drain (
    .clk_i,
    .rst_ni,
    .job_valid_i(next_valid),
    .job_i(next_job),
    .job_pop_o(next_pop),
    .word_valid_i(word_valid),
    .word_i(word),
    .word_pop_o(word_pop),
    .entry_valid_o(entry_valid),
    .entry_outside_o(entry_outside),
    .entry_address_o(entry_address),
    .entry_pop_i(entry_pop),
    .gather_error_o,
    .req_o,
    .row_o,
    .wdata_o,
    .wmask_o,
    .gnt_i,
    .retire_o,
    .idle_o(drain_idle),
    .moved_o(moved),
    .starved_o(starved)
  );

  always_comb begin
    if (moved || (|burst_gnt_i)) activity_o = ActivityBusy;
    else if (request_idle && !queue_valid && !next_valid && drain_idle) activity_o = ActivityEmpty;
    else if (request_idle && blocked != '0) activity_o = wait_activity(blocked);
    else if (req_o) activity_o = ActivityScratchpad;
    else if (starved || (|burst_req_o)) activity_o = ActivityMemory;
    else if (full) activity_o = ActivityBuffer;
    else activity_o = ActivityLatency;
  end

  // Elaboration ends here outside of these ranges.
  if (!(BufferWords * WordBytes == DmaBufferBytes && 2 * BurstBytes <= DmaBufferBytes))
    $fatal(1, "dma.buffer_bytes must hold two bursts in whole words");
  if (!(DmaInterleaveBytes % BurstBytes == 0)) $fatal(1, "dma.interleave_bytes must be at least a word");
  if (!(DmaOutstandingBursts >= 2)) $fatal(1, "dma.outstanding_bursts must be at least 2");

endmodule
