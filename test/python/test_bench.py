# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Do the measurements of test/bench run and print their figures? How large they are is not tested."""

import json
import pathlib
import subprocess
import sys

import pytest

RUN = pathlib.Path(__file__).parents[1] / "bench" / "run.py"
TINY = {
    "cycles": ["--target", "nano", "--matmul", "16", "--sequence"],
    "engines": ["--target", "nano", "--matmul", "16", "--repeat", "1", "--no-rtl"],
    "functional": ["--target", "nano", "--sequence", "16", "--repeat", "1"],
    "compile": ["--target", "nano", "--sequence", "16", "--repeat", "1"],
}
FIGURES = {
    "cycles": ["cycles", "bound_cycles", "over_bound", "mac_utilization"],
    "engines": ["cycles", "cycles_per_cpu_s", "cycles_per_s"],
    "functional": [],
    "compile": ["wall_s", "peak_rss_bytes", "instructions"],
}
TEXT = {
    "cycles": "× the bound",
    "engines": "kcycles per CPU second",
    "functional": "ratio",
    "compile": "MiB peak",
}


def run(*arguments):
    done = subprocess.run(
        [sys.executable, RUN, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@pytest.mark.parametrize("name", TINY)
def test_a_measurement_prints_its_figures(name):
    assert TEXT[name] in run(name, *TINY[name])
    rows = json.loads(run(name, *TINY[name], "--json"))[name]
    assert rows
    for row in rows:
        assert all(row[figure] > 0 for figure in FIGURES[name])
        assert row["target"] == "nano"


def test_a_unit_of_the_cycles_adds_up():
    (row,) = json.loads(run("cycles", *TINY["cycles"], "--json"))["cycles"]
    for unit in row["units"].values():
        total = unit["busy_percent"] + sum(unit["stalls_percent"].values())
        assert total == pytest.approx(100)


def test_functional_compares_in_one_run():
    (row,) = json.loads(run("functional", *TINY["functional"], "--json"))["functional"]
    for kind in ("wall", "cpu"):
        ratio = row[f"ratio_{kind}"]["least"]
        times = [row[engine][f"{kind}_s"]["least"] for engine in ("functional", "onnxruntime")]
        assert ratio == pytest.approx(times[0] / times[1])
