// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings a window of a scratchpad row to lane 0 and clears what lies behind it. Combinational.
//
//   row_i ─▶ right by first_i lanes ─▶ keep bytes_i bytes ─▶ row_o

module tw_array_align
  import tw_config_pkg::*;
  import tw_array_pkg::*;
(
  input  logic [RowBits-1:0]          row_i,
  input  logic [LaneWidth-1:0]        first_i,
  input  logic [CountedByteWidth-1:0] bytes_i,
  output logic [RowBits-1:0]          row_o
);

  assign row_o = (row_i >> {first_i, 4'd0}) & ~({RowBits{1'b1}} << {bytes_i, 3'd0});

endmodule
