// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that is counted: cycles since the start, retires (for waiters and for the drain), one activity a unit and
// cycle, sums, and the cycles without progress that wake the watchdog. While count_i is low nothing
// counts. A retire in cycle t shows in retired_o from t + 1 on. watchdog_o holds from the cycle in which WatchdogCycles
// cycles in a row had no progress_i. Counters are read by register address, from state.

module tw_counters
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_register_pkg::*;
  import tw_counter_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 clear_i,  // a run starts: all counts are 0 in the next cycle
  input  logic                                 count_i,
  output logic [63:0]                          cycle_o,
  input  retire_t [UnitCount-1:0]              retire_i,
  output logic [UnitCount-1:0][CountWidth-1:0] retired_o,
  input  activity_e                            activity_i [CountedUnits],
  input  counts_t                              counts_i,
  input  logic                                 progress_i,
  output logic                                 watchdog_o,
  input  logic [RegisterAddressWidth-1:0]      address_i,
  output logic [63:0]                          value_o
);

  localparam int unsigned CounterWidth = $clog2(CounterCount);

  logic [63:0]                          cycle_q;
  logic [63:0]                          counts_q [CounterCount];
  logic [UnitCount-1:0][CountWidth-1:0] retired_q;
  logic [63:0]                          quiet_q;

  assign cycle_o    = cycle_q;
  assign retired_o  = retired_q;
  assign watchdog_o = quiet_q == 64'(WatchdogCycles);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycle_q   <= '0;
      retired_q <= '0;
      quiet_q   <= '0;
      for (int unsigned i = 0; i < CounterCount; i++) counts_q[i] <= '0;
    end else if (clear_i) begin
      cycle_q   <= '0;
      retired_q <= '0;
      quiet_q   <= '0;
      for (int unsigned i = 0; i < CounterCount; i++) counts_q[i] <= '0;
    end else if (count_i) begin
      cycle_q <= cycle_q + 1'b1;
      for (int unsigned u = 0; u < UnitCount; u++) begin
        if (retire_i[u].valid) retired_q[u] <= retired_q[u] + 1'b1;
      end
      for (int unsigned i = 0; i < CounterCount; i++) begin
        if (counts_i[i] != '0) counts_q[i] <= counts_q[i] + 64'(counts_i[i]);
      end
      if (progress_i) quiet_q <= '0;
      else if (!watchdog_o) quiet_q <= quiet_q + 1'b1;
    end
  end

  // Activities, a unit each.
  logic [63:0] activity [CountedUnits];
  for (genvar u = 0; u < CountedUnits; u++) begin : gen_unit
    logic [63:0] activity_q [ActivityCount];
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        for (int unsigned i = 0; i < ActivityCount; i++) activity_q[i] <= '0;
      end else if (clear_i) begin
        for (int unsigned i = 0; i < ActivityCount; i++) activity_q[i] <= '0;
      end else if (count_i) begin
        activity_q[activity_i[u]] <= activity_q[activity_i[u]] + 1'b1;
      end
    end
    assign activity[u] = 32'(address_i[4:0]) < ActivityCount ? activity_q[address_i[4:0]] : '0;
  end

  always_comb begin
    value_o = '0;
    if (32'(address_i) >= RegCounter && 32'(address_i) < RegCounter + CounterCount) begin
      value_o = counts_q[CounterWidth'(32'(address_i) - RegCounter)];
    end else if (32'(address_i) >= RegRetired && 32'(address_i) < RegRetired + UnitCount) begin
      value_o = 64'(retired_q[address_i[1:0]]);
    end else if (32'(address_i) >= RegActivity && 32'(address_i) < RegActivity + CountedUnits * 32) begin
      value_o = activity[address_i[7:5]];
    end
  end

endmodule
