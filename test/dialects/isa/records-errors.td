// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every rule of the records has a program that breaks it: the generator names the record.
//
// RUN: split-file %s %t
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/opcode.td 2>&1 | FileCheck %t/opcode.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/bits.td 2>&1 | FileCheck %t/bits.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/sentence.td 2>&1 | FileCheck %t/sentence.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/fit.td 2>&1 | FileCheck %t/fit.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/value.td 2>&1 | FileCheck %t/value.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/reserved.td 2>&1 | FileCheck %t/reserved.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/waits.td 2>&1 | FileCheck %t/waits.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/units.td 2>&1 | FileCheck %t/units.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/twice.td 2>&1 | FileCheck %t/twice.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/registers.td 2>&1 | FileCheck %t/registers.td
// RUN: not %python -B %source/dialects/recordgen/isagen.py --tblgen llvm-tblgen --root %source --definitions %t/syntax.td 2>&1 | FileCheck %t/syntax.td

//--- opcode.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def OneInst : SequencerInstruction<"one", 3, "does one thing">;
def TwoInst : SequencerInstruction<"two", 3, "does another">;
// CHECK: error: opcodes: '3' is there twice

//--- bits.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def WideInst : SequencerInstruction<"wide", 1, "has too many bits"> {
  let fields = [Unsigned<"a", 64, "a">, Unsigned<"b", 64, "b">, Unsigned<"c", 64, "c">, Unsigned<"d", 59, "d">];
}
// CHECK: error: instruction WideInst: 257 bits, an instruction has 256

//--- sentence.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def MuteInst : SequencerInstruction<"mute", 1, "says nothing of its field"> {
  let fields = [Unsigned<"a", 4, "">];
}
// CHECK: error: instruction MuteInst.a: needs a sentence

//--- fit.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def Kind : Enumeration<"kind", 1, [Case<"none", 0, "None.">, Case<"other", 2, "Other.">]>;
// CHECK: error: enumeration Kind: other = 2 does not fit 1 bits

//--- value.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def Kind : Enumeration<"kind", 2, [Case<"none", 1, "None.">, Case<"other", 1, "Other.">]>;
// CHECK: error: enumeration Kind: '1' is there twice

//--- reserved.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def NameInst : SequencerInstruction<"name", 1, "has a field that SystemVerilog cannot spell"> {
  let fields = [Unsigned<"table", 4, "a table">];
}
// CHECK: error: instruction NameInst: 'table' is reserved in C++, SystemVerilog or Python

//--- waits.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def HastyInst : UnitInstruction<"hasty", 1, "does not wait"> {
  let unit = "load";
}
def UnitName : Enumeration<"unit", 1, [Case<"load", 0, "Load DMA.">]>;
// CHECK: error: instruction HastyInst: a unit instruction opens with its waits, one for each unit

//--- units.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def LostInst : UnitInstruction<"lost", 1, "has no unit to go to"> {
  let unit = "load";
}
// CHECK: error: instruction LostInst: no enumeration of the name 'unit' lists the units

//--- twice.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def SameInst : SequencerInstruction<"same", 1, "has two fields of one name"> {
  let fields = [Unsigned<"a", 4, "one">, Unsigned<"a", 4, "two">];
}
// CHECK: error: instruction SameInst: 'a' is there twice

//--- registers.td
include "dialects/isa/InstructionBase.td"
def InstructionBytes : Constant<"instruction_bytes", 32, "Bytes.">;
def AddressRegisters : Constant<"address_registers", 16, "Too few.">;
def FarInst : SequencerInstruction<"far", 1, "names a register that is not there"> {
  let fields = [AddressRegister<"a", "a register">];
}
// CHECK: error: Far.a: 5 bits for 16 registers

//--- syntax.td
include "dialects/isa/InstructionBase.td"
def Broken : Nothing;
// CHECK: syntax.td
// CHECK-SAME: error
