# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments of the wrong type are this package's errors, and ValueError and TypeError too."""

import inspect
import math

import numpy as np
import pytest
import tilework as tw

WRONG = {
    "a target": lambda exe: tw.Target(7),
    "overrides": lambda exe: tw.Target("edge", ["rows"]),
    "a value": lambda exe: tw.Target("edge", {"dram.channels": [4]}),
    "a key": lambda exe: tw.Target("edge")[3],
    "a model": lambda exe: tw.compile(7),
    "a target of compile": lambda exe: tw.compile("m.onnx", target=3),
    "dims": lambda exe: tw.compile("m.onnx", dims=["n"]),
    "a size": lambda exe: tw.compile("m.onnx", dims={"n": "five"}),
    "half a size": lambda exe: tw.compile("m.onnx", dims={"n": 2.5}),
    "a truth": lambda exe: tw.compile("m.onnx", dims={"n": True}),
    "shapes": lambda exe: tw.compile("m.onnx", shapes={"x": 5}),
    "a path": lambda exe: tw.load(None),
    "a path to save": lambda exe: exe.save(3),
    "a seed": lambda exe: exe.draw_inputs("one"),
    "inputs": lambda exe: exe.simulate([1, 2]),
    "set": lambda exe: exe.simulate(set=["dram.channels=4"]),
    "an engine": lambda exe: exe(engine=3, x=np.zeros((5, 40), np.float32)),
    "an input": lambda exe: exe(x="text"),
    "timing_only": lambda exe: exe.simulate(timing_only="no"),
    "runs": lambda exe: tw.compare(1, 2),
    "a grouping": lambda exe: exe.simulate().layers.by(3),
    "a count": lambda exe: exe.simulate().layers.top("all"),
    "a value of set": lambda exe: exe.simulate(set={"dram.channels": None}),
    "a key of set": lambda exe: exe.simulate(set={3: 4}),
    "a truth of set": lambda exe: exe.simulate(set={"dram.channels": True}),
    "bytes of set": lambda exe: exe.simulate(set={"dram.channels": b"4"}),
    "a set of sizes": lambda exe: tw.compile("m.onnx", shapes={"x": {5, 40}}),
    "no array": lambda exe: exe(x=None),
    "text for numbers": lambda exe: exe(x=[["1"] * 40] * 5),
    "nothing for numbers": lambda exe: exe(x=[[None] * 40] * 5),
    "no engine": lambda exe: exe.simulate(engine=None),
    "no number": lambda exe: exe.simulate().roofline().attainable("all"),
    "a unit": lambda exe: exe.simulate().timeline().in_flight(["load_dma"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_type_is_named(what, executable):
    with pytest.raises(tw.WrongType) as caught:
        WRONG[what](executable)
    assert isinstance(caught.value, (tw.InvalidArgument, TypeError)) and str(caught.value)


@pytest.fixture
def calls(executable, matmul_model, x, tmp_path, monkeypatch):
    """Every public call with arguments that fit, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    executable.save("m.tw")
    (tmp_path / "t.yaml").write_text(tw.Target("nano").to_yaml())
    model = {"model": matmul_model, "target": "nano", "dims": {"n": 2}, "shapes": None}
    run = executable.simulate()
    roof, line, rows, use = run.roofline(), run.timeline(), run.layers, run.scratchpad()
    figures = ("macs", "dram_bytes", "least_bytes", "latency_s", "peak", "bandwidth")
    how = {"inputs": None, "engine": "systemc", "set": None, "timing_only": False, "seed": None}
    return [
        (tw.compile, model),
        (tw.inspect, model),
        (tw.load, {"path": "m.tw"}),
        (tw.compare, {"first": run, "second": run}),
        (tw.show_progress, {"shown": True}),
        (tw.targets, {}),
        (tw.Target, {"specification": "nano", "overrides": {"dram.channels": 2}}),
        (tw.Target.load, {"path": "t.yaml"}),
        (tw.Target("nano").update, {"overrides": {"dram.channels": 2}}),
        (tw.Target("nano").__getitem__, {"key": "dram.channels"}),
        (tw.Target("nano").__setitem__, {"key": "dram.channels", "value": 2}),
        (executable.__call__, {"engine": "functional", "x": x}),
        (executable.draw_inputs, {"seed": 1}),
        (executable.simulate, how),
        (rows.top, {"count": 1}),
        (rows.by, {"what": "op"}),
        (roof.attainable, {"intensity": 1.0}),
        (line.in_flight, {"unit": "load_dma"}),
        (tw.Roofline, {name: 1.0 for name in figures}),
        (tw.Roofline.of, {"report": run.to_dict()}),
        *((one.save, {"path": "out"}) for one in (executable, run, rows, roof, line, use)),
    ]


def test_every_public_call_is_among_them(calls):
    kinds = (tw.Executable, tw.Simulation, tw.Comparison, tw.Target)
    kinds += (tw.Layers, tw.Roofline, tw.Timeline, tw.ScratchpadUse)
    public = {getattr(tw, name) for name in tw.__all__ if inspect.isfunction(getattr(tw, name))}
    for kind in kinds:
        for name, member in vars(kind).items():
            function = getattr(member, "__func__", member)
            if not name.startswith("_") and inspect.isfunction(function):
                if len(inspect.signature(function).parameters) > 1:
                    public.add(function)
    given = {getattr(call, "__func__", call): set(arguments) for call, arguments in calls}
    assert public <= set(given)
    for function in public:
        names = set(inspect.signature(function).parameters) - {"self", "cls"}
        assert names == given[function], function


ANYTHING = [
    *(None, True, 0, 1, -1, 2.5, math.nan, math.inf, -math.inf, 10**400, 1j),
    *("text", "", "a\0b", "\ud800", b"bytes", bytearray(b"bytes"), object(), len),
    *([], [None], [[1], [1, 2]], (1,), {}, {"k": None}, {1: 2}, {"x": [None]}, {"x": 1}, {1}),
    *({"work": 5}, {"work": {"macs": 3, "dram_bytes": 1}, "dram_bytes": 3}),
    *(np.zeros(3), np.array(None), np.array(1), np.bool_(True), np.float32("nan"), np.int64(-1)),
    *({"dram.channels": value} for value in (None, [4], math.nan, b"4", "", "\ud800", 1j)),
]


def test_what_is_not_taken_is_an_error_of_this_package(calls):
    others = []
    for call, arguments in calls:
        call(**arguments)
        for name in arguments:
            for value in ANYTHING:
                try:
                    call(**{**arguments, name: value})
                except tw.TileworkError as error:
                    str(error).encode()  # can be shown
                except Exception as error:
                    others.append(f"{call.__qualname__}({name}={value!r}): {error!r}")
    tw.show_progress(True)
    assert not others, "\n".join(others)


def test_a_roof_is_asked_for_numbers_from_0_on(executable):
    roof = executable.simulate().roofline()
    assert roof.attainable() == roof.attainable(roof.intensity) and roof.attainable(0) == 0
    for value in (math.nan, math.inf, -math.inf, -1, 10**400):
        with pytest.raises(tw.InvalidArgument, match="intensity is .*, and must be a finite"):
            roof.attainable(value)


def test_numbers_of_numpy_are_numbers(matmul_model, executable):
    assert tw.compile(matmul_model, dims={"n": np.int64(3)}).inputs["x"][1][0] == 3
    wide = executable.simulate(set={"dram.channels": np.int64(4)})
    assert wide.to_dict()["set"] == {"dram.channels": 4}


def test_negative_and_huge_numbers_are_refused_by_value(executable):
    for seed in (-1, 2**63):
        with pytest.raises(tw.InvalidArgument, match="seed"):
            executable.draw_inputs(seed)


def test_a_seed_beside_inputs_is_refused(executable, x):
    with pytest.raises(tw.InvalidArgument, match="seed draws inputs, and they are given"):
        executable.simulate({"x": x}, seed=3)
    assert executable.simulate().to_dict()["inputs_seed"] == 1
    assert executable.simulate(seed=3).to_dict()["inputs_seed"] == 3
