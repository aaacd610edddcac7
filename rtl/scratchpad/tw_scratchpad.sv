// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scratchpad: ScratchpadBanks single-ported banks, each a contiguous range of ScratchpadRowsPerBank rows, between eight
// clients.
//
//   8 clients ─▶ find the bank ─▶ one tw_scratchpad_bank each: arbitrate, access ─▶ read data to the granted clients
//
// A client asks for one chip-wide row a cycle; clients of different banks are served together, those of one bank in turn
// (rule: head of tw_scratchpad_bank). Grants are combinational from the requests; read data comes in the next cycle and
// stays for that cycle. The client `weights` gets the WeightRows rows of the aligned group that holds its row. Writers
// give a byte mask. Ranges: any number of banks ≥ 1; rows of a bank a multiple of WeightRows.

module tw_scratchpad
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_counter_pkg::*;
(
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               clear_i,  // the arbiters begin anew; without a request
  input  logic                               load_req_i,
  input  logic [RowWidth-1:0]                load_row_i,
  output logic                               load_gnt_o,
  input  logic [RowBits-1:0]                 load_wdata_i,
  input  logic [RowBytes-1:0]                load_wmask_i,
  input  logic                               store_req_i,
  input  logic [RowWidth-1:0]                store_row_i,
  output logic                               store_gnt_o,
  output logic [RowBits-1:0]                 store_rdata_o,
  input  logic                               activations_req_i,
  input  logic [RowWidth-1:0]                activations_row_i,
  output logic                               activations_gnt_o,
  output logic [RowBits-1:0]                 activations_rdata_o,
  input  logic                               weights_req_i,
  input  logic [RowWidth-1:0]                weights_row_i,
  output logic                               weights_gnt_o,
  output logic [WeightRows-1:0][RowBits-1:0] weights_rdata_o,
  input  logic                               source_req_i,
  input  logic [RowWidth-1:0]                source_row_i,
  output logic                               source_gnt_o,
  output logic [RowBits-1:0]                 source_rdata_o,
  input  logic                               element_req_i,
  input  logic [RowWidth-1:0]                element_row_i,
  output logic                               element_gnt_o,
  output logic [RowBits-1:0]                 element_rdata_o,
  input  logic                               columns_req_i,
  input  logic [RowWidth-1:0]                columns_row_i,
  output logic                               columns_gnt_o,
  output logic [RowBits-1:0]                 columns_rdata_o,
  input  logic                               result_req_i,
  input  logic [RowWidth-1:0]                result_row_i,
  output logic                               result_gnt_o,
  input  logic [RowBits-1:0]                 result_wdata_i,
  input  logic [RowBytes-1:0]                result_wmask_i,
  output counts_t                            counts_o
);

  localparam int unsigned Clients = 8;
  localparam int unsigned RowShift = $clog2(ScratchpadRowsPerBank);
  localparam int unsigned BankWidth = ScratchpadBanks > 1 ? $clog2(ScratchpadBanks) : 1;
  localparam int unsigned SubWidth = WeightRows > 1 ? $clog2(WeightRows) : 1;

  logic [Clients-1:0]  req;
  logic [RowWidth-1:0] row [Clients];
  assign req = {result_req_i, columns_req_i, element_req_i, source_req_i, weights_req_i, activations_req_i, store_req_i, load_req_i};
  assign row[0] = load_row_i;
  assign row[1] = store_row_i;
  assign row[2] = activations_row_i;
  assign row[3] = weights_row_i;
  assign row[4] = source_row_i;
  assign row[5] = element_row_i;
  assign row[6] = columns_row_i;
  assign row[7] = result_row_i;

  logic [RowBits-1:0] load_mask, result_mask;
  always_comb begin
    for (int unsigned i = 0; i < RowBytes; i++) begin
      load_mask[8*i+:8]   = {8{load_wmask_i[i]}};
      result_mask[8*i+:8] = {8{result_wmask_i[i]}};
    end
  end

  logic [Clients-1:0] bank_gnt [ScratchpadBanks];
  logic [Clients-1:0] gnt;
  logic [RowBits-1:0] bank_data [ScratchpadBanks][WeightRows];

  for (genvar b = 0; b < ScratchpadBanks; b++) begin : gen_bank
    logic [Clients-1:0]  bank_req;
    logic [RowShift-1:0] bank_row;
    always_comb begin
      bank_row = '0;
      for (int unsigned c = 0; c < Clients; c++) begin
        bank_req[c] = req[c] && (b == 0 || row[c] >= RowWidth'(b * ScratchpadRowsPerBank)) &&
                      (RowWidth + 1)'(row[c]) < (RowWidth + 1)'((b + 1) * ScratchpadRowsPerBank);
        if (bank_gnt[b][c]) bank_row = bank_row | RowShift'(row[c] - RowWidth'(b * ScratchpadRowsPerBank));
      end
    end
    tw_scratchpad_bank #(
      .BankRows(ScratchpadRowsPerBank)
    ) u_bank (
      .clk_i,
      .rst_ni,
      .clear_i,
      .req_i(bank_req),
      .gnt_o(bank_gnt[b]),
      .row_i(bank_row),
      .write_i(bank_gnt[b][0] || bank_gnt[b][7]),
      .wdata_i(bank_gnt[b][0] ? load_wdata_i : result_wdata_i),
      .mask_i(bank_gnt[b][0] ? load_mask : result_mask),
      .rdata_o(bank_data[b])
    );
  end

  // Where each reader's data will be.
  logic [BankWidth-1:0] bank_q [Clients];
  logic [SubWidth-1:0]  sub_q [Clients];
  for (genvar c = 0; c < Clients; c++) begin : gen_client
    logic [BankWidth-1:0] bank;
    always_comb begin
      gnt[c] = 1'b0;
      bank   = '0;
      for (int unsigned b = 0; b < ScratchpadBanks; b++) begin
        gnt[c] = gnt[c] | bank_gnt[b][c];
        if (bank_gnt[b][c]) bank = BankWidth'(b);
      end
    end
    always_ff @(posedge clk_i) begin
      if (gnt[c]) begin
        bank_q[c] <= bank;
        sub_q[c]  <= WeightRows > 1 ? SubWidth'(row[c]) : '0;
      end
    end
  end

  assign {result_gnt_o, columns_gnt_o, element_gnt_o, source_gnt_o, weights_gnt_o, activations_gnt_o, store_gnt_o, load_gnt_o} = gnt;

  // The counters have the order of the clients.
  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = '0;
    for (int unsigned c = 0; c < Clients; c++) counts_o[CounterScratchpadLoad+c] = CounterStepWidth'(gnt[c]);
  end

  assign store_rdata_o = bank_data[bank_q[1]][sub_q[1]];
  assign activations_rdata_o = bank_data[bank_q[2]][sub_q[2]];
  for (genvar r = 0; r < WeightRows; r++) begin : gen_weights
    assign weights_rdata_o[r] = bank_data[bank_q[3]][r];
  end
  assign source_rdata_o = bank_data[bank_q[4]][sub_q[4]];
  assign element_rdata_o = bank_data[bank_q[5]][sub_q[5]];
  assign columns_rdata_o = bank_data[bank_q[6]][sub_q[6]];

  logic unused;
  assign unused = (^sub_q[0]) ^ (^bank_q[0]) ^ (^sub_q[3]) ^ (^sub_q[7]) ^ (^bank_q[7]);

  // Elaboration ends here outside of these ranges.
  if (!(ScratchpadRowsPerBank % WeightRows == 0)) $fatal(1, "rows of a bank must be a multiple of WeightRows");

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < Clients; c++) begin
      if (rst_ni && req[c]) begin
        assert (32'(row[c]) < ScratchpadBanks * ScratchpadRowsPerBank) else $error("row outside of the scratchpad");
      end
    end
  end
`endif

endmodule
