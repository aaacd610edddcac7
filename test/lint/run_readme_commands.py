# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands that a page shows, so that a page cannot promise what fails.

A code fence takes part when its info string is `sh test` or `python test`. The
fences of one page run in order in one scratch folder that links to everything
in the root of the repository, so relative paths work and outputs vanish. The
exit code is 1 if any fence fails.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(sh|python) test\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fences(page):
    """Yields (line, language, text) of each fence marked for testing."""
    content = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        yield content.count("\n", 0, match.start()) + 1, match[1], match[2]


def scratch_folder(parent):
    folder = pathlib.Path(parent)
    for entry in ROOT.iterdir():
        if entry.name != ".git":
            (folder / entry.name).symlink_to(entry)
    return folder


def run_page(page, timeout):
    """Runs the page's fences; returns the failures as printable texts."""
    path = os.pathsep.join(
        [str(pathlib.Path(sys.executable).parent), str(ROOT / "build" / "bin"), os.environ["PATH"]]
    )
    interpreters = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    failures = []
    with tempfile.TemporaryDirectory() as parent:
        folder = scratch_folder(parent)
        for line, language, text in fences(page):
            run = subprocess.run(
                [*interpreters[language], text],
                cwd=folder,
                env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
            )
            if run.returncode:
                place = f"{page.name}:{line}: exit {run.returncode}"
                failures.append(f"{place}\n{text}{run.stdout[-4000:]}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one fence")
    arguments = parser.parse_args()
    failures = [text for page in arguments.pages for text in run_page(page, arguments.timeout)]
    print("\n\n".join(failures), end="\n" if failures else "")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
