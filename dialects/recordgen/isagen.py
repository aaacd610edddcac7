#!/usr/bin/env python3
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generates everything that knows an encoding from the instruction records.

    isagen.py --tblgen llvm-tblgen --root SOURCE --definitions FILE.td
              --output KIND=PATH...

Kinds are the keys of EMITTERS. CMake runs this with the build folder as output.
"""

import sys

import cpp
import driver
import manual
import mlir_dialect
import python_tables
import records
import systemverilog

EMITTERS = {
    "header": cpp.header,
    "tables": cpp.tables,
    "list": cpp.instruction_list,
    "systemverilog": systemverilog.package,
    "field_reader": systemverilog.field_reader,
    "manual": manual.manual,
    "python": python_tables.module,
    "dialect": mlir_dialect.operations,
    "op_list": mlir_dialect.op_list,
}


if __name__ == "__main__":
    sys.exit(driver.run(__doc__, records.read, EMITTERS))
