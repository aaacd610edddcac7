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
