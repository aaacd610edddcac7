// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Register map of the chip: addresses count words of 64 bits. Verilator hands the numbers on to the harness.

package tw_register_pkg;

  // The memory pins' shape.
  localparam int unsigned PinPorts          /*verilator public*/ = tw_config_pkg::AxiPorts;
  localparam int unsigned PinDataBytes      /*verilator public*/ = tw_config_pkg::AxiDataBytes;

  localparam int unsigned RegisterAddressWidth = 12;

  // Launch state, written before the start.
  localparam int unsigned RegStart          /*verilator public*/ = 'h000;  // write 1: cycle 0 is the next cycle
  localparam int unsigned RegProgramBase    /*verilator public*/ = 'h001;  // DRAM byte address, a multiple of 128
  localparam int unsigned RegProgramCount   /*verilator public*/ = 'h002;  // instructions
  localparam int unsigned RegProgramEntry   /*verilator public*/ = 'h003;  // instruction index
  localparam int unsigned RegParameter      /*verilator public*/ = 'h010;  // 16 launch parameters
  localparam int unsigned RegSegmentBase    /*verilator public*/ = 'h040;  // 64 bases, DRAM byte addresses
  localparam int unsigned RegSegmentSize    /*verilator public*/ = 'h080;  // 64 sizes, bytes

  // Status, read only.
  localparam int unsigned RegStatus         /*verilator public*/ = 'h100;  // bit 0 started, bit 1 stopped, bit 2 may start
  localparam int unsigned RegTrapCause      /*verilator public*/ = 'h101;  // 0: halted
  localparam int unsigned RegTrapPc         /*verilator public*/ = 'h102;
  localparam int unsigned RegTrapContext    /*verilator public*/ = 'h103;
  localparam int unsigned RegStopCycle      /*verilator public*/ = 'h104;  // cycles from start to halt or trap
  localparam int unsigned RegSticky         /*verilator public*/ = 'h105;  // bit 0 gather_index, bit 1 bus_error

  // Performance counters, read only.
  localparam int unsigned RegActivity       /*verilator public*/ = 'h200;  // + 32 · unit + activity; unit 4: sequencer
  localparam int unsigned RegRetired        /*verilator public*/ = 'h2c0;  // + unit
  localparam int unsigned RegCounter        /*verilator public*/ = 'h2c8;  // + counter

endpackage
