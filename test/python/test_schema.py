# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every report is as runtime/report/reports.schema.json says, and the schema says no more."""

import copy
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest
import tilework as tw

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "runtime/report/reports.schema.json").read_text(encoding="utf-8"))
TILEWORK = pathlib.Path(tw.__file__).parents[2] / "bin/tilework"
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def kinds(part):
    """Of the objects that a part of the schema describes, whatever their forms are."""
    forms = part.get("oneOf", part.get("anyOf", ()))
    if "$ref" in part:
        return kinds(SCHEMA["$defs"][part["$ref"].rpartition("/")[2]])
    if forms:
        return {kind for form in forms for kind in kinds(form)}
    return {part["properties"]["kind"]["const"]}


KINDS = kinds(SCHEMA)
OF_PYTHON_ALONE = {"layers", "roofline", "timeline", "scratchpad"}
MODEL = ["tiny.onnx", "--dim", "rows=16", "--target", "nano"]
COMMANDS = [
    ["compile", *MODEL, "-o", "tiny.tw"],
    ["simulate", "tiny.tw"],
    ["simulate", "tiny.tw", "--timing-only", "--set", "dram.channels=4"],
    ["simulate", "tiny.tw", "--engine", "both"],
    ["run", "tiny.tw", "--input", "x=@x.npy", "--expect", "y=@y.npy"],
    ["inspect", *MODEL, "--support"],
    ["inspect", "tiny.onnx"],
    ["inspect", "unsupported.onnx", "--dim", "rows=16"],
    ["inspect", "tiny.tw", "--memory"],
    ["compare", "tiny.tw", "tiny.onnx"],
    ["operators"],
    ["disassemble", "tiny.tw"],
    ["disassemble", "tiny.tw", "-o", "tiny.s"],
    ["assemble", "tiny.s", "-o", "again.tw"],
    ["targets"],
    ["targets", "edge,dram.channels=4"],
    ["targets", "--validate", "mine.yaml"],
    ["cosim", "--count", "1", "--engines", "functional,systemc"],
    ["cosim", "--replay", "replayed.s", "--engines", "functional,systemc"],
    ["doctor"],
    ["compile", "missing.onnx", "-o", "a.tw"],
    ["compile", "unsupported.onnx", "--dim", "rows=16", "-o", "a.tw"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schema")
    script = ROOT / "test/tools/Inputs/make_models.py"
    subprocess.run([sys.executable, script, folder], check=True)
    (folder / "mine.yaml").write_text(tw.Target("nano").to_yaml())
    keep = ["cosim", "--count", "1", "--engines", "functional,systemc", "--keep"]
    subprocess.run([TILEWORK, *keep], cwd=folder, check=True)
    next(folder.glob("cosim-*.s")).rename(folder / "replayed.s")
    return folder


def output(folder, words, **how):
    return subprocess.run(
        [TILEWORK, *words], cwd=folder, capture_output=True, text=True, **how
    ).stdout


def report(folder, words, **how):
    return json.loads(output(folder, [*words, "--json"], **how))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_command_keeps_to_it(folder):
    seen = {}
    for words in COMMANDS:
        seen[" ".join(words)] = found = report(folder, words)
        VALIDATOR.validate(found)
    runs = [found for found in seen.values() if found["kind"] == "simulate"]
    for name, run in zip("ab", runs):
        (folder / f"{name}.json").write_text(json.dumps(run))
    VALIDATOR.validate(report(folder, ["compare", "a.json", "b.json"]))
    VALIDATOR.validate(report(folder, ["doctor"], env={"PATH": ""}))
    listed = output(folder, ["--help"]).partition("Subcommands:")[2]
    names = re.findall(r"^  (\w+) {2,}", listed, re.MULTILINE)
    assert {words[0] for words in COMMANDS} == set(names), "a command has no case here"
    assert {found["kind"] for found in seen.values()} == KINDS - OF_PYTHON_ALONE


def test_python_keeps_to_it(executable, matmul_model):
    run = executable.simulate(engine="both")
    seen = set()
    for thing in (
        run,
        run.layers,
        run.layers.by("block"),
        run.roofline(),
        run.timeline(),
        run.scratchpad(),
        tw.compare(run, executable.simulate(set={"dram.channels": 4})),
        executable.inspect(),
        tw.inspect(matmul_model),
        tw.inspect(matmul_model, dims={"n": 3}),
    ):
        found = json.loads(json.dumps(thing.to_dict()))
        VALIDATOR.validate(found)
        seen.add(found["kind"])
    assert seen >= OF_PYTHON_ALONE


def test_what_is_missing_or_unheard_of_is_found(executable):
    good = json.loads(json.dumps(executable.simulate().to_dict()))
    VALIDATOR.validate(good)
    for key in SCHEMA["$defs"]["simulate"]["required"]:
        broken = copy.deepcopy(good)
        del broken[key]
        assert not VALIDATOR.is_valid(broken), key
    for place in ((), ("bound",), ("target",), ("layers", 0), ("units", "vector_unit")):
        broken = copy.deepcopy(good)
        part = broken
        for step in place:
            part = part[step]
        part["unheard_of"] = 1
        assert not VALIDATOR.is_valid(broken), place


def test_types_of_the_package_name_the_same_fields():
    from tilework import reports

    for name, kind in (
        ("bound", reports.Bound),
        ("layer", reports.LayerRow),
        ("unit", reports.Unit),
        ("target", reports.TargetReport),
        ("simulate", reports.SimulationReport),
    ):
        assert set(SCHEMA["$defs"][name]["properties"]) == set(kind.__annotations__) | {
            key for base in kind.__mro__ for key in getattr(base, "__annotations__", {})
        }
