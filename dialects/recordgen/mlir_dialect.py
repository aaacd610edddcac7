# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ops of the isa dialect, one an instruction, as ODS text."""

from text import fill, literal

EXAMPLES = {
    "address_register": "a{n}",
    "extent_register": "e{n}",
    "scalar_register": "s{n}",
    "launch_parameter": "p{n}",
    "float": "0.5",
    "flag": "true",
    "extent": "e{n}",
    "optional_extent": "e{n}",
    "update": "a{n} by 64",
    "wait": "{n}",
}


def example(i):
    """Every third field with some value: enough to see the form."""
    words = []
    for n, f in enumerate(i.fields):
        if n % 3:
            continue
        if f.kind == "enumeration":
            value = f.enumeration.cases[-1].name
        else:
            value = EXAMPLES.get(f.kind, "{n}").format(n=n % (1 << min(f.width, 3)))
        words.append(f"{f.name} = {value}")
    return f"isa.{i.mnemonic}" + ("" if not words else " " + ", ".join(words))


def operation(i):
    out = [f'def ISA_{i.definition}Op : ISA_InstructionOp<"{i.mnemonic}", "{i.definition}"> {{']
    out.append(f"  let summary = {literal(i.sentence)};")
    out.append("  let description = [{")
    if i.description:
        out += ["    " + line for line in i.description.splitlines()] + [""]
    out += [f"    - `{f.name}`: {f.sentence}" for f in i.fields]
    out += ["" if i.fields else None, "    Example:", "", "    ```mlir"]
    out += [f"    {example(i)}", "    ```", "  }];", "}", ""]
    return "\n".join(line for line in out if line is not None)


def operations(isa):
    return fill(
        "ISAInstructionOps.td.in",
        operations="\n".join(operation(i) for i in isa.instructions),
    )


def op_list(isa):
    """Which op stands for which struct, as a list of macro calls."""
    calls = "\n".join(f"ISA_OP({i.definition}, {i.definition}Op)" for i in isa.instructions)
    return fill("ISAOpList.inc.in", calls=calls)
