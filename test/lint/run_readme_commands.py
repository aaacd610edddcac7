# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands that a page shows, so that a page cannot promise what fails.

A code fence takes part when its info string is `sh test` or `python test`. A
fence without info string right behind it shows what is printed: each of its
lines must stand in the output, in this order, whatever the figures are; `…`
stands for anything. The fences of one page run in order in one scratch folder
that links to everything in the root of the repository, so relative paths work
and outputs vanish. The exit code is 1 if any fence fails. `--update` writes the
figures of this run into the pages.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(
    r"^```(?P<language>sh|python) test\n(?P<text>.*?)^```\n(?:\n*```\n(?P<shown>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")


class PageError(Exception):
    """What a fence did not do."""


def expectation(line):
    """(pattern that a printed line must match, whose groups are the figures)."""
    parts, last = [], 0
    for match in FIGURE.finditer(line):
        parts += [re.escape(line[last : match.start()]), "(" + FIGURE.pattern + ")"]
        last = match.end()
    pattern = "".join(parts) + re.escape(line[last:])
    return re.compile(pattern.replace("…", ".*") + r"\s*$")


def matched(shown, printed):
    """The shown lines with the figures that were printed; PageError if one is not there."""
    lines = iter(printed.splitlines())
    result = []
    for line in shown.splitlines():
        found = None
        if line.strip("… ") == "":
            result.append(line)
            continue
        pattern = expectation(line)
        while found is None:
            try:
                found = pattern.match(next(lines))
            except StopIteration:
                raise PageError(f"shows a line that is not printed:\n  {line}\n") from None
        figures = iter(found.groups())
        result.append(FIGURE.sub(lambda _: next(figures), line))  # noqa: B023
    return "".join(line + "\n" for line in result)


def scratch_folder(parent):
    folder = pathlib.Path(parent)
    for entry in ROOT.iterdir():
        if entry.name != ".git":
            (folder / entry.name).symlink_to(entry)
    return folder


def run_fence(fence, folder, timeout):
    """What the fence printed."""
    path = os.pathsep.join(
        [str(pathlib.Path(sys.executable).parent), str(ROOT / "build" / "bin"), os.environ["PATH"]]
    )
    interpreters = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    run = subprocess.run(
        [*interpreters[fence["language"]], fence["text"]],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    if run.returncode:
        raise PageError(f"exit {run.returncode}\n{fence['text']}{run.stdout[-4000:]}")
    return run.stdout


def run_page(page, timeout, update=False):
    """Runs the page's fences; returns the failures as printable texts."""
    content = page.read_text(encoding="utf-8")
    failures, pieces, last = [], [], 0
    with tempfile.TemporaryDirectory() as parent:
        folder = scratch_folder(parent)
        for fence in FENCE.finditer(content):
            try:
                printed = run_fence(fence, folder, timeout)
                if fence["shown"]:
                    pieces += [content[last : fence.start("shown")]]
                    last = fence.start("shown")
                    try:
                        pieces.append(matched(fence["shown"], printed))
                    except PageError as failure:
                        raise PageError(f"{failure}{fence['text']}{printed[-4000:]}") from None
                    last = fence.end("shown")
            except PageError as failure:
                line = content.count("\n", 0, fence.start()) + 1
                failures.append(f"{page.name}:{line}: {failure}")
    if update and not failures:
        page.write_text("".join([*pieces, content[last:]]), encoding="utf-8")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one fence")
    parser.add_argument("--update", action="store_true", help="write this run's figures")
    arguments = parser.parse_args()
    failures = []
    for page in arguments.pages:
        failures += run_page(page, arguments.timeout, arguments.update)
    print("\n\n".join(failures), end="\n" if failures else "")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
