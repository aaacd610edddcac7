# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every command its arguments in every order, in the folder of make_models.py.

An argument is an option with its value, or what has its place among those like
it. Each order must end as the first does. Of more than ORDERS some are drawn.
"""

import concurrent.futures
import itertools
import json
import os
import random
import re
import subprocess
import sys

ORDERS = 16
DIMS = ["--dim rows=8", "--dim columns=16"]
GIVEN = ["--input a=@ones.npy", "--input b=@ones.npy"]
COMMANDS = {
    "compile": [
        ["pair.onnx", *DIMS, "--target nano", "-o {new}"],
        ["pair.onnx", "--shape a=8x16", "--shape b=8x16", "-o {new}", "--timing"],
        ["pair.onnx", *DIMS, "-o {new}", "--check-stages"],
    ],
    "run": [
        ["pair.tw", *GIVEN, "--output s=@{new}", "--expect d=@zeros.npy"],
        ["pair.onnx", *DIMS, *GIVEN, "--engine systemc"],
        ["pair.tw", *GIVEN, "--expect s=@twos.npy", "--expect d=@zeros.npy"],
    ],
    "simulate": [
        ["pair.tw", "--set dram.channels=2", "--set dma.outstanding_bursts=4", "--seed 3"],
        ["pair.onnx", *DIMS, "--target nano", "--timing-only", "--layers", "--no-cache"],
        ["pair.tw", "--layers=csv", "--engine systemc"],
    ],
    "compare": [["pair.tw", "pair.onnx", "-v"]],
    "inspect": [["pair.onnx", *DIMS, "--target nano", "--support"], ["pair.tw", "--memory", "-q"]],
    "operators": [["--page", "-q"], ["-v"]],
    "assemble": [["pair.s", "-o {new}", "-v"]],
    "disassemble": [["pair.tw", "-o {new}", "-q"]],
    "targets": [["nano", "-v"], ["--validate nano.yaml", "-q"]],
    "cosim": [["--target nano", "--count 1", "--seed 2", "--engines functional,systemc"]],
    "doctor": [["-v", "-q"]],
}
MEASURED = re.compile(r".*(wall_s|_per_s|rss_bytes|stages_s).*")


def stable(value):
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {k: stable(v) for k, v in value.items() if not MEASURED.fullmatch(k)}
    return [stable(v) for v in value] if isinstance(value, list) else value


def outcome(order):
    new = f"new-{os.getpid()}-{random.getrandbits(64)}"
    words = [word.format(new=new) for word in " ".join(order).split()]
    run = subprocess.run(["tilework", *words], capture_output=True, text=True)
    text = run.stdout.replace(new, "{new}")
    made = sorted(name for name in os.listdir() if name.startswith(new))
    size = [os.path.getsize(name) for name in made]
    for name in made:
        os.remove(name)
    answer = stable(json.loads(text)) if text.startswith("{") else text
    return run.returncode, answer, run.stderr.replace(new, "{new}"), size


def orders(command, arguments):
    """Of files those alone that keep theirs: which is first matters."""
    files = [a for a in arguments if not a.startswith("-")]
    every = [
        [command, *order] if place else [order[0], command, *order[1:]]
        for order in itertools.permutations([*arguments, "--json"])
        if [a for a in order if a in files] == files
        for place in (0, 1)
        if place or order[0] == "--json"
    ]
    return every if len(every) <= ORDERS else random.Random(1).sample(every, ORDERS)


def main():
    import numpy

    numpy.save("zeros.npy", numpy.zeros((8, 16), numpy.float32))
    numpy.save("twos.npy", numpy.full((8, 16), 2, numpy.float32))
    with open("nano.yaml", "w") as file:
        file.write("name: small\n")
    text = subprocess.run(["tilework", "--help"], capture_output=True, text=True).stdout
    names = re.findall(r"^  (\w+) {2,}", text.partition("Subcommands:")[2], re.MULTILINE)
    assert sorted(names) == sorted(COMMANDS), "a command has no case here"
    failures = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for command, cases in COMMANDS.items():
            for arguments in cases:
                every = orders(command, arguments)
                first, *others = pool.map(outcome, every)
                if first[0] != 0:
                    failures.append(f"{' '.join(every[0])}: {first}")
                failures += [
                    f"{' '.join(order)}: {other}"
                    for order, other in zip(every[1:], others)
                    if other != first
                ]
    return "\n".join(failures)


if __name__ == "__main__":
    sys.exit(main() or 0)
