# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every command, every option and every file that a command takes has a sentence in --help."""

import re
import subprocess
import sys


def sections(*words):
    """{heading: lines} of the help of a command, without the indent."""
    text = subprocess.run(
        ["tilework", *words, "--help"], check=True, capture_output=True, text=True
    ).stdout
    parts = re.split(r"^(\w+):\n", text, flags=re.MULTILINE)
    return {
        heading: re.findall(r"^  (\S.*(?:\n {6,}\S.*)?)$", lines, re.MULTILINE)
        for heading, lines in zip(parts[1::2], parts[2::2])
    }


line = sections()
commands = [entry.split()[0] for entry in line["Subcommands"]]
bare = []
for words in ([], *([command] for command in commands)):
    for heading, entries in sections(*words).items():
        # What it is called and what it takes; two blanks or a line's end; the sentence.
        for entry in entries:
            if not re.fullmatch(r"\S+( \S+)*?( {2,}|\n +)\w.*", entry):
                bare.append(f"tilework {' '.join(words)}: {heading}: {entry}")
sys.exit("\n".join(["without help:", *bare]) if bare or len(commands) < 10 else 0)
