# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs `verilator --lint-only -Wall` on all of rtl/ with one set of parameters.

Any warning fails; rtl/lint/waivers.vlt lists what may not be said, with reasons.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = re.compile(r"^\s*package\s+(\w+)", re.MULTILINE)
USE = re.compile(r"\b(\w+_pkg)::")


def in_order(files):
    """Returns the files with every package before its users."""
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    home = {name: file for file, text in texts.items() for name in PACKAGE.findall(text)}
    ordered = []

    def visit(file):
        if file in ordered:
            return
        for package in USE.findall(texts[file]):
            if home.get(package, file) != file:
                visit(home[package])
        ordered.append(file)

    for file in sorted(files):
        visit(file)
    return ordered


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verilator", default="verilator")
    parser.add_argument("--top", default="tw_top", help="module to start from")
    parser.add_argument("packages", nargs="*", type=pathlib.Path, help="generated packages")
    arguments = parser.parse_args()
    files = in_order([*arguments.packages, *ROOT.glob("rtl/**/*.sv")])
    command = [arguments.verilator, "--lint-only", "-Wall", "--top-module", arguments.top]
    command += [str(ROOT / "rtl" / "lint" / "waivers.vlt"), *map(str, files)]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
