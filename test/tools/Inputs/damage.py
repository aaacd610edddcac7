# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on seeded mutations of a file: damage.py COUNT FILE COMMAND…

FILE in the command stands for the mutated file, OUTPUT for one that it writes. A
mutation may be harmless; otherwise the command ends in time with exit code 1, 2
or 4 and a message, and leaves no output and nothing beside it. A failure prints
the seed of its mutation; COUNT may be first:last.
"""

import random
import subprocess
import sys
from pathlib import Path

SECONDS = 10


def mutate(data, seed):
    choose = random.Random(seed)
    data = bytearray(data)
    kind = choose.randrange(4)
    at = choose.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        del data[at : at + choose.randrange(1, 64)]
        return data
    digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57] or [at]
    for _ in range(choose.randrange(1, 4)):
        if kind == 2:
            data[choose.choice(digits)] = choose.choice(b'0123456789-e"[')
        else:
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    return data


def main(count, file, command):
    original = Path(file).read_bytes()
    damaged = Path(f"{file}.damaged")
    if "." in Path(file).name:
        damaged = damaged.with_suffix(damaged.suffix + Path(file).suffix)
    output = Path("output") / "written"
    output.parent.mkdir(exist_ok=True)
    words = {"FILE": str(damaged), "OUTPUT": str(output)}
    command = [words.get(word, word.replace("=@FILE", f"=@{damaged}")) for word in command]
    first, _, last = count.rpartition(":")
    for seed in range(int(first or 0), int(last)):
        damaged.write_bytes(mutate(original, seed))
        try:
            result = subprocess.run(command, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            sys.exit(f"seed {seed}: no end within {SECONDS} s")
        message = result.stderr.decode(errors="replace")
        fine = result.returncode == 0 or (
            result.returncode in (1, 2, 4) and message.startswith("tilework: error: ")
        )
        if not fine:
            sys.exit(f"seed {seed}: exit code {result.returncode}: {message}")
        left = sorted(p.name for p in output.parent.iterdir())
        if left and result.returncode != 0 or [n for n in left if not n.startswith("written")]:
            sys.exit(f"seed {seed}: exit code {result.returncode} leaves {left}")
        for name in left:
            (output.parent / name).unlink()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
