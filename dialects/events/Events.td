// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the chip counts, in hardware and in the cycle model: units, what each does in a cycle, and sums. The SystemVerilog
// package, the C++ tables, the Python tables and the page are generated from this file.

include "dialects/events/EventBase.td"

//===----------------------------------------------------------------------===//
// Units, in the order of unit_name in Instructions.td; the sequencer last
//===----------------------------------------------------------------------===//

def LoadUnit : Unit<"load", "load_dma", "load DMA", "#6263c6">;
def StoreUnit : Unit<"store", "store_dma", "store DMA", "#17a2c6">;
def ArrayUnit : Unit<"array", "systolic_array", "systolic array", "#689054">;
def VectorUnit : Unit<"vector", "vector_unit", "vector unit", "#c0a628">;
def SequencerUnit : Unit<"sequencer", "sequencer", "sequencer", "#730edf"> { let dispatched = 0; }

//===----------------------------------------------------------------------===//
// Activities, in the order of their priority
//===----------------------------------------------------------------------===//

def Busy : Activity<"busy", "busy",
    "Moved something: a row of the scratchpad or a request to the memory (DMA), a row of activations (array), operands or results "
    "(vector unit), an instruction (sequencer).", "#1e6e4a">;
def Empty : Activity<"empty", "nothing to do", "Nothing in the queue and nothing in flight.", "#dde1e6", "faint">;
def Wait : ActivityOfUnit<"wait_UNIT", "waiting for the TITLE", "The head of the queue waits for retires of the TITLE.", "stripes">;
def Scratchpad : Activity<"scratchpad", "scratchpad conflicts", "A scratchpad request was not granted: a bank conflict.", "#9c4cff">;
def Accumulator : Activity<"accumulator", "accumulator conflicts", "An accumulator request was not granted: a bank conflict.", "#ad518d">;
def Memory : Activity<"memory", "waiting for DRAM", "Waits for the memory port, for data or for a response.", "#c30c18">;
def Buffer : Activity<"buffer", "DMA buffer full", "No room in the DMA buffer or its burst table.", "#e25e02">;
def Weights : Activity<"weights", "waiting for weights", "The array waits for the weights of the next block.", "#eda582">;
def Latency : Activity<"latency", "own pipeline", "Waits for its own pipeline.", "#97968c">;
def Fetch : Activity<"fetch", "waiting for instructions", "The next instruction is not in the instruction buffer.", "#890c12">;
def Queue : ActivityOfUnit<"queue_UNIT", "queue of the TITLE full", "The queue of the TITLE is full.",
  "dots", ["#a2a7fa", "#04ccc7", "#80eea1", "#fbde10"]>;
def Control : Activity<"control", "loops and calls", "Loops, calls and returns, and the first instruction behind a jump on its way.", "#730edf">;
def Drain : Activity<"drain", "last instructions", "Waits for the units before halt or trap.", "#cac814">;

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

def LoadBytes : Counter<"load_bytes", "bytes", "Bytes of the load DMA's requests on the memory ports, alignment included.">;
def StoreBytes : Counter<"store_bytes", "bytes", "Bytes of the store DMA's requests on the memory ports, alignment included.">;
def FetchBytes : Counter<"fetch_bytes", "bytes", "Bytes of the instruction buffer's requests on the memory ports.">;

// Accesses to scratchpad and accumulator, by client in the order of their arbiters, counted when granted.
def ScratchpadLoad : Counter<"scratchpad_load", "accesses", "Rows that the load DMA wrote to the scratchpad.">;
def ScratchpadStore : Counter<"scratchpad_store", "accesses", "Rows that the store DMA read from the scratchpad.">;
def ScratchpadActivations : Counter<"scratchpad_activations", "accesses", "Rows of activations that the array read from the scratchpad.">;
def ScratchpadWeights : Counter<"scratchpad_weights", "accesses",
    "Words of weights, of `systolic_array.weight_rows_per_cycle` rows each, that the array read from the scratchpad.">;
def ScratchpadSource : Counter<"scratchpad_source", "accesses", "Rows that the vector unit read from the scratchpad for its source.">;
def ScratchpadElement : Counter<"scratchpad_element", "accesses",
    "Rows that the vector unit read from the scratchpad for its element operand.">;
def ScratchpadColumns : Counter<"scratchpad_columns", "accesses",
    "Rows that the vector unit read from the scratchpad for its column operands.">;
def ScratchpadResult : Counter<"scratchpad_result", "accesses", "Rows that the vector unit wrote to the scratchpad.">;
def AccumulatorSumsRead : Counter<"accumulator_sums_read", "accesses", "Rows of sums that the array read to add to them.">;
def AccumulatorSumsWrite : Counter<"accumulator_sums_write", "accesses", "Rows of sums that the array wrote.">;
def AccumulatorSource : Counter<"accumulator_source", "accesses", "Rows that the vector unit read from the accumulator for its source.">;
def AccumulatorElement : Counter<"accumulator_element", "accesses",
    "Rows that the vector unit read from the accumulator for its element operand.">;
def AccumulatorResult : Counter<"accumulator_result", "accesses", "Rows that the vector unit wrote to the accumulator.">;

// What the array and the lanes worked on, counted with a row's grant and an item's issue. An item is a row of a chunk, all lanes.
def ArrayBf16Rows : Counter<"array_bf16_rows", "rows",
    "Rows of bf16 activations that entered the array: rows × columns products each, those past an extent included.">;
def ArrayInt8Rows : Counter<"array_int8_rows", "rows",
    "Rows of int8 activations that entered the array: 2 × rows × columns products each, those past an extent included.">;
def VectorItems : Counter<"vector_items", "items", "Items that passed the vector unit: `vector_unit.lanes` elements of a row each.">;
def VectorMultiplies : Counter<"vector_multiplies", "items", "Items that a multiplying stage changed, once for each of the two.">;
def VectorAdds : Counter<"vector_adds", "items", "Items that an adding stage changed, once for each of the three.">;
def VectorFunctions : Counter<"vector_functions", "items", "Items whose function was another than the identity.">;
def VectorReductions : Counter<"vector_reductions", "items", "Items that were reduced into a row's statistics.">;
def StatisticsWordReads : Counter<"statistics_word_reads", "accesses", "Reads of a statistic along rows, for an item: one row of all banks.">;
def StatisticsWordWrites : Counter<"statistics_word_writes", "accesses", "Writes of a statistic along rows, by an item: one row of all banks.">;
def StatisticsRowReads : Counter<"statistics_row_reads", "accesses",
    "Reads of a row's statistics, for the stages of an item or for its reduction: one row of one bank.">;
def StatisticsRowWrites : Counter<"statistics_row_writes", "accesses", "Writes of a row's statistics by a reduction: one row of one bank.">;
