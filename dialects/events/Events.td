// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the chip counts, in hardware and in the cycle model: units, what each does in a cycle, and sums. The SystemVerilog
// package, the C++ tables, the Python tables and the page are generated from this file.

include "dialects/events/EventBase.td"

//===----------------------------------------------------------------------===//
// Units, in the order of unit_name in Instructions.td; the sequencer last
//===----------------------------------------------------------------------===//

def LoadUnit : Unit<"load", "load_dma", "load DMA">;
def StoreUnit : Unit<"store", "store_dma", "store DMA">;
def ArrayUnit : Unit<"array", "systolic_array", "systolic array">;
def VectorUnit : Unit<"vector", "vector_unit", "vector unit">;
def SequencerUnit : Unit<"sequencer", "sequencer", "sequencer"> { let dispatched = 0; }

//===----------------------------------------------------------------------===//
// Activities, in the order of their priority
//===----------------------------------------------------------------------===//

def Busy : Activity<"busy", "busy", "A row, a beat, a wave or an element moved.", "#2e7d32">;
def Empty : Activity<"empty", "nothing to do", "Nothing in the queue and nothing in flight.", "#eceff1">;
def Wait : ActivityOfUnit<"wait_UNIT", "waiting for the TITLE", "The head of the queue waits for retires of the TITLE.",
  ["#1565c0", "#0097a7", "#7cb342", "#fbc02d"]>;
def Scratchpad : Activity<"scratchpad", "scratchpad conflicts", "A scratchpad request was not granted: a bank conflict.", "#6a1b9a">;
def Accumulator : Activity<"accumulator", "accumulator conflicts", "An accumulator request was not granted: a bank conflict.", "#ad1457">;
def Memory : Activity<"memory", "waiting for DRAM", "Waits for the memory port, for data or for a response.", "#c62828">;
def Buffer : Activity<"buffer", "DMA buffer full", "No room in the DMA buffer or its burst table.", "#8d6e63">;
def Weights : Activity<"weights", "waiting for weights", "The array waits for the weights of the next block.", "#ef6c00">;
def Latency : Activity<"latency", "own pipeline", "Waits for its own pipeline.", "#78909c">;
def Fetch : Activity<"fetch", "waiting for instructions", "The next instruction is not in the instruction buffer.", "#5d4037">;
def Queue : ActivityOfUnit<"queue_UNIT", "queue of the TITLE full", "The queue of the TITLE is full.",
  ["#64b5f6", "#80deea", "#c5e1a5", "#fff59d"]>;
def Control : Activity<"control", "loops and calls", "Bookkeeping of loops, calls and returns.", "#3949ab">;
def Drain : Activity<"drain", "last instructions", "Waits for the units before halt or trap.", "#bcaaa4">;

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

def LoadBytes : Counter<"load_bytes", "bytes", "Bytes of the load DMA's requests on the memory ports, alignment included.">;
def StoreBytes : Counter<"store_bytes", "bytes", "Bytes of the store DMA's requests on the memory ports, alignment included.">;
def FetchBytes : Counter<"fetch_bytes", "bytes", "Bytes of the instruction buffer's requests on the memory ports.">;
