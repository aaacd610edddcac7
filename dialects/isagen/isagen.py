#!/usr/bin/env python3
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generates everything that knows an encoding from the instruction records.

    isagen.py --tblgen llvm-tblgen --root SOURCE --definitions FILE.td
              --output KIND=PATH...

Kinds are the keys of EMITTERS. CMake runs this with the build folder as output.
"""

import argparse
import sys

import cpp
import manual
import mlir_dialect
import python_tables
import records
import systemverilog
import tablegen
from text import write

EMITTERS = {
    "header": cpp.header,
    "tables": cpp.tables,
    "systemverilog": systemverilog.package,
    "field_reader": systemverilog.field_reader,
    "manual": manual.manual,
    "python": python_tables.module,
    "dialect": mlir_dialect.operations,
    "op_list": mlir_dialect.op_list,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tblgen", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--definitions", required=True)
    parser.add_argument("--output", action="append", default=[])
    arguments = parser.parse_args()
    try:
        isa = records.read(tablegen.dump(arguments.tblgen, arguments.root, arguments.definitions))
        for output in arguments.output:
            kind, path = output.split("=", 1)
            write(path, EMITTERS[kind](isa))
    except tablegen.RecordError as error:
        print(f"{arguments.definitions}: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
