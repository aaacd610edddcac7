// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chip: sequencer, four units, their memories, counters and registers.
//
//                 ┌────────────── tw_sequencer ◀─ fetch ─┐
//                 ▼ dispatch                             │
//   ┌──────────┬──────────────┬──────────────┐           │
//   tw_dma     tw_systolic_array   tw_vector_unit        │
//   │ └── memory pins ──────┼───────────────┼────────────┘
//   └─▶ tw_scratchpad ◀─────┴───────┬───────┘
//                            tw_accumulator
//
// Configuration port: a write takes effect at the clock edge, read data comes a cycle after the address (tw_registers).
// Memory pins: one AXI4 manager a port (Arm IHI 0022, without the optional LOCK, CACHE, PROT, QOS and REGION): bursts
// INCR of the port's whole width, never across 4 KB, read data and responses always accepted, answers of one ID in order
// and reads of a port in the order of their requests; IDs are 0 fetch, 1 load, 2 store. ARUSER and AWUSER are {last, first}:
// the byte of the last beat up to which, and of the first beat from which on, the burst is needed. The endpoint drives its outputs from
// state (rtl/RationaleMicroarchitecture.md, "Memory port"). retire_o traces every retire in its cycle; stopped_o rises when
// the run has ended by halt or trap, and another may be started once the register RegStatus says so (tw_registers).

module tw_top
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_counter_pkg::*;
  import tw_register_pkg::*;
  import tw_dma_pkg::*;
(
  input  logic                                          clk_i,
  input  logic                                          rst_ni,

  input  logic                                          config_write_i,
  input  logic [RegisterAddressWidth-1:0]               config_address_i,
  input  logic [63:0]                                   config_wdata_i,
  output logic [63:0]                                   config_rdata_o,
  output logic                                          stopped_o,
  output retire_t [UnitCount-1:0]                       retire_o,

  output logic [AxiPorts-1:0]                           m_axi_arvalid_o,
  input  logic [AxiPorts-1:0]                           m_axi_arready_i,
  output logic [AxiPorts-1:0][AxiIdWidth-1:0]           m_axi_arid_o,
  output logic [AxiPorts-1:0][DramAddressWidth-1:0]     m_axi_araddr_o,
  output logic [AxiPorts-1:0][7:0]                      m_axi_arlen_o,
  output logic [AxiPorts-1:0][2:0]                      m_axi_arsize_o,
  output logic [AxiPorts-1:0][1:0]                      m_axi_arburst_o,
  output logic [AxiPorts-1:0][AxiUserWidth-1:0]         m_axi_aruser_o,
  input  logic [AxiPorts-1:0]                           m_axi_rvalid_i,
  output logic [AxiPorts-1:0]                           m_axi_rready_o,
  input  logic [AxiPorts-1:0][AxiIdWidth-1:0]           m_axi_rid_i,
  input  logic [AxiPorts-1:0][8*AxiDataBytes-1:0]       m_axi_rdata_i,
  input  logic [AxiPorts-1:0][1:0]                      m_axi_rresp_i,
  input  logic [AxiPorts-1:0]                           m_axi_rlast_i,
  output logic [AxiPorts-1:0]                           m_axi_awvalid_o,
  input  logic [AxiPorts-1:0]                           m_axi_awready_i,
  output logic [AxiPorts-1:0][AxiIdWidth-1:0]           m_axi_awid_o,
  output logic [AxiPorts-1:0][DramAddressWidth-1:0]     m_axi_awaddr_o,
  output logic [AxiPorts-1:0][7:0]                      m_axi_awlen_o,
  output logic [AxiPorts-1:0][2:0]                      m_axi_awsize_o,
  output logic [AxiPorts-1:0][1:0]                      m_axi_awburst_o,
  output logic [AxiPorts-1:0][AxiUserWidth-1:0]         m_axi_awuser_o,
  output logic [AxiPorts-1:0]                           m_axi_wvalid_o,
  input  logic [AxiPorts-1:0]                           m_axi_wready_i,
  output logic [AxiPorts-1:0][8*AxiDataBytes-1:0]       m_axi_wdata_o,
  output logic [AxiPorts-1:0][AxiDataBytes-1:0]         m_axi_wstrb_o,
  output logic [AxiPorts-1:0]                           m_axi_wlast_o,
  input  logic [AxiPorts-1:0]                           m_axi_bvalid_i,
  output logic [AxiPorts-1:0]                           m_axi_bready_o,
  input  logic [AxiPorts-1:0][AxiIdWidth-1:0]           m_axi_bid_i,
  input  logic [AxiPorts-1:0][1:0]                      m_axi_bresp_i
);

  // ---------------------------------------------------------------------------------------------------------------------
  // Registers, counters, sequencer
  // ---------------------------------------------------------------------------------------------------------------------

  logic                                 start, run, stop, watchdog, progress, memory_idle;
  logic [DramAddressWidth-1:0]          program_base;
  logic [PcWidth-1:0]                   instruction_count, entry, trap_pc;
  logic [31:0]                          parameters [LaunchParameters];
  logic [DramAddressWidth-1:0]          segment_base [Segments];
  logic [DramAddressWidth:0]            segment_size [Segments];
  trap_e                                trap;
  logic [ContextWidth-1:0]              trap_context;
  logic [63:0]                          cycle, counter;
  logic [1:0]                           sticky;
  logic                                 gather_index_error, bus_error;
  logic [UnitCount-1:0][CountWidth-1:0] retired;
  activity_e                            activity [CountedUnits];
  counts_t                              counts, dma_counts, scratchpad_counts, accumulator_counts, array_counts, vector_counts;

  logic [UnitCount-1:0]                 dispatch_valid, dispatch_ready;
  dma_packet_t                          dma_packet;
  array_packet_t                        array_packet;
  vector_packet_t                       vector_packet;

  logic                                 fetch_req, fetch_gnt, fetch_valid;
  logic [DramAddressWidth-1:0]          fetch_address;
  logic [8*AxiDataBytes-1:0]            fetch_data;

  tw_registers u_registers (
    .clk_i,
    .rst_ni,
    .config_write_i,
    .config_address_i,
    .config_wdata_i,
    .config_rdata_o,
    .start_o            (start),
    .run_o              (run),
    .program_base_o     (program_base),
    .instruction_count_o(instruction_count),
    .entry_o            (entry),
    .parameters_o       (parameters),
    .segment_base_o     (segment_base),
    .segment_size_o     (segment_size),
    .stop_i             (stop),
    .memory_idle_i      (memory_idle),
    .trap_i             (trap),
    .trap_pc_i          (trap_pc),
    .trap_context_i     (trap_context),
    .cycle_i            (cycle),
    .sticky_i           (sticky),
    .stopped_o,
    .counter_i          (counter)
  );

  // What the watchdog looks at: a beat or a response of the memory, an instruction executed, a busy unit, a retire.
  always_comb begin
    progress = m_axi_rvalid_i != '0 || m_axi_bvalid_i != '0 || activity[UnitSequencer] == ActivityBusy;
    for (int unsigned u = 0; u < UnitCount; u++) begin
      if (activity[u] == ActivityBusy || retire_o[u].valid) progress = 1'b1;
    end
  end

  always_comb begin
    sticky                         = '0;
    sticky[1'(StatusGatherIndex)]  = gather_index_error;
    sticky[1'(StatusBusError)]     = bus_error;
  end

  always_comb begin
    for (int unsigned c = 0; c < CounterCount; c++) begin
      counts[c] = dma_counts[c] | scratchpad_counts[c] | accumulator_counts[c] | array_counts[c] | vector_counts[c];
    end
  end

  tw_counters u_counters (
    .clk_i,
    .rst_ni,
    .clear_i   (start),
    .count_i   (run && !stop),
    .cycle_o   (cycle),
    .retire_i  (retire_o),
    .retired_o (retired),
    .activity_i(activity),
    .counts_i  (counts),
    .progress_i(progress),
    .watchdog_o(watchdog),
    .address_i (config_address_i),
    .value_o   (counter)
  );

  tw_sequencer u_sequencer (
    .clk_i,
    .rst_ni,
    .start_i            (start),
    .run_i              (run),
    .program_base_i     (program_base),
    .instruction_count_i(instruction_count),
    .entry_i            (entry),
    .parameters_i       (parameters),
    .segment_base_i     (segment_base),
    .segment_size_i     (segment_size),
    .fetch_req_o        (fetch_req),
    .fetch_address_o    (fetch_address),
    .fetch_gnt_i        (fetch_gnt),
    .fetch_valid_i      (fetch_valid),
    .fetch_data_i       (fetch_data),
    .dispatch_valid_o   (dispatch_valid),
    .dispatch_ready_i   (dispatch_ready),
    .dma_packet_o       (dma_packet),
    .array_packet_o     (array_packet),
    .vector_packet_o    (vector_packet),
    .retired_i          (retired),
    .watchdog_i         (watchdog),
    .stop_o             (stop),
    .trap_o             (trap),
    .trap_pc_o          (trap_pc),
    .trap_context_o     (trap_context),
    .activity_o         (activity[UnitSequencer])
  );

  // ---------------------------------------------------------------------------------------------------------------------
  // Memories
  // ---------------------------------------------------------------------------------------------------------------------

  logic                               load_req, store_req, activations_req, weights_req,
                                      source_req, element_req, columns_req, result_req;
  logic                               load_gnt, store_gnt, activations_gnt, weights_gnt,
                                      source_gnt, element_gnt, columns_gnt, result_gnt;
  logic [RowWidth-1:0]                load_row, store_row, activations_row, weights_row,
                                      source_row, element_row, columns_row, result_row;
  logic [RowBits-1:0]                 load_wdata, result_wdata;
  logic [RowBytes-1:0]                load_wmask, result_wmask;
  logic [RowBits-1:0]                 store_rdata, activations_rdata, source_rdata, element_rdata, columns_rdata;
  logic [WeightRows-1:0][RowBits-1:0] weights_rdata;

  tw_scratchpad u_scratchpad (
    .clk_i,
    .rst_ni,
    .clear_i            (start),
    .load_req_i         (load_req),
    .load_row_i         (load_row),
    .load_gnt_o         (load_gnt),
    .load_wdata_i       (load_wdata),
    .load_wmask_i       (load_wmask),
    .store_req_i        (store_req),
    .store_row_i        (store_row),
    .store_gnt_o        (store_gnt),
    .store_rdata_o      (store_rdata),
    .activations_req_i  (activations_req),
    .activations_row_i  (activations_row),
    .activations_gnt_o  (activations_gnt),
    .activations_rdata_o(activations_rdata),
    .weights_req_i      (weights_req),
    .weights_row_i      (weights_row),
    .weights_gnt_o      (weights_gnt),
    .weights_rdata_o    (weights_rdata),
    .source_req_i       (source_req),
    .source_row_i       (source_row),
    .source_gnt_o       (source_gnt),
    .source_rdata_o     (source_rdata),
    .element_req_i      (element_req),
    .element_row_i      (element_row),
    .element_gnt_o      (element_gnt),
    .element_rdata_o    (element_rdata),
    .columns_req_i      (columns_req),
    .columns_row_i      (columns_row),
    .columns_gnt_o      (columns_gnt),
    .columns_rdata_o    (columns_rdata),
    .result_req_i       (result_req),
    .result_row_i       (result_row),
    .result_gnt_o       (result_gnt),
    .result_wdata_i     (result_wdata),
    .result_wmask_i     (result_wmask),
    .counts_o           (scratchpad_counts)
  );

  logic                   sums_read_req, sums_write_req;
  logic [SumRowWidth-1:0] sums_read_row, sums_write_row;
  logic [SumBits-1:0]     sums_read_data, sums_write_data;
  logic [Columns-1:0]     sums_write_mask;
  logic                   sum_source_req, sum_source_gnt, sum_element_req, sum_element_gnt, sum_result_req, sum_result_gnt;
  logic [SumRowWidth-1:0] sum_source_row, sum_element_row, sum_result_row;
  logic [SumBits-1:0]     sum_source_rdata, sum_element_rdata, sum_result_wdata;
  logic [Columns-1:0]     sum_result_mask;

  tw_accumulator u_accumulator (
    .clk_i,
    .rst_ni,
    .sums_read_req_i    (sums_read_req),
    .sums_read_row_i    (sums_read_row),
    .sums_read_data_o   (sums_read_data),
    .sums_write_req_i   (sums_write_req),
    .sums_write_row_i   (sums_write_row),
    .sums_write_mask_i  (sums_write_mask),
    .sums_write_data_i  (sums_write_data),
    .sum_source_req_i   (sum_source_req),
    .sum_source_row_i   (sum_source_row),
    .sum_source_gnt_o   (sum_source_gnt),
    .sum_source_rdata_o (sum_source_rdata),
    .sum_element_req_i  (sum_element_req),
    .sum_element_row_i  (sum_element_row),
    .sum_element_gnt_o  (sum_element_gnt),
    .sum_element_rdata_o(sum_element_rdata),
    .sum_result_req_i   (sum_result_req),
    .sum_result_row_i   (sum_result_row),
    .sum_result_mask_i  (sum_result_mask),
    .sum_result_wdata_i (sum_result_wdata),
    .sum_result_gnt_o   (sum_result_gnt),
    .counts_o           (accumulator_counts)
  );

  // ---------------------------------------------------------------------------------------------------------------------
  // Units
  // ---------------------------------------------------------------------------------------------------------------------

  burst_t [AxiPorts-1:0] ar_burst, aw_burst;
  logic [AxiPorts-1:0]                 r_error, b_error;

  for (genvar p = 0; p < AxiPorts; p++) begin : gen_axi
    assign m_axi_araddr_o[p]  = ar_burst[p].address;
    assign m_axi_arlen_o[p]   = 8'(ar_burst[p].beats - 1'b1);
    assign m_axi_aruser_o[p]  = {ar_burst[p].last, ar_burst[p].first};
    assign m_axi_arsize_o[p]  = 3'(BeatShift);
    assign m_axi_arburst_o[p] = AxiBurstIncr;
    assign m_axi_rready_o[p]  = 1'b1;
    assign m_axi_awid_o[p]    = ClientStore;
    assign m_axi_awaddr_o[p]  = aw_burst[p].address;
    assign m_axi_awlen_o[p]   = 8'(aw_burst[p].beats - 1'b1);
    assign m_axi_awuser_o[p]  = {aw_burst[p].last, aw_burst[p].first};
    assign m_axi_awsize_o[p]  = 3'(BeatShift);
    assign m_axi_awburst_o[p] = AxiBurstIncr;
    assign m_axi_bready_o[p]  = 1'b1;
    assign r_error[p]         = m_axi_rresp_i[p][1];  // SLVERR or DECERR
    assign b_error[p]         = m_axi_bresp_i[p][1];
  end

  tw_dma u_dma (
    .clk_i,
    .rst_ni,
    .clear_i                (start),
    .cycle_i                (cycle),
    .retired_i              (retired),
    .load_dispatch_valid_i  (dispatch_valid[UnitLoad]),
    .load_dispatch_packet_i (dma_packet),
    .load_dispatch_ready_o  (dispatch_ready[UnitLoad]),
    .load_retire_o          (retire_o[UnitLoad]),
    .load_activity_o        (activity[UnitLoad]),
    .store_dispatch_valid_i (dispatch_valid[UnitStore]),
    .store_dispatch_packet_i(dma_packet),
    .store_dispatch_ready_o (dispatch_ready[UnitStore]),
    .store_retire_o         (retire_o[UnitStore]),
    .store_activity_o       (activity[UnitStore]),
    .fetch_req_i            (fetch_req),
    .fetch_address_i        (fetch_address),
    .fetch_gnt_o            (fetch_gnt),
    .fetch_valid_o          (fetch_valid),
    .fetch_data_o           (fetch_data),
    .load_req_o             (load_req),
    .load_row_o             (load_row),
    .load_wdata_o           (load_wdata),
    .load_wmask_o           (load_wmask),
    .load_gnt_i             (load_gnt),
    .store_req_o            (store_req),
    .store_row_o            (store_row),
    .store_gnt_i            (store_gnt),
    .store_rdata_i          (store_rdata),
    .counts_o               (dma_counts),
    .gather_index_error_o   (gather_index_error),
    .bus_error_o            (bus_error),
    .memory_idle_o          (memory_idle),
    .ar_valid_o             (m_axi_arvalid_o),
    .ar_burst_o             (ar_burst),
    .ar_client_o            (m_axi_arid_o),
    .ar_ready_i             (m_axi_arready_i),
    .r_valid_i              (m_axi_rvalid_i),
    .r_data_i               (m_axi_rdata_i),
    .r_client_i             (m_axi_rid_i),
    .r_last_i               (m_axi_rlast_i),
    .r_error_i              (r_error),
    .aw_valid_o             (m_axi_awvalid_o),
    .aw_burst_o             (aw_burst),
    .aw_ready_i             (m_axi_awready_i),
    .w_valid_o              (m_axi_wvalid_o),
    .w_data_o               (m_axi_wdata_o),
    .w_strobe_o             (m_axi_wstrb_o),
    .w_last_o               (m_axi_wlast_o),
    .w_ready_i              (m_axi_wready_i),
    .b_valid_i              (m_axi_bvalid_i),
    .b_error_i              (b_error)
  );

  tw_systolic_array u_systolic_array (
    .clk_i,
    .rst_ni,
    .cycle_i            (cycle),
    .retired_i          (retired),
    .dispatch_valid_i   (dispatch_valid[UnitArray]),
    .dispatch_packet_i  (array_packet),
    .dispatch_ready_o   (dispatch_ready[UnitArray]),
    .retire_o           (retire_o[UnitArray]),
    .activity_o         (activity[UnitArray]),
    .counts_o           (array_counts),
    .activations_req_o  (activations_req),
    .activations_row_o  (activations_row),
    .activations_gnt_i  (activations_gnt),
    .activations_rdata_i(activations_rdata),
    .weights_req_o      (weights_req),
    .weights_row_o      (weights_row),
    .weights_gnt_i      (weights_gnt),
    .weights_rdata_i    (weights_rdata),
    .sums_read_req_o    (sums_read_req),
    .sums_read_row_o    (sums_read_row),
    .sums_read_data_i   (sums_read_data),
    .sums_write_req_o   (sums_write_req),
    .sums_write_row_o   (sums_write_row),
    .sums_write_mask_o  (sums_write_mask),
    .sums_write_data_o  (sums_write_data)
  );

  tw_vector_unit u_vector_unit (
    .clk_i,
    .rst_ni,
    .cycle_i            (cycle),
    .retired_i          (retired),
    .dispatch_valid_i   (dispatch_valid[UnitVector]),
    .dispatch_packet_i  (vector_packet),
    .dispatch_ready_o   (dispatch_ready[UnitVector]),
    .retire_o           (retire_o[UnitVector]),
    .activity_o         (activity[UnitVector]),
    .counts_o           (vector_counts),
    .source_req_o       (source_req),
    .source_row_o       (source_row),
    .source_gnt_i       (source_gnt),
    .source_rdata_i     (source_rdata),
    .element_req_o      (element_req),
    .element_row_o      (element_row),
    .element_gnt_i      (element_gnt),
    .element_rdata_i    (element_rdata),
    .columns_req_o      (columns_req),
    .columns_row_o      (columns_row),
    .columns_gnt_i      (columns_gnt),
    .columns_rdata_i    (columns_rdata),
    .result_req_o       (result_req),
    .result_row_o       (result_row),
    .result_wdata_o     (result_wdata),
    .result_wmask_o     (result_wmask),
    .result_gnt_i       (result_gnt),
    .sum_source_req_o   (sum_source_req),
    .sum_source_row_o   (sum_source_row),
    .sum_source_gnt_i   (sum_source_gnt),
    .sum_source_rdata_i (sum_source_rdata),
    .sum_element_req_o  (sum_element_req),
    .sum_element_row_o  (sum_element_row),
    .sum_element_gnt_i  (sum_element_gnt),
    .sum_element_rdata_i(sum_element_rdata),
    .sum_result_req_o   (sum_result_req),
    .sum_result_row_o   (sum_result_row),
    .sum_result_mask_o  (sum_result_mask),
    .sum_result_wdata_o (sum_result_wdata),
    .sum_result_gnt_i   (sum_result_gnt)
  );

  logic unused;
  assign unused = ^{m_axi_bid_i, m_axi_bresp_i, m_axi_rresp_i};

`ifdef TW_ASSERT
  // What a start does not clear has drained.
  always_ff @(posedge clk_i) begin
    if (rst_ni && start) begin
      for (int unsigned u = 0; u < UnitCount; u++) begin
        assert (activity[u] == ActivityEmpty) else $error("a run begins with an instruction of the last one in a unit");
      end
    end
  end
`endif

endmodule
