# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The manual of the instruction set: ISA.md."""

from records import OPCODE_BITS, Gap
from text import fill

TYPES = {
    "address_register": "address register",
    "extent_register": "extent register",
    "scalar_register": "scalar register",
    "launch_parameter": "launch parameter",
    "unsigned": "unsigned",
    "signed": "signed",
    "float": "fp32",
    "flag": "flag",
    "body_length": "length of a body",
    "instruction_index": "instruction index",
    "extent": "extent",
    "optional_extent": "optional extent",
    "update": "update",
    "wait": "wait",
}


def sentence(text):
    return text[:1].upper() + text[1:]


def field_type(f):
    if f.kind == "enumeration":
        return f"[{f.enumeration.name}](#{f.enumeration.name})"
    return TYPES[f.kind]


def row(part):
    where = f"{part.msb}:{part.lsb}" if part.width > 1 else f"{part.lsb}"
    if isinstance(part, Gap):
        return f"| {where} | | | {sentence(part.sentence)} |"
    return f"| {where} | `{part.name}` | {field_type(part)} | {sentence(part.sentence)} |"


def instruction(i):
    who = {"sequencer": "the sequencer", "": "the unit that its field `unit` names"}
    owner = who.get(i.unit, f"the {i.unit} unit")
    out = [f"### {i.mnemonic}", "", f"{sentence(i.sentence)}. Opcode {i.opcode}, "]
    out[-1] += f"for {owner}."
    if i.description:
        out += ["", i.description]
    if i.fields:
        out += ["", "| bits | field | type | meaning |", "|---|---|---|---|"]
        out += [row(part) for part in sorted(i.fields + i.gaps, key=lambda part: part.lsb)]
    return "\n".join(out + [""])


def enumeration(e):
    out = [f"### {e.name}", "", "| value | name | meaning |", "|---|---|---|"]
    out += [f"| {c.value} | `{c.name}` | {sentence(c.sentence)} |" for c in e.cases]
    return "\n".join(out + [""])


def manual(isa):
    used = {id(f.enumeration) for i in isa.instructions for f in i.fields}
    state = [e for e in isa.enumerations if id(e) not in used]
    return fill(
        "ISA.md.in",
        opcode_bits=str(OPCODE_BITS - 1),
        constants="\n".join(f"| `{c.name}` | {c.value} | {c.sentence} |" for c in isa.constants),
        sequencer="\n".join(instruction(i) for i in isa.instructions if i.is_sequencer),
        units="\n".join(instruction(i) for i in isa.instructions if not i.is_sequencer),
        enumerations="\n".join(enumeration(e) for e in isa.enumerations if id(e) in used),
        reports="\n".join(enumeration(e) for e in state),
    )
