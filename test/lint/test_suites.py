# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every suite that `./tw test` knows stands where suites are listed, and no other."""

import re
import subprocess

import sources


def shell(script):
    run = subprocess.run(
        ["bash", "-euc", script], cwd=sources.ROOT, check=True, capture_output=True, text=True
    )
    return run.stdout


def suites(kind):
    """Names in SUITES or LONG_SUITES of tools/setup/suites.sh."""
    return shell(f'BUILD=; . tools/setup/suites.sh; echo "${{{kind}[*]}}"').split()


def test_the_page_has_a_row_for_each_suite():
    table = sources.text("CONTRIBUTING.md").partition("| suite |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \| .* \|$", table, re.MULTILINE))
    assert list(rows) == [*suites("SUITES"), *suites("LONG_SUITES")]
    assert [name for name, row in rows.items() if "--long" in row] == suites("LONG_SUITES")


def test_the_help_of_tw_names_each_suite():
    words = " ".join(shell("./tw --help").partition("  test [")[2].partition("  wheel ")[0].split())
    assert f"those named: {' '.join(suites('SUITES'))};" in words
    assert re.search(rf"with --long also .* the suite {' '.join(suites('LONG_SUITES'))}\b", words)
