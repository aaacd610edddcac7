// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instruction buffer: a direct-mapped cache of program lines (line = 4 instructions = 128 bytes) that fetches what the
// sequencer asks for and the lines that follow. Contract, cycle by cycle (sim/systemc/InstructionBuffer.h is the same):
//
//   lookup   hit_o and instruction_o answer pc_i in the same cycle, from state.
//   request  at most one line a cycle is put up for the memory port; it shows from the next cycle on and stays until it is
//            granted. A new one may be put up in the cycle of a grant. At most MaxInflight lines are asked for and not
//            complete. The slot of a line is taken when its request is put up: the old line is gone then.
//   choice   (1) the line of pc_i, when it is inside the program, not there and not asked for, unless its slot waits for
//            another line; else (2) a prefetch. When the line of pc_i changes, the window of prefetch becomes the next
//            PrefetchLines lines; from the next cycle on one line of the window is looked at a cycle: one that is there,
//            asked for, or whose slot waits for another line is passed over; the window ends at the program's end.
//   fill     beats arrive in the order of the grants, always accepted; a line hits from the cycle after its last beat on.
//   hold_i   no request is put up and the window rests; requests that stand and beats go on.
//
//   pc_i ─▶ tags ─▶ hit_o            fetch_req_o, fetch_address_o ─▶ memory port
//             └──── lines ─▶ instruction_o     ▲── fetch_valid_i, fetch_data_i
//
// Ranges: BufferLines a power of two ≥ 4; AxiDataBytes 8 … 128, a power of two.

module tw_instruction_buffer
  import tw_config_pkg::*;
  import tw_unit_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,         // forgets all lines; with none asked for or under way
  input  logic                        hold_i,
  input  logic [DramAddressWidth-1:0] program_base_i,  // multiple of 128
  input  logic [PcWidth-1:0]          instruction_count_i,
  input  logic [PcWidth-1:0]          pc_i,
  output logic                        hit_o,
  output logic [255:0]                instruction_o,

  output logic                        fetch_req_o,
  output logic [DramAddressWidth-1:0] fetch_address_o,
  input  logic                        fetch_gnt_i,
  input  logic                        fetch_valid_i,
  input  logic [8*AxiDataBytes-1:0]   fetch_data_i
);

  localparam int unsigned PrefetchLines = 3;
  localparam int unsigned MaxInflight = 4;
  localparam int unsigned LineBytes = 128;
  localparam int unsigned LineBeats = LineBytes / AxiDataBytes;
  localparam int unsigned LineWidth = PcWidth - 2;
  localparam int unsigned IndexWidth = $clog2(BufferLines);
  localparam int unsigned BeatWidth = LineBeats > 1 ? $clog2(LineBeats) : 1;
  localparam int unsigned ChunksPerBeat = AxiDataBytes / 8;

  typedef logic [LineWidth-1:0] line_t;
  typedef logic [IndexWidth-1:0] index_t;

  // Lines in chunks of 8 bytes: the unit that divides both an instruction and a beat.
  logic [63:0]            chunks_q [BufferLines*16];
  line_t                  tags_q [BufferLines];
  logic [BufferLines-1:0] valid_q, pending_q;

  logic                 request_q;
  line_t                request_line_q;
  index_t               inflight_q [MaxInflight];
  logic [1:0]           head_q, tail_q;
  logic [2:0]           inflight_level_q;
  logic [BeatWidth-1:0] beat_q;
  logic                 seen_q;
  line_t                seen_line_q, window_line_q;
  logic [1:0]           window_left_q;

  // Lookup.
  line_t  line;
  index_t slot;
  logic   line_inside, owned;
  assign line   = pc_i[PcWidth-1:2];
  assign slot   = line[IndexWidth-1:0];
  assign line_inside = pc_i < instruction_count_i;
  assign owned  = tags_q[slot] == line && (valid_q[slot] || pending_q[slot]);
  assign hit_o  = line_inside && valid_q[slot] && tags_q[slot] == line;
  for (genvar i = 0; i < 4; i++) begin : gen_instruction
    assign instruction_o[64*i+:64] = chunks_q[{slot, pc_i[1:0], 2'(i)}];
  end

  // Choice.
  logic   can_request, demand, put_up, look, window_inside, window_owned, window_blocked, new_line;
  line_t  put_up_line;
  index_t window_slot;
  assign window_slot    = window_line_q[IndexWidth-1:0];
  assign window_inside  = {window_line_q, 2'b00} < instruction_count_i;
  assign window_owned   = tags_q[window_slot] == window_line_q && valid_q[window_slot];
  assign window_blocked = pending_q[window_slot];
  assign new_line       = line_inside && !(seen_q && seen_line_q == line);
  assign can_request    = !hold_i && (!request_q || fetch_gnt_i) && inflight_level_q != 3'(MaxInflight);
  assign demand         = line_inside && !owned && !pending_q[slot];
  assign look           = !hold_i && !new_line && window_left_q != '0;
  always_comb begin
    put_up      = 1'b0;
    put_up_line = line;
    if (can_request && demand) begin
      put_up = 1'b1;
    end else if (can_request && look && window_inside && !window_owned && !window_blocked) begin
      put_up      = 1'b1;
      put_up_line = window_line_q;
    end
  end

  logic window_step;
  assign window_step = look && window_inside &&
                       (window_owned || window_blocked || (can_request && !demand));

  // Fill.
  logic   last_beat;
  index_t fill_slot;
  assign last_beat = beat_q == BeatWidth'(LineBeats - 1);
  assign fill_slot = inflight_q[head_q];

  assign fetch_req_o     = request_q;
  assign fetch_address_o = program_base_i + {{(DramAddressWidth - LineWidth - 7) {1'b0}}, request_line_q, 7'b0};

  // Nothing is there and nothing asked for.
  task automatic empty();
    valid_q          <= '0;
    pending_q        <= '0;
    request_q        <= 1'b0;
    head_q           <= '0;
    tail_q           <= '0;
    inflight_level_q <= '0;
    beat_q           <= '0;
    seen_q           <= 1'b0;
    window_left_q    <= '0;
  endtask

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      empty();
    end else if (clear_i) begin
      empty();
    end else begin
      if (put_up) begin
        request_q                            <= 1'b1;
        tail_q                               <= tail_q + 1'b1;
        valid_q[put_up_line[IndexWidth-1:0]] <= 1'b0;
      end else if (fetch_gnt_i) begin
        request_q <= 1'b0;
      end
      for (int unsigned i = 0; i < BufferLines; i++) begin
        if (put_up && put_up_line[IndexWidth-1:0] == index_t'(i)) pending_q[i] <= 1'b1;
        else if (fetch_valid_i && last_beat && fill_slot == index_t'(i)) pending_q[i] <= 1'b0;
      end
      if (fetch_valid_i) begin
        beat_q <= last_beat ? '0 : beat_q + 1'b1;
        if (last_beat) begin
          valid_q[fill_slot] <= 1'b1;
          head_q             <= head_q + 1'b1;
        end
      end
      inflight_level_q <= inflight_level_q + 3'(put_up) - 3'(fetch_valid_i && last_beat);
      if (!hold_i) begin
        if (new_line) begin
          seen_q        <= 1'b1;
          window_left_q <= 2'(PrefetchLines);
        end else if (look && !window_inside) begin
          window_left_q <= '0;
        end else if (window_step) begin
          window_left_q <= window_left_q - 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (put_up) begin
      request_line_q                      <= put_up_line;
      tags_q[put_up_line[IndexWidth-1:0]] <= put_up_line;
      inflight_q[tail_q]                  <= put_up_line[IndexWidth-1:0];
    end
    if (!hold_i && new_line) begin
      seen_line_q   <= line;
      window_line_q <= line + 1'b1;
    end else if (window_step) begin
      window_line_q <= window_line_q + 1'b1;
    end
    if (fetch_valid_i) begin
      for (int unsigned i = 0; i < ChunksPerBeat; i++) begin
        chunks_q[{fill_slot, 4'(32'(beat_q) * ChunksPerBeat + i)}] <= fetch_data_i[64*i+:64];
      end
    end
  end

  // Elaboration ends here outside of these ranges.
  if (!(BufferLines >= 4 && (BufferLines & (BufferLines - 1)) == 0))
    $fatal(1, "BufferLines is no power of two of at least 4");
  if (!(AxiDataBytes >= 8 && AxiDataBytes <= LineBytes)) $fatal(1, "AxiDataBytes out of range");

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(fetch_gnt_i && !request_q)) else $error("grant without a request");
      assert (!(fetch_valid_i && inflight_level_q == '0)) else $error("beat without a request");
    end
  end
`endif

endmodule
