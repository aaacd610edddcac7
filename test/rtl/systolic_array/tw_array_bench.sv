// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The systolic array with the accumulator behind it; the scratchpad, the sequencer and the vector unit are the bench's.
// Packets enter field by field.

module tw_array_bench
  import tw_event_pkg::*;
  import tw_isa_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_counter_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 dispatch_valid_i,
  output logic                                 dispatch_ready_o,
  input  logic                                 null_op_i,
  input  logic [PcWidth-1:0]                   pc_i,
  input  logic [ContextWidth-1:0]              context_id_i,
  input  logic [UnitCount-1:0]                 wait_valid_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] wait_count_i,
  input  logic [2:0][RowWidth-1:0]             tile_row_i,  // activations, weights, sums
  input  logic [2:0][RowWidth-1:0]             tile_stride_i,
  input  logic [2:0][RowWidth-1:0]             tile_block_stride_i,
  input  logic [2:0][8:0]                      tile_first_i,
  input  logic [ExtentWidth-1:0]               rows_i,
  input  logic [ExtentWidth-1:0]               columns_i,
  input  logic [ExtentWidth-1:0]               depth_i,
  input  logic                                 weights_by_column_i,
  input  matmul_type_e                         operand_type_i,
  input  logic                                 accumulate_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  input  logic [63:0]                          cycle_i,
  output logic                                 retire_valid_o,
  output logic [PcWidth-1:0]                   retire_pc_o,
  output logic [ContextWidth-1:0]              retire_context_id_o,
  output logic [63:0]                          retire_start_o,
  output logic [4:0]                           activity_o,
  output counts_t                              counts_o,  // of array and accumulator
  output logic                                 activations_req_o,
  output logic [RowWidth-1:0]                  activations_row_o,
  input  logic                                 activations_gnt_i,
  input  logic [RowBits-1:0]                   activations_rdata_i,
  output logic                                 weights_req_o,
  output logic [RowWidth-1:0]                  weights_row_o,
  input  logic                                 weights_gnt_i,
  input  logic [WeightRows*RowBits-1:0]        weights_rdata_i,
  output logic                                 sums_read_req_o,
  output logic [SumRowWidth-1:0]               sums_read_row_o,
  output logic                                 sums_write_req_o,
  output logic [SumRowWidth-1:0]               sums_write_row_o,
  input  logic                                 source_req_i,
  input  logic [SumRowWidth-1:0]               source_row_i,
  output logic                                 source_gnt_o,
  output logic [SumBits-1:0]                   source_rdata_o,
  input  logic                                 element_req_i,
  input  logic [SumRowWidth-1:0]               element_row_i,
  output logic                                 element_gnt_o,
  output logic [SumBits-1:0]                   element_rdata_o,
  input  logic                                 result_req_i,
  input  logic [SumRowWidth-1:0]               result_row_i,
  input  logic [Columns-1:0]                   result_mask_i,
  input  logic [SumBits-1:0]                   result_wdata_i,
  output logic                                 result_gnt_o
);

  array_packet_t packet;
  wait_t [UnitCount-1:0] waits;
  tile_t [2:0] tiles;

  for (genvar u = 0; u < UnitCount; u++) begin : gen_wait
    assign waits[u] = '{valid: wait_valid_i[u], count: wait_count_i[u]};
  end
  for (genvar t = 0; t < 3; t++) begin : gen_tile
    assign tiles[t] = '{in_accumulator: t == 2, row: tile_row_i[t], stride: tile_stride_i[t],
                        block_stride: tile_block_stride_i[t], first: tile_first_i[t]};
  end
  assign packet = '{
    header: '{null_op: null_op_i, pc: pc_i, context_id: context_id_i, waits: waits},
    activations: tiles[0], weights: tiles[1], sums: tiles[2],
    rows: rows_i, columns: columns_i, depth: depth_i,
    weights_by_column: weights_by_column_i, operand_type: operand_type_i, accumulate: accumulate_i
  };

  retire_t                retire;
  activity_e              activity;
  logic [SumBits-1:0]     sums_read_data, sums_write_data;
  logic [Columns-1:0]     sums_write_mask;

  assign retire_valid_o = retire.valid;
  assign retire_pc_o = retire.pc;
  assign retire_context_id_o = retire.context_id;
  assign retire_start_o = retire.start;
  assign activity_o = activity;

  counts_t array_counts, accumulator_counts;
  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = array_counts[c] | accumulator_counts[c];
  end

  tw_systolic_array u_array (
    .clk_i, .rst_ni, .dispatch_valid_i, .dispatch_packet_i(packet), .dispatch_ready_o, .retired_i, .cycle_i,
    .retire_o(retire), .activity_o(activity), .counts_o(array_counts),
    .activations_req_o, .activations_row_o, .activations_gnt_i, .activations_rdata_i,
    .weights_req_o, .weights_row_o, .weights_gnt_i, .weights_rdata_i,
    .sums_read_req_o, .sums_read_row_o, .sums_read_data_i(sums_read_data),
    .sums_write_req_o, .sums_write_row_o, .sums_write_mask_o(sums_write_mask), .sums_write_data_o(sums_write_data)
  );

  tw_accumulator u_accumulator (
    .clk_i, .rst_ni,
    .sums_read_req_i(sums_read_req_o), .sums_read_row_i(sums_read_row_o), .sums_read_data_o(sums_read_data),
    .sums_write_req_i(sums_write_req_o), .sums_write_row_i(sums_write_row_o), .sums_write_mask_i(sums_write_mask),
    .sums_write_data_i(sums_write_data),
    .sum_source_req_i(source_req_i), .sum_source_row_i(source_row_i), .sum_source_gnt_o(source_gnt_o),
    .sum_source_rdata_o(source_rdata_o),
    .sum_element_req_i(element_req_i), .sum_element_row_i(element_row_i), .sum_element_gnt_o(element_gnt_o),
    .sum_element_rdata_o(element_rdata_o),
    .sum_result_req_i(result_req_i), .sum_result_row_i(result_row_i), .sum_result_mask_i(result_mask_i),
    .sum_result_wdata_i(result_wdata_i), .sum_result_gnt_o(result_gnt_o), .counts_o(accumulator_counts)
  );

endmodule
