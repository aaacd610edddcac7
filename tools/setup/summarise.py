# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up the JUnit reports of a test run.

Prints a row per suite and runner and closes with one line `N passed, N failed`.
The exit code is 0 only when something passed and nothing failed.
"""

import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(report):
    """Returns (passed, failed, skipped) of one JUnit file."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or case.get("status") == "fail":
            failed += 1
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=pathlib.Path, help="folder with NAME.RUNNER.xml files")
    folder = parser.parse_args().reports

    parts = sorted({path.stem for path in folder.iterdir() if path.suffix in (".xml", ".failed")})
    total = [0, 0, 0]
    for part in parts:
        report = folder / f"{part}.xml"
        try:
            row = list(count(report))
        except (OSError, ElementTree.ParseError):
            row = [0, 1, 0]
        if (folder / f"{part}.failed").exists() and row[1] == 0:
            row[1] = 1  # the runner itself failed: it died, or ran no test
        total = [a + b for a, b in zip(total, row)]
        suite, _, runner = part.partition(".")
        skipped = f", {row[2]} skipped" if row[2] else ""
        print(f"    {suite:8} {runner:8} {row[0]:6} passed, {row[1]} failed{skipped}")

    print(f"\n{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 0 if total[0] and not total[1] else 1


if __name__ == "__main__":
    sys.exit(main())
