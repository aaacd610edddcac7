# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The instruction set in C++: types in Instructions.h, tables beside them.

How a value of each type is packed, checked and written is not generated: it
stands in dialects/isa/Codec.cpp and Assembly.cpp.
"""

from text import camel, fill, literal, lower_camel

FIELD_TYPES = {
    "address_register": "uint8_t",
    "extent_register": "uint8_t",
    "scalar_register": "uint8_t",
    "launch_parameter": "uint8_t",
    "float": "float",
    "flag": "bool",
    "extent": "Extent",
    "optional_extent": "OptionalExtent",
    "update": "Update",
    "wait": "uint8_t",
}


def field_type(field):
    if field.kind == "enumeration":
        return field.enumeration.definition
    if field.kind in FIELD_TYPES:
        return FIELD_TYPES[field.kind]
    size = next(b for b in (8, 16, 32, 64) if field.width <= b)
    return f"int{size}_t" if field.is_signed else f"uint{size}_t"


def default_value(field):
    if field.kind == "enumeration":
        zero = next(c for c in field.enumeration.cases if c.value == 0)
        return f" = {field.enumeration.definition}::{zero.name}"
    if field.kind in ("extent", "optional_extent", "update"):
        return ""
    return " = false" if field.kind == "flag" else " = 0"


def enumeration(e):
    out = [f"enum class {e.definition} : uint8_t {{"]
    out += [f"  {c.name} = {c.value}, ///< {c.sentence}" for c in e.cases]
    out += ["};", f"constexpr const char *caseName({e.definition} value) {{", "  switch (value) {"]
    for c in e.cases:
        out += [f"  case {e.definition}::{c.name}:", f"    return {literal(c.name)};"]
    out += ["  }", '  return "unknown";', "}"]
    cases = ", ".join(f"{e.definition}::{c.name}" for c in e.cases)
    out.append(f"constexpr std::array<{e.definition}, {len(e.cases)}> casesOf({e.definition}) {{")
    out += [f"  return {{{cases}}};", "}"]
    out.append(f"constexpr unsigned bitsOf({e.definition}) {{ return {e.width}; }}")
    for name, having in e.properties.items():
        terms = " || ".join(f"value == {e.definition}::{c.name}" for c in having)
        out.append(f"constexpr bool {lower_camel(name)}({e.definition} value) {{")
        out += [f"  return {terms};", "}"]
    return "\n".join(out + [""])


def unit_members(i):
    """Who retires an instruction, and its waits by unit."""
    waits = [f.name for f in i.fields if f.kind == "wait"]
    count = len(waits)
    unit = f"UnitName::{i.unit}" if i.unit else "unit"
    return [
        f"  UnitName retiredBy() const {{ return {unit}; }}",
        f"  std::array<uint8_t, {count}> waits() const {{ return {{{', '.join(waits)}}}; }}",
        f"  std::array<uint8_t *, {count}> waits() {{ return {{{', '.join('&' + w for w in waits)}}}; }}",
    ]


def structure(i):
    """One struct: its fields, then where each of them lies."""
    out = [f"/// `{i.mnemonic}` {i.sentence}."]
    out += [f"struct {i.definition} {{"]
    out.append(f"  static constexpr Opcode opcode = Opcode::{i.definition};")
    if not i.is_sequencer:
        out.append(f"  static constexpr UnitOpcode unitOpcode = UnitOpcode::{i.definition};")
    out += [f"  static constexpr bool onUnit = {'false' if i.is_sequencer else 'true'};", ""]
    for f in i.fields:
        out.append(f"  {field_type(f)} {f.name}{default_value(f)}; ///< {f.sentence}")
    if not i.is_sequencer:
        out += unit_members(i)
    out += ["", "  template <typename Self, typename Visit>"]
    out += ["  static void visitFields(Self &self, Visit &&visit) {"]
    if not i.fields:
        out.append("    (void)self, (void)visit;")
    for n, f in enumerate(i.fields):
        out.append(f"    visit({n}, {f.lsb}, {f.width}, self.{f.name});")
    return "\n".join(out + ["  }", "};", ""])


def header(isa):
    opcodes = ["enum class Opcode : uint8_t {"]
    opcodes += [f"  {i.definition} = {i.opcode}," for i in isa.instructions]
    opcodes += ["};", "", "/// Those of instructions that a unit carries out."]
    opcodes.append("enum class UnitOpcode : uint8_t {")
    opcodes += [f"  {i.definition} = {i.opcode}," for i in isa.instructions if not i.is_sequencer]
    constants = [
        f"constexpr unsigned k{c.definition} = {c.value}; ///< {c.sentence}" for c in isa.constants
    ]
    names = ", ".join(i.definition for i in isa.instructions)
    return fill(
        "Instructions.h.in",
        constants="\n".join(constants),
        opcodes="\n".join(opcodes + ["};"]),
        enumerations="\n".join(enumeration(e) for e in isa.enumerations),
        structures="\n".join(structure(i) for i in isa.instructions),
        variant=f"using Instruction = std::variant<{names}>;",
    )


def instruction_list(isa):
    """A macro call for each, for who declares a function for each."""
    calls = "\n".join(
        f"{'SEQUENCER' if i.is_sequencer else 'UNIT'}_INSTRUCTION({i.definition})"
        for i in isa.instructions
    )
    return fill("InstructionList.inc.in", calls=calls)


def unit_expression(i):
    if i.is_sequencer:
        return "InstructionUnit::Sequencer"
    return f"InstructionUnit::{camel(i.unit)}" if i.unit else "InstructionUnit::Field"


def tables(isa):
    out = []
    for e in isa.enumerations:
        out.append(f"static constexpr CaseInfo k{e.definition}Cases[] = {{")
        out += [f"    {{{literal(c.name)}, {c.value}, {literal(c.sentence)}}}," for c in e.cases]
        out.append("};")
    out.append("static constexpr EnumerationInfo kEnumerations[] = {")
    index = {}
    for n, e in enumerate(isa.enumerations):
        index[e.definition] = n
        mask = sum(1 << c.value for c in e.cases)
        out.append(
            f"    {{{literal(e.name)}, {e.width}, {mask:#x}u, "
            f"k{e.definition}Cases, {len(e.cases)}}},"
        )
    out.append("};")
    for i in isa.instructions:
        if not i.fields:
            continue
        out.append(f"static constexpr FieldInfo k{i.definition}Fields[] = {{")
        for f in i.fields:
            e = "nullptr"
            if f.enumeration:
                e = f"&kEnumerations[{index[f.enumeration.definition]}]"
            out.append(
                f"    {{{literal(f.name)}, FieldKind::{camel(f.kind)}, {f.lsb}, "
                f"{f.width}, {e}, {literal(f.sentence)}}},"
            )
        out.append("};")
    out.append("static constexpr InstructionInfo kInstructions[] = {")
    for i in isa.instructions:
        fields = f"k{i.definition}Fields" if i.fields else "nullptr"
        out.append(
            f"    {{Opcode::{i.definition}, {literal(i.mnemonic)}, "
            f"{literal(i.sentence)}, {unit_expression(i)}, {fields}, "
            f"{len(i.fields)}}},"
        )
    out.append("};")
    # Position of each opcode in the table above and in the variant.
    out.append("static constexpr int8_t kInstructionOfOpcode[64] = {")
    positions = [-1] * 64
    for n, i in enumerate(isa.instructions):
        positions[i.opcode] = n
    out.append("    " + ", ".join(map(str, positions)) + "};")
    return fill("InstructionTables.inc.in", tables="\n".join(out))
