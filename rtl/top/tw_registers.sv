// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chip's registers (map: tw_register_pkg): launch state, which the host writes before the start and the sequencer
// reads, and status. A write takes effect at the clock edge; read data comes in the cycle after the address. start_o holds
// in the cycle of the write that starts; run_o holds from the next cycle, cycle 0, through the cycle of stop_i.
//
// Several runs a reset: when a run has stopped and no instruction line is under way any more (memory_idle_i), RegStatus
// shows that the next run may start. start_o then clears what a run leaves behind, counters and status too, so that each run
// is like the first one after a reset. A start that comes earlier is ignored. Behind a watchdog trap only a reset helps:
// whatever hangs may stand on the memory's pins. Launch state is kept.

module tw_registers
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_register_pkg::*;
(
  input  logic                            clk_i,
  input  logic                            rst_ni,
  input  logic                            config_write_i,
  input  logic [RegisterAddressWidth-1:0] config_address_i,
  input  logic [63:0]                     config_wdata_i,
  output logic [63:0]                     config_rdata_o,

  output logic                            start_o,
  output logic                            run_o,
  output logic [DramAddressWidth-1:0]     program_base_o,
  output logic [PcWidth-1:0]              instruction_count_o,
  output logic [PcWidth-1:0]              entry_o,
  output logic [31:0]                     parameters_o [LaunchParameters],
  output logic [DramAddressWidth-1:0]     segment_base_o [Segments],
  output logic [DramAddressWidth:0]       segment_size_o [Segments],

  input  logic                            stop_i,
  input  logic                            memory_idle_i,
  input  trap_e                           trap_i,
  input  logic [PcWidth-1:0]              trap_pc_i,
  input  logic [ContextWidth-1:0]         trap_context_i,
  input  logic [63:0]                     cycle_i,
  input  logic [1:0]                      sticky_i,  // bits of status_e
  output logic                            stopped_o,
  input  logic [63:0]                     counter_i  // value at config_address_i
);

  logic                        started_q, stopped_q, ready_q;
  logic [DramAddressWidth-1:0] program_base_q;
  logic [PcWidth-1:0]          instruction_count_q, entry_q;
  logic [31:0]                 parameters_q [LaunchParameters];
  logic [DramAddressWidth-1:0] segment_base_q [Segments];
  logic [DramAddressWidth:0]   segment_size_q [Segments];
  trap_e                       trap_q;
  logic [PcWidth-1:0]          trap_pc_q;
  logic [ContextWidth-1:0]     trap_context_q;
  logic [63:0]                 stop_cycle_q, rdata_q, rdata_d;
  logic [1:0]                  sticky_q;

  assign start_o             = config_write_i && 32'(config_address_i) == RegStart && config_wdata_i[0] && ready_q;
  assign run_o               = started_q && !stopped_q;
  assign stopped_o           = stopped_q;
  assign program_base_o      = program_base_q;
  assign instruction_count_o = instruction_count_q;
  assign entry_o             = entry_q;
  assign parameters_o        = parameters_q;
  assign segment_base_o      = segment_base_q;
  assign segment_size_o      = segment_size_q;
  assign config_rdata_o      = rdata_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      started_q      <= 1'b0;
      stopped_q      <= 1'b0;
      ready_q        <= 1'b1;
      trap_q         <= TrapNone;
      trap_pc_q      <= '0;
      trap_context_q <= '0;
      stop_cycle_q   <= '0;
      sticky_q       <= '0;
    end else begin
      if (stopped_q && memory_idle_i && trap_q != TrapWatchdog) ready_q <= 1'b1;
      if (start_o) begin
        started_q <= 1'b1;
        stopped_q <= 1'b0;
        ready_q   <= 1'b0;
        sticky_q  <= '0;
      end
      if (run_o) begin
        if (!stop_i) sticky_q <= sticky_q | sticky_i;
        if (stop_i) begin
          stopped_q      <= 1'b1;
          trap_q         <= trap_i;
          trap_pc_q      <= trap_pc_i;
          trap_context_q <= trap_context_i;
          stop_cycle_q   <= cycle_i;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (config_write_i) begin
      if (32'(config_address_i) == RegProgramBase) program_base_q <= config_wdata_i[DramAddressWidth-1:0];
      if (32'(config_address_i) == RegProgramCount) instruction_count_q <= config_wdata_i[PcWidth-1:0];
      if (32'(config_address_i) == RegProgramEntry) entry_q <= config_wdata_i[PcWidth-1:0];
      if (32'(config_address_i) >= RegParameter && 32'(config_address_i) < RegParameter + LaunchParameters) begin
        parameters_q[config_address_i[3:0]] <= config_wdata_i[31:0];
      end
      if (32'(config_address_i) >= RegSegmentBase && 32'(config_address_i) < RegSegmentBase + Segments) begin
        segment_base_q[config_address_i[5:0]] <= config_wdata_i[DramAddressWidth-1:0];
      end
      if (32'(config_address_i) >= RegSegmentSize && 32'(config_address_i) < RegSegmentSize + Segments) begin
        segment_size_q[config_address_i[5:0]] <= config_wdata_i[DramAddressWidth:0];
      end
    end
    rdata_q <= rdata_d;
  end

  always_comb begin
    case (32'(config_address_i))
      RegStatus:      rdata_d = 64'({ready_q, stopped_q, started_q});
      RegTrapCause:   rdata_d = 64'(trap_q);
      RegTrapPc:      rdata_d = 64'(trap_pc_q);
      RegTrapContext: rdata_d = 64'(trap_context_q);
      RegStopCycle:   rdata_d = stop_cycle_q;
      RegSticky:      rdata_d = 64'(sticky_q);
      default:        rdata_d = counter_i;
    endcase
  end

endmodule
