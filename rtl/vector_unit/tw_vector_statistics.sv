// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The row statistics: four vectors of StatisticsRows fp32 values, zero at reset in simulation only (a program writes before
// it reads). Reads are registered: an address given with its enable gives its data in the next cycle, as it was before what
// is written in the same cycle. The vector unit never writes one value twice in a cycle.
//
//   two words of VectorLanes values (operands of type statistics), three values (row scalars), two values (reduction)
//   one word (destination of type statistics), two values (reduction)

module tw_vector_statistics
  import tw_config_pkg::*;
(
  input  logic                         clk_i,

  input  logic [1:0]                   word_en_i,
  input  logic [1:0][1:0]              word_statistic_i,
  input  logic [1:0][15:0]             word_entry_i,    // multiple of VectorLanes
  output logic [1:0][32*VectorLanes-1:0] word_o,

  input  logic [4:0]                   value_en_i,
  input  logic [4:0][1:0]              value_statistic_i,
  input  logic [4:0][15:0]             value_entry_i,
  output logic [4:0][31:0]             value_o,

  input  logic                         write_word_i,
  input  logic [1:0]                   write_word_statistic_i,
  input  logic [15:0]                  write_word_entry_i,
  input  logic [VectorLanes-1:0]       write_word_mask_i,
  input  logic [32*VectorLanes-1:0]    write_word_data_i,

  input  logic [1:0]                   write_value_i,
  input  logic [1:0][1:0]              write_value_statistic_i,
  input  logic [1:0][15:0]             write_value_entry_i,
  input  logic [1:0][31:0]             write_value_data_i
);

  localparam int unsigned IndexWidth = $clog2(4 * StatisticsRows);

  logic [31:0] memory_q [4*StatisticsRows];

  function automatic logic [IndexWidth-1:0] index_of(logic [1:0] statistic, logic [15:0] entry);
    return IndexWidth'(32'(statistic) * StatisticsRows + 32'(entry));
  endfunction

  for (genvar i = 0; i < 2; i++) begin : gen_word
    logic [32*VectorLanes-1:0] word_q;
    always_ff @(posedge clk_i) begin
      if (word_en_i[i]) begin
        for (int unsigned lane = 0; lane < VectorLanes; lane++) begin
          word_q[32*lane+:32] <= memory_q[index_of(word_statistic_i[i], word_entry_i[i] + 16'(lane))];
        end
      end
    end
    assign word_o[i] = word_q;
  end

  for (genvar i = 0; i < 5; i++) begin : gen_value
    logic [31:0] value_q;
    always_ff @(posedge clk_i) begin
      if (value_en_i[i]) value_q <= memory_q[index_of(value_statistic_i[i], value_entry_i[i])];
    end
    assign value_o[i] = value_q;
  end

  always_ff @(posedge clk_i) begin
    if (write_word_i) begin
      for (int unsigned lane = 0; lane < VectorLanes; lane++) begin
        if (write_word_mask_i[lane]) begin
          memory_q[index_of(write_word_statistic_i, write_word_entry_i + 16'(lane))] <= write_word_data_i[32*lane+:32];
        end
      end
    end
    for (int unsigned i = 0; i < 2; i++) begin
      if (write_value_i[i]) memory_q[index_of(write_value_statistic_i[i], write_value_entry_i[i])] <= write_value_data_i[i];
    end
  end

`ifdef TW_ASSERT
  initial assert (StatisticsRows % VectorLanes == 0 && StatisticsRows > 0)
    else $fatal(1, "StatisticsRows is a multiple of VectorLanes");
`endif

endmodule
