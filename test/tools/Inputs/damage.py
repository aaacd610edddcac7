# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on seeded mutations of a file: damage.py COUNT FILE COMMAND…

FILE in the command stands for the mutated file. A mutation may be harmless;
otherwise the command ends in time with exit code 1, 2 or 4 and a message.
"""

import random
import subprocess
import sys
from pathlib import Path


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
    digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    for _ in range(choose.randrange(1, 4)):
        if kind == 2:
            data[choose.choice(digits)] = choose.choice(b'0123456789-e"[')
        else:
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    return data


def main(count, file, command):
    original = Path(file).read_bytes()
    damaged = Path(f"{file}.damaged")
    command = [str(damaged) if word == "FILE" else word for word in command]
    for seed in range(count):
        damaged.write_bytes(mutate(original, seed))
        result = subprocess.run(command, capture_output=True, timeout=60)
        message = result.stderr.decode(errors="replace")
        fine = result.returncode == 0 or (
            result.returncode in (1, 2, 4) and message.startswith("tilework: error: ")
        )
        if not fine:
            sys.exit(f"seed {seed}: exit code {result.returncode}: {message}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
