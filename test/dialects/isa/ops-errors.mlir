// RUN: tilework-opt %s --split-input-file --verify-diagnostics

isa.program @unknown_field {
  // expected-error @+1 {{'load' has no field 'row'}}
  isa.load row = 1
}

// -----

isa.program @no_field {
  isa.load
  // expected-error @+1 {{expected a field of 'load'; at least one must be given}}
  isa.halt
}

// -----

isa.program @twice {
  // expected-error @+1 {{field 'rows' is there twice}}
  isa.load rows = 1, rows = 2
}

// -----

isa.program @wrong_register {
  // expected-error @+1 {{tile: expected a register a0 to a31}}
  isa.load tile = e1
}

// -----

isa.program @too_large {
  // expected-error @+1 {{rows: expected a number from 0 to 65535 or an extent register e0 to e15}}
  isa.load rows = 65536
}

// -----

isa.program @unknown_case {
  // expected-error @+1 {{side: expected one of rows, columns}}
  isa.matmul side = left
}

// -----

isa.program @no_step {
  // expected-error @+1 {{update0: expected a register and a step, as in `a3 by -64`}}
  isa.loop count = 1, length = 1, update0 = a1
}

// -----

isa.program @empty_body {
  // expected-error @+1 {{'isa.loop' op has an empty body}}
  isa.loop count = 1, length = 0
}

// -----

isa.program @past_the_end {
  // expected-error @+1 {{'isa.loop' op has a body of 2 instructions, 1 follow}}
  isa.loop count = 1, length = 2
  isa.halt
}

// -----

isa.program @crossing {
  isa.loop count = 1, length = 2
  isa.null unit = load
  // expected-error @+1 {{'isa.loop' op ends 1 instructions behind the loop around it}}
  isa.loop count = 1, length = 1
  isa.halt
}

// -----

isa.program @call_of_nothing {
  // expected-error @+1 {{'isa.call' op calls instruction 2 of 2}}
  isa.call target = 2
  isa.halt
}

// -----

isa.program @foreign {
  // expected-error @+1 {{'arith.constant' op is no instruction}}
  %0 = arith.constant 1 : i32
}

// -----

// expected-error @+1 {{'isa.halt' op expects parent op 'isa.program'}}
isa.halt

// -----

isa.program @generic_text {
  // expected-error @+1 {{in 'load tile=e1': 1:11: tile: expected a register a0 to a31}}
  "isa.load"() <{instruction = "load tile=e1"}> : () -> ()
}

// -----

isa.program @generic_other {
  // expected-error @+1 {{expected another instruction than 'store'}}
  "isa.load"() <{instruction = "store tile=a1"}> : () -> ()
}
