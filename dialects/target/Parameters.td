// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The hardware parameters, one record a parameter. The C++ struct and tables, the JSON schema, the page of parameters, the
// Python tables and the RTL's configuration package come from here; rules between parameters stand in Validate.cpp.
// Defaults are those of the preset edge.

include "dialects/target/ParameterBase.td"

//===----------------------------------------------------------------------===//
// Systolic array
//===----------------------------------------------------------------------===//

def SystolicArray : Block<"systolic_array", "multiplies tiles; weights stay, activations stream">;

def ArrayRows : PowerOfTwo<SystolicArray, "rows", Legality, 16, 2, 256,
    "Rows of processing elements: how many k a block of weights holds.",
    "peak rate, order of accumulation, width of a scratchpad row"> {
  let unit = "processing elements";
  let rtl = "Rows";
}

def ArrayColumns : PowerOfTwo<SystolicArray, "columns", Legality, 16, 2, 256,
    "Columns of processing elements: how many n a block of weights holds.",
    "peak rate, width of a scratchpad row and of an accumulator row"> {
  let unit = "processing elements";
  let rtl = "Columns";
}

def ArrayWeightRows : PowerOfTwo<SystolicArray, "weight_rows_per_cycle", Legality, 2, 1, 64,
    "Rows of weights that enter the array in a cycle; the scratchpad's word is as many rows wide.",
    "time of a block with few activation rows, alignment of weights"> {
  let unit = "rows/cycle";
  let rtl = "WeightRows";
}

//===----------------------------------------------------------------------===//
// Memories on the chip
//===----------------------------------------------------------------------===//

def Scratchpad : Block<"scratchpad", "holds operands in banks of whole rows">;

def ScratchpadSize : Integer<Scratchpad, "size_bytes", Legality, 524288, 256, 1073741824,
    "Bytes of the scratchpad: banks × rows of a bank × row bytes (2 × the larger of rows and columns).",
    "how large tiles and rings can be"> {
  let unit = "bytes";
  let figure = "scratchpadRows";
  let figure_default = 16384;
}

def ScratchpadBanks : Integer<Scratchpad, "banks", Planning, 8, 1, 64,
    "Banks, each a contiguous range of rows with one access a cycle.",
    "conflicts between streams, placement of buffers"> {
  let unit = "banks";
  let rtl = "ScratchpadBanks";
}

def Accumulator : Block<"accumulator", "holds sums in banks of whole rows of `columns` words of 32 bits">;

def AccumulatorSize : Integer<Accumulator, "size_bytes", Legality, 65536, 8, 67108864,
    "Bytes of the accumulator: banks × rows of a bank × 4 × columns.",
    "how large output tiles can be"> {
  let unit = "bytes";
  let figure = "accumulatorRows";
  let figure_default = 1024;
}

def AccumulatorBanks : Integer<Accumulator, "banks", Planning, 4, 1, 64,
    "Banks, each a contiguous range of rows with one read and one write a cycle.",
    "conflicts of array and vector unit"> {
  let unit = "banks";
  let rtl = "AccumulatorBanks";
}

//===----------------------------------------------------------------------===//
// Vector unit and sequencer
//===----------------------------------------------------------------------===//

def VectorUnit : Block<"vector_unit", "element operations, row statistics, conversions">;

def VectorLanes : PowerOfTwo<VectorUnit, "lanes", Legality, 16, 1, 256,
    "Elements a cycle; at most the smaller of rows and columns.",
    "rate of the vector unit, order of row sums, alignment of windows"> {
  let unit = "lanes";
  let rtl = "VectorLanes";
}

def VectorStatistics : Integer<VectorUnit, "statistics_rows", Legality, 256, 1, 16384,
    "Entries of each of the four vectors of row statistics; a multiple of the lanes.",
    "how many rows a tile with statistics can have"> {
  let unit = "entries";
  let rtl = "StatisticsRows";
}

def Sequencer : Block<"sequencer", "fetches, resolves and dispatches instructions">;

def QueueDepth : Integer<Sequencer, "queue_depth", Timing, 8, 1, 64,
    "Instructions that wait in front of each unit.",
    "how far a unit may fall behind before dispatch stops"> {
  let unit = "instructions";
  let rtl = "QueueDepth";
}

def BufferLines : PowerOfTwo<Sequencer, "buffer_lines", Timing, 16, 4, 4096,
    "Lines of 128 bytes, four instructions, of the instruction buffer.",
    "instruction fetch in long loops"> {
  let unit = "lines";
  let rtl = "BufferLines";
}

def Watchdog : Integer<Sequencer, "watchdog_cycles", Timing, 1048576, 1024, 4294967295,
    "Cycles without a beat, a response, a row, a retire or an instruction after which the program traps; as many as the "
    "memory needs at least.",
    "when a program that hangs is stopped"> {
  let unit = "cycles";
  let rtl = "WatchdogCycles";
}

//===----------------------------------------------------------------------===//
// DMA and memory
//===----------------------------------------------------------------------===//

def Dma : Block<"dma", "moves tiles between DRAM and scratchpad">;

def DmaBuffer : PowerOfTwo<Dma, "buffer_bytes", Timing, 8192, 64, 1048576,
    "Bytes of each port's read buffer and of its write buffer; room for read data is reserved before the request. Full "
    "rate needs latency × bandwidth of a port and two bursts.",
    "bandwidth that loads reach"> {
  let unit = "bytes";
  let rtl = "DmaBufferBytes";
}

def DmaBurst : PowerOfTwo<Dma, "burst_bytes", Timing, 2048, 8, 4096,
    "Bytes of the longest burst; at most half of the buffer and 256 beats.",
    "bandwidth, time that others wait for the port"> {
  let unit = "bytes";
  let rtl = "DmaBurstBytes";
}

def DmaOutstanding : Integer<Dma, "outstanding_bursts", Timing, 16, 2, 1024,
    "Bursts of a port and direction under way at once.",
    "bandwidth of short bursts"> {
  let unit = "bursts";
  let rtl = "DmaOutstandingBursts";
}

def DmaWriteBatch : PowerOfTwo<Dma, "write_batch_bytes", Timing, 16384, 64, 1048576,
    "Bytes of ready store bursts that are served before the bus turns to reads.",
    "bandwidth of mixed reads and writes, latency of loads"> {
  let unit = "bytes";
  let rtl = "DmaWriteBatchBytes";
}

def DmaInterleave : PowerOfTwo<Dma, "interleave_bytes", Timing, 4096, 128, 1048576,
    "Consecutive DRAM granules of so many bytes belong to consecutive AXI ports.",
    "balance of the ports"> {
  let unit = "bytes";
  let rtl = "DmaInterleaveBytes";
}

def Axi : Block<"axi", "ports to off-chip memory">;

def AxiPorts : PowerOfTwo<Axi, "ports", Planning, 1, 1, 16,
    "AXI4 ports, interleaved by address.",
    "bandwidth on the chip's side"> {
  let unit = "ports";
  let rtl = "AxiPorts";
}

def AxiDataBytes : PowerOfTwo<Axi, "data_bytes", Planning, 32, 8, 128,
    "Data bytes of a port, one beat a cycle and direction.",
    "bandwidth on the chip's side"> {
  let unit = "bytes";
  let rtl = "AxiDataBytes";
}

def Dram : Block<"dram", "off-chip memory behind the ports">;

def DramStandardName : Choice<Dram, "standard", Planning, "LPDDR4X-4266",
    ["LPDDR4X-4266", "LPDDR5-6400", "DDR4-3200", "DDR5-4800", "HBM2E-3600", "HBM3-6400"],
    "Kind of memory; gives bandwidth, latency and access size of a channel unless they are set.",
    "bandwidth and latency">;

def DramModelName : Choice<Dram, "model", Timing, "simple", ["simple", "banked"],
    "What a channel is in cycles: `simple` a latency and a bandwidth, `banked` banks with rows, refresh and the standard's timing.",
    "cycles of whatever waits for memory">;

def DramControllerLatency : Integer<Dram, "controller_latency_ps", Timing, 20000, 0, 100000000,
    "Of controller and PHY together, both ways, beside a banked channel's own time (gem5's controllers have 10 ns each way).",
    "latency of loads and stores of banked memory"> {
  let unit = "ps";
  let memory = "controllerLatencyPs";
}

def DramChannels : Integer<Dram, "channels", Planning, 2, 1, 128,
    "Independent channels, as wide as the standard's.",
    "bandwidth"> {
  let unit = "channels";
  let memory = "channels";
}

def DramInterleave : PowerOfTwo<Dram, "interleave_bytes", Timing, 256, 32, 1048576,
    "Consecutive granules of so many bytes lie in consecutive channels.",
    "balance of the channels"> {
  let unit = "bytes";
  let memory = "interleaveBytes";
}

def DramBandwidth : Integer<Dram, "channel_bandwidth_bytes_per_s", Planning, 0, 1000000, 10000000000000,
    "Bytes a second on the data bus of one channel.",
    "bandwidth"> {
  let unit = "bytes/s";
  let from_standard = 1;
  let memory = "accessPs";
  let figure = "dramAccessPs";
  let figure_default = 3751;
}

def DramAccess : PowerOfTwo<Dram, "access_bytes", Timing, 0, 8, 1024,
    "Bytes of one column access; a channel serves whole accesses.",
    "bandwidth of short or unaligned bursts"> {
  let unit = "bytes";
  let from_standard = 1;
  let memory = "accessBytes";
}

def DramReadLatency : Integer<Dram, "read_latency_ps", Timing, 0, 1000, 100000000,
    "From a read's access to its data at the chip's pins.",
    "latency of loads"> {
  let unit = "ps";
  let from_standard = 1;
  let memory = "readLatencyPs";
}

def DramWriteLatency : Integer<Dram, "write_latency_ps", Timing, 0, 1000, 100000000,
    "From a write's access to its response at the chip's pins.",
    "latency of stores"> {
  let unit = "ps";
  let from_standard = 1;
  let memory = "writeLatencyPs";
}

def DramReadToWrite : Integer<Dram, "read_to_write_ps", Timing, 0, 0, 100000000,
    "Idle time of a channel's bus between a read and a write.",
    "bandwidth of mixed reads and writes"> {
  let unit = "ps";
  let from_standard = 1;
  let memory = "readToWritePs";
}

def DramWriteToRead : Integer<Dram, "write_to_read_ps", Timing, 0, 0, 100000000,
    "Idle time of a channel's bus between a write and a read.",
    "bandwidth of mixed reads and writes"> {
  let unit = "ps";
  let from_standard = 1;
  let memory = "writeToReadPs";
}

def DramCapacity : Integer<Dram, "capacity_bytes", Planning, 2147483648, 1048576, 1099511627776,
    "Bytes of memory; the loader refuses programs that need more.",
    "which models fit"> {
  let unit = "bytes";
}

//===----------------------------------------------------------------------===//
// Clock and technology
//===----------------------------------------------------------------------===//

def Clock : Block<"clock", "the one clock of the chip">;

def ClockFrequency : Integer<Clock, "frequency_hz", Planning, 1000000000, 1000000, 10000000000,
    "Frequency of the core clock; memory models use its period rounded to whole picoseconds.",
    "seconds a cycle, cycles that DRAM takes"> {
  let unit = "Hz";
  let memory = "clockPs";
  let figure = "clockPeriodPs";
  let figure_default = 1000;
}

def Technology : Block<"technology", "what the chip would be made in">;

def TechnologyNode : Choice<Technology, "node", Cost, "16nm",
    ["180nm", "130nm", "65nm", "45nm", "28nm", "16nm", "7nm", "5nm"],
    "Process node of the chip, a note beside the other parameters: nothing that is computed depends on it.",
    "nothing">;

//===----------------------------------------------------------------------===//
// Kinds of memory. Rates, widths and burst lengths are those of the standards; latencies, through controller, PHY and
// device, are round figures of their usual order.
//===----------------------------------------------------------------------===//

def LPDDR4X_4266 : DramStandard<"LPDDR4X-4266", 16, 4266, 16> { let source = "JEDEC JESD209-4: 16-bit channel, BL16"; }
def LPDDR5_6400 : DramStandard<"LPDDR5-6400", 16, 6400, 16> { let source = "JEDEC JESD209-5: 16-bit channel, BL16"; }
def DDR4_3200 : DramStandard<"DDR4-3200", 64, 3200, 8> { let source = "JEDEC JESD79-4: 64-bit channel, BL8"; }
def DDR5_4800 : DramStandard<"DDR5-4800", 32, 4800, 16> { let source = "JEDEC JESD79-5: 32-bit subchannel, BL16"; }
def HBM2E_3600 : DramStandard<"HBM2E-3600", 64, 3600, 4> {
  let source = "JEDEC JESD235: 64-bit pseudo-channel, BL4; a stack has 16";
}
def HBM3_6400 : DramStandard<"HBM3-6400", 32, 6400, 8> {
  let source = "JEDEC JESD238: 32-bit pseudo-channel, BL8; a stack has 32";
}
