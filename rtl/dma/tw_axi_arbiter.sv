// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arbiter of one memory port: at most one request a cycle, read or write, among instruction fetch, load and store.
//
// The port has a direction. It turns when the other direction has a request ready and its own either has none or has had
// at least DmaWriteBatchBytes since it turned last; a store burst whose data is complete counts as ready also while the
// data of the burst before it is still going out. So ready store bursts are served in a row before the bus turns, and
// nothing waits to fill a batch. In the direction of reads fetch goes before load. Without requests nothing changes; after
// reset and after clear_i, which comes with nothing under way, the direction is reads, with an empty batch. A turn takes no
// cycle: the first request of the new direction may be granted in the cycle of the turn.
//
// A request granted in cycle t is on the pins from t + 1 on, until the memory takes it; no further request of its kind is
// granted before that cycle.

module tw_axi_arbiter
  import tw_unit_pkg::*;
  import tw_config_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,
  input  logic                        fetch_req_i,
  input  burst_t                      fetch_burst_i,
  output logic                        fetch_gnt_o,
  input  logic                        load_req_i,
  input  burst_t                      load_burst_i,
  output logic                        load_gnt_o,
  input  logic                        store_ready_i,  // a burst's data is complete
  input  logic                        store_req_i,    // and the data channel is free
  input  burst_t                      store_burst_i,
  output logic                        store_gnt_o,
  output logic                        ar_valid_o,
  output burst_t                      ar_burst_o,
  output logic [1:0]                  ar_client_o,
  input  logic                        ar_ready_i,
  output logic                        aw_valid_o,
  output burst_t                      aw_burst_o,
  input  logic                        aw_ready_i
);

  localparam int unsigned BatchBeats = (DmaWriteBatchBytes + AxiDataBytes - 1) / AxiDataBytes;
  localparam int unsigned BatchWidth = $clog2(BatchBeats + 257);

  logic                  write_q, write, turn, reads, own, other, ar_free, aw_free;
  logic [BatchWidth-1:0] batch_q, batch;  // beats granted in this direction, counted up to the limit
  logic [BeatsWidth-1:0] beats;

  assign reads   = fetch_req_i || load_req_i;
  assign own     = write_q ? store_ready_i : reads;
  assign other   = write_q ? reads : store_ready_i;
  assign turn    = other && (!own || batch_q >= BatchWidth'(BatchBeats));
  assign write   = write_q ^ turn;
  assign ar_free = !ar_valid_o || ar_ready_i;
  assign aw_free = !aw_valid_o || aw_ready_i;

  assign fetch_gnt_o = !write && fetch_req_i && ar_free;
  assign load_gnt_o  = !write && load_req_i && !fetch_req_i && ar_free;
  assign store_gnt_o = write && store_req_i && aw_free;

  assign batch = turn ? '0 : batch_q;
  always_comb begin
    beats = '0;
    if (fetch_gnt_o) beats = fetch_burst_i.beats;
    if (load_gnt_o) beats = load_burst_i.beats;
    if (store_gnt_o) beats = store_burst_i.beats;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q    <= 1'b0;
      batch_q    <= '0;
      ar_valid_o <= 1'b0;
      aw_valid_o <= 1'b0;
    end else begin
      write_q <= write && !clear_i;
      if (clear_i) batch_q <= '0;
      else if (batch < BatchWidth'(BatchBeats)) batch_q <= batch + BatchWidth'(beats);
      if (ar_free) ar_valid_o <= fetch_gnt_o || load_gnt_o;
      if (aw_free) aw_valid_o <= store_gnt_o;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fetch_gnt_o || load_gnt_o) begin
      ar_burst_o  <= fetch_gnt_o ? fetch_burst_i : load_burst_i;
      ar_client_o <= fetch_gnt_o ? ClientFetch : ClientLoad;
    end
    if (store_gnt_o) aw_burst_o <= store_burst_i;
  end

endmodule
