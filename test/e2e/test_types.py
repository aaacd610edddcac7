# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of every element type, drawn, given as arrays and given as files."""

import json
import subprocess

import ml_dtypes
import numpy as np
import pytest
import tilework as tw
from on_chip import TILEWORK, normal, to_bf16
from onnx import TensorProto, helper

FLOATS = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
    TensorProto.BFLOAT16: ml_dtypes.bfloat16,
}
INTEGERS = {
    TensorProto.INT8: np.int8,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT16: np.int16,
    TensorProto.INT32: np.int32,
    TensorProto.INT64: np.int64,
    TensorProto.BOOL: np.bool_,
}


def model(element):
    """x · w of floats; of integers their values as floats."""
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("Relu", ["f"], ["y"]))
    if element == TensorProto.BFLOAT16:
        nodes = [helper.make_node("Relu", ["x"], ["r"])]
        nodes.append(helper.make_node("Cast", ["r"], ["y"], to=TensorProto.FLOAT))
    graph = helper.make_graph(
        nodes,
        "case",
        [helper.make_tensor_value_info("x", element, (4, 24))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (4, 24))],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    made.ir_version = 10
    return made


def values(kind):
    if kind in FLOATS.values():
        return to_bf16(normal(4, 24)).astype(kind)
    return np.random.default_rng(0).integers(0, 2, (4, 24)).astype(kind)


@pytest.mark.parametrize("element", {**FLOATS, **INTEGERS}, ids=TensorProto.DataType.Name)
def test_a_type_is_taken_by_every_surface(element, tmp_path):
    kind = {**FLOATS, **INTEGERS}[element]
    x = values(kind)
    wanted = np.maximum(x.astype(np.float32), 0)
    exe = tw.compile(model(element))
    np.testing.assert_array_equal(exe(x=x)["y"], wanted)
    drawn = exe.draw_inputs(seed=1)
    np.testing.assert_array_equal(
        exe(**drawn)["y"], np.maximum(to_bf16(drawn["x"].astype(np.float32)), 0)
    )
    assert exe.simulate(seed=1).cycles > 0
    program, given, taken = tmp_path / "m.tw", tmp_path / "x.npy", tmp_path / "y.npy"
    exe.save(program)
    np.save(given, x)
    done = subprocess.run(
        [TILEWORK, "run", program, "--input", f"x=@{given}", "--output", f"y=@{taken}", "--json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"]["y"]["shape"] == [4, 24]
    np.testing.assert_array_equal(np.load(taken), wanted)


@pytest.mark.parametrize("kind", (np.float32, np.float16, np.float64))
def test_a_bfloat16_input_takes_the_floats_that_numpy_has(kind):
    x = np.random.default_rng(3).normal(0, 1, (4, 24)).astype(kind)
    got = tw.compile(model(TensorProto.BFLOAT16))(x=x)["y"]
    np.testing.assert_array_equal(got, np.maximum(to_bf16(x.astype(np.float32)), 0))


def test_integers_are_not_rounded_into_a_bfloat16_input():
    with pytest.raises(tw.InvalidArgument, match=r"is given as int64\[4, 24\]"):
        tw.compile(model(TensorProto.BFLOAT16))(x=np.zeros((4, 24), np.int64))
