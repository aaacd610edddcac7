# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of every generator: records in, one file for each output out."""

import argparse
import sys

import tablegen
from text import write


def run(description, read, emitters, add_options=None):
    """Reads the records with `read` and writes each output with its emitter; the exit status.

    `add_options` adds options of the generator's own to the parser; then emitters take
    the parsed arguments too.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--tblgen", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--definitions", required=True)
    parser.add_argument("--output", action="append", default=[], metavar="KIND=PATH")
    if add_options:
        add_options(parser)
    arguments = parser.parse_args()
    try:
        found = read(tablegen.dump(arguments.tblgen, arguments.root, arguments.definitions))
        for output in arguments.output:
            kind, path = output.split("=", 1)
            emit = emitters[kind]
            write(path, emit(found, arguments) if add_options else emit(found))
    except tablegen.RecordError as error:
        print(f"{arguments.definitions}: error: {error}", file=sys.stderr)
        return 1
    return 0
