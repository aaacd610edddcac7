// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All ops of the isa dialect: the program that holds instructions, and the generated instructions.

#ifndef TILEWORK_DIALECTS_ISA_ISAOPS
#define TILEWORK_DIALECTS_ISA_ISAOPS

include "dialects/isa/ISADialect.td"
include "dialects/isa/ISAInstructionOps.td"

def ISA_ProgramOp : Op<ISA_Dialect, "program", [Symbol, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "instructions in the order of the encoded program";
  let description = [{
    The n-th op of the body is instruction n. The verifier checks what needs no machine state: loop bodies are not empty,
    end inside the program and nest; calls name an instruction.

    Example:

    ```mlir
    isa.program @main {
      isa.loop trip_source = immediate, count = 4, length = 1
      isa.null wait_load = 0, unit = array
      isa.halt
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

#endif // TILEWORK_DIALECTS_ISA_ISAOPS
