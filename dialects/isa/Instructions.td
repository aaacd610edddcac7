// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction set, one record an instruction. Everything that knows an encoding (the isa dialect, the C++ codec and
// assembler, the SystemVerilog package, the SystemC dispatch, the Python tables, the manual) is generated from this file.
// Fields are packed from bit 0 upwards in the order written; the bits that are left over must be zero.

include "dialects/isa/InstructionBase.td"

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes of every instruction.">;
def AddressRegisters : Constant<"address_registers", 32, "Address registers, a0 to a31.">;
def ExtentRegisters : Constant<"extent_registers", 16, "Extent registers, e0 to e15.">;
def ScalarRegisters : Constant<"scalar_registers", 16, "Scalar registers, s0 to s15.">;
def LaunchParameters : Constant<"launch_parameters", 16, "Launch parameters of 32 bits, p0 to p15.">;
def Segments : Constant<"segments", 64, "Segments of off-chip memory, bound at launch.">;
def LoopDepth : Constant<"loop_depth", 6, "Loops that may be active at once, counted across calls.">;
def CallDepth : Constant<"call_depth", 4, "Calls that may be active at once.">;
def Statistics : Constant<"statistics", 4, "Vectors of the row-statistics memory.">;

def Trap : Enumeration<"trap", 3, [
  Case<"none", 0, "The program halted.">,
  Case<"fetch", 1, "Fetch beyond the program.">,
  Case<"illegal_instruction", 2, "Unknown opcode, unknown enumeration value or reserved bits that are not zero.">,
  Case<"bad_register", 3, "A register is unset or points into another memory than the operand needs.">,
  Case<"nesting", 4, "Loops or calls too deep or not properly nested.">,
  Case<"shape", 5, "A window, alignment or type rule of an operand is broken.">,
  Case<"bounds", 6, "A footprint leaves its region.">,
  Case<"watchdog", 7, "No beat, no response, no row, no retire and no instruction executed for `sequencer.watchdog_cycles`.">]>;

def Status : Enumeration<"status", 2, [
  Case<"gather_index", 0, "Bit number: a gather index was out of range and gave a zero row.">,
  Case<"bus_error", 1, "Bit number: a bus response was an error.">]>;

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

def Space : Enumeration<"space", 2, [
  Case<"dram", 0, "Off-chip memory; addresses are byte offsets in a segment that is bound at launch.">,
  Case<"scratchpad", 1, "On-chip operands; addresses are rows of max(rows, columns) lanes of 16 bits.">,
  Case<"accumulator", 2, "Sums; addresses are rows of `columns` lanes of 32 bits.">]>;

def TripSource : Enumeration<"trip_source", 2, [
  Case<"immediate", 0, "`count` iterations.">,
  Case<"parameter", 1, "As many iterations as the launch parameter `index` says.">,
  Case<"extent", 2, "Until the remainder of extent register `index` is zero.">]>;

def TotalSource : Enumeration<"total_source", 1, [
  Case<"immediate", 0, "The total is the field `total`.">,
  Case<"parameter", 1, "The total is the launch parameter `launch_parameter`.">]>;

def UnitName : Enumeration<"unit", 3, [
  Case<"load", 0, "Load DMA.">, Case<"store", 1, "Store DMA.">,
  Case<"array", 2, "Systolic array.">, Case<"vector", 3, "Vector unit.">]>;

def WeightSide : Enumeration<"weight_side", 1, [
  Case<"rows", 0, "A scratchpad row holds one k (int8: one pair of k) for all columns n.">,
  Case<"columns", 1, "A scratchpad row holds one n for all k: the operand enters transposed.">]>;

def MatmulType : Enumeration<"matmul_type", 3, [
  Case<"bf16", 0, "bf16 × bf16 → fp32.">, Case<"int8", 1, "int8 × int8 → int32; a lane carries two k.">]>;

def Accumulate : Enumeration<"accumulate", 2, [
  Case<"never", 0, "The first K block overwrites the accumulator.">,
  Case<"always", 1, "Every K block adds to the accumulator.">,
  Case<"after_first", 2, "Overwrites in the first iteration of the loop at depth `accumulate_loop`, adds in the others.">]>;

def VectorType : Enumeration<"vector_type", 4, [
  Case<"none", 0, "Not there (destination only: nothing is written but statistics).">,
  Case<"bf16", 1, "Scratchpad, one lane an element.">,
  Case<"int8", 2, "Scratchpad, two elements a lane.">,
  Case<"fp32", 3, "Accumulator.">,
  Case<"int32", 4, "Accumulator.">,
  Case<"statistics", 5, "The row-statistics memory read or written along rows: element n is the statistic of row n.">]>;

def Multiply0 : Enumeration<"multiply0", 2, [
  Case<"none", 0, "The stage is the identity.">, Case<"scalar", 1, "× scalar register `multiply0_scalar`.">,
  Case<"statistic", 2, "× the row's statistic `multiply0_statistic`.">]>;

def Add0 : Enumeration<"add0", 2, [
  Case<"none", 0, "The stage is the identity.">, Case<"scalar", 1, "+ scalar register `add0_scalar`.">,
  Case<"column", 2, "+ column operand 0.">, Case<"element", 3, "+ the element operand.">]>;

def Add1 : Enumeration<"add1", 2, [
  Case<"none", 0, "The stage is the identity.">, Case<"statistic", 1, "+ the row's statistic `add1_statistic`.">,
  Case<"minus_statistic", 2, "− the row's statistic `add1_statistic`.">, Case<"element", 3, "+ the element operand.">]>;

def Multiply1 : Enumeration<"multiply1", 2, [
  Case<"none", 0, "The stage is the identity.">, Case<"column", 1, "× column operand 1.">,
  Case<"statistic", 2, "× the row's statistic `multiply1_statistic`.">, Case<"element", 3, "× the element operand.">]>;

def Add2 : Enumeration<"add2", 1, [Case<"none", 0, "The stage is the identity.">, Case<"column", 1, "+ column operand 2.">]>;

def Reduce : Enumeration<"reduce", 2, [
  Case<"none", 0, "No statistics.">, Case<"maximum", 1, "Row maximum into statistic `reduce_statistic`, of the elements as written where the destination is bf16.">,
  Case<"sum", 2, "Row sum into statistic `reduce_statistic`.">,
  Case<"sum_and_squares", 3, "Row sum into statistic `reduce_statistic`, sum of squares into the next one (modulo 4).">]>;

// `takes_operand`: a function of x and y, the operand that `operand` names. `takes_scalar`: it reads `add0_scalar` besides.
def VectorFunction : Enumeration<"vector_function", 5, [
  Case<"identity", 0, "x">, Case<"relu", 1, "max(x, 0)">, Case<"absolute", 2, "|x|">, Case<"square", 3, "x·x">,
  Case<"exponential", 4, "e^x">, Case<"reciprocal", 5, "1/x">, Case<"reciprocal_square_root", 6, "1/√x">,
  Case<"square_root", 7, "√x">, Case<"tanh", 8, "tanh x">, Case<"sigmoid", 9, "1/(1+e^−x)">,
  Case<"silu", 10, "x·sigmoid x">, Case<"erf", 11, "erf x">, Case<"gelu", 12, "x·(1+erf(x/√2))/2">,
  Case<"gelu_tanh", 13, "x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2">, Case<"logarithm", 14, "ln x">,
  Case<"is_nan", 15, "1 where x is NaN, otherwise 0">,
  Case<"maximum", 16, "the larger of x and y", ["takes_operand"]>,
  Case<"minimum", 17, "the smaller of x and y", ["takes_operand"]>,
  Case<"equal", 18, "1 where x = y, otherwise 0", ["takes_operand"]>,
  Case<"less", 19, "1 where x < y, otherwise 0", ["takes_operand"]>,
  Case<"less_or_equal", 20, "1 where x ≤ y, otherwise 0", ["takes_operand"]>,
  Case<"greater", 21, "1 where x > y, otherwise 0", ["takes_operand"]>,
  Case<"greater_or_equal", 22, "1 where x ≥ y, otherwise 0", ["takes_operand"]>,
  Case<"replace_nan", 23, "y where x is NaN, otherwise x", ["takes_operand"]>,
  Case<"select", 24, "x where y ≠ 0, otherwise scalar register `add0_scalar`", ["takes_operand", "takes_scalar"]>,
  Case<"replace", 25, "scalar register `add0_scalar` where y ≠ 0, otherwise x", ["takes_operand", "takes_scalar"]>]>;

def FunctionOperand : Enumeration<"function_operand", 2, [
  Case<"scalar", 0, "Scalar register `add0_scalar`.">, Case<"column", 1, "Column operand 1.">,
  Case<"statistic", 2, "The row's statistic `multiply1_statistic`.">, Case<"element", 3, "The element operand.">]>;

//===----------------------------------------------------------------------===//
// Sequencer instructions: take effect at dispatch, in the sequencer itself
//===----------------------------------------------------------------------===//

def HaltInst : SequencerInstruction<"halt", 0, "ends the program when every unit has retired all that it was given"> {
  let fields = [];
}

def SetAddressInst : SequencerInstruction<"set_address", 1, "initialises an address register"> {
  let fields = [
    AddressRegister<"destination", "the register set">,
    Enum<"space", Space, "the memory that it points into">,
    Unsigned<"segment", 6, "dram: the binding whose base is added; otherwise 0">,
    Unsigned<"value", 40, "start: bytes in the segment (dram) or rows (scratchpad, accumulator)">,
    Signed<"stride", 32, "distance of consecutive tile rows, in the same unit">,
    Signed<"block_stride", 32, "distance of consecutive blocks of one row width (scratchpad, accumulator) or outer slices (dram)">,
    Unsigned<"wrap", 32, "ring length; 0 for a register that does not wrap">,
    Unsigned<"limit", 40, "first address past the region: no footprint reaches it">];
}

def CopyAddressInst : SequencerInstruction<"copy_address", 2, "copies an address register and moves the copy"> {
  let fields = [
    AddressRegister<"destination", "the register written">,
    AddressRegister<"source", "the register read">,
    Signed<"offset", 40, "added to the copied value; a ring wraps">];
}

def OffsetAddressInst : SequencerInstruction<"offset_address", 3, "moves an address register by a multiple of a launch parameter"> {
  let fields = [
    AddressRegister<"destination", "the register moved">,
    LaunchParameter<"launch_parameter", "the launch parameter">,
    Signed<"multiplier", 32, "value += launch parameter × multiplier">];
}

def SetExtentInst : SequencerInstruction<"set_extent", 4, "initialises an extent register: reads min(tile, remaining)"> {
  let fields = [
    ExtentRegister<"destination", "the register set; its remainder becomes the total">,
    Unsigned<"tile", 24, "what one iteration takes">,
    Enum<"total_source", TotalSource, "where the total comes from">,
    Unsigned<"total", 24, "the total when it is immediate; otherwise 0">,
    LaunchParameter<"launch_parameter", "the launch parameter that holds the total; otherwise 0">];
}

def SetScalarInst : SequencerInstruction<"set_scalar", 5, "sets a scalar register"> {
  let fields = [ScalarRegister<"destination", "the register set">, Float<"value", "its fp32 value">];
}

def LoopInst : SequencerInstruction<"loop", 6, "repeats the next `length` instructions"> {
  let description = [{
    On entry the listed extent registers are reset to their totals. At the end of each iteration every listed extent's
    remainder falls by its tile, and every update adds its step to its address register. When the loop ends, updated
    registers that do not wrap return to their value at entry, rings stay where they are, extents are reset. With zero
    iterations the body is skipped. Loops nest up to 6 deep across calls; a body of length 0 is illegal.
  }];
  let fields = [
    Enum<"trip_source", TripSource, "where the number of iterations comes from">,
    Unsigned<"count", 24, "iterations when immediate; otherwise 0">,
    Unsigned<"index", 4, "launch parameter or extent register; otherwise 0">,
    BodyLength<"length", 16, "instructions in the body">,
    OptionalExtent<"extent0", "an extent register advanced by the loop">,
    OptionalExtent<"extent1", "an extent register advanced by the loop">,
    Update<"update0">, Update<"update1">, Update<"update2">, Update<"update3">, Update<"update4">, Update<"update5">];
}

def CallInst : SequencerInstruction<"call", 7, "runs a routine"> {
  let fields = [
    InstructionIndex<"target", 24, "instruction index of the routine">,
    Unsigned<"context_id", 16, "call context in retire records and provenance until the return">];
}

def ReturnInst : SequencerInstruction<"return", 8, "goes back behind the last call, at the loop depth of that call"> {
  let fields = [];
}

//===----------------------------------------------------------------------===//
// Unit instructions: every one begins with its four waits
//===----------------------------------------------------------------------===//

def NullInst : UnitInstruction<"null", 16, "carries waits only"> {
  let fields = Waits<>.fields # [Enum<"unit", UnitName, "the unit that retires it">];
}

class DmaTileFields {
  list<Field> fields = Waits<>.fields # [
    AddressRegister<"dram", "dram operand">, Signed<"dram_offset", 32, "added to its value, bytes">,
    AddressRegister<"tile", "scratchpad operand">, Unsigned<"tile_offset", 20, "added to its value, rows">,
    Unsigned<"tile_first", 9, "first byte in the row">,
    Extent<"outer", "outer slices">, Extent<"rows", "rows of the tile">, Extent<"elements", "elements of a row">,
    Unsigned<"element_log2_bytes", 2, "log2 of the bytes of an element: 0, 1 or 2">,
    Unsigned<"outer_stride", 20, "scratchpad rows from one outer slice to the next">];
}

def LoadInst : UnitInstruction<"load", 17, "copies a strided tile from dram to the scratchpad"> {
  let unit = "load";
  let fields = DmaTileFields<>.fields;
}

def StoreInst : UnitInstruction<"store", 18, "copies a strided tile from the scratchpad to dram"> {
  let unit = "store";
  let fields = DmaTileFields<>.fields;
}

def GatherInst : UnitInstruction<"gather", 19, "loads table rows named by a list of int32 indices in dram"> {
  let unit = "load";
  let fields = Waits<>.fields # [
    AddressRegister<"indices", "dram operand: contiguous int32 indices, one a row">,
    Signed<"indices_offset", 32, "added to its value, bytes">,
    AddressRegister<"dram", "dram operand: the table; its stride is the distance of table rows">,
    Signed<"dram_offset", 32, "added to its value, bytes">,
    AddressRegister<"tile", "scratchpad operand">, Unsigned<"tile_offset", 20, "added to its value, rows">,
    Unsigned<"tile_first", 9, "first byte in the row">,
    Extent<"rows", "rows gathered">, Extent<"elements", "elements of a row">,
    Unsigned<"element_log2_bytes", 2, "log2 of the bytes of an element: 0, 1 or 2">,
    Unsigned<"bound", 24, "rows in the table: an index outside gives a zero row and sticky status">];
}

def MatmulInst : UnitInstruction<"matmul", 20, "multiplies a tile of activations by a tile of weights into the accumulator"> {
  let unit = "array";
  let fields = Waits<>.fields # [
    AddressRegister<"activations", "scratchpad operand, M rows of K elements">,
    Unsigned<"activations_offset", 20, "added to its value, rows">,
    Unsigned<"activations_first", 9, "first byte in the row">,
    AddressRegister<"weights", "scratchpad operand, K×N by `side`">,
    Unsigned<"weights_offset", 20, "added to its value, rows">,
    Unsigned<"weights_first", 9, "first byte in the row">,
    AddressRegister<"sums", "accumulator operand, M rows of N elements">,
    Unsigned<"sums_offset", 16, "added to its value, rows">,
    Extent<"rows", "M">, Extent<"columns", "N">, Extent<"depth", "K">,
    Enum<"side", WeightSide, "how the weights lie">,
    Enum<"operand_type", MatmulType, "operand type">,
    Enum<"accumulate", Accumulate, "what the first K block does">,
    Unsigned<"accumulate_loop", 3, "loop depth (0 outermost) for after_first; otherwise 0">];
}

def VectorInst : UnitInstruction<"vector", 21, "runs a chain of element operations over a tile"> {
  let unit = "vector";
  let fields = Waits<>.fields # [
    AddressRegister<"source", "scratchpad or accumulator operand">,
    Unsigned<"source_offset", 14, "added to its value, rows; of type statistics: which one">, Unsigned<"source_first", 8, "first element in the row">,
    AddressRegister<"element", "scratchpad or accumulator operand of the element stage">,
    Unsigned<"element_offset", 14, "added to its value, rows; of type statistics: which one">, Unsigned<"element_first", 8, "first element in the row">,
    AddressRegister<"destination", "scratchpad or accumulator operand">,
    Unsigned<"destination_offset", 14, "added to its value, rows; of type statistics: which one">, Unsigned<"destination_first", 8, "first element in the row">,
    AddressRegister<"column0", "scratchpad operand: one bf16 row vector">, Unsigned<"column0_offset", 13, "rows">,
    AddressRegister<"column1", "scratchpad operand: one bf16 row vector">, Unsigned<"column1_offset", 13, "rows">,
    AddressRegister<"column2", "scratchpad operand: one bf16 row vector">, Unsigned<"column2_offset", 13, "rows">,
    Extent<"rows", "M">, Extent<"columns", "N">,
    Enum<"source_type", VectorType, "type and place of the source">,
    Enum<"element_type", VectorType, "type and place of the element operand">,
    Enum<"destination_type", VectorType, "type and place of the destination">,
    Enum<"multiply0", Multiply0, "first stage">, Enum<"add0", Add0, "second stage">, Enum<"add1", Add1, "third stage">,
    Enum<"func", VectorFunction, "fourth stage">, Enum<"multiply1", Multiply1, "fifth stage">,
    Enum<"add2", Add2, "sixth stage">, Enum<"reduce", Reduce, "row statistics of the result">,
    Flag<"reduce_accumulate", "combine with the statistic that is there instead of starting anew">,
    ScalarRegister<"multiply0_scalar", "scalar of the first stage">,
    ScalarRegister<"add0_scalar", "scalar of the second and the fourth stage">,
    Unsigned<"multiply0_statistic", 2, "row scalar of the first stage">,
    Unsigned<"add1_statistic", 2, "row scalar of the third stage">,
    Unsigned<"multiply1_statistic", 2, "row scalar of the fourth and the fifth stage">,
    Unsigned<"reduce_statistic", 2, "statistic that takes the reduction">,
    Unsigned<"statistics_base", 6, "row 0 of the tile is entry statistics_base × lanes of the statistics memory">,
    Enum<"operand", FunctionOperand, "second operand of the fourth stage">];
}
