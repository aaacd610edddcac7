// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Single-ported memory of one scratchpad bank, one of the rows of its words: the place to put an SRAM macro.
//
// req_i with write_i: the bits of mask_i of word address_i become those of wdata_i; without: rdata_o holds the word from
// the next cycle on until the next read. Contents are undefined after reset.

module tw_scratchpad_memory #(
  parameter int unsigned Width = 256,
  parameter int unsigned Words = 64,
  localparam int unsigned AddressWidth = Words > 1 ? $clog2(Words) : 1
) (
  input  logic                    clk_i,
  input  logic                    req_i,
  input  logic                    write_i,
  input  logic [AddressWidth-1:0] address_i,
  input  logic [Width-1:0]        wdata_i,
  input  logic [Width-1:0]        mask_i,
  output logic [Width-1:0]        rdata_o
);

  logic [Width-1:0] words_q [Words];

  always_ff @(posedge clk_i) begin
    if (req_i) begin
      if (write_i) words_q[address_i] <= (words_q[address_i] & ~mask_i) | (wdata_i & mask_i);
      else rdata_o <= words_q[address_i];
    end
  end

endmodule
