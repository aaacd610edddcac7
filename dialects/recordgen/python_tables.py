# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The instruction set as Python literals: the module tilework._isa."""

import pprint

from text import fill


def field(f):
    out = {"name": f.name, "kind": f.kind, "lsb": f.lsb, "width": f.width}
    if f.enumeration:
        out["enumeration"] = f.enumeration.name
    out["sentence"] = f.sentence
    return out


def module(isa):
    instructions = {
        i.mnemonic: {
            "opcode": i.opcode,
            "unit": i.unit or None,
            "sentence": i.sentence,
            "fields": [field(f) for f in i.fields],
        }
        for i in isa.instructions
    }
    enumerations = {e.name: {c.name: c.value for c in e.cases} for e in isa.enumerations}
    constants = {c.name: c.value for c in isa.constants}

    def show(value):
        return pprint.pformat(value, sort_dicts=False, width=100)

    return fill(
        "isa.py.in",
        constants=show(constants),
        enumerations=show(enumerations),
        instructions=show(instructions),
    )
