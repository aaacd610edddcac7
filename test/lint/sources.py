# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tracked files of the repository by kind, for the lint tests and `./tw format`."""

import functools
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

SUFFIXES = {
    "cpp": {".cpp", ".h"},
    "python": {".py"},
    "systemverilog": {".sv", ".svh"},
    "tablegen": {".td"},
    "cmake": {".cmake"},
    "shell": {".sh"},
}
NAMES = {"CMakeLists.txt": "cmake", "tw": "shell", "run": "shell"}


def kind_of(path):
    """Returns the kind of a file, or None for pages, data and test inputs."""
    if path.name in NAMES:
        return NAMES[path.name]
    return next((kind for kind, suffixes in SUFFIXES.items() if path.suffix in suffixes), None)


@functools.cache
def tracked():
    """Every tracked file that is there, as paths relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = [pathlib.PurePosixPath(name) for name in listing.split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file() and not (ROOT / path).is_symlink()]


def of_kind(*kinds):
    return [path for path in tracked() if kind_of(path) in kinds]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


if __name__ == "__main__":
    print("\n".join(str(path) for path in of_kind(*sys.argv[1:])))
