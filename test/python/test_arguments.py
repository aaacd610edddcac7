# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments of the wrong type are this package's errors, and ValueError and TypeError too."""

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
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_type_is_named(what, executable):
    with pytest.raises(tw.WrongType) as caught:
        WRONG[what](executable)
    assert isinstance(caught.value, (tw.InvalidArgument, TypeError)) and str(caught.value)


def test_numbers_of_numpy_are_numbers(matmul_model):
    assert tw.compile(matmul_model, dims={"n": np.int64(3)}).inputs["x"][1][0] == 3


def test_negative_and_huge_numbers_are_refused_by_value(executable):
    for seed in (-1, 2**63):
        with pytest.raises(tw.InvalidArgument, match="seed"):
            executable.draw_inputs(seed)


def test_a_seed_beside_inputs_is_refused(executable, x):
    with pytest.raises(tw.InvalidArgument, match="seed draws inputs, and they are given"):
        executable.simulate({"x": x}, seed=3)
    assert executable.simulate().to_dict()["inputs_seed"] == 1
    assert executable.simulate(seed=3).to_dict()["inputs_seed"] == 3
