# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""python -m tilework: the command line that came with the package."""

import os
import pathlib
import sys
import sysconfig


def main() -> None:
    folder = pathlib.Path(__file__).parent
    places = [
        folder / "_tilework",
        folder.parent.parent / "bin" / "tilework",
        pathlib.Path(sysconfig.get_path("scripts")) / "tilework",
    ]
    for program in places:
        if program.exists():
            os.execv(program, ["tilework", *sys.argv[1:]])
    sys.exit(f"tilework: error: the command line is not installed: no {places[0]}")


if __name__ == "__main__":
    main()
