# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Type checkers know every public value of the package."""

import json
import os
import pathlib
import subprocess
import sys

import tilework

PACKAGE = pathlib.Path(tilework.__file__).parent
USER = """
import tilework as tw

exe = tw.compile("m.onnx", target="edge", dims={"n": 1})
outputs = exe(**exe.draw_inputs(seed=1))
run = exe.simulate(outputs, engine="both", set={"dram.channels": 4})
reveal_type(run.cycles)
reveal_type(run.bound)
reveal_type(run.layers[0]["bound_cycles"])
reveal_type(run.roofline().efficiency)
reveal_type(tw.compare(run, run).speedup)
reveal_type(tw.compare(run, run).chips["dram.channels"].first)
reveal_type(run.timeline().units["load_dma"]["end"].size)
run.layers.by("moon")
"""
KNOWN = ("int", "Bound", "float | None", "float", "float", "int | str", "int")


def mypy(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cwd / "cache"), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    ).stdout


def test_the_package_is_strict(tmp_path):
    assert "Success" in mypy("-p", "tilework", cwd=tmp_path), mypy("-p", "tilework", cwd=tmp_path)


def test_a_user_s_values_have_types(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    lines = mypy("user.py", cwd=tmp_path).splitlines()
    revealed = [line.split("Revealed type is ")[1] for line in lines if "Revealed" in line]
    assert len(revealed) == len(KNOWN)
    for found, known in zip(revealed, KNOWN):
        assert known in found and "Any" not in found
    assert any("moon" in line for line in lines if "error" in line)


def test_every_public_name_has_a_known_type(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--ignoreexternal"]
        + ["--pythonpath", sys.executable, "--verifytypes", "tilework"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    ).stdout
    completeness = json.loads(answer)["typeCompleteness"]
    unknown = [s["name"] for s in completeness["symbols"] if not s["isTypeKnown"]]
    assert completeness["completenessScore"] == 1, unknown


def test_public_functions_say_what_they_do():
    missing = []
    for name in tilework.__all__:
        thing = getattr(tilework, name)
        parts = vars(thing) if isinstance(thing, type) else {}
        for part, value in [("", thing), *parts.items()]:
            public = not part.startswith("_") or part == "__call__"
            documented = getattr(value, "__doc__", None)
            callable_ = callable(value) or isinstance(value, property)
            if public and callable_ and not documented:
                missing.append(f"{name}.{part}")
    assert not missing
