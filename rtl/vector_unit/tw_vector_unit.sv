// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector unit: a chain of element operations over a tile, VectorLanes elements a cycle, with row statistics.
//
//   queue ─▶ tw_vector_issue ─ item ─▶ select ─▶ lanes (tw_vector_lane × VectorLanes) ─▶ tw_vector_result ─▶ write, retire
//                │  reads source, element, columns      ▲                    └▶ tw_vector_reduce ─▶ statistics
//                                                       └── tw_vector_statistics: row scalars, operands along rows;
//                                                           tw_vector_statistics_bank × VectorLanes
//
// Timing contract. An item is a row of a chunk; chunks outside, rows inside. Times are cycles.
// - pop: the head of the queue leaves it when its waits are satisfied and `next` is empty (both from state): start.
//   From the cycle after, it is in `next`; it moves on to `work` when `work` is empty or issues its last item in that cycle.
// - columns (client `columns`, one row a cycle, used operands in the order 0, 1, 2, two chunks staged): an instruction in
//   `next` begins to read in the cycle after the first in which it is there and the reader is idle. The reader asks while
//   fewer than two chunks are staged; a chunk is staged in the cycle after the grant of its last operand, until the issue of
//   its first row.
// - issue: at most one item a cycle. It may issue if fewer than Credits = 32 items are between issue and write; its chunk's
//   columns are staged (first row); an instruction of one row that reduces did not issue in the cycle before; and no
//   reduction meets a statistics destination of an earlier instruction that has not retired, or the other way round.
//   Then operands in memory are asked for, each until granted; the item issues in the cycle of the last grant, at once
//   without operands. The next item may follow in the next cycle. A null instruction or one with a zero extent issues one
//   item without operands.
// - A result of an item issued in t is in the result queue from t + StageResult + 1 = t + 16 on, in order; the head is
//   written in the cycle of its grant and makes room from the cycle after. Without a destination in scratchpad or accumulator
//   it leaves at once. Statistics are written in t + 17 + log2(VectorLanes); the last item of a reducing instruction
//   is not asked for before t + 18 + log2(VectorLanes).
// - retire: the cycle in which the last item leaves.
// The pipeline never stalls. Reset empties it.
// Ranges: VectorLanes a power of two, 1 … min(Rows, Columns); StatisticsRows a multiple of VectorLanes below 2^16.

module tw_vector_unit
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_counter_pkg::*;
  import tw_isa_pkg::*;
  import tw_vector_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [63:0]                          cycle_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  input  logic                                 dispatch_valid_i,
  input  vector_packet_t                       dispatch_packet_i,
  output logic                                 dispatch_ready_o,
  output retire_t                              retire_o,
  output activity_e                            activity_o,
  output counts_t                              counts_o,

  output logic                                 source_req_o,
  output logic [RowWidth-1:0]                  source_row_o,
  input  logic                                 source_gnt_i,
  input  logic [RowBits-1:0]                   source_rdata_i,
  output logic                                 element_req_o,
  output logic [RowWidth-1:0]                  element_row_o,
  input  logic                                 element_gnt_i,
  input  logic [RowBits-1:0]                   element_rdata_i,
  output logic                                 columns_req_o,
  output logic [RowWidth-1:0]                  columns_row_o,
  input  logic                                 columns_gnt_i,
  input  logic [RowBits-1:0]                   columns_rdata_i,
  output logic                                 result_req_o,
  output logic [RowWidth-1:0]                  result_row_o,
  output logic [RowBits-1:0]                   result_wdata_o,
  output logic [RowBytes-1:0]                  result_wmask_o,
  input  logic                                 result_gnt_i,

  output logic                                 sum_source_req_o,
  output logic [SumRowWidth-1:0]               sum_source_row_o,
  input  logic                                 sum_source_gnt_i,
  input  logic [SumBits-1:0]                   sum_source_rdata_i,
  output logic                                 sum_element_req_o,
  output logic [SumRowWidth-1:0]               sum_element_row_o,
  input  logic                                 sum_element_gnt_i,
  input  logic [SumBits-1:0]                   sum_element_rdata_i,
  output logic                                 sum_result_req_o,
  output logic [SumRowWidth-1:0]               sum_result_row_o,
  output logic [Columns-1:0]                   sum_result_mask_o,
  output logic [SumBits-1:0]                   sum_result_wdata_o,
  input  logic                                 sum_result_gnt_i
);

  localparam int unsigned Levels = $clog2(VectorLanes);
  localparam int unsigned StageTree = StageResult + 1;            // first level
  localparam int unsigned StageRead = StageTree + Levels;         // of the old statistic
  localparam int unsigned StageWrite = StageRead + 1;             // of the new one
  localparam int unsigned WordBits = 32 * VectorLanes;

  // Issue.
  logic                             issue, pop, retires_reducing, retires_along, flight_reduces, flight_along, empty;
  item_t                            item;
  retire_t                          flight;
  logic [UnitCount-1:0]             waiting;
  logic [RowWidth-1:0]              source_row, element_row;
  logic [2:0][16*VectorLanes-1:0]   columns;
  logic                             read_slot;

  tw_vector_issue u_issue (
    .clk_i,
    .rst_ni,
    .cycle_i,
    .retired_i,
    .dispatch_valid_i,
    .dispatch_packet_i,
    .dispatch_ready_o,
    .source_req_o,
    .sum_source_req_o,
    .source_row_o     (source_row),
    .source_gnt_i     (source_gnt_i || sum_source_gnt_i),
    .element_req_o,
    .sum_element_req_o,
    .element_row_o    (element_row),
    .element_gnt_i    (element_gnt_i || sum_element_gnt_i),
    .columns_req_o,
    .columns_row_o,
    .columns_gnt_i,
    .columns_rdata_i,
    .read_slot_i      (read_slot),
    .columns_o        (columns),
    .issue_o          (issue),
    .item_o           (item),
    .flight_o         (flight),
    .reduces_o        (flight_reduces),
    .along_o          (flight_along),
    .pop_i            (pop),
    .retire_i         (retire_o.valid),
    .retire_reduces_i (retires_reducing),
    .retire_along_i   (retires_along),
    .waiting_o        (waiting),
    .empty_o          (empty)
  );

  assign source_row_o = source_row;
  assign element_row_o = element_row;
  assign sum_source_row_o = source_row[SumRowWidth-1:0];
  assign sum_element_row_o = element_row[SumRowWidth-1:0];

  // Items on their way, by stage.
  logic [StageWrite:StageSelect] valid_q;
  item_t                         item_q [StageSelect:StageWrite];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[StageWrite-1:StageSelect], issue};
  end

  always_ff @(posedge clk_i) begin
    if (issue) item_q[StageSelect] <= item;
    for (int unsigned stage = StageSelect; stage < StageWrite; stage++) begin
      if (valid_q[stage]) item_q[stage+1] <= item_q[stage];
    end
  end

  assign read_slot = item_q[StageConvert].slot;

  // Select: an operand is taken when its data comes, the cycle after its grant, and kept until its item follows.
  logic [1:0]                 row_q, sum_q;      // granted in the cycle before: source, element
  logic [1:0][PlaceWidth-1:0] place_q;
  vector_type_t [1:0] type_q;
  logic [1:0][WordBits-1:0]   operand_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_q <= '0;
      sum_q <= '0;
    end else begin
      row_q <= {element_gnt_i, source_gnt_i};
      sum_q <= {sum_element_gnt_i, sum_source_gnt_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (source_gnt_i || sum_source_gnt_i) begin
      place_q[0] <= item.source_place;
      type_q[0] <= item.source_type;
    end
    if (element_gnt_i || sum_element_gnt_i) begin
      place_q[1] <= item.element_place;
      type_q[1] <= item.element_type;
    end
  end

  // Lanes of 32 bits, each with its element in the lower ones.
  function automatic logic [WordBits-1:0] spread(logic [16*VectorLanes-1:0] bits, logic narrow);
    logic [WordBits-1:0] word;
    for (int unsigned lane = 0; lane < VectorLanes; lane++) begin
      word[32*lane+:32] = narrow ? {24'd0, bits[8*lane+:8]} : {16'd0, bits[16*lane+:16]};
    end
    return word;
  endfunction

  logic [1:0][RowBits-1:0] row_data;
  logic [1:0][SumBits-1:0] sum_data;
  assign row_data = {element_rdata_i, source_rdata_i};
  assign sum_data = {sum_element_rdata_i, sum_source_rdata_i};

  for (genvar i = 0; i < 2; i++) begin : gen_operand
    always_ff @(posedge clk_i) begin
      if (row_q[i]) begin
        operand_q[i] <= spread((16 * VectorLanes)'(row_data[i] >> {place_q[i], 3'd0}), type_q[i] == VectorTypeInt8);
      end
      if (sum_q[i]) operand_q[i] <= WordBits'(sum_data[i] >> {place_q[i], 5'd0});
    end
  end

  // Statistics. An item's words and row scalars are read in StageSelect; the scalars travel from StageMultiply0 on to the
  // stage that uses them.
  logic                     word_en, scalar_en, scalar_en_q, old_en;
  logic [1:0][WordBits-1:0] word;
  logic [2:0][31:0]         scalar;    // multiply0, add1, multiply1
  logic [1:0][31:0]         old;
  logic                     word_write;
  logic [1:0]               word_write_statistic, old_write;
  logic [15:0]              word_write_entry;
  logic [VectorLanes-1:0]   word_write_mask;
  logic [WordBits-1:0]      word_write_data;
  logic [1:0][31:0]         old_write_data;
  logic                     reduces_write;

  // The statistic that the fifth stage or the function reads.
  function automatic logic reads_statistic(logic [4:0] func, logic [1:0] operand, logic [1:0] multiply1);
    return multiply1 == Multiply1Statistic || function_reads(func, operand, FunctionOperandStatistic);
  endfunction

  // What an item reads of the statistics: words of its operands, scalars of its row, what its reduction combines with.
  function automatic logic reads_words(item_t of);
    return of.source_type == VectorTypeStatistics || of.element_type == VectorTypeStatistics;
  endfunction
  function automatic logic reads_scalars(item_t of);
    return of.multiply0 == Multiply0Statistic || of.add1 == Add1Statistic || of.add1 == Add1MinusStatistic ||
           reads_statistic(of.func, of.operand, of.multiply1);
  endfunction
  function automatic logic reads_old(item_t of);
    return of.reduce != ReduceNone && !of.overwrite;
  endfunction

  assign word_en = valid_q[StageSelect] && reads_words(item_q[StageSelect]);
  assign scalar_en = valid_q[StageSelect] && reads_scalars(item_q[StageSelect]);
  assign old_en = valid_q[StageRead] && reads_old(item_q[StageRead]);
  assign reduces_write = valid_q[StageWrite] && item_q[StageWrite].reduce != ReduceNone;

  tw_vector_statistics u_statistics (
    .clk_i,
    .word_en_i             (word_en),
    .word_entry_i          (item_q[StageSelect].along),
    .word_statistic_i      ({item_q[StageSelect].element_statistic, item_q[StageSelect].source_statistic}),
    .word_o                (word),
    .scalar_en_i           (scalar_en),
    .scalar_entry_i        (item_q[StageSelect].entry),
    .scalar_statistic_i    ({item_q[StageSelect].multiply1_statistic, item_q[StageSelect].add1_statistic,
                             item_q[StageSelect].multiply0_statistic}),
    .scalar_o              (scalar),
    .old_en_i              (old_en),
    .old_entry_i           (item_q[StageRead].entry),
    .old_statistic_i       (item_q[StageRead].reduce_statistic),
    .old_o                 (old),
    .write_word_i          (word_write),
    .write_word_entry_i    (word_write_entry),
    .write_word_statistic_i(word_write_statistic),
    .write_word_mask_i     (word_write_mask),
    .write_word_data_i     (word_write_data),
    .write_old_i           (old_write),
    .write_old_entry_i     (item_q[StageWrite].entry),
    .write_old_statistic_i (item_q[StageWrite].reduce_statistic),
    .write_old_data_i      (old_write_data)
  );

  logic [31:0] multiply0_scalar_q;
  logic [31:0] add1_scalar_q [StageMultiply0:StageAdd1];
  logic [31:0] multiply1_scalar_q [StageMultiply0:StageMultiply1];

  always_ff @(posedge clk_i) begin
    scalar_en_q <= scalar_en;
    if (scalar_en_q) begin
      multiply0_scalar_q <= scalar[0];
      add1_scalar_q[StageMultiply0] <= scalar[1];
      multiply1_scalar_q[StageMultiply0] <= scalar[2];
    end
    for (int unsigned stage = StageMultiply0; stage < StageAdd1; stage++) begin
      if (valid_q[stage] && item_q[stage].add1 != Add1None) add1_scalar_q[stage+1] <= add1_scalar_q[stage];
    end
    for (int unsigned stage = StageMultiply0; stage < StageMultiply1; stage++) begin
      if (valid_q[stage] &&
          reads_statistic(item_q[stage].func, item_q[stage].operand, item_q[stage].multiply1)) begin
        multiply1_scalar_q[stage+1] <= multiply1_scalar_q[stage];
      end
    end
  end

  // Lanes.
  lane_control_t control;

  always_comb begin
    for (int unsigned stage = StageConvert; stage <= StageResult; stage++) begin
      control.valid[stage] = valid_q[stage] && !item_q[stage].empty;
    end
    for (int unsigned stage = StageConvert; stage <= StageMultiply1; stage++) begin
      control.new_columns[stage] = control.valid[stage] && item_q[stage].new_columns;
      control.element[stage] = control.valid[stage] && item_q[stage].element_type != VectorTypeNone &&
                               (stage < StageAdd1 || item_q[stage].multiply1 == Multiply1Element ||
                                (stage < StageFunction && function_reads(item_q[stage].func, item_q[stage].operand,
                                                                         FunctionOperandElement)));
    end
    control.source_type = item_q[StageConvert].source_type;
    control.element_type = item_q[StageConvert].element_type;
    control.multiply0 = item_q[StageMultiply0].multiply0;
    control.multiply0_value = item_q[StageMultiply0].multiply0 == Multiply0Scalar ?
                              item_q[StageMultiply0].multiply0_scalar : multiply0_scalar_q;
    control.add0 = item_q[StageAdd0].add0;
    control.add0_value = item_q[StageAdd0].add0_scalar;
    control.add1 = item_q[StageAdd1].add1;
    control.add1_value = {add1_scalar_q[StageAdd1][31] ^ (item_q[StageAdd1].add1 == Add1MinusStatistic),
                          add1_scalar_q[StageAdd1][30:0]};
    for (int unsigned step = 0; step < FunctionStages; step++) begin
      control.func[step] = item_q[StageFunction+step].func;
    end
    control.operand = item_q[StageFunction].operand;
    control.function_scalar = flush_fp32(item_q[StageFunction].add0_scalar);
    control.function_statistic = multiply1_scalar_q[StageFunction];
    control.multiply1 = item_q[StageMultiply1].multiply1;
    control.multiply1_value = multiply1_scalar_q[StageMultiply1];
    control.add2 = item_q[StageAdd2].add2;
    control.destination_type = item_q[StageResult].destination_type;
    control.reduce = item_q[StageResult].reduce;
  end

  logic [1:0][WordBits-1:0]       operand;  // in StageConvert
  logic [VectorLanes-1:0][31:0]   destination, tree, square;

  for (genvar i = 0; i < 2; i++) begin : gen_convert
    assign operand[i] = (i == 0 ? item_q[StageConvert].source_type : item_q[StageConvert].element_type) ==
                        VectorTypeStatistics ? word[i] : operand_q[i];
  end

  for (genvar lane = 0; lane < VectorLanes; lane++) begin : gen_lane
    tw_vector_lane u_lane (
      .clk_i,
      .control_i    (control),
      .source_i     (operand[0][32*lane+:32]),
      .element_i    (operand[1][32*lane+:32]),
      .column0_i    (columns[0][16*lane+:16]),
      .column1_i    (columns[1][16*lane+:16]),
      .column2_i    (columns[2][16*lane+:16]),
      .inside_i     (PlaceWidth'(lane) < item_q[StageResult].lanes),
      .destination_o(destination[lane]),
      .tree_o       (tree[lane]),
      .square_o     (square[lane])
    );
  end

  // Reduction.
  logic [Levels+1:0]      reduce_valid;
  logic [Levels+1:0][1:0] reduce_kind;

  always_comb begin
    for (int unsigned level = 0; level <= Levels + 1; level++) begin
      reduce_kind[level] = item_q[StageTree+level].reduce;
      reduce_valid[level] = valid_q[StageTree+level] && item_q[StageTree+level].reduce != ReduceNone;
    end
  end

  tw_vector_reduce u_reduce (
    .clk_i,
    .tree_i     (tree),
    .square_i   (square),
    .valid_i    (reduce_valid),
    .reduce_i   (reduce_kind),
    .overwrite_i(item_q[StageWrite].overwrite),
    .old_i      (old),
    .write_o    (old_write),
    .data_o     (old_write_data)
  );

  // Results.
  tw_vector_result u_result (
    .clk_i,
    .rst_ni,
    .push_i          (valid_q[StageResult]),
    .item_i          (item_q[StageResult]),
    .data_i          (destination),
    .reduced_i       (reduces_write && item_q[StageWrite].last),
    .issue_last_i    (issue && item.last),
    .flight_i        (flight),
    .reduces_i       (flight_reduces),
    .along_i         (flight_along),
    .result_req_o,
    .result_row_o,
    .result_wdata_o,
    .result_wmask_o,
    .result_gnt_i,
    .sum_result_req_o,
    .sum_result_row_o,
    .sum_result_mask_o,
    .sum_result_wdata_o,
    .sum_result_gnt_i,
    .word_write_o    (word_write),
    .word_statistic_o(word_write_statistic),
    .word_entry_o    (word_write_entry),
    .word_mask_o     (word_write_mask),
    .word_data_o     (word_write_data),
    .pop_o           (pop),
    .retire_reduces_o(retires_reducing),
    .retire_along_o  (retires_along),
    .retire_o
  );

  // What an item does later is counted when it is issued.
  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = '0;
    if (issue && !item.empty) begin
      counts_o[CounterVectorItems] = CounterStepWidth'(1);
      counts_o[CounterVectorMultiplies] = CounterStepWidth'(item.multiply0 != Multiply0None) +
                                          CounterStepWidth'(item.multiply1 != Multiply1None);
      counts_o[CounterVectorAdds] = CounterStepWidth'(item.add0 != Add0None) + CounterStepWidth'(item.add1 != Add1None) +
                                    CounterStepWidth'(item.add2 != Add2None);
      counts_o[CounterVectorFunctions] = CounterStepWidth'(item.func != VectorFunctionIdentity);
      counts_o[CounterVectorReductions] = CounterStepWidth'(item.reduce != ReduceNone);
      counts_o[CounterStatisticsWordReads] = CounterStepWidth'(reads_words(item));
      counts_o[CounterStatisticsWordWrites] = CounterStepWidth'(item.destination_type == VectorTypeStatistics);
      counts_o[CounterStatisticsRowReads] = CounterStepWidth'(reads_scalars(item)) + CounterStepWidth'(reads_old(item));
      counts_o[CounterStatisticsRowWrites] = CounterStepWidth'(item.reduce != ReduceNone);
    end
  end

  // What the cycle was.
  always_comb begin
    if (issue || pop || source_gnt_i || sum_source_gnt_i || element_gnt_i || sum_element_gnt_i || columns_gnt_i) begin
      activity_o = ActivityBusy;
    end else if (empty) activity_o = ActivityEmpty;
    else if (waiting != '0) activity_o = wait_activity(waiting);
    else if (source_req_o || element_req_o || columns_req_o || result_req_o) activity_o = ActivityScratchpad;
    else if (sum_source_req_o || sum_element_req_o || sum_result_req_o) activity_o = ActivityAccumulator;
    else activity_o = ActivityLatency;
  end

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!(word_write && old_write != '0)) else $error("statistics: a word and a reduction written in one cycle");
    end
  end
`endif

  // Elaboration ends here outside of these ranges.
  if (!(VectorLanes >= 1 && (VectorLanes & (VectorLanes - 1)) == 0)) $fatal(1, "VectorLanes is a power of two");
  if (!(VectorLanes <= Rows && VectorLanes <= Columns)) $fatal(1, "VectorLanes is at most min(Rows, Columns)");
  if (!(StatisticsRows < 65536)) $fatal(1, "StatisticsRows is below 2^16");

endmodule
