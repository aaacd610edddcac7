// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One bank of the scratchpad: a single-ported memory whose word is WeightRows rows wide, and the round-robin arbiter of
// its port.
//
// Every cycle one of the requesting clients is granted: the first one at or after the pointer, cyclically; the pointer
// then stands behind it, and stays where it is without a request. A read granted in cycle t has its data in t + 1, the
// whole word; a write granted in t changes the masked bits of one row and is seen by reads granted from t + 1 on.
// Contents are undefined after reset. Ranges: BankRows a multiple of WeightRows.

module tw_scratchpad_bank
  import tw_config_pkg::*;
#(
  parameter int unsigned BankRows = 64,
  localparam int unsigned Clients = 8,
  localparam int unsigned RowShift = $clog2(BankRows),
  localparam int unsigned SubShift = $clog2(WeightRows)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,  // the pointer goes to client 0; without a request
  input  logic [Clients-1:0]  req_i,
  output logic [Clients-1:0]  gnt_o,
  input  logic [RowShift-1:0] row_i,  // of the granted client
  input  logic                write_i,
  input  logic [RowBits-1:0]  wdata_i,
  input  logic [RowBits-1:0]  mask_i,
  output logic [RowBits-1:0]  rdata_o [WeightRows]
);

  localparam int unsigned Words = BankRows / WeightRows;
  localparam int unsigned WordShift = Words > 1 ? $clog2(Words) : 1;

  logic [2:0]         pointer_q, winner;
  logic [Clients-1:0] at_or_after;
  assign at_or_after = req_i & ({Clients{1'b1}} << pointer_q);

  always_comb begin
    winner = '0;
    for (int c = Clients - 1; c >= 0; c--) if (req_i[c]) winner = 3'(c);
    for (int c = Clients - 1; c >= 0; c--) if (at_or_after[c]) winner = 3'(c);
    gnt_o = '0;
    gnt_o[winner] = |req_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) pointer_q <= '0;
    else if (clear_i) pointer_q <= '0;
    else if (|req_i) pointer_q <= winner + 1'b1;
  end

  logic [WordShift-1:0] word;
  assign word = WordShift'(row_i >> SubShift);

  for (genvar r = 0; r < WeightRows; r++) begin : gen_row
    logic here;  // a write goes to one row, a read to all
    assign here = WeightRows == 1 || (row_i & RowShift'(WeightRows - 1)) == RowShift'(r);
    tw_scratchpad_memory #(
      .Width(RowBits),
      .Words(Words)
    ) u_memory (
      .clk_i,
      .req_i(|req_i && (!write_i || here)),
      .write_i(write_i),
      .address_i(word),
      .wdata_i(wdata_i),
      .mask_i(mask_i),
      .rdata_o(rdata_o[r])
    );
  end

endmodule
