# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The instruction set as the SystemVerilog package tw_isa_pkg."""

from records import OPCODE_BITS
from text import camel, fill

# Fields without a type of their own: the RTL asks how wide they are.
NUMBER_KINDS = ("unsigned", "signed", "body_length", "instruction_index")


def snake(name):
    """SetAddress -> set_address"""
    out = ""
    for letter in name:
        out += ("_" if out and letter.isupper() else "") + letter.lower()
    return out


def type_of(field):
    if field.kind == "enumeration":
        return f"{snake(field.enumeration.definition)}_e"
    if field.kind in ("extent", "optional_extent", "update"):
        return f"{field.kind}_t"
    sign = "signed " if field.is_signed else ""
    if field.width == 1:
        return "logic"
    return f"logic {sign}[{field.width - 1}:0]"


def enumeration(e):
    name = snake(e.definition)
    out = [f"  typedef enum logic [{e.width - 1}:0] {{"]
    last = len(e.cases) - 1
    for n, c in enumerate(e.cases):
        comma = "" if n == last else ","
        out.append(
            f"    {e.definition}{camel(c.name)} = {e.width}'d{c.value}{comma}  // {c.sentence}"
        )
    return "\n".join(out + [f"  }} {name}_e;", ""])


def question(e, name, cases):
    """Whether a value is one of `cases`."""
    values = ", ".join(f"{e.width}'d{c.value}" for c in cases)
    return "\n".join(
        [
            f"  function automatic logic {snake(e.definition)}_{name}(logic [{e.width - 1}:0] value);",
            "    case (value)",
            f"      {values}: return 1'b1;",
            "      default: return 1'b0;",
            "    endcase",
            "  endfunction",
            "",
        ]
    )


def questions(isa, e):
    """Legality, where not every value has a case, and properties."""
    asked = dict(e.properties)
    if not e.is_full and used(isa, e):
        asked = {"is_legal": e.cases, **asked}
    return [question(e, name, cases) for name, cases in asked.items()]


def structure(i):
    """Packed structs list the highest bits first."""
    members = {
        f.lsb: f"    {type_of(f)} {f.name};  // {f.msb}:{f.lsb} {f.sentence}" for f in i.fields
    }
    for n, g in enumerate(i.gaps):
        members[g.lsb] = (
            f"    logic [{g.width - 1}:0] reserved{n};  // {g.msb}:{g.lsb} {g.sentence}"
        )
    out = [f"  // {i.sentence}", "  typedef struct packed {"]
    out += [members[lsb] for lsb in sorted(members, reverse=True)]
    out.append("    opcode_e opcode;")
    return "\n".join(out + [f"  }} {snake(i.definition)}_inst_t;", ""])


def field_is_legal(f):
    """The condition on a field's bits, or None when all of them are legal."""
    bits = f"word[{f.msb}:{f.lsb}]"
    if f.kind == "enumeration" and not f.enumeration.is_full:
        return f"{snake(f.enumeration.definition)}_is_legal({bits})"
    if f.kind == "extent":
        return f"extent_is_legal({bits})"
    if f.kind == "optional_extent":
        return f"optional_extent_is_legal({bits})"
    return None


def instruction_is_legal(i):
    terms = [f"word[{g.msb}:{g.lsb}] == '0" for g in i.gaps]
    terms += [t for t in map(field_is_legal, i.fields) if t]
    condition = " &&\n            ".join(terms) or "1'b1"
    return f"      Op{i.definition}:\n        return {condition};"


def unit_of(i):
    if i.is_sequencer:
        return None
    if i.unit:
        return f"      Op{i.definition}: return UnitName{camel(i.unit)};"
    f = next(f for f in i.fields if f.name == "unit")
    return f"      Op{i.definition}: return unit_name_e'(word[{f.msb}:{f.lsb}]);"


def package(isa):
    opcodes = ",\n".join(
        f"    Op{i.definition} = {OPCODE_BITS}'d{i.opcode}" for i in isa.instructions
    )
    constants = "\n".join(
        f"  localparam int unsigned {c.definition} = {c.value};  // {c.sentence}"
        for c in isa.constants
    )
    widths = "\n".join(
        f"  localparam int unsigned {i.definition}{camel(f.name)}Width = {f.width};"
        for i in isa.instructions
        for f in i.fields
        if f.kind in NUMBER_KINDS
    )
    names = [snake(i.definition) for i in isa.instructions]
    width = max(len(n) for n in names)
    members = "\n".join(f"    {n}_inst_t{' ' * (width - len(n))} {n}_inst;" for n in names)
    sequencer = ", ".join(f"Op{i.definition}" for i in isa.instructions if i.is_sequencer)
    return fill(
        "tw_isa_pkg.sv.in",
        constants=constants,
        widths=widths,
        opcodes=opcodes,
        enumerations="\n".join(enumeration(e) for e in isa.enumerations),
        structures="\n".join(structure(i) for i in isa.instructions),
        members=members,
        questions="\n".join(q for e in isa.enumerations for q in questions(isa, e)),
        legal_instructions="\n".join(instruction_is_legal(i) for i in isa.instructions),
        units="\n".join(u for u in map(unit_of, isa.instructions) if u),
        sequencer=sequencer,
    )


def used(isa, e):
    return any(f.enumeration is e for i in isa.instructions for f in i.fields)


def field_reader(isa):
    """The n-th field of an instruction's struct: what a bench holds against C++."""
    out = []
    for i in isa.instructions:
        if not i.fields:
            continue
        out.append(f"      Op{i.definition}:")
        out.append("        case (index_i)")
        member = f"instruction.{snake(i.definition)}_inst"
        for n, f in enumerate(i.fields):
            out.append(f"          6'd{n}: value_o = 64'({f.width}'({member}.{f.name}));")
        out.append("          default: value_o = '0;")
        out.append("        endcase")
    return fill("tw_isa_fields.sv.in", cases="\n".join(out))
