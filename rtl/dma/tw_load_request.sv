// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Front of the load DMA: takes instructions from the queue, cuts their runs into bursts and requests them.
//
// In the cycle of its pop (the instruction's start) the head's waits are met. The two next cycles multiply extents to find
// the runs; in the second the job goes to the row side, as soon as that has room. From then on one burst a cycle is
// requested, each of its port, if the port has buffer words for all of it and a free place in the burst table; both come
// back in the cycle after a word is taken and after a burst's last beat. An instruction that moves nothing ends with its
// second cycle. A gather alternates between lists of up to IndexCount indices and their rows: one list ahead, never more;
// each list and each row costs a cycle more than its bursts, and a row waits until its index has been resolved.

module tw_load_request
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [63:0]                          cycle_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  // Queue.
  input  logic                                 queue_valid_i,
  input  dma_packet_t                          queue_packet_i,
  output logic                                 queue_pop_o,
  // Row side.
  output logic                                 job_valid_o,
  output dma_job_t                             job_o,
  input  logic                                 job_ready_i,
  // Resolved index of the next row of a gather.
  input  logic                                 entry_valid_i,
  input  logic                                 entry_outside_i,
  input  logic [DramAddressWidth-1:0]          entry_address_i,
  output logic                                 entry_pop_o,
  // Bursts.
  output logic [AxiPorts-1:0]                  req_o,
  output burst_t                               burst_o,
  input  logic [AxiPorts-1:0]                  gnt_i,
  input  logic [AxiPorts-1:0]                  word_taken_i,
  input  logic [AxiPorts-1:0]                  burst_done_i,
  // For the unit's activity.
  output logic                                 idle_o,
  output logic [UnitCount-1:0]                 blocked_o,  // of a waiting head
  output logic                                 full_o      // a burst finds no room
);

  typedef enum logic [2:0] {Idle, Slice, Runs, Burst, Choose, Row} state_e;

  state_e                      state_q, state_d;
  dma_packet_t                 packet_q;
  logic [63:0]                 start_q;
  logic                        merge_rows_q, merge_outer, empty;
  logic [DramAddressWidth-1:0] product_q, product, factor;
  logic [ExtentWidth-1:0]      multiplier;

  logic [DramAddressWidth-1:0] address_q, run_address_q, slice_address_q, left_q, run_bytes_q;
  logic [ExtentWidth-1:0]      inner_q, inner_left_q, outer_left_q;
  logic                        listing_q;  // the run is a list of indices
  logic [DramAddressWidth-1:0] index_address_q;
  logic [ExtentWidth-1:0]      index_left_q, row_left_q, chunk_left_q;

  // One burst: the rest of the run up to the next boundary.
  logic [BurstShift:0]   room, bytes;
  logic [PortWidth-1:0]  port;
  logic [WordsWidth-1:0] words;
  logic                  fits, granted, run_done;
  logic [WordsWidth-1:0] free_q [AxiPorts];
  logic [BurstsWidth-1:0] bursts_q [AxiPorts];

  assign room      = (BurstShift + 1)'(BurstBytes) - (BurstShift + 1)'(address_q[BurstShift-1:0]);
  assign bytes     = left_q < DramAddressWidth'(room) ? (BurstShift + 1)'(left_q) : room;
  assign port      = port_of(address_q);
  assign words     = words_of(address_q, bytes);
  assign fits      = free_q[port] >= words && bursts_q[port] != BurstsWidth'(DmaOutstandingBursts);
  assign burst_o   = burst_between(address_q, address_q + DramAddressWidth'(bytes) - 1'b1);
  assign granted   = |gnt_i;
  assign run_done  = granted && left_q == DramAddressWidth'(bytes);
  assign full_o    = state_q == Burst && !fits;
  assign idle_o    = state_q == Idle;

  for (genvar p = 0; p < AxiPorts; p++) begin : gen_port
    assign req_o[p] = state_q == Burst && fits && port == PortWidth'(p);
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        free_q[p]   <= WordsWidth'(BufferWords);
        bursts_q[p] <= '0;
      end else begin
        if (gnt_i[p] || word_taken_i[p]) begin
          free_q[p] <= free_q[p] - (gnt_i[p] ? words : '0) + WordsWidth'(word_taken_i[p]);
        end
        if (gnt_i[p] != burst_done_i[p]) bursts_q[p] <= gnt_i[p] ? bursts_q[p] + 1'b1 : bursts_q[p] - 1'b1;
      end
    end
  end

  // One multiplier: rows × row bytes, then slices × slice bytes.
  assign multiplier = state_q == Slice ? packet_q.rows : packet_q.outer;
  assign factor     = state_q == Slice ? DramAddressWidth'(packet_q.row_bytes) : product_q;
  assign product    = DramAddressWidth'(multiplier) * factor;

  assign blocked_o   = queue_valid_i ? blocked_by(queue_packet_i.header.waits, retired_i) : '0;
  assign queue_pop_o = state_q == Idle && queue_valid_i && blocked_o == '0;
  assign empty       = packet_q.header.null_op || packet_q.outer == '0 || packet_q.rows == '0 || packet_q.row_bytes == '0;
  assign merge_outer = merge_rows_q && !packet_q.gather &&
                       (packet_q.outer == ExtentWidth'(1) || packet_q.dram_outer_stride == product_q);
  assign job_valid_o = state_q == Runs;
  assign job_o       = '{packet: packet_q, merge_rows: merge_rows_q, merge_outer: merge_outer, empty: empty,
                         start: start_q};
  assign entry_pop_o = state_q == Row && entry_valid_i;

  // A gather lists indices while less than two lists are ahead of the rows.
  logic                   list_next, row_done;
  logic [ExtentWidth-1:0] chunk_indices, chunk_rows;
  assign list_next     = index_left_q != '0 && row_left_q - index_left_q <= ExtentWidth'(IndexCount);
  assign chunk_indices = index_left_q < ExtentWidth'(IndexCount) ? index_left_q : ExtentWidth'(IndexCount);
  assign chunk_rows    = row_left_q < ExtentWidth'(IndexCount) ? row_left_q : ExtentWidth'(IndexCount);
  assign row_done      = packet_q.gather &&
                         ((state_q == Burst && run_done && !listing_q) || (entry_pop_o && entry_outside_i));

  state_e after_row;
  assign after_row = row_left_q == ExtentWidth'(1) ? Idle : chunk_left_q == ExtentWidth'(1) ? Choose : Row;

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:  if (queue_pop_o) state_d = Slice;
      Slice: state_d = Runs;
      Runs:  if (job_ready_i) state_d = empty ? Idle : packet_q.gather ? Choose : Burst;
      Burst: begin
        if (run_done) begin
          if (packet_q.gather) state_d = listing_q ? Choose : after_row;
          else if (inner_left_q == ExtentWidth'(1) && outer_left_q == ExtentWidth'(1)) state_d = Idle;
        end
      end
      Choose: state_d = list_next ? Burst : Row;
      Row:    if (entry_valid_i) state_d = entry_outside_i ? after_row : Burst;
      default: state_d = Idle;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= Idle;
    else state_q <= state_d;
  end

  logic [DramAddressWidth-1:0] next_inner_address, next_slice_address, run_bytes;
  assign next_inner_address = run_address_q + packet_q.dram_stride;
  assign next_slice_address = slice_address_q + packet_q.dram_outer_stride;
  assign run_bytes = merge_outer ? product : merge_rows_q ? product_q : DramAddressWidth'(packet_q.row_bytes);

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      Idle: begin
        if (queue_pop_o) begin
          packet_q <= queue_packet_i;
          start_q  <= cycle_i;
        end
      end
      Slice: begin
        product_q    <= product;
        merge_rows_q <= !packet_q.gather &&
                        (packet_q.rows == ExtentWidth'(1) || packet_q.dram_stride == DramAddressWidth'(packet_q.row_bytes));
      end
      Runs: begin
        address_q       <= packet_q.dram_address;
        run_address_q   <= packet_q.dram_address;
        slice_address_q <= packet_q.dram_address;
        run_bytes_q     <= run_bytes;
        left_q          <= run_bytes;
        inner_q         <= merge_rows_q ? ExtentWidth'(1) : packet_q.rows;
        inner_left_q    <= merge_rows_q ? ExtentWidth'(1) : packet_q.rows;
        outer_left_q    <= merge_outer ? ExtentWidth'(1) : packet_q.outer;
        listing_q       <= 1'b0;
        index_address_q <= packet_q.index_address;
        index_left_q    <= packet_q.rows;
        row_left_q      <= packet_q.rows;
      end
      Burst: begin
        if (run_done) begin
          left_q <= run_bytes_q;
          if (inner_left_q != ExtentWidth'(1)) begin
            inner_left_q  <= inner_left_q - 1'b1;
            run_address_q <= next_inner_address;
            address_q     <= next_inner_address;
          end else begin
            inner_left_q    <= inner_q;
            outer_left_q    <= outer_left_q - 1'b1;
            slice_address_q <= next_slice_address;
            run_address_q   <= next_slice_address;
            address_q       <= next_slice_address;
          end
        end else if (granted) begin
          left_q    <= left_q - DramAddressWidth'(bytes);
          address_q <= address_q + DramAddressWidth'(bytes);
        end
      end
      Choose: begin
        listing_q <= list_next;
        if (list_next) begin
          address_q       <= index_address_q;
          left_q          <= DramAddressWidth'({chunk_indices, 2'b00});
          index_address_q <= index_address_q + DramAddressWidth'({chunk_indices, 2'b00});
          index_left_q    <= index_left_q - chunk_indices;
        end else begin
          chunk_left_q <= chunk_rows;
        end
      end
      Row: begin
        address_q <= entry_address_i;
        left_q    <= DramAddressWidth'(packet_q.row_bytes);
      end
      default: ;
    endcase
    if (row_done) begin
      row_left_q   <= row_left_q - 1'b1;
      chunk_left_q <= chunk_left_q - 1'b1;
    end
  end

endmodule
