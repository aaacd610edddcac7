# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists the mutants of mutants.yaml for CMake, or writes the changed file of one.

make_mutant.py list             a line `name file compiled-source target programs` a mutant
make_mutant.py write NAME OUT   the mutant's file, below the folder OUT
"""

import pathlib
import sys

import yaml

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
DEFAULT_PROGRAMS = 60


def load():
    with open(FOLDER / "mutants.yaml", encoding="utf-8") as file:
        return yaml.safe_load(file)


def list_mutants():
    for mutant in load():
        compiled = mutant.get("compile", mutant["file"])
        target, programs = mutant.get("target", "nano"), mutant.get("programs", DEFAULT_PROGRAMS)
        print(mutant["name"], mutant["file"], compiled, target, programs)


def write(name, out):
    mutant = next(mutant for mutant in load() if mutant["name"] == name)
    source = ROOT / mutant["file"]
    text = source.read_text(encoding="utf-8")
    found = text.count(mutant["find"])
    if found != 1:
        sys.exit(
            f"mutant {name}: its text stands {found} times in {mutant['file']}, not once: "
            "change test/cosim/mutants/mutants.yaml along with the code"
        )
    target = pathlib.Path(out) / mutant["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace(mutant["find"], mutant["with"]), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        list_mutants()
    else:
        write(*sys.argv[2:])
