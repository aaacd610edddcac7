// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accumulator: AccumulatorBanks × AccumulatorRowsPerBank rows of Columns lanes of 32 bits. Banks are contiguous ranges
// of rows; each has one read and one write port.
//
//   array read ────────┐                          array write ──┐
//   vector source ─────┼─▶ read port of a bank                   ├─▶ write port of a bank
//   vector element ────┘                          vector result ─┘
//
// Timing contract (sim/systemc/Accumulator.h is the same in C++): on each port of each bank the array wins over the vector
// unit, and the vector unit's source over its element. Grants are combinational from the requests of the cycle and keep
// no history. Read data stands in the cycle after the grant, for that cycle; a write granted in t is seen by reads granted
// from t + 1 on. Reset clears nothing.
//
// Ranges: AccumulatorBanks and AccumulatorRowsPerBank ≥ 1, their product ≤ 2^SumRowWidth. Rows outside the accumulator are
// errors of the user.

module tw_accumulator
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_counter_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   sums_read_req_i,
  input  logic [SumRowWidth-1:0] sums_read_row_i,
  output logic [SumBits-1:0]     sums_read_data_o,
  input  logic                   sums_write_req_i,
  input  logic [SumRowWidth-1:0] sums_write_row_i,
  input  logic [Columns-1:0]     sums_write_mask_i,
  input  logic [SumBits-1:0]     sums_write_data_i,
  input  logic                   sum_source_req_i,
  input  logic [SumRowWidth-1:0] sum_source_row_i,
  output logic                   sum_source_gnt_o,
  output logic [SumBits-1:0]     sum_source_rdata_o,
  input  logic                   sum_element_req_i,
  input  logic [SumRowWidth-1:0] sum_element_row_i,
  output logic                   sum_element_gnt_o,
  output logic [SumBits-1:0]     sum_element_rdata_o,
  input  logic                   sum_result_req_i,
  input  logic [SumRowWidth-1:0] sum_result_row_i,
  input  logic [Columns-1:0]     sum_result_mask_i,
  input  logic [SumBits-1:0]     sum_result_wdata_i,
  output logic                   sum_result_gnt_o,
  output counts_t                counts_o
);

  localparam int unsigned BankWidth = AccumulatorBanks > 1 ? $clog2(AccumulatorBanks) : 1;
  localparam int unsigned AddressWidth = AccumulatorRowsPerBank > 1 ? $clog2(AccumulatorRowsPerBank) : 1;

  typedef struct packed {
    logic [BankWidth-1:0]    bank;
    logic [AddressWidth-1:0] row;
  } place_t;

  // Banks need not be powers of two, neither in number nor in size.
  function automatic place_t place(logic [SumRowWidth-1:0] row);
    place_t at;
    at.bank = BankWidth'(32'(row) / AccumulatorRowsPerBank);
    at.row = AddressWidth'(32'(row) % AccumulatorRowsPerBank);
    return at;
  endfunction

  place_t read_at, write_at, source_at, element_at, result_at;
  assign read_at = place(sums_read_row_i);
  assign write_at = place(sums_write_row_i);
  assign source_at = place(sum_source_row_i);
  assign element_at = place(sum_element_row_i);
  assign result_at = place(sum_result_row_i);

  assign sum_source_gnt_o = sum_source_req_i && !(sums_read_req_i && read_at.bank == source_at.bank);
  assign sum_element_gnt_o = sum_element_req_i && !(sums_read_req_i && read_at.bank == element_at.bank)
                             && !(sum_source_req_i && source_at.bank == element_at.bank);
  assign sum_result_gnt_o = sum_result_req_i && !(sums_write_req_i && write_at.bank == result_at.bank);

  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = '0;
    counts_o[CounterAccumulatorSumsRead] = CounterStepWidth'(sums_read_req_i);
    counts_o[CounterAccumulatorSumsWrite] = CounterStepWidth'(sums_write_req_i);
    counts_o[CounterAccumulatorSource] = CounterStepWidth'(sum_source_gnt_o);
    counts_o[CounterAccumulatorElement] = CounterStepWidth'(sum_element_gnt_o);
    counts_o[CounterAccumulatorResult] = CounterStepWidth'(sum_result_gnt_o);
  end

  logic [SumBits-1:0] data [AccumulatorBanks];

  for (genvar b = 0; b < AccumulatorBanks; b++) begin : gen_bank
    logic array_reads, source_reads, element_reads, array_writes, result_writes;
    assign array_reads = sums_read_req_i && read_at.bank == BankWidth'(b);
    assign source_reads = sum_source_gnt_o && source_at.bank == BankWidth'(b);
    assign element_reads = sum_element_gnt_o && element_at.bank == BankWidth'(b);
    assign array_writes = sums_write_req_i && write_at.bank == BankWidth'(b);
    assign result_writes = sum_result_gnt_o && result_at.bank == BankWidth'(b);

    tw_accumulator_bank #(.Depth(AccumulatorRowsPerBank)) u_bank (
      .clk_i,
      .read_i(array_reads || source_reads || element_reads),
      .read_row_i(array_reads ? read_at.row : source_reads ? source_at.row : element_at.row),
      .read_data_o(data[b]),
      .write_i(array_writes || result_writes),
      .write_row_i(array_writes ? write_at.row : result_at.row),
      .write_mask_i(array_writes ? sums_write_mask_i : sum_result_mask_i),
      .write_data_i(array_writes ? sums_write_data_i : sum_result_wdata_i)
    );
  end

  logic [BankWidth-1:0] read_bank_q, source_bank_q, element_bank_q;

  always_ff @(posedge clk_i) begin
    if (sums_read_req_i) read_bank_q <= read_at.bank;
    if (sum_source_gnt_o) source_bank_q <= source_at.bank;
    if (sum_element_gnt_o) element_bank_q <= element_at.bank;
  end

  assign sums_read_data_o = data[read_bank_q];
  assign sum_source_rdata_o = data[source_bank_q];
  assign sum_element_rdata_o = data[element_bank_q];

  // Elaboration ends here outside of these ranges.
  if (!(AccumulatorBanks >= 1 && AccumulatorRowsPerBank >= 1)) $fatal(1, "the accumulator has no rows");
  if (!(AccumulatorBanks * AccumulatorRowsPerBank <= 2 ** SumRowWidth)) $fatal(1, "too many accumulator rows");

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!sums_read_req_i || 32'(sums_read_row_i) < AccumulatorBanks * AccumulatorRowsPerBank)
        else $error("sums read outside of the accumulator");
      assert (!sums_write_req_i || 32'(sums_write_row_i) < AccumulatorBanks * AccumulatorRowsPerBank)
        else $error("sums written outside of the accumulator");
    end
  end
`else
  logic unused;
  assign unused = rst_ni;
`endif

endmodule
