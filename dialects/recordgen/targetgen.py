#!/usr/bin/env python3
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generates everything that lists hardware parameters from their records.

    targetgen.py --tblgen llvm-tblgen --root SOURCE --definitions FILE.td
                 [--preset FILE.yaml]... --output KIND=PATH...

Kinds are the keys of EMITTERS.
"""

import json
import os
import pprint
import sys

import driver
import parameters
from text import camel, fill, literal


def header(target, _arguments):
    structures, members = [], []
    for b in target.blocks:
        out = [f"/// {b.name}: {b.sentence}.", f"struct {camel(b.name)}Parameters {{"]
        for p in b.parameters:
            unit = f" [{p.unit}]" if p.unit else ""
            if p.kind == "choice":
                declaration = f"std::string {p.name} = {literal(p.default)};"
            else:
                declaration = f"uint64_t {p.name} = {p.default}u;"
            out.append(f"  {declaration} ///<{unit} {p.sentence}")
        structures.append("\n".join(out + ["};", ""]))
        members.append(f"  {camel(b.name)}Parameters {b.name};")
    return fill(
        "Parameters.h.in",
        structures="\n".join(structures),
        members="\n".join(members),
    )


def number_fields(named):
    out = []
    for name, p in named:
        value = p.figure_default if p.figure else p.default
        what = f"Target::{p.figure}()" if p.figure else f"[{p.unit}] {p.sentence}"
        out.append(f"  Int {name} = {value}; ///< {what}")
    return "\n".join(out)


def number_reads(named):
    return "\n".join(
        f"  to.{name} = static_cast<Int>("
        + (f"target.{p.figure}()" if p.figure else f"target.{p.block}.{p.name}")
        + ");"
        for name, p in named
    )


def numbers(target, _arguments):
    """The numbers of a chip, by class: each view holds those above it too; and its memory's."""
    views = {
        name: [(p.number, p) for p in target.parameters if p.number and p.class_of == name]
        for name in ("legality", "planning", "timing")
    }
    views["memory"] = [(p.memory, p) for p in target.parameters if p.memory]
    words = {}
    for name, named in views.items():
        words[name] = number_fields(named)
        words[f"{name}_reads"] = number_reads(named)
    return fill("Numbers.h.in", **words)


def cmake(target, _arguments):
    """The localparams of tw_config_pkg with their defaults, for benches that choose their own."""
    pairs = "\n".join(f"  {p.rtl}={p.default}" for p in target.parameters if p.rtl)
    return fill("Parameters.cmake.in", parameters=pairs)


def table_row(p):
    accessor = f"[](Parameters &p) -> {{}} {{{{ return &p.{p.block}.{p.name}; }}}}"
    integer = choice = "nullptr"
    if p.kind == "integer":
        integer = accessor.format("uint64_t *")
    else:
        choice = accessor.format("std::string *")
    default = p.default if p.kind == "integer" else 0
    choices = f"k{camel(p.block)}{camel(p.name)}Choices" if p.choices else "nullptr"
    words = [p.key, p.block, p.name, p.unit, p.sentence, p.affects, p.rtl]
    return (
        f"    {{{', '.join(literal(w) for w in words)}, "
        f"ParameterClass::{camel(p.class_of)}, {default}u, {p.minimum}u, "
        f"{p.maximum}u, {str(p.power_of_two).lower()}, "
        f"{str(p.from_standard).lower()}, {choices}, {len(p.choices)}, "
        f"{integer}, {choice}}},"
    )


def tables(target, arguments):
    out = []
    for p in target.parameters:
        if p.choices:
            names = ", ".join(literal(c) for c in p.choices)
            out.append(
                f"static const char *const k{camel(p.block)}{camel(p.name)}Choices[] = {{{names}}};"
            )
    out.append("static const ParameterInfo kParameters[] = {")
    out += [table_row(p) for p in target.parameters]
    out.append("};")
    out.append("static const StandardInfo kStandards[] = {")
    names = [p.name for p in target.parameters if p.from_standard]
    for s in target.standards:
        values = ", ".join(f'{{"dram.{n}", {s.values[n]}u}}' for n in names)
        out.append(
            f"    {{{literal(s.name)}, {s.channel_bits}, {literal(s.source)}, {{{{{values}}}}}}},"
        )
    out.append("};")
    out.append("static const PresetInfo kPresets[] = {")
    for path in arguments.preset:
        with open(path, encoding="utf-8") as source:
            text = source.read()
        name = os.path.splitext(os.path.basename(path))[0]
        out.append(f'    {{{literal(name)}, R"preset({text})preset"}},')
    out.append("};")
    out.append(f'static const char kSchema[] = R"schema({schema(target, arguments)})schema";')
    return fill("ParameterTables.inc.in", tables="\n".join(out))


def schema_of(p):
    description = f"{p.sentence} Affects {p.affects}."
    out = {"description": description, "default": p.default, "class": p.class_of}
    if p.kind == "choice":
        out["enum"] = p.choices
    else:
        out["unit"] = p.unit
        out["type"] = ["integer", "string"]
        out["minimum"], out["maximum"] = p.minimum, p.maximum
        out["pattern"] = "^[0-9]+([.][0-9]+)?[KMGT]?$"
        if p.power_of_two:
            out["power_of_two"] = True
        if p.from_standard:
            out["default_from"] = "dram.standard"
    return out


def schema(target, _arguments):
    """A JSON schema of target files; classes and units are own key words."""
    properties = {
        "name": {"type": "string", "description": "What reports call the target."},
        "like": {"type": "string", "description": "What it resembles."},
        "base": {
            "type": "string",
            "description": "Preset or file whose values hold where this one is silent.",
        },
    }
    for b in target.blocks:
        properties[b.name] = {
            "type": "object",
            "description": f"{b.sentence[0].upper()}{b.sentence[1:]}.",
            "additionalProperties": False,
            "properties": {p.name: schema_of(p) for p in b.parameters},
        }
    return json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Tilework target",
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
        },
        indent=2,
    )


def page(target, _arguments):
    out = []
    for b in target.blocks:
        out += [f"## {b.name}", "", f"{b.sentence[0].upper()}{b.sentence[1:]}.", ""]
        out.append("| parameter | unit | class | default | legal | meaning | affects |")
        out.append("|---|---|---|---|---|---|---|")
        for p in b.parameters:
            default = "by standard" if p.from_standard else p.default
            out.append(
                f"| `{p.key}` | {p.unit} | {p.class_of} | {default} | {p.legal} | "
                f"{p.sentence} | {p.affects} |"
            )
        out.append("")
    standards = [
        f"| {s.name} | {s.channel_bits} | "
        + " | ".join(str(v) for v in s.values.values())
        + f" | {s.source} |"
        for s in target.standards
    ]
    names = list(target.standards[0].values)
    heads = f"| standard | channel bits | {' | '.join(names)} | source |"
    rule = "|---|---|" + "---|" * (len(names) + 1)
    return fill(
        "Parameters.md.in",
        blocks="\n".join(out),
        standards="\n".join([heads, rule] + standards),
    )


def python(target, _arguments):
    rows = [
        {
            "key": p.key,
            "kind": p.kind,
            "class": p.class_of,
            "unit": p.unit,
            "default": p.default,
            "minimum": p.minimum,
            "maximum": p.maximum,
            "power_of_two": p.power_of_two,
            "choices": p.choices,
            "sentence": p.sentence,
            "affects": p.affects,
        }
        for p in target.parameters
    ]
    return fill("target.py.in", parameters=pprint.pformat(rows, sort_dicts=False, width=100))


EMITTERS = {
    "header": header,
    "numbers": numbers,
    "cmake": cmake,
    "tables": tables,
    "schema": lambda target, arguments: schema(target, arguments) + "\n",
    "page": page,
    "python": python,
}


def add_arguments(parser):
    parser.add_argument("--preset", action="append", default=[])


if __name__ == "__main__":
    sys.exit(driver.run(__doc__, parameters.read, EMITTERS, add_arguments))
