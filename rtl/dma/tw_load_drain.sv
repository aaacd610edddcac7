// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row side of the load DMA: walks an instruction again, takes words from the buffers, aligns them and writes one
// scratchpad row a cycle; keeps the resolved indices of gathers; retires.
//
//   words (one buffer a port) ─▶ hold, align ─▶ row register ─▶ scratchpad
//                                                 └─▶ index × stride + base ─▶ ring of resolved indices
//
// A job is taken in a cycle of its own; its fragments follow, one a cycle, each when its words are there and the row
// register is free or leaves in this cycle. A word goes to the hold register when it is first used, so it is taken from
// its buffer once; a run that begins with a fragment across two words spends a cycle more to fetch the first. A row
// register with data leaves when the scratchpad grants; an index or the mark of an instruction that moves nothing leaves
// at once. The last one retires the instruction as it leaves. Each list and each chunk of rows of a gather costs a cycle.
// An index outside of [0, bound) makes zero rows that take no word, and a pulse of gather_error_o.

module tw_load_drain
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        job_valid_i,
  input  dma_job_t                    job_i,
  output logic                        job_pop_o,
  // Buffers.
  input  logic [AxiPorts-1:0]         word_valid_i,
  input  logic [WordBits-1:0]         word_i [AxiPorts],
  output logic [AxiPorts-1:0]         word_pop_o,
  // The request side's view of the ring of resolved indices.
  output logic                        entry_valid_o,
  output logic                        entry_outside_o,
  output logic [DramAddressWidth-1:0] entry_address_o,
  input  logic                        entry_pop_i,
  output logic                        gather_error_o,
  // Scratchpad.
  output logic                        req_o,
  output logic [RowWidth-1:0]         row_o,
  output logic [RowBits-1:0]          wdata_o,
  output logic [RowBytes-1:0]         wmask_o,
  input  logic                        gnt_i,
  output retire_t                     retire_o,
  // For the unit's activity.
  output logic                        idle_o,
  output logic                        moved_o,   // the row register left
  output logic                        starved_o  // a fragment lacks a word
);

  typedef enum logic [2:0] {Idle, Copy, Choose, List, Mark} state_e;
  typedef enum logic [1:0] {TokenMark, TokenRow, TokenIndex} token_e;

  state_e   state_q, state_d;
  dma_job_t job_q;

  // Gather: counts as in the request side.
  logic [DramAddressWidth-1:0] index_address_q;
  logic [ExtentWidth-1:0]      index_left_q, row_left_q, chunk_left_q;
  logic                        list_next;
  logic [ExtentWidth-1:0]      chunk_indices, chunk_rows;
  assign list_next     = index_left_q != '0 && row_left_q - index_left_q <= ExtentWidth'(IndexCount);
  assign chunk_indices = index_left_q < ExtentWidth'(IndexCount) ? index_left_q : ExtentWidth'(IndexCount);
  assign chunk_rows    = row_left_q < ExtentWidth'(IndexCount) ? row_left_q : ExtentWidth'(IndexCount);

  // Ring of resolved indices: written in order, read once by each side.
  localparam int unsigned RingShift = $clog2(2 * IndexCount);
  logic [RingShift:0]          resolved_q, requested_q, drained_q;
  logic [DramAddressWidth:0]   ring_q [2 * IndexCount];  // {outside, address}
  logic                        drain_entry_valid, drain_outside;
  logic [DramAddressWidth-1:0] drain_address;
  assign entry_valid_o     = resolved_q != requested_q;
  assign {entry_outside_o, entry_address_o} = ring_q[requested_q[RingShift-1:0]];
  assign drain_entry_valid = resolved_q != drained_q;
  assign {drain_outside, drain_address}     = ring_q[drained_q[RingShift-1:0]];

  // The fragment.
  logic [DramAddressWidth-1:0] walk_address, address, end_address;
  logic [LengthWidth-1:0]      walk_length, length;
  logic [FirstWidth-1:0]       walk_first, first;
  logic [RowWidth-1:0]         walk_row;
  logic                        walk_row_start, walk_row_end, walk_run_end, walk_last, walk_step;
  logic                        run_end, listing;

  tw_dma_walker u_walker (
    .clk_i,
    .load_i(job_pop_o),
    .job_i(job_i),
    .step_i(walk_step),
    .row_address_i(drain_address),
    .address_o(walk_address),
    .length_o(walk_length),
    .first_o(walk_first),
    .row_o(walk_row),
    .row_start_o(walk_row_start),
    .row_end_o(walk_row_end),
    .run_end_o(walk_run_end),
    .last_o(walk_last)
  );

  assign listing     = state_q == List;
  assign address     = listing ? index_address_q : walk_address;
  assign length      = listing ? LengthWidth'(4) : walk_length;
  assign first       = listing ? '0 : walk_first;
  assign end_address = address + DramAddressWidth'(length) - 1'b1;
  assign run_end     = listing ? chunk_left_q == ExtentWidth'(1) : walk_run_end;

  // Words: the hold register has the fragment's first word if an earlier fragment of the run used it.
  logic [WordBits-1:0]  hold_q, low, high, merged;
  logic [RowBits-1:0]          aligned;
  logic                 hold_valid_q, crossing, outside, known, active;
  logic                 low_ready, high_ready, prefetch, step;
  logic [PortWidth-1:0] low_port, high_port;
  logic [WordShift-1:0] offset, amount;
  assign offset     = address[WordShift-1:0];
  assign crossing   = address[WordShift] != end_address[WordShift];
  assign low_port   = port_of(address);
  assign high_port  = port_of(end_address);
  assign active     = state_q == Copy || listing;
  assign known      = !(state_q == Copy && job_q.packet.gather && walk_row_start) || drain_entry_valid;
  assign outside    = state_q == Copy && job_q.packet.gather && drain_outside;
  assign low_ready  = hold_valid_q || word_valid_i[low_port];
  assign high_ready = !crossing || word_valid_i[high_port];

  logic   token_valid_q, token_leaves, token_free, token_last_q;
  token_e token_q;
  assign token_free = !token_valid_q || token_leaves;
  // Both words of a crossing fragment never leave the buffers in one cycle.
  assign prefetch = active && known && !outside && crossing && !hold_valid_q && low_ready;
  assign step = active && known && token_free &&
                (outside || (crossing ? hold_valid_q && high_ready : low_ready));
  assign walk_step = step && !listing;
  assign starved_o = active && (known ? !outside && !(low_ready && (high_ready || !hold_valid_q)) : 1'b0);

  for (genvar p = 0; p < AxiPorts; p++) begin : gen_pop
    assign word_pop_o[p] =
        (prefetch && low_port == PortWidth'(p)) ||
        (step && !outside && (crossing ? high_port == PortWidth'(p) : !hold_valid_q && low_port == PortWidth'(p)));
  end

  assign high    = word_i[crossing && hold_valid_q ? high_port : low_port];
  assign low     = hold_valid_q ? hold_q : high;
  assign amount  = offset - WordShift'(first);
  logic [WordBits-1:0] from_high;  // ones in the bytes below the fragment's offset: those of the second word
  assign from_high = ~({WordBits{1'b1}} << {offset, 3'b000});
  assign merged  = (low & ~from_high) | (high & from_high);
  assign aligned = RowBits'({merged, merged} >> {amount, 3'b000});

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) hold_valid_q <= 1'b0;
    else if (prefetch) hold_valid_q <= 1'b1;
    else if (step) hold_valid_q <= !outside && !run_end && (&end_address[WordShift-1:0]) == 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (|word_pop_o) hold_q <= high;
  end

  // State.
  logic mark;
  assign mark      = state_q == Mark && token_free;
  assign job_pop_o = state_q == Idle && job_valid_i;
  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:   if (job_valid_i) state_d = job_i.empty ? Mark : job_i.packet.gather ? Choose : Copy;
      Copy: begin
        if (step && walk_last) state_d = Idle;
        else if (step && walk_row_end && job_q.packet.gather && chunk_left_q == ExtentWidth'(1)) state_d = Choose;
      end
      Choose: state_d = list_next ? List : Copy;
      List:   if (step && chunk_left_q == ExtentWidth'(1)) state_d = Choose;
      Mark:   if (mark) state_d = Idle;
      default: state_d = Idle;
    endcase
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= Idle;
    else state_q <= state_d;
  end

  logic [63:0] bytes_q;
  always_ff @(posedge clk_i) begin
    if (job_pop_o) begin
      job_q           <= job_i;
      index_address_q <= job_i.packet.index_address;
      index_left_q    <= job_i.packet.rows;
      row_left_q      <= job_i.packet.rows;
      bytes_q         <= '0;
    end
    if (state_q == Choose) chunk_left_q <= list_next ? chunk_indices : chunk_rows;
    if (step) begin
      bytes_q <= bytes_q + 64'(length);
      if (listing) begin
        index_address_q <= index_address_q + DramAddressWidth'(4);
        index_left_q    <= index_left_q - 1'b1;
      end else if (walk_row_end) begin
        row_left_q <= row_left_q - 1'b1;
      end
      if (listing || walk_row_end) chunk_left_q <= chunk_left_q - 1'b1;
    end
  end

  logic unused;
  assign unused = ^job_q;

  // Row register.
  retire_t             retire_q;
  logic [RowWidth-1:0] token_row_q;
  logic [RowBits-1:0]  token_data_q;
  logic [RowBytes-1:0] token_mask_q;
  assign req_o        = token_valid_q && token_q == TokenRow;
  assign row_o        = token_row_q;
  assign wdata_o      = token_data_q;
  assign wmask_o      = token_mask_q;
  assign token_leaves = token_valid_q && (token_q != TokenRow || gnt_i);
  assign moved_o      = token_leaves;
  assign idle_o       = state_q == Idle && !token_valid_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) token_valid_q <= 1'b0;
    else if (token_free) token_valid_q <= step || mark;
  end
  always_ff @(posedge clk_i) begin
    if (step || mark) begin
      token_q      <= mark ? TokenMark : listing ? TokenIndex : TokenRow;
      token_last_q <= mark || (!listing && walk_last);
      token_row_q  <= walk_row;
      token_data_q <= outside ? '0 : aligned;
      token_mask_q <= ~({RowBytes{1'b1}} << length) << first;
    end
    if (mark || (step && !listing && walk_last)) begin
      retire_q <= '{valid: 1'b1, pc: job_q.packet.header.pc, context_id: job_q.packet.header.context_id,
                    start: job_q.start, bytes: mark ? '0 : bytes_q + 64'(length)};
    end
  end
  always_comb begin
    retire_o       = retire_q;
    retire_o.valid = token_leaves && token_last_q;
  end

  // An index that leaves the row register is resolved.
  logic        resolve, resolve_outside;
  logic [31:0] index;
  assign resolve         = token_leaves && token_q == TokenIndex;
  assign index           = token_data_q[31:0];
  assign resolve_outside = index >= 32'(job_q.packet.bound);
  assign gather_error_o  = resolve && resolve_outside;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      resolved_q  <= '0;
      requested_q <= '0;
      drained_q   <= '0;
    end else begin
      if (resolve) resolved_q <= resolved_q + 1'b1;
      if (entry_pop_i) requested_q <= requested_q + 1'b1;
      if (step && !listing && job_q.packet.gather && walk_row_end) drained_q <= drained_q + 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (resolve) begin
      ring_q[resolved_q[RingShift-1:0]] <=
          {resolve_outside,
           job_q.packet.dram_address + DramAddressWidth'(ExtentWidth'(index)) * job_q.packet.dram_stride};
    end
  end

endmodule
