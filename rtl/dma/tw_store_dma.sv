// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Store DMA: copies strided tiles from the scratchpad to DRAM.
//
//   queue ─▶ walk rows ─▶ scratchpad ─▶ align, pack ─▶ words ─▶ tw_store_port (one a port) ─▶ arbiter, pins
//                                                                      └─▶ responses ─▶ retire in order
//
// In the cycle of its pop (the instruction's start) the head's waits are met and one of JobDepth places is free. The next
// cycle finds the runs; from the one after on one fragment a cycle is read from the scratchpad. A read is requested only
// when the ports of its words have room: a buffer word for each word that the fragment begins, a place in the burst table
// for each burst that it begins; a word is free again in the cycle after its last beat enters the data register, a place
// in the cycle after its burst's response. The data comes in the cycle after the grant and is packed in that cycle; a word
// goes to its port when it is full or its run ends. A run that ends in a fragment across two words hands over the second
// a cycle later, and no read is requested in the cycle after that fragment's grant.
//
// An instruction's place holds the number of its bursts that are begun and not answered. The oldest instruction retires
// when it is walked and that number is zero, both as of the cycle before: one cycle behind its last response, and never
// two in one cycle. One that moves nothing counts as walked in the cycle after its pop.

module tw_store_dma
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
  // Scratchpad.
  output logic                                 req_o,
  output logic [RowWidth-1:0]                  row_o,
  input  logic                                 gnt_i,
  input  logic [RowBits-1:0]                   rdata_i,
  // Bursts.
  output logic [AxiPorts-1:0]                  burst_ready_o,
  output logic [AxiPorts-1:0]                  burst_req_o,
  output burst_t [AxiPorts-1:0]                burst_o,
  input  logic [AxiPorts-1:0]                  burst_gnt_i,
  // Pins.
  output logic [AxiPorts-1:0]                  w_valid_o,
  output logic [AxiPorts-1:0][8*AxiDataBytes-1:0] w_data_o,
  output logic [AxiPorts-1:0][AxiDataBytes-1:0] w_strobe_o,
  output logic [AxiPorts-1:0]                  w_last_o,
  input  logic [AxiPorts-1:0]                  w_ready_i,
  input  logic [AxiPorts-1:0]                  b_valid_i
);

  localparam int unsigned TagWidth = $clog2(JobDepth);
  localparam int unsigned CountBits = 16;  // bursts of one instruction that are under way: at most all ports' tables

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

  typedef enum logic [1:0] {Idle, Runs, Walk} state_e;
  state_e               state_q;
  dma_job_t             job;
  dma_packet_t          packet_q;
  logic [UnitCount-1:0] blocked;
  logic                 place_free, merge_rows;

  logic [DramAddressWidth-1:0] slice_bytes;
  assign slice_bytes = DramAddressWidth'(packet_q.rows) * DramAddressWidth'(packet_q.row_bytes);
  assign merge_rows  = packet_q.rows == ExtentWidth'(1) || packet_q.dram_stride == DramAddressWidth'(packet_q.row_bytes);
  assign job = '{packet: packet_q,
                 merge_rows: merge_rows,
                 merge_outer: merge_rows &&
                              (packet_q.outer == ExtentWidth'(1) || packet_q.dram_outer_stride == slice_bytes),
                 empty: packet_q.header.null_op || packet_q.outer == '0 || packet_q.rows == '0 || packet_q.row_bytes == '0,
                 start: '0};
  assign blocked   = queue_valid ? blocked_by(queue_packet.header.waits, retired_i) : '0;
  assign queue_pop = state_q == Idle && queue_valid && blocked == '0 && place_free;

  // The fragment.
  logic [DramAddressWidth-1:0] address, end_address;
  logic [LengthWidth-1:0]      length;
  logic [FirstWidth-1:0]       first;
  logic                        row_start, row_end, run_end, last, granted;
  tw_dma_walker u_walker (
    .clk_i,
    .load_i(state_q == Runs),
    .job_i(job),
    .step_i(granted),
    .row_address_i('0),
    .address_o(address),
    .length_o(length),
    .first_o(first),
    .row_o(row_o),
    .row_start_o(row_start),
    .row_end_o(row_end),
    .run_end_o(run_end),
    .last_o(last)
  );

  // What it begins and ends. `low` is its first word, `high` the second one of a fragment across two.
  logic                        open_q, burst_open_q;  // a word, a burst is begun and not ended
  logic                        crossing, low_full, low_begins, low_begins_burst, high_begins_burst;
  logic                        low_ends_burst, high_ends_burst, gap_q, room;
  logic [PortWidth-1:0]        low_port, high_port;
  logic [DramAddressWidth-1:0] high_address, burst_address_q, low_burst, high_burst;
  assign end_address       = address + DramAddressWidth'(length) - 1'b1;
  assign high_address      = {end_address[DramAddressWidth-1:WordShift], WordShift'(0)};
  assign crossing          = address[WordShift] != end_address[WordShift];
  assign low_port          = port_of(address);
  assign high_port         = port_of(end_address);
  assign low_full          = crossing || run_end || (&end_address[WordShift-1:0]);
  assign low_begins        = !open_q;
  assign low_begins_burst  = !burst_open_q;
  // The first word's end is a boundary of bursts if the next word begins at one.
  logic at_boundary;
  assign at_boundary       = crossing ? high_address[BurstShift-1:0] == '0 : (&end_address[BurstShift-1:0]);
  assign high_begins_burst = crossing && at_boundary;
  assign low_ends_burst    = at_boundary || (run_end && !crossing);
  assign high_ends_burst   = crossing && run_end;
  assign low_burst         = low_begins_burst ? address : burst_address_q;
  assign high_burst        = at_boundary ? high_address : low_burst;

  logic [DramAddressWidth-1:0] low_last;  // last byte of the first word that the fragment has
  assign low_last = crossing ? high_address - 1'b1 : end_address;

  // Room in the ports.
  logic [WordsWidth-1:0]  free_q [AxiPorts];
  logic [BurstsWidth-1:0] bursts_q [AxiPorts];
  logic [AxiPorts-1:0]    released, port_room;
  for (genvar p = 0; p < AxiPorts; p++) begin : gen_room
    logic [1:0] words, bursts;
    assign words  = {1'b0, low_begins && low_port == PortWidth'(p)} + {1'b0, crossing && high_port == PortWidth'(p)};
    assign bursts = {1'b0, low_begins_burst && low_port == PortWidth'(p)} +
                    {1'b0, high_begins_burst && high_port == PortWidth'(p)};
    assign port_room[p] = free_q[p] >= WordsWidth'(words) &&
                          (BurstsWidth + 1)'(bursts_q[p]) + (BurstsWidth + 1)'(bursts) <=
                              (BurstsWidth + 1)'(DmaOutstandingBursts);
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        free_q[p]   <= WordsWidth'(BufferWords);
        bursts_q[p] <= '0;
      end else begin
        if (granted || released[p]) begin
          free_q[p] <= free_q[p] - (granted ? WordsWidth'(words) : '0) + WordsWidth'(released[p]);
        end
        if (granted || b_valid_i[p]) begin
          bursts_q[p] <= bursts_q[p] + (granted ? BurstsWidth'(bursts) : '0) - BurstsWidth'(b_valid_i[p]);
        end
      end
    end
  end
  assign room    = &port_room;
  assign req_o   = state_q == Walk && !gap_q && room;
  assign granted = req_o && gnt_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= Idle;
      open_q       <= 1'b0;
      burst_open_q <= 1'b0;
      gap_q        <= 1'b0;
    end else begin
      unique case (state_q)
        Idle: if (queue_pop) state_q <= Runs;
        Runs: state_q <= job.empty ? Idle : Walk;
        Walk: if (granted && last) state_q <= Idle;
        default: state_q <= Idle;
      endcase
      gap_q <= granted && high_ends_burst;
      if (granted) begin
        open_q       <= !run_end && (crossing || !low_full);
        burst_open_q <= !run_end && (crossing || !low_ends_burst);
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (queue_pop) packet_q <= queue_packet;
    if (granted) burst_address_q <= crossing ? high_burst : low_burst;
  end

  // Packing, in the cycle of the data.
  logic                 data_q, crossing_q, open_data_q, low_full_q, low_ends_q, high_ends_q;
  logic [WordShift-1:0] offset_q;
  logic [FirstWidth-1:0]  first_q;
  logic [LengthWidth-1:0] length_q;
  logic [PortWidth-1:0] low_port_q, high_port_q;
  burst_t               low_burst_q, high_burst_q;
  logic [TagWidth-1:0]  tag_q, high_tag_q, walk_tag_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) data_q <= 1'b0;
    else data_q <= granted;
  end
  always_ff @(posedge clk_i) begin
    if (granted) begin
      crossing_q  <= crossing;
      open_data_q <= open_q;
      low_full_q  <= low_full;
      low_ends_q  <= low_full && low_ends_burst;
      high_ends_q <= high_ends_burst;
      offset_q    <= address[WordShift-1:0];
      first_q     <= first;
      length_q    <= length;
      low_port_q  <= low_port;
      high_port_q <= high_port;
      low_burst_q <= burst_between(low_burst, low_last);
      high_burst_q <= burst_between(high_burst, end_address);
      tag_q       <= walk_tag_q;
    end
  end

  logic [WordBits-1:0]  row, pack_data_q, low_data;
  logic [WordBytes-1:0] row_mask, below, pack_strobe_q, low_strobe, high_strobe;
  logic [WordShift-1:0] turn;
  logic [WordBits-1:0]  pack_mask;
  logic                 flush_q;  // the pack register holds the last word of a run
  logic [PortWidth-1:0] flush_port_q;
  burst_t               flush_burst_q;
  // Scratchpad byte j of the row goes to byte (j + turn) mod WordBytes of a word.
  assign turn = offset_q - WordShift'(first_q);
  assign row  = WordBits'({2{WordBits'(rdata_i)}} >> {WordShift'(0) - turn, 3'b000});
  logic [WordBytes-1:0] ones;
  assign ones        = ~({WordBytes{1'b1}} << length_q) << first_q;
  assign row_mask    = WordBytes'({2{ones}} >> (WordShift'(0) - turn));
  assign below       = ~({WordBytes{1'b1}} << offset_q);  // bytes of the second word
  assign low_strobe  = (row_mask & ~below) | (open_data_q ? pack_strobe_q : '0);
  assign high_strobe = row_mask & below;
  for (genvar b = 0; b < WordBytes; b++) begin : gen_mask
    assign pack_mask[8*b+:8] = {8{open_data_q && pack_strobe_q[b]}};
  end
  assign low_data = (pack_data_q & pack_mask) | (row & ~pack_mask);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) flush_q <= 1'b0;
    else flush_q <= data_q && high_ends_q;
  end
  always_ff @(posedge clk_i) begin
    if (data_q) begin
      pack_data_q   <= crossing_q ? row : low_data;
      pack_strobe_q <= crossing_q ? high_strobe : low_strobe;
      flush_port_q  <= high_port_q;
      flush_burst_q <= high_burst_q;
      high_tag_q    <= tag_q;
    end
  end

  // Ports.
  logic [AxiPorts-1:0][TagWidth-1:0] response_tag;
  for (genvar p = 0; p < AxiPorts; p++) begin : gen_port
    logic low_here, flush_here;
    assign low_here   = data_q && low_full_q && low_port_q == PortWidth'(p);
    assign flush_here = flush_q && flush_port_q == PortWidth'(p);
    tw_store_port #(
      .TagWidth(TagWidth)
    ) u_port (
      .clk_i,
      .rst_ni,
      .word_valid_i(low_here || flush_here),
      .word_data_i(flush_here ? pack_data_q : low_data),
      .word_strobe_i(flush_here ? pack_strobe_q : low_strobe),
      .end_i(flush_here || low_ends_q),
      .burst_i(flush_here ? flush_burst_q : low_burst_q),
      .burst_tag_i(flush_here ? high_tag_q : tag_q),
      .released_o(released[p]),
      .ready_o(burst_ready_o[p]),
      .req_o(burst_req_o[p]),
      .burst_o(burst_o[p]),
      .gnt_i(burst_gnt_i[p]),
      .w_valid_o(w_valid_o[p]),
      .w_data_o(w_data_o[p]),
      .w_strobe_o(w_strobe_o[p]),
      .w_last_o(w_last_o[p]),
      .w_ready_i(w_ready_i[p]),
      .b_valid_i(b_valid_i[p]),
      .response_tag_o(response_tag[p])
    );
  end

  // Instructions in flight, oldest first.
  retire_t               places_q [JobDepth];
  logic [JobDepth-1:0]   walked_q;
  logic [CountBits-1:0]  under_way_q [JobDepth];
  logic [TagWidth-1:0]   oldest_q, next_q;
  logic [TagWidth:0]     used_q;
  logic                  retire, walked;
  assign place_free = used_q != (TagWidth + 1)'(JobDepth);
  assign retire     = used_q != '0 && walked_q[oldest_q] && under_way_q[oldest_q] == '0;
  assign walked     = (state_q == Runs && job.empty) || (granted && last);
  always_comb begin
    retire_o       = places_q[oldest_q];
    retire_o.valid = retire;
  end

  for (genvar i = 0; i < JobDepth; i++) begin : gen_place
    logic [CountBits-1:0] begun, answered;
    always_comb begin
      begun = '0;
      if (granted && walk_tag_q == TagWidth'(i)) begin
        begun = CountBits'(low_begins_burst) + CountBits'(high_begins_burst);
      end
      answered = '0;
      for (int unsigned p = 0; p < AxiPorts; p++) begin
        if (b_valid_i[p] && response_tag[p] == TagWidth'(i)) answered = answered + 1'b1;
      end
    end
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        under_way_q[i] <= '0;
        walked_q[i]    <= 1'b0;
      end else begin
        under_way_q[i] <= under_way_q[i] + begun - answered;
        if (walked && walk_tag_q == TagWidth'(i)) walked_q[i] <= 1'b1;
        else if (retire && oldest_q == TagWidth'(i)) walked_q[i] <= 1'b0;
      end
    end
    always_ff @(posedge clk_i) begin
      if (queue_pop && next_q == TagWidth'(i)) begin
        places_q[i] <= '{valid: 1'b1, pc: queue_packet.header.pc, context_id: queue_packet.header.context_id,
                         start: cycle_i, bytes: '0};
      end else if (granted && walk_tag_q == TagWidth'(i)) begin
        places_q[i].bytes <= places_q[i].bytes + 64'(length);
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      oldest_q   <= '0;
      next_q     <= '0;
      used_q     <= '0;
      walk_tag_q <= '0;
    end else begin
      if (queue_pop) begin
        walk_tag_q <= next_q;
        next_q     <= next_q == TagWidth'(JobDepth - 1) ? '0 : next_q + 1'b1;
      end
      if (retire) oldest_q <= oldest_q == TagWidth'(JobDepth - 1) ? '0 : oldest_q + 1'b1;
      if (queue_pop != retire) used_q <= queue_pop ? used_q + 1'b1 : used_q - 1'b1;
    end
  end

  always_comb begin
    if (granted || (|burst_gnt_i)) activity_o = ActivityBusy;
    else if (state_q == Idle && !queue_valid && used_q == '0) activity_o = ActivityEmpty;
    else if (state_q == Idle && blocked != '0) activity_o = wait_activity(blocked);
    else if (req_o) activity_o = ActivityScratchpad;
    else if (state_q == Idle && used_q != '0) activity_o = ActivityMemory;
    else if (state_q == Walk && !room) activity_o = ActivityBuffer;
    else activity_o = ActivityLatency;
  end

  logic unused;
  assign unused = row_start ^ row_end;

endmodule
