# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules of CONTRIBUTING.md that hold for every tracked file."""

import re

import sources

HEADER = (
    "Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.",
    "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception",
)
# A file head may follow a #! line and, in lit tests, RUN lines.
HEADER_WITHIN_LINES = 8
LARGEST_BYTES = 500_000
LONG_LINES = 700


def test_sources_carry_the_licence_header():
    missing = []
    for path in sources.tracked():
        if not sources.kind_of(path) or "Inputs" in path.parts:
            continue
        head = "\n".join(sources.text(path).splitlines()[:HEADER_WITHIN_LINES])
        if not all(line in head for line in HEADER):
            missing.append(str(path))
    assert not missing, "without the two header lines:\n" + "\n".join(missing)


def test_nine_files_in_ten_are_short():
    paths = sources.of_kind("cpp", "python", "systemverilog", "tablegen")
    long = [str(path) for path in paths if sources.text(path).count("\n") > LONG_LINES]
    assert len(long) * 10 <= len(paths), "\n".join(long)


def test_todo_names_an_issue():
    marker = re.compile(r"\b(TODO|FIXME|XXX)\b(?!.*#\d+)")
    found = []
    for path in sources.tracked():
        if not sources.kind_of(path) or path.parts[:2] == ("test", "lint"):
            continue
        for number, line in enumerate(sources.text(path).splitlines(), 1):
            if marker.search(line):
                found.append(f"{path}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_files_are_small():
    sizes = {path: (sources.ROOT / path).stat().st_size for path in sources.tracked()}
    large = [f"{path}: {size} bytes" for path, size in sizes.items() if size > LARGEST_BYTES]
    assert not large, "fetch or generate these instead:\n" + "\n".join(large)


def test_text_files_end_in_a_newline_and_lines_in_no_blank():
    wrong = []
    for path in sources.tracked():
        if not sources.kind_of(path) and path.suffix not in {".md", ".yaml", ".toml", ".txt"}:
            continue
        content = sources.text(path)
        if content and not content.endswith("\n"):
            wrong.append(f"{path}: no newline at the end")
        if path.suffix != ".md" and re.search(r"[ \t]+$", content, re.MULTILINE):
            wrong.append(f"{path}: blanks at the end of a line")
    assert not wrong, "\n".join(wrong)
