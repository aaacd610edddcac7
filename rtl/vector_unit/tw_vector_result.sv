// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The result queue: results in the order of their items, written one a cycle, and the end of instructions. Room was reserved
// when the item was issued, so push_i is never refused. What is pushed in cycle t can be written from t + 1 on. An item
// without a destination in scratchpad or accumulator leaves in the cycle in which it is at the head; the last item of an
// instruction that reduces comes to the head's request only when its statistics are written (reduced_i, earlier cycle).
// The instruction retires in the cycle in which its last item leaves.
//
// issue_last_i hands over the instruction (flight_i) with the issue of its last item.

module tw_vector_result
  import tw_config_pkg::*;
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_vector_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,

  input  logic                       push_i,
  input  item_t                      item_i,
  input  logic [VectorLanes-1:0][31:0] data_i,
  input  logic                       reduced_i,

  input  logic                       issue_last_i,
  input  retire_t                    flight_i,
  input  logic                       reduces_i,
  input  logic                       along_i,

  output logic                       result_req_o,
  output logic [RowWidth-1:0]        result_row_o,
  output logic [RowBits-1:0]         result_wdata_o,
  output logic [RowBytes-1:0]        result_wmask_o,
  input  logic                       result_gnt_i,

  output logic                       sum_result_req_o,
  output logic [SumRowWidth-1:0]     sum_result_row_o,
  output logic [Columns-1:0]         sum_result_mask_o,
  output logic [SumBits-1:0]         sum_result_wdata_o,
  input  logic                       sum_result_gnt_i,

  output logic                       word_write_o,
  output logic [1:0]                 word_statistic_o,
  output logic [15:0]                word_entry_o,
  output logic [VectorLanes-1:0]     word_mask_o,
  output logic [32*VectorLanes-1:0]  word_data_o,

  output logic                       pop_o,
  output logic                       retire_reduces_o,
  output logic                       retire_along_o,
  output retire_t                    retire_o
);

  localparam int unsigned PointerWidth = $clog2(Credits);

  typedef struct packed {
    logic                  last;
    logic                  reduces;
    vector_type_t          destination_type;
    logic [RowWidth-1:0]   row;
    logic [PlaceWidth-1:0] place;
    logic [PlaceWidth-1:0] lanes;
    logic [15:0]           along;
    logic [1:0]            statistic;
  } entry_t;

  typedef struct packed {
    logic    reduces;
    logic    along;
    retire_t retire;
  } flight_t;

  entry_t                     entries_q [Credits];
  logic [32*VectorLanes-1:0]  data_q [Credits];
  flight_t                    flights_q [Credits];
  logic [PointerWidth-1:0]    head_q, tail_q, flight_head_q, flight_tail_q;
  logic [CreditWidth-1:0]     level_q, reduced_q;
  entry_t                     head;
  logic                       ready;

  assign head = entries_q[head_q];
  assign ready = level_q != '0 && !(head.last && head.reduces && reduced_q == '0);
  assign result_req_o = ready && is_row(head.destination_type);
  assign sum_result_req_o = ready && is_sum(head.destination_type);
  assign pop_o = ready && (!result_req_o || result_gnt_i) && (!sum_result_req_o || sum_result_gnt_i);

  // Lanes below `count`, one bit each.
  function automatic logic [VectorLanes-1:0] lane_mask(logic [PlaceWidth-1:0] count);
    logic [VectorLanes-1:0] mask;
    for (int unsigned lane = 0; lane < VectorLanes; lane++) mask[lane] = PlaceWidth'(lane) < count;
    return mask;
  endfunction

  logic [VectorLanes-1:0]    mask;
  logic [32*VectorLanes-1:0] data;
  logic [16*VectorLanes-1:0] halves;
  logic [2*VectorLanes-1:0]  halves_mask;
  logic [RowWidth-1:0]       row;

  assign row = head.row;

  always_comb begin
    result_row_o = row;
    result_wdata_o = '0;
    result_wmask_o = '0;
    sum_result_row_o = row[SumRowWidth-1:0];
    sum_result_mask_o = '0;
    sum_result_wdata_o = '0;
    word_write_o = ready && head.destination_type == VectorTypeStatistics;
    word_statistic_o = head.statistic;
    word_entry_o = head.along;
    word_mask_o = '0;
    mask = '0;
    data = '0;
    halves = '0;
    halves_mask = '0;
    if (ready && head.destination_type != VectorTypeNone) begin
      mask = lane_mask(head.lanes);
      data = data_q[head_q];
      word_mask_o = mask;
      if (is_sum(head.destination_type)) begin
        sum_result_mask_o = Columns'(mask) << head.place;
        sum_result_wdata_o = SumBits'(data) << {head.place, 5'd0};
      end else if (head.destination_type == VectorTypeBf16) begin
        for (int unsigned lane = 0; lane < VectorLanes; lane++) begin
          halves[16*lane+:16] = data[32*lane+:16];
          halves_mask[2*lane+:2] = {2{mask[lane]}};
        end
        result_wmask_o = RowBytes'(halves_mask) << head.place;
        result_wdata_o = RowBits'(halves) << {head.place, 3'd0};
      end else begin
        for (int unsigned lane = 0; lane < VectorLanes; lane++) halves[8*lane+:8] = data[32*lane+:8];
        result_wmask_o = RowBytes'(mask) << head.place;
        result_wdata_o = RowBits'(halves) << {head.place, 3'd0};
      end
    end
    word_data_o = data;
  end

  flight_t flight;

  always_comb begin
    flight = flights_q[flight_head_q];
    retire_o = flight.retire;
    retire_o.valid = pop_o && head.last;
    retire_reduces_o = flight.reduces;
    retire_along_o = flight.along;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_q <= '0;
      tail_q <= '0;
      flight_head_q <= '0;
      flight_tail_q <= '0;
      level_q <= '0;
      reduced_q <= '0;
    end else begin
      if (push_i) tail_q <= tail_q + PointerWidth'(1);
      if (pop_o) head_q <= head_q + PointerWidth'(1);
      if (issue_last_i) flight_tail_q <= flight_tail_q + PointerWidth'(1);
      if (retire_o.valid) flight_head_q <= flight_head_q + PointerWidth'(1);
      level_q <= level_q + CreditWidth'(push_i) - CreditWidth'(pop_o);
      reduced_q <= reduced_q + CreditWidth'(reduced_i) - CreditWidth'(pop_o && head.last && head.reduces);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      entries_q[tail_q].last <= item_i.last;
      entries_q[tail_q].reduces <= item_i.reduce != ReduceNone;
      entries_q[tail_q].destination_type <= item_i.destination_type;
      entries_q[tail_q].row <= item_i.destination_row;
      entries_q[tail_q].place <= item_i.destination_place;
      entries_q[tail_q].lanes <= item_i.lanes;
      entries_q[tail_q].along <= item_i.along;
      entries_q[tail_q].statistic <= item_i.destination_statistic;
      if (item_i.destination_type != VectorTypeNone) data_q[tail_q] <= data_i;
    end
    if (issue_last_i) begin
      flights_q[flight_tail_q].reduces <= reduces_i;
      flights_q[flight_tail_q].along <= along_i;
      flights_q[flight_tail_q].retire <= flight_i;
    end
  end

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) assert (!(push_i && level_q == CreditWidth'(Credits))) else $error("result queue overflows");
  end
`endif

endmodule
