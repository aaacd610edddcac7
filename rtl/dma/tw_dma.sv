// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data movement: load DMA, store DMA, and the arbiter of each memory port between them and instruction fetch.
//
// Consecutive granules of DmaInterleaveBytes lie in consecutive ports. The load has one request a cycle, to one port; fetch
// asks for lines of FetchLineBytes and is offered to another port only when no line is under way, so that its beats come
// in order; a granted line shows as under way from the next cycle on, and is done in the cycle after its last beat. Fetch
// beats are handed on as they arrive. Byte counts are those of requests granted in the cycle.

module tw_dma
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_counter_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 clear_i,  // the arbiters begin anew; with nothing under way
  input  logic [63:0]                          cycle_i,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,
  input  logic                                 load_dispatch_valid_i,
  input  dma_packet_t                          load_dispatch_packet_i,
  output logic                                 load_dispatch_ready_o,
  output retire_t                              load_retire_o,
  output activity_e                            load_activity_o,
  input  logic                                 store_dispatch_valid_i,
  input  dma_packet_t                          store_dispatch_packet_i,
  output logic                                 store_dispatch_ready_o,
  output retire_t                              store_retire_o,
  output activity_e                            store_activity_o,
  // Instruction fetch.
  input  logic                                 fetch_req_i,
  input  logic [DramAddressWidth-1:0]          fetch_address_i,
  output logic                                 fetch_gnt_o,
  output logic                                 fetch_valid_o,
  output logic [8*AxiDataBytes-1:0]            fetch_data_o,
  // Scratchpad clients 0 and 1.
  output logic                                 load_req_o,
  output logic [RowWidth-1:0]                  load_row_o,
  output logic [RowBits-1:0]                   load_wdata_o,
  output logic [RowBytes-1:0]                  load_wmask_o,
  input  logic                                 load_gnt_i,
  output logic                                 store_req_o,
  output logic [RowWidth-1:0]                  store_row_o,
  input  logic                                 store_gnt_i,
  input  logic [RowBits-1:0]                   store_rdata_i,
  // Counters and sticky status.
  output counts_t                              counts_o,
  output logic                                 gather_index_error_o,
  output logic                                 bus_error_o,
  output logic                                 memory_idle_o,  // no line is asked for or under way
  // Memory pins.
  output logic [AxiPorts-1:0]                  ar_valid_o,
  output burst_t [AxiPorts-1:0]                ar_burst_o,
  output logic [AxiPorts-1:0][1:0]             ar_client_o,
  input  logic [AxiPorts-1:0]                  ar_ready_i,
  input  logic [AxiPorts-1:0]                  r_valid_i,
  input  logic [AxiPorts-1:0][8*AxiDataBytes-1:0] r_data_i,
  input  logic [AxiPorts-1:0][1:0]             r_client_i,
  input  logic [AxiPorts-1:0]                  r_last_i,
  input  logic [AxiPorts-1:0]                  r_error_i,
  output logic [AxiPorts-1:0]                  aw_valid_o,
  output burst_t [AxiPorts-1:0]                aw_burst_o,
  input  logic [AxiPorts-1:0]                  aw_ready_i,
  output logic [AxiPorts-1:0]                  w_valid_o,
  output logic [AxiPorts-1:0][8*AxiDataBytes-1:0] w_data_o,
  output logic [AxiPorts-1:0][AxiDataBytes-1:0] w_strobe_o,
  output logic [AxiPorts-1:0]                  w_last_o,
  input  logic [AxiPorts-1:0]                  w_ready_i,
  input  logic [AxiPorts-1:0]                  b_valid_i,
  input  logic [AxiPorts-1:0]                  b_error_i
);

  localparam int unsigned FetchLineBytes = 128;

  logic [AxiPorts-1:0]                       load_burst_req, load_burst_gnt, beat_valid, fetch_beat;
  burst_t                                    load_burst, fetch_burst;
  logic [AxiPorts-1:0]                       store_burst_ready, store_burst_req, store_burst_gnt;
  burst_t [AxiPorts-1:0]                     store_burst;
  logic [AxiPorts-1:0]                       fetch_port_req, fetch_port_gnt;

  tw_load_dma u_load (
    .clk_i,
    .rst_ni,
    .dispatch_valid_i(load_dispatch_valid_i),
    .dispatch_packet_i(load_dispatch_packet_i),
    .dispatch_ready_o(load_dispatch_ready_o),
    .retired_i,
    .cycle_i,
    .retire_o(load_retire_o),
    .activity_o(load_activity_o),
    .burst_req_o(load_burst_req),
    .burst_o(load_burst),
    .burst_gnt_i(load_burst_gnt),
    .beat_valid_i(beat_valid),
    .beat_last_i(r_last_i),
    .beat_error_i(r_error_i),
    .beat_data_i(r_data_i),
    .req_o(load_req_o),
    .row_o(load_row_o),
    .wdata_o(load_wdata_o),
    .wmask_o(load_wmask_o),
    .gnt_i(load_gnt_i),
    .gather_error_o(gather_index_error_o)
  );

  tw_store_dma u_store (
    .clk_i,
    .rst_ni,
    .dispatch_valid_i(store_dispatch_valid_i),
    .dispatch_packet_i(store_dispatch_packet_i),
    .dispatch_ready_o(store_dispatch_ready_o),
    .retired_i,
    .cycle_i,
    .retire_o(store_retire_o),
    .activity_o(store_activity_o),
    .req_o(store_req_o),
    .row_o(store_row_o),
    .gnt_i(store_gnt_i),
    .rdata_i(store_rdata_i),
    .burst_ready_o(store_burst_ready),
    .burst_req_o(store_burst_req),
    .burst_o(store_burst),
    .burst_gnt_i(store_burst_gnt),
    .w_valid_o,
    .w_data_o,
    .w_strobe_o,
    .w_last_o,
    .w_ready_i,
    .b_valid_i
  );

  // Fetch.
  localparam int unsigned LinesWidth = 8;
  logic [LinesWidth-1:0] lines_q;  // under way
  logic [PortWidth-1:0]  fetch_port, fetch_port_q;
  logic                  fetch_last;
  assign fetch_burst   = burst_between(fetch_address_i, fetch_address_i + DramAddressWidth'(FetchLineBytes) - 1'b1);
  assign fetch_port    = port_of(fetch_address_i);
  assign fetch_gnt_o   = |fetch_port_gnt;
  assign fetch_valid_o = |fetch_beat;
  assign fetch_data_o  = r_data_i[fetch_port_q];
  assign fetch_last    = |(fetch_beat & r_last_i);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lines_q      <= '0;
      fetch_port_q <= '0;
    end else begin
      if (fetch_gnt_o) fetch_port_q <= fetch_port;
      if (fetch_gnt_o != fetch_last) lines_q <= fetch_gnt_o ? lines_q + 1'b1 : lines_q - 1'b1;
    end
  end

  for (genvar p = 0; p < AxiPorts; p++) begin : gen_port
    assign beat_valid[p]     = r_valid_i[p] && r_client_i[p] == ClientLoad;
    assign fetch_beat[p]     = r_valid_i[p] && r_client_i[p] == ClientFetch;
    assign fetch_port_req[p] = fetch_req_i && fetch_port == PortWidth'(p) &&
                               (lines_q == '0 || fetch_port_q == PortWidth'(p));
    tw_axi_arbiter u_arbiter (
      .clk_i,
      .rst_ni,
      .clear_i,
      .fetch_req_i(fetch_port_req[p]),
      .fetch_burst_i(fetch_burst),
      .fetch_gnt_o(fetch_port_gnt[p]),
      .load_req_i(load_burst_req[p]),
      .load_burst_i(load_burst),
      .load_gnt_o(load_burst_gnt[p]),
      .store_ready_i(store_burst_ready[p]),
      .store_req_i(store_burst_req[p]),
      .store_burst_i(store_burst[p]),
      .store_gnt_o(store_burst_gnt[p]),
      .ar_valid_o(ar_valid_o[p]),
      .ar_burst_o(ar_burst_o[p]),
      .ar_client_o(ar_client_o[p]),
      .ar_ready_i(ar_ready_i[p]),
      .aw_valid_o(aw_valid_o[p]),
      .aw_burst_o(aw_burst_o[p]),
      .aw_ready_i(aw_ready_i[p])
    );
  end

  assign memory_idle_o = lines_q == '0 && !fetch_req_i;
  assign bus_error_o   = |(r_valid_i & r_error_i) || |(b_valid_i & b_error_i);
  logic [CounterStepWidth-1:0] store_bytes;
  always_comb begin
    store_bytes = '0;
    for (int unsigned p = 0; p < AxiPorts; p++) begin
      if (store_burst_gnt[p]) store_bytes = store_bytes + (CounterStepWidth'(store_burst[p].beats) << BeatShift);
    end
  end
  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) counts_o[c] = '0;
    if (fetch_gnt_o) counts_o[CounterFetchBytes] = CounterStepWidth'(FetchLineBytes);
    if (|load_burst_gnt) counts_o[CounterLoadBytes] = CounterStepWidth'(load_burst.beats) << BeatShift;
    counts_o[CounterStoreBytes] = store_bytes;
  end

  // Elaboration ends here outside of these ranges.
  if (!(FetchLineBytes % AxiDataBytes == 0 && DmaInterleaveBytes >= FetchLineBytes))
    $fatal(1, "a line must be whole beats and lie in one port");

endmodule
