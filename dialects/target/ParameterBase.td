// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The classes that Parameters.td is written in.

#ifndef TILEWORK_DIALECTS_TARGET_PARAMETERBASE
#define TILEWORK_DIALECTS_TARGET_PARAMETERBASE

// Legality: stored in the program with a hash and checked by every engine. Planning: the compiler looks at it, the program
// runs with any value. Timing: changes cycles only. Cost: changes neither the program nor its cycles.
class ParameterClass<string n> {
  string name = n;
}
def Legality : ParameterClass<"legality">;
def Planning : ParameterClass<"planning">;
def Timing : ParameterClass<"timing">;
def Cost : ParameterClass<"cost">;

class Block<string n, string s> {
  string name = n;
  string sentence = s;
}

// `affects` says what a change of the value changes.
class Parameter<Block b, string n, ParameterClass c, string s, string a> {
  Block block = b;
  string name = n;
  ParameterClass class_of = c;
  string sentence = s;
  string affects = a;
  string unit = "";
  // The localparam of tw_config_pkg; empty: the RTL does not depend on it.
  string rtl = "";
  // The field of the view of the off-chip memory; empty: that does not depend on it.
  string memory = "";
  // The figure of Target that views of numbers hold in place of the value, and what it is at the default: rows for bytes.
  string figure = "";
  int figure_default = 0;
}

class Integer<Block b, string n, ParameterClass c, int d, int low, int high, string s, string a>
    : Parameter<b, n, c, s, a> {
  int default_value = d;
  int minimum = low;
  int maximum = high;
  bit power_of_two = 0;
  // The DRAM standard gives the value unless it is set by hand.
  bit from_standard = 0;
}

class PowerOfTwo<Block b, string n, ParameterClass c, int d, int low, int high, string s, string a>
    : Integer<b, n, c, d, low, high, s, a> {
  let power_of_two = 1;
}

class Choice<Block b, string n, ParameterClass c, string d, list<string> names, string s, string a>
    : Parameter<b, n, c, s, a> {
  string default_value = d;
  list<string> choices = names;
}

// A kind of memory: what one channel of it is like. The values are defaults of the dram parameters of the same names.
class DramStandard<string n, int bus_bits, int mega_transfers, int burst> {
  string name = n;
  int channel_bits = bus_bits;
  int channel_bandwidth_bytes_per_s = !div(!mul(mega_transfers, !mul(1000000, bus_bits)), 8);
  int access_bytes = !div(!mul(burst, bus_bits), 8);
  int read_latency_ps = 150000;
  int write_latency_ps = 50000;
  int read_to_write_ps = 15000;
  int write_to_read_ps = 30000;
  string source = ?;
}

#endif // TILEWORK_DIALECTS_TARGET_PARAMETERBASE
