# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The hardware parameters as Python objects, and the rules that records obey."""

from dataclasses import dataclass, field

from records import check_name, check_unique, require
from tablegen import definitions_of, follow, line_of

CLASSES = ("legality", "planning", "timing", "cost")


@dataclass
class Parameter:
    block: str
    name: str
    kind: str  # integer or choice
    class_of: str
    sentence: str
    affects: str
    unit: str
    rtl: str
    memory: str
    default: object
    minimum: int = 0
    maximum: int = 0
    power_of_two: bool = False
    from_standard: bool = False
    choices: list[str] = field(default_factory=list)
    figure: str = ""
    figure_default: int = 0

    @property
    def number(self):
        """What views of the chip's numbers call it; empty: it is no number of the chip."""
        return "" if self.memory else self.figure or self.rtl[:1].lower() + self.rtl[1:]

    @property
    def key(self):
        return f"{self.block}.{self.name}"

    @property
    def legal(self):
        """The legal values in words."""
        if self.kind == "choice":
            return ", ".join(self.choices)
        what = "powers of two, " if self.power_of_two else ""
        return f"{what}{self.minimum} to {self.maximum}"


@dataclass
class Block:
    name: str
    sentence: str
    parameters: list[Parameter]


@dataclass
class Standard:
    name: str
    values: dict  # parameter name -> value
    channel_bits: int
    source: str


@dataclass
class ParameterSet:
    blocks: list[Block]
    standards: list[Standard]

    @property
    def parameters(self):
        return [p for b in self.blocks for p in b.parameters]


def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0


def read_parameter(records, record):
    p = Parameter(
        block=follow(records, record["block"])["name"],
        name=record["name"],
        kind="integer" if "Integer" in record["!superclasses"] else "choice",
        class_of=follow(records, record["class_of"])["name"],
        sentence=record["sentence"],
        affects=record["affects"],
        unit=record["unit"],
        rtl=record["rtl"],
        memory=record["memory"],
        default=record["default_value"],
    )
    check_name(p.name, p.key)
    require(p.sentence and p.affects, f"{p.key}: needs a sentence and what it affects")
    require(p.class_of in CLASSES, f"{p.key}: unknown class {p.class_of}")
    if p.kind == "choice":
        p.choices = record["choices"]
        require(p.default in p.choices, f"{p.key}: {p.default} is no choice")
        return p
    p.minimum, p.maximum = record["minimum"], record["maximum"]
    p.power_of_two = bool(record["power_of_two"])
    p.from_standard = bool(record["from_standard"])
    p.figure, p.figure_default = record["figure"], record["figure_default"]
    require(p.unit, f"{p.key}: needs a unit")
    check_value(p, p.minimum)
    check_value(p, p.maximum)
    if not p.from_standard:
        check_value(p, p.default)
    if p.rtl:
        require(p.maximum < 1 << 32, f"{p.key}: the RTL takes 32 bits")
    return p


def check_value(p, value):
    require(
        p.minimum <= value <= p.maximum
        and (not p.power_of_two or is_power_of_two(value) or value == p.maximum),
        f"{p.key}: {value} is not legal",
    )


def read_standard(record, parameters):
    names = [p.name for p in parameters if p.from_standard]
    for name in names:
        require(name in record, f"{record['name']}: no {name}")
    for p in parameters:
        if p.from_standard:
            check_value(p, record[p.name])
    return Standard(
        record["name"],
        {n: record[n] for n in names},
        record["channel_bits"],
        record["source"],
    )


def read(records):
    parameters = [read_parameter(records, r) for r in definitions_of(records, "Parameter")]
    check_unique((p.key for p in parameters), "parameters")
    check_unique((p.rtl for p in parameters if p.rtl), "RTL names")
    check_unique((p.number for p in parameters if p.number), "numbers")
    check_unique((p.memory for p in parameters if p.memory), "numbers of the memory")
    blocks = []
    for r in sorted(definitions_of(records, "Block"), key=line_of):
        check_name(r["name"], "blocks")
        own = [p for p in parameters if p.block == r["name"]]
        require(own, f"block {r['name']} has no parameter")
        blocks.append(Block(r["name"], r["sentence"], own))
    standards = [read_standard(r, parameters) for r in definitions_of(records, "DramStandard")]
    choices = next(p.choices for p in parameters if p.key == "dram.standard")
    require(
        sorted(choices) == sorted(s.name for s in standards),
        "dram.standard: the choices are the records of class DramStandard",
    )
    # The defaults of a target are those of its default standard.
    default = next(p.default for p in parameters if p.key == "dram.standard")
    standard = next(s for s in standards if s.name == default)
    for p in parameters:
        if p.from_standard:
            p.default = standard.values[p.name]
    return ParameterSet(blocks, standards)
