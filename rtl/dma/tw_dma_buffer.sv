// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffer of one port and direction: a first-in first-out memory of words that are filled beat by beat and leave whole.
//
// write_i stores data_i as beat sub_i of the word in progress; complete_i with it ends the word. A word completed in cycle
// t shows at valid_o, data_o from t + 2 on: the memory is read a cycle ahead, as an SRAM with one read and one write port
// is. pop_i takes it; the next one shows in the next cycle. One beat in and one word out a cycle. The user keeps count of
// the room. Ranges: Words ≥ 2, Beats a power of two.

module tw_dma_buffer #(
  parameter int unsigned BeatBits = 256,
  parameter int unsigned Beats = 1,
  parameter int unsigned Words = 8,
  localparam int unsigned SubBits = Beats > 1 ? $clog2(Beats) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      write_i,
  input  logic                      complete_i,
  input  logic [SubBits-1:0]        sub_i,
  input  logic [BeatBits-1:0]       data_i,
  output logic                      valid_o,
  output logic [Beats*BeatBits-1:0] data_o,
  input  logic                      pop_i
);

  localparam int unsigned PointerBits = $clog2(Words);
  localparam int unsigned LevelBits = $clog2(Words + 1);
  localparam logic [PointerBits-1:0] LastWord = PointerBits'(Words - 1);

  logic [PointerBits-1:0] write_q, read_q, read_d;
  logic [LevelBits-1:0]   level_q;  // words that can be read
  logic                   completed_q;

  assign valid_o = level_q != '0;
  assign read_d  = !pop_i ? read_q : read_q == LastWord ? '0 : read_q + 1'b1;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q     <= '0;
      read_q      <= '0;
      level_q     <= '0;
      completed_q <= 1'b0;
    end else begin
      completed_q <= write_i && complete_i;
      read_q      <= read_d;
      if (write_i && complete_i) write_q <= write_q == LastWord ? '0 : write_q + 1'b1;
      if (completed_q && !pop_i) level_q <= level_q + 1'b1;
      if (pop_i && !completed_q) level_q <= level_q - 1'b1;
    end
  end

  for (genvar b = 0; b < Beats; b++) begin : gen_beat
    logic [BeatBits-1:0] memory [Words];
    logic [BeatBits-1:0] data_q;
    always_ff @(posedge clk_i) begin
      if (write_i && (Beats == 1 || sub_i == SubBits'(b))) memory[write_q] <= data_i;
      data_q <= memory[read_d];
    end
    assign data_o[b*BeatBits+:BeatBits] = data_q;
  end

`ifdef TW_ASSERT
  initial assert (Words >= 2) else $fatal(1, "a DMA buffer needs two words");
  always_ff @(posedge clk_i) begin
    if (rst_ni) assert (!(pop_i && !valid_o)) else $error("pop from an empty buffer");
  end
`endif

endmodule
