# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Notebooks run from top to bottom, and are stored with what they show.

`jupyter execute --inplace FILE` stores anew.
"""

import contextlib
import io
import pathlib
import re

import nbclient
import nbformat
import pytest
import tilework as tw
from tilework import demo

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "tools" / "notebooks").glob("*.ipynb"))


def pictures(notebook):
    """For each cell of code the kinds of its outputs; a line of progress leaves an empty one."""
    shown = (
        [output.data for output in cell.outputs if output.get("data", {}).get("text/plain")]
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    return [sorted(kind for data in outputs for kind in data) for outputs in shown]


def printed(notebook):
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_stored(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    executed = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        executed, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert pictures(executed) == pictures(stored), "store it anew: jupyter execute --inplace"
    assert any("text/html" in kinds for kinds in pictures(stored))
    if path.stem == "first_steps":
        ask_the_demo(executed)


def ask_the_demo(notebook):
    """The demo answers the same questions: its figures stand in the notebook too."""
    model = demo.sentence_encoder()
    dims = {"batch": 1, "sequence": demo.TOKENS}
    run = tw.compile(model, target="edge", dims=dims).simulate(demo.encode(demo.TOKENS)[0])
    plain = [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert repr(run) in plain
    lines = io.StringIO()
    with contextlib.redirect_stdout(lines):
        demo.what_if(model, run.latency_s)
    answers = re.findall(r"^  (.*?) +([0-9.]+) ms", lines.getvalue(), re.MULTILINE)
    assert len(answers) == 4
    for name, milliseconds in answers:
        assert re.search(
            rf"^{re.escape(name)} +{re.escape(milliseconds)} ms", printed(notebook), re.MULTILINE
        ), name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_needs_no_script_and_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"
    for word in ("<script", "application/vnd.jupyter.widget", str(ROOT), str(pathlib.Path.home())):
        assert word not in text, f"{path.name} holds {word}"
    assert len(text) < 1_000_000


def test_there_is_a_first_notebook():
    assert ROOT / "tools" / "notebooks" / "first_steps.ipynb" in NOTEBOOKS
