// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The classes that Instructions.td is written in. The generator (dialects/recordgen) reads the records as JSON and refuses
// what does not hold together: overlapping or missing bits, a value that does not fit, a field without a sentence.

#ifndef TILEWORK_DIALECTS_ISA_INSTRUCTIONBASE
#define TILEWORK_DIALECTS_ISA_INSTRUCTIONBASE

// A number of the machine that software must know.
class Constant<string n, int v, string s> {
  string name = n;
  int value = v;
  string sentence = s;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

// `p` names what else is so of a case: the generated code answers each as a question about a value.
class Case<string n, int v, string s, list<string> p = []> {
  string name = n;
  int value = v;
  string sentence = s;
  list<string> properties = p;
}

class Enumeration<string n, int w, list<Case> c> {
  string name = n;
  int width = w;
  list<Case> cases = c;
}

//===----------------------------------------------------------------------===//
// Fields: the kind says how a field is typed, written and checked
//===----------------------------------------------------------------------===//

class Field<string k, string n, int w, string s> {
  string kind = k;
  string name = n;
  int width = w;
  string sentence = s;
}

class AddressRegister<string n, string s> : Field<"address_register", n, 5, s>;
class ExtentRegister<string n, string s> : Field<"extent_register", n, 4, s>;
class ScalarRegister<string n, string s> : Field<"scalar_register", n, 4, s>;
class LaunchParameter<string n, string s> : Field<"launch_parameter", n, 4, s>;
class Unsigned<string n, int w, string s> : Field<"unsigned", n, w, s>;
class Signed<string n, int w, string s> : Field<"signed", n, w, s>;  // two's complement
class Float<string n, string s> : Field<"float", n, 32, s>;          // IEEE-754 binary32
class Flag<string n, string s> : Field<"flag", n, 1, s>;

class Enum<string n, Enumeration e, string s> : Field<"enumeration", n, e.width, s> {
  Enumeration enumeration = e;
}

// Instructions in a loop's body: labels may stand for it in assembly.
class BodyLength<string n, int w, string s> : Field<"body_length", n, w, s>;

// Index of an instruction in the program: labels may stand for it in assembly.
class InstructionIndex<string n, int w, string s> : Field<"instruction_index", n, w, s>;

// Bit 16 clear: bits 15..0 are the number. Bit 16 set: bits 3..0 name an extent register, bits 15..4 are zero.
class Extent<string n, string s> : Field<"extent", n, 17, s>;

// Bit 0 set: bits 4..1 name an extent register. Bit 0 clear: absent, all bits are zero.
class OptionalExtent<string n, string s> : Field<"optional_extent", n, 5, s>;

// Bits 4..0 name an address register, bits 31..5 are a signed step. A step of zero is no update.
class Update<string n> : Field<"update", n, 32, "an address register and the signed step added to it after every iteration">;

// Bits that are zero, kept for a field to come. They have no name and no place in any struct.
class Reserved<int w, string s> : Field<"reserved", "", w, s>;

def WaitBits : Constant<"wait_bits", 5, "Bits of a wait; its distance is at most 2^bits − 2.">;

// 0: no wait; k + 1: until the unit has retired all but the last k instructions dispatched to it before this one.
class Wait<string u> : Field<"wait", "wait_" # u, WaitBits.value, "wait for the " # u # " unit: 0 none, k + 1 all but its last k"> {
  string unit = u;
}

class Waits {
  list<Field> fields = [Wait<"load">, Wait<"store">, Wait<"array">, Wait<"vector">, Reserved<WaitBits.value, "room for a fifth unit's wait">];
}

//===----------------------------------------------------------------------===//
// Instructions: 256 bits, the opcode in bits 5..0, then the fields in order; the bits left over are zero
//===----------------------------------------------------------------------===//

class Instruction<string m, int o, string s> {
  string mnemonic = m;
  int opcode = o;
  string sentence = s;
  string description = "";
  list<Field> fields = [];
  // Who retires it: sequencer, load, store, array or vector; empty: its field `unit` says so.
  string unit = "";
}

class SequencerInstruction<string m, int o, string s> : Instruction<m, o, s> {
  let unit = "sequencer";
}

class UnitInstruction<string m, int o, string s> : Instruction<m, o, s>;

#endif // TILEWORK_DIALECTS_ISA_INSTRUCTIONBASE
