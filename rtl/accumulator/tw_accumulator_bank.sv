// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One bank of the accumulator: one read and one write of a row a cycle. Read data stands in the next cycle; a row that is
// read and written in one cycle reads as it was. A write takes the lanes of its mask.

module tw_accumulator_bank
  import tw_config_pkg::*;
#(
  parameter int unsigned Depth = 32,
  localparam int unsigned AddressWidth = $clog2(Depth) > 0 ? $clog2(Depth) : 1
) (
  input  logic                    clk_i,
  input  logic                    read_i,
  input  logic [AddressWidth-1:0] read_row_i,
  output logic [SumBits-1:0]      read_data_o,
  input  logic                    write_i,
  input  logic [AddressWidth-1:0] write_row_i,
  input  logic [Columns-1:0]      write_mask_i,
  input  logic [SumBits-1:0]      write_data_i
);
  /*verilator no_inline_module*/

  logic [SumBits-1:0] rows_q [Depth];

  always_ff @(posedge clk_i) begin
    if (read_i) read_data_o <= rows_q[read_row_i];
    if (write_i) begin
      for (int j = 0; j < int'(Columns); j++) begin
        if (write_mask_i[j]) rows_q[write_row_i][32*j+:32] <= write_data_i[32*j+:32];
      end
    end
  end

endmodule
