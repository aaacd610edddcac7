# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The instruction set as Python objects, and the rules that its records obey."""

from dataclasses import dataclass, field
from typing import Optional

from tablegen import RecordError, dedent, definitions_of, follow

OPCODE_BITS = 6
REGISTER_KINDS = {
    "address_register": ("a", "address_registers"),
    "extent_register": ("e", "extent_registers"),
    "scalar_register": ("s", "scalar_registers"),
    "launch_parameter": ("p", "launch_parameters"),
}
KINDS = (
    *REGISTER_KINDS,
    *("unsigned", "signed", "float", "flag", "enumeration", "body_length"),
    *("instruction_index", "extent", "optional_extent", "update", "wait", "reserved"),
)
SIGNED_KINDS = ("signed",)

# Field names are spelled the same in every output, cases in C++ and Python, so
# no language may reserve them.
RESERVED = set(
    """
    and and_eq asm auto bool break case catch char class const constexpr
    continue default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new
    not nullptr operator or private protected public register return short
    signed sizeof static struct switch template this throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor
    as assert async await def del elif except finally from global import in is
    lambda nonlocal pass raise with yield None True False
    """.split()
)
RESERVED_FIELDS = RESERVED | set(
    """
    alias always assign assume before begin bind bins bit buf byte chandle
    checker clocking cmos config context cover cross deassign design disable
    dist edge end endcase event expect final force foreach fork function
    generate iff initial inout input inside instance integer interface join
    large let library local localparam logic matches medium modport module nand
    negedge nor null output package packed parameter posedge priority process
    program property pull0 pull1 pure rand real ref reg release repeat restrict
    sequence small soft solve specify strong string super supply0 supply1 table
    tagged task time timeunit tran tri type unique use var vectored wait wand
    weak wire within wor
    opcode
    """.split()
)


@dataclass
class Case:
    name: str
    value: int
    sentence: str
    properties: list[str]


@dataclass
class Enumeration:
    definition: str  # CamelCase, the name of the type
    name: str
    width: int
    cases: list[Case]

    @property
    def is_full(self):
        return len(self.cases) == 1 << self.width

    @property
    def properties(self):
        """Each property that a case has, with the cases that have it."""
        names = dict.fromkeys(p for c in self.cases for p in c.properties)
        return {p: [c for c in self.cases if p in c.properties] for p in names}


@dataclass
class Field:
    name: str
    kind: str
    lsb: int
    width: int
    sentence: str
    enumeration: Optional[Enumeration] = None

    @property
    def msb(self):
        return self.lsb + self.width - 1

    @property
    def is_signed(self):
        return self.kind in SIGNED_KINDS


@dataclass
class Gap:
    """Bits that encode nothing and are zero."""

    lsb: int
    width: int
    sentence: str

    @property
    def msb(self):
        return self.lsb + self.width - 1


@dataclass
class Instruction:
    definition: str  # CamelCase, the name of the type
    mnemonic: str
    opcode: int
    sentence: str
    description: str
    unit: str  # sequencer, load, store, array, vector, or "" for a field
    fields: list[Field]
    gaps: list[Gap]

    @property
    def is_sequencer(self):
        return self.unit == "sequencer"


@dataclass
class Constant:
    definition: str
    name: str
    value: int
    sentence: str


@dataclass
class InstructionSet:
    constants: list[Constant]
    enumerations: list[Enumeration]
    instructions: list[Instruction]
    by_name: dict = field(default_factory=dict)

    @property
    def bits(self):
        return 8 * self.constant("instruction_bytes")

    def constant(self, name):
        return next(c.value for c in self.constants if c.name == name)


def require(condition, message):
    if not condition:
        raise RecordError(message)


def check_name(name, owner, reserved=RESERVED):
    require(name.isidentifier(), f"{owner}: '{name}' is no identifier")
    require(
        name not in reserved,
        f"{owner}: '{name}' is reserved in C++, SystemVerilog or Python; "
        "choose a name that all outputs can spell",
    )


def check_unique(names, owner):
    seen = set()
    for name in names:
        require(name not in seen, f"{owner}: '{name}' is there twice")
        seen.add(name)


def read_enumeration(records, record):
    owner = f"enumeration {record['!name']}"
    cases = []
    for reference in record["cases"]:
        case = follow(records, reference)
        cases.append(Case(case["name"], case["value"], case["sentence"], case["properties"]))
        for name in (case["name"], *case["properties"]):
            check_name(name, owner)
        require(case["sentence"], f"{owner}: '{case['name']}' needs a sentence")
        require(
            0 <= case["value"] < 1 << record["width"],
            f"{owner}: {case['name']} = {case['value']} does not fit {record['width']} bits",
        )
    require(cases, f"{owner}: no cases")
    check_unique((c.name for c in cases), owner)
    check_unique((c.value for c in cases), owner)
    return Enumeration(record["!name"], record["name"], record["width"], cases)


def read_field(records, record, lsb, enumerations, owner):
    name = record["name"]
    check_name(name, owner, RESERVED_FIELDS)
    require(record["kind"] in KINDS, f"{owner}.{name}: unknown kind {record['kind']}")
    require(record["sentence"], f"{owner}.{name}: needs a sentence")
    require(1 <= record["width"] <= 64, f"{owner}.{name}: 1 to 64 bits")
    enumeration = None
    if record["kind"] == "enumeration":
        enumeration = enumerations[record["enumeration"]["def"]]
        require(
            any(c.value == 0 for c in enumeration.cases),
            f"{owner}.{name}: a field's enumeration needs a case of value 0",
        )
    return Field(name, record["kind"], lsb, record["width"], record["sentence"], enumeration)


def read_instruction(records, record, enumerations, units, bits):
    owner = f"instruction {record['!name']}"
    require(record["!name"].endswith("Inst"), f"{owner}: the name must end with Inst")
    require(record["sentence"], f"{owner}: needs a sentence")
    require(0 <= record["opcode"] < 1 << OPCODE_BITS, f"{owner}: opcode out of range")
    fields, gaps, lsb = [], [], OPCODE_BITS
    for reference in record["fields"]:
        described = follow(records, reference)
        if described["kind"] == "reserved":
            gaps.append(Gap(lsb, described["width"], f"zero: {described['sentence']}"))
        else:
            fields.append(read_field(records, described, lsb, enumerations, owner))
        lsb += described["width"]
    require(lsb <= bits, f"{owner}: {lsb} bits, an instruction has {bits}")
    if lsb < bits:
        gaps.append(Gap(lsb, bits - lsb, "zero"))
    check_unique((f.name for f in fields), owner)
    check_coverage(fields + gaps, bits, owner)
    unit = record["unit"]
    waits = [f.name for f in fields if f.kind == "wait"]
    if unit == "sequencer":
        require(not waits, f"{owner}: the sequencer never waits")
    else:
        require(units, f"{owner}: no enumeration of the name 'unit' lists the units")
        require(
            waits == [f"wait_{u}" for u in units],
            f"{owner}: a unit instruction opens with its waits, one for each unit",
        )
        require(unit in units or not unit, f"{owner}: unknown unit '{unit}'")
        require(
            unit or any(f.name == "unit" for f in fields),
            f"{owner}: needs `unit` or a field of that name",
        )
    return Instruction(
        record["!name"][: -len("Inst")],
        record["mnemonic"],
        record["opcode"],
        record["sentence"],
        dedent(record["description"]),
        unit,
        fields,
        gaps,
    )


def check_coverage(parts, end, owner):
    """Every bit behind the opcode belongs to one field or gap."""
    count = [0] * end
    for f in parts:
        for bit in range(f.lsb, f.lsb + f.width):
            count[bit] += 1
    for bit in range(OPCODE_BITS, end):
        require(count[bit] == 1, f"{owner}: bit {bit} is covered {count[bit]} times")


def check_registers(isa):
    """A register field reaches every register and no other number."""
    for instruction in isa.instructions:
        for f in instruction.fields:
            if f.kind in REGISTER_KINDS:
                count = isa.constant(REGISTER_KINDS[f.kind][1])
                require(
                    count == 1 << f.width,
                    f"{instruction.definition}.{f.name}: {f.width} bits for {count} registers",
                )


def read(records):
    """Builds and checks the instruction set."""
    constants = [
        Constant(r["!name"], r["name"], r["value"], r["sentence"])
        for r in definitions_of(records, "Constant")
    ]
    enumerations = {
        r["!name"]: read_enumeration(records, r) for r in definitions_of(records, "Enumeration")
    }
    # A unit is named by the field `unit`, by its wait, and by who retires what.
    units = [c.name for e in enumerations.values() if e.name == "unit" for c in e.cases]
    bits = 8 * next(c.value for c in constants if c.name == "instruction_bytes")
    instructions = [
        read_instruction(records, r, enumerations, units, bits)
        for r in definitions_of(records, "Instruction")
    ]
    check_unique((i.opcode for i in instructions), "opcodes")
    check_unique((i.mnemonic for i in instructions), "mnemonics")
    check_unique([i.definition for i in instructions] + list(enumerations), "definitions")
    isa = InstructionSet(constants, list(enumerations.values()), instructions)
    check_registers(isa)
    return isa
