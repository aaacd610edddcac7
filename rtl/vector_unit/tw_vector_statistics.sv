// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The row statistics: four vectors of StatisticsRows fp32 values, a bank for each lane. Entry e is row e / VectorLanes of
// bank e mod VectorLanes, so a word, VectorLanes entries from a multiple of VectorLanes on, is one row of all banks, and a
// value is in one bank.
//
//   reads, a port of the banks each: words (operands of type statistics, both from one entry), scalars (a row's, all from
//   one entry), old (what a reduction combines with). A request in cycle t gives its data in t + 1.
//   writes, never both in a cycle: a word (destination of type statistics), a reduction (a row's statistic and the next one)
//
// The vector unit does not issue a statistics destination and a reduction into each other's way; see tw_vector_issue.

module tw_vector_statistics
  import tw_config_pkg::*;
(
  input  logic                           clk_i,

  input  logic                           word_en_i,
  input  logic [15:0]                    word_entry_i,      // multiple of VectorLanes
  input  logic [1:0][1:0]                word_statistic_i,
  output logic [1:0][32*VectorLanes-1:0] word_o,

  input  logic                           scalar_en_i,
  input  logic [15:0]                    scalar_entry_i,
  input  logic [2:0][1:0]                scalar_statistic_i,
  output logic [2:0][31:0]               scalar_o,

  input  logic                           old_en_i,
  input  logic [15:0]                    old_entry_i,
  input  logic [1:0]                     old_statistic_i,
  output logic [1:0][31:0]               old_o,             // of the statistic and the next one

  input  logic                           write_word_i,
  input  logic [15:0]                    write_word_entry_i,  // multiple of VectorLanes
  input  logic [1:0]                     write_word_statistic_i,
  input  logic [VectorLanes-1:0]         write_word_mask_i,
  input  logic [32*VectorLanes-1:0]      write_word_data_i,

  input  logic [1:0]                     write_old_i,       // the statistic, the next one
  input  logic [15:0]                    write_old_entry_i,
  input  logic [1:0]                     write_old_statistic_i,
  input  logic [1:0][31:0]               write_old_data_i
);

  localparam int unsigned LaneWidth = VectorLanes > 1 ? $clog2(VectorLanes) : 1;
  localparam int unsigned BankRows = StatisticsRows / VectorLanes;
  localparam int unsigned BankRowWidth = BankRows > 1 ? $clog2(BankRows) : 1;

  // Read ports of the banks.
  localparam int unsigned PortWord = 0;
  localparam int unsigned PortScalar = 1;
  localparam int unsigned PortOld = 2;

  function automatic logic [LaneWidth-1:0] lane_of(logic [15:0] entry);
    return LaneWidth'(entry % 16'(VectorLanes));
  endfunction

  function automatic logic [BankRowWidth-1:0] row_of(logic [15:0] entry);
    return BankRowWidth'(entry / 16'(VectorLanes));
  endfunction

  logic [2:0][BankRowWidth-1:0] read_row;
  logic [BankRowWidth-1:0]      write_row;
  logic [LaneWidth-1:0]         scalar_lane_q, old_lane_q;
  logic [1:0][1:0]              word_statistic_q;
  logic [2:0][1:0]              scalar_statistic_q;
  logic [1:0]                   old_statistic_q, next_statistic_q, write_next_statistic;
  logic [3:0][31:0]             scalars [VectorLanes];
  logic [3:0][31:0]             olds [VectorLanes];

  assign read_row[PortWord] = row_of(word_entry_i);
  assign read_row[PortScalar] = row_of(scalar_entry_i);
  assign read_row[PortOld] = row_of(old_entry_i);
  assign write_next_statistic = write_old_statistic_i + 2'd1;
  assign write_row = write_word_i ? row_of(write_word_entry_i) : row_of(write_old_entry_i);

  for (genvar lane = 0; lane < VectorLanes; lane++) begin : gen_bank
    logic                  writes_old;
    logic [3:0]            write_en;
    logic [3:0][31:0]      write_data;
    logic [2:0][3:0][31:0] read_data;

    assign writes_old = lane_of(write_old_entry_i) == LaneWidth'(lane);

    always_comb begin
      write_en = '0;
      write_data = {4{write_word_data_i[32*lane+:32]}};
      write_en[write_word_statistic_i] = write_word_i && write_word_mask_i[lane];
      if (writes_old && write_old_i[0]) begin
        write_en[write_old_statistic_i] = 1'b1;
        write_data[write_old_statistic_i] = write_old_data_i[0];
      end
      if (writes_old && write_old_i[1]) begin
        write_en[write_next_statistic] = 1'b1;
        write_data[write_next_statistic] = write_old_data_i[1];
      end
    end

    tw_vector_statistics_bank u_bank (
      .clk_i,
      .read_en_i   ({old_en_i && lane_of(old_entry_i) == LaneWidth'(lane),
                     scalar_en_i && lane_of(scalar_entry_i) == LaneWidth'(lane), word_en_i}),
      .read_row_i  (read_row),
      .read_data_o (read_data),
      .write_en_i  (write_en),
      .write_row_i (write_row),
      .write_data_i(write_data)
    );

    for (genvar i = 0; i < 2; i++) begin : gen_word
      assign word_o[i][32*lane+:32] = read_data[PortWord][word_statistic_q[i]];
    end
    assign scalars[lane] = read_data[PortScalar];
    assign olds[lane] = read_data[PortOld];
  end

  always_ff @(posedge clk_i) begin
    if (word_en_i) word_statistic_q <= word_statistic_i;
    if (scalar_en_i) begin
      scalar_lane_q <= lane_of(scalar_entry_i);
      scalar_statistic_q <= scalar_statistic_i;
    end
    if (old_en_i) begin
      old_lane_q <= lane_of(old_entry_i);
      old_statistic_q <= old_statistic_i;
      next_statistic_q <= old_statistic_i + 2'd1;
    end
  end

  for (genvar i = 0; i < 3; i++) begin : gen_scalar
    assign scalar_o[i] = scalars[scalar_lane_q][scalar_statistic_q[i]];
  end
  assign old_o[0] = olds[old_lane_q][old_statistic_q];
  assign old_o[1] = olds[old_lane_q][next_statistic_q];

`ifdef TW_ASSERT
  initial assert (StatisticsRows % VectorLanes == 0 && StatisticsRows > 0)
    else $fatal(1, "StatisticsRows is a multiple of VectorLanes");
`endif

endmodule
