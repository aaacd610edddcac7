// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One lane's bank of the row statistics: StatisticsRows / VectorLanes rows of the four statistics, 128 bits. Three read
// ports and one write port, which has an enable for each statistic: a small register file, or three copies of a memory with
// one read and one write port. An address given with its enable gives its data in the next cycle, which holds for that one
// cycle. What is written in the cycle of a read is not seen by it; a legal program never reads a row's statistic in the
// cycle of its write, so a memory may leave that value open. Nothing is reset: a program writes before it reads.

module tw_vector_statistics_bank
  import tw_config_pkg::*;
#(
  localparam int unsigned BankRows = StatisticsRows / VectorLanes,
  localparam int unsigned BankRowWidth = BankRows > 1 ? $clog2(BankRows) : 1
) (
  input  logic                         clk_i,
  input  logic [2:0]                   read_en_i,
  input  logic [2:0][BankRowWidth-1:0] read_row_i,
  output logic [2:0][3:0][31:0]        read_data_o,   // by port and statistic
  input  logic [3:0]                   write_en_i,    // by statistic
  input  logic [BankRowWidth-1:0]      write_row_i,
  input  logic [3:0][31:0]             write_data_i
);

  for (genvar statistic = 0; statistic < 4; statistic++) begin : gen_statistic
    logic [31:0] memory_q [BankRows];

    for (genvar port = 0; port < 3; port++) begin : gen_read
      logic [31:0] data_q;
      always_ff @(posedge clk_i) begin
        if (read_en_i[port]) data_q <= memory_q[read_row_i[port]];
      end
      assign read_data_o[port][statistic] = data_q;
    end

    always_ff @(posedge clk_i) begin
      if (write_en_i[statistic]) memory_q[write_row_i] <= write_data_i[statistic];
    end
  end

endmodule
