// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Write side of one memory port: holds packed words, offers complete bursts to the arbiter, sends their beats, and hands
// each response to the instruction that it belongs to.
//
// A burst that is ended in cycle t (end_i, with its last word) is ready from t + 2 on. A burst granted in t has its
// request and first beat on the pins in t + 1 and a beat in each cycle after; the next burst can be granted in the cycle
// in which the last beat enters the data register, so beats follow without a gap. A word is released (released_o) in the
// cycle in which its last beat enters the data register. While the memory does not take a beat the register keeps it.

module tw_store_port
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
#(
  parameter int unsigned TagWidth = 2
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  // A packed word; with end_i the burst's last one.
  input  logic                        word_valid_i,
  input  logic [WordBits-1:0]         word_data_i,
  input  logic [WordBytes-1:0]        word_strobe_i,
  input  logic                        end_i,
  input  burst_t                      burst_i,
  input  logic [TagWidth-1:0]         burst_tag_i,
  output logic                        released_o,
  // Arbiter.
  output logic                        ready_o,
  output logic                        req_o,
  output burst_t                      burst_o,
  input  logic                        gnt_i,
  // Pins.
  output logic                        w_valid_o,
  output logic [8*AxiDataBytes-1:0]   w_data_o,
  output logic [AxiDataBytes-1:0]     w_strobe_o,
  output logic                        w_last_o,
  input  logic                        w_ready_i,
  input  logic                        b_valid_i,
  output logic [TagWidth-1:0]         response_tag_o  // with b_valid_i
);

  localparam int unsigned BurstInfoWidth = $bits(burst_t) + TagWidth;

  // The burst's entry follows its last word by a cycle, as the buffer's words do.
  logic                      ended_q, bursts_ready, word_valid;
  logic [BurstInfoWidth-1:0] info_q, info;
  logic [TagWidth-1:0]       tag;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) ended_q <= 1'b0;
    else ended_q <= word_valid_i && end_i;
  end
  always_ff @(posedge clk_i) begin
    if (word_valid_i && end_i) info_q <= {burst_i, burst_tag_i};
  end

  tw_queue #(
    .Width(BurstInfoWidth),
    .Depth(DmaOutstandingBursts)
  ) u_bursts (
    .clk_i,
    .rst_ni,
    .push_i(ended_q),
    .data_i(info_q),
    .ready_o(bursts_ready),
    .valid_o(ready_o),
    .data_o(info),
    .pop_i(gnt_i)
  );
  assign {burst_o, tag} = info;

  // Words to beats.
  logic [WordBits-1:0]   data;
  logic [WordBytes-1:0]  strobe;
  logic                  enter, final_beat, w_free;
  logic [BeatsWidth-1:0] left_q;  // beats of the granted burst that have not entered the data register
  logic [SubWidth-1:0]   sub;

  tw_dma_buffer #(
    .BeatBits(WordBits + WordBytes),
    .Beats(1),
    .Words(BufferWords)
  ) u_buffer (
    .clk_i,
    .rst_ni,
    .write_i(word_valid_i),
    .complete_i(1'b1),
    .sub_i(1'b0),
    .data_i({word_strobe_i, word_data_i}),
    .valid_o(word_valid),
    .data_o({strobe, data}),
    .pop_i(released_o)
  );

  assign w_free     = !w_valid_o || w_ready_i;
  assign req_o      = ready_o && left_q == '0 && w_free;
  assign enter      = gnt_i || (left_q != '0 && w_free);
  assign final_beat = gnt_i ? burst_o.beats == BeatsWidth'(1) : left_q == BeatsWidth'(1);
  if (WordBeats > 1) begin : gen_sub
    logic [SubWidth-1:0] sub_q;
    assign sub        = gnt_i ? burst_o.address[BeatShift+:SubWidth] : sub_q;
    assign released_o = enter && (final_beat || (&sub));
    always_ff @(posedge clk_i) begin
      if (enter) sub_q <= sub + 1'b1;
    end
  end else begin : gen_whole
    assign sub = '0;
    assign released_o = enter;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q    <= '0;
      w_valid_o <= 1'b0;
    end else begin
      if (gnt_i) left_q <= burst_o.beats - 1'b1;
      else if (enter) left_q <= left_q - 1'b1;
      if (w_free) w_valid_o <= enter;
    end
  end
  always_ff @(posedge clk_i) begin
    if (enter) begin
      w_data_o   <= data[sub*8*AxiDataBytes+:8*AxiDataBytes];
      w_strobe_o <= strobe[sub*AxiDataBytes+:AxiDataBytes];
      w_last_o   <= final_beat;
    end
  end

  // Whose responses are to come, in order.
  logic responses_ready, responses_valid;
  tw_queue #(
    .Width(TagWidth),
    .Depth(DmaOutstandingBursts)
  ) u_responses (
    .clk_i,
    .rst_ni,
    .push_i(gnt_i),
    .data_i(tag),
    .ready_o(responses_ready),
    .valid_o(responses_valid),
    .data_o(response_tag_o),
    .pop_i(b_valid_i)
  );

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(enter && !word_valid)) else $error("a beat without its word");
      assert (!(ended_q && !bursts_ready)) else $error("burst table overflow");
      assert (!(b_valid_i && !responses_valid)) else $error("response without a burst");
      assert (!(gnt_i && !responses_ready)) else $error("response table overflow");
    end
  end
`else
  logic unused;
  assign unused = word_valid ^ bursts_ready ^ responses_ready ^ responses_valid;
`endif

endmodule
