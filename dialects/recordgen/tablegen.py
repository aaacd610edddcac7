# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the records of a .td file as llvm-tblgen dumps them, in source order."""

import json
import subprocess


class RecordError(Exception):
    """A record breaks a rule; the message names the record and the remedy."""


def dump(tblgen, root, definitions):
    """Returns the parsed JSON of all records of `definitions`."""
    command = [tblgen, "--dump-json", "-I", root, definitions]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RecordError(result.stderr.strip())
    return json.loads(result.stdout)


def line_of(record):
    """The line that a record was written on; `!locs` ends with file:line."""
    return int(record["!locs"][-1].rsplit(":", 1)[1])


def definitions_of(records, name):
    """The named definitions of a class, in the order of the source."""
    found = [records[n] for n in records["!instanceof"].get(name, [])]
    return sorted((r for r in found if not r["!anonymous"]), key=line_of)


def follow(records, reference):
    return records[reference["def"]]


def dedent(text):
    """The lines of a multi-line sentence, without what indents them all."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join(lines)
