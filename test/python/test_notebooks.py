# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Notebooks run from top to bottom, and are stored with what they show.

`jupyter execute --inplace FILE` stores anew.
"""

import pathlib

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "tools" / "notebooks").glob("*.ipynb"))


def pictures(notebook):
    """For each cell of code the kinds of its outputs."""
    return [
        sorted(kind for output in cell.outputs for kind in output.get("data", {}))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_needs_no_script_and_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"
    for word in ("<script", "application/vnd.jupyter.widget", str(ROOT), str(pathlib.Path.home())):
        assert word not in text, f"{path.name} holds {word}"
    assert len(text) < 1_000_000


def test_there_is_a_first_notebook():
    assert ROOT / "tools" / "notebooks" / "first_steps.ipynb" in NOTEBOOKS
