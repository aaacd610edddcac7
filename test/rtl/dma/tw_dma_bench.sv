// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The DMA and the scratchpad as the bench drives them: packets from single fields, pins in whole bytes a port, the other
// six scratchpad clients as plain requests.

module tw_dma_bench
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_counter_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [63:0] cycle_i,
  // The packet offered to both units.
  input  logic null_op_i,
  input  logic gather_i,
  input  logic [31:0] pc_i,
  input  logic [15:0] context_id_i,
  input  logic [3:0] wait_valid_i,
  input  logic [31:0] wait_load_i,
  input  logic [31:0] wait_store_i,
  input  logic [63:0] dram_address_i,
  input  logic [63:0] dram_stride_i,
  input  logic [63:0] dram_outer_stride_i,
  input  logic [63:0] index_address_i,
  input  logic [31:0] bound_i,
  input  logic [31:0] tile_row_i,
  input  logic [31:0] tile_stride_i,
  input  logic [31:0] tile_block_stride_i,
  input  logic [15:0] tile_first_i,
  input  logic [31:0] tile_outer_stride_i,
  input  logic [31:0] outer_i,
  input  logic [31:0] rows_i,
  input  logic [31:0] row_bytes_i,
  input  logic load_dispatch_valid_i,
  output logic load_dispatch_ready_o,
  output logic load_retire_valid_o,
  output logic [31:0] load_retire_pc_o,
  output logic [15:0] load_retire_context_o,
  output logic [63:0] load_retire_start_o,
  output logic [63:0] load_retire_bytes_o,
  output logic [7:0] load_activity_o,
  output logic load_row_req_o,
  output logic load_row_gnt_o,
  input  logic store_dispatch_valid_i,
  output logic store_dispatch_ready_o,
  output logic store_retire_valid_o,
  output logic [31:0] store_retire_pc_o,
  output logic [15:0] store_retire_context_o,
  output logic [63:0] store_retire_start_o,
  output logic [63:0] store_retire_bytes_o,
  output logic [7:0] store_activity_o,
  output logic store_row_req_o,
  output logic store_row_gnt_o,
  output counts_t counts_o,
  output logic gather_index_error_o,
  output logic bus_error_o,
  input  logic fetch_req_i,
  input  logic [63:0] fetch_address_i,
  output logic fetch_gnt_o,
  output logic fetch_valid_o,
  output logic [8*AxiDataBytes-1:0] fetch_data_o,
  // Scratchpad clients 2 to 7.
  input  logic [5:0] others_req_i,
  input  logic [5:0][31:0] others_row_i,
  output logic [5:0] others_gnt_o,
  // Pins.
  output logic [AxiPorts-1:0] ar_valid_o,
  output logic [AxiPorts-1:0][63:0] ar_address_o,
  output logic [AxiPorts-1:0][15:0] ar_beats_o,
  output logic [AxiPorts-1:0][31:0] ar_user_o,
  output logic [AxiPorts-1:0][7:0] ar_client_o,
  input  logic [AxiPorts-1:0] ar_ready_i,
  input  logic [AxiPorts-1:0] aw_ready_i,
  input  logic [AxiPorts-1:0] w_ready_i,
  input  logic [AxiPorts-1:0] r_valid_i,
  input  logic [AxiPorts-1:0][8*AxiDataBytes-1:0] r_data_i,
  input  logic [AxiPorts-1:0][7:0] r_client_i,
  input  logic [AxiPorts-1:0] r_last_i,
  input  logic [AxiPorts-1:0] r_error_i,
  output logic [AxiPorts-1:0] aw_valid_o,
  output logic [AxiPorts-1:0][63:0] aw_address_o,
  output logic [AxiPorts-1:0][15:0] aw_beats_o,
  output logic [AxiPorts-1:0][31:0] aw_user_o,
  output logic [AxiPorts-1:0] w_valid_o,
  output logic [AxiPorts-1:0][8*AxiDataBytes-1:0] w_data_o,
  output logic [AxiPorts-1:0][AxiDataBytes-1:0] w_strobe_o,
  output logic [AxiPorts-1:0] w_last_o,
  input  logic [AxiPorts-1:0] b_valid_i,
  input  logic [AxiPorts-1:0] b_error_i
);

  dma_packet_t packet;
  always_comb begin
    packet                       = '0;
    packet.header.null_op        = null_op_i;
    packet.header.pc             = PcWidth'(pc_i);
    packet.header.context_id     = context_id_i;
    packet.header.waits[UnitLoad]  = '{valid: wait_valid_i[0], count: wait_load_i};
    packet.header.waits[UnitStore] = '{valid: wait_valid_i[1], count: wait_store_i};
    packet.gather                = gather_i;
    packet.dram_address          = DramAddressWidth'(dram_address_i);
    packet.dram_stride           = DramAddressWidth'(dram_stride_i);
    packet.dram_outer_stride     = DramAddressWidth'(dram_outer_stride_i);
    packet.index_address         = DramAddressWidth'(index_address_i);
    packet.bound                 = ExtentWidth'(bound_i);
    packet.tile.row              = RowWidth'(tile_row_i);
    packet.tile.stride           = RowWidth'(tile_stride_i);
    packet.tile.block_stride     = RowWidth'(tile_block_stride_i);
    packet.tile.first            = 9'(tile_first_i);
    packet.tile_outer_stride     = RowWidth'(tile_outer_stride_i);
    packet.outer                 = ExtentWidth'(outer_i);
    packet.rows                  = ExtentWidth'(rows_i);
    packet.row_bytes             = BytesWidth'(row_bytes_i);
  end

  logic [UnitCount-1:0][CountWidth-1:0] retired_q;
  retire_t                              load_retire, store_retire;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      retired_q <= '0;
    end else begin
      if (load_retire.valid) retired_q[UnitLoad] <= retired_q[UnitLoad] + 1'b1;
      if (store_retire.valid) retired_q[UnitStore] <= retired_q[UnitStore] + 1'b1;
    end
  end
  assign load_retire_valid_o    = load_retire.valid;
  assign load_retire_pc_o       = 32'(load_retire.pc);
  assign load_retire_context_o  = load_retire.context_id;
  assign load_retire_start_o    = load_retire.start;
  assign load_retire_bytes_o    = load_retire.bytes;
  assign store_retire_valid_o   = store_retire.valid;
  assign store_retire_pc_o      = 32'(store_retire.pc);
  assign store_retire_context_o = store_retire.context_id;
  assign store_retire_start_o   = store_retire.start;
  assign store_retire_bytes_o   = store_retire.bytes;

  logic                load_req, load_gnt, store_req, store_gnt;
  logic [RowWidth-1:0] load_row, store_row;
  logic [RowBits-1:0]  load_wdata, store_rdata;
  logic [RowBytes-1:0] load_wmask;
  activity_e           load_activity, store_activity;
  burst_t [AxiPorts-1:0]                     ar_burst, aw_burst;
  logic [AxiPorts-1:0][1:0]                  ar_client, r_client;
  assign load_row_req_o   = load_req;
  assign load_row_gnt_o   = load_gnt;
  assign store_row_req_o  = store_req;
  assign store_row_gnt_o  = store_gnt;
  assign load_activity_o  = 8'(load_activity);
  assign store_activity_o = 8'(store_activity);
  for (genvar p = 0; p < AxiPorts; p++) begin : gen_port
    assign ar_address_o[p] = 64'(ar_burst[p].address);
    assign ar_beats_o[p]   = 16'(ar_burst[p].beats);
    assign ar_user_o[p]    = {16'(ar_burst[p].last), 16'(ar_burst[p].first)};
    assign ar_client_o[p]  = 8'(ar_client[p]);
    assign aw_address_o[p] = 64'(aw_burst[p].address);
    assign aw_beats_o[p]   = 16'(aw_burst[p].beats);
    assign aw_user_o[p]    = {16'(aw_burst[p].last), 16'(aw_burst[p].first)};
    assign r_client[p]     = r_client_i[p][1:0];
  end

  counts_t dma_counts, scratchpad_counts;
  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = dma_counts[c] | scratchpad_counts[c];
  end

  tw_dma u_dma (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .cycle_i,
    .retired_i(retired_q),
    .load_dispatch_valid_i,
    .load_dispatch_packet_i(packet),
    .load_dispatch_ready_o,
    .load_retire_o(load_retire),
    .load_activity_o(load_activity),
    .store_dispatch_valid_i,
    .store_dispatch_packet_i(packet),
    .store_dispatch_ready_o,
    .store_retire_o(store_retire),
    .store_activity_o(store_activity),
    .fetch_req_i,
    .fetch_address_i(DramAddressWidth'(fetch_address_i)),
    .fetch_gnt_o,
    .fetch_valid_o,
    .fetch_data_o,
    .load_req_o(load_req),
    .load_row_o(load_row),
    .load_wdata_o(load_wdata),
    .load_wmask_o(load_wmask),
    .load_gnt_i(load_gnt),
    .store_req_o(store_req),
    .store_row_o(store_row),
    .store_gnt_i(store_gnt),
    .store_rdata_i(store_rdata),
    .counts_o(dma_counts),
    .gather_index_error_o,
    .bus_error_o,
    .memory_idle_o(),
    .ar_valid_o,
    .ar_burst_o(ar_burst),
    .ar_client_o(ar_client),
    .ar_ready_i,
    .r_valid_i,
    .r_data_i,
    .r_client_i(r_client),
    .r_last_i,
    .r_error_i,
    .aw_valid_o,
    .aw_burst_o(aw_burst),
    .aw_ready_i,
    .w_valid_o,
    .w_data_o,
    .w_strobe_o,
    .w_last_o,
    .w_ready_i,
    .b_valid_i,
    .b_error_i
  );

  tw_scratchpad u_scratchpad (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .load_req_i(load_req),
    .load_row_i(load_row),
    .load_gnt_o(load_gnt),
    .load_wdata_i(load_wdata),
    .load_wmask_i(load_wmask),
    .store_req_i(store_req),
    .store_row_i(store_row),
    .store_gnt_o(store_gnt),
    .store_rdata_o(store_rdata),
    .activations_req_i(others_req_i[0]),
    .activations_row_i(others_row_i[0][RowWidth-1:0]),
    .activations_gnt_o(others_gnt_o[0]),
    .activations_rdata_o(),
    .weights_req_i(others_req_i[1]),
    .weights_row_i(others_row_i[1][RowWidth-1:0]),
    .weights_gnt_o(others_gnt_o[1]),
    .weights_rdata_o(),
    .source_req_i(others_req_i[2]),
    .source_row_i(others_row_i[2][RowWidth-1:0]),
    .source_gnt_o(others_gnt_o[2]),
    .source_rdata_o(),
    .element_req_i(others_req_i[3]),
    .element_row_i(others_row_i[3][RowWidth-1:0]),
    .element_gnt_o(others_gnt_o[3]),
    .element_rdata_o(),
    .columns_req_i(others_req_i[4]),
    .columns_row_i(others_row_i[4][RowWidth-1:0]),
    .columns_gnt_o(others_gnt_o[4]),
    .columns_rdata_o(),
    .result_req_i(others_req_i[5]),
    .result_row_i(others_row_i[5][RowWidth-1:0]),
    .result_gnt_o(others_gnt_o[5]),
    .result_wdata_i('0),
    .result_wmask_i('0),
    .counts_o(scratchpad_counts)
  );

endmodule
