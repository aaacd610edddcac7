// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit with its packet as fields; memories, sequencer and grants are the bench's.

module tw_vector_bench
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_counter_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [63:0]                          cycle_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  input  logic                                 dispatch_valid_i,
  output logic                                 dispatch_ready_o,
  input  logic                                 null_op_i,
  input  logic [PcWidth-1:0]                   pc_i,
  input  logic [ContextWidth-1:0]              context_id_i,
  input  logic [UnitCount-1:0]                 wait_valid_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] wait_count_i,
  input  logic [5:0]                           tile_in_accumulator_i,  // source, element, destination, columns 0 … 2
  input  logic [5:0][31:0]                     tile_row_i,
  input  logic [5:0][31:0]                     tile_stride_i,
  input  logic [5:0][31:0]                     tile_block_stride_i,
  input  logic [5:0][31:0]                     tile_first_i,
  input  logic [ExtentWidth-1:0]               rows_i,
  input  logic [ExtentWidth-1:0]               elements_i,
  input  logic [2:0][7:0]                      type_i,       // source, element, destination
  input  logic [6:0][7:0]                      stage_i,      // multiply0 add0 add1 func multiply1 add2 reduce
  input  logic [1:0]                           operand_i,
  input  logic                                 reduce_accumulate_i,
  input  logic [1:0][31:0]                     scalar_i,     // multiply0, add0
  input  logic [6:0][7:0]                      statistic_i,  // source element destination multiply0 add1 multiply1 reduce
  input  logic [15:0]                          statistics_row_i,
  output logic                                 retire_valid_o,
  output logic [PcWidth-1:0]                   retire_pc_o,
  output logic [ContextWidth-1:0]              retire_context_id_o,
  output logic [63:0]                          retire_start_o,
  output logic [4:0]                           activity_o,
  output counts_t                              counts_o,

  // Readers: source, element, columns of the scratchpad; source, element of the accumulator.
  output logic [4:0]                           read_req_o,
  output logic [4:0][31:0]                     read_row_o,
  input  logic [4:0]                           read_gnt_i,
  input  logic [2:0][RowBits-1:0]              row_rdata_i,
  input  logic [1:0][SumBits-1:0]              sum_rdata_i,
  // Writers: scratchpad, accumulator.
  output logic [1:0]                           write_req_o,
  output logic [1:0][31:0]                     write_row_o,
  input  logic [1:0]                           write_gnt_i,
  output logic [RowBits-1:0]                   row_wdata_o,
  output logic [RowBytes-1:0]                  row_wmask_o,
  output logic [SumBits-1:0]                   sum_wdata_o,
  output logic [Columns-1:0]                   sum_wmask_o
);

  vector_packet_t        packet;
  wait_t [UnitCount-1:0] waits;
  tile_t [5:0]           tiles;

  for (genvar u = 0; u < UnitCount; u++) begin : gen_wait
    assign waits[u] = '{valid: wait_valid_i[u], count: wait_count_i[u]};
  end
  for (genvar t = 0; t < 6; t++) begin : gen_tile
    assign tiles[t] = '{in_accumulator: tile_in_accumulator_i[t], row: tile_row_i[t][RowWidth-1:0],
                        stride: tile_stride_i[t][RowWidth-1:0], block_stride: tile_block_stride_i[t][RowWidth-1:0],
                        first: tile_first_i[t][8:0]};
  end
  assign packet = '{
    header: '{null_op: null_op_i, pc: pc_i, context_id: context_id_i, waits: waits},
    source: tiles[0], element: tiles[1], destination: tiles[2], columns: tiles[5:3],
    rows: rows_i, elements: elements_i,
    source_type: vector_type_t'(type_i[0]), element_type: vector_type_t'(type_i[1]),
    destination_type: vector_type_t'(type_i[2]),
    multiply0: stage_i[0][1:0], add0: stage_i[1][1:0], add1: stage_i[2][1:0], func: stage_i[3][4:0], operand: operand_i,
    multiply1: stage_i[4][1:0], add2: stage_i[5][0], reduce: stage_i[6][1:0],
    reduce_accumulate: reduce_accumulate_i, multiply0_scalar: scalar_i[0], add0_scalar: scalar_i[1],
    source_statistic: statistic_i[0][1:0], element_statistic: statistic_i[1][1:0],
    destination_statistic: statistic_i[2][1:0], multiply0_statistic: statistic_i[3][1:0],
    add1_statistic: statistic_i[4][1:0], multiply1_statistic: statistic_i[5][1:0],
    reduce_statistic: statistic_i[6][1:0], statistics_row: statistics_row_i
  };

  retire_t                retire;
  activity_e              activity;
  logic [RowWidth-1:0]    source_row, element_row, columns_row, result_row;
  logic [SumRowWidth-1:0] sum_source_row, sum_element_row, sum_result_row;

  assign retire_valid_o = retire.valid;
  assign retire_pc_o = retire.pc;
  assign retire_context_id_o = retire.context_id;
  assign retire_start_o = retire.start;
  assign activity_o = activity;
  assign read_row_o = {32'(sum_element_row), 32'(sum_source_row), 32'(columns_row), 32'(element_row), 32'(source_row)};
  assign write_row_o = {32'(sum_result_row), 32'(result_row)};

  tw_vector_unit u_vector_unit (
    .clk_i, .rst_ni, .cycle_i, .retired_i, .dispatch_valid_i, .dispatch_packet_i(packet), .dispatch_ready_o,
    .retire_o(retire), .activity_o(activity), .counts_o,
    .source_req_o(read_req_o[0]), .source_row_o(source_row), .source_gnt_i(read_gnt_i[0]),
    .source_rdata_i(row_rdata_i[0]),
    .element_req_o(read_req_o[1]), .element_row_o(element_row), .element_gnt_i(read_gnt_i[1]),
    .element_rdata_i(row_rdata_i[1]),
    .columns_req_o(read_req_o[2]), .columns_row_o(columns_row), .columns_gnt_i(read_gnt_i[2]),
    .columns_rdata_i(row_rdata_i[2]),
    .result_req_o(write_req_o[0]), .result_row_o(result_row), .result_wdata_o(row_wdata_o),
    .result_wmask_o(row_wmask_o), .result_gnt_i(write_gnt_i[0]),
    .sum_source_req_o(read_req_o[3]), .sum_source_row_o(sum_source_row), .sum_source_gnt_i(read_gnt_i[3]),
    .sum_source_rdata_i(sum_rdata_i[0]),
    .sum_element_req_o(read_req_o[4]), .sum_element_row_o(sum_element_row), .sum_element_gnt_i(read_gnt_i[4]),
    .sum_element_rdata_i(sum_rdata_i[1]),
    .sum_result_req_o(write_req_o[1]), .sum_result_row_o(sum_result_row), .sum_result_mask_o(sum_wmask_o),
    .sum_result_wdata_o(sum_wdata_o), .sum_result_gnt_i(write_gnt_i[1])
  );

endmodule
