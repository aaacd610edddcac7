// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The front of the vector unit: walks instructions as items, a row of a chunk each, chunks outside, rows inside, and reads
// their operands. The timing contract stands in the head of tw_vector_unit.sv.
//
//   queue ─ pop ─▶ next ─ move ─▶ work ─ issue ─▶ pipeline        columns of `next` are read while `work` is issued
//
// pop:   the queue's head has its waits satisfied and `next` is empty in the cycle's state.
// move:  `work` is empty in the state, or issues its last item in this cycle.
// issue: the item may issue (state alone), and each operand that it needs is granted in this cycle or was held before.
// An operand is asked for from the cycle on in which its item may issue, until it is granted.

module tw_vector_issue
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_vector_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [63:0]                          cycle_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,

  input  logic                  dispatch_valid_i,
  input  vector_packet_t        dispatch_packet_i,
  output logic                  dispatch_ready_o,

  output logic                  source_req_o,
  output logic                  sum_source_req_o,
  output logic [RowWidth-1:0]   source_row_o,   // of either memory
  input  logic                  source_gnt_i,   // by the memory that was asked
  output logic                  element_req_o,
  output logic                  sum_element_req_o,
  output logic [RowWidth-1:0]   element_row_o,
  input  logic                  element_gnt_i,

  output logic                  columns_req_o,
  output logic [RowWidth-1:0]   columns_row_o,
  input  logic                  columns_gnt_i,
  input  logic [RowBits-1:0]    columns_rdata_i,
  input  logic                  read_slot_i,
  output logic [2:0][16*VectorLanes-1:0] columns_o,

  output logic                  issue_o,
  output item_t                 item_o,         // that is to be issued: its places hold for the operands asked for
  output retire_t               flight_o,       // of an instruction, in the cycle of its last item's issue
  output logic                  reduces_o,      // it reduces
  output logic                  along_o,        // it writes statistics as destination

  input  logic                  pop_i,          // an item leaves the result queue
  input  logic                  retire_i,       // it was an instruction's last
  input  logic                  retire_reduces_i,
  input  logic                  retire_along_i,

  output logic [UnitCount-1:0]  waiting_o,      // the head's waits that hold it back
  output logic                  empty_o         // nothing in the queue, nothing in flight
);

  // Where an operand's present row is.
  typedef struct packed {
    logic [RowWidth-1:0]   block;  // row 0 of the chunk
    logic [RowWidth-1:0]   row;
    logic [PlaceWidth-1:0] place;  // element of the row
  } walk_t;

  function automatic logic [PlaceWidth-1:0] row_elements(vector_type_t vector_type);
    case (vector_type)
      VectorTypeBf16: return PlaceWidth'(Lanes);
      VectorTypeInt8: return PlaceWidth'(2 * Lanes);
      default: return PlaceWidth'(Columns);
    endcase
  endfunction

  function automatic walk_t start(tile_t tile);
    return {tile.row, tile.row, PlaceWidth'(tile.first)};
  endfunction

  function automatic walk_t next_row(walk_t walk, tile_t tile);
    return {walk.block, walk.row + tile.stride, walk.place};
  endfunction

  function automatic walk_t next_chunk(walk_t walk, tile_t tile, vector_type_t vector_type);
    walk_t result;
    result = walk;
    result.place = walk.place + PlaceWidth'(VectorLanes);
    if (result.place == row_elements(vector_type)) begin
      result.place = '0;
      result.block = walk.block + tile.block_stride;
    end
    result.row = result.block;
    return result;
  endfunction

  // In bytes in the scratchpad, in lanes in the accumulator.
  function automatic logic [PlaceWidth-1:0] place_of(walk_t walk, vector_type_t vector_type);
    return vector_type == VectorTypeBf16 ? {walk.place[PlaceWidth-2:0], 1'b0} : walk.place;
  endfunction

  function automatic logic [2:0] columns_used(vector_packet_t packet);
    return {packet.add2 == Add2Column,
            packet.multiply1 == Multiply1Column || function_reads(packet.func, packet.operand, FunctionOperandColumn),
            packet.add0 == Add0Column};
  endfunction

  function automatic logic is_empty(vector_packet_t packet);
    return packet.header.null_op || packet.rows == '0 || packet.elements == '0;
  endfunction

  // Queue and waits.
  vector_packet_t head;
  logic           head_valid, pop;

  tw_queue #(
    .Width($bits(vector_packet_t)),
    .Depth(QueueDepth)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .push_i (dispatch_valid_i && dispatch_ready_o),
    .data_i (dispatch_packet_i),
    .ready_o(dispatch_ready_o),
    .valid_o(head_valid),
    .data_o (head),
    .pop_i  (pop)
  );

  logic                 next_valid_q, next_loaded_q, work_valid_q, move;
  logic [UnitCount-1:0] blocked;

  assign blocked   = head_valid && !next_valid_q ? blocked_by(head.header.waits, retired_i) : '0;
  assign waiting_o = blocked;
  assign pop = head_valid && !next_valid_q && blocked == '0;

  // Columns, read for the instruction in `next` once those of the one in `work` are all there.
  vector_packet_t next_q, work_q;
  logic [63:0]    next_start_q, work_start_q;
  logic           columns_idle, columns_load, next_columns, work_columns, take, slot;
  logic [1:0]     staged;

  assign next_columns = columns_used(next_q) != '0 && !is_empty(next_q);
  assign columns_load = next_valid_q && next_columns && !next_loaded_q && columns_idle;

  tw_vector_columns u_columns (
    .clk_i,
    .rst_ni,
    .load_i     (columns_load),
    .tiles_i    (next_q.columns),
    .used_i     (columns_used(next_q)),
    .elements_i (next_q.elements),
    .idle_o     (columns_idle),
    .take_i     (take),
    .staged_o   (staged),
    .slot_o     (slot),
    .columns_req_o,
    .columns_row_o,
    .columns_gnt_i,
    .columns_rdata_i,
    .read_slot_i,
    .columns_o
  );

  // The instruction in work.
  logic                   work_empty_q, work_element_q, first_item_q, first_row_q, first_chunk_q;
  logic [ExtentWidth-1:0] rows_left_q, elements_left_q;
  walk_t                  source_q, element_q, destination_q;
  logic [15:0]            row_entry_q, along_entry_q;
  logic                   last_row, last_chunk, last_item;

  assign work_columns = columns_used(work_q) != '0;
  assign last_row = rows_left_q == ExtentWidth'(1);
  assign last_chunk = elements_left_q <= ExtentWidth'(VectorLanes);
  assign last_item = work_empty_q || (last_row && last_chunk);

  // May the item issue?
  logic [CreditWidth-1:0] items_q;           // between issue and their write
  logic [CreditWidth-1:0] reducing_q, along_q;  // instructions between their first issue and their retire
  logic                   issued_q;          // in the cycle before
  logic                   reduces, along, may_issue;

  assign reduces = !work_empty_q && work_q.reduce != ReduceNone;
  assign along = !work_empty_q && work_q.destination_type == VectorTypeStatistics;
  assign may_issue = work_valid_q && items_q != CreditWidth'(Credits) &&
                     !(!work_empty_q && work_columns && first_row_q && staged == 2'd0) &&
                     !(reduces && work_q.rows == ExtentWidth'(1) && issued_q && !first_item_q) &&
                     !(reduces && along_q != '0) && !(along && first_item_q && reducing_q != '0);

  logic source_needed, element_needed, source_held_q, element_held_q;

  assign source_needed = !work_empty_q && (is_row(work_q.source_type) || is_sum(work_q.source_type));
  assign element_needed = !work_empty_q && work_element_q &&
                          (is_row(work_q.element_type) || is_sum(work_q.element_type));
  assign source_req_o = may_issue && source_needed && !source_held_q && is_row(work_q.source_type);
  assign sum_source_req_o = may_issue && source_needed && !source_held_q && is_sum(work_q.source_type);
  assign element_req_o = may_issue && element_needed && !element_held_q && is_row(work_q.element_type);
  assign sum_element_req_o = may_issue && element_needed && !element_held_q && is_sum(work_q.element_type);
  assign source_row_o = source_q.row;
  assign element_row_o = element_q.row;
  assign issue_o = may_issue && (!source_needed || source_held_q || source_gnt_i) &&
                   (!element_needed || element_held_q || element_gnt_i);
  assign take = issue_o && !work_empty_q && work_columns && first_row_q;
  assign move = next_valid_q && (!work_valid_q || (issue_o && last_item));
  assign empty_o = !head_valid && !next_valid_q && !work_valid_q && items_q == '0;

  always_comb begin
    item_o.last = last_item;
    item_o.empty = work_empty_q;
    item_o.new_columns = take;
    item_o.slot = slot;
    item_o.source_type = work_q.source_type;
    item_o.element_type = work_element_q ? work_q.element_type : VectorTypeNone;
    item_o.destination_type = work_empty_q ? VectorTypeNone : work_q.destination_type;
    item_o.source_place = place_of(source_q, work_q.source_type);
    item_o.element_place = place_of(element_q, work_q.element_type);
    item_o.destination_place = place_of(destination_q, work_q.destination_type);
    item_o.destination_row = destination_q.row;
    item_o.lanes = last_chunk ? PlaceWidth'(elements_left_q) : PlaceWidth'(VectorLanes);
    item_o.entry = row_entry_q;
    item_o.along = along_entry_q;
    item_o.source_statistic = work_q.source_statistic;
    item_o.element_statistic = work_q.element_statistic;
    item_o.destination_statistic = work_q.destination_statistic;
    item_o.multiply0_statistic = work_q.multiply0_statistic;
    item_o.add1_statistic = work_q.add1_statistic;
    item_o.multiply1_statistic = work_q.multiply1_statistic;
    item_o.reduce_statistic = work_q.reduce_statistic;
    item_o.multiply0 = work_q.multiply0;
    item_o.add0 = work_q.add0;
    item_o.add1 = work_q.add1;
    item_o.func = work_q.func;
    item_o.operand = work_q.operand;
    item_o.multiply1 = work_q.multiply1;
    item_o.add2 = work_q.add2;
    item_o.reduce = work_empty_q ? ReduceNone : work_q.reduce;
    item_o.overwrite = first_chunk_q && !work_q.reduce_accumulate;
    item_o.multiply0_scalar = work_q.multiply0_scalar;
    item_o.add0_scalar = work_q.add0_scalar;

    flight_o.valid = 1'b1;
    flight_o.pc = work_q.header.pc;
    flight_o.context_id = work_q.header.context_id;
    flight_o.start = work_start_q;
    flight_o.bytes = '0;
    reduces_o = reduces;
    along_o = along;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      next_valid_q <= 1'b0;
      next_loaded_q <= 1'b0;
      work_valid_q <= 1'b0;
      source_held_q <= 1'b0;
      element_held_q <= 1'b0;
      issued_q <= 1'b0;
      items_q <= '0;
      reducing_q <= '0;
      along_q <= '0;
    end else begin
      if (pop) begin
        next_valid_q <= 1'b1;
        next_loaded_q <= 1'b0;
      end else begin
        if (move) next_valid_q <= 1'b0;
        if (columns_load) next_loaded_q <= 1'b1;
      end
      if (move) work_valid_q <= 1'b1;
      else if (issue_o && last_item) work_valid_q <= 1'b0;
      source_held_q <= !issue_o && (source_held_q || source_gnt_i);
      element_held_q <= !issue_o && (element_held_q || element_gnt_i);
      issued_q <= issue_o;
      items_q <= items_q + CreditWidth'(issue_o) - CreditWidth'(pop_i);
      reducing_q <= reducing_q + CreditWidth'(issue_o && first_item_q && reduces) -
                    CreditWidth'(retire_i && retire_reduces_i);
      along_q <= along_q + CreditWidth'(issue_o && first_item_q && along) - CreditWidth'(retire_i && retire_along_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (pop) begin
      next_q <= head;
      next_start_q <= cycle_i;
    end
    if (move) begin
      work_q <= next_q;
      work_start_q <= next_start_q;
      work_empty_q <= is_empty(next_q);
      work_element_q <= next_q.add0 == Add0Element || next_q.add1 == Add1Element ||
                        function_reads(next_q.func, next_q.operand, FunctionOperandElement) ||
                        next_q.multiply1 == Multiply1Element;
      first_item_q <= 1'b1;
      first_row_q <= 1'b1;
      first_chunk_q <= 1'b1;
      rows_left_q <= next_q.rows;
      elements_left_q <= next_q.elements;
      source_q <= start(next_q.source);
      element_q <= start(next_q.element);
      destination_q <= start(next_q.destination);
      row_entry_q <= next_q.statistics_row;
      along_entry_q <= next_q.statistics_row;
    end else if (issue_o) begin
      first_item_q <= 1'b0;
      first_row_q <= last_row;
      if (last_row) begin
        first_chunk_q <= 1'b0;
        rows_left_q <= work_q.rows;
        elements_left_q <= elements_left_q - ExtentWidth'(VectorLanes);
        source_q <= next_chunk(source_q, work_q.source, work_q.source_type);
        element_q <= next_chunk(element_q, work_q.element, work_q.element_type);
        destination_q <= next_chunk(destination_q, work_q.destination, work_q.destination_type);
        row_entry_q <= work_q.statistics_row;
        along_entry_q <= along_entry_q + 16'(VectorLanes);
      end else begin
        rows_left_q <= rows_left_q - ExtentWidth'(1);
        source_q <= next_row(source_q, work_q.source);
        element_q <= next_row(element_q, work_q.element);
        destination_q <= next_row(destination_q, work_q.destination);
        row_entry_q <= row_entry_q + 16'd1;
      end
    end
  end

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(issue_o && items_q == CreditWidth'(Credits))) else $error("issue without room for the result");
      assert (!(move && next_columns && !next_loaded_q && !columns_load)) else $error("work begins without its columns");
    end
  end
`endif

endmodule
